"""What a mail of the inbox means: one mail as it came in, events out.

An answer to one of our mails is `message.replied`; one of ours that came back is `message.bounced`; any other mail of a
person is `contact.logged`. What a machine wrote by itself (an absence note, a list, our own copy) is none of these: it
answers nothing. Ours is recognised by the Message-ID that the mail names, or by the action in the address it was sent
to (`reply_to: "projects+{action}@northwind.example"`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from typing import Final

from connectors.base import Settings
from connectors.email.wording import text_of
from rules.facts.event import SourceEvent

_OURS: Final = re.compile(r"<(act_[A-Za-z0-9._-]{1,150})@[^<>\s]{1,255}>")
_IN_ADDRESS: Final = re.compile(r"\+(act_[A-Za-z0-9._-]{1,150})@")
_MACHINES: Final = frozenset({"mailer-daemon", "postmaster"})
_BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply"})
_BY_MACHINE: Final = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply-From", "List-Id", "List-Unsubscribe")
# How mail programs begin the subject of an absence note that does not say what it is.
_ABSENT: Final = re.compile(
    r"(?:automatic reply|auto(?:matic)?[ -]?response|autoreply|out of office|自动回复|自动答复)(?!\w)",
    re.IGNORECASE,
)
_PARTS: Final = 200
_LINE: Final = 500
_SUMMARY: Final = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as the server keeps it, and when it came there. Its end may be missing."""

    raw: bytes = field(repr=False)
    came: datetime


def own_addresses(settings: Settings) -> frozenset[str]:
    """The addresses that we write from."""
    given = [str(settings.get(name) or "") for name in ("from", "reply_to")]
    return frozenset(address.lower() for _, address in getaddresses(given) if address)


def events_of(letter: Letter, own: frozenset[str]) -> list[SourceEvent]:
    """The events of one mail; none for what says nothing to us."""
    mail = _parsed(letter.raw)
    bounces = list(_bounces(mail, letter))
    if bounces or _by_machine(mail, own):
        return bounces
    sender = _sender(mail)
    if not sender:
        return []
    ours = _answered(mail)
    return [_reply(mail, letter, sender, ours) if ours else _contact(mail, letter, sender)]


def _parsed(raw: bytes) -> Message:
    """The mail; of one that is nested without end, its headers."""
    try:
        return message_from_bytes(raw)
    except RecursionError:
        return BytesHeaderParser().parsebytes(raw)


def _reply(mail: Message, letter: Letter, sender: str, ours: str) -> SourceEvent:
    said = {
        "id": ours,
        "channel": "email",
        "subject": _line(mail, "Subject"),
        "status": "replied",
        "text": text_of(mail),
    }
    return SourceEvent(
        type="message.replied",
        at=letter.came,
        key=ours,
        version=_identity(mail, letter),
        scope={},
        object=said,
        person=sender,
    )


def _contact(mail: Message, letter: Letter, sender: str) -> SourceEvent:
    """A mail that answers none of ours: somebody was in touch. Its project is found by who wrote it."""
    words = f"{_line(mail, 'Subject')}\n{text_of(mail)}".strip()[:_SUMMARY]
    key = f"mail/{_identity(mail, letter)}"
    return SourceEvent(
        type="contact.logged",
        at=letter.came,
        key=key,
        version=letter.came.isoformat(),
        scope={"contact": sender},
        object={"id": key, "channel": "mail", "with": sender, "at": letter.came, "summary": words},
        person=sender,
    )


def _bounces(mail: Message, letter: Letter) -> Iterator[SourceEvent]:
    """Each of our mails that this one says did not arrive. A delay is no bounce: the server still tries."""
    if mail.get_content_type() == "multipart/report" or _from_machine(mail):
        ours = _returned(mail)
        for recipient, error in _failures(mail) if ours else ():
            yield SourceEvent(
                type="message.bounced",
                at=letter.came,
                key=str(ours),
                version=f"{_identity(mail, letter)} {recipient}"[:400],
                scope={},
                object={
                    "id": ours,
                    "to": recipient,
                    "channel": "email",
                    "subject": _line(mail, "Subject"),
                    "status": "bounced",
                    "error": error,
                },
            )


