"""The breaker, rate and silence of connections; what the team was told is wrong"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
serves = "0001"

TIME = sa.String(length=32)
ID = sa.String(length=200)


def upgrade() -> None:
    """New columns that the former version does not read, and a table of its own."""
    for column in (
        sa.Column("last_polled_at", TIME),
        sa.Column("known_since", TIME),
        sa.Column("failing_since", TIME),
        sa.Column("trips", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("probe_until", TIME),
        sa.Column("allowance", sa.Float()),
        sa.Column("allowance_at", TIME),
    ):
        op.add_column("connection_states", column)
    op.add_column("heartbeats", sa.Column("ruleset", sa.String(length=64)))
    op.create_table(
        "troubles",
        sa.Column("kind", sa.String(length=40), primary_key=True),
        sa.Column("subject", ID, primary_key=True),
        sa.Column("since", TIME, nullable=False),
        sa.Column("told_at", TIME, nullable=False),
        sa.Column("gone_at", TIME),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("actions", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
    )
