"""Recorded webhooks in scenarios: what a step names, and the function that takes it through its connector.

The function is handed in by whoever may read files and knows connectors; here are the shapes it speaks in. What it
finds is placed as incoming deliveries are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rules.engine.placing import Placed, place_all
from rules.facts.event import SourceEvent
from rules.facts.project import Workspace


class PayloadError(ValueError):
    """A recorded webhook that cannot be taken in; the message names the file, what is wrong and the mend."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What a step names. `file` and `answers` are paths beside `scenario`, the scenario file.

    answers: what the outside system says when a thin webhook is read back, none where nothing is.
    """

    connection: str
    file: str
    answers: str | None
    scenario: str
    received_at: datetime


Normalise = Callable[[Payload], Iterable[SourceEvent]]
"""Takes a payload through its connector, follow-up reads included. Raises PayloadError."""


@dataclass
class Arrivals:
    """What arrived so far: the lines of documents, so that one which a document no longer has counts no more."""

    workspace: Workspace
    _lines: dict[tuple[str, str], dict[str, str | None]] = field(default_factory=dict)

    def take(self, payload: Payload, found: Iterable[SourceEvent]) -> list[Placed]:
        """The events of a payload, each with its project."""
        placed = place_all(
            self.workspace,
            payload.connection,
            found,
            payload.received_at,
            lambda document: self._known(payload.connection, document),
        )
        for one in placed:
            self._remember(payload.connection, one)
        return placed

    def _known(self, connection: str, document: str) -> Mapping[str, str | None]:
        return self._lines.get((connection, document), {})

    def _remember(self, connection: str, placed: Placed) -> None:
        event = placed.event
        documents = {record["document"] for record in event.objects.values() if record.get("document")}
        for document in documents:
            self._lines.setdefault((connection, document), {})[str(event.key)] = event.project
