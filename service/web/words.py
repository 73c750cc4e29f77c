"""Values and events in the reader's words: what a record, an event or an action is, as one sentence.

In: rows and records as they are kept, and the `Reader`. Out: plain text; templates escape it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import NoneType
from typing import Any, Final

from rules.facts.catalogue import EVENTS
from rules.facts.duration import Duration
from rules.facts.event import Event, Record
from rules.facts.money import Money
from rules.facts.project import Workspace
from rules.language.model import Rule
from service.codes import CODE_RULE
from service.troubles import OWN_RULE
from service.web.pages import Reader

LONGEST: Final = 160
_RATIOS: Final = ("used", "level", "value", "reopened_rate", "rework_rate")


def value(seen: Reader, given: Any, name: str = "") -> str:
    """A value as it is read: money with its currency, a ratio as a percentage, a date written out."""
    if isinstance(given, Decimal) and name.rpartition(".")[2] in _RATIOS:
        return seen.fmt.percent(given)
    if isinstance(given, list | tuple):
        return ", ".join(value(seen, one, name) for one in given) or seen.t("words.none")
    # A moment is a date too, and yes or no is a number too: the narrower kind stands first.
    worded: dict[type, Callable[[Any], str]] = {
        NoneType: lambda _: seen.t("words.none"),
        bool: lambda known: seen.t("words.yes" if known else "words.no"),
        Money: seen.fmt.amount,
        datetime: seen.fmt.exact,
        date: seen.fmt.day,
        Decimal: seen.fmt.number,
        int: seen.fmt.number,
        Duration: lambda known: duration(seen, known),
        dict: lambda known: shorten(str(known.get("title") or known.get("name") or known.get("id") or "")),
    }
    kind = next((k for k in worded if isinstance(given, k)), None)
    return worded[kind](given) if kind else shorten(str(given))


def duration(seen: Reader, given: Duration) -> str:
    """3.5 hours, 2 working days."""
    if given.unit in ("m", "h"):
        hours = seen.fmt.number(Decimal(given.seconds) / 3600, places=2).rstrip("0").rstrip(".")
        return seen.t("words.hours", hours=hours)
    if given.unit == "wd":
        return seen.t("words.working_days", count=given.amount)
    return seen.t("words.days", count=given.amount * (7 if given.unit == "w" else 1))


def shorten(text: str) -> str:
    """A text on one line, of a length that a row can take."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def person(workspace: Workspace, id: Any) -> str:
    """A person's name, or the id or account of somebody unknown."""
    known = workspace.people.get(str(id)) if id is not None else None
    return known.name if known else str(id or "")


def happened(seen: Reader, workspace: Workspace, event: Event) -> str:
    """An event as a sentence."""
    noun, _, verb = event.type.partition(".")
    given = _Names(seen, workspace, event, noun, verb)
    key = f"happened.{event.type}"
    if event.type == "issue.changed" and "status" in event.before and given.object.get("status"):
        key = "happened.issue.became"
    if noun == "milestone" and event.connection and "id" not in given.object:
        key = "happened.milestone.tracked"
    names = {
        "where": event.connection,
        "what": given.what(),
        "who": given.who(),
        "figure": given.figure(),
        "state": given.state(),
    }
    if not seen.wording.has(key):
        return seen.t("happened.other", type=event.type, what=names["what"])
    return seen.t(key, **names)


def apart(seen: Reader, finding: Mapping[str, Any]) -> str:
    """What differs from the record or from what was agreed, both values in one sentence; nothing for other findings."""
    if finding["kind"] == "talk_missed":
        return seen.t("findings.talk_missed", what=finding["what"], day=seen.fmt.day(finding["record"]))
    if finding["kind"] == "file_differs":
        said = {k: _plain(seen, finding[k]) for k in ("file", "record")}
        return seen.t("findings.file_differs", what=finding["what"], **said)
    if finding["kind"] != "tracker_differs":
        return ""
    theirs, ours = finding["tracker"], finding["record"]
    if isinstance(theirs, date) and isinstance(ours, date):
        days = {"theirs": seen.fmt.day(theirs), "ours": seen.fmt.day(ours)}
        return seen.t("dates.apart.due", where=finding["connection"], **days)
    return seen.t(f"dates.apart.{theirs}", where=finding["connection"])


def finding(seen: Reader, found: Mapping[str, Any]) -> str:
    """A finding as a sentence."""
    key = f"conduct.found.{found['kind']}"
    title = seen.t(key) if seen.wording.has(key) else str(found["kind"])
    more = apart(seen, found) or found.get("paper") or ""
    return f"{title}{seen.t('words.colon')}{more}" if more else title


def _plain(seen: Reader, value: Any) -> str:
    if isinstance(value, Money):
        return seen.fmt.amount(value)
    return seen.fmt.day(value) if isinstance(value, date) else "-" if value is None else str(value)


def said(
    seen: Reader, workspace: Workspace, row: Mapping[str, Any], rule: Rule | None, keys: Mapping[str, Any]
) -> str:
    """An action as a sentence: its subject where it has one, else to whom, by which rule."""
    if row["subject"]:
        return shorten(row["subject"])
    kind = row["kind"]
    to = (
        person(workspace, row["recipient"]) if row["recipient"] else row["address"] or row["connection"] or ""
    )
    what = (
        keys.get("status")
        or keys.get("label")
        or keys.get("field")
        or row["body"]
        or title(seen, rule, row["rule"])
    )
    said = f"said.{kind}" if seen.wording.has(f"said.{kind}") else "said.record"
    return shorten(seen.t(said, to=to, what=shorten(str(what))))


