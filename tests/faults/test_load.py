"""Load that has to be held: a burst while a target hangs, a week told again, fifty connections of which five are down.

LOAD=full in the environment takes the sizes that are promised; otherwise they are small enough for every day.
"""

from __future__ import annotations

import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.faults.desk import Desk, said
from tests.faults.stories import ending
from tests.journeys.office import LIN
from tests.support.fault_proxy import FaultProxy
from tests.support.standins.xero import line
from tests.support.wait import until, while_it_moves

FULL = os.environ.get("LOAD") == "full"
BURST = 10_000 if FULL else 600
A_DAY = 200 if FULL else 20
ROUNDS = 20 if FULL else 3
CALLERS = 16
TOLD = '{en: "A bill of {{ entry.amount | money }}", zh-CN: "账单 {{ entry.amount | money }}"}'
STARTED = "2026-03-02T09:00:00.000+0000"


@pytest.fixture
def measured(record_property: Any) -> Any:
    """Keeps figures of a run for whoever asks for them: `pytest -s`, or the report's properties."""

    def keep(what: str, **figures: float) -> None:
        record_property(what, figures)
        print(f"\n{what}: " + ", ".join(f"{name} {value:g}" for name, value in figures.items()))  # noqa: T201

    return keep


def worklogs(desk: Desk, count: int) -> list[bytes]:
    """The tracker's words for so many hours of work, one each."""
    desk.jira.add_issue("APO-7", "Work", assignee=LIN)
    logs = [desk.jira.log_time("APO-7", 3600, STARTED, LIN) for _ in range(count)]
    return [desk.jira.delivery("worklog_created", "APO-7", worklog=log) for log in logs]


def spent(desk: Desk, project: str = "apollo") -> Decimal:
    return Decimal(desk.project(project)["budget"]["spent"]["amount"])


def test_a_burst_while_a_target_hangs_is_stored_and_decided_and_holds_nobody_up(
    tmp_path: Path, measured: Any
) -> None:
    """The chat room takes a message and does not answer. Everything that comes meanwhile is answered and decided, each
    once, and a mail of another client leaves in the middle of it.
    """
    with Desk(tmp_path) as desk:
        hold = desk.slack.hold()
        first = desk.xero.bill("B-1", "Devices Inc", [line("Devices", 40_000, "Apollo")], CurrencyCode="USD")
        desk.tell_of(first)
        hold.wait()
        bodies = worklogs(desk, BURST)
        began = time.monotonic()
        with ThreadPoolExecutor(CALLERS) as callers:
            ids = set(callers.map(lambda body: desk.hook("tracker", body), bodies))
            stored = time.monotonic()
            second = desk.xero.bill(
                "F-1", "华东设备", [line("设备", 250_000, "产线看板")], CurrencyCode="CNY"
            )
            desk.tell_of(second)
            desk.wait_for_mail("zhao.min@hengtai.example", "83.3%")
            told = time.monotonic()
        assert len(ids) == BURST
        wanted = 42_000 + 40_000 + 150 * BURST
        while_it_moves(lambda: spent(desk), wanted, "all hours are in the ledger")
        decided = time.monotonic()
        assert desk.stack.items("actions", kind="chat", state="sending"), "it hangs all this time"
        hold.release()
        desk.exhausted()
        assert spent(desk) == wanted
        assert desk.problems() == []
        assert max(said(desk).values()) == 1
        measured(
            "burst",
            deliveries=BURST,
            stored_per_second=round(BURST / (stored - began)),
            decided_per_second=round(BURST / (decided - began)),
            seconds_until_another_clients_mail=round(told - stored, 1),
        )


@dataclass(frozen=True)
class Told:
    """One thing that a source says in the week, and when."""

    at: datetime
    connection: str
    body: bytes
    headers: dict[str, str]


def test_a_week_told_again_changes_nothing(tmp_path: Path, measured: Any) -> None:
    """Seven days of hours, corrections, deletions, bills and voids. Within a day they come in any order, some twice.
    Then the whole week is told again as new deliveries: money, messages and decisions stay as they are.
    """
    monday = datetime.fromisoformat("2026-11-23T14:00:00+00:00")
    with Desk(tmp_path, now=monday) as desk:
        until(lambda: desk.project("apollo")["budget"], "the project is activated", every=0.1)
        drawn = random.Random(11)  # noqa: S311 (the same week each time)
        week, hours = _week(desk, drawn, monday)
        began = time.monotonic()
        _tell(desk, drawn, week)
        took = time.monotonic() - began
        assert spent(desk) == 42_000 + 150 * hours
        before, arrived = ending("a week", desk), said(desk)
        _tell(desk, drawn, [replace(t, headers={**t.headers, **_fresh(t)}) for t in week])
        after = ending("a week", desk)
        assert {k: v for k, v in after.items() if k != "events"} == {
            k: v for k, v in before.items() if k != "events"
        }
        assert said(desk) == arrived
        assert max(arrived.values(), default=0) <= 1
        assert desk.problems() == []
        measured("week", deliveries=len(week), per_second=round(len(week) / took))


