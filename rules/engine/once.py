"""`once_per`: which keys a rule has spoken about.

In: a rule with its names, the copies planned, later what became of them. Out: the record of a key, which is given back
when nothing about it ever left.
"""

from __future__ import annotations

from collections.abc import Iterable

from rules.engine.names import Names
from rules.engine.state import Draft
from rules.engine.told import TELLING
from rules.engine.verdicts import Planned
from rules.facts.event import Event, Record
from rules.language.model import UNKNOWN, Rule


def once_id(rule: Rule, names: Names) -> str | None:
    """The id of the record that says this rule spoke about this key already; none when part of the key is unknown."""
    values = [names(name) for name in rule.once_per]
    if any(v is UNKNOWN for v in values):
        return None
    return "|".join([rule.id, *("none" if v is None else str(v) for v in values)])


def once_record(id: str, rule: Rule, names: Names, actions: Iterable[Planned]) -> Record:
    """What is kept of a rule that spoke about a key: by which event, and the copies that say so."""
    client = names.facts.client
    return {
        "id": id,
        "project": names.facts.event.project,
        "client": client.id if client else None,
        "rule": rule.id,
        "event": names.facts.event.id,
        "copies": {p.id: "planned" for p in actions if p.kind in TELLING},
        "given_back": False,
    }


def settle_once(event: Event, draft: Draft) -> None:
    """What became of a message: when every copy about a key failed, the rule may speak about it again."""
    noun, _, state = event.type.partition(".")
    action = event.objects.get("message", {}).get("id")
    if noun != "message" or state not in ("sent", "failed", "unknown") or event.project is None:
        return
    for record in draft.find("once", event.project):
        if action in record["copies"]:
            copies = {**record["copies"], action: state}
            nothing_left = all(became == "failed" for became in copies.values())
            draft.put("once", {**record, "copies": copies, "given_back": nothing_left})
