"""Pauses, the state of connections (cursor, breaker), heartbeats of processes, and kept versions of files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select, update

from service.store.database import from_iso, insert_new, iso, upsert
from service.store.tables import connection_states, heartbeats, pauses, versions

PAUSABLE = ("everything", "connection", "project", "rule")


@dataclass(frozen=True, slots=True)
class Paused:
    """What stands still now."""

    everything: bool
    connections: frozenset[str]
    projects: frozenset[str]
    rules: frozenset[str]


@dataclass(frozen=True, slots=True)
class Standing:
    """`name in standing`: nothing leaves by this connection now."""

    everything: bool
    connections: frozenset[str]

    def __contains__(self, name: object) -> bool:
        return self.everything or name in self.connections


def pause(connection: Connection, kind: str, id: str, by: str, now: datetime) -> None:
    """Stop what leaves for a connection, a project, a rule, or everything (id "*")."""
    insert_new(connection, pauses, [{"kind": kind, "id": id, "by": by, "at": iso(now)}])


def resume(connection: Connection, kind: str, id: str) -> bool:
    """End a pause; false when there was none."""
    return connection.execute(delete(pauses).where(pauses.c.kind == kind, pauses.c.id == id)).rowcount == 1


def paused(connection: Connection) -> Paused:
    """All pauses."""
    rows = connection.execute(select(pauses.c.kind, pauses.c.id)).all()
    of = {kind: frozenset(r.id for r in rows if r.kind == kind) for kind in PAUSABLE}
    return Paused(bool(of["everything"]), of["connection"], of["project"], of["rule"])


def standing_still(connection: Connection, now: datetime) -> Standing:
    """The connections that nothing may leave by at this moment: paused, or resting after failures."""
    still = paused(connection)
    resting = connection.execute(
        select(connection_states.c.name).where(connection_states.c.open_until > iso(now))
    )
    return Standing(still.everything, still.connections | frozenset(resting.scalars()))


def connection_state(connection: Connection, name: str) -> dict[str, Any]:
    """The stored state of a connection, or the state of one never used."""
    return connection_states_of(connection, (name,))[name]


def connection_states_of(connection: Connection, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The states of these connections by name."""
    wanted = list(names)
    rows = connection.execute(
        select(connection_states).where(connection_states.c.name.in_(wanted))
    ).mappings()
    found = {row["name"]: dict(row) for row in rows}
    unused = {c.name: None for c in connection_states.c} | {"failures": 0, "trips": 0}
    return {name: found.get(name) or {**unused, "name": name} for name in wanted}


def set_connection_state(connection: Connection, name: str, **values: Any) -> None:
    """Replace some words of a connection's state; times are given as they are stored."""
    insert_new(connection, connection_states, [{"name": name, "failures": 0, "trips": 0}])
    connection.execute(update(connection_states).where(connection_states.c.name == name).values(**values))


def beat(connection: Connection, process: str, role: str, now: datetime, ruleset: str | None = None) -> None:
    """A process says that it lives, and by which rule set it works."""
    upsert(connection, heartbeats, [{"process": process, "role": role, "at": iso(now), "ruleset": ruleset}])


def forget_beats(connection: Connection, processes: Iterable[str]) -> None:
    """These processes ended as they should."""
    connection.execute(delete(heartbeats).where(heartbeats.c.process.in_(list(processes))))


@dataclass(frozen=True, slots=True)
class Beat:
    """A process that said that it lives, what it plays, when, and by which rule set it works."""

    process: str
    role: str
    at: datetime
    ruleset: str | None


def beats(connection: Connection) -> list[Beat]:
    """Every process that was heard of."""
    rows = connection.execute(select(heartbeats).order_by(heartbeats.c.at))
    return [Beat(r.process, r.role, from_iso(r.at), r.ruleset) for r in rows]


def last_beats(connection: Connection) -> dict[str, datetime]:
    """Role -> when a process of it was last heard of."""
    return {beat.role: beat.at for beat in beats(connection)}


def keep_version(connection: Connection, kind: str, version: str, data: str, now: datetime) -> None:
    """Keep the text of a rule set or workspace under its content hash."""
    insert_new(connection, versions, [{"kind": kind, "version": version, "data": data, "at": iso(now)}])


class KeptVersion(NamedTuple):
    """A kept version, and since when (ISO, UTC)."""

    version: str
    at: str


def kept_versions(connection: Connection, kind: str, limit: int) -> list[KeptVersion]:
    """The versions that are kept, the newest first."""
    rows = connection.execute(
        select(versions.c.version, versions.c.at)
        .where(versions.c.kind == kind)
        .order_by(versions.c.at.desc(), versions.c.version)
        .limit(limit)
    )
    return [KeptVersion(row.version, row.at) for row in rows]


def version_data(connection: Connection, kind: str, version: str) -> str | None:
    """The kept text of that version, or none."""
    return connection.execute(
        select(versions.c.data).where(versions.c.kind == kind, versions.c.version == version)
    ).scalar()
