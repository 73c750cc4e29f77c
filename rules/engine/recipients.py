"""Who and what an action reaches: the words of `to`, `not_to` and `target` in, people, rooms and issues out.

A role means everyone who holds it on the day, whoever stands in for those who are away included. Nobody of another
client is ever reached. What cannot be found is told as a sentence beside what was found; nothing raises for data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rules.engine.names import Names
from rules.facts.calendar import local_day
from rules.facts.project import CLIENT_ROLES, Connection, Person, Project, Workspace
from rules.language.model import UNKNOWN


@dataclass(frozen=True, slots=True)
class Reached:
    """People and chat connections in the order named, each once, and a sentence for each word that led nowhere."""

    people: tuple[Person, ...] = ()
    rooms: tuple[Connection, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def nobody(self) -> bool:
        """Whether there is neither a person nor a room."""
        return not self.people and not self.rooms


@dataclass(frozen=True, slots=True)
class Issue:
    """A place on a tracker: the connection and the issue's key there."""

    connection: str
    key: str

    @property
    def target(self) -> str:
        """The issue as a target of actions: "tracker/APO-1"."""
        return f"{self.connection}/{self.key}"


@dataclass
class _Found:
    """What the words came to so far."""

    names: Names
    people: dict[str, Person] = field(default_factory=dict)
    rooms: dict[str, Connection] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    @property
    def workspace(self) -> Workspace:
        return self.names.facts.state.workspace

    @property
    def project(self) -> Project | None:
        return self.names.facts.project


def reach(words: Any, names: Names) -> Reached:
    """Everyone and every room that these words name: roles, fields that hold a person, people's keys, connections."""
    found = _Found(names)
    for word in as_list(words):
        _resolve(found, str(word))
    return Reached(tuple(found.people.values()), tuple(found.rooms.values()), tuple(found.missing))


def without(reached: Reached, words: Any, names: Names) -> Reached:
    """The same without those whom `not_to` names; a word of it that names nobody removes nobody."""
    removed = reach(words, names)
    gone = {p.id for p in removed.people}
    closed = {r.name for r in removed.rooms}
    return Reached(
        tuple(p for p in reached.people if p.id not in gone),
        tuple(r for r in reached.rooms if r.name not in closed),
        reached.missing,
    )


def issues(target: Any, names: Names) -> tuple[tuple[Issue, ...], str | None]:
    """The issues that a target names, each once: `project.home`, `issue`, `change.issues`; or why they are not known.

    A target that is none (a project without a home, a change without issues) is nothing to do, and no problem.
    """
    value = _value(target, names)
    shown = target.text if hasattr(target, "text") else target
    if value is UNKNOWN:
        return (), f"{shown} is not known for this event"
    named = [one for one in as_list(value) if one is not None]
    found = [_issue(one) or _by_key(one, names.facts.project) for one in named]
    if None in found:
        return (), f"{shown} is {str(named[found.index(None)])[:80]!r}, which names no issue"
    return tuple(dict.fromkeys(issue for issue in found if issue is not None)), None


def client_reads(project: Project | None, connection: str) -> bool:
    """Whether the client reads what is written on that tracker."""
    return project is not None and any(
        t.client_can_read for t in project.tracked_by if t.connection == connection
    )


