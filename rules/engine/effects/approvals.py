"""Answers to what was asked: the steps of an approval in, its record and what it decides out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rules.engine.effects import acceptance, changes, ledger, periods, rebasing, reserves
from rules.engine.effects.shapes import Act, Applied, shown
from rules.engine.effects.tasks import open_task
from rules.facts.approval import DECIDED, OPEN, party_of
from rules.facts.calendar import local_day, working_days_late
from rules.facts.change import APPROVED
from rules.facts.event import Event, Record
from rules.facts.milestone import SETTLED
from rules.facts.project import Project

# What an answer to each kind of question makes of its object.
_MILESTONE: Final = {
    "approved": "accepted",
    "approved_offline": "accepted",
    "rejected": "rejected",
    "changes_requested": "rejected",
}
_EXPENSE: Final = {
    "approved": "approved",
    "approved_offline": "approved",
    "rejected": "rejected",
    "changes_requested": "rejected",
}


# What a second person of the team agrees to.
_TWO_PEOPLE: Final[Mapping[str, Callable[[Act, Project, Record, Any], tuple[Event, ...]]]] = {
    "reopening": periods.reopened,
    "rebase": rebasing.agreed,
}


def stepped(act: Act) -> Applied:
    """`approval.*`: an answer takes effect when it decides; the other steps are kept on the record."""
    project, given = act.project, act.event.objects.get("approval")
    if project is None or given is None:
        return Applied(act.event)
    verb = act.event.type.partition(".")[2]
    found = act.draft.get("approval", str(given.get("id")))
    if found is None:
        return _assumed(act, project, given) if verb == "sent" else Applied(act.event)
    if act.event.cause is not None or verb == "sent":
        return Applied(with_subject(act, found))
    return _answered(act, project, found) if verb == "answered" else _noted(act, project, found, verb)


def seen(act: Act, approval: Record) -> Record:
    """The approval as rules see it now: with the client's working days it has waited."""
    workspace = act.state.workspace
    client, approval = workspace.clients[approval["client"]], {**approval, "party": party_of(approval)}
    sent_at, calendar = approval.get("sent_at"), workspace.calendars.get(client.calendar)
    if sent_at is None or calendar is None:
        return approval
    days = [local_day(at, client.time_zone) for at in (sent_at, act.state.now)]
    return {**approval, "waiting_days": max(0, working_days_late((calendar,), days[0], days[1]))}


def with_subject(act: Act, approval: Record, before: Mapping[str, Any] | None = None) -> Event:
    """The event with the approval and what it is about, both as of now."""
    about, now = str(approval.get("about")), seen(act, approval)
    subject = act.draft.get(about, str(approval.get("subject"))) if about in ("change", "milestone") else None
    if subject is not None and about == "change":
        subject = {**subject, "waiting_days": now["waiting_days"]}
    return act.seen(before, **{"approval": now, about: subject})


def _answered(act: Act, project: Project, approval: Record) -> Applied:
    """An answer that ends the approval decides; one of several leaves everything as it is."""
    status = approval["status"]
    if status not in DECIDED or approval.get("_effect") is not None:
        return Applied(with_subject(act, approval))
    record = act.draft.put("approval", {**approval, "_effect": act.event.id})
    return Applied(with_subject(act, record), _decided(act, project, record, status))


def _decided(act: Act, project: Project, approval: Record, verb: str) -> tuple[Event, ...]:
    """What the approval decides, where the record is still in the version that was asked about."""
    about, subject = approval["about"], approval["subject"]
    decision = {**(approval["decisions"] or [{}])[-1], **act.event.objects.get("decision", {})}
    if about == "change":
        return _change_decided(act, subject, approval, verb, decision)
    if about == "milestone":
        found = act.draft.get("milestone", subject)
        if found is None or found["status"] in SETTLED:
            return ()
        return (acceptance.settle(act, found, _MILESTONE[verb], decision),)
    if about == "reserve":
        told = reserves.decided(act, project, subject, verb)
        return (*told, *_not_agreed(act, project, approval, verb, decision))
    if about in _TWO_PEOPLE:
        if verb in APPROVED:
            return _TWO_PEOPLE[about](act, project, approval, decision.get("person"))
        return _not_agreed(act, project, approval, verb, decision)
    entry = act.draft.get("entry", subject) if about == "expense" else None
    if entry is None:
        return ()
    return ledger.judged(act, project, entry, _EXPENSE[verb], decision.get("person"))


def _not_agreed(
    act: Act, project: Project, approval: Record, verb: str, decision: Mapping[str, Any]
) -> tuple[Event, ...]:
    """Who asked within the team is told that a second person does not agree, and why."""
    if verb in APPROVED or "_wish" not in approval or not decision.get("remark"):
        return ()
    asker = act.state.workspace.people.get(str(approval["requested_by"]))
    locale = asker.locale if asker else act.state.workspace.locale
    texts = approval["texts"]
    text = (texts.get(locale) or next(iter(texts.values())))["text"]
    values = {"by": decision.get("name"), "what": text.partition("\n")[0], "reason": decision["remark"]}
    return open_task(act, project, "not_agreed", approval["id"], asker.id if asker else None, **values)


def _change_decided(
    act: Act, subject: str, approval: Record, verb: str, decision: Mapping[str, Any]
) -> tuple[Event, ...]:
    change = act.draft.get("change", subject)
    if change is None or change["status"] != "sent" or change["version"] != approval["version"]:
        return ()
    record = changes.decided(act, change, verb)
    objects = {"change": record, "approval": approval, "decision": dict(decision)}
    verb = "approved" if verb in APPROVED else verb
    return (act.cause(f"change.{verb}", subject, shown(change), **objects),)


def _noted(act: Act, project: Project, approval: Record, verb: str) -> Applied:
    """A step that is not an answer: what is over is over, and a change waits no longer for it."""
    if verb in ("opened", "bounced"):
        noted = {f"{verb}_at": approval.get(f"{verb}_at") or act.event.at}
        return Applied(with_subject(act, act.draft.put("approval", {**approval, **noted})))
    if approval["status"] not in OPEN or verb == "code_sent":
        return Applied(with_subject(act, approval))
    record = act.draft.put("approval", {**approval, "status": verb})
    over: tuple[Event, ...] = ()
    if verb != "superseded" and approval["about"] == "change":
        over = _decided(act, project, record, verb)
    elif verb != "superseded" and approval["about"] == "milestone":
        acceptance.given_up(act, record)
    return Applied(with_subject(act, record, {"status": approval["status"]}), over)


def _assumed(act: Act, project: Project, given: Record) -> Applied:
    """An approval that an event tells of and nobody asked for here: on record from now on."""
    beginning: Record = {
        "about": None,
        "subject": "",
        "asked": [],
        "need": project.need,
        "version": 1,
        "decisions": [],
        "reminders": 0,
    }
    said = {k: v for k, v in shown(given).items() if v is not None}
    approval_key = str(given.get("id") or act.event.id)
    fields = {**beginning, **said, "status": "sent", "sent_at": said.get("sent_at") or act.event.at}
    record = {**fields, **act.new(project, approval_key)}
    return Applied(with_subject(act, act.draft.put("approval", record)))
