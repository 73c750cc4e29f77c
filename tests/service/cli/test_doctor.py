"""`accord doctor`: what is wrong is named with its mend, what is only worth knowing leaves the exit code at 0."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.cli import main
from service.store import gates, switches
from tests.support.seeding import Seed, close, opened

Doctor = Callable[[], tuple[int, dict[str, dict[str, Any]]]]


@pytest.fixture
def seed(tmp_path: Path) -> Iterator[Seed]:
    made = opened(tmp_path)
    yield made
    close(made)


@pytest.fixture
def doctor(seed: Seed, capsys: pytest.CaptureFixture[str]) -> Doctor:
    """Runs it without calling outside; the exit code, and each part's finding."""

    def run() -> tuple[int, dict[str, dict[str, Any]]]:
        capsys.readouterr()
        code = main(["--home", str(seed.context.settings.home), "doctor", "--offline", "--json"])
        return code, {one["part"]: one for one in json.loads(capsys.readouterr().out)}

    return run


def now() -> datetime:
    return datetime.now(UTC)


def test_parts_that_do_not_run_are_wrong_and_those_that_do_are_counted(seed: Seed, doctor: Doctor) -> None:
    """Each with how to start it; seen in the last ninety seconds is running."""
    with seed.context.database.writing() as connection:
        switches.beat(connection, "decide-1", "decide", now())
        switches.beat(connection, "decide-2", "decide", now())
    code, found = doctor()
    assert code == 1
    assert found["decide"]["says"] == "2 running"
    assert found["clock"]["level"] == "bad"
    assert "accord up" in found["clock"]["mend"]
    assert found["redis"]["level"] == "bad"


def test_machine_files_and_record_are_looked_at(doctor: Doctor) -> None:
    """Room on the disk, rights, schema and writing, the rules in force, the time."""
    _, found = doctor()
    for part in ("disk", "permissions", "database", "files", "time"):
        assert found[part]["ok"], found[part]
    assert "GB free" in found["disk"]["says"]
    assert "takes what is written" in found["database"]["says"]


def test_what_others_can_read_is_named_with_the_command_that_mends_it(seed: Seed, doctor: Doctor) -> None:
    """The key and the record are nobody else's business."""
    seed.context.settings.var.chmod(0o755)
    (seed.context.settings.var / "secret-key").chmod(0o644)
    _, found = doctor()
    assert found["permissions"]["level"] == "bad"
    assert "secret-key" in found["permissions"]["says"]
    assert found["permissions"]["mend"].startswith("chmod -R go= ")


def test_a_schema_that_is_behind_names_the_command(seed: Seed, doctor: Doctor) -> None:
    """Pending migrations: what there is, what is needed, and `accord migrate`."""
    with seed.context.database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    _, found = doctor()
    assert found["database"]["level"] == "bad"
    assert "accord migrate" in found["database"]["says"]


def test_failing_connections_dead_letters_and_pauses_are_listed(seed: Seed, doctor: Doctor) -> None:
    """What the team is told stands here too, with its mend; a pause is worth knowing, not wrong."""
    event = seed.event("issue.created", {"issue": {"id": "tracker/APO-1"}})
    seed.action(event, "comment", "dead", connection="tracker", outcome="tracker answered 404")
    with seed.context.database.writing() as connection:
        for _ in range(6):
            gates.failed(connection, "code", "code answered 503", None, now() - timedelta(hours=1))
        switches.pause(connection, "project", "apollo", "lin", now())
    _, found = doctor()
    assert "answered 503" in found["connection failing"]["says"]
    assert found["dead letters"]["mend"].endswith("accord redrive --connection tracker`")
    assert (found["paused"]["level"], found["paused"]["mend"]) == ("warn", "accord resume apollo")


def test_a_clock_behind_the_record_is_found(seed: Seed, doctor: Doctor) -> None:
    """Another machine wrote from the future: deadlines hang on the clocks of all."""
    with seed.context.database.writing() as connection:
        switches.beat(connection, "clock-elsewhere", "clock", now() + timedelta(minutes=10))
    _, found = doctor()
    assert found["time"]["level"] == "bad"


def test_a_worker_with_other_rules_is_named(seed: Seed, doctor: Doctor) -> None:
    """Two machines with two sets of files decide differently."""
    with seed.context.database.writing() as connection:
        switches.beat(connection, "decide-far", "decide", now(), "another")
    _, found = doctor()
    assert found["decide"]["level"] == "warn"
    assert "decide-far" in found["decide"]["says"]


def test_links_that_clients_need_and_cannot_follow(seed: Seed, doctor: Doctor) -> None:
    """Wrong only where mails really leave and a project is live; with mails as files it is fine."""
    _, found = doctor()
    assert found["PUBLIC_URL"]["level"] == "ok"
    file = seed.context.settings.home / "accord.yaml"
    mail = 'connections:\n  mail: {connector: email, url: "smtp://127.0.0.1:2525", private_network: true}\n'
    file.write_text(file.read_text().replace("connections:\n", mail, 1))
    _, found = doctor()
    assert found["PUBLIC_URL"]["level"] == "bad"
    assert "apollo" in found["PUBLIC_URL"]["says"]
