"""Where the copies of one message go: people and rooms in, one `Copy` for each out.

In: an entry of `do:` and the rule that fires. Out: copies, and a sentence in the outcome for everything that leads
nowhere. Who speaks for the project is asked here as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rules.engine.firing import Firing, Outcome, lead_of
from rules.engine.recipients import Reached, as_list, channel, reach, without
from rules.facts.project import Connection, Person
from rules.language.model import ActionSpec, Rule


@dataclass(frozen=True, slots=True)
class Copy:
    """Where one copy goes. `whom` tells copies of one entry apart; the rest is as in `Planned`.

    text: in place of the entry's own.
    """

    kind: str
    whom: str
    target: str
    locale: str
    recipient: str | None = None
    address: str | None = None
    connection: str | None = None
    client_facing: bool = False
    text: Any = None


def people_copies(firing: Firing, spec: ActionSpec, done: Outcome) -> list[Copy]:
    """Everyone and every room that one entry goes to; what leads nowhere joins `done.problems`."""
    reached = reach(spec.keys.get("to"), firing.names)
    done.problems += [f"{spec.id}: {sentence}" for sentence in reached.missing]
    left = without(reached, spec.keys["not_to"], firing.names) if spec.keys.get("not_to") else reached
    if left.nobody and not reached.nobody:
        return _nobody_left(firing, spec, done)
    done.problems += [f"{spec.id}: {sentence}" for sentence in _misplaced(spec.kind, left)]
    people = [p for p in left.people if spec.kind != "task" or not p.client]
    rooms = [_room_copy(room, firing) for room in left.rooms] if spec.kind == "chat" else []
    return [*rooms, *(person_copy(spec.kind, p, firing) for p in people)]


def _misplaced(kind: str, reached: Reached) -> list[str]:
    """What this kind of entry cannot reach: contacts with a task, rooms with anything but chat."""
    contacts = [p.id for p in reached.people if p.client] if kind == "task" else []
    rooms = [room.name for room in reached.rooms] if kind != "chat" else []
    return [
        *(f"{name} is a client's contact, and tasks are for the team" for name in contacts),
        *(f"{name} is a connection, and this goes to people" for name in rooms),
    ]


def _nobody_left(firing: Firing, spec: ActionSpec, done: Outcome) -> list[Copy]:
    """Everyone it was meant for is left out by `not_to`: the lead gets a task that says so."""
    lead = lead_of(firing)
    if lead is None:
        done.problems.append(f"{spec.id}: nobody is left to tell, and the project has no lead")
        return []
    return [
        replace(
            person_copy("task", lead, firing), whom=f"nobody:{lead.id}", text=_nobody_text(firing.rule, spec)
        )
    ]


def _nobody_text(rule: Rule, spec: ActionSpec) -> Mapping[str, Any]:
    to, not_to = (", ".join(map(str, as_list(spec.keys[key]))) for key in ("to", "not_to"))
    by_locale = {}
    for locale, (subject, body) in _NOBODY.items():
        title = subject.format(title=rule.title.get(locale) or rule.id)
        by_locale[locale] = {"subject": title, "body": body.format(to=to, not_to=not_to), "short": title}
    return {"inline": by_locale}


_NOBODY: Final[Mapping[str, tuple[str, str]]] = {
    "en": (
        "{title}: nobody is left to tell",
        "This was meant for {to}. Once {not_to} is taken out, nobody is left. Tell the client yourself.",
    ),
    "zh-CN": (
        "{title}：已无收件人",
        "本消息原应发给 {to}；除去 {not_to} 后已无收件人。请直接与客户沟通。",
    ),
}


def person_copy(kind: str, person: Person, firing: Firing) -> Copy:
    """A copy for one person: mail, their chat channel (mail where they have none), or a task."""
    client_facing = person.party == "client"
    if kind == "task":
        return Copy("task", person.id, f"task/{person.id}", person.locale, person.id)
    own = channel(person, firing.state.workspace) if kind == "chat" else None
    if own is not None:
        connection, account = own
        target = f"{connection}/{person.id}"
        return Copy("chat", person.id, target, person.locale, person.id, account, connection, client_facing)
    return Copy(
        "report" if kind == "report" else "email",
        person.id,
        f"mail/{person.id}",
        person.locale,
        person.id,
        person.email,
        client_facing=client_facing,
    )


def _room_copy(room: Connection, firing: Firing) -> Copy:
    locale = firing.state.workspace.locale
    return Copy("chat", room.name, room.name, locale, address=room.name, connection=room.name)
