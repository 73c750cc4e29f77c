"""The service's metrics: requests counted here, everything else read from the record when asked for."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from service.state import Context
from service.store.database import StorageError, from_iso
from service.store.figures import by_state, oldest_waiting


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
        self._things = Gauge(
            "accord_things", "Rows by family and state", ["family", "state"], registry=self._registry
        )
        self._age = Gauge(
            "accord_oldest_waiting_seconds",
            "Age of the oldest waiting thing",
            ["family"],
            registry=self._registry,
        )
        self._up = Gauge("accord_database_up", "Whether the database answered", registry=self._registry)

    def text(self, context: Context) -> bytes:
        """The page that Prometheus reads."""
        try:
            with context.database.reading() as connection:
                counts, oldest = by_state(connection), oldest_waiting(connection)
        except StorageError:
            self._up.set(0)
            return generate_latest(self._registry)
        self._up.set(1)
        # A state that nothing is in any more must not keep its last figure.
        self._things.clear()
        for family, states in counts.items():
            for state, count in states.items():
                self._things.labels(family, state).set(count)
        for family, at in oldest.items():
            self._age.labels(family).set(_age(at, context.now()))
        return generate_latest(self._registry)


def _age(at: str | None, now: datetime) -> float:
    return max(0.0, (now - from_iso(at)).total_seconds()) if at else 0.0
