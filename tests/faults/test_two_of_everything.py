"""Two workers of each queue and two clocks, some of them killed, one of them frozen: everything happens once."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import requests

from tests.faults.desk import Desk, is_comment, said
from tests.faults.more_processes import PARTS, beside
from tests.faults.scene import Scene
from tests.faults.stories import STORIES, milestone_reminder
from tests.support.standins.xero import line
from tests.support.wait import PATIENCE, until


def test_work_that_comes_at_once_is_decided_and_sent_once(tmp_path: Path) -> None:
    """Sixty worklogs and two bills for two clients, told twice each and by many callers at once, with two workers of
    each queue and two clocks, one of each killed on the way: the sums are right and each alert is there once.
    """
    with Desk(tmp_path) as desk, ExitStack() as more:
        extra = {part: more.enter_context(beside(desk, part)) for part in PARTS}
        bills = [
            desk.xero.bill("BILL-1", "Devices Inc", [line("Devices", 8_000, "Apollo")], CurrencyCode="USD"),
            desk.xero.bill("FP-1", "华东设备", [line("设备", 250_000, "产线看板")], CurrencyCode="CNY"),
        ]
        with ThreadPoolExecutor(8) as callers:
            logs = [callers.submit(desk.log_hours, "APO-7", 1) for _ in range(60)]
            told = [callers.submit(desk.tell_of, bill) for bill in bills * 2]
            for part in ("worker-decide", "worker-deliver"):
                extra[part].kill()
                desk.stack.kill("clock" if part == "worker-decide" else "worker-decide")
            deliveries = [f.result() for f in (*logs, *told)]
        until(desk.running, "everything runs", every=0.1)
        desk.later()
        desk.settle(*deliveries)
        desk.wait_for_mail("zhao.min@hengtai.example", "83.3%")
        desk.stack.quiet()
        spent = {p: Decimal(desk.project(p)["budget"]["spent"]["amount"]) for p in ("apollo", "kanban")}
        assert spent == {"apollo": 42_000 + 60 * 150 + 8_000, "kanban": 250_000}
        assert max(said(desk).values()) == 1
        unknown = len(desk.stack.items("actions", state="unknown"))
        # Each alert is a mail, a comment and a chat message.
        assert 6 - unknown <= sum(said(desk).values()) <= 6


def test_two_clocks_fire_a_slot_once(tmp_path: Path) -> None:
    """The reminders of two mornings, with two clocks: one mail each."""
    _, options = STORIES["milestone reminder"]
    with Desk(tmp_path, **options) as desk, beside(desk, "clock"), beside(desk, "clock"):
        milestone_reminder(Scene(desk))
        assert len(desk.mails_to("ann@acme.example")) == 2
        assert len(desk.stack.items("events", type="slot.due")) == 2


def test_a_worker_that_was_frozen_and_wakes_up_is_late_and_counted(tmp_path: Path) -> None:
    """SIGSTOP in the middle of its calls for longer than the lease: another worker goes on. A comment is found or made
    once more after a look; the mail is unknown. What the first one does when it wakes up is on record as late.
    """
    with Desk(tmp_path) as desk:
        comment, mail = desk.jira.hold(is_comment, after=True), desk.smtp.hold(after=True)
        bill = desk.xero.bill(
            "BILL-1", "Devices Inc", [line("Devices", 40_000, "Apollo")], CurrencyCode="USD"
        )
        desk.tell_of(bill)
        comment.wait()
        mail.wait()
        # It must not be frozen while it holds SQLite's one write lock: nobody could go on then.
        until(
            lambda: desk.stack.items("actions", kind="chat", state="sent"), "the chat is on record", every=0.1
        )
        os.kill(desk.stack.pid("worker-deliver"), signal.SIGSTOP)
        with beside(desk, "worker-deliver"):
            desk.later()
            until(
                lambda: desk.stack.items("actions", kind="email", state="unknown"),
                "the mail is unknown",
                every=0.1,
            )
            until(
                lambda: desk.stack.items("actions", kind="comment", state="sent"),
                "the comment is found",
                every=0.1,
            )
            comment.release()
            mail.release()
            os.kill(desk.stack.pid("worker-deliver"), signal.SIGCONT)
            url = f"{desk.stack.url}/metrics"
            counted = 'accord_things{family="attempts",state="late"} 2.0'
            until(
                lambda: counted in requests.get(url, timeout=PATIENCE).text,
                "both late calls are counted",
                every=0.1,
            )
            desk.stack.quiet()
        assert max(said(desk).values()) == 1
        # The team is told of the unknown outcome by a mail of its own.
        (shown,) = (a for a in desk.stack.items("actions", kind="email") if a["rule"] != "accord/bad_news")
        tried = desk.stack.get(f"actions/{shown['id']}")["attempts"]
        assert [a["outcome"] for a in tried] == ["late"]
        assert "possibly done twice" in tried[0]["detail"]
