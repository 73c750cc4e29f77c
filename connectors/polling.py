"""Polling without losing or inventing anything: where a poll stands between its pages and between its rounds.

In: the cursor of the last poll ("" at first, "since:TIME" for a backfill), and a function that reads one page.
Out: the events of up to `PAGES` pages, and the next cursor. A round looks at changes from a little before the last
round's beginning: what a system shows late is seen, and what is seen twice has the same key and version.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta

from connectors.base import Settings
from rules.facts.event import SourceEvent

PAGES = 10
"""Pages one poll reads at most: bounds its memory and time."""

_OVERLAP = timedelta(minutes=2)
_PAUSE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a round stands: `step` and `page` are the connector's words, both empty at its start.

    since: the round looks at changes from then on.  started: when it began, which is the next round's `since`.
    known: what was seen last of things that have no time of a change, so that a round tells only what is new of them.
    """

    since: str
    started: str
    step: str = ""
    page: str = ""
    known: dict[str, str] = field(default_factory=dict)

    @property
    def after(self) -> datetime:
        """Changes at or after this time are taken."""
        return datetime.fromisoformat(self.since) - _OVERLAP

    def at(self, step: str, page: str = "") -> Place:
        """The same round, further on."""
        return replace(self, step=step, page=page)


Page = Callable[[Place], tuple[list[SourceEvent], Place | None]]
"""Reads the page at a place: its events, and the place behind it; none when the round is over."""


def poll(settings: Settings, cursor: str, now: datetime, page: Page) -> tuple[list[SourceEvent], str]:
    """Read on from a cursor: to the end of the round, or `PAGES` pages far."""
    place = _place(settings, cursor, now)
    fresh = not (place.step or place.page)
    # A round that begins where the last one ended a moment ago would only see the overlap again.
    if fresh and now - datetime.fromisoformat(place.since) < _PAUSE:
        return [], cursor if cursor.startswith("{") else _written(place)
    events: list[SourceEvent] = []
    for _ in range(PAGES):
        found, following = page(place)
        events += found
        if following is None:
            place = Place(place.started, place.started, known=place.known)
            break
        place = following
    return events, _written(place)


def _written(place: Place) -> str:
    """The place as a cursor."""
    return json.dumps({name: value for name, value in asdict(place).items() if name != "known" or value})


def _place(settings: Settings, cursor: str, now: datetime) -> Place:
    if cursor.startswith("{"):
        place = Place(**json.loads(cursor))
        return place if place.step or place.page else replace(place, started=now.isoformat())
    since = cursor.removeprefix("since:") or str(settings.get("since") or now.isoformat())
    start = datetime.fromisoformat(since)
    return Place((start if start.tzinfo else start.replace(tzinfo=UTC)).isoformat(), now.isoformat())
