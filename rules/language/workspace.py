"""From the documents of a workspace to a checked `Workspace`.

In: the documents of accord.yaml, clients/*.yaml and projects/*.yaml, already read with positions. Out: the
workspace, or every problem at once with file, line, column and the mend. Secrets stay where they are: connection
settings are not part of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rules.facts import codec
from rules.facts.calendar import BadCalendar, WorkCalendar, make_calendar
from rules.facts.project import LINKS_LAST, RETENTION, Client, Connection, Person, Project, Tell, Workspace
from rules.language.documents import Document
from rules.language.model import Problem
from rules.language.nearest import allowed_here
from rules.language.renames import renames
from rules.language.schemas import check_schema
from rules.language.workspace_figures import check_pools
from rules.language.workspace_people import client_of, contact_of, person_of
from rules.language.workspace_projects import project_of
from rules.language.workspace_values import Part, typed

SECTIONS = ("people", "clients", "projects", "connections", "calendars")


def build(documents: Sequence[Document]) -> tuple[Workspace | None, list[Problem]]:
    """The workspace, or none with every problem found."""
    problems = [p for d in documents for p in check_schema(d, "workspace")]
    if any(p.severity == "error" for p in problems):
        return None, problems
    renamed, told = renames(documents)
    builder = _Builder([renamed.applied(d) for d in documents])
    found = builder.build()
    problems += [*told, *builder.problems]
    found = replace(found, renamed=renamed.by_kind) if found is not None else None
    return (None if any(p.severity == "error" for p in problems) else found), problems


class _Builder:
    """One build: parts by section and key, problems collected."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.problems: list[Problem] = []
        self.documents = documents
        self.main = next((d for d in documents if "organisation" in (d.value or {})), documents[0])
        self.parts: dict[str, dict[str, Part]] = {section: {} for section in SECTIONS}
        for document in documents:
            for section in SECTIONS:
                for key in (document.value or {}).get(section) or {}:
                    self._add(section, key, Part(document, (section, key), self.problems))

    def build(self) -> Workspace | None:
        """The workspace; what is wrong is in `problems`."""
        organisation = self._organisation()
        if organisation is None:
            return None
        calendars = self._calendars(organisation.value.get("calendar", ""))
        people = self._people(organisation)
        clients = {k: client_of(k, p, organisation) for k, p in self.parts["clients"].items()}
        projects = self._projects(organisation, people, clients)
        self._references(people)
        told = self._told(organisation, people)
        return Workspace(
            version=self._version(),
            name=organisation.value["name"],
            time_zone=organisation.zone("time_zone"),
            locale=organisation.value["locale"],
            calendar=organisation.value.get("calendar", ""),
            sender=organisation.value["from"],
            calendars=calendars,
            people=people,
            clients=clients,
            projects=projects,
            connections={k: _connection(k, p) for k, p in self.parts["connections"].items()},
            hours=organisation.value.get("hours", "09:00-18:00"),
            vars=self._vars(),
            tell=Tell(tuple(told.get("to", ())), told.get("chat")),
            retention=self._retention(),
            links_last=organisation.value.get("links_last", LINKS_LAST),
            closed_until=organisation.day("closed_until") if "closed_until" in organisation.value else None,
        )

    def _add(self, section: str, key: str, part: Part) -> None:
        if key in self.parts[section]:
            first = self.parts[section][key].at(key=True)
            self.problems.append(
                Problem(part.at(key=True), f"`{key}` stands in two files", f"the other is {first}")
            )
            return
        self.parts[section][key] = part

    def _organisation(self) -> Part | None:
        if "organisation" not in (self.main.value or {}):
            at = self.main.at(())
            self.problems.append(
                Problem(at, "`organisation` is missing", "it names you, your zone, locale and sender")
            )
            return None
        return Part(self.main, ("organisation",), self.problems)

    def _calendars(self, own: str) -> dict[str, WorkCalendar]:
        found: dict[str, WorkCalendar] = {}
        for name, part in self.parts["calendars"].items():
            given = part.value
            with part.refusing(BadCalendar):
                found[name] = make_calendar(
                    name,
                    given.get("base", ""),
                    given.get("week"),
                    [part.day("holidays", i) for i in range(len(given.get("holidays", [])))],
                    [part.day("workdays", i) for i in range(len(given.get("workdays", [])))],
                )
        used = [(own, Part(self.main, ("organisation",), self.problems))]
        for section in ("people", "clients", "projects"):
            for part in self.parts[section].values():
                used.append((part.value.get("calendar", ""), part))
                used += [(c.get("calendar", ""), part) for c in part.value.get("contacts", {}).values()]
        for name, part in used:
            if name not in found:
                with part.refusing(BadCalendar, "calendar"):
                    found[name] = make_calendar(name, name, None, [], [])
        return found

    def _people(self, organisation: Part) -> dict[str, Person]:
        people = {k: person_of(k, p, organisation) for k, p in self.parts["people"].items()}
        for client, part in self.parts["clients"].items():
            for key in part.value["contacts"]:
                contact = part.below("contacts", key)
                if key in people:
                    hint = "keys of people are identities: choose another"
                    self.problems.append(Problem(contact.at(key=True), f"`{key}` is a person already", hint))
                    continue
                people[key] = contact_of(key, client, contact, part)
        return people

    def _projects(
        self, organisation: Part, people: Mapping[str, Person], clients: Mapping[str, Client]
    ) -> dict[str, Project]:
        connections = self.parts["connections"]
        found = {}
        for key, part in self.parts["projects"].items():
            if part.value["client"] not in clients:
                part.tell(
                    "client",
                    f"there is no client `{part.value['client']}`",
                    allowed_here(part.value["client"], clients),
                )
                continue
            project = project_of(
                key, part, organisation, self.parts["clients"][part.value["client"]], people, connections
            )
            if project is not None:
                found[key] = project
        check_pools({key: (self.parts["projects"][key], project) for key, project in found.items()})
        return found

    def _references(self, people: Mapping[str, Person]) -> None:
        """Names of people in other people's parts have to exist."""
        team = {k: p for k, p in people.items() if p.party == "team"}
        for part in self.parts["connections"].values():
            part.known("owner", team)
        for key, part in self.parts["people"].items():
            _cover(part, {k: p for k, p in team.items() if k != key}, set(self.parts["connections"]))
        for client, part in self.parts["clients"].items():
            for key in part.value["contacts"]:
                same = {k: p for k, p in people.items() if p.client == client and k != key}
                _cover(part.below("contacts", key), same, set(self.parts["connections"]))

    def _retention(self) -> dict[str, str | None]:
        """`retention`, over what is kept where nothing is said; "forever" deletes nothing."""
        given = {k: v for d in self.documents for k, v in ((d.value or {}).get("retention") or {}).items()}
        return {**RETENTION, **{k: None if v == "forever" else v for k, v in given.items()}}

    def _told(self, organisation: Part, people: Mapping[str, Person]) -> dict[str, Any]:
        """`organisation.tell`, with every name held against what there is."""
        if "tell" not in organisation.value:
            return {}
        part = organisation.below("tell")
        part.known("chat", self.parts["connections"])
        team = [k for k, p in people.items() if p.party == "team"]
        for key in part.value.get("to", []):
            if key not in team:
                part.tell("to", f"`{key}` is nobody of the team", allowed_here(key, team))
        given: dict[str, Any] = part.value
        return given

    def _vars(self) -> dict[str, Any]:
        return {k: typed(v) for d in self.documents for k, v in ((d.value or {}).get("vars") or {}).items()}

    def _version(self) -> str:
        """The hash of what the files say: comments and order of files do not count."""
        said = codec.dumps(sorted(codec.dumps(d.value) for d in self.documents))
        return hashlib.sha256(said.encode()).hexdigest()[:16]


def _cover(part: Part, people: Mapping[str, Person], connections: set[str]) -> None:
    part.known("successor", people)
    for i in range(len(part.value.get("away", []))):
        part.below("away", i).known("delegate", people)
    for name in part.value.get("accounts", {}):
        if name not in connections:
            part.tell("accounts", f"there is no connection `{name}`", allowed_here(name, connections))


def _connection(name: str, part: Part) -> Connection:
    given = part.value
    return Connection(
        name=name,
        connector=given["connector"],
        owner=given.get("owner"),
        receive=given.get("receive", "hooks"),
        quiet_after=given.get("quiet_after"),
    )
