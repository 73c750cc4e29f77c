"""A question that somebody is asked to decide: what it is about in, its approval with the exact text out.

Every question has a version of its own; a new one about the same thing ends the one before. Whoever asks is never
among those who decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from rules.engine.effects.pending import approvals_of
from rules.engine.effects.shapes import Act
from rules.facts.approval import Party, approval_id
from rules.facts.calendar import (
    WorkCalendar,
    add_working_days,
    end_of_day,
    local_day,
    shift,
    working_days_between,
)
from rules.facts.change import decision_text
from rules.facts.consent import (
    acceptance_text,
    budget_text,
    expense_text,
    rebase_text,
    reopening_text,
    reserve_text,
    scope_text,
)
from rules.facts.duration import Duration
from rules.facts.event import Record
from rules.facts.evidence import text_hash
from rules.facts.money import Money
from rules.facts.project import Client, Person, Project

DEFAULT_EXPIRY: Final = Duration(10, "wd")
_SHORT: Final = 4
_TEXTS: Final[Mapping[str, Callable[[Record, Project, str], str]]] = {
    "change": decision_text,
    "milestone": acceptance_text,
    "budget": budget_text,
    "expense": expense_text,
    "reserve": reserve_text,
    "scope": scope_text,
    "reopening": reopening_text,
    "rebase": rebase_text,
}


@dataclass(frozen=True)
class Question:
    """What is asked: the kind, the record it is about, who asks, the sum that somebody's limit has to cover, and the
    side that decides.
    """

    about: str
    subject: Record
    asker: str
    amount: Money | None
    party: Party

    @property
    def name(self) -> str:
        """What people call the thing asked about."""
        return str(self.subject.get("number") or self.subject.get("title") or self.subject["id"])


def next_version(act: Act, question: Question) -> int:
    """The version of the next question about the same record."""
    asked_before = max((a["version"] for a in approvals_of(act, question.subject["id"])), default=0)
    least = question.subject["version"] if question.about in ("change", "budget") else 1
    return max(asked_before + 1, int(least))


def put(
    act: Act, project: Project, question: Question, asked: Sequence[Person], version: int, **more: Any
) -> Record:
    """The approval on record. more: need, expires (a duration), at_least (see below) and what else it is to hold."""
    expires, at_least = more.pop("expires", None), more.pop("at_least", None)
    client = act.state.workspace.clients[project.client]
    record = act.new(
        project,
        approval_id(question.subject["id"], version),
        about=question.about,
        subject=question.subject["id"],
        party=question.party,
        version=version,
        status="sent",
        sent_at=act.state.now,
        opened_at=None,
        decided_at=None,
        reminders=0,
        waiting_days=0,
        requested_by=question.asker,
        decisions=[],
        asked=[p.id for p in asked],
        need="any",
        **({question.about: question.subject["id"]} if question.about in ("change", "milestone") else {}),
    )
    until = _until(act, client, expires, at_least)
    return act.draft.put("approval", record | until | _texts(question, project, asked) | more)


def _until(act: Act, client: Client, expires: Any, at_least: date | None) -> Record:
    """The end of the client's day on which the time to decide is over: the first moment that is too late.

    at_least: where silence counts by a term of the contract, the client can answer as long as it runs.
    """
    term = expires if isinstance(expires, Duration) else DEFAULT_EXPIRY
    cals = (act.state.workspace.calendars[client.calendar],)
    day = local_day(shift(act.state.now, term, cals, client.time_zone), client.time_zone)
    day = max(day, at_least) if at_least else day
    half = _halfway(cals, local_day(act.state.now, client.time_zone), day)
    return {"expires_at": end_of_day(day, client.time_zone), "expires_on": day, "halfway_on": half}


def _halfway(cals: tuple[WorkCalendar, ...], asked: date, last: date) -> date | None:
    """The client's working day in the middle of the time given; none where the day before the last is as good."""
    days = working_days_between(cals, asked, last)
    return add_working_days(cals, asked, days // 2) if days >= _SHORT else None


def _texts(question: Question, project: Project, asked: Sequence[Person]) -> Record:
    texts = {}
    for locale in dict.fromkeys(p.locale for p in asked):
        text = _TEXTS[question.about](question.subject, project, locale)
        texts[locale] = {"text": text, "sha256": text_hash(text)}
    return {"texts": texts, "text_sha256": next(iter(texts.values()))["sha256"]}