def as_list(value: Any) -> list[Any]:
    """One thing or several, as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]


def _resolve(found: _Found, word: str) -> None:
    side, _, role = word.partition(".")
    if side in ("client", "project") and role and _is_role(side, role, found.project):
        _holders(found, word, side, role)
    elif "." in word:
        _named_by_field(found, word)
    elif word in found.workspace.people:
        _person(found, word, word)
    elif word in found.workspace.connections:
        found.rooms[word] = found.workspace.connections[word]
    else:
        found.missing.append(f"{word} is neither a person nor a connection of the workspace")


def _is_role(side: str, role: str, project: Project | None) -> bool:
    return (
        side == "client"
        or role in ("lead", "deputy", "finance", "member", *CLIENT_ROLES)
        or (project is not None and role in project.roles)
    )


def _holders(found: _Found, word: str, side: str, role: str) -> None:
    workspace, project = found.workspace, found.project
    if project is not None:
        day = local_day(found.names.facts.state.now, project.time_zone)
        held: Iterable[Person] = workspace.holders(role, project, day)
        held = [p for p in held if side == "project" or p.client == project.client]
    else:
        held = _without_project(found, side, role)
    present = [p for p in held if not _gone(p, found)]
    for person in present:
        _add(found, person)
    if not present:
        found.missing.append(f"nobody holds {word}{f' for {project.id}' if project else ''} today")


def _without_project(found: _Found, side: str, role: str) -> list[Person]:
    """Holders for an event of a client or of the house as a whole."""
    client, day = found.names.facts.client, found.names.facts.today
    everyone: Mapping[str, Person] = found.workspace.people
    wanted = (
        client.contacts if side == "client" and client else [k for k, p in everyone.items() if not p.client]
    )
    keys = [
        k for k in wanted if k in everyone and role in everyone[k].roles and (side == "project" or client)
    ]
    covered = [found.workspace.cover(k, day) for k in keys]
    return [p for p in covered if p is not None]


def _named_by_field(found: _Found, word: str) -> None:
    value = found.names(word)
    if value is UNKNOWN:
        found.missing.append(f"{word} is not known for this event")
        return
    if value is None and word.startswith("vars."):
        return  # A variable that is none says: nobody is wanted here.
    named = [one for one in as_list(value) if one is not None]
    if not named:
        found.missing.append(f"{word} is nobody")
    for one in named:
        _value_of_field(found, word, str(one))


def _value_of_field(found: _Found, word: str, value: str) -> None:
    side, _, role = value.partition(".")
    if value in found.workspace.people:
        _person(found, word, value)
    elif value in found.workspace.connections:
        found.rooms[value] = found.workspace.connections[value]
    elif side in ("client", "project") and role and _is_role(side, role, found.project):
        _holders(found, value, side, role)
    else:
        found.missing.append(f"{word} is {value[:80]!r}, who is not among the people of the workspace")


def _person(found: _Found, word: str, key: str) -> None:
    person = found.workspace.cover(key, found.names.facts.today)
    if person is None or _gone(person, found):
        found.missing.append(f"{word} ({key}) has left, and nobody is named as successor")
    else:
        _add(found, person)


def _add(found: _Found, person: Person) -> None:
    client = found.names.facts.client
    if person.client is not None and (client is None or person.client != client.id):
        here = f"client {client.id}" if client else "no client"
        found.missing.append(f"{person.id} is a contact of client {person.client}, and this concerns {here}")
        return
    found.people.setdefault(person.id, person)


def _gone(person: Person, found: _Found) -> bool:
    return person.until is not None and found.names.facts.today > person.until


def _value(target: Any, names: Names) -> Any:
    if hasattr(target, "value"):
        return target.value(names)
    value = names(str(target))
    literal = isinstance(target, str) and target.partition("/")[0] in names.facts.state.workspace.connections
    return target if value is UNKNOWN and literal else value


def _issue(value: Any) -> Issue | None:
    if isinstance(value, Mapping):
        if "key" in value and value.get("connection"):
            return Issue(str(value["connection"]), str(value["key"]))
        value = _document(value) if "measure" in value else value.get("id")
    connection, slash, key = str(value).partition("/")
    return Issue(connection, key) if slash and connection and key else None


def _by_key(value: Any, project: Project | None) -> Issue | None:
    """A bare key, such as APO-7, is one of the project's main tracker."""
    trackers = sorted(project.tracked_by if project else (), key=lambda t: not t.main)
    fits = isinstance(value, str) and value and "/" not in value and trackers
    return Issue(trackers[0].connection, value) if fits else None


def _document(entry: Mapping[str, Any]) -> str | None:
    """The document behind an entry, connection/type/id; an entry without a source has none."""
    parts = str(entry.get("id")).split("/")
    return f"{parts[0]}/{parts[2]}/{parts[3]}" if len(parts) == 5 else None


def channel(person: Person, workspace: Workspace) -> tuple[str, str] | None:
    """(connection, account) of the person's own chat channel, or none when mail is the way to reach them."""
    connection = person.channel
    if connection is None or connection not in workspace.connections or connection not in person.accounts:
        return None
    return connection, person.accounts[connection]