def _week(desk: Desk, drawn: random.Random, monday: datetime) -> tuple[list[Told], int]:
    """What the tracker says in a week, and the hours that stand at its end."""
    told: list[Told] = []
    standing: dict[str, dict[str, Any]] = {}
    desk.jira.add_issue("APO-7", "Work", assignee=LIN)
    for day in range(7):
        desk.jira.now = monday + timedelta(days=day)
        for _ in range(A_DAY):
            what = drawn.choice(["created"] * 5 + ["updated"] * 3 + ["deleted"])
            if what == "created" or not standing:
                what, log = "created", desk.jira.log_time("APO-7", 3600 * drawn.randint(1, 8), STARTED, LIN)
                standing[log["id"]] = log
            elif what == "updated":
                log = standing[drawn.choice(sorted(standing))]
                log.update(timeSpentSeconds=3600 * drawn.randint(1, 8), updated=desk.jira.tick())
            else:
                log = {**standing.pop(drawn.choice(sorted(standing))), "updated": desk.jira.tick()}
            body = desk.jira.delivery(f"worklog_{what}", "APO-7", worklog=dict(log))
            told.append(Told(monday + timedelta(days=day), "tracker", body, {}))
    return told, sum(log["timeSpentSeconds"] for log in standing.values()) // 3600


def _fresh(_told: Told) -> dict[str, str]:
    """A delivery that its source calls another one."""
    return {"X-Atlassian-Webhook-Identifier": uuid4().hex}


def _tell(desk: Desk, drawn: random.Random, week: list[Told]) -> None:
    """Day by day, each day's deliveries by several callers in any order, one in five of them twice."""
    for day in sorted({t.at for t in week}):
        desk.at(max(day, desk.now))
        today = [t for t in week if t.at == day]
        today += drawn.sample(today, len(today) // 5)
        drawn.shuffle(today)
        with ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(lambda t: desk.hook(t.connection, t.body, **t.headers), today))
        desk.exhausted()


def test_five_of_fifty_connections_that_are_down_hold_up_no_other(tmp_path: Path, measured: Any) -> None:
    """Every bill is told in fifty rooms. Two of them swallow what they are sent, three refuse connections: the other
    forty-five get every message meanwhile. When the ways are mended nothing is missing but what is shown as unknown.
    """
    with (
        Desk(tmp_path) as desk,
        FaultProxy(_port(desk.slack.url)) as hangs,
        FaultProxy(_port(desk.slack.url)) as refuses,
    ):
        rooms = _fifty_rooms(desk, {0: hangs, 1: hangs, 2: refuses, 3: refuses, 4: refuses})
        until(
            lambda: "room-49" in {c["id"] for c in desk.stack.items("connections", limit="200")},
            "fifty rooms",
        )
        hangs.trouble("dropped")
        refuses.trouble("refused")
        began = time.monotonic()
        for number in range(ROUNDS):
            bill = desk.xero.bill(
                f"B-{number}", "Devices Inc", [line("Work", 10, "Apollo")], CurrencyCode="USD"
            )
            desk.tell_of(bill)
        while_it_moves(lambda: _heard(desk, rooms[5:]), 45 * ROUNDS, "the healthy rooms heard it all")
        took = time.monotonic() - began
        assert _heard(desk, rooms[:5]) == 0
        hangs.mend()
        refuses.mend()
        desk.later()
        desk.exhausted()
        unknown = desk.stack.items("actions", state="unknown", limit="200")
        assert {a["kind"] for a in unknown} == {"chat"}
        assert _heard(desk, rooms) + len(unknown) == 50 * ROUNDS
        assert _heard(desk, rooms[2:]) == 48 * ROUNDS, "a refused call is known not to have arrived"
        assert desk.problems() == []
        measured("fifty connections", messages=45 * ROUNDS, per_second=round(45 * ROUNDS / took, 1))


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def _fifty_rooms(desk: Desk, ways: dict[int, FaultProxy]) -> list[str]:
    """Fifty chat connections, and rules that tell all of them of every bill; their paths, so that each is counted."""
    file = desk.home / "accord.yaml"
    path = desk.slack.webhook.removeprefix(desk.slack.url)
    ports = {n: ways[n].port if n in ways else _port(desk.slack.url) for n in range(50)}
    connections = "".join(
        f'  room-{n}: {{connector: slack, url: "http://127.0.0.1:{ports[n]}/r{n}{path}", private_network: true}}\n'
        for n in range(50)
    )
    text = file.read_text()
    rules = "rules:\n" + "".join(
        f"  - id: everybody-{half}\n"
        f'    title: {{en: "Rooms {half} hear of a bill", zh-CN: 通知第 {half} 组群}}\n'
        "    when: ledger.posted\n    do:\n"
        + "".join(f"      - chat: {{to: room-{n}, text: {TOLD}}}\n" for n in range(half * 25, half * 25 + 25))
        for half in (0, 1)
    )
    team = desk.home / "rules" / "team.yaml"
    file.write_text(text.replace("\npeople:\n", f"\n{connections}people:\n", 1))
    team.write_text(team.read_text().replace("rules: []\n", rules))
    return [f"/r{n}/" for n in range(50)]


def _heard(desk: Desk, rooms: list[str]) -> int:
    return sum(seen.path.startswith(tuple(rooms)) for seen in list(desk.slack.seen))
