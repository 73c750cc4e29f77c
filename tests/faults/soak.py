"""The soak: people work, faults strike, in an order that a seed draws, for as long as is asked.

`python -m tests.faults.soak`, with SOAK_MINUTES (1) and SOAK_SEED (drawn where it is not set) of the environment, or
`make soak`. Prints the seed and each step; the same seed takes the same steps, so a failure can be told again. From
time to time, and at the end, everything has to be true; the exit code is 1 where it is not.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.faults.desk import Desk
from tests.faults.faults import faults_for
from tests.faults.scene import survive
from tests.faults.stories import approve
from tests.journeys.office import LIN, link_in, plain
from tests.support.processes import descendants, proportional_megabytes
from tests.support.standins.xero import line
from tests.support.wait import until

OPENING = {"apollo": Decimal(42_000), "kanban": Decimal(0), "hermes": Decimal(15_000)}
BOOKED = {"apollo": ("Apollo", "USD"), "kanban": ("产线看板", "CNY"), "hermes": ("Hermes", "USD")}
RATE = 150
STARTED = "2026-03-02T09:00:00.000+0000"
CHECK_EVERY = 20


class Soak:
    """A team at work on three projects, and what it should come to. `say` gets each step in words."""

    def __init__(self, desk: Desk, seed: str, say: Callable[[str], None]) -> None:
        self.counts: Counter[str] = Counter()
        self.megabytes: list[float] = []
        self._desk = desk
        self._random = random.Random(seed)  # noqa: S311 (drawn to be told again)
        self._say = say
        self._logs: dict[str, tuple[str, dict[str, Any]]] = {}
        self._bills: dict[str, tuple[str, Decimal]] = {}
        self._untold: list[bytes] = []
        self._approved: set[str] = set()
        self._marked = 0
        self._steps: list[tuple[int, Callable[[], str]]] = [
            (8, self._log_hours),
            (3, self._correct_hours),
            (2, self._delete_hours),
            (5, self._receive_bill),
            (2, self._change_bill),
            (2, self._void_bill),
            (4, self._tell_in_any_order),
            (2, self._repeat_some),
            (2, self._mark_as_change),
            (2, self._approve_what_is_asked),
            (2, self._let_time_go_on),
            (5, self._fault),
        ]

    def step(self) -> None:
        """One thing happens; every so often all of it has to be true."""
        self.counts["steps"] += 1
        (chosen,) = self._random.choices([s for _, s in self._steps], [w for w, _ in self._steps])
        self._say(f"{self.counts['steps']:5} {chosen()}")
        if self.counts["steps"] % CHECK_EVERY == 0:
            self.check()

    def check(self) -> None:
        """Nothing lost, nothing twice, money as it should be. Fails with what is wrong."""
        self._tell_in_any_order()
        self._desk.exhausted()
        self._desk.stack.quiet()
        shown = {id: Decimal(self._desk.project(id)["budget"]["spent"]["amount"]) for id in OPENING}
        expected = self._expected()
        assert shown == expected, f"spent is {shown}, and should be {expected}"
        problems = self._desk.problems()
        assert problems == [], "\n".join(problems)
        everything = descendants(self._desk.stack.pid("supervisor"))
        # One that ends while it is looked at is not measured at all.
        with suppress(OSError):
            self.megabytes.append(proportional_megabytes(everything))
        self._say(f"      all of it is true; {self.megabytes[-1]:.0f} MB")

    def _expected(self) -> dict[str, Decimal]:
        money = dict(OPENING)
        for _, log in self._logs.values():
            money["apollo"] += RATE * log["timeSpentSeconds"] // 3600
        for project, amount in self._bills.values():
            money[project] += amount
        return money

    # What people do

    def _log_hours(self) -> str:
        key, hours = f"APO-{self._random.randint(20, 40)}", self._random.randint(1, 8)
        if key not in self._desk.jira.issues:
            self._desk.jira.add_issue(key, "Design work", assignee=LIN)
        log = self._desk.jira.log_time(key, hours * 3600, STARTED, LIN)
        self._logs[log["id"]] = (key, log)
        self._untold.append(self._told("worklog_created", key, log))
        return f"{hours} h are logged on {key}"

    def _correct_hours(self) -> str:
        if not self._logs:
            return "there are no hours to correct"
        key, log = self._logs[self._random.choice(sorted(self._logs))]
        hours = self._random.randint(1, 8)
        log.update(timeSpentSeconds=hours * 3600, updated=self._desk.jira.tick())
        self._untold.append(self._told("worklog_updated", key, log))
        return f"worklog {log['id']} is corrected to {hours} h"

    def _delete_hours(self) -> str:
        if not self._logs:
            return "there are no hours to delete"
        key, log = self._logs.pop(self._random.choice(sorted(self._logs)))
        self._desk.jira.issues[key]["worklogs"].remove(log)
        self._untold.append(self._told("worklog_deleted", key, {**log, "updated": self._desk.jira.tick()}))
        return f"worklog {log['id']} is deleted"

    def _told(self, event: str, key: str, log: dict[str, Any]) -> bytes:
        return self._desk.jira.delivery(event, key, worklog=dict(log))

    def _tell_in_any_order(self) -> str:
        untold, self._untold = self._untold, []
        self._random.shuffle(untold)
        for body in untold:
            self._desk.hook("tracker", body)
        return f"the tracker tells {len(untold)} things, in any order"

    def _receive_bill(self) -> str:
        project, amount = self._random.choice(sorted(BOOKED)), Decimal(self._random.randint(1, 90) * 50)
        tag, currency = BOOKED[project]
        number = f"B-{self.counts['bills']}"
        self.counts["bills"] += 1
        lines = [line("Devices", float(amount), tag)]
        bill = self._desk.xero.bill(number, "Devices Inc", lines, CurrencyCode=currency)
        self._bills[bill] = (project, amount)
        self._desk.tell_of(bill)
        return f"bill {number} over {amount} {currency} for {project}"

    def _change_bill(self) -> str:
        if not self._bills:
            return "there is no bill to change"
        bill = self._random.choice(list(self._bills))
        project, amount = self._bills[bill][0], Decimal(self._random.randint(1, 90) * 50)
        self._bills[bill] = (project, amount)
        self._desk.xero.change(bill, lines=[line("Devices", float(amount), BOOKED[project][0])])
        self._desk.tell_of(bill)
        return f"a bill of {project} is over {amount} now"

    def _void_bill(self) -> str:
        if not self._bills:
            return "there is no bill to void"
        bill = self._random.choice(list(self._bills))
        project, _ = self._bills.pop(bill)
        self._desk.xero.change(bill, Status="VOIDED")
        self._desk.tell_of(bill)
        return f"a bill of {project} is voided"

    def _repeat_some(self) -> str:
        sent = list(self._desk.posted)
        again = [self._random.choice(sent) for _ in range(min(5, len(sent)))]
        for one in again:
            self._desk.repeat(one)
        return f"{len(again)} deliveries come again"

    def _mark_as_change(self) -> str:
        self._marked += 1
        key = f"APO-{100 + self._marked}"
        self._desk.mark_as_change(key, f"Wish {self._marked}", self._random.randint(5, 20))
        return f"{key} is marked as a change"

    def _approve_what_is_asked(self) -> str:
        asked = [m for m in self._desk.mails_to("ann@acme.example") if "/a/" in plain(m)]
        fresh = [link for link in dict.fromkeys(link_in(m) for m in asked) if link not in self._approved]
        for link in fresh:
            self._approved.add(link)
            assert approve(self._desk.stack.url + link).status_code < 500, link
        return "the client approves what is asked"

    def _let_time_go_on(self) -> str:
        hours = self._random.choice((1, 5, 24))
        self._desk.later(timedelta(hours=hours))
        return f"{hours} h pass"

    def _fault(self) -> str:
        name = self._random.choice(faults_for("sqlite"))
        survive(self._desk, name)
        self.counts["faults"] += 1
        self.counts[f"fault: {name}"] += 1
        return f"fault: {name}"


def soak(place: Path, seed: str, over: Callable[[Soak], bool], say: Callable[[str], None]) -> Soak:
    """Steps until it is over; then everything is true, or an AssertionError says what is not."""
    with Desk(place, small_disk=True) as desk:
        until(lambda: desk.project("apollo")["budget"], "the project is activated", every=0.1)
        running = Soak(desk, seed, say)
        running.check()
        while not over(running):
            running.step()
        running.check()
        running.counts["deliveries"] = len(desk.record.delivered())
        running.counts["possibly repeated"] = desk.record.repeated()
        running.counts["unknown and shown"] = len(desk.stack.items("actions", state="unknown", limit="200"))
        running.counts["mails"] = len(desk.smtp.mails)
        return running


def main() -> int:
    """Told on standard output."""
    minutes = float(os.environ.get("SOAK_MINUTES", "1"))
    seed = os.environ.get("SOAK_SEED") or str(random.SystemRandom().randrange(10**6))
    steps = int(os.environ.get("SOAK_STEPS", "0"))
    began = time.monotonic()

    def say(what: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:7.1f} s {what}\n")
        sys.stdout.flush()

    def over(running: Soak) -> bool:
        if steps:
            return running.counts["steps"] >= steps
        return time.monotonic() - began >= minutes * 60

    say(f"SOAK_SEED={seed} SOAK_MINUTES={minutes:g}")
    with tempfile.TemporaryDirectory(prefix="accord-soak-", ignore_cleanup_errors=True) as place:
        try:
            done = soak(Path(place), seed, over, say)
        except AssertionError as failure:
            say(f"NOT TRUE: {failure}\nTell it again with SOAK_SEED={seed}")
            return 1
    for name, count in sorted(done.counts.items()):
        say(f"{count:7} {name}")
    first, last = done.megabytes[0], done.megabytes[-1]
    say(
        f"memory (sum of PSS): {first:.0f} MB at first, {last:.0f} MB at last, {max(done.megabytes):.0f} MB at most"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
