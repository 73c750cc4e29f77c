"""From a source's words to ours: which project an outside event belongs to, and who its accounts are.

In: the workspace, a connection's name and what its connector made. Out: `Placed`: an `Event` ready to decide,
or one without a project and the sentence that says why, so that a person can place it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from functools import lru_cache
from typing import Any

from rules.facts.calendar import local_to_utc
from rules.facts.catalogue import EVENTS
from rules.facts.event import Event, Record, SourceEvent, digest, event_id
from rules.facts.project import Booking, Person, Project, Tracking, Workspace
from rules.language.matching import compile_match
from rules.language.model import UNKNOWN, Expression, ExpressionError, Position

# Statuses in which nobody writes about a project any more.
_OVER = frozenset({"closed", "archived"})

PEOPLE = ("person", "assignee", "reporter", "author", "submitter", "approver", "with")


@dataclass(frozen=True, slots=True)
class Assigned:
    """What a person decided about all that comes from one place: the project it belongs to, or none of ours."""

    id: str
    project: str | None


Remembered = Callable[[str], Assigned | None]
"""Gives what was decided about a place (`place_id`), none where nothing was."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An event and, where no single project claims it, why. `ours`: a person said that it is none of ours."""

    event: Event
    problem: str | None = None
    ours: bool = True


def place_id(connection: str, source: SourceEvent) -> str:
    """The id of where something comes from: the project of a tracker, the customer or the tags of a document; the
    thing itself where its source says nothing of that.
    """
    said = next(((w, source.scope[w]) for w in ("project", "customer", "tags") if source.scope.get(w)), None)
    word, value = said or ("key", source.key)
    parts = sorted(map(str, value)) if isinstance(value, list | tuple) else [str(value)]
    return "asg_" + digest(connection, word, *parts)


def place(
    workspace: Workspace,
    connection: str,
    source: SourceEvent,
    received_at: datetime,
    home: str | None = None,
    remembered: Remembered = lambda _id: None,
) -> Placed:
    """The event in our words.

    home: the project where it is known already (a line that left a document). remembered: what a person decided about
    the place it comes from, for what no single project claims by its file.
    """
    known = workspace.projects.get(home or "")
    found = [known] if known else claiming(workspace, connection, source)
    project = found[0] if len(found) == 1 else None
    place_of, ours = place_id(connection, source), True
    assigned = remembered(place_of) if project is None else None
    if assigned is not None:
        project, ours = workspace.projects.get(assigned.project or ""), assigned.project is not None
    problem = None if project or not ours else _problem(connection, source, found)
    kind = EVENTS[source.type].object
    objects = {kind: _known_people(workspace, connection, {**source.object, "connection": connection})}
    unclaimed = len(found) != 1
    event = Event(
        id=event_id("source", connection, source.type, source.key, source.version),
        type=source.type,
        at=source.at,
        received_at=received_at,
        objects=objects,
        project=project.id if project else None,
        client=project.client if project else None,
        connection=connection,
        key=source.key,
        version=source.version,
        before=_known_people(workspace, connection, source.before),
        person=_person(workspace, connection, source.person),
        own=source.own,
        history=project is not None and is_history(project, source.at),
        place=_place_of(place_of, source, found, problem, objects if project else None)
        if unclaimed
        else None,
    )
    return Placed(event, problem, ours)


def assigned_to(event: Event, project: Project | None) -> Event:
    """An event that waited, in the project that a person assigned it to; or as it came, for none."""
    where = dict(event.place or {})
    came = where.pop("was", None) or event.objects
    if project is None:
        return replace(event, objects=came, project=None, client=None, history=False, place=where)
    return replace(
        event,
        objects=came,
        project=project.id,
        client=project.client,
        history=is_history(project, event.at),
        place={**where, "was": came},
    )


def place_all(
    workspace: Workspace,
    connection: str,
    found: Iterable[SourceEvent],
    received_at: datetime,
    lines_of: Callable[[str], Mapping[str, str | None]],
    home_of: Callable[[str], str | None] = lambda _key: None,
    remembered: Remembered = lambda _id: None,
) -> list[Placed]:
    """The events of one delivery, and one void for each allocation line that a document had before and has no longer.

    lines_of: key -> project of all the lines that a document of this connection ever had.
    remembered: what a person decided about places that no single project claims.
    home_of: the project that a key of this connection had before, for what says nothing of where it belongs (time that
        was deleted together with its issue).
    """
    sources = list(found)
    placed = [
        place(
            workspace,
            connection,
            s,
            received_at,
            None if any(s.scope.values()) else home_of(s.key),
            remembered,
        )
        for s in sources
    ]
    latest = {
        s.object["document"]: s for s in sources if s.object.get("document") and "allocations" in s.object
    }
    for document, like in latest.items():
        for key, home in sorted(lines_of(document).items()):
            if key not in like.object["allocations"]:
                placed.append(place(workspace, connection, _void(like, key), received_at, home))
    return placed


