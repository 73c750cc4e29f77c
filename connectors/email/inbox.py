"""Reads an inbox by IMAP: what came since the last look, each mail once, nothing in it changed.

In: the connection's settings and a cursor ("" at first, "since:TIME" for a backfill). Out: the events of up to `MOST`
mails and the next cursor. Mails are told apart by UID; where the server numbers its folder anew (UIDVALIDITY), the days
since the last look are read again, and the same mail makes the same event. Mails stay unread: nothing is marked,
moved or deleted. Of each mail at most `LONGEST` bytes are read.
"""

from __future__ import annotations

import imaplib
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.base import ConnectorError, Http, Settings
from connectors.deadline import Call, connect, current
from connectors.email.letters import Letter, events_of, own_addresses
from connectors.email.server import Server
from connectors.operations import refused
from connectors.redaction import hidden, redact
from rules.facts.event import SourceEvent

MOST: Final = 50
"""Mails one look takes: bounds its memory and time. The next look goes on behind them."""
LONGEST: Final = 262_144
_SHOWN: Final = 200
_WHO: Final = re.compile(rb"UID ([0-9]{1,10})")
_CAME: Final = re.compile(rb'INTERNALDATE "([^"]{20,40})"')
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Place:
    """How far an inbox was read: the numbering of its folder, the last UID taken, and when it was looked at."""

    validity: int
    uid: int
    at: str


def poll(settings: Settings, _http: Http, cursor: str, now: datetime) -> tuple[list[SourceEvent], str]:
    """What the inbox has new. Without `inbox` there is none to read."""
    if not settings.get("inbox"):
        raise refused(settings, "`inbox` is not set: write imaps://user:password@mail.example.com")
    server = Server.of(settings, "inbox")
    with _visit(server) as folder:
        place = _place(folder, cursor, now)
        uids = folder.after(place.uid)[:MOST]
        letters = folder.letters(uids) if uids else []
    own = own_addresses(settings)
    events = [event for letter in letters for event in events_of(letter, own)]
    return events, json.dumps(asdict(Place(place.validity, uids[-1] if uids else place.uid, now.isoformat())))


def look(settings: Settings) -> str:
    """Log in and look, read nothing. Returns a sentence for the doctor."""
    server = Server.of(settings, "inbox")
    with _visit(server) as folder:
        return f"{server.host}:{server.port} has {folder.count} mails in {server.folder}"


class _Imap(imaplib.IMAP4):
    """Connects to checked addresses only, and takes no longer answers than it asked for."""

    def __init__(self, server: Server, begun: list[imaplib.IMAP4]) -> None:
        self._server = server
        self._begun = begun
        super().__init__(server.host, server.port, timeout=server.deadline)

    def _create_socket(self, _timeout: float | None) -> socket.socket:
        self.sock = connect(self._server.host, self._server.port)
        self._begun.append(self)
        if self._server.tls != "implicit":
            return self.sock
        try:
            return self._server.context().wrap_socket(self.sock, server_hostname=self._server.host)
        except OSError:
            self.sock.close()
            raise

    def read(self, size: int) -> bytes:
        if size > 2 * LONGEST:
            raise self.abort(f"an answer of {size} bytes was announced")
        return super().read(size)


class _Folder:
    """A folder that is open for reading."""

    def __init__(self, server: Server, imap: imaplib.IMAP4) -> None:
        self._imap = imap
        name = '"' + server.folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
        found = self._ask("the folder", *imap.select(name, readonly=True))
        self.count = int(found[0] or 0)
        self.validity = self._number("UIDVALIDITY")
        self.next = self._number("UIDNEXT")

    def _number(self, name: str) -> int:
        said = self._imap.response(name)[1]
        return int(said[0]) if said and said[0] and said[0].isdigit() else 0

    def _ask(self, what: str, status: str, data: list[Any]) -> list[Any]:
        if status != "OK":
            raise imaplib.IMAP4.error(f"{what}: {_words(data)}")
        return data

    def _found(self, *criteria: str) -> list[int]:
        data = self._ask("the search", *self._imap.uid("SEARCH", *criteria))
        return sorted({int(one) for line in data if line for one in line.split() if one.isdigit()})

    def after(self, uid: int) -> list[int]:
        """UIDs above this one. `n:*` always names the last mail, whatever its number."""
        return [one for one in self._found("UID", f"{uid + 1}:*") if one > uid]

    def since(self, day: datetime) -> list[int]:
        """UIDs of mails that came on that day or later, in the server's own idea of days."""
        return self._found("SINCE", f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}")

    def last(self) -> int:
        """The highest UID there is or was."""
        return self.next - 1 if self.next else max(self._found("ALL"), default=0)

    def letters(self, uids: list[int]) -> list[Letter]:
        """The mails, oldest first, each without its end where it is long."""
        wanted = f"(UID INTERNALDATE BODY.PEEK[]<0.{LONGEST}>)"
        found: dict[int, Letter] = {}
        for uid in uids:
            data = self._ask("a mail", *self._imap.uid("FETCH", str(uid), wanted))
            for part in data:
                # What another program deleted meanwhile is not there: nothing comes back for it.
                if isinstance(part, tuple) and len(part) == 2 and _uid(data) == uid:
                    found[uid] = Letter(bytes(part[1]), _came(data))
        return [found[uid] for uid in sorted(found)]


