"""Versions of the rules in the console: what was in force, what was refused, and the way back with a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path

import pytest

from rules.facts.event import Event
from rules.language.changes import changes
from service import clock, versions
from service.store import evidence, journal
from service.store.switches import keep_version
from tests.support.seeding import Seed, close, opened, post

OWN = """version: 1
use: [budget]
rules:
  - id: chase
    title: {en: "No receipt", zh-CN: 缺少票据}
    when: ledger.posted
    if: entry.receipt == none
    calendar: factory
    stays_true_for: 3wd
    do: [{record: {text: {en: missing, zh-CN: 缺票据}}}]
"""


@pytest.fixture
def edited(tmp_path: Path) -> Iterator[Seed]:
    """A workspace whose rules were edited twice: the example's, then three working days, then four on no calendar of
    its own.
    """
    seed = opened(tmp_path)
    home = seed.context.settings.home
    with (home / "accord.yaml").open("a", encoding="utf-8") as file:
        file.write("\ncalendars: {factory: {base: CN}}\n")
    later = OWN.replace("3wd", "4wd").replace("    calendar: factory\n", "")
    for hour, text in enumerate((OWN, later), start=1):
        (home / "rules" / "team.yaml").write_text(text, encoding="utf-8")
        taken_over(seed, clock.now() + timedelta(hours=hour))
    yield seed
    close(seed)


def taken_over(seed: Seed, now: datetime) -> None:
    """What a process does with edited files: it takes them over, keeps them and says what they changed."""
    seed.at(now)
    book = seed.context.rulebook
    before = book.rules
    assert book.refresh()
    version = book.rules.version
    fields = {"id": version, "version": version, "problems": [], **changes(before, book.rules).plain()}
    with seed.context.database.writing() as connection:
        keep_version(connection, "rules", version, book.sources.to_json(), now)
        journal.add(connection, [Event(f"evt_{now:%H%M}", "rules.reloaded", now, now, {"rules": fields})])


def words(text: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


def read(seed: Seed, path: str, locale: str = "en") -> str:
    answer = seed.signed_in("lead").get(path, headers={"Accept-Language": locale})
    assert answer.status_code == 200, answer.status_code
    return words(answer.text)


def kept(seed: Seed) -> list[str]:
    """Versions in force, the newest first."""
    with seed.context.database.reading() as connection:
        return [turn.version for turn in versions.turns(connection) if turn.kind != "refused"]


def test_each_edit_is_a_row_with_what_it_changed(edited: Seed) -> None:
    """Newest first; which is in force, whose memory began anew, and where the record begins."""
    said = read(edited, "/rules/versions")
    assert "1 rule changed" in said
    assert "memory begins anew: chase" in said
    assert "The first rules on record" in said
    assert said.count("in force") == 1
    assert "修改 1 条规则" in read(edited, "/rules/versions", "zh-CN")


def test_a_version_shows_each_rule_before_and_after(edited: Seed) -> None:
    """The plain sentence on both sides, and the lines as written."""
    newest, *_ = kept(edited)
    said = read(edited, f"/rules/versions/{newest}")
    assert "Changed: No receipt" in said
    assert "its memory begins anew" in said
    assert "3 working days" in said
    assert "4 working days" in said
    assert "-stays_true_for: 3wd +stays_true_for: 4wd" in said


def test_a_refused_edit_stands_in_the_list_with_its_problem(edited: Seed) -> None:
    """It never took effect; what was wrong is told where the others stand."""
    now = clock.now() + timedelta(hours=5)
    fields = {
        "id": "x",
        "version": kept(edited)[0],
        "problems": ["rules/team.yaml:4:5: `wenn` is not a word here"],
    }
    with edited.context.database.writing() as connection:
        journal.add(connection, [Event("evt_refused", "rules.refused", now, now, {"rules": fields})])
    said = read(edited, "/rules/versions")
    assert "An edit was refused: 1 problem" in said
    assert "`wenn` is not a word here" in said


def test_going_back_shows_first_what_it_changes_and_needs_a_reason(edited: Seed) -> None:
    """Numbers before the click; without a reason nothing happens."""
    _, former, *_ = kept(edited)
    path = f"/rules/versions/{former}/back"
    said = read(edited, path)
    assert "1 rule says something else from now on" in said
    assert "1 rule forgets what it remembers and begins anew" in said
    answer = post(edited.signed_in("lead"), path, path, reason=" ")
    assert answer.status_code == 422
    assert "4wd" in (edited.context.settings.home / "rules" / "team.yaml").read_text(encoding="utf-8")


def test_going_back_writes_the_files_and_puts_who_and_why_on_record(edited: Seed) -> None:
    """The earlier rules are in force at once; the list and the chain of evidence name who did it, and why."""
    _, former, *_ = kept(edited)
    path = f"/rules/versions/{former}/back"
    answer = post(edited.signed_in("lead"), path, path, reason="It chased too late")
    assert answer.location == "/rules/versions?done=1"
    assert "3wd" in (edited.context.settings.home / "rules" / "team.yaml").read_text(encoding="utf-8")
    assert edited.context.rulebook.rules.version == former
    said = read(edited, "/rules/versions?done=1")
    assert f"Back to {former[:8]}" in said
    assert "by lead@northwind.example" in said
    assert "It chased too late" in said
    with edited.context.database.reading() as connection:
        (record,) = [one["record"] for one in evidence.chain_of(connection, evidence.ORGANISATION)]
    assert (record["event"], record["version"], record["by"]) == (
        "rules.rolled_back",
        former,
        "lead@northwind.example",
    )


def test_rules_that_no_longer_fit_cannot_be_taken_back(edited: Seed) -> None:
    """What they need is gone from the workspace: the problem is told, and no button is offered."""
    _, former, *_ = kept(edited)
    accord = edited.context.settings.home / "accord.yaml"
    whole = accord.read_text(encoding="utf-8")
    accord.write_text(whole.replace("calendars: {factory: {base: CN}}", ""), encoding="utf-8")
    edited.context.rulebook.refresh()
    assert edited.context.rulebook.refused == []
    lead, path = edited.signed_in("lead"), f"/rules/versions/{former}/back"
    shown = lead.get(path, headers={"Accept-Language": "en"})
    assert "there is no calendar `factory`" in words(shown.text)
    assert "<textarea" not in shown.text
    assert post(lead, "/account", path, reason="It chased too late").status_code == 422


def test_who_may_only_look_is_not_offered_the_way_back(edited: Seed) -> None:
    """A viewer reads what changed."""
    _, former, *_ = kept(edited)
    viewer = edited.signed_in("viewer")
    assert "/back" not in viewer.get(f"/rules/versions/{former}").text
    assert viewer.get(f"/rules/versions/{former}/back").status_code == 403


def test_a_version_that_is_not_kept_is_not_found(edited: Seed) -> None:
    """Nor is a made-up one offered."""
    assert edited.signed_in("lead").get("/rules/versions/0000").status_code == 404
