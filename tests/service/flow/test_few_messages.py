"""What leaves together leaves once: several workers and one heap, a worker that died with a heap in its hands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from connectors.base import ConnectorError
from rules.engine.effects.projects import activation
from rules.facts.event import Event
from service import releasing
from service.flow import decide, deliver
from service.state import Context
from service.store import actions, journal, lists
from service.tools import LEASE, Tools
from tests.support.seeding import NOW, ON_BOTH, Seed, close, opened_for

TEXT = {"inline": {"en": {"subject": "Word {{ number }}", "body": "Said.", "short": ""}}}


@pytest.fixture
def seed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Seed]:
    made = opened_for(request, tmp_path)
    yield made
    close(made)


@pytest.fixture
def tools() -> Iterator[Tools]:
    made = Tools()
    yield made
    made.close()


def heap(seed: Seed, count: int) -> list[str]:
    """So many messages to Bob that wait for the same hours, which have come."""
    event = seed.event("ledger.posted", {"entry": {"id": "E1"}})
    to_bob: dict[str, Any] = {"recipient": "bob", "address": "bob@acme.example", "target": "mail/bob"}
    return [
        seed.action(
            event,
            "email",
            "waiting",
            id=f"act_{number}",
            waits="hours",
            heap="one",
            text=TEXT,
            names={"number": number},
            client_facing=True,
            **to_bob,
        )
        for number in range(count)
    ]


def states(seed: Seed, ids: list[str]) -> list[tuple[str, str | None]]:
    with seed.context.database.reading() as connection:
        rows = [actions.row_of(connection, id) or {} for id in ids]
    return [(row["state"], row["into"]) for row in rows]


def mails(place: Path) -> list[str]:
    return sorted(path.name for path in place.rglob("*.eml"))


@ON_BOTH
def test_many_workers_release_one_heap_once(seed: Seed, tools: Tools, tmp_path: Path) -> None:
    """Eight workers take four messages of one heap: one mail leaves, and the others are said in it."""
    ids = heap(seed, 4)
    given = (seed.context, tools, lambda *_: 0)
    workers = [Thread(target=deliver.deliver, args=(*given, id)) for id in ids for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert states(seed, ids) == [("merged", "act_3")] * 3 + [("sent", None)]
    assert mails(tmp_path) == ["act_3.eml"]


@ON_BOTH
def test_a_heap_whose_worker_died_is_taken_up_as_a_whole(seed: Seed, tools: Tools, tmp_path: Path) -> None:
    """Claimed and never begun: nobody else has it before the lease is over; then it leaves once, with nothing lost."""
    ids = heap(seed, 3)
    assert len(releasing.claim(seed.context, ids[0], LEASE)) == 3
    deliver.deliver(seed.context, tools, lambda *_: 0, ids[1])
    assert mails(tmp_path) == []
    seed.at(NOW + LEASE + timedelta(seconds=1))
    deliver.deliver(seed.context, tools, lambda *_: 0, ids[1])
    assert states(seed, ids) == [("merged", "act_2")] * 2 + [("sent", None)]
    assert mails(tmp_path) == ["act_2.eml"]


RULE = """version: 1
rules:
  - id: untouched
    title: {en: Nobody touched it, zh-CN: 尚未处理}
    scope: {projects: [apollo]}
    when: issue.created
    if: issue.status == "Open"
    read_first: issue
    do:
      - task:
          to: project.lead
          text:
            en: {subject: "{{ issue.title }} is open", body: Look.}
            zh-CN: {subject: "{{ issue.title }} 未处理", body: 请查看。}
"""


def told(seed: Seed, kind: str, status: str, version: str) -> Event:
    """An event about the issue, as it is stored."""
    issue = {"id": "10007", "key": "APO-7", "title": "Export", "status": status}
    return Event(
        f"evt_{version}",
        kind,
        NOW + timedelta(minutes=int(version)),
        NOW,
        {"issue": issue},
        "apollo",
        "acme",
        connection="tracker",
        key="issue/10007",
        version=version,
    )


def decided(seed: Seed, *events: Event) -> None:
    with seed.context.database.writing() as connection:
        journal.add(connection, events)
    decide.decide_waiting(seed.context)


def asked(seed: Seed, answer: Callable[..., Any]) -> Context:
    """The context with a tracker that answers so when an issue is read again."""
    jira = replace(seed.context.connectors["jira"], read=answer)
    return replace(seed.context, connectors={**seed.context.connectors, "jira": jira})


def waiting_task(seed: Seed) -> str:
    (seed.context.settings.home / "rules" / "team.yaml").write_text(RULE, encoding="utf-8")
    seed.context.rulebook.refresh()
    project = seed.context.rulebook.workspace.projects["apollo"]
    decided(seed, activation(project, NOW - timedelta(days=1), seed.context.rulebook.workspace))
    decided(seed, told(seed, "issue.created", "Open", "1"))
    with seed.context.database.reading() as connection:
        rows = lists.actions_page(connection, lists.Wanted(), {"rule": "untouched"}).rows
    return str(rows[0]["id"])


def deliver_until_quiet(context: Context, tools: Tools, take_in: Callable[..., int], id: str) -> None:
    for _ in range(3):
        deliver.deliver(context, tools, take_in, id)


def test_what_is_to_be_read_first_is_held_while_its_source_is_away(
    seed: Seed, tools: Tools, tmp_path: Path
) -> None:
    """It waits and says why; once the source answers that it is still so, it leaves."""
    id = waiting_task(seed)

    def away(*_: Any) -> Any:
        raise ConnectorError("Jira does not answer", retryable=True)

    deliver_until_quiet(asked(seed, away), tools, lambda *_: 0, id)
    with seed.context.database.reading() as connection:
        row = actions.row_of(connection, id) or {}
    assert (row["state"], row["waits"]) == ("waiting", "read")
    assert "Jira does not answer" in row["reason"]
    assert mails(tmp_path) == []
    seed.at(NOW + timedelta(minutes=6))
    deliver_until_quiet(asked(seed, lambda *_: ()), tools, lambda *_: 0, id)
    assert states(seed, [id]) == [("sent", None)]


def test_what_the_source_takes_back_is_not_sent(seed: Seed, tools: Tools, tmp_path: Path) -> None:
    """Read again, the issue is done: the message is cancelled with the condition that failed."""
    id = waiting_task(seed)

    def take_in(*_: Any) -> int:
        decided(seed, told(seed, "issue.changed", "Done", "2"))
        return 1

    deliver_until_quiet(asked(seed, lambda *_: ()), tools, take_in, id)
    with seed.context.database.reading() as connection:
        row = actions.row_of(connection, id) or {}
    assert row["state"] == "cancelled"
    assert "Open" in row["reason"]
    assert mails(tmp_path) == []
