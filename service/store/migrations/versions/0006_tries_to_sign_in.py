"""Tries to sign in, apart for strangers and for browsers that let their person in before"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
serves = "0001"


def upgrade() -> None:
    """A table of failures by mail address and browser, each as a hash."""
    op.create_table(
        "tries",
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("browser", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.String(length=32), nullable=True),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("who", "browser"),
    )
    op.create_index("ix_tries_at", "tries", ["at"])
