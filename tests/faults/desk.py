"""An office under fault tests: hooks are posted as trackers post them, the clock can be moved, every way can be broken.

In: nothing but a place, and further rules where a story needs them. Out: the office, `tally` (what arrived how often,
what is shown as unknown), and `problems`: what the record says that cannot be.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import redis
import requests
import yaml

from service.queue import QUEUES, Bells
from service.store.database import StorageError
from service.troubles import OWN_RULE
from tests.faults.record import Record, opening_of
from tests.journeys.office import JIRA_SECRET, Office
from tests.support.fault_proxy import FaultProxy
from tests.support.other_time import OtherTime
from tests.support.processes import alive, descendants
from tests.support.small_disk import SmallDisk
from tests.support.standins.server import Seen
from tests.support.wait import PATIENCE, until

LEASE_IS_OVER = timedelta(seconds=61)
PARTS = ("web", "worker-decide", "worker-deliver", "clock", "redis")


@dataclass(frozen=True)
class Posted:
    """A delivery as it was sent, and the id it was answered with."""

    connection: str
    body: bytes
    headers: Mapping[str, str]
    id: str


class Desk(Office):
    """An office with a clock, a disk and ways of its own. It ends by kill -9: nothing is waited for at the end."""

    def __init__(
        self,
        place: Path,
        *,
        now: datetime | None = None,
        small_disk: bool = False,
        rules: str = "",
        **options: str,
    ) -> None:
        self.clock = OtherTime(place)
        self.at(now or datetime.now(UTC))
        super().__init__(place, **{**self.clock.environment, **options})
        self.ways: dict[int, FaultProxy] = {}
        self.posted: list[Posted] = []
        self.disk: SmallDisk | None = None
        self._small_disk = small_disk
        self._rules = rules
        self._address = options.get("DATABASE_URL")

    def __enter__(self) -> Desk:
        if self._small_disk:
            self.disk = self._running.enter_context(SmallDisk(self.home))
        super().__enter__()
        self.record = Record(self.home / "var", self._address)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stack.crash()
        super().__exit__(kind, error, trace)

    # Time

    def at(self, now: datetime) -> None:
        """It is `now`, for all processes."""
        self._offset = now - datetime.now(UTC)
        self.clock.set(now)

    def later(self, by: timedelta = LEASE_IS_OVER) -> None:
        """Time goes on by that much at once, and the bells ring. A minute and a second end every lease."""
        self.at(self.now + by)
        bells = Bells(self._redis_url())
        for queue in QUEUES:
            bells.rouse(queue)
        bells.close()

    def swept(self) -> None:
        """Wait until the clock has rung for whatever is due now, and all of it was looked at."""
        at = self.now
        until(lambda: self.stack.clock_has_seen(at), "the clock has swept", every=0.1)

    @property
    def now(self) -> datetime:
        """What the processes take for now."""
        return datetime.now(UTC) + self._offset

    # Deliveries

    def hook(self, connection: str, body: bytes, **headers: str) -> str:
        """A delivery of the tracker, signed. The id of the delivery."""
        signature = hmac.new(JIRA_SECRET.encode(), body, hashlib.sha256).hexdigest()
        sent = {
            "Content-Type": "application/json",
            "X-Hub-Signature": f"sha256={signature}",
            "X-Atlassian-Webhook-Identifier": uuid4().hex,
            **headers,
        }
        return self._posted(connection, body, sent)

    def post(self, connection: str, body: bytes, headers: Mapping[str, str]) -> requests.Response | None:
        """Post once; none where nobody answered."""
        try:
            return requests.post(
                f"{self.stack.url}/hooks/{connection}", data=body, headers=dict(headers), timeout=PATIENCE
            )
        except requests.RequestException:
            return None

    def repeat(self, sent: Posted) -> str:
        """Send the same delivery again, as often as it takes until it is answered."""
        return self._posted(sent.connection, sent.body, dict(sent.headers))

    def _posted(self, connection: str, body: bytes, headers: dict[str, str]) -> str:
        def taken() -> str | None:
            answer = self.post(connection, body, headers)
            if answer is None or answer.status_code >= 500:
                return None
            assert answer.status_code in (200, 202), answer.text
            return str(answer.json()["id"])

        id = until(taken, f"{connection}: the delivery is taken", every=0.2)
        if all(id != known.id for known in reversed(self.posted)):
            self.posted.append(Posted(connection, body, headers, id))
        return id

    def settle(self, *deliveries: str) -> None:
        """Wait until these deliveries are decided and nothing is on its way."""
        for id in deliveries:
            self.stack.settled(id)
        self.stack.quiet()

    def exhausted(self, held: Callable[[], bool] = lambda: False) -> None:
        """Until nothing is to be tried again, or a call is held on purpose. Whenever nothing moves, time goes on."""
        for _ in range(60):
            while (left := self.left()) != 0 and not held():
                with suppress(AssertionError):
                    until(lambda left=left: held() or self.left() != left, "something moves", 3.0, every=0.1)
                    continue
                break
            else:
                return
            self.later()
        raise AssertionError(f"{self.left()} things are still to be done, after an hour of tries")

    def idle(self) -> bool:
        """Whether the record can be read, and nothing is still to be done in it."""
        return self.left() == 0

    def left(self) -> int | None:
        """How much is still to be done by the record, none where it cannot be read."""
        try:
            return self.record.open_work()
        except StorageError:
            return None

    # Processes

    def redis(self) -> redis.Redis:
        """The private server."""
        return redis.Redis.from_url(self._redis_url())

    def running(self) -> bool:
        """Whether all parts run, by the supervisor's note, and the web answers."""
        try:
            return all(alive(self.stack.pid(part)) for part in PARTS) and (
                requests.get(f"{self.stack.url}/healthz", timeout=PATIENCE / 4).status_code == 200
            )
        except (requests.RequestException, OSError, KeyError, TypeError, ValueError):
            return False

    def kill(self, part: str) -> None:
        """kill -9 of a part; returns when another process has taken its place."""
        everything = descendants(self.stack.pid(part))
        before = self.stack.kill(part)
        until(lambda: not any(alive(p) for p in everything), f"{part} has ended")
        until(lambda: self.stack.pid(part) != before, f"a new {part}")

    @contextmanager
    def frozen(self, *parts: str) -> Iterator[None]:
        """SIGSTOP of these parts with all their children for the length of the block."""
        stopped = [pid for part in parts for pid in sorted(descendants(self.stack.pid(part)))]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in reversed(stopped):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    # What is true in the end

    def problems(self) -> list[str]:
        """What the record and the outside say that cannot be: nothing when the list is empty. What has just come about
        is waited for: the service tells its team of a fault at a moment of its own.
        """
        found: list[str] = []
        for _ in range(5):
            self.exhausted()
            if not (found := self._contradictions()):
                break
        return found

    def _contradictions(self) -> list[str]:
        workspace = yaml.safe_load((self.home / "accord.yaml").read_text())
        found = self.record.problems((p.id for p in self.posted), opening_of(workspace))
        marks = Counter(mark for issue in list(self.jira.issues) for mark in self._marks_on(issue))
        mails = Counter(str(m.message["Message-ID"]) for m in list(self.smtp.mails))
        return [
            *found,
            *(f"the comment {mark} is there {n} times" for mark, n in marks.items() if n > 1),
            *(f"the mail {id} left {n} times" for id, n in mails.items() if n > 1),
            *self.jira.violations,
            *self.xero.violations,
        ]

    def _marks_on(self, issue: str) -> Iterable[str]:
        return (mark for t in self.jira.comments_on(issue) for mark in re.findall(r"accord-[0-9a-f]{10}", t))

    def _write_workspace(self) -> None:
        super()._write_workspace()
        if self._rules:
            team = self.home / "rules" / "team.yaml"
            team.write_text(team.read_text().replace("rules: []\n", self._rules))

    def _redis_url(self) -> str:
        return (self.home / "var" / "redis" / "url").read_text().strip()

    def _outside(self, url: str) -> str:
        """The same address by a way that can be broken."""
        parts = urlsplit(url)
        assert parts.port is not None
        if parts.port not in self.ways:
            self.ways[parts.port] = self._running.enter_context(FaultProxy(parts.port))
        return parts._replace(netloc=f"127.0.0.1:{self.ways[parts.port].port}").geturl()


