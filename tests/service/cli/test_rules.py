"""`accord rules`: what was in force, what each edit changed, and the way back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from service.settings import load
from service.store import journal
from service.store.database import Database
from service.store.tables import events
from tests.service.cli.places import Accord, accord, edit, parsed
from tests.support.stack import agency

__all__ = ["accord"]

OWN = """version: 1
use: [budget]
rules:
  - id: chase
    title: {en: "No receipt", zh-CN: 缺少票据}
    when: [ledger.posted, ledger.corrected]
    if: entry.receipt == none
    calendar: factory
    stays_true_for: 3wd
    do: [{record: {text: {en: missing, zh-CN: 缺票据}}}]
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The example with rules of its own and a calendar that they keep to."""
    place = agency(tmp_path)
    path = place / "accord.yaml"
    path.write_text(
        path.read_text(encoding="utf-8") + "\ncalendars: {factory: {base: CN}}\n", encoding="utf-8"
    )
    (place / "rules" / "team.yaml").write_text(OWN, encoding="utf-8")
    return place


def listed(accord: Accord, home: Path) -> list[dict[str, object]]:
    """The rule sets, newest first."""
    found: list[dict[str, object]] = parsed(accord("--home", home, "rules", "list", "--json")[1])
    return found


def test_each_edit_is_listed_with_what_it_changed_and_whose_memory_begins_anew(
    home: Path, accord: Accord
) -> None:
    """A text is a change; other durations are a change after which the rule has forgotten what it waited for."""
    (first,) = listed(accord, home)
    assert first["in_force"]
    edit(home / "rules" / "team.yaml", "missing", "not there")
    worded, _ = listed(accord, home)
    assert (worded["changed"], worded["reset"], worded["added"]) == (["chase"], [], [])
    edit(home / "rules" / "team.yaml", "stays_true_for: 3wd", "stays_true_for: 4wd")
    reset, *_ = listed(accord, home)
    assert (reset["changed"], reset["reset"], reset["in_force"]) == (["chase"], ["chase"], True)
    _, printed, _ = accord("--home", home, "rules", "list")
    assert "changed: chase; memory begins anew: chase" in printed
    assert f"{reset['version']}  since " in printed


def test_a_rollback_writes_the_files_back_and_keeps_those_of_now(home: Path, accord: Accord) -> None:
    """The earlier set is in force again, byte for byte; a file that came later is gone, and nothing is lost."""
    (first,) = listed(accord, home)
    edit(home / "rules" / "team.yaml", "missing", "not there")
    (home / "rules" / "more.yaml").write_text("version: 1\nrules: []\n", encoding="utf-8")
    listed(accord, home)
    code, printed, _ = accord("--home", home, "rules", "rollback", str(first["version"])[:8])
    assert code == 0
    assert f"rules and texts are those of {first['version']} again" in printed
    assert (home / "rules" / "team.yaml").read_text(encoding="utf-8") == OWN
    assert not (home / "rules" / "more.yaml").exists()
    (aside,) = (home / "var" / "rolled-back").iterdir()
    assert (aside / "rules" / "more.yaml").exists()
    assert "not there" in (aside / "rules" / "team.yaml").read_text(encoding="utf-8")
    assert [row["version"] for row in listed(accord, home) if row["in_force"]] == [first["version"]]


def test_a_rollback_works_while_the_files_of_now_are_broken(home: Path, accord: Accord) -> None:
    """That is when it is needed most."""
    (first,) = listed(accord, home)
    edit(home / "rules" / "team.yaml", "when:", "wenn:")
    assert accord("--home", home, "rules", "rollback", first["version"])[0] == 0
    assert [row["version"] for row in listed(accord, home)] == [first["version"]]


def test_a_set_that_does_not_fit_the_workspace_of_today_is_refused(home: Path, accord: Accord) -> None:
    """The calendar it keeps to is gone: the problem is told, and no file is touched."""
    (first,) = listed(accord, home)
    edit(home / "accord.yaml", "calendars: {factory: {base: CN}}", "")
    edit(home / "rules" / "team.yaml", "    calendar: factory\n", "")
    kept = (home / "rules" / "team.yaml").read_text(encoding="utf-8")
    code, _, said = accord("--home", home, "rules", "rollback", first["version"])
    assert code == 1
    assert "there is no calendar `factory`" in said
    assert "nothing was changed" in said
    assert (home / "rules" / "team.yaml").read_text(encoding="utf-8") == kept


def test_a_version_that_is_not_kept_is_wrong_use(home: Path, accord: Accord) -> None:
    """The answer names the command that lists them."""
    listed(accord, home)
    code, _, said = accord("--home", home, "rules", "rollback", "0000")
    assert code == 2
    assert "`accord rules list` names them" in said


def test_an_edit_while_nothing_ran_is_an_event_at_the_next_start(home: Path, accord: Accord) -> None:
    """Rules hear of it, and whoever asks finds what it changed and whose memory began anew."""
    listed(accord, home)
    edit(home / "rules" / "team.yaml", "stays_true_for: 3wd", "stays_true_for: 4wd")
    listed(accord, home)
    settings = load(home, {})
    database = Database(settings.database_url, settings.var)
    with database.reading() as connection:
        told = (
            connection.execute(select(events.c.data).where(events.c.type == "rules.reloaded")).scalars().all()
        )
    database.close()
    (said,) = [journal.decode(data).objects["rules"] for data in told]
    assert (said["changed"], said["reset"], said["removed"]) == (["chase"], ["chase"], [])
