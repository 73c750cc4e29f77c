"""Migrations of a version that does not exist yet: ours and one more, as a newer Accord would bring it.

`ahead(place, EXPAND)` is a folder for `upgrade(database, scripts=...)`; `EXPAND` only adds, so the code of today goes
on beside it, `CONTRACT` takes away what the code of today needs.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from service.store.migrate import MIGRATIONS
from service.store.schema import HEAD

NEXT = f"{int(HEAD) + 1:04d}"

EXPAND = f'''"""Deadlines of actions, and a table of their reminders"""

import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{HEAD}"
serves = "{HEAD}"


def upgrade():
    op.create_table("reminders", sa.Column("id", sa.String(40), primary_key=True))
    with op.batch_alter_table("actions") as table:
        table.add_column(sa.Column("deadline", sa.String(32), nullable=True))
        table.create_index("ix_actions_deadline", ["deadline"])
    with op.batch_alter_table("events") as table:
        table.add_column(sa.Column("weight", sa.Integer(), nullable=False, server_default="0"))
'''
CONTRACT = f'''"""Actions forget their receipts"""

from alembic import op

revision = "{NEXT}"
down_revision = "{HEAD}"
serves = "{NEXT}"


def upgrade():
    with op.batch_alter_table("actions") as table:
        table.drop_column("receipt")
'''
FAILS_HALF_WAY = EXPAND + '    raise ValueError("the disk of the example is full")\n'


def ahead(place: Path, migration: str) -> Path:
    """Our migrations and this one after them."""
    scripts = place / "migrations"
    shutil.copytree(MIGRATIONS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / f"{NEXT}_ahead.py").write_text(migration, encoding="utf-8")
    return scripts
