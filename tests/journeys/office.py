"""An office for journeys: real processes, real Redis, real SMTP, and a stand-in for each outside system.

Two clients, one American and one Chinese, whose messages may leave at any hour, so that a journey is the same on a
Sunday night. `Office.mails_to` reads what arrived in a person's mailbox.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from tests.support.stack import Stack
from tests.support.standins.jira import JiraStandIn
from tests.support.standins.slack import SlackStandIn
from tests.support.standins.smtp import SmtpStandIn
from tests.support.standins.xero import XeroStandIn
from tests.support.wait import PATIENCE, until

LIN = {"accountId": "5b10a2", "displayName": "Lin Hao", "active": True}
JIRA_SECRET = "secret-of-the-tracker-hooks"
STRIPE_SECRET = "whsec_of-the-payment-hooks"
CLAIMS_SECRET = "whsec_ZXhhbXBsZS1zZWNyZXQtb2YtY2xhaW1z"
PUBLIC = "https://accord.northwind.example"

FILES = Path(__file__).parent / "workspace"


class Office:
    """Everything that one journey needs, running."""

    def __init__(
        self,
        place: Path,
        *,
        m1_due: str = "2031-03-14",
        m2_due: str = "2031-04-30",
        smtp: str | None = None,
        **environment: str,
    ) -> None:
        self.jira = JiraStandIn()
        self.xero = XeroStandIn()
        self.slack = SlackStandIn()
        self.smtp = SmtpStandIn()
        self.home = place / "office"
        self._smtp_url = smtp
        self._dates = {"M1_DUE": m1_due, "M2_DUE": m2_due}
        self._environment = environment
        self._running = contextlib.ExitStack()
        self.stack: Stack

    def __enter__(self) -> Self:
        for stand_in in (self.jira, self.xero, self.slack, self.smtp):
            self._running.enter_context(stand_in)
        self._write_workspace()
        for key in ("APO-1", "KB-1"):
            self.jira.add_issue(key, "Home")
        self.stack = self._running.enter_context(Stack(self.home, **self._environment))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.__exit__(kind, error, trace)

    # What people do

    def log_hours(self, issue: str, hours: int) -> str:
        """Lin logs time on an issue; the tracker tells of it. The id of the delivery."""
        if issue not in self.jira.issues:
            self.jira.add_issue(issue, "Design work", assignee=LIN)
        started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        log = self.jira.log_time(issue, hours * 3600, started, LIN)
        return self.hook("tracker", self.jira.delivery("worklog_created", issue, worklog=log))

    def mark_as_change(self, issue: str, title: str, hours: int) -> str:
        """The client's wish gets the label that the workspace names for changes. The id of the delivery."""
        self.jira.add_issue(issue, title, assignee=LIN, timeoriginalestimate=hours * 3600)
        entry = self.jira.change(issue, LIN, labels=["change-request"])
        return self.hook("tracker", self.jira.delivery("jira:issue_updated", issue, changelog=entry))

    def tell_of(self, *documents: str) -> str:
        """Xero tells of documents. The id of the delivery."""
        body, headers = self.xero.hook(*documents)
        return self._posted("books", body, headers)

    def hook(self, connection: str, body: bytes) -> str:
        """A webhook signed as its source does, by the command that users have. The id of the delivery."""
        path = self.home / "hook.json"
        path.write_bytes(body)
        return self.stack.send(connection, path)

    # What arrives

    def mails_to(self, address: str) -> list[EmailMessage]:
        """What the person's mailbox got, oldest first."""
        return [m.message for m in list(self.smtp.mails) if address in m.recipients]

    def wait_for_mail(self, address: str, words: str, seconds: float = PATIENCE) -> EmailMessage:
        """The first mail to the person whose subject has these words."""

        def found() -> EmailMessage | None:
            return next((m for m in self.mails_to(address) if words in str(m["subject"])), None)

        return until(found, f"a mail to {address} with {words!r}", seconds)

    def project(self, id: str) -> dict[str, Any]:
        """The project as the API shows it."""
        shown: dict[str, Any] = self.stack.get(f"projects/{id}")
        return shown

    def settle(self, *deliveries: str) -> None:
        """Wait until these deliveries are decided and nothing is on its way."""
        for id in deliveries:
            assert self.stack.settled(id)["state"] == "decided", self.stack.get(f"deliveries/{id}")
        self.stack.quiet()

    def _posted(self, connection: str, body: bytes, headers: dict[str, str]) -> str:
        answer = requests.post(
            f"{self.stack.url}/hooks/{connection}", data=body, headers=headers, timeout=PATIENCE
        )
        assert answer.status_code in (200, 202), answer.text
        return str(answer.json()["id"])

    def _outside(self, url: str) -> str:
        """The address by which the service reaches an outside system."""
        return url

    def _write_workspace(self) -> None:
        text = (FILES / "accord.yaml").read_text()
        for mark, day in self._dates.items():
            text = text.replace(mark, day)
        (self.home / "rules").mkdir(parents=True)
        (self.home / "accord.yaml").write_text(text)
        for name, source in (("team", "rules"), ("conduct", "conduct")):
            (self.home / "rules" / f"{name}.yaml").write_text((FILES / f"{source}.yaml").read_text())
        lines = {
            "JIRA_URL": self._outside(self.jira.url),
            "JIRA_TOKEN": "example-api-token-0001",
            "JIRA_SECRET": JIRA_SECRET,
            "XERO_API": self._outside(self.xero.api),
            "XERO_TOKEN_URL": self._outside(self.xero.token_url),
            "XERO_LOGIN": "example-client-secret",
            "XERO_KEY": "example-webhook-key-0001",
            "STRIPE_SECRET": STRIPE_SECRET,
            "CLAIMS_SECRET": CLAIMS_SECRET,
            "SMTP_URL": self._smtp_url or self._outside(self.smtp.url),
            "SLACK_URL": self._outside(self.slack.webhook),
            "PUBLIC_URL": PUBLIC,
        }
        env = self.home / ".env"
        env.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        env.chmod(0o600)


def plain(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def link_in(mail: EmailMessage, page: str = "a") -> str:
    """The path of the link in a mail: `a` to decide, `s` to answer a survey."""
    return next(w.removeprefix(PUBLIC) for w in plain(mail).split() if w.startswith(f"{PUBLIC}/{page}/"))


@contextlib.contextmanager
def office(place: Path, **options: str) -> Iterator[Office]:
    """An office for the length of a block."""
    with Office(place, **options) as opened:
        yield opened
