"""All tables, in one place to read. Times are ISO 8601 UTC texts with microseconds, so that they sort and read
alike on SQLite and PostgreSQL; `data` columns hold the canonical JSON of rules.facts.codec.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)
inbox_metadata = MetaData(naming_convention=metadata.naming_convention)

TIME = String(32)
ID = String(200)

# --- the inbox: a file of its own on SQLite, which only the web process writes -----------------------------

deliveries = Table(
    "deliveries",
    inbox_metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", ID, nullable=False, unique=True),
    Column("connection", ID, nullable=False, index=True),
    Column("dedup", ID, nullable=False),
    Column("method", String(10), nullable=False),
    Column("path", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("repeat_of", ID),
    Column("received_at", TIME, nullable=False, index=True),
    UniqueConstraint("connection", "dedup"),
)

# --- what became of deliveries, and the events they were ---------------------------------------------------

outcomes = Table(
    "outcomes",
    metadata,
    Column("delivery", ID, primary_key=True),
    Column("seq", Integer, nullable=False, index=True),
    Column("connection", ID, nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("reason", Text),
    Column("events", Integer, nullable=False, default=0),
    Column("tries", Integer, nullable=False, default=0),
    Column("at", TIME, nullable=False),
)

reads = Table(
    "reads",
    metadata,
    Column("id", ID, primary_key=True),
    Column("delivery", ID, nullable=False, index=True),
    Column("connection", ID, nullable=False),
    Column("kind", String(60), nullable=False),
    Column("source_id", ID, nullable=False),
    Column("params", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("due_at", TIME, nullable=False),
    Column("lease_until", TIME),
    Column("token", Integer, nullable=False, default=0),
    Column("tries", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("at", TIME, nullable=False),
    Index("ix_reads_state_due_at", "state", "due_at"),
)

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", ID, nullable=False, unique=True),
    Column("type", String(60), nullable=False),
    Column("partition", ID, nullable=False),
    Column("project", ID),
    Column("client", ID),
    Column("connection", ID),
    Column("document", ID),
    Column("key", ID),
    Column("at", TIME, nullable=False),
    Column("received_at", TIME, nullable=False),
    Column("cause", ID, index=True),
    Column("rule", ID),
    Column("delivery", ID, index=True),
    Column("data", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("ruleset", String(64)),
    Column("decided_at", TIME),
    Index("ix_events_state_partition_seq", "state", "partition", "seq"),
    Index("ix_events_project_seq", "project", "seq"),
    Index("ix_events_client_seq", "client", "seq"),
    Index("ix_events_connection_document", "connection", "document"),
    Index("ix_events_connection_key", "connection", "key"),
)

partitions = Table(
    "partitions",
    metadata,
    Column("id", ID, primary_key=True),
    Column("version", Integer, nullable=False),
)

records = Table(
    "records",
    metadata,
    Column("kind", String(40), primary_key=True),
    Column("id", String(400), primary_key=True),
    Column("project", ID),
    Column("client", ID),
    Column("status", String(40)),
    Column("data", Text, nullable=False),
    Column("at", TIME, nullable=False),
    Index("ix_records_kind_project_status", "kind", "project", "status"),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("event", ID, nullable=False),
    Column("rule", ID, nullable=False),
    Column("project", ID),
    Column("kind", String(20), nullable=False),
    Column("data", Text, nullable=False),
    Column("at", TIME, nullable=False),
    UniqueConstraint("event", "rule"),
    Index("ix_verdicts_rule_seq", "rule", "seq"),
    Index("ix_verdicts_project_seq", "project", "seq"),
)

# --- intentions, and the calls made for them ---------------------------------------------------------------

actions = Table(
    "actions",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", ID, nullable=False, unique=True),
    Column("event", ID, nullable=False, index=True),
    Column("root", ID, nullable=False),
    Column("rule", ID, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("project", ID),
    Column("client", ID),
    Column("connection", ID),
    Column("target", String(400), nullable=False),
    Column("recipient", ID),
    Column("address", String(400)),
    Column("client_facing", Boolean, nullable=False),
    Column("observed", Boolean, nullable=False),
    Column("corrects", ID),
    Column("state", String(20), nullable=False),
    Column("waits", String(20)),
    Column("due_at", TIME, nullable=False),
    Column("lease_until", TIME),
    Column("token", Integer, nullable=False, default=0),
    Column("tries", Integer, nullable=False, default=0),
    Column("left", Boolean, nullable=False, default=False),
    Column("reason", Text),
    Column("receipt", Text),
    Column("subject", Text),
    Column("body", Text),
    Column("html", Text),
    Column("ruleset", String(64)),
    # What it waits with (`heap`), is counted with (`counts`; `reader` for the client's cap), left in (`into`).
    Column("heap", ID, index=True),
    Column("counts", ID),
    Column("reader", String(400)),
    Column("into", ID, index=True),
    Column("released_at", TIME),
    Column("release_by", TIME, index=True),
    Column("data", Text, nullable=False),
    Column("at", TIME, nullable=False),
    Column("done_at", TIME),
    Index("ix_actions_counts_released_at", "counts", "released_at"),
    Index("ix_actions_reader_released_at", "client", "reader", "released_at"),
    Index("ix_actions_state_due_at", "state", "due_at"),
    Index("ix_actions_root_target_seq", "root", "target", "seq"),
    Index("ix_actions_project_seq", "project", "seq"),
    Index("ix_actions_client_seq", "client", "seq"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("action", ID, nullable=False, index=True),
    Column("token", Integer, nullable=False),
    Column("started_at", TIME, nullable=False),
    Column("ended_at", TIME),
    Column("outcome", String(20), index=True),
    Column("status", Integer),
    Column("detail", Text),
    UniqueConstraint("action", "token"),
)

slots = Table(
    "slots",
    metadata,
    Column("id", String(400), primary_key=True),
    Column("rule", ID, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("object", String(400), nullable=False),
    Column("project", ID),
    Column("client", ID),
    Column("offset", String(20)),
    Column("day", String(10), nullable=False),
    Column("due_at", TIME, nullable=False),
    Column("state", String(20), nullable=False),
    Column("event", ID),
    Column("at", TIME, nullable=False),
    Index("ix_slots_state_due_at", "state", "due_at"),
    Index("ix_slots_object", "object"),
)

# --- evidence, links, people who sign in ---------------------------------------------------------------------

evidence = Table(
    "evidence",
    metadata,
    Column("chain", ID, primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("record", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("private", Text),
    Column("at", TIME, nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("subject", ID, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("person", ID, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("expires_at", TIME),
    Column("revoked_at", TIME),
    Column("at", TIME, nullable=False),
)

# The newest code of each question, version and person; a newer one takes its place.
codes = Table(
    "codes",
    metadata,
    Column("approval", ID, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("person", ID, primary_key=True),
    Column("serial", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("expires_at", TIME, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("used_at", TIME),
    Column("at", TIME, nullable=False),
)

# Failures of a mail address, apart for strangers and for each browser that let its person in before.
tries = Table(
    "tries",
    metadata,
    Column("who", String(64), primary_key=True),
    Column("browser", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("locked_until", TIME),
    Column("at", TIME, nullable=False, index=True),
)

# `failures` and `locked_until` are the count of the version before, which may still be running beside this one.
users = Table(
    "users",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", String(320), nullable=False, unique=True),
    Column("password", Text),
    Column("role", String(20), nullable=False),
    Column("failures", Integer, nullable=False, default=0),
    Column("locked_until", TIME),
    Column("at", TIME, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("user", ID, nullable=False, index=True),
    Column("expires_at", TIME, nullable=False),
    Column("at", TIME, nullable=False),
)

# --- versions of files, switches, connections, processes -----------------------------------------------------

versions = Table(
    "versions",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("version", String(64), primary_key=True),
    Column("data", Text, nullable=False),
    Column("at", TIME, nullable=False),
)

pauses = Table(
    "pauses",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("id", ID, primary_key=True),
    Column("by", ID),
    Column("at", TIME, nullable=False),
)

connection_states = Table(
    "connection_states",
    metadata,
    Column("name", ID, primary_key=True),
    Column("cursor", Text),
    Column("last_delivery_at", TIME),
    Column("last_call_at", TIME),
    Column("last_polled_at", TIME),
    Column("failures", Integer, nullable=False, default=0),
    Column("open_until", TIME),
    Column("silent_since", TIME),
    Column("error", Text),
    Column("known_since", TIME),
    Column("failing_since", TIME),
    Column("trips", Integer, nullable=False, default=0, server_default="0"),
    Column("probe_until", TIME),
    Column("allowance", Float),
    Column("allowance_at", TIME),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("process", ID, primary_key=True),
    Column("role", String(20), nullable=False),
    Column("at", TIME, nullable=False),
    Column("ruleset", String(64)),
)

# What the team was told is wrong and is not over yet; a row goes when its thing is over.
troubles = Table(
    "troubles",
    metadata,
    Column("kind", String(40), primary_key=True),
    Column("subject", ID, primary_key=True),
    Column("since", TIME, nullable=False),
    Column("told_at", TIME, nullable=False),
    Column("gone_at", TIME),
    Column("mark", String(64), nullable=False),
    Column("actions", Text, nullable=False),
    Column("data", Text, nullable=False),
)