def _failures(mail: Message) -> list[tuple[str, str]]:
    """(address, why) of each recipient that a report says was given up; of a machine's plain letter, what it names."""
    report = next((p for p in _walk(mail) if p.get_content_type() == "message/delivery-status"), None)
    if report is None:
        named = _line(mail, "X-Failed-Recipients")
        return [(named, _line(mail, "Subject"))] if named else []
    found = []
    for fields in report.get_payload() if report.is_multipart() else ():
        if not isinstance(fields, Message) or _line(fields, "Action").lower() != "failed":
            continue
        address = _line(fields, "Final-Recipient") or _line(fields, "Original-Recipient")
        why = _line(fields, "Diagnostic-Code") or _line(fields, "Status")
        found.append((_behind_type(address), _behind_type(why) or "no reason given"))
    return found


def _behind_type(text: str) -> str:
    """`rfc822; bob@acme.example` and `smtp; 550 5.1.1 unknown` without what kind of text it is."""
    kind, mark, rest = text.partition(";")
    return rest.strip() if mark and " " not in kind.strip() else text.strip()


def _returned(mail: Message) -> str | None:
    """The action whose mail is told of: named in the returned mail or its headers, or as any answer names it."""
    for part in _walk(mail):
        if part is mail or part.get_content_type() not in ("message/rfc822", "text/rfc822-headers"):
            continue
        inner = part.get_payload(0) if part.is_multipart() else _headers_in(part)
        if isinstance(inner, Message):
            found = _named(inner, "Message-ID") or _action(_line(inner, "X-Accord-Action"))
            if found:
                return found
    return _answered(mail)


def _headers_in(part: Message) -> Message:
    payload = part.get_payload(decode=True)
    return BytesHeaderParser().parsebytes(payload if isinstance(payload, bytes) else b"")


def _action(text: str) -> str | None:
    found = _OURS.fullmatch(f"<{text.strip()}@x>")
    return found[1] if found else None


def _answered(mail: Message) -> str | None:
    """The action whose mail this one answers: the nearest that it refers to, else the one in the address it went to."""
    nearest = _named(mail, "In-Reply-To") or _named(mail, "References")
    if nearest:
        return nearest
    for name in ("To", "Cc", "Delivered-To", "X-Original-To"):
        found = _IN_ADDRESS.search(_line(mail, name))
        if found:
            return found[1]
    return None


def _named(mail: Message, header: str) -> str | None:
    """The last of our Message-IDs in a header."""
    found = _OURS.findall(" ".join(str(one) for one in mail.get_all(header, ()))[:20_000])
    return found[-1] if found else None


def _from_machine(mail: Message) -> bool:
    return _sender(mail).partition("@")[0] in _MACHINES


def _by_machine(mail: Message, own: frozenset[str]) -> bool:
    """Whether nobody sat down to write this: an absence note, a list, a report, or a copy of our own."""
    submitted = _line(mail, "Auto-Submitted").lower()
    return (
        (submitted not in ("", "no") and not submitted.startswith("no "))
        or _line(mail, "Precedence").lower() in _BULK
        or any(name in mail for name in _BY_MACHINE)
        or _ABSENT.match(_line(mail, "Subject")) is not None
        or "X-Accord-Action" in mail
        or _line(mail, "Return-Path").strip() == "<>"
        or mail.get_content_type() == "multipart/report"
        or _from_machine(mail)
        or _sender(mail) in own
    )


def _sender(mail: Message) -> str:
    """The one address it comes from, in lower case; empty where there is none that can be one."""
    try:
        found = [address for _, address in getaddresses([_line(mail, "From")]) if "@" in address]
    except RecursionError:  # brackets in brackets; a mail of nobody must not hold up those behind it
        return ""
    return found[0].lower()[:320] if found else ""


def _identity(mail: Message, letter: Letter) -> str:
    """What tells this mail from others: its own id, else what it consists of."""
    given = _line(mail, "Message-ID").strip("<> ")
    return given[:200] if given else hashlib.sha256(letter.raw).hexdigest()[:40]


def _line(mail: Message, name: str) -> str:
    """A header as one line of bounded length, decoded as far as it can be."""
    given = str(mail.get(name) or "")[: 8 * _LINE]
    try:
        decoded = str(make_header(decode_header(given)))
    except (HeaderParseError, LookupError, ValueError):
        decoded = given
    clean = decoded.encode("utf-8", "replace").decode("utf-8")
    return " ".join("".join(c if c.isprintable() else " " for c in clean).split())[:_LINE]


def _walk(mail: Message) -> Iterator[Message]:
    for number, part in enumerate(mail.walk()):
        if number >= _PARTS:
            return
        yield part
