"""People, contacts and clients of a workspace document."""

from __future__ import annotations

from datetime import date
from typing import Any

from rules.facts.duration import BadDuration, Duration
from rules.facts.money import Money
from rules.facts.project import Absence, Client, Person
from rules.language.workspace_values import START, Part, typed

HOURS = "09:00-18:00"


def person_of(key: str, part: Part, organisation: Part) -> Person:
    """Someone of the team; what they do not say is as the organisation has it."""
    return _person(key, part, organisation, None)


def contact_of(key: str, client: str, part: Part, defaults: Part) -> Person:
    """A client's contact; what they do not say is as their client has it."""
    return _person(key, part, defaults, client)


def client_of(key: str, part: Part, organisation: Part) -> Client:
    """A client."""
    given = part.value
    return Client(
        id=key,
        name=given["name"],
        locale=given["locale"],
        time_zone=part.zone("time_zone"),
        calendar=given.get("calendar", organisation.value.get("calendar", "")),
        hours=given.get("hours", HOURS),
        contacts=tuple(given["contacts"]),
        tags=tuple(given.get("tags", ())),
        at_most=_at_most(part.below("messages", "at_most")),
        digest=given.get("messages", {}).get("digest"),
        vars={k: typed(v) for k, v in given.get("vars", {}).items()},
    )


def _at_most(part: Part) -> tuple[int, Duration] | None:
    if part.value is None:
        return None
    try:
        return int(part.value["times"]), Duration.parse(part.value["per"])
    except BadDuration as error:
        part.tell("per", str(error))
        return None


def _person(key: str, part: Part, defaults: Part, client: str | None) -> Person:
    given, default = part.value, defaults.value
    return Person(
        id=key,
        name=given["name"],
        email=given["email"],
        roles=tuple(given.get("roles", ())),
        locale=given.get("locale", default["locale"]),
        time_zone=part.zone("time_zone", default["time_zone"]),
        calendar=given.get("calendar", default.get("calendar", "")),
        hours=given.get("hours", default.get("hours", HOURS)),
        client=client,
        channel=given.get("channel"),
        approves_up_to=part.money("approves_up_to"),
        accounts={k: str(v) for k, v in given.get("accounts", {}).items()},
        cost_rates=_rates(part, "cost_rate"),
        bill_rates=_rates(part, "bill_rate"),
        away=tuple(_absence(part.below("away", i)) for i in range(len(given.get("away", [])))),
        until=part.day("until") if "until" in given else None,
        successor=given.get("successor"),
        capacity=part.duration("capacity"),
    )


def _rates(part: Part, name: str) -> tuple[tuple[date, Money], ...]:
    """Dated rates, the earliest first; one rate alone holds from the beginning."""
    given: Any = part.value.get(name)
    if given is None:
        return ()
    if isinstance(given, str):
        rate = part.money(name)
        return ((START, rate),) if rate else ()
    rates = [(part.day(name, i, "from"), part.money(name, i, "rate")) for i in range(len(given))]
    return tuple(sorted(((day, rate) for day, rate in rates if rate), key=lambda r: r[0]))


def _absence(part: Part) -> Absence:
    found = Absence(part.day("from"), part.day("to"), part.value.get("delegate"))
    if found.end < found.start:
        part.tell("to", f"away until {found.end} ends before it begins", "`to` is the last day away")
    return found
