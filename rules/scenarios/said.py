"""What left in a scenario: a planned action and the words it was sent with, as its reader gets them.

In: a planned action and the texts of a rule set. Out: `Said`; a text that cannot be filled in is a `TextError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rules.engine.state import Book
from rules.engine.verdicts import Planned
from rules.facts.project import Workspace
from rules.language.model import Position, Text
from rules.language.reports import document
from rules.language.texts import Rendered, TextError, joined, render
from rules.language.way_in import with_way_in
from rules.language.wording import choose

WITH_TEXT: Final = frozenset({"email", "task", "comment", "chat", "create_issue", "book_note"})
# Stands where a decision page's address would: a scenario has no server.
LINK: Final = "https://accord.example/a/link"
_NOWHERE: Final = Position("(inline text)", 1, 1)


@dataclass(frozen=True, slots=True)
class Said:
    """An action with its words, which are empty where it has none; `mail` is the address of the person it reaches."""

    planned: Planned
    words: Rendered
    mail: str | None = None

    @property
    def everything(self) -> str:
        """All words that its reader sees."""
        return f"{self.words.subject}\n{self.words.body}\n{self.words.short}"

    @property
    def summary(self) -> str:
        """The action in one line: kind, whom it reaches, subject."""
        planned = self.planned
        whom = planned.address or planned.recipient or planned.target or planned.connection or ""
        line = f"{planned.kind} to {whom}" if whom else planned.kind
        shown = self.words.subject or self.words.short
        marks = [*(["for the client, who is not told yet"] if planned.observed else []), *_holds(planned)]
        return line + (f" {shown!r}" if shown else "") + (f" ({', '.join(marks)})" if marks else "")


def worded(
    planned: Planned, texts: Mapping[str, Mapping[str, Text]], workspace: Workspace, book: Book
) -> Said:
    """The action with the words that its reader gets. Raises TextError."""
    reader = workspace.people.get(planned.recipient or "")
    mail = reader.email if reader else None
    if planned.kind == "report":
        return Said(
            planned, _report(planned, book, reader.time_zone if reader else workspace.time_zone), mail
        )
    if planned.kind not in WITH_TEXT:
        return Said(planned, Rendered("", "", ""), mail)
    names = {**planned.names, "link": LINK} if "link" in planned.keys else planned.names
    zone = reader.time_zone if reader else workspace.time_zone
    text = _text(planned, texts)
    if "link" in planned.keys:
        text = with_way_in(text, planned.locale)
    words = render(text, names, planned.locale, zone)
    return Said(planned, joined(words, planned.parts) if planned.parts else words, mail)


def _report(planned: Planned, book: Book, zone: str) -> Rendered:
    made = book.get("report", str(planned.keys["report"]))
    if made is None:
        raise TextError("its report is not on record")
    read = document(made, planned.locale, zone)
    return Rendered(read.subject, "\n".join(read.lines()), read.lead)


def _text(planned: Planned, texts: Mapping[str, Mapping[str, Text]]) -> Text:
    if isinstance(planned.text, Mapping):
        inline: Mapping[str, Any] = planned.text["inline"]
        given: Mapping[str, str] = choose(inline, planned.locale) or next(iter(inline.values()))
        return Text(given.get("subject", ""), given.get("body", ""), given.get("short", ""), _NOWHERE)
    by_locale = texts.get(str(planned.text), {})
    found = choose(by_locale, planned.locale)
    if found is None:
        raise TextError(f"there is no text {planned.text} in {planned.locale}")
    return found


def _holds(planned: Planned) -> list[str]:
    return [f"waits for {planned.waits}"] if planned.waits else []
