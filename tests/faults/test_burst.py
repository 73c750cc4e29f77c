"""Many deliveries at once while the web process is killed: what was answered 2xx is there, once, and nothing else."""

from __future__ import annotations

import hashlib
import hmac
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import requests

from tests.faults.desk import Desk
from tests.journeys.office import JIRA_SECRET, LIN
from tests.support.wait import PATIENCE, until

MANY = 300
STARTED = "2026-02-02T09:00:00.000+0000"


def test_what_was_answered_is_there_once_however_the_web_ends(tmp_path: Path) -> None:
    """Three hundred worklogs of an hour from eight callers; kill -9 of the web in the middle. Each caller does as
    trackers do: no answer, so it sends the same again. In the end there are three hundred entries, and every id that
    was ever answered is a delivery that is decided.
    """
    with Desk(tmp_path) as desk:
        desk.jira.add_issue("APO-7", "Work", assignee=LIN)
        bodies = [
            desk.jira.delivery(
                "worklog_created", "APO-7", worklog=desk.jira.log_time("APO-7", 3600, STARTED, LIN)
            )
            for _ in range(MANY)
        ]
        answered: list[str] = []
        under_way = threading.Event()

        def sent(number: int) -> str:
            taken = until(
                lambda: _posted(desk, bodies[number], number), f"worklog {number} is taken", 90, every=0.2
            )
            answered.append(taken)
            if len(answered) > MANY // 4:
                under_way.set()
            return taken

        with ThreadPoolExecutor(8) as callers:
            calls = [callers.submit(sent, number) for number in range(MANY)]
            assert under_way.wait(60)
            desk.kill("web")
            until(desk.running, "everything runs again", every=0.1)
            ids = {call.result() for call in calls}
        assert len(ids) == MANY

        def spent() -> Decimal:
            return Decimal(desk.project("apollo")["budget"]["spent"]["amount"])

        until(lambda: spent() == 42_000 + MANY * 150, "all of it is in the ledger", 120, every=0.5)
        desk.stack.quiet()
        assert spent() == 42_000 + MANY * 150
        assert {desk.stack.get(f"deliveries/{id}")["state"] for id in ids} == {"decided"}


def _posted(desk: Desk, body: bytes, number: int) -> str | None:
    """The id that a delivery was answered with, or none when nobody answered it."""
    digest = hmac.new(JIRA_SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature": f"sha256={digest}", "X-Atlassian-Webhook-Identifier": f"worklog-{number}"}
    try:
        answer = requests.post(
            f"{desk.stack.url}/hooks/tracker", data=body, headers=headers, timeout=PATIENCE
        )
    except requests.RequestException:
        return None
    return str(answer.json()["id"]) if answer.status_code in (200, 202) else None
