"""One mail as its headers and parts, the same for the same action on every try.

In: an `email` operation (one recipient, a rendered message) and the connection's settings. Out: an `EmailMessage`
that holds nothing unsafe in a header. No I/O; the only clock is the `now` handed in, used when the action has no date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any, Final

from connectors.base import ConnectorError, Operation, Settings

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
# Stricter than the standard's grammar: no comments, groups or quoted users, which only serve to confuse a reader.
_MAILBOX = re.compile(r"""(?P<name>"[^"\\]*"\s*|[^"<>@,;:\\]*)<(?P<inside>[^<>\s]+)>|(?P<bare>[^<>\s]+)""")
_USER = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_HALF_A_PAIR = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


class _Policy(EmailPolicy):
    """Python's own folding loses a space of a subject beyond ASCII where its line ends (mended in 3.12.4, gh-92081)."""

    def fold(self, name: str, value: str) -> str:
        if name.lower() != "subject" or value.isascii():
            return str(super().fold(name, value))
        return f"{name}: {Header(str(value), 'utf-8', header_name=name).encode(linesep=self.linesep)}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("ascii")


POLICY: Final = _Policy(linesep="\r\n", cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Mail:
    """A composed mail with its envelope: who it says it is from, the one address it goes to, its stable id."""

    sender: str
    recipient: str
    id: str
    message: EmailMessage


def compose(operation: Operation, settings: Settings, now: datetime) -> Mail:
    """The mail of an action. Raises a permanent ConnectorError for an address or header that cannot be used.

    keys read: `name` (of the recipient), `date` (aware time, or its ISO text), `thread` (key of the action whose mail
    began the thread), `reply_to` (before the connection's own).
    """
    sender = _address(settings.get("from") or "", f"`from` of connection {settings.name}")
    recipient = _address(operation.target or "", "the recipient")
    keys = operation.keys
    mail = EmailMessage(policy=POLICY)
    mail["Message-ID"] = ident = message_id(operation.key, sender.domain)
    mail["Date"] = format_datetime(_date(keys.get("date"), now))
    mail["From"] = sender
    mail["To"] = Address(_line(keys.get("name") or "", "the recipient's name"), addr_spec=recipient.addr_spec)
    mail["Subject"] = _line(operation.message.subject, "the subject")
    reply_to = keys.get("reply_to") or settings.get("reply_to")
    if reply_to:
        reply_to = str(reply_to).replace("{action}", operation.key)
        mail["Reply-To"] = _address(reply_to, "the address for replies")
    if keys.get("thread"):
        mail["In-Reply-To"] = mail["References"] = message_id(keys["thread"], sender.domain)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Accord-Action"] = operation.key
    mail.set_content(_encodable(operation.message.body))
    if operation.message.html:
        mail.add_alternative(_encodable(operation.message.html), subtype="html")
        # A boundary of our own: the same action makes the same bytes. No encoded body can hold "=_".
        mail.set_boundary(f"=_{operation.key}"[:70])
    for attachment in operation.message.attachments:
        main, _, sub = attachment.media_type.partition("/")
        name = _line(attachment.name, "the name of a file")
        mail.add_attachment(attachment.content, maintype=main, subtype=sub, filename=name)
        mail.set_boundary(f"=_{operation.key}_files"[:70])
    return Mail(sender.addr_spec, recipient.addr_spec, ident, mail)


def message_id(key: str, domain: str) -> str:
    """The Message-ID of an action's mail: the same on every try, so that copies fold into one for the reader."""
    if not _KEY.fullmatch(key):
        raise _refused(f"the action's key {key[:60]!r} cannot stand in a Message-ID")
    return f"<{key}@{domain}>"


def _address(text: str, what: str) -> Address:
    """Exactly one mailbox, "ann@acme.example" or "Ann Lee <ann@acme.example>", its domain in ASCII."""
    found = _MAILBOX.fullmatch(_line(text, what).strip())
    try:
        user, _, domain = (found["inside"] or found["bare"]).rpartition("@") if found else ("", "", "")
        domain = domain.encode("idna").decode()
        if found and _USER.fullmatch(user) and _DOMAIN.fullmatch(domain):
            return Address((found["name"] or "").strip().strip('"'), user, domain)
    except UnicodeError:
        pass
    raise _refused(f"{what} is {text[:80]!r}, one mail address expected")


def _line(text: str, what: str) -> str:
    if _CONTROL.search(text):
        raise _refused(f"{what} holds a line break or control character: nothing is sent, mend the text")
    return _encodable(text)


def _encodable(text: str) -> str:
    if _HALF_A_PAIR.search(text):
        raise _refused(
            "the text holds half a surrogate pair, which is no character: nothing is sent, mend the text"
        )
    return text


def _date(value: Any, now: datetime) -> datetime:
    date = datetime.fromisoformat(value) if isinstance(value, str) else value
    return date if isinstance(date, datetime) else now


def _refused(reason: str) -> ConnectorError:
    return ConnectorError(reason, retryable=False)
