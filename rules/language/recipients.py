"""Who an action goes to: the words of `to` and `not_to`, checked against everyone in reach.

In: a place in a file, the names in reach, the workspace and the projects the rule can speak about. Out: the words, and
for each what is known before any event: who it can be, and whether a client reads what is sent there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from rules.facts.project import CLIENT_ROLES, TEAM_ROLES, Person, Project, Workspace
from rules.language.names import TypeEnv
from rules.language.nearest import allowed_here, did_you_mean
from rules.language.sources import Source

PERSON_FIELDS: Final = frozenset(
    (
        "owner",
        "asked",
        "submitter",
        "author",
        "assignee",
        "reporter",
        "approver",
        "requested_by",
        "contact",
        "by",
        "person",
        "attendees",
        "with",
    )
)
# Fields that can name a client's contact: what goes there is held to the rules for clients.
CLIENT_FIELDS: Final = frozenset(
    (
        "approval.asked",
        "action_item.owner",
        "comment.author",
        "issue.reporter",
        "change.requested_by",
        "complaint.contact",
        "decision.by",
        "survey.contact",
        "meeting.attendees",
        "contact.with",
    )
)

WordKind = Literal["client_role", "team_role", "person", "room", "field"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One word of `to`: what kind of word it is, who it can be, and whether a client may be among them."""

    word: str
    kind: WordKind
    people: tuple[Person, ...] = ()
    client_reads: bool = False


@dataclass(frozen=True, slots=True)
class Audience:
    """What the words of one rule can name: `projects` are those in reach, `variables` the defaults of packs."""

    env: TypeEnv
    workspace: Workspace
    projects: Sequence[Project]
    variables: Mapping[str, Any]

    @property
    def contacts(self) -> tuple[Person, ...]:
        """Every contact of the clients in reach."""
        clients = {p.client for p in self.projects}
        return tuple(p for p in self.workspace.people.values() if p.client in clients)

    @property
    def team(self) -> tuple[Person, ...]:
        """Everyone of the team."""
        return tuple(p for p in self.workspace.people.values() if p.client is None)


def read_recipients(source: Source, audience: Audience) -> tuple[Recipient, ...]:
    """The recipients that stand at a place; words that name nobody are told."""
    given = source.value
    places = (
        [source.below(i) for i in range(len(given))] if isinstance(given, list) else [source] if given else []
    )
    found = [_recipient(place, str(place.value), audience) for place in places if not place.flagged]
    return tuple(one for one in found if one is not None)


def _recipient(source: Source, word: str, audience: Audience) -> Recipient | None:
    side, _, role = word.partition(".")
    if "@" in word:
        _address(source, word, audience)
        return None
    if side == "client" and role in CLIENT_ROLES:
        return _role(source, word, role, audience, client=True)
    if side == "project" and role in _team_roles(audience):
        return _role(source, word, role, audience, client=False)
    if side == "vars":
        return _variable(source, word, role, audience)
    if side in ("client", "project") and f"{side}.{role}" not in audience.env.names:
        roles = [
            f"{s}.{r}"
            for s, all_of in (("client", CLIENT_ROLES), ("project", _team_roles(audience)))
            for r in all_of
        ]
        source.tell(f"there is no role `{word}`", allowed_here(word, roles, "roles"))
        return None
    return _field(source, word, audience) if role else _key(source, word, audience)


def _role(source: Source, word: str, role: str, audience: Audience, *, client: bool) -> Recipient | None:
    people: dict[str, Person] = {}
    without: list[Project] = []
    for project in audience.projects:
        # Before all absences and successions: who stands in for whom is a matter of the day.
        held = audience.workspace.holders(role, project, date.min)
        held = [p for p in held if p.client == project.client] if client else held
        people |= {p.id: p for p in held}
        without += [] if held else [project]
    if without:
        severity: Literal["error", "warning"] = (
            "warning" if all(p.status == "draft" for p in without) else "error"
        )
        named = ", ".join(f"`{p.id}`" for p in without[:5]) + (", ..." if len(without) > 5 else "")
        source.tell(f"nobody is {word} of {named}", _who(role, without[0], client), severity=severity)
    return Recipient(word, "client_role" if client else "team_role", tuple(people.values()), client)


