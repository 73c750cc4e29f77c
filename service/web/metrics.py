"""The service's metrics: requests counted here, everything else read from the record when asked for.

In: the parts of the web process. Out: the page that Prometheus reads. docs/operations.md lists every name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.state import Context
from service.store import attention, gates, troubles
from service.store.database import Connection, StorageError, from_iso
from service.store.figures import Attempts, by_state, waiting, waiting_deliveries
from service.store.switches import connection_state, connection_states_of, last_beats, paused
from service.troubles import OWN_RULE

Values = Mapping[tuple[str, ...], float]
BREAKERS: Final = ("closed", "open", "half_open")


class Metrics:
    """One a web process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.deliveries = Counter(
            "accord_deliveries_total",
            "Webhook calls by connection and status",
            ["connection", "status"],
            registry=self._registry,
        )
        self._up = Gauge("accord_database_up", "Whether the database answered", registry=self._registry)
        self._attempts = Attempts()

    def text(self, context: Context) -> bytes:
        """The page that Prometheus reads."""
        record = CollectorRegistry()
        try:
            found = list(_read(context, self._attempts))
        except StorageError:
            self._up.set(0)
            return generate_latest(self._registry)
        self._up.set(1)
        record.register(_Read(found))
        return generate_latest(self._registry) + generate_latest(record)


class _Read(Collector):
    """What was read, as a registry wants it."""

    def __init__(self, found: list[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found


def _read(context: Context, attempts: Attempts) -> Iterator[Metric]:
    now = context.now()
    with context.database.inbox_reading() as inbox, context.database.reading() as connection:
        yield _gauge("accord_things", "Rows by family and state", ("family", "state"), _things(connection))
        queues = waiting(connection, now) | {"delivery": waiting_deliveries(inbox, connection)}
        yield _gauge(
            "accord_waiting",
            "How many wait, by what they are",
            ("family",),
            {(name,): found.count for name, found in queues.items()},
        )
        yield _gauge(
            "accord_oldest_waiting_seconds",
            "Age of the oldest waiting thing",
            ("family",),
            {(name,): _age(found.oldest, now) for name, found in queues.items()},
        )
        yield _attempted(context, connection, attempts)
        yield from _connections(context, connection, inbox, now)
        yield from _letters(connection)
        yield from _service(context, connection, now)


def _things(connection: Connection) -> dict[tuple[str, ...], float]:
    return {
        (family, state): count
        for family, states in by_state(connection).items()
        for state, count in states.items()
    }


def _attempted(context: Context, connection: Connection, attempts: Attempts) -> Metric:
    known = context.rulebook.workspace.connections
    family = CounterMetricFamily(
        "accord_attempts_total", "Calls that ended, by how", labels=("connector", "connection", "outcome")
    )
    for (name, outcome), count in sorted(attempts.count(connection).items()):
        connector = known[name].connector if name in known else "email"
        family.add_metric((connector, name, outcome), count)
    return family


def _connections(
    context: Context, connection: Connection, inbox: Connection, now: datetime
) -> Iterator[Metric]:
    names = sorted({*context.rulebook.workspace.connections, context.rulebook.mail_connection})
    states = connection_states_of(connection, names)
    stands = {name: gates.breaker(state, now) for name, state in states.items()}
    last = {n: attention.last_delivery(inbox, n) or states[n]["last_delivery_at"] for n in names}
    still = paused(connection)
    for name, says, values in (
        ("failures", "Calls that failed in a row", {n: s["failures"] for n, s in states.items()}),
        ("silent", "1 while it says nothing longer than it may", {n: _is(s) for n, s in states.items()}),
        ("paused", "1 while it is paused", {n: float(n in still.connections) for n in names}),
        (
            "last_delivery_age_seconds",
            "Since when nothing was heard of it",
            {n: _age(at, now) for n, at in last.items() if at},
        ),
    ):
        shown: Values = {(n,): float(value) for n, value in values.items()}
        yield _gauge(f"accord_connection_{name}", says, ("connection",), shown)
    yield _gauge(
        "accord_connection_breaker",
        "1 for the state that the breaker is in",
        ("connection", "state"),
        {(n, state): float(stands[n] == state) for n in names for state in BREAKERS},
    )


def _is(state: Mapping[str, Any]) -> float:
    return float(bool(state["silent_since"]))


def _letters(connection: Connection) -> Iterator[Metric]:
    for name, state, says in (
        ("dead_letters", "dead", "Given up and not settled"),
        ("outcome_unknown", "unknown", "Not known whether it arrived"),
    ):
        piles = troubles.piles(connection, state, without=OWN_RULE)
        counts: Values = {(p.connection,): p.count for p in piles}
        yield _gauge(f"accord_{name}", says, ("connection",), counts)


def _service(context: Context, connection: Connection, now: datetime) -> Iterator[Metric]:
    cursor = connection_state(connection, "$clock")["cursor"]
    late = _age(cursor, now) if cursor else 0.0
    yield _gauge("accord_clock_late_seconds", "Since when the clock has made no turn", (), {(): late})
    seen: Values = {(role,): _age(at, now) for role, at in last_beats(connection).items()}
    yield _gauge("accord_part_last_seen_seconds", "Since when a part was not heard of", ("part",), seen)
    book = context.rulebook
    yield _gauge("accord_rules_info", "The rule set in force", ("version",), {(book.rules.version,): 1})
    yield _gauge("accord_rules_refused", "Problems of an edit not taken", (), {(): len(book.refused)})
    told: dict[tuple[str, ...], float] = {}
    for kind, _ in troubles.told(connection):
        told[(kind,)] = told.get((kind,), 0) + 1
    yield _gauge("accord_troubles", "What the team was told and is not over", ("kind",), told)
    kinds = paused(connection)
    stops = {"everything": kinds.everything, "connection": len(kinds.connections)}
    stops |= {"project": len(kinds.projects), "rule": len(kinds.rules)}
    yield _gauge(
        "accord_pauses", "What stands still, by kind", ("kind",), {(k,): n for k, n in stops.items()}
    )


def _gauge(name: str, says: str, labels: tuple[str, ...], values: Values) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, says, labels=labels)
    for given, value in sorted(values.items()):
        family.add_metric(given, float(value))
    return family


def _age(at: datetime | str | None, now: datetime) -> float:
    moment = from_iso(at) if isinstance(at, str) else at
    return max(0.0, (now - moment).total_seconds()) if moment else 0.0
