"""A change's way: an issue or a form in, a draft, its assessment, its decision and what it does to the baseline out.

draft -> assessed -> sent -> approved | rejected | changes_requested (a draft again, of the next version) | expired |
withdrawn | superseded; approved -> applied. Impacts are deltas: what they come to is worked out when they apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from rules.engine.effects import creep
from rules.engine.effects.impact import estimated, put_into_effect, with_impact
from rules.engine.effects.pending import end_open
from rules.engine.effects.retainers import agree
from rules.engine.effects.shapes import Act, Applied, EffectError, Performed, shown, today
from rules.engine.effects.tasks import open_task
from rules.facts.change import APPROVED, DRAFTS, OPEN, is_open, next_number
from rules.facts.duration import Duration
from rules.facts.event import Event, Record, digest
from rules.facts.money import Money
from rules.facts.project import Project
from rules.facts.retainer import latest, terms_of

_DECIDED: Final[Mapping[str, str]] = {
    "approved": "approved",
    "approved_offline": "approved_offline",
    "rejected": "rejected",
    "expired": "expired",
    "withdrawn": "withdrawn",
    "superseded": "superseded",
    "apply_failed": "apply_failed",
}
# What the console may set on a change that is not decided yet.
_SAID: Final = frozenset(
    {"title", "reason", "amount", "days", "lines", "milestones", "issues", "if_refused", "requested_by"}
    | {"allotment", "allotment_from"}
)


def open_change(
    act: Act, project: Project, keys: Mapping[str, Any], objects: Mapping[str, Record]
) -> Performed:
    """A draft about an issue, once while one is open; assessed at once where its impact can be reckoned."""
    issue = _about(keys.get("about"), objects, act)
    changes = act.draft.find("change", project.id)
    known = next((c for c in changes if is_open(c) and issue["id"] in c["issues"]), None)
    if known is not None:
        return Performed((), {"change": shown(known)})
    if keys.get("merge_into") == "open_draft":
        drafts = [c for c in changes if c["status"] in DRAFTS]
        if drafts:
            return _merged(act, project, drafts[-1], issue)
    given = {
        "title": quoted(project, issue),
        "reason": keys.get("reason"),
        "about": "issue",
        "issues": [issue["id"]],
    }
    change_id = "chg_" + digest(project.id, act.event.id, issue["id"])
    change = _drafted(act, project, {**given, "requested_by": issue.get("reporter")}, change_id)
    drafted = act.cause("change.drafted", change["id"], change=change, issue=issue)
    change, assessed = _assess_by_estimate(act, project, change, issue)
    return Performed((drafted, *assessed), {"change": shown(change)})


def apply_change(
    act: Act, project: Project, keys: Mapping[str, Any], objects: Mapping[str, Record]
) -> Performed:
    """An approved change takes effect: a new baseline, moved milestones, ladders by the event; once."""
    change = find(act, project, keys.get("change"), objects)
    if change is None:
        raise EffectError("apply_change names no change of this event: give `change: change` or its number")
    if change["status"] == "applied":
        return Performed((), {"change": shown(change)})
    if change["status"] not in APPROVED:
        raise EffectError(
            f"{change['number']} is {change['status']}: only a change that the client approved is applied"
        )
    return _apply(act, project, change)


def stepped(act: Act) -> Applied:
    """`change.*`: one that we caused is on record already; otherwise the console's word, by the change's state."""
    project, given = act.project, act.event.objects.get("change")
    if project is None or given is None:
        return Applied(act.event)
    found = find(act, project, given, {})
    if act.event.cause is not None:
        return Applied(act.seen(change=found))
    verb = act.event.type.partition(".")[2]
    if found is None and verb == "drafted":
        return _from_form(act, project, given)
    found = found or _assumed(act, project, given)
    if verb == "assessed":
        return _assessed(act, project, found, given)
    if not _may_become(found, verb):
        return Applied(act.seen(change=found))
    record = decided(act, found, verb)
    return Applied(act.seen(shown(found), change=record), end_open(act, found["id"], "withdrawn"))


def decided(act: Act, change: Record, verb: str) -> Record:
    """The change after a decision: a wish for changes makes it a draft of the next version."""
    if verb == "changes_requested":
        return act.draft.put(
            "change", {**change, "status": "draft", "version": change["version"] + 1, "sent_at": None}
        )
    return act.draft.put("change", {**change, "status": _DECIDED[verb], "decided_at": act.event.at})


def find(act: Act, project: Project, named: Any, objects: Mapping[str, Record]) -> Record | None:
    """A change by its record, its id, its number, or the name of an object of the event."""
    if isinstance(named, Mapping):
        named = named.get("id") or named.get("number")
    if isinstance(named, str) and named in objects:
        named = objects[named].get("id")
    if not isinstance(named, str):
        return None
    by_number = (c for c in act.draft.find("change", project.id) if c["number"] == named)
    return act.draft.get("change", named) or next(by_number, None)


def _about(named: Any, objects: Mapping[str, Record], act: Act) -> Record:
    """The issue that a change is about, as it is on record."""
    record = named if isinstance(named, Mapping) else objects.get(str(named))
    issue = act.draft.get("issue", str((record or {}).get("id", named)))
    if issue is None:
        raise EffectError("open_change has nothing to be about: this event knows no issue on record")
    return issue


def _may_become(change: Record, verb: str) -> bool:
    if verb == "apply_failed":
        return change["status"] in APPROVED
    return is_open(change) and (verb in _DECIDED or verb == "changes_requested")


def _drafted(act: Act, project: Project, given: Mapping[str, Any], change_id: str) -> Record:
    number = next_number(act.draft.find("change", project.id))
    said = {k: v for k, v in given.items() if v is not None}
    beginning: Record = {
        "number": number,
        "title": number,
        "reason": None,
        "about": "form",
        "status": "draft",
        "version": 1,
        "amount": None,
        "days": None,
        "new_due": None,
        "milestones": [],
        "issues": [],
        "requested_by": None,
        "sent_at": None,
        "decided_at": None,
        "waiting_days": 0,
    }
    return act.draft.put("change", act.new(project, change_id, **(beginning | said)))


def quoted(project: Project, issue: Mapping[str, Any]) -> str:
    """The issue's title where the project lets the client read titles: the client will decide on it. Else its key."""
    open_titles = any(
        t.connection == issue.get("connection") and t.client_text == "titles" for t in project.tracked_by
    )
    return str(issue["title"]) if open_titles and issue.get("title") else str(issue["key"])


