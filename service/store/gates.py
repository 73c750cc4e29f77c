"""May a call leave by this connection now: its breaker, its rate, and how many of its calls are under way.

In: a connection's limits and its stored state. Out: the room there is, and a place taken in it. All processes share
one state, so that ten workers together keep what one connection allows. The breaker is closed; open, until a moment
that grows with each try that failed; then half open: one call of all processes tries, and its end decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, func, select

from connectors.base import Limits
from service.store.database import from_iso, iso
from service.store.switches import connection_state, set_connection_state
from service.store.tables import actions, attempts, connection_states, reads

Breaker = Literal["closed", "open", "half_open"]
FAILURES: Final = 5
"""So many in a row open the breaker."""
FIRST_REST: Final = timedelta(seconds=60)
LONGEST_REST: Final = timedelta(minutes=10)
NOTED_EVERY: Final = timedelta(seconds=60)
"""How exactly the time of the last call is kept: writing it each time would make all calls wait for one row."""
MANY: Final = 1_000_000


def breaker(state: Mapping[str, Any], now: datetime) -> Breaker:
    """How the breaker of a connection in this state stands."""
    if state["open_until"] and from_iso(state["open_until"]) > now:
        return "open"
    return "half_open" if state["failures"] >= FAILURES else "closed"


def room(connection: Connection, name: str, limits: Limits, now: datetime) -> int:
    """How many calls may begin now; MANY where nothing limits them."""
    state = connection_state(connection, name)
    stands = breaker(state, now)
    if stands == "open" or (state["probe_until"] and from_iso(state["probe_until"]) > now):
        return 0
    free = 1 if stands == "half_open" else MANY
    if limits.concurrency:
        free = min(free, limits.concurrency - under_way(connection, name, now))
    if limits.per_minute:
        free = min(free, int(_allowance(state, limits.per_minute, now)))
    return max(0, free)


def enter(connection: Connection, name: str, limits: Limits, now: datetime, until: datetime) -> bool:
    """Take room for one call that is over by `until`; false when there is none. Needs a write transaction."""
    # Two processes that look at once must not both take the last place (SQLite has one writer anyway).
    connection.execute(
        select(connection_states.c.name).where(connection_states.c.name == name).with_for_update()
    )
    if room(connection, name, limits, now) < 1:
        return False
    state = connection_state(connection, name)
    taken: dict[str, Any] = {}
    if breaker(state, now) == "half_open":
        taken["probe_until"] = iso(until)
    if limits.per_minute:
        taken["allowance"] = _allowance(state, limits.per_minute, now) - 1
        taken["allowance_at"] = iso(now)
    if taken:
        set_connection_state(connection, name, **taken)
    return True


def answered(connection: Connection, name: str, now: datetime) -> None:
    """A call got an answer that says that the system over there works: the breaker closes."""
    state = connection_state(connection, name)
    last = state["last_call_at"]
    if state["failures"] or state["open_until"] or state["error"]:
        clean = {"failures": 0, "trips": 0, "open_until": None, "probe_until": None, "error": None}
        set_connection_state(connection, name, **clean, failing_since=None, last_call_at=iso(now))
    elif last is None or now - from_iso(last) > NOTED_EVERY:
        set_connection_state(connection, name, last_call_at=iso(now))


def failed(connection: Connection, name: str, error: str, asked: float | None, now: datetime) -> None:
    """Count a failure. The connection rests after several in a row, and for as long as the target asks (seconds)."""
    state = connection_state(connection, name)
    failures, trips = state["failures"] + 1, state["trips"]
    until = [now + timedelta(seconds=asked)] if asked else []
    if state["open_until"]:
        until.append(from_iso(state["open_until"]))
    # Calls that were under way when it opened say nothing new.
    if failures >= FAILURES and breaker(state, now) != "open":
        trips += 1
        until.append(now + min(FIRST_REST * 2 ** min(trips - 1, 10), LONGEST_REST))
    rest = max(until, default=None)
    set_connection_state(
        connection,
        name,
        failures=failures,
        trips=trips,
        open_until=iso(rest) if rest else None,
        probe_until=None,
        error=error[:500],
        failing_since=state["failing_since"] or iso(now),
        last_call_at=iso(now),
    )


def under_way(connection: Connection, name: str, now: datetime) -> int:
    """How many calls of the connection were begun and are not over."""
    lane = func.coalesce(actions.c.connection, actions.c.kind)
    calls = (
        select(func.count())
        .select_from(actions.join(attempts, attempts.c.action == actions.c.id))
        .where(
            actions.c.state == "sending",
            actions.c.lease_until > iso(now),
            lane == name,
            attempts.c.outcome.is_(None),
            attempts.c.token == actions.c.token,
        )
    )
    asked = select(func.count()).where(
        reads.c.state == "reading", reads.c.lease_until > iso(now), reads.c.connection == name
    )
    return int(connection.execute(calls).scalar() or 0) + int(connection.execute(asked).scalar() or 0)


def burst(per_minute: int) -> int:
    """How many calls may leave at once. The rest of the minute's calls are spread evenly, so that no 60 seconds, from
    whichever moment they are counted, hold more than `per_minute`.
    """
    return max(1, per_minute // 12)


def _allowance(state: Mapping[str, Any], per_minute: int, now: datetime) -> float:
    """Calls that the rate leaves at this moment."""
    most = burst(per_minute)
    if state["allowance"] is None or state["allowance_at"] is None:
        return float(most)
    passed = max(0.0, (now - from_iso(state["allowance_at"])).total_seconds())
    # Rounding must not keep the last call waiting for a moment that never comes.
    gained = float(state["allowance"]) + passed * (per_minute - most + 1) / 60
    return min(float(most), round(gained, 6))