def title(seen: Reader, rule: Rule | None, id: str) -> str:
    """A rule's title in the reader's language, or its id."""
    if id == OWN_RULE:
        return seen.t("messages.bad_news")
    if id == CODE_RULE:
        return seen.t("messages.decision_code")
    if rule is None:
        return id
    return rule.title.get(seen.locale) or next(iter(rule.title.values()), id)


def about(seen: Reader, approval: Record, subject: Record | None) -> str:
    """What a decision is about: the change, the milestone, the budget."""
    word = (
        seen.t(f"approvals.about.{approval['about']}")
        if approval.get("about")
        else seen.t("approvals.decision")
    )
    known = named(subject or {})
    return f"{word} {known}" if known else word


def question(seen: Reader, approval: Record, subject: Record | None) -> str:
    """The same at the beginning of a line."""
    said = about(seen, approval, subject)
    return said[:1].upper() + said[1:]


def named(record: Mapping[str, Any]) -> str:
    """The name of a record: number and title, key and title, or what it has of them."""
    mark = record.get("number") or record.get("key")
    said = record.get("title") or record.get("name")
    if mark and said and str(mark) != str(said):
        return shorten(f"{mark}: {said}")
    return shorten(str(mark or said or ""))


# Where the figure of an object stands, for those that have it in a field of their own.
_FIGURES = {"period": "closed_until", "kpi": "value", "calendar": "year", "supplier": "promised"}


class _Names:
    """What the sentence of an event may name, each found in the event's own objects."""

    def __init__(self, seen: Reader, workspace: Workspace, event: Event, noun: str, verb: str) -> None:
        self.seen, self.workspace, self.event = seen, workspace, event
        self.noun, self.verb = noun, verb
        kind = EVENTS.get(event.type)
        self.object: Record = event.objects.get(kind.object if kind else noun) or {}

    def what(self) -> str:
        issue = self.event.objects.get("issue") or {}
        found = named(self.object)
        if self.noun in ("comment", "time"):
            found = (
                named(issue)
                or str(self.object.get("issue") or self.object.get("on") or "").rpartition("/")[2]
            )
        elif self.noun in ("ledger", "expense") and not found:
            found = named(issue) or self._kind()
        elif self.noun == "approval":
            subject = self.event.objects.get(str(self.object.get("about")))
            found = about(self.seen, self.object, subject)
        elif self.noun == "project":
            known = self.workspace.projects.get(self.event.project or "")
            found = known.name if known else found
        elif self.noun == "slot":
            # The end of a wait is about the key of the wait, which stands behind its rule and project.
            about_what = str(self.object.get("object", "")).rpartition("|")[2]
            found = f"{self.object.get('rule', '')} {about_what}".strip()
        elif self.noun in ("milestone", "action_item"):
            found = str(self.object.get("title") or found)
        elif self.noun in ("retainer", "audit"):
            found = str(self.object.get("period") or found)
        elif self.noun == "kpi":
            known_as = f"kpi.names.{self.object.get('name')}"
            found = self.seen.t(known_as) if self.seen.wording.has(known_as) else found
        elif self.noun == "delay":
            found = str(
                (self.event.objects.get("milestone") or {}).get("title") or self.object.get("milestone")
            )
        return found or str(self.object.get("id") or self.event.key or self.seen.t("happened.something"))

    def who(self) -> str:
        keys = {
            "comment": "author",
            "task": "owner",
            "action_item": "owner",
            "message": "to",
            "time": "person",
        }
        given = self.object.get(keys.get(self.noun, "")) or self.event.person
        return person(self.workspace, given) or self.seen.t("happened.someone")

    def figure(self) -> str:
        seen, thing = self.seen, self.object
        if self.noun == "milestone":
            return value(seen, thing.get("due"))
        if self.noun == "time" and thing.get("duration") is not None:
            return value(seen, thing["duration"])
        if self.noun in _FIGURES:
            found = thing.get(_FIGURES[self.noun])
            return str(found) if self.noun == "calendar" else value(seen, found)
        if self.noun == "delay":
            return seen.t("words.working_days", count=thing.get("days") or 0)
        if self.noun == "level":
            return value(seen, thing.get("level"), "level")
        if self.noun == "change" and isinstance(thing.get("amount"), Money):
            return seen.fmt.signed_money(thing["amount"].amount, thing["amount"].currency)
        amount = thing.get("base_amount") or thing.get("amount") or thing.get("total")
        return value(seen, amount) if amount is not None else seen.t("words.unknown")

    def state(self) -> str:
        outcome = (self.event.objects.get("decision") or {}).get("outcome")
        if outcome and self.seen.wording.has(f"happened.answer.{outcome}"):
            return self.seen.t(f"happened.answer.{outcome}")
        return str(self.object.get("status") or "")

    def _kind(self) -> str:
        kind = self.object.get("kind")
        known = f"ledger.kinds.{kind}"
        return self.seen.t(known) if self.seen.wording.has(known) else str(kind or "")