def _merged(act: Act, project: Project, change: Record, issue: Record) -> Performed:
    """One more issue in an open draft. Where its impact is not known, the draft has to be assessed again."""
    merged = {
        **change,
        "title": f"{change['title']}; {quoted(project, issue)}",
        "issues": [*change["issues"], issue["id"]],
    }
    more = estimated(act, project, issue)
    if more is None or change["amount"] is None:
        record = act.draft.put("change", {**merged, "status": "draft"})
        return Performed((), {"change": shown(record)})
    record, event = _assess(act, project, {**merged, **more.on_top_of(change)}, change)
    return Performed((event,), {"change": shown(record)})


def _assess_by_estimate(
    act: Act, project: Project, change: Record, issue: Record
) -> tuple[Record, tuple[Event, ...]]:
    found = estimated(act, project, issue)
    if found is None:
        return change, ()
    record, event = _assess(act, project, {**change, **found.on_top_of(change)}, change)
    return record, (event,)


def _assess(act: Act, project: Project, change: Record, before: Record) -> tuple[Record, Event]:
    record = act.draft.put("change", {**with_impact(act, project, change), "status": "assessed"})
    return record, act.cause("change.assessed", record["id"], shown(before), change=record)


def _from_form(act: Act, project: Project, given: Mapping[str, Any]) -> Applied:
    """A change that somebody wrote down; with amount and days it is assessed at once."""
    said = {k: v for k, v in given.items() if k in _SAID}
    change = _drafted(act, project, said, str(given.get("id") or "chg_" + digest(project.id, act.event.id)))
    if given.get("amount") is None and given.get("days") is None:
        return Applied(act.seen(change=change))
    record, event = _assess(act, project, _said(project, change, given), change)
    return Applied(act.seen(change=record), (event,))


def _assumed(act: Act, project: Project, given: Mapping[str, Any]) -> Record:
    """A change that an event tells of and nobody drafted here: on record from now on, as the event describes it."""
    said = {k: v for k, v in given.items() if k in _SAID or k == "number"}
    change = _drafted(act, project, said, str(given.get("id") or "chg_" + digest(project.id, act.event.id)))
    return act.draft.put("change", with_impact(act, project, _said(project, change, given)))


def _assessed(act: Act, project: Project, change: Record, given: Mapping[str, Any]) -> Applied:
    """An assessment from the console. After sending it makes a new version, and the old link decides nothing."""
    if change["status"] not in OPEN:
        return Applied(act.seen(change=change))
    sent = change["status"] == "sent"
    ended = end_open(act, change["id"], "superseded")
    version = change["version"] + (1 if sent else 0)
    told = {**_said(project, change, given), "version": version, "sent_at": None}
    record = act.draft.put("change", {**with_impact(act, project, told), "status": "assessed"})
    return Applied(act.seen(shown(change), change=record), ended)


def _said(project: Project, change: Record, given: Mapping[str, Any]) -> Record:
    """The change with what the console says of it; amounts in the project's currency, milestones by their ids."""
    said = {k: v for k, v in given.items() if k in _SAID and v is not None}
    if "amount" in said and not isinstance(said["amount"], Money):
        said["amount"] = Money(said["amount"], project.currency)
    if isinstance(said.get("days"), Duration):
        said["days"] = said["days"].amount
    known = {"amount": Money.zero(project.currency), "days": 0}
    known |= {k: v for k, v in change.items() if v is not None}
    return {**change, **known, **said}


def _apply(act: Act, project: Project, change: Record) -> Performed:
    baseline, moved = put_into_effect(act, project, change)
    creep.approved(act, project, change["issues"])
    record = act.draft.put("change", {**change, "status": "applied", "applied_at": act.state.now})
    events = (
        act.cause("baseline.approved", project.id, {"total": baseline["previous_total"]}, baseline=baseline),
        *(act.cause("milestone.moved", m["id"], before, milestone=m) for m, before in moved),
        act.cause("change.applied", record["id"], shown(change), change=record),
        *_lead_told(act, project, record, baseline),
        *_retained(act, project, record),
    )
    return Performed(events, {"change": shown(record), "baseline": shown(baseline)})


def _retained(act: Act, project: Project, change: Record) -> tuple[Event, ...]:
    """The retainer's next allotment, where the change agreed on one."""
    kept, allotment = act.draft.get("retainer", project.id), change.get("allotment")
    if kept is None or not isinstance(allotment, int | Decimal) or allotment <= 0:
        return ()
    terms = replace(terms_of(latest(kept)), allotment=Decimal(allotment))
    return agree(act, project, terms, change.get("allotment_from") or today(act.state, project), change["id"])


def _lead_told(act: Act, project: Project, change: Record, baseline: Record) -> tuple[Event, ...]:
    """A task where the baseline moved since the client saw the change: the delta applies, the sum is another."""
    told = change.get("new_total")
    if told is None or told == baseline["total"]:
        return ()
    values = {"number": change["number"], "told": told, "total": baseline["total"]}
    return open_task(act, project, "baseline_moved", change["id"], **values)
