"""An edit of the rules while everything runs: a broken one changes nothing and is told, a mended one is taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.desk import Desk
from tests.support.standins.xero import line
from tests.support.wait import until

BROKEN = {
    "not YAML": "rules: [",
    "an unknown key": "version: 1\nuse: [budget]\nrulez: []\n",
    "a rule that names nothing": (
        "version: 1\nuse: [budget]\nrules:\n  - id: x\n    when: bill.paid_twice\n    do: [{record: {type: note}}]\n"
    ),
    "a condition that cannot be read": (
        "version: 1\nuse: [budget]\nrules:\n  - id: x\n    when: ledger.posted\n    if: 'entry.amount >'\n    do: []\n"
    ),
    "not UTF-8": "version: 1\n# \udcff\n",
    "cut off in the middle of being written": "version: 1\nuse: [budget, chan",
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(tmp_path) as opened:
        yield opened


def write(desk: Desk, text: str) -> None:
    (desk.home / "rules" / "team.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))


def rules(desk: Desk) -> dict[str, Any]:
    found: dict[str, Any] = desk.stack.get("rules")
    return found


def alert(desk: Desk, number: str, amount: float) -> None:
    bill = desk.xero.bill(number, "Devices Inc", [line("Devices", amount, "Apollo")], CurrencyCode="USD")
    desk.settle(desk.tell_of(bill))


def test_broken_edits_keep_the_old_rules_and_a_mended_one_is_taken(desk: Desk) -> None:
    """Each broken file is refused with its place, in the log and by the API; alerts go on by the rules before. The
    mended file with another text is in force a moment later, without a restart.
    """
    before = rules(desk)
    assert before["refused"] == []
    kept = (desk.home / "rules" / "team.yaml").read_text()
    for what, text in BROKEN.items():
        write(desk, text)
        shown = until(lambda: rules(desk)["refused"] and rules(desk), f"{what} is refused", every=0.2)
        assert all("rules/team.yaml" in told for told in shown["refused"]), (what, shown["refused"])
        assert shown["version"] == before["version"]
        write(desk, kept)
        until(lambda: rules(desk)["refused"] == [], "the old file is fine", every=0.2)

    directory = desk.home / "rules" / "more.yaml"
    directory.mkdir()
    until(
        lambda: any("more.yaml" in told for told in rules(desk)["refused"]),
        "no file is told as well",
        every=0.2,
    )
    directory.rmdir()
    until(lambda: rules(desk)["refused"] == [], "all is fine again", every=0.2)

    write(desk, BROKEN["an unknown key"])
    alert(desk, "BILL-1", 40_000)
    desk.wait_for_mail("bob@acme.example", "82.0 % of the budget is spent")
    assert "rulez" in desk.stack.log.read_text()
    until(lambda: desk.stack.items("events", type="rules.refused"), "the refusal is an event", every=0.1)

    write(desk, kept.replace("rules: []", MORE))
    until(lambda: rules(desk)["version"] != before["version"], "the mended rules are in force", every=0.2)
    assert "thanks" in {r["id"] for r in rules(desk)["items"]}
    alert(desk, "BILL-2", 1_000)
    until(
        lambda: any("小额账单：USD 1,000.00" in str(p) for p in desk.slack.posts),
        "the new rule speaks",
        every=0.1,
    )


def test_a_broken_workspace_keeps_the_old_one(desk: Desk) -> None:
    """The same for accord.yaml: a project's line with a slip in it stops nothing."""
    path = desk.home / "accord.yaml"
    text = path.read_text()
    path.write_text(text.replace("  apollo:", "  apollo:\n    bugdet: 1", 1))
    until(lambda: rules(desk)["refused"], "it is refused", every=0.2)
    assert any("accord.yaml:" in told and "bugdet" in told for told in rules(desk)["refused"])
    alert(desk, "BILL-1", 40_000)
    desk.wait_for_mail("bob@acme.example", "82.0 % of the budget is spent")
    path.write_text(text)
    until(lambda: rules(desk)["refused"] == [], "the mended file is taken", every=0.2)


MORE = """rules:
  - id: thanks
    title: {en: "A small bill came in", zh-CN: 收到一张小额账单}
    when: ledger.posted
    if: entry.amount < 2000 USD
    do:
      - chat:
          to: vars.team_room
          text: {en: "A small bill of {{ entry.amount | money }}", zh-CN: "小额账单：{{ entry.amount | money }}"}
"""
