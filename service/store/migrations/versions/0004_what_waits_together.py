"""What waits together, and when what left was released: digests, caps, review"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
serves = "0001"


def upgrade() -> None:
    """Columns and indexes by which heaps are gathered and caps are counted."""
    for column in (
        sa.Column("heap", sa.String(length=200), nullable=True),
        sa.Column("counts", sa.String(length=200), nullable=True),
        sa.Column("reader", sa.String(length=400), nullable=True),
        sa.Column("into", sa.String(length=200), nullable=True),
        sa.Column("released_at", sa.String(length=32), nullable=True),
        sa.Column("release_by", sa.String(length=32), nullable=True),
    ):
        op.add_column("actions", column)
    op.create_index("ix_actions_heap", "actions", ["heap"])
    op.create_index("ix_actions_into", "actions", ["into"])
    op.create_index("ix_actions_counts_released_at", "actions", ["counts", "released_at"])
    op.create_index("ix_actions_reader_released_at", "actions", ["client", "reader", "released_at"])
    op.create_index("ix_actions_release_by", "actions", ["release_by"])
