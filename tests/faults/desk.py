"""An office under fault tests: hooks are posted at once, the clock can be moved, and a fault can strike at a moment.

In: which fault strikes at which moment (`Scene`). Out: the same office a little later, everything running again, and
`tally`: what arrived how often, and what is shown as unknown.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import redis
import requests

from service.queue import QUEUES, Bells
from tests.journeys.office import JIRA_SECRET, Office
from tests.support.other_time import OtherTime
from tests.support.processes import alive, descendants
from tests.support.standins.holding import Hold
from tests.support.standins.server import Seen
from tests.support.wait import until

LEASE_IS_OVER = timedelta(seconds=61)
PARTS = ("web", "worker-decide", "worker-deliver", "clock", "redis")
FAULTS = (*(f"kill {part}" for part in PARTS), "kill everything", "wipe redis")
CALLERS = ("kill worker-deliver", "kill everything")
"""The faults that end the process which makes the calls."""

Places = Mapping[str, Callable[[], list[Hold]]]
"""Moment -> the calls to hold so that it can be met."""


class Desk(Office):
    """An office with a clock of its own."""

    def __init__(self, place: Path, *, now: datetime | None = None, **options: str) -> None:
        self.clock = OtherTime(place)
        self.at(now or datetime.now(UTC))
        super().__init__(place, **{**self.clock.environment, **options})

    def at(self, now: datetime) -> None:
        """It is `now`, for all processes."""
        self._offset = now - datetime.now(UTC)
        self.clock.set(now)

    def later(self, by: timedelta = LEASE_IS_OVER) -> None:
        """Time goes on by that much at once, and the bells ring. A minute and a second end every lease."""
        self.at(datetime.now(UTC) + self._offset + by)
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

    def hook(self, connection: str, body: bytes, **headers: str) -> str:
        """A delivery of the tracker, signed; posted again, as the tracker does, when nobody took it."""
        signature = hmac.new(JIRA_SECRET.encode(), body, hashlib.sha256).hexdigest()
        sent = {
            "Content-Type": "application/json",
            "X-Hub-Signature": f"sha256={signature}",
            "X-Atlassian-Webhook-Identifier": uuid4().hex,
            **headers,
        }
        return self._posted(connection, body, sent)

    def settle(self, *deliveries: str) -> None:
        """Wait until these deliveries are decided and nothing is on its way."""
        for id in deliveries:
            self.stack.settled(id)
        self.stack.quiet()

    def redis(self) -> redis.Redis:
        """The private server."""
        return redis.Redis.from_url(self._redis_url())

    def running(self) -> bool:
        """Whether all parts run, by the supervisor's note, and the web answers."""
        try:
            return all(alive(self.stack.pid(part)) for part in PARTS) and (
                requests.get(f"{self.stack.url}/healthz", timeout=2).status_code == 200
            )
        except (requests.RequestException, OSError, KeyError, TypeError, ValueError):
            return False

    def strike(self, fault: str) -> None:
        """Let the fault happen, and wait until everything runs again."""
        verb, _, what = fault.partition(" ")
        if verb == "wipe":
            self.redis().flushall()
        elif what == "everything":
            self.stack.crash()
            self.stack.start()
        else:
            self._kill(what)
        until(self.running, f"everything runs again after: {fault}", every=0.1)

    def _redis_url(self) -> str:
        return (self.home / "var" / "redis" / "url").read_text().strip()

    def _kill(self, part: str) -> None:
        everything = descendants(self.stack.pid(part))
        before = self.stack.kill(part)
        until(lambda: not any(alive(p) for p in everything), f"{part} has ended")
        until(lambda: self.stack.pid(part) != before, f"a new {part}")


@dataclass
class Scene:
    """One run of a story. faults: moment -> what happens at it. `struck` says what did happen."""

    desk: Desk
    faults: Mapping[str, str] = field(default_factory=dict)
    struck: dict[str, str] = field(default_factory=dict, init=False)
    met: list[str] = field(default_factory=list, init=False)

    def meet(self, moment: str) -> None:
        """The story is at a moment."""
        self.met.append(moment)
        if moment in self.faults:
            self._strike(moment, [])

    @contextlib.contextmanager
    def meeting(self, places: Places) -> Iterator[None]:
        """What happens inside leads to calls; at each moment of `places` some of them are under way."""
        self.met += places
        moment = next((m for m in places if m in self.faults), None)
        holds = places[moment]() if moment else []
        yield
        if moment:
            for hold in holds:
                hold.wait()
            self._strike(moment, holds)

    def _strike(self, moment: str, holds: list[Hold]) -> None:
        fault = self.faults[moment]
        caller_ends = fault in CALLERS
        try:
            self.desk.strike(fault)
        finally:
            for hold in holds:
                (hold.drop if caller_ends else hold.release)()
        if caller_ends:
            self.desk.later()
        self.struck[moment] = fault


@dataclass(frozen=True)
class Tally:
    """What a project's people and systems got. Everything is counted by what it says, never by our own record."""

    arrived: Counter[str]
    unknown: list[str]


def said(desk: Desk) -> Counter[str]:
    """What arrived outside so far: each mail by reader and subject, each comment and chat message by its text."""
    found = Counter(f"mail {','.join(m.recipients)}: {m.message['subject']}" for m in list(desk.smtp.mails))
    for key, issue in list(desk.jira.issues.items()):
        found.update(f"comment {key}: {_words(t)}" for t in desk.jira.comments_on(key))
        found.update(f"status {key}: {to}" for to in _moves(issue))
    found.update(f"chat: {post['text'].splitlines()[0]}" for post in list(desk.slack.posts))
    return found


def tally(desk: Desk) -> Tally:
    """What arrived, and what the service itself shows as unknown."""
    shown = desk.stack.items("actions", state="unknown", limit="200")
    return Tally(said(desk), [f"{a['kind']} {a['recipient'] or a['target'] or ''}".strip() for a in shown])


def is_comment(seen: Seen) -> bool:
    """A comment is being written."""
    return seen.method == "POST" and seen.path.endswith("/comment")


def is_move(seen: Seen) -> bool:
    """An issue is being moved to another status."""
    return seen.method == "POST" and seen.path.endswith("/transitions")


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
