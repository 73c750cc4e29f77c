"""Hands one composed mail to an SMTP server, within one deadline and over a checked address.

In: a `Server` and a `Mail`. Out: the server's own words of acceptance, or `ConnectorError`: a 4xx reply can be tried
again, a 5xx cannot, and a connection that broke once the mail was on its way leaves the outcome unknown.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from connectors.base import ConnectorError
from connectors.deadline import Call, connect, current
from connectors.email.compose import Mail
from connectors.email.server import Server
from connectors.redaction import redact

_SHOWN: Final = 200
_PROTECTION: Final = {
    "starttls": "encrypted by STARTTLS",
    "implicit": "encrypted by TLS",
    "none": "unencrypted",
}


def deliver(server: Server, mail: Mail) -> str:
    """Send the mail. Returns the server's reply, which often holds its queue id."""
    content = _dots_doubled(mail.message.as_bytes())
    with _conversation(server, domain=mail.sender.rpartition("@")[2]) as talk:
        talk.accepted("the sender", *talk.smtp.mail(mail.sender))
        talk.accepted("the recipient", *talk.smtp.rcpt(mail.recipient))
        return talk.hand_over(content)


def greet(server: Server) -> str:
    """Log in, send nothing, leave. Returns a sentence for the doctor."""
    with _conversation(server, domain="localhost") as talk:
        talk.accepted("NOOP", *talk.smtp.noop())
    who = "logged in" if server.user else "without log-in"
    return f"{server.host}:{server.port} takes mail, {_PROTECTION[server.tls]}, {who}"


class _Smtp(smtplib.SMTP):
    """Connects to checked addresses only, and checks certificates against the name in the workspace."""

    def __init__(self, server: Server, domain: str) -> None:
        self._server = server
        super().__init__(local_hostname=domain, timeout=server.deadline)
        # The name that the standard library's `starttls` holds the certificate against.
        self._host = server.host

    def _get_socket(self, host: str, port: int, _timeout: float) -> socket.socket:
        sock = connect(host, port)
        if self._server.tls != "implicit":
            return sock
        try:
            return self._server.context().wrap_socket(sock, server_hostname=self._server.host)
        except OSError:
            sock.close()
            raise


class _Talk:
    """One conversation; every "no" of the server becomes a ConnectorError that names what was refused."""

    def __init__(self, server: Server, smtp: smtplib.SMTP) -> None:
        self.server = server
        self.smtp = smtp
        self.reached = False
        self.handed_over = False

    def begin(self) -> None:
        code, reply = self.smtp.connect(self.server.host, self.server.port)
        self.reached = True
        self.accepted("the connection", code, reply)
        self.smtp.ehlo_or_helo_if_needed()
        if self.server.tls == "starttls":
            if not self.smtp.has_extn("starttls"):
                raise self.error("offers no STARTTLS: use smtps:// or, on a network you trust, `tls: none`")
            self.smtp.starttls(context=self.server.context())
            self.smtp.ehlo_or_helo_if_needed()
        if self.server.user is not None:
            self.smtp.login(self.server.user, self.server.password)

    def hand_over(self, content: bytes) -> str:
        """The mail itself. From its first byte on nobody but the server knows how much of it arrived."""
        self.accepted("DATA", *self.smtp.docmd("DATA"))
        self.handed_over = True
        self.smtp.send(content + b".\r\n")
        return self.accepted("the mail", *self.smtp.getreply())

    def accepted(self, what: str, code: int, reply: bytes) -> str:
        if not 200 <= code < 400:
            raise self.refused(what, code, reply)
        return self._words(reply)

    def refused(self, what: str, code: int, reply: bytes | str) -> ConnectorError:
        again = not 500 <= code < 600
        return self.error(f"refused {what}: {code} {self._words(reply)}", retryable=again, status=code)

    def broken(self, problem: Exception, *, late: bool) -> ConnectorError:
        if isinstance(problem, ssl.SSLCertVerificationError):
            return self.error(f"has a certificate that is not trusted: {problem.verify_message}")
        if not self.reached and not late:
            return self.error(f"could not be reached ({type(problem).__name__})", retryable=True)
        what = "gave no answer in time" if late else f"broke off ({type(problem).__name__})"
        when = "after" if self.handed_over else "before"
        return self.error(
            f"{what}, {when} the mail was handed over", retryable=True, outcome_unknown=self.handed_over
        )

    def error(self, what: str, *, retryable: bool = False, **more: Any) -> ConnectorError:
        return ConnectorError(f"{self.server} {what}", retryable=retryable, **more)

    def _words(self, reply: bytes | str) -> str:
        text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
        secrets = frozenset(filter(None, (self.server.user, self.server.password)))
        return redact(" ".join(text.split()), secrets)[:_SHOWN]


@contextmanager
def _conversation(server: Server, domain: str) -> Iterator[_Talk]:
    """A logged-in conversation, over in time whatever the server does, its failures told as ConnectorError."""
    smtp = _Smtp(server, domain)
    talk = _Talk(server, smtp)
    call = Call(server.settings, time.monotonic() + server.deadline)
    token = current.set(call)
    # A socket's time-out starts anew with each byte that trickles in; the deadline must not.
    alarm = threading.Timer(server.deadline, _cut, [smtp])
    alarm.daemon = True
    alarm.start()
    try:
        talk.begin()
        yield talk
        # A mail that was accepted stays accepted when the server does not wait for the goodbye.
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()
    except smtplib.SMTPResponseException as problem:
        raise talk.refused("the log-in", problem.smtp_code, problem.smtp_error) from None
    except smtplib.SMTPNotSupportedError:
        raise talk.error("offers no log-in: take user and password out of `url`") from None
    except (smtplib.SMTPException, OSError, ValueError) as problem:
        late = isinstance(problem, TimeoutError) or time.monotonic() >= call.until
        raise talk.broken(problem, late=late) from None
    finally:
        alarm.cancel()
        smtp.close()
        current.reset(token)


def _cut(smtp: smtplib.SMTP) -> None:
    """End a conversation from outside: whoever waits on the socket reads its end."""
    if smtp.sock is not None:
        # The plain socket's method: the TLS layer must not be touched while another thread reads through it.
        with suppress(OSError):
            socket.socket.shutdown(smtp.sock, socket.SHUT_RDWR)


def _dots_doubled(content: bytes) -> bytes:
    """Lines that begin with a dot get a second one, as SMTP asks. The first line is a header, the last one ends."""
    return content.replace(b"\r\n.", b"\r\n..")