@dataclass(frozen=True)
class Tally:
    """What a project's people and systems got. Everything is counted by what it says, never by our own record."""

    arrived: Counter[str]
    unknown: list[str]


def said(desk: Desk) -> Counter[str]:
    """What arrived outside so far: each mail by reader and subject, each comment and chat message by its text. What the
    service tells its own team of the fault itself is left out.
    """
    told = desk.record.told_of_troubles()
    found = Counter(
        f"mail {','.join(m.recipients)}: {m.message['subject']}"
        for m in list(desk.smtp.mails)
        if str(m.message["subject"]) not in told
    )
    for key, issue in list(desk.jira.issues.items()):
        found.update(f"comment {key}: {_words(t)}" for t in desk.jira.comments_on(key))
        found.update(f"status {key}: {to}" for to in _moves(issue))
    found.update(f"chat: {post['text'].splitlines()[0]}" for post in list(desk.slack.posts))
    return found


def tally(desk: Desk) -> Tally:
    """What arrived, and what the service itself shows as unknown."""
    shown = desk.stack.items("actions", state="unknown", limit="200")
    ours = [a for a in shown if a["rule"] != OWN_RULE]
    return Tally(said(desk), [f"{a['kind']} {a['recipient'] or a['target'] or ''}".strip() for a in ours])


def is_comment(seen: Seen) -> bool:
    """A comment is being written."""
    return seen.method == "POST" and seen.path.endswith("/comment")


def is_move(seen: Seen) -> bool:
    """An issue is being moved to another status."""
    return seen.method == "POST" and seen.path.endswith("/transitions")


def is_look(seen: Seen) -> bool:
    """An issue is being read."""
    return seen.method == "GET" and "/issue/" in seen.path


def is_document(seen: Seen) -> bool:
    """A document is being read back."""
    return seen.method == "GET" and "/Invoices" in seen.path


def _words(text: str) -> str:
    """A comment without the marker at its end, which is another one in every run."""
    return " ".join(re.sub(r"accord-[0-9a-f]{10}\s*$", "", text).split())


def _moves(issue: Mapping[str, Any]) -> list[str]:
    return [
        item["toString"] for entry in issue["history"] for item in entry["items"] if item["field"] == "status"
    ]
