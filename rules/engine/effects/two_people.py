"""What takes two people of the team: who asks for it in, a question to those who may agree out.

The question is an approval that only somebody who signed in can decide, and never who asked. Those who may agree are
the project's lead and deputy, who leads elsewhere, and finance. Nothing is done before one of them agrees.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from rules.engine.effects.pending import end_open
from rules.engine.effects.questions import Question, next_version, put
from rules.engine.effects.shapes import Act, today
from rules.facts.approval import OPEN
from rules.facts.duration import Duration
from rules.facts.event import Event, Record
from rules.facts.money import Money
from rules.facts.project import Person, Project, Workspace

_TERM: Final = Duration(5, "wd")
_SETTLES: Final = frozenset({"lead", "finance"})


def settlers(workspace: Workspace, project: Project, day: Any) -> list[Person]:
    """Who may settle the books of a project on a day: lead and deputy first, then finance and whoever else leads."""
    team = [p for p in workspace.people.values() if p.party == "team"]
    named = [p for role in ("lead", "deputy", "finance") for p in workspace.holders(role, project, day)]
    leading = [p for p in team if _SETTLES & set(p.roles) and workspace.cover(p.id, day) is p]
    present = [p for p in (*named, *leading) if p.until is None or p.until >= day]
    return list({p.id: p for p in present if p.party == "team"}.values())


def seconds(
    workspace: Workspace, project: Project, day: Any, asker: str, amount: Money | None = None
) -> list[Person]:
    """Who may agree to what this person asks for: never that person, and nobody whose limit is under the amount."""
    return [
        p
        for p in settlers(workspace, project, day)
        if p.id != asker and (amount is None or p.approves_up_to is None or _within(amount, p.approves_up_to))
    ]


def ask(
    act: Act, project: Project, about: str, subject: Record, wish: Any, amount: Money | None = None
) -> tuple[Event, ...]:
    """Ask a second person; nothing where the same is asked already, and nothing where there is no second one.

    subject: id, `by` (the person who asks) and what the text says. wish: what is to be done once somebody agrees.
    """
    asker = str(subject.get("by") or "")
    person = act.state.workspace.people.get(asker)
    asked = seconds(act.state.workspace, project, today(act.state, project), asker, amount)
    if person is None or person.party != "team" or not asked:
        return ()
    if is_asked(act.draft.find("approval", project.id), subject["id"], wish, act.state.now):
        return ()
    said = {**subject, "by_name": person.name}
    question = Question(about, said, asker, amount, "team")
    version = next_version(act, question)
    ended = end_open(act, subject["id"], "superseded")
    approval = put(
        act,
        project,
        question,
        asked,
        version,
        expires=_TERM,
        _able=[p.id for p in asked],
        _signed=True,
        _wish=wish,
    )
    return (*ended, act.cause("approval.sent", approval["id"], approval=approval))


def is_asked(approvals: Iterable[Record], subject: str, wish: Any, now: datetime) -> Record | None:
    """The question about the same that is still open, where there is one."""
    same = (a for a in approvals if a.get("subject") == subject and a.get("_wish") == wish)
    return next((a for a in same if a["status"] in OPEN and a["expires_at"] > now), None)


def _within(amount: Money, limit: Money) -> bool:
    return amount.currency == limit.currency and amount <= limit
