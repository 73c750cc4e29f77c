"""Setting the baseline to what the file says: asked for by one person with a reason, done when a second one agrees.

Money, dates and terms of a retainer on record otherwise change by an approved change alone. This is for what is no
change of scope: a file that was mistyped, an agreement made before Accord was there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from rules.engine.effects import two_people
from rules.engine.effects.impact import milestone_values
from rules.engine.effects.milestones import find, planned_record, seen
from rules.engine.effects.projects import gaps, plan_of
from rules.engine.effects.retainers import agree
from rules.engine.effects.shapes import Act, Applied, shown, today
from rules.engine.effects.tasks import open_task
from rules.engine.state import Book
from rules.facts.event import Event, Record, digest
from rules.facts.milestone import SETTLED
from rules.facts.project import Project
from rules.facts.retainer import latest, terms_record

_RETAINER: Final = "billing.retainer."


def differences(project: Project, book: Book) -> dict[str, tuple[Any, Any]]:
    """What the file says otherwise than the record, of money and dates: name -> (record, file)."""
    baseline = book.get("baseline", project.id)
    if baseline is None:
        return {}
    found = {
        name: (_on_record(name, project, baseline, book), said)
        for name, said in plan_of(project).items()
        if name != "budget.opening"
    }
    return {name: (kept, said) for name, (kept, said) in found.items() if kept != said} | _terms(
        project, book
    )


def _terms(project: Project, book: Book) -> dict[str, tuple[Any, Any]]:
    """Terms of the retainer that the file has otherwise; a retainer does not end by leaving it out of the file."""
    kept = book.get("retainer", project.id)
    if kept is None or project.retainer is None:
        return {}
    agreed, said = latest(kept), terms_record(project.retainer)
    return {f"billing.retainer.{t}": (agreed[t], said[t]) for t in sorted(agreed) if agreed[t] != said[t]}


def plan_mark(project: Project) -> str:
    """What identifies the plan that two people agree to."""
    return digest(*(f"{k}={v}" for k, v in sorted(plan_of(project).items())), str(project.retainer or ""))


def asked(act: Act) -> Applied:
    """`project.rebasing`: somebody asks for the plan of the file; a second person is asked to agree."""
    project, given = act.project, act.event.objects.get("project", {})
    known = act.draft.get("project", act.event.project or "")
    if project is None or known is None or gaps(project):
        return Applied(act.event)
    differing = differences(project, act.draft)
    if not differing:
        return Applied(act.seen(project=known))
    said = {"by": act.event.person, "reason": given.get("reason"), "declared": given.get("declared")}
    values = [(name, was, now) for name, (was, now) in sorted(differing.items())]
    wish = {"plan": plan_mark(project), "reason": given.get("reason")}
    subject = {"id": plan_of_project(project), "values": values, **said}
    return Applied(act.seen(project=known), two_people.ask(act, project, "rebase", subject, wish))


def agreed(act: Act, project: Project, approval: Record, second: str | None) -> tuple[Event, ...]:
    """A second person agreed to the plan that was shown; where the file says another by now, it is asked for anew."""
    known, wish = act.draft.get("project", project.id), approval["_wish"]
    if known is None or gaps(project):
        return ()
    if plan_mark(project) != wish["plan"]:
        asker = str(approval["requested_by"])
        return open_task(act, project, "plan_moved", approval["id"], asker, name=project.name, id=project.id)
    differing = differences(project, act.draft)
    terms = _new_terms(act, project) if any(name.startswith(_RETAINER) for name in differing) else ()
    act.draft.put("project", {**known, "_plan": plan_of(project)})
    if all(name.startswith(_RETAINER) for name in differing):
        return terms
    plan = _rebased(act, project, str(wish["reason"] or ""), str(approval["requested_by"]), second)
    return (*plan, *terms)


def _new_terms(act: Act, project: Project) -> tuple[Event, ...]:
    """The retainer as the file has it, for the periods to come."""
    if project.retainer is None:
        return ()
    return agree(act, project, project.retainer, today(act.state, project) + timedelta(days=1), None)


def plan_of_project(project: Project) -> str:
    """What a question about the plan of a project is about."""
    return f"{project.id}/plan"


def _rebased(act: Act, project: Project, reason: str, asker: str, second: str | None) -> tuple[Event, ...]:
    """The next baseline and the dates of its milestones, as the file has them; accepted ones stay."""
    moved = [e for plan in project.milestones for e in _dated(act, project, plan.id)]
    known, plan = act.draft.get("baseline", project.id) or {}, project.budget
    told = {
        "version": known["version"] + 1,
        "total": plan.total,
        "previous_total": known["total"],
        "lines": dict(plan.lines),
        "reserve": plan.reserve,
        "values": milestone_values(act, project, known, plan.total - known["total"]),
        "approved_at": act.state.now,
        "change": None,
        "reason": reason,
        "by": asker,
        "agreed_by": second,
    }
    record = act.draft.put("baseline", {**known, **told})
    step = act.cause("baseline.approved", project.id, {"total": known["total"]}, baseline=record)
    return (step, *moved)


def _dated(act: Act, project: Project, key: str) -> tuple[Event, ...]:
    plan = next(m for m in project.milestones if m.id == key)
    found = find(act, project, {"id": key})
    if found is None:
        made = act.draft.put("milestone", planned_record(act, project, plan))
        return (act.cause("milestone.planned", made["id"], milestone=seen(act, made)),)
    if found["status"] in SETTLED or found["due"] == plan.due:
        return ()
    record = act.draft.put("milestone", {**found, "due": plan.due, "baseline_due": plan.due})
    return (act.cause("milestone.moved", found["id"], shown(found), milestone=seen(act, record)),)


def _on_record(name: str, project: Project, baseline: Record, book: Book) -> Any:
    noun, _, path = name.partition(".")
    if noun == "milestones":
        found = book.get("milestone", f"{project.id}/{path.removesuffix('.due')}")
        return found["due"] if found else None
    if path.startswith("lines."):
        return baseline.get("lines", {}).get(path.removeprefix("lines."))
    return baseline.get(path)
