"""`accord backup` while it runs, `accord restore` into its place: what may have been sent since is never sent twice."""

from __future__ import annotations

import shutil
import stat
import tarfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from service import jobs, process
from service.cli import main
from service.flow import settle
from service.process import Process
from service.settings import load
from service.store import switches
from service.store.actions import row_of
from tests.support.seeding import NO_REDIS, NOW, Seed, close, opened

MAIL = {
    "client_facing": True,
    "recipient": "bob",
    "address": "bob@acme.example",
    "target": "mail/bob",
    "text": {"inline": {"en": {"subject": "Apollo", "body": "81.0 % is spent."}}},
}


@pytest.fixture
def seed(tmp_path: Path) -> Iterator[Seed]:
    made = opened(tmp_path)
    yield made
    close(made)


def mails(home: Path) -> int:
    return len(list((home / "var" / "mail").glob("*.eml")))


def deliver(running: Process, at: datetime) -> None:
    context = replace(running.context, now=lambda: at)
    jobs.deliver_all(context, running.tools, time.monotonic() + 20)


def started(home: Path) -> Process:
    return process.prepare(replace(load(home, {}), redis_url=NO_REDIS))


def state(running: Process, id: str) -> str:
    with running.context.database.reading() as connection:
        return str((row_of(connection, id) or {})["state"])


def test_after_a_restore_nothing_is_sent_twice(
    seed: Seed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mail was due when the backup was made and left after it. Restored, the record does not know that it left: the
    machine does not send it again, a person is asked; what happens from now on leaves as always.
    """
    home = seed.context.settings.home
    event = seed.event("issue.created", {"issue": {"id": "tracker/APO-1"}})
    held = seed.action(event, "email", "ready", **MAIL)
    archive = tmp_path / "accord.tar.gz"
    assert main(["--home", str(home), "backup", str(archive)]) == 0
    before = started(home)
    deliver(before, NOW)
    assert (state(before, held), mails(home)) == ("sent", 1)
    before.close()
    close(seed)

    assert main(["--home", str(home), "restore", str(archive)]) == 0
    assert "everything is paused" in capsys.readouterr().out
    after = started(home)
    later = datetime.now(NOW.tzinfo) + timedelta(minutes=5)
    deliver(after, later)
    assert (state(after, held), mails(home)) == ("ready", 1), (
        "paused: nothing leaves before somebody has looked"
    )
    with after.context.database.writing() as connection:
        switches.resume(connection, "everything", "*")
    deliver(after, later + timedelta(minutes=1))
    assert (state(after, held), mails(home)) == ("unknown", 1)
    assert settle.resend(after.context, held, "lin")
    deliver(after, later + timedelta(minutes=2))
    assert (state(after, held), mails(home)) == ("sent", 1), (
        "the same mail file: its id is the same on every try"
    )
    after.close()


def test_what_happens_after_a_restore_leaves_as_always(seed: Seed, tmp_path: Path) -> None:
    """Only what happened before it is doubted."""
    home, archive = seed.context.settings.home, tmp_path / "accord.tar.gz"
    assert main(["--home", str(home), "backup", str(archive)]) == 0
    close(seed)
    assert main(["--home", str(home), "restore", str(archive)]) == 0
    now = datetime.now(NOW.tzinfo) + timedelta(minutes=5)
    after = started(home)
    with after.context.database.writing() as connection:
        switches.resume(connection, "everything", "*")
    seed.app.extensions["accord"].context = replace(after.context, now=lambda: now)
    seed.now = now
    event = seed.event("issue.created", {"issue": {"id": "tracker/APO-2"}}, timedelta(0))
    fresh = seed.action(event, "email", "ready", **MAIL)
    deliver(after, now)
    assert state(after, fresh) == "sent"
    after.close()


def test_a_backup_holds_record_inbox_and_key_and_is_for_its_owner_alone(seed: Seed, tmp_path: Path) -> None:
    """It is made while others write, opens nothing to others, and never replaces another one."""
    archive = tmp_path / "accord.tar.gz"
    home = str(seed.context.settings.home)
    with seed.context.database.reading():
        assert main(["--home", home, "backup", str(archive)]) == 0
    with tarfile.open(archive) as held:
        assert set(held.getnames()) >= {"accord.db", "inbox.db", "manifest.json", "secret-key"}
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert main(["--home", home, "backup", str(archive)]) == 2


def test_a_damaged_backup_is_refused_and_the_record_stays(
    seed: Seed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cut short, changed, or something else altogether: named, and nothing is touched."""
    home = seed.context.settings.home
    whole = tmp_path / "whole.tar.gz"
    assert main(["--home", str(home), "backup", str(whole)]) == 0
    half, other = tmp_path / "half.tar.gz", tmp_path / "other.tar.gz"
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    other.write_text("not a backup")
    before = (home / "var" / "accord.db").stat().st_ino
    for broken in (half, other):
        assert main(["--home", str(home), "restore", str(broken)]) == 1
        assert str(broken) in capsys.readouterr().err
    assert (home / "var" / "accord.db").stat().st_ino == before
    shutil.copy(whole, tmp_path / "again.tar.gz")
