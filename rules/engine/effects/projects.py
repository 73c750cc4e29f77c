"""A project's beginning and its states: its file in, the first baseline, milestones and sums out.

From activation on the record holds the truth about money and milestones; the file is only where it began.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from rules.engine.effects import creep, filing, meetings, risks, suppliers
from rules.engine.effects.impact import milestone_values
from rules.engine.effects.milestones import planned_record
from rules.engine.effects.shapes import Act, Applied, EffectError, shown, today
from rules.engine.effects.tasks import open_task
from rules.facts.calendar import local_day
from rules.facts.earned_value import values_of
from rules.facts.event import Event, Record, digest, event_id
from rules.facts.ledger import recompute
from rules.facts.money import Money
from rules.facts.project import Project, Workspace
from rules.facts.readiness import in_the_way

_STATUS: Final[Mapping[str, str]] = {
    "drafted": "draft",
    "held": "on_hold",
    "resumed": "active",
    "closing": "closing",
    "closed": "closed",
}


class ActivationRefused(EffectError):
    """The project's file has gaps; `gaps` holds one sentence for each, with the mend."""

    def __init__(self, project: Project, found: tuple[str, ...]) -> None:
        self.gaps = found
        super().__init__(f"{project.id} cannot be activated: {'; '.join(found)}")


def gaps(project: Project) -> tuple[str, ...]:
    """What the file lacks for a first baseline, one sentence each; nothing when the project can be activated."""
    plan = project.budget
    found = []
    if not plan.total > Money.zero(plan.total.currency):
        found.append(f"budget.total is {plan.total}: it must be more than nothing")
    amounts = {"total": plan.total, "reserve": plan.reserve, "opening": plan.opening_spent, **plan.lines}
    foreign = [n for n, m in amounts.items() if m is not None and m.currency != project.currency]
    if foreign:
        return (*found, f"budget.{foreign[0]} is not in {project.currency}, the project's currency")
    together = sum(plan.lines.values(), start=plan.reserve or Money.zero(project.currency))
    if plan.lines and together != plan.total:
        off = plan.total - together
        found.append(
            f"the lines and the reserve of the budget add up to {together}, the total is {plan.total}: "
            f"make up the difference of {off}"
        )
    return tuple(found)


def all_gaps(project: Project, workspace: Workspace, day: date) -> tuple[str, ...]:
    """What stands in the way of activation: gaps of the money, and those that the workspace does not let pass."""
    approver = bool(workspace.holders("approver", project, day))
    return (*gaps(project), *in_the_way(project, approver=approver))


def activation(project: Project, at: datetime, workspace: Workspace | None = None) -> Event:
    """The event that activates a project. Raises ActivationRefused for a file with gaps.

    Its id covers the plan, so that a mended file is activated although an earlier one was refused.
    """
    day = local_day(at, project.time_zone)
    if found := all_gaps(project, workspace, day) if workspace is not None else gaps(project):
        raise ActivationRefused(project, found)
    plan = digest(*(str(part) for part in (project.budget, project.milestones, *_conduct(project))))
    return Event(
        id=event_id("activation", project.id, plan),
        type="project.activated",
        at=at,
        received_at=at,
        objects={"project": {"id": project.id}},
        project=project.id,
        client=project.client,
    )


def _conduct(project: Project) -> tuple[object, ...]:
    """What besides money and dates can stand in the way; nothing where nothing may."""
    written = (project.goals, project.deliverables, project.scope_file, project.risks, project.communication)
    return written if project.needs_to_begin else ()


def activated(act: Act) -> Applied:
    """`project.activated`: the first baseline, once. A file with gaps becomes a task instead."""
    project = act.project
    if project is None:
        return Applied(act.event)
    known = act.draft.get("project", project.id)
    if known is not None and act.draft.get("baseline", project.id) is not None:
        return Applied(act.seen(project=known))
    if found := all_gaps(project, act.state.workspace, today(act.state, project)):
        values = {"name": project.name, "gaps": "; ".join(found)}
        return Applied(act.event, open_task(act, project, "cannot_activate", project.id, **values))
    return _begin(act, project)


def stepped(act: Act) -> Applied:
    """The other `project.*`: its status on record."""
    project, verb = act.project, act.event.type.partition(".")[2]
    if project is None:
        return Applied(act.event)
    known = act.draft.get("project", project.id) or _record(act, project, project.status)
    record = act.draft.put("project", {**known, "status": _STATUS[verb], "_steps": _steps(known)})
    if verb == "closed":
        record = act.draft.put("project", {**record, "closed_at": act.event.at})
    return Applied(act.seen({"status": known["status"]}, project=record))


def followed(act: Act) -> Applied:
    """`project.changed`: its mode on record is the one that its file has now."""
    project, known = act.project, act.draft.get("project", act.event.project or "")
    if project is None or known is None:
        return Applied(act.event)
    now = {"mode": project.mode, "_risks": _listed(project), "_steps": _steps(known)}
    record = act.draft.put("project", {**known, **now})
    joined = (*risks.begun(act, project), *suppliers.begun(act, project))
    return Applied(act.seen({"mode": known.get("mode")}, project=record), joined)