def _place(folder: _Folder, cursor: str, now: datetime) -> Place:
    """Where to read on. An inbox that is read for the first time begins with what comes from now on."""
    if cursor.startswith("{"):
        place = Place(**json.loads(cursor))
        if place.validity == folder.validity:
            return place
        return _from(folder, datetime.fromisoformat(place.at) - timedelta(days=2), now)
    if cursor.startswith("since:"):
        return _from(folder, datetime.fromisoformat(cursor.removeprefix("since:")), now)
    return Place(folder.validity, folder.last(), now.isoformat())


def _from(folder: _Folder, day: datetime, now: datetime) -> Place:
    found = folder.since(day)
    return Place(folder.validity, found[0] - 1 if found else folder.last(), now.isoformat())


def _heads(data: list[Any]) -> Iterator[bytes]:
    for part in data:
        head = part[0] if isinstance(part, tuple) else part
        if isinstance(head, bytes):
            yield head


def _uid(data: list[Any]) -> int | None:
    found = next((m for head in _heads(data) if (m := _WHO.search(head))), None)
    return int(found[1]) if found else None


def _came(data: list[Any]) -> datetime:
    found = next((m for head in _heads(data) if (m := _CAME.search(head))), None)
    try:
        text = found[1].decode("ascii").strip() if found else ""
        return datetime.strptime(text, "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)
    except ValueError:
        raise imaplib.IMAP4.error("a mail has no date of arrival") from None


def _login(server: Server, imap: imaplib.IMAP4) -> None:
    if server.user is None:
        # A mailbox that asks nobody who they are; one that does says so at the next command.
        imap.state = "AUTH"
        return
    plain = f"\0{server.user}\0{server.password}".encode()
    if "AUTH=PLAIN" in imap.capabilities:
        imap.authenticate("PLAIN", lambda _: plain)
    else:
        imap.login(server.user, server.password)


@contextmanager
def _visit(server: Server) -> Iterator[_Folder]:
    """A visit to the folder, over in time whatever the server does, its failures told as ConnectorError."""
    call = Call(server.settings, time.monotonic() + server.deadline)
    token = current.set(call)
    begun: list[imaplib.IMAP4] = []
    # A socket's time-out starts anew with each byte that trickles in; the deadline must not.
    alarm = threading.Timer(server.deadline, _cut, [begun])
    alarm.daemon = True
    alarm.start()
    try:
        yield _opened(server, begun)
    except (imaplib.IMAP4.error, OSError, ValueError) as problem:
        late = isinstance(problem, TimeoutError) or time.monotonic() >= call.until
        raise _failed(server, problem, late=late, reached=bool(begun)) from None
    finally:
        alarm.cancel()
        for imap in begun:
            _leave(imap)
        current.reset(token)


def _opened(server: Server, begun: list[imaplib.IMAP4]) -> _Folder:
    imap = _Imap(server, begun)
    if server.tls == "starttls":
        if "STARTTLS" not in imap.capabilities:
            raise _error(
                server, "offers no STARTTLS: use imaps:// or, on a network you trust, `inbox_tls: none`"
            )
        imap.starttls(server.context())
    try:
        _login(server, imap)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as problem:
        raise _error(server, f"refused the log-in: {_said(server, problem)}") from None
    return _Folder(server, imap)


def _failed(server: Server, problem: Exception, *, late: bool, reached: bool) -> ConnectorError:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return _error(server, f"has a certificate that is not trusted: {problem.verify_message}")
    if late:
        return _error(server, "gave no answer in time", retryable=True)
    said = _said(server, problem) or type(problem).__name__
    if isinstance(problem, imaplib.IMAP4.error) and not isinstance(problem, imaplib.IMAP4.abort):
        return _error(server, f"refused {said}", retryable=True)
    return _error(
        server, f"broke off ({said})" if reached else f"could not be reached ({said})", retryable=True
    )


def _leave(imap: imaplib.IMAP4) -> None:
    """Say goodbye; what was read is read, whether or not the server answers."""
    if imap.state != "LOGOUT":
        with suppress(imaplib.IMAP4.error, OSError, ValueError):
            imap.logout()
    # One that never came to a greeting has a socket and nothing to read it by.
    with suppress(OSError, AttributeError):
        imap.shutdown()


def _error(server: Server, what: str, *, retryable: bool = False) -> ConnectorError:
    return ConnectorError(f"{server} {what}", retryable=retryable)


def _said(server: Server, problem: Exception) -> str:
    """The server's own words, which may quote what it was told."""
    secrets = frozenset(filter(None, (server.user, server.password))) | hidden(server.settings)
    return redact(_words([*problem.args]), secrets)[:_SHOWN]


def _words(data: list[Any]) -> str:
    texts = (one.decode("utf-8", "replace") if isinstance(one, bytes) else str(one) for one in data if one)
    return " ".join(" ".join(texts).split())


def _cut(begun: list[imaplib.IMAP4]) -> None:
    """End a visit from outside: whoever waits on the socket reads its end."""
    for imap in begun:
        # The plain socket's method: the TLS layer must not be touched while another thread reads through it.
        with suppress(OSError):
            socket.socket.shutdown(imap.socket(), socket.SHUT_RDWR)
