"""Drawing on the reserve of a budget: asked for, agreed to by a second person or whoever the rules ask, and drawn once.

A draw does not change what is planned or spent: it says what the reserve was for, and how much of it is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rules.engine.effects import two_people
from rules.engine.effects.shapes import Act, Applied, EffectError, shown
from rules.engine.effects.tasks import open_task
from rules.facts.event import Event, Record, digest
from rules.facts.money import Money
from rules.facts.project import Project

# What an answer about a draw makes of it.
ANSWERS: Final[Mapping[str, str]] = {
    "approved": "drawn",
    "rejected": "rejected",
    "changes_requested": "rejected",
}


def stepped(act: Act) -> Applied:
    """`reserve.*`: a request goes on record; one that was agreed to outside is drawn at once."""
    project, given = act.project, act.event.objects.get("reserve")
    if project is None or given is None:
        return Applied(act.event)
    id = str(given.get("id") or act.event.key or act.event.id)
    known = act.draft.get("reserve", id)
    if act.event.cause is not None or (known is not None and known["status"] != "asked"):
        return Applied(act.seen(reserve=known))
    amount = _amount(given.get("amount"), project) if known is None else known["amount"]
    if amount is None:
        return Applied(act.event)
    record = act.draft.put("reserve", known or _asked(act, project, id, given, amount))
    verb = act.event.type.partition(".")[2]
    if verb == "asked":
        asked = _second(act, project, record)
        return Applied(act.seen(reserve=record), (*asked, *_short(act, project, record)))
    record, caused = _settled(act, project, record, verb)
    return Applied(act.seen(reserve=record), caused)


def _second(act: Act, project: Project, record: Record) -> tuple[Event, ...]:
    """A second person is asked to agree; a rule that asks somebody else, such as the client, takes its place."""
    if act.event.history or act.draft.get("baseline", project.id) is None:
        return ()
    return two_people.ask(act, project, "reserve", record, {"draw": record["id"]}, record["amount"])


def decided(act: Act, project: Project, id: str, verb: str) -> tuple[Event, ...]:
    """An answer to a request: the draw, or its refusal."""
    known = act.draft.get("reserve", id)
    if known is None or known["status"] != "asked":
        return ()
    record, caused = _settled(act, project, known, ANSWERS[verb])
    if record["status"] == "asked":
        return caused
    return (act.cause(f"reserve.{record['status']}", id, shown(known), reserve=record), *caused)


def for_risk(act: Act, project: Project, risk: Record) -> Record:
    """A request of what a risk costs, on record. Raises EffectError where it has no amount or too little is left."""
    amount = _amount(risk.get("amount"), project)
    if amount is None:
        raise EffectError(
            f"the risk {risk['title']!r} has no amount: write what it costs, then ask for the reserve"
        )
    baseline = act.draft.get("baseline", project.id)
    rest = left(baseline) if baseline else Money.zero(project.currency)
    if amount > rest:
        raise EffectError(f"the reserve has {rest} left, and {risk['title']!r} costs {amount}")
    about = {"reason": risk["title"], "risk": risk["id"], "by": risk["owner"]}
    record = _asked(act, project, "rsv_" + digest(risk["id"], act.event.id), about, amount)
    return act.draft.put("reserve", record)


def left(baseline: Mapping[str, Any]) -> Money:
    """What the reserve still holds."""
    nothing = Money.zero(baseline["currency"])
    return (baseline.get("reserve") or nothing) - (baseline.get("drawn") or nothing)


def _asked(act: Act, project: Project, id: str, given: Mapping[str, Any], amount: Money) -> Record:
    about = {name: given.get(name) for name in ("reason", "risk", "by", "declared")}
    title = given.get("title") or given.get("reason") or id
    by = about["by"] or act.event.person
    return act.new(project, id, **{**about, "by": by}, title=title, amount=amount, status="asked")


def _settled(act: Act, project: Project, record: Record, verb: str) -> tuple[Record, tuple[Event, ...]]:
    """The request as it ends; a draw of more than is left stays asked for, and the lead is told."""
    if verb == "rejected":
        return act.draft.put("reserve", {**record, "status": "rejected"}), ()
    baseline = act.draft.get("baseline", project.id)
    if baseline is None or record["amount"] > left(baseline):
        return record, _short(act, project, record)
    drawn = (baseline.get("drawn") or Money.zero(baseline["currency"])) + record["amount"]
    act.draft.put("baseline", {**baseline, "drawn": drawn})
    return act.draft.put("reserve", {**record, "status": "drawn", "drawn_at": act.state.now}), ()


def _short(act: Act, project: Project, record: Record) -> tuple[Event, ...]:
    baseline = act.draft.get("baseline", project.id)
    rest = left(baseline) if baseline else Money.zero(project.currency)
    if record["amount"] <= rest:
        return ()
    values = {"amount": record["amount"], "name": project.name, "left": rest}
    return open_task(act, project, "reserve_short", record["id"], **values)


def _amount(given: Any, project: Project) -> Money | None:
    """The amount asked for, where it is one of this project's currency and more than nothing."""
    usable = isinstance(given, Money) and given.currency == project.currency and given.amount > 0
    return given if usable else None