def following(project: Project, known: Record, at: datetime) -> tuple[Event, ...]:
    """The events by which the record follows an edited file: mode, status, new risks and suppliers; none when none is
    another.
    """
    verbs = [v for v, status in _STATUS.items() if status == project.status and known["status"] != status]
    if known.get("mode") != project.mode or set(_listed(project)) - set(known.get("_risks") or ()):
        verbs.append("changed")
    # Until it is decided the same difference is the same event; the next one after it is another.
    said = (str(_steps(known)), project.mode, project.status)
    return tuple(
        Event(
            id=event_id("file", project.id, verb, *said),
            type=f"project.{verb}",
            at=at,
            received_at=at,
            objects={"project": {"id": project.id}},
            project=project.id,
            client=project.client,
        )
        for verb in verbs
    )


def _listed(project: Project) -> list[str]:
    """What joins the record whenever it is added to the file: risks and deliveries of suppliers, by their ids."""
    return [risk.id for risk in project.risks] + [f"supplier/{one.id}" for one in project.suppliers]


def _steps(known: Record) -> int:
    """How many times the project's mode or status will have changed with the next step."""
    return int(known.get("_steps", 0)) + 1


def rebased(act: Act) -> Applied:
    """`baseline.approved`: one that we caused is on record; another agreement makes the next version."""
    project, given = act.project, act.event.objects.get("baseline", {})
    known = act.draft.get("baseline", act.event.project or "")
    total = given.get("total")
    if project is None or known is None:
        return Applied(act.event)
    if act.event.cause is not None or not isinstance(total, Money) or total.currency != project.currency:
        return Applied(act.seen(baseline=known))
    version = known["version"] + 1
    if given.get("version") is not None and given["version"] <= known["version"]:
        return Applied(act.seen(baseline=known))
    told = {"version": version, "total": total, "previous_total": known["total"], "approved_at": act.event.at}
    said = {k: given[k] for k in ("lines", "reserve") if given.get(k) is not None}
    told["values"] = milestone_values(act, project, known, total - known["total"])
    record = act.draft.put("baseline", {**known, **told, **said, "change": given.get("change")})
    return Applied(act.seen(shown(known), baseline=record))


def recounted(act: Act) -> Applied:
    """`project.recounted`: the sums anew from all entries, where an audit found that they had drifted."""
    project = act.project
    if project is not None and act.draft.get("baseline", project.id) is not None:
        _count_anew(act, project)
        drift = act.draft.get("drift", project.id)
        if drift is not None:
            act.draft.put("drift", {**drift, "status": "mended"})
    return Applied(act.event)


def _begin(act: Act, project: Project) -> Applied:
    draft = act.draft
    beginning = {"activated_at": act.event.at, "_plan": plan_of(project), "_risks": _listed(project)}
    record = draft.put("project", {**_record(act, project, "active"), **beginning})
    milestones = [draft.put("milestone", planned_record(act, project, plan)) for plan in project.milestones]
    first = _first_baseline(act, project)
    baseline = draft.put("baseline", {**first, "values": values_of(first, milestones)})
    filing.begin(act, project)
    _count_anew(act, project)
    creep.taken_in(act, project)
    caused = (
        act.cause("baseline.approved", project.id, baseline=baseline),
        *(act.cause("milestone.planned", m["id"], milestone=m) for m in milestones),
        *risks.begun(act, project),
        *suppliers.begun(act, project),
        *meetings.signed(act, project),
        *_without_approver(act, project),
    )
    return Applied(act.seen(project=record), caused)


def plan_of(project: Project) -> Record:
    """What the file says of money and dates, flat: kept at activation, to see later whether the file was edited."""
    plan = project.budget
    money = {"budget.total": plan.total, "budget.reserve": plan.reserve, "budget.opening": plan.opening_spent}
    lines = {f"budget.lines.{name}": amount for name, amount in plan.lines.items()}
    return {**money, **lines, **{f"milestones.{m.id}.due": m.due for m in project.milestones}}


def _record(act: Act, project: Project, status: str) -> Record:
    return act.new(
        project,
        project.id,
        status=status,
        mode=project.mode,
        live_since=project.live_since,
        activated_at=None,
    )


def _first_baseline(act: Act, project: Project) -> Record:
    plan = project.budget
    return act.new(
        project,
        project.id,
        version=1,
        total=plan.total,
        previous_total=None,
        currency=plan.total.currency,
        lines=dict(plan.lines),
        reserve=plan.reserve,
        measure=plan.measure,
        at=plan.at,
        opening_spent=plan.opening_spent,
        opening_as_of=plan.opening_as_of,
        approved_at=act.event.at,
        change=None,
        issues=[],
    )


def _count_anew(act: Act, project: Project) -> None:
    """What arrived before activation counts by the first baseline: all but what its opening figure stands for."""
    baseline = act.draft.get("baseline", project.id) or {}
    as_of = baseline.get("opening_as_of")
    entries = act.draft.find("entry", project.id)
    for entry in entries:
        day = entry.get("work_date")
        counted = not (as_of is not None and day is not None and day <= as_of)
        if entry.get("counted") is not counted:
            act.draft.put("entry", {**entry, "counted": counted})
    sums = recompute(entries, project.currency, as_of)
    act.draft.put("sums", {**sums, **act.new(project, project.id)})


def _without_approver(act: Act, project: Project) -> tuple[Event, ...]:
    workspace = act.state.workspace
    if workspace.holders("approver", project, today(act.state, project)):
        return ()
    client = workspace.clients[project.client].name
    return open_task(act, project, "no_approver", project.id, client=client, name=project.name)