def _who(role: str, project: Project, client: bool) -> str:
    if client:
        return f"give a contact of client `{project.client}` the role {role}, or leave the project out with `scope`"
    if role == "deputy":
        return "name a `deputy` in the project"
    return f"give a person the role {role}, or name one in `roles:` of the project"


def _team_roles(audience: Audience) -> tuple[str, ...]:
    own = {role for p in audience.workspace.projects.values() for role in p.roles} - set(CLIENT_ROLES)
    return tuple(dict.fromkeys((*TEAM_ROLES, *sorted(own))))


def _variable(source: Source, word: str, name: str, audience: Audience) -> Recipient | None:
    if word not in audience.env.names:
        source.tell(*audience.env.explain_unknown(word))
        return None
    values = {
        audience.variables.get(name),
        *(v.get(name) for v in _levels(audience.workspace, audience.projects)),
    }
    words = sorted(str(value) for value in values if value is not None)
    found = [one for value in words if (one := _recipient(source, value, audience)) is not None]
    people = {person.id: person for one in found for person in one.people}
    kind: WordKind = "room" if any(one.kind == "room" for one in found) else "field"
    return Recipient(word, kind, tuple(people.values()), any(one.client_reads for one in found))


def _levels(workspace: Workspace, projects: Iterable[Project]) -> Iterable[Mapping[str, Any]]:
    yield workspace.vars
    for project in projects:
        yield workspace.clients[project.client].vars
        yield project.vars


def _field(source: Source, word: str, audience: Audience) -> Recipient | None:
    if word not in audience.env.names:
        source.tell(*audience.env.explain_unknown(word))
        return None
    if word.rpartition(".")[2] not in PERSON_FIELDS:
        people = sorted(n for n in audience.env.names if n.rpartition(".")[2] in PERSON_FIELDS)
        source.tell(f"`{word}` names no person", allowed_here(word, people, "people"))
        return None
    reads = word in CLIENT_FIELDS
    return Recipient(word, "field", audience.contacts if reads else audience.team, reads)


def _key(source: Source, word: str, audience: Audience) -> Recipient | None:
    workspace = audience.workspace
    if word in workspace.connections:
        return Recipient(word, "room")
    person = workspace.people.get(word)
    if person is None:
        _unknown_key(source, word, audience)
        return None
    others = sorted({p.client for p in audience.projects} - {person.client})
    if person.client is not None and others:
        role = (*person.roles, "sponsor")[0]
        hint = f"write `scope: {{clients: [{person.client}]}}`, or a role such as client.{role}"
        told = f"`{word}` is a contact of client `{person.client}`, and this rule also speaks about `{others[0]}`"
        source.tell(told, hint)
        return None
    return Recipient(word, "person", (person,), person.client is not None)


def _unknown_key(source: Source, word: str, audience: Audience) -> None:
    workspace = audience.workspace
    roles = [f"client.{r}" for r in CLIENT_ROLES] + [f"project.{r}" for r in _team_roles(audience)]
    as_role = next((r for r in roles if r.endswith(f".{word}")), None)
    if as_role:
        source.tell(f"`{word}` is no person", f"did you mean `{as_role}`?")
    else:
        known = [*workspace.people, *workspace.connections, *roles]
        hint = (
            did_you_mean(word, known)
            or "write client.ROLE, project.ROLE, a person's key, or a chat connection"
        )
        source.tell(f"there is no person or connection `{word}`", hint)


def _address(source: Source, word: str, audience: Audience) -> None:
    by_mail = next((k for k, p in audience.workspace.people.items() if p.email == word), None)
    hint = f"did you mean `{by_mail}`?" if by_mail else "people and their addresses stand in accord.yaml"
    source.tell("a recipient is a role or a person's key, not an address", hint)
