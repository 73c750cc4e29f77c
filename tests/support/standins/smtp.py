"""A stand-in for a mail server: a real SMTP server on the loopback that keeps what it was sent.

`with SmtpStandIn() as there:` listens at `there.url` until the block ends. What it accepted is in `there.mails`, oldest
first. `there.fail(...)` makes the next conversations go wrong at one place. With a certificate it offers STARTTLS, or
speaks TLS from the first byte.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Literal, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.standins.holding import Hold

Place = Literal["connect", "recipient", "data"]
Fault = Literal["reply", "drop_before_data", "drop_after_data", "hang_before_data", "hang_after_data"]


@dataclass(frozen=True, slots=True)
class Mail:
    """One accepted mail: its envelope, its parts, who was logged in, whether the way was encrypted."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)
    encrypted: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@dataclass(slots=True)
class _Plan:
    fault: Fault
    reply: str
    place: Place
    times: int


class SmtpStandIn:
    """The server. `tries` counts the conversations that got as far as naming a recipient."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        user: str | None = None,
        password: str | None = None,
        port: int = 0,
    ) -> None:
        self.mails: list[Mail] = []
        self.tries = 0
        self._login = (user, password) if user else None
        self._plans: list[_Plan] = []
        self._holds: list[Hold] = []
        self._implicit = implicit
        self._changed = threading.Condition()
        self._controller = _Controller(
            self,
            hostname="127.0.0.1",
            port=port,
            ssl_context=tls if implicit else None,
            tls_context=None if implicit else tls,
            authenticator=self._authenticate if user else None,
            auth_require_tls=tls is not None and not implicit,
            # The server knows only STARTTLS as a way that is safe enough to insist.
            auth_required=user is not None and tls is not None and not implicit,
        )

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for hold in self._holds:
            hold.drop()
        self._controller.stop()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    @property
    def url(self) -> str:
        return f"{'smtps' if self._implicit else 'smtp'}://127.0.0.1:{self.port}"

    def fail(
        self, fault: Fault = "reply", *, reply: str = "451 try later", place: Place = "data", times: int = 1
    ) -> None:
        """The next `times` conversations go wrong.

        reply: that answer at that place.  drop_*: the connection ends before DATA is answered, or after the whole mail
        was received.  hang_*: no answer there until the stand-in closes. A mail dropped or hung after DATA is kept in
        `mails`: the server has it, the sender does not know.
        """
        with self._changed:
            self._plans.append(_Plan(fault, reply, place, times))

    def hold(self, *, after: bool = False) -> Hold:
        """Keep mails at the end of DATA until the test releases them: before they are accepted, or after it."""
        with self._changed:
            self._holds.append(Hold(after=after))
            return self._holds[-1]

    def wait_for(self, condition: Callable[[], bool], seconds: float = 20.0) -> bool:
        """Wait until a condition on what was received holds; False when the time is over."""
        with self._changed:
            return self._changed.wait_for(condition, seconds)

    def _plan(self, place: Place, *faults: Fault) -> _Plan | None:
        with self._changed:
            fits = (p for p in self._plans if p.times > 0 and p.fault in faults)
            plan = next((p for p in fits if p.fault != "reply" or p.place == place), None)
            if plan:
                plan.times -= 1
            return plan

    def _keep(self, mail: Mail) -> None:
        with self._changed:
            self.mails.append(mail)
            self._changed.notify_all()

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        fits = (given.login.decode(), given.password.decode()) == self._login
        return AuthResult(success=fits, handled=False, auth_data=given.login.decode())

    # Called by the server, in its own thread

    async def greet(self, server: SMTP) -> bool:
        """False when the conversation is over before it began."""
        plan = self._plan("connect", "reply")
        if plan:
            await server.push(plan.reply)
            server.transport.close()
        return plan is None

    async def handle_RCPT(  # noqa: N802 - names of the server's hooks
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.tries += 1
        plan = self._plan("recipient", "reply", "drop_before_data", "hang_before_data")
        if plan:
            return await _misbehave(server, plan)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        plan = self._plan("data", "reply", "drop_after_data", "hang_after_data")
        if plan and plan.fault == "reply":
            return plan.reply
        user = session.auth_data if isinstance(session.auth_data, str) else None
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        encrypted = server.transport.get_extra_info("ssl_object") is not None
        mail = Mail(str(envelope.mail_from), tuple(envelope.rcpt_tos), content, encrypted, user)
        hold = next((h for h in self._holds if not h.over), None)
        if hold and not hold.after and not await asyncio.to_thread(hold.keep):
            server.transport.abort()
            return "421 gone"
        self._keep(mail)
        if hold and hold.after:
            await asyncio.to_thread(hold.keep)
        return await _misbehave(server, plan) if plan else f"250 OK queued as {len(self.mails)}"


async def _misbehave(server: SMTP, plan: _Plan) -> str:
    if plan.fault.startswith("hang"):
        await asyncio.Event().wait()
    if plan.fault.startswith("drop"):
        server.transport.abort()
        return "421 gone"
    return plan.reply


class _Smtp(SMTP):
    async def _handle_client(self) -> None:
        if await self.event_handler.greet(self):
            await super()._handle_client()


class _Controller(Controller):
    """Takes any free port, and says which."""

    def factory(self) -> SMTP:
        return _Smtp(self.handler, **self.SMTP_kwargs)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()
