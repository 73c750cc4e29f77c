"""The steps of a scenario: what each word does on the stage.

event: told as if it had just come; payload: through its connector; wait and until: time goes by; answer: a person
decides on what was asked; source: what an outside system says when it is asked again. What cannot be played is a
`BadStep` at its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rules.engine.parties import project_calendars
from rules.engine.placing import is_history
from rules.facts import approval as approvals
from rules.facts.action_item import OPEN as OPEN_ITEMS
from rules.facts.calendar import BadCalendar, CalendarRange, shift
from rules.facts.catalogue import EVENTS
from rules.facts.codec import iso_utc
from rules.facts.event import Event, Record, event_id
from rules.facts.project import Project
from rules.language.nearest import allowed_here
from rules.language.sources import Source
from rules.scenarios.payloads import Arrivals, Normalise, Payload, PayloadError
from rules.scenarios.reading import Step
from rules.scenarios.stage import Stage
from rules.scenarios.values import BadStep, Meant, duration, moment, read_object


def take(stage: Stage, step: Step, name: str, arrivals: Arrivals, normalise: Normalise | None) -> None:
    """Play one step. `name` tells it from all other steps. Raises BadStep."""
    if step.kind == "payload":
        _payload(stage, step.given, arrivals, normalise)
    else:
        _STEPS[step.kind](stage, step.given, name)


def _event(stage: Stage, given: Source, name: str) -> None:
    stage.tell(_made(stage, given, name))


def _source(stage: Stage, given: Source, name: str) -> None:
    """What a source knows and has not told, or how it answers, for rules that read it first."""
    if given.get("answers") is not None:
        stage.outside.answers = given.get("answers")
    else:
        stage.outside.untold.append(_made(stage, given.below("event"), name))


def _made(stage: Stage, given: Source, name: str) -> Event:
    kind = str(given.get("type"))
    project = _project(stage, given)
    workspace = stage.workspace
    meant = Meant(
        project.currency if project else "USD", project.time_zone if project else workspace.time_zone
    )
    at = moment(given.below("at"), meant.zone) if given.get("at") else stage.now
    known = _known(stage, kind, given.get("data") or {}, project, given.get("connection"))
    noun = EVENTS[kind].object
    client = project.client if project else given.get("client")
    version = given.get("version")
    return Event(
        id=event_id("scenario", name),
        type=kind,
        at=at,
        received_at=stage.now,
        objects={noun: read_object(kind, given.below("data"), meant, whole=known is None)},
        project=project.id if project else None,
        client=client,
        connection=given.get("connection"),
        # Steps are in order also where two of them happen in one moment.
        version=str(version) if version is not None else f"{iso_utc(at)}#{stage.count:06d}",
        before=read_object(kind, given.below("before"), meant, whole=False),
        person=given.get("person"),
        own=bool(given.get("own")),
        history=_is_history(given, project, at),
    )


def _is_history(given: Source, project: Project | None, at: Any) -> bool:
    stated = given.get("history")
    return bool(stated) if stated is not None else project is not None and is_history(project, at)


def _project(stage: Stage, given: Source) -> Project | None:
    """The project of an event: the one named, else the only one there is."""
    projects = stage.workspace.projects
    named = given.get("project")
    if named is None:
        return next(iter(projects.values())) if len(projects) == 1 and not given.get("client") else None
    if named not in projects:
        raise BadStep(given.at("project"), f"there is no project `{named}`; {allowed_here(named, projects)}")
    return projects[named]


def _known(
    stage: Stage, kind: str, data: Mapping[str, Any], project: Project | None, connection: str | None
) -> Record | None:
    """The record that an event is about, where there is one: then a step says only what is new."""
    noun, id = EVENTS[kind].object, str(data.get("id") or data.get("key") or data.get("number") or "")
    names = [id, f"{project.id}/{id}" if project else id]
    if noun == "issue":
        trackers = (
            [connection] if connection else [t.connection for t in project.tracked_by] if project else []
        )
        names += [f"{tracker}/{data.get('key')}" for tracker in trackers]
    found = (stage.book.get(noun, one) for one in names)
    by_number = (
        (r for r in stage.book.find(noun, project.id) if r.get("number") == id) if project and id else ()
    )
    return next((r for r in (*found, *by_number) if r is not None), None)


def _payload(stage: Stage, given: Source, arrivals: Arrivals, normalise: Normalise | None) -> None:
    connection = str(given.get("connection"))
    known = stage.workspace.connections
    if connection not in known:
        raise BadStep(
            given.at("connection"),
            f"there is no connection `{connection}`; {allowed_here(connection, known)}",
        )
    if normalise is None:
        raise BadStep(given.at(), "recorded webhooks cannot be played here: their connectors are not at hand")
    payload = Payload(connection, given.get("file"), given.get("answers"), given.document.path, stage.now)
    try:
        placed = arrivals.take(payload, normalise(payload))
    except PayloadError as error:
        raise BadStep(given.at("file"), str(error)) from None
    if not placed:
        raise BadStep(given.at("file"), f"{payload.file} means nothing: its connector made no event of it")
    astray = next((p.problem for p in placed if p.problem), None)
    if astray is not None:
        raise BadStep(given.at("file"), astray)
    stage.tell(*(p.event for p in placed))


def _wait(stage: Stage, given: Source, _: str) -> None:
    """A while: working days are those of the project that was spoken of last, else of the organisation."""
    workspace = stage.workspace
    only = next(iter(workspace.projects)) if len(workspace.projects) == 1 else None
    project = workspace.projects.get(stage.spoken_of or only or "")
    if project is not None:
        cals, zone = project_calendars(project, workspace), project.time_zone
    else:
        cals, zone = (workspace.calendars[workspace.calendar],), workspace.time_zone
    _advance(stage, given, lambda: shift(stage.now, duration(given), cals, zone))


def _until(stage: Stage, given: Source, _: str) -> None:
    at = moment(given, stage.workspace.time_zone)
    if at < stage.now:
        raise BadStep(given.at(), f"{given.value} has passed: the clock stands at {iso_utc(stage.now)}")
    _advance(stage, given, lambda: at)


def _advance(stage: Stage, given: Source, until: Callable[[], Any]) -> None:
    try:
        stage.advance(until())
    except (CalendarRange, BadCalendar) as error:
        raise BadStep(given.at(), str(error)) from None


def _answer(stage: Stage, given: Source, name: str) -> None:
    """A decision, or an answer to what somebody waits for."""
    if given.get("action_item") is not None:
        _answer_item(stage, given, name)
    elif given.get("decision") is not None:
        _decide(stage, given, name)
    else:
        raise BadStep(given.at(), "an answer is a decision (`decision: approved`) or about an `action_item`")


def _decide(stage: Stage, given: Source, name: str) -> None:
    """A decision, committed as the page of a link commits it."""
    approval = _asked(stage, given)
    person = _decider(stage, given)
    known = stage.workspace.people.get(person)
    decision: Record = {
        "outcome": given.get("decision"),
        "channel": given.get("channel") or "online",
        "at": stage.now,
        "name": known.name if known else person,
        "remark": given.get("remark"),
    }
    made = approvals.decide(approval, person, decision, stage.now)
    wanted = given.get("outcome") or "recorded"
    if made.outcome != wanted:
        raise BadStep(given.at(), f"the answer was expected to be {wanted}, and it is {made.outcome}")
    if made.outcome != "recorded":
        return
    stage.keep("approval", made.record)
    stage.tell(
        Event(
            id=event_id("scenario", name),
            type="approval.answered",
            at=stage.now,
            received_at=stage.now,
            objects={
                "approval": {k: v for k, v in made.record.items() if not k.startswith("_")},
                "decision": {**decision, "by": person},
            },
            project=approval["project"],
            client=approval["client"],
            person=person,
        )
    )


def _answer_item(stage: Stage, given: Source, name: str) -> None:
    """What the client's page does when somebody says that they have answered."""
    item, person = _item(stage, given), _decider(stage, given)
    said = {"id": item["id"], "answered_by": person, "remark": given.get("remark")}
    stage.tell(
        Event(
            id=event_id("scenario", name),
            type="action_item.answered",
            at=stage.now,
            received_at=stage.now,
            objects={"action_item": said},
            project=item["project"],
            client=item["client"],
            person=person,
        )
    )


