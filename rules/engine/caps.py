"""How often somebody is written to: `at_most` of a rule, `messages` of a client.

In: a message that may leave by everything else, and when messages left that count with it. Out: nothing (it may
leave), the same message held back until a moment, or why it is not said at all.

A cap of a rule counts for each entry of `do:`, each reader and each value of its key; what is over it goes to the
rule's digest, else it is suppressed. A client's cap counts all messages to one contact (or one place that the client
reads); what is over it waits: for the client's digest where there is one, else until there is room. Decisions and
confirmations pass both and are not counted; a correction note passes its rule's. A digest counts once, as it leaves.
One that leaves at a time of the day leaves then, whatever the caps say: it is what they are for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time

from rules.engine.noise import in_digest
from rules.engine.parties import reader_hours
from rules.engine.state import State
from rules.engine.told import TELLING
from rules.engine.verdicts import Planned
from rules.facts.calendar import shift
from rules.facts.duration import Duration
from rules.facts.working_hours import next_clock
from rules.language.model import Rule


@dataclass(frozen=True, slots=True)
class Spoken:
    """When messages left, or may have left, that count with this one.

    rule: those of its rule, as `Planned.counts` says.  client: those to its reader, of whatever rule.  gathering:
    others wait in the digest that it would go to.
    """

    rule: Sequence[datetime] = ()
    client: Sequence[datetime] = ()
    gathering: bool = False


def capped(planned: Planned, rule: Rule | None, state: State, spoken: Spoken) -> Planned | str | None:
    """None: it may leave. A message: held back, with `waits` and `due`. A sentence: suppressed, and why."""
    if planned.passes or planned.kind not in TELLING:
        return None
    held = _by_rule(planned, rule, state, spoken) if rule is not None else None
    return held if held is not None else _by_client(planned, state, spoken)


def counts_for_client(planned: Planned) -> bool:
    """Whether the message counts for the cap of its client."""
    facing = planned.client_facing and not planned.observed
    return facing and planned.kind in TELLING and not planned.passes


def _by_rule(planned: Planned, rule: Rule, state: State, spoken: Spoken) -> Planned | str | None:
    most, digest = rule.at_most, rule.digest
    if most is None or not planned.counts or planned.gathered == "client":
        return None
    on_time = planned.gathered == "rule" and digest is not None and digest.at is not None
    room = _room(planned, (most.times, most.per), spoken.rule, state)
    joins = digest is not None and spoken.gathering and planned.gathered != "rule"
    if on_time or (room is None and not joins):
        return None
    if digest is None:
        return (
            f"its rule has said this {most.times} times within {most.per} already, and the rest is left out"
        )
    held = in_digest(planned, rule, state)
    return replace(held, due=max(held.due, room)) if room is not None and digest.after is not None else held


def _by_client(planned: Planned, state: State, spoken: Spoken) -> Planned | None:
    client = state.workspace.clients.get(planned.client or "")
    if client is None or planned.gathered == "client" or not counts_for_client(planned):
        return None
    room = _room(planned, client.at_most, spoken.client, state) if client.at_most else None
    if client.digest is None or (client.at_most and room is None):
        return None if room is None else replace(planned, waits="cap", due=room, recheck=True, read_at=None)
    cals, _, zone = reader_hours(planned, state.workspace)
    due = next_clock(cals, zone, time.fromisoformat(client.digest), state.now)
    return replace(planned, waits="cap", due=due, recheck=True, gathered="client", read_at=None)


def _room(
    planned: Planned, most: tuple[int, Duration], times: Sequence[datetime], state: State
) -> datetime | None:
    """When one more may leave; none when it may now."""
    count, per = most
    cals, _, zone = reader_hours(planned, state.workspace)
    over = sorted(at for left in times if (at := shift(left, per, cals, zone)) > state.now)
    return over[-count] if len(over) >= count else None
