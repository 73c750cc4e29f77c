"""A stand-in for a mailbox: a small IMAP server on the loopback with one folder.

`with ImapStandIn() as there:` listens at `there.url` until the block ends. `there.put(mail)` delivers a mail; what the
client changed would show in `there.flagged`. `there.fail(...)` makes the next conversations go wrong at one command.
`there.renumber()` gives every mail a new UID, as a server does after its index was lost.
"""

from __future__ import annotations

import base64
import re
import socketserver
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, Self

Fault = Literal["no", "drop", "hang", "garbage", "huge"]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass(slots=True)
class _Kept:
    uid: int
    raw: bytes = field(repr=False)
    came: datetime


class ImapStandIn:
    """The server. `asked` holds every command line it got, log-ins left out; `fetched` counts mails handed out."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        user: str | None = None,
        password: str | None = None,
        plain: bool = True,
    ) -> None:
        self.mails: list[_Kept] = []
        self.validity = 1
        self.next = 1
        self.asked: list[str] = []
        self.fetched = 0
        self.encrypted: list[bool] = []
        self.login = (user, password) if user else None
        self.tls, self.implicit, self.plain = tls, implicit, plain
        self.faults: list[tuple[str, Fault]] = []
        self.over = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Talk)
        self._server.there = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The address without a user."""
        return f"{'imaps' if self.implicit else 'imap'}://127.0.0.1:{self._server.server_address[1]}"

    def put(self, raw: bytes | str, came: datetime = NOON) -> int:
        """Deliver a mail; its UID."""
        content = raw.encode() if isinstance(raw, str) else raw
        self.mails.append(_Kept(self.next, content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), came))
        self.next += 1
        return self.next - 1

    def renumber(self) -> None:
        """New UIDs for all, and a new UIDVALIDITY."""
        self.validity += 1
        for number, mail in enumerate(self.mails, 1):
            mail.uid = number
        self.next = len(self.mails) + 1

    def fail(self, fault: Fault, command: str, times: int = 1) -> None:
        """The next `times` such commands ("CONNECT", "LOGIN", "EXAMINE", "SEARCH", "FETCH") go wrong."""
        self.faults += [(command, fault)] * times


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    there: ImapStandIn


class _Gone(Exception):
    """The conversation is over."""


class _Talk(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        there = self.there = self.server.there
        try:
            if there.implicit and there.tls:
                self._encrypt(there.tls)
            self._misbehave("CONNECT", "*")
            self.say(f"* OK [CAPABILITY {self._capabilities()}] ready")
            while line := self.rfile.readline(65_536):
                tag, _, rest = line.decode("utf-8", "replace").rstrip("\r\n").partition(" ")
                self._answer(tag, *_words(rest))
        except (_Gone, OSError):
            return

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.request.close()

    def _encrypt(self, tls: ssl.SSLContext) -> None:
        self.rfile.close()
        self.wfile.close()
        self.request = tls.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)

    def _capabilities(self) -> str:
        more = " STARTTLS" if self.there.tls and not self._encrypted else ""
        return f"IMAP4rev1{more}{' AUTH=PLAIN' if self.there.plain else ''}"

    @property
    def _encrypted(self) -> bool:
        return isinstance(self.request, ssl.SSLSocket)

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def _misbehave(self, command: str, tag: str) -> None:
        fault = next((f for c, f in self.there.faults if c == command), None)
        if fault is None:
            return
        self.there.faults.remove((command, fault))
        if fault == "no":
            self.say(f"{tag} NO [UNAVAILABLE] try later")
            raise _Gone
        if fault == "hang":
            self.there.over.wait()
        if fault == "garbage":
            self.say("\x00\xff this is no answer")
        if fault == "huge":
            self.say("* 1 FETCH (BODY[]<0> {999999999}")
        raise _Gone

    def _answer(self, tag: str, command: str, rest: str) -> None:
        self._misbehave(command, tag)
        if command in ("LOGIN", "AUTHENTICATE"):
            self.there.encrypted.append(self._encrypted)
        else:
            self.there.asked.append(f"{command} {rest}".strip())
        getattr(self, f"do_{command.lower()}", self._unknown)(tag, rest)

    def _unknown(self, tag: str, _rest: str) -> None:
        self.say(f"{tag} BAD unknown command")

    def do_capability(self, tag: str, _rest: str) -> None:
        self.say(f"* CAPABILITY {self._capabilities()}")
        self.say(f"{tag} OK done")

    def do_starttls(self, tag: str, _rest: str) -> None:
        self.say(f"{tag} OK begin")
        assert self.there.tls is not None
        self._encrypt(self.there.tls)

    def do_login(self, tag: str, rest: str) -> None:
        self._logged_in(tag, tuple(part.strip('"') for part in rest.split(" ", 1)))

    def do_authenticate(self, tag: str, _rest: str) -> None:
        self.say("+ ")
        given = base64.b64decode(self.rfile.readline()).decode().split("\0")
        self._logged_in(tag, tuple(given[1:]))

    def _logged_in(self, tag: str, given: tuple[str, ...]) -> None:
        fits = self.there.login is None or given == self.there.login
        self.say(f"{tag} OK welcome" if fits else f"{tag} NO [AUTHENTICATIONFAILED] {given[-1]} is wrong")

    def do_examine(self, tag: str, rest: str) -> None:
        if rest.strip('"') != "INBOX":
            return self.say(f"{tag} NO no such folder")
        self.say(f"* {len(self.there.mails)} EXISTS")
        self.say(f"* OK [UIDVALIDITY {self.there.validity}] valid")
        self.say(f"* OK [UIDNEXT {self.there.next}] next")
        return self.say(f"{tag} OK [READ-ONLY] done")

    def do_uid(self, tag: str, rest: str) -> None:
        command, given = _words(rest)
        self._misbehave(command, tag)
        getattr(self, f"uid_{command.lower()}", self._unknown)(tag, given)

    def uid_search(self, tag: str, given: str) -> None:
        kind, what = _words(given)
        found: list[Any] = [m for m in self.there.mails if kind == "ALL"]
        if kind == "UID":
            first = int(what.partition(":")[0])
            # `n:*` names the last mail whatever its number, as the standard says.
            found = [m for m in self.there.mails if m.uid >= first] or self.there.mails[-1:]
        if kind == "SINCE":
            day = datetime.strptime(what, "%d-%b-%Y").replace(tzinfo=UTC)
            found = [m for m in self.there.mails if m.came >= day]
        self.say(f"* SEARCH {' '.join(str(m.uid) for m in found)}".rstrip())
        self.say(f"{tag} OK done")

    def uid_fetch(self, tag: str, given: str) -> None:
        uid, _, wanted = given.partition(" ")
        length = re.search(r"<0\.(\d+)>", wanted)
        for number, mail in enumerate(self.there.mails, 1):
            if mail.uid == int(uid) and length:
                raw = mail.raw[: int(length[1])]
                came = mail.came.strftime("%d-%b-%Y %H:%M:%S +0000")
                self.say(f'* {number} FETCH (UID {uid} INTERNALDATE "{came}" BODY[]<0> {{{len(raw)}}}')
                self.wfile.write(raw + b")\r\n")
                self.there.fetched += 1
        self.say(f"{tag} OK done")

    def do_logout(self, tag: str, _rest: str) -> None:
        self.say("* BYE")
        self.say(f"{tag} OK done")
        raise _Gone


def _words(line: str) -> tuple[str, str]:
    command, _, rest = line.partition(" ")
    return command.upper(), rest
