"""What rules wait for survives its processes, and clocks that jump: each timer and each hour speaks once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.desk import Desk
from tests.faults.more_processes import beside
from tests.support.standins.xero import line
from tests.support.wait import until

WAITS = """rules:
  - id: large-bill
    title: {en: "A large bill stays as it is for two hours", zh-CN: 大额账单两小时未变}
    when: [ledger.posted, ledger.corrected]
    if: entry.amount > 5000 USD
    stays_true_for: 2h
    do:
      - chat:
          to: vars.team_room
          text: {en: "{{ entry.amount | money }} for two hours", zh-CN: "{{ entry.amount | money }} 已有两小时"}
"""


NIGHTS = """rules:
  - id: nightly
    title: {en: "A word each night", zh-CN: 每夜一条}
    every: {cron: "30 0,23 * * *", zone: Africa/Cairo, for_each: workspace}
    do:
      - chat: {to: vars.team_room, text: {en: "Night", zh-CN: "夜间"}}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(tmp_path) as opened:
        yield opened


def test_a_timer_survives_kill_9_of_clock_and_workers(desk: Desk) -> None:
    """A bill waits for two hours. Clock and workers are killed while it waits, and everything is once more just before
    it is due; a second clock joins in. The room hears of the bill once; of one that was corrected meanwhile, never.
    """
    path = desk.home / "rules" / "team.yaml"
    before = desk.stack.get("rules")["version"]
    path.write_text(path.read_text().replace("rules: []", WAITS))
    until(lambda: desk.stack.get("rules")["version"] != before, "the rule is in force", every=0.2)
    kept = desk.xero.bill("BILL-1", "Devices Inc", [line("Devices", 6_000, "Apollo")], CurrencyCode="USD")
    mended = desk.xero.bill("BILL-2", "Devices Inc", [line("Devices", 7_000, "Apollo")], CurrencyCode="USD")
    desk.settle(desk.tell_of(kept, mended))
    until(lambda: len(desk.stack.items("verdicts", kind="pending")) == 2, "both wait", every=0.1)

    for part in ("clock", "worker-decide", "worker-deliver"):
        desk.kill(part)
    desk.xero.change(mended, lines=[line("Devices", 700, "Apollo")])
    desk.settle(desk.tell_of(mended))
    desk.stack.crash()
    desk.at(desk.now + timedelta(hours=2, minutes=1))
    desk.stack.start()
    with beside(desk, "clock"):
        desk.swept()
        until(lambda: heard(desk), "the room hears of the bill", every=0.1)
        desk.settle()
        desk.later(timedelta(hours=3))
        desk.swept()
        desk.settle()
    (told,) = heard(desk)
    assert "USD 6,000.00 已有两小时" in told


def test_an_hour_that_comes_twice_or_never_speaks_once_with_two_clocks(tmp_path: Path) -> None:
    """Half past eleven and half past midnight in Cairo, where the time changes in the night to a Friday, told by two
    clocks. In October half past eleven comes twice, and both clocks are set back over it as well; in April half past
    midnight does not come.
    """
    with Desk(tmp_path, now=utc("2026-10-29 20:00"), rules=NIGHTS) as desk, beside(desk, "clock"):
        until(lambda: desk.project("apollo")["budget"], "the project is activated", every=0.1)
        steps = [
            ("2026-10-29 20:31", 1),
            # Half past eleven once more.
            ("2026-10-29 21:31", 1),
            ("2026-10-29 20:10", 1),
            ("2026-10-29 21:35", 1),
            ("2026-10-29 22:31", 2),
            ("2026-10-30 21:31", 3),
            # Of all the nights that nobody saw the latest alone.
            ("2027-04-29 21:29", 4),
            ("2027-04-29 21:31", 5),
            # At midnight it was one o'clock.
            ("2027-04-29 22:31", 6),
            ("2027-04-29 21:40", 6),
            ("2027-04-29 23:31", 6),
        ]
        assert [(at, nights(desk, utc(at))) for at, _ in steps] == steps


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def nights(desk: Desk, at: datetime) -> int:
    """How often the room heard of a night by that time, once both clocks have looked at it."""
    desk.at(at)
    until(lambda: desk.stack.clock_has_seen(at, desk.now), "both clocks know the time", every=0.1)
    desk.swept()
    desk.exhausted()
    return sum("夜间" in str(post) for post in desk.slack.posts)


def heard(desk: Desk) -> list[str]:
    """What the room heard of bills that stayed."""
    return [str(post) for post in desk.slack.posts if "两小时" in str(post)]