def _item(stage: Stage, given: Source) -> Record:
    """The action item meant: the last one that is open, or one by its id or title."""
    named = given.get("action_item")
    items = [record for (kind, _), record in stage.book.records.items() if kind == "action_item"]
    meant = [
        i for i in items if (i["status"] in OPEN_ITEMS if named == "last" else named in (i["id"], i["title"]))
    ]
    if not meant:
        what = "no action item is open" if named == "last" else f"there is no action item `{named}`"
        raise BadStep(given.at("action_item"), what)
    return meant[-1]


def _asked(stage: Stage, given: Source) -> Record:
    """The decision meant: the last one asked for, or the one about a change."""
    named = given.get("approval") or "last"
    if named == "last":
        found = stage.latest_approval()
    else:
        found = next(
            (
                approval
                for (kind, _), approval in reversed(stage.book.records.items())
                if kind == "approval" and named in (approval["id"], _subject(stage, approval))
            ),
            None,
        )
    if found is None:
        asked = (
            "no decision was asked for" if named == "last" else f"no decision was asked for about `{named}`"
        )
        raise BadStep(given.at("approval") if given.get("approval") else given.at(), asked)
    return found


def _subject(stage: Stage, approval: Record) -> Any:
    about = stage.book.get(str(approval.get("about")), str(approval.get("subject"))) or {}
    return about.get("number") or about.get("key")


def _decider(stage: Stage, given: Source) -> str:
    people, by = stage.workspace.people, str(given.get("by"))
    found = by if by in people else next((k for k, p in people.items() if p.email == by), None)
    if found is None:
        raise BadStep(given.at("by"), f"there is nobody `{by}`; {allowed_here(by, people, 'people')}")
    return found


_STEPS: Final[Mapping[str, Callable[[Stage, Source, str], None]]] = {
    "event": _event,
    "wait": _wait,
    "until": _until,
    "answer": _answer,
    "source": _source,
}