def _void(like: SourceEvent, key: str) -> SourceEvent:
    """The void of one allocation line, as of the version of the document that no longer has it."""
    noun = like.type.split(".")[0]
    kind = {"expense": "expense.rejected", "payment": "payment.refunded"}.get(noun, f"{noun}.voided")
    return replace(like, type=kind, key=key, object={**like.object, "id": key, "status": "void"})


def claiming(workspace: Workspace, connection: str, source: SourceEvent) -> list[Project]:
    """Every project of the workspace that says this event is its own."""
    named = source.scope.get("workspace_project")
    if named is not None:
        return [workspace.projects[named]] if named in workspace.projects else []
    if source.scope.get("contact") is not None:
        return _of_contact(workspace, str(source.scope["contact"]))
    return [
        p
        for p in workspace.projects.values()
        if any(_tracks(t, connection, source) for t in p.tracked_by)
        or any(_books(b, connection, source) for b in p.booked_in)
    ]


def is_stranger(workspace: Workspace, source: SourceEvent) -> bool:
    """Whether what somebody wrote comes from no contact of any client: nothing that the record has a place for."""
    address = source.scope.get("contact")
    return address is not None and _contact(workspace, str(address)) is None


def _contact(workspace: Workspace, address: str) -> Person | None:
    people = (p for p in workspace.people.values() if p.client is not None)
    return next((p for p in people if p.email.lower() == address.lower()), None)


def _of_contact(workspace: Workspace, address: str) -> list[Project]:
    """The projects that a contact of a client may be writing about."""
    person = _contact(workspace, address)
    return [
        p
        for p in workspace.projects.values()
        if person and p.client == person.client and p.status not in _OVER
    ]


def is_history(project: Project, at: datetime) -> bool:
    """Whether something happened before the project was live here: it builds the record and sends nothing."""
    if project.live_since is None:
        return False
    return at < local_to_utc(project.live_since, time(0), project.time_zone)


def _tracks(tracking: Tracking, connection: str, source: SourceEvent) -> bool:
    return tracking.connection == connection and tracking.project == source.scope.get("project")


def _books(booking: Booking, connection: str, source: SourceEvent) -> bool:
    """Every word that the booking gives must hold; one that gives none claims nothing."""
    if booking.connection != connection or not (booking.customer or booking.tag or booking.match):
        return False
    if booking.customer is not None and booking.customer != source.scope.get("customer"):
        return False
    if booking.tag is not None and booking.tag not in source.scope.get("tags", ()):
        return False
    return booking.match is None or _matches(booking.match, source)


def _matches(text: str, source: SourceEvent) -> bool:
    # A bill, an invoice or a payment is an entry of the ledger too, by whichever name the condition asks.
    objects = {EVENTS[source.type].object: source.object, "entry": source.object}

    def resolve(name: str) -> Any:
        noun, _, field = name.partition(".")
        return objects.get(noun, {}).get(field, UNKNOWN)

    try:
        return _compiled(text).value(resolve) is True
    except ExpressionError:
        return False


@lru_cache(maxsize=512)
def _compiled(text: str) -> Expression:
    """The expression of a `match`. Raises ExpressionError for one that cannot be compiled: `check` told of it."""
    found, problems = compile_match(text, Position("match", 1, 1))
    if found is None:
        raise ExpressionError(str(problems[0]))
    return found


def _known_people(workspace: Workspace, connection: str, record: Record) -> Record:
    return {k: _person(workspace, connection, v) if k in PEOPLE else v for k, v in record.items()}


def _person(workspace: Workspace, connection: str, account: Any) -> Any:
    """The person's key for an account of the source, or the account itself for someone unknown."""
    if not isinstance(account, str):
        return account
    for person in workspace.people.values():
        if person.accounts.get(connection) == account or person.email.lower() == account.lower():
            return person.id
    return account


def _place_of(
    id: str, source: SourceEvent, found: list[Project], problem: str | None, was: Mapping[str, Record] | None
) -> Record:
    says = {k: list(v) if isinstance(v, tuple) else v for k, v in source.scope.items() if v}
    place: Record = {"id": id, "says": says, "claimed_by": [p.id for p in found], "problem": problem}
    return place if was is None else {**place, "was": was}


def _problem(connection: str, source: SourceEvent, found: list[Project]) -> str:
    said = ", ".join(f"{k} {v}" for k, v in source.scope.items() if v) or "nothing to go by"
    if found and source.scope.get("contact") is not None:
        names = " or ".join(p.id for p in found)
        return f"{source.scope['contact']} wrote, and it may be about {names}; assign it in the inbox"
    if found:
        names = " and ".join(p.id for p in found)
        return (
            f"{names} both claim {source.key} from {connection} ({said}); assign it in the inbox, or make one "
            "`match` narrower"
        )
    return (
        f"no project claims {source.key} from {connection} ({said}); assign it in the inbox, or add it to "
        "`tracked_by` or `booked_in`"
    )
