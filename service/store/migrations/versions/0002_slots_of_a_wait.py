"""The timers of a wait are found by what they belong to"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
serves = "0001"


def upgrade() -> None:
    """Find slots by their object."""
    op.create_index("ix_slots_object", "slots", ["object"], unique=False)
