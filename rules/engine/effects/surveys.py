"""Asking how it goes: who is asked and what they answered in, a record for each question and person out.

A survey is sent to one person; an answer to several questions is one record each, so that a rule can tell a CSAT of 2
from an NPS of 2. A survey itself reaches nobody: a rule on `survey.sent` mails its link.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from rules.engine.effects import kept
from rules.engine.effects.shapes import Act, Applied
from rules.facts.calendar import local_day
from rules.facts.event import Event, Record, digest, event_id
from rules.facts.project import Person, Project, Workspace
from rules.facts.survey import QUESTIONS, fits

LASTS: Final = timedelta(days=30)
OPEN: Final = frozenset({"sent"})


def stepped(act: Act) -> Applied:
    """`survey.sent` and `survey.answered`; the first answer stands, and rules hear of it once."""
    project, given = act.project, act.event.objects.get("survey")
    if project is None or given is None:
        return Applied(act.event)
    known = act.draft.get("survey", str(given.get("id") or act.event.key or act.event.id))
    if known is not None and act.event.cause is not None:
        return Applied(act.seen(survey=known))
    if act.event.type == "survey.sent":
        return _sent(act, project, given, known)
    return _answered(act, project, given, known)


def survey_events(
    project: Project, people: Iterable[Person], kind: str, occasion: str, at: datetime
) -> list[Event]:
    """The events that ask these people, each once for one occasion (a month, the end of the project, a click).

    kind: "pulse" or "closing" (CSAT and NPS on one page).
    """
    return [
        Event(
            id=event_id("survey", project.id, kind, occasion, person.id),
            type="survey.sent",
            at=at,
            received_at=at,
            objects={"survey": asked(project, person, kind, occasion, at)},
            project=project.id,
            client=project.client,
        )
        for person in people
    ]


def asked(project: Project, person: Person, kind: str, occasion: str, at: datetime) -> Record:
    """One person's survey: its record as it is sent."""
    return {
        "id": "srv_" + digest(project.id, kind, occasion, person.id),
        "kind": QUESTIONS[kind][0],
        "questions": list(QUESTIONS[kind]),
        "contact": person.id,
        "party": person.party,
        "occasion": occasion,
        "sent_at": at,
        "expires_on": local_day(at + LASTS, project.time_zone),
    }


def closing(act: Act, project: Project) -> tuple[Event, ...]:
    """At the end: the client's sponsors and approvers are asked for both figures, the team for its pulse."""
    if not project.closing_survey:
        return ()
    surveys = [
        asked(project, person, kind, "closing", act.event.at)
        for party, kind in (("client", "closing"), ("team", "pulse"))
        for person in people_asked(act.state.workspace, project, party, act.state.now)
    ]
    fresh = [s for s in surveys if act.draft.get("survey", s["id"]) is None]
    return tuple(_opened(act, project, s) for s in fresh)


def people_asked(workspace: Workspace, project: Project, party: str, now: datetime) -> list[Person]:
    """Sponsors and approvers of the client, or everyone of the team who has a role in the project."""
    day = local_day(now, project.time_zone)
    roles = project.survey_to if party == "client" else ("lead", "deputy", "member", "finance")
    found = {p.id: p for role in roles for p in workspace.holders(role, project, day)}
    return [p for p in found.values() if p.party == party and (p.until is None or p.until >= day)]


def _opened(act: Act, project: Project, survey: Record) -> Event:
    record = act.draft.put("survey", {**_BEGINNING, **survey, **act.new(project, survey["id"])})
    return act.cause("survey.sent", record["id"], survey=record)


def _sent(act: Act, project: Project, given: Record, known: Record | None) -> Applied:
    if known is not None and known["status"] not in OPEN:
        return Applied(act.seen(survey=known))
    kind = str(given.get("kind") or "pulse")
    person = act.state.workspace.people.get(str(given.get("contact")))
    party = person.party if person else "client"
    day = local_day(act.event.at + LASTS, project.time_zone)
    beginning = {**_BEGINNING, "kind": kind, "questions": [kind], "party": party, "expires_on": day}
    return kept.told(act, {**beginning, "sent_at": act.event.at}, status="sent")


def _answered(act: Act, project: Project, given: Record, known: Record | None) -> Applied:
    if known is not None and known["status"] == "answered":
        return Applied(act.seen(survey=known), unheard="it was answered before: the first answer stands")
    kind = str((known or given).get("kind") or "pulse")
    if not fits(kind, given.get("score")):
        return Applied(
            act.event if known is None else act.seen(survey=known),
            unheard=f"the score is not on the scale of {kind}",
        )
    person = act.state.workspace.people.get(str(given.get("contact")))
    beginning = {
        **_BEGINNING,
        "kind": kind,
        "questions": [kind],
        "party": person.party if person else "client",
    }
    done = kept.told(act, beginning, status="answered", answered_at=act.event.at)
    return Applied(done.event, _others(act, project, done.event.objects["survey"], given.get("scores") or {}))


def _others(act: Act, project: Project, survey: Record, scores: Mapping[str, Any]) -> tuple[Event, ...]:
    """The further answers of the same page, each a record of its own."""
    events = []
    for kind in survey["questions"]:
        if kind != survey["kind"] and fits(kind, scores.get(kind)):
            fields = {
                **{
                    k: survey.get(k)
                    for k in ("contact", "party", "remark", "sent_at", "answered_at", "occasion")
                },
                "expires_on": None,
                "kind": kind,
                "questions": [kind],
                "status": "answered",
                "score": scores[kind],
                "with": survey["id"],
            }
            record = act.draft.put("survey", act.new(project, f"{survey['id']}-{kind}", **fields))
            events.append(act.cause("survey.answered", record["id"], survey=record))
    return tuple(events)


_BEGINNING: Final[Mapping[str, Any]] = {
    "kind": "pulse",
    "questions": ["pulse"],
    "score": None,
    "contact": None,
    "party": "client",
    "remark": None,
    "status": "sent",
    "sent_at": None,
    "answered_at": None,
    "expires_on": None,
}
