"""What every connector is: `Connector` with its declared events and operations, and the shapes it speaks in.

In: a `Delivery` as it came, or an `Operation` to execute. Out: `Inbound` (events and follow-up reads), or a
`Done`. A connector is a folder with a module attribute `connector: Connector`; it is found by folder, there
is no table to edit. It keeps no state: settings come with each call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from rules.facts.event import SourceEvent


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a connection may be asked: calls at a time over all processes, calls in any 60 seconds; none: as many
    as come.
    """

    concurrency: int | None = None
    per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """One connection's settings: its name, its base_url and other keys of the workspace, secrets resolved.

    values: keys of the workspace file. Secrets are among them; `repr` never shows any value.
    webhook_secrets: the valid signing secrets, newest first (two during rotation), empty when none is set.
    """

    name: str
    values: Mapping[str, Any] = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    private_network: bool = False
    limits: Limits = Limits()

    def get(self, key: str, default: Any = None) -> Any:
        """A setting of the connection, or the default."""
        return self.values.get(key, default)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One inbound HTTP call as it came. `headers` have lower-case names; a header given twice is joined by ', '."""

    connection: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer to a handshake: status, body and headers, instead of storing the call."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Read:
    """A follow-up read that a thin hook asks for: what to read (`kind`, `id`), hints in `params`."""

    kind: str
    id: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a delivery means: events, follow-up reads, or why it was ignored on purpose."""

    events: tuple[SourceEvent, ...] = ()
    reads: tuple[Read, ...] = ()
    ignored: str | None = None


class Unauthentic(Exception):
    """The delivery's signature is missing or wrong. The message says which, without any secret."""


class Malformed(Exception):
    """The delivery is authentic but cannot be what it claims: the message names the path and what is there."""


class Unsupported(Exception):
    """The delivery is well-formed and of a type the connector does not know."""


class ConnectorError(Exception):
    """A call to the outside system failed.

    retryable: trying again can help.  retry_after: seconds the target asked for.  outcome_unknown: the request may
    have had its effect (the connection broke after it was sent).  status: HTTP status or SMTP code, if any.
    The message is fit for a person and holds no secret.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool,
        retry_after: float | None = None,
        outcome_unknown: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.retry_after = retry_after
        self.outcome_unknown = outcome_unknown
        self.status = status


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail: its name, its media type ("text/csv"), its bytes."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered text: subject (mail), body as plain text, html (mail) or none, short (chat, comments), and files that
    go with a mail.
    """

    subject: str = ""
    body: str = ""
    html: str | None = None
    short: str = ""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One outward call to make. `key` is the action's stable id: idempotency key, marker, Message-ID part.

    kind: comment transition set_field label chat email webhook create_issue book_note.
    target: issue key, mail address, or none.
    keys: further values ({"status": "Approved"}, {"field": "due", "value": ...}).
    """

    kind: str
    key: str
    target: str | None = None
    message: Message = field(default_factory=Message)
    keys: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """The call had its effect. `receipt` is the target's id for it, `detail` a short word for the log.
    found: it was there already (found by key or marker), nothing was sent again.
    """

    receipt: str | None = None
    detail: str = ""
    found: bool = False


Once = Literal["idempotent", "readable", "blind"]


class Http(Protocol):
    """The one HTTP client, made by connectors.http for one connection (deadline, size cap, SSRF guard)."""

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        data: bytes | str | Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Response: ...


class Response(Protocol):
    """A complete answer of at most the size cap; a status of 400 or more was already turned into ConnectorError
    by `Http.request`, with the retry answer of its status.
    """

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def content(self) -> bytes: ...
    def json(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Outward:
    """One operation a connector can execute, and how often it can have its effect.

    act: makes the call.  find: for `readable`, looks for our marker; none means not there.
    """

    once: Once
    act: Callable[[Operation, Settings, Http], Done]
    find: Callable[[Operation, Settings, Http], Done | None] | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of the connection in the workspace: what it is, for `accord check`, the docs and the console."""

    name: str
    help: str
    required: bool = False
    secret: bool = False
    default: Any = None


@dataclass(frozen=True, slots=True)
class Connector:
    """One outside system.

    title: its name for people.
    settings: keys besides those that every connection has (service.workspace.COMMON).
    events: every event type it can make.  ignored: source event names ignored on purpose.
    handshake: the answer to a handshake call, or none when it is a delivery.
    verify: raises Unauthentic; called with the raw body before anything is parsed.
    delivery_id: the source's id of the delivery (same on its retries), or none: then body and signed time are taken.
    normalise: bytes to Inbound; raises Malformed or Unsupported.
    sign: headers with which that system would sign a body (for `accord send`), from (body, settings, now, name of the
        payload file without ending) where the event type stands in a header.
    read: executes a follow-up read -> events.
    again: (noun, key in the source, object as it is known, since when) -> the read that tells what became of it since,
        or none where the source cannot be asked.   poll: (settings, http, cursor, now) -> (events, next cursor), for
        `receive: poll`, sweeps and backfill (an empty cursor means from `since` in settings).
    polled_by: the setting that has a connection polled wherever it is given, whatever `receive` says.
    account_of: (mail address, settings, http) -> who that is there, none for nobody; for `accord people match`.
    limits: what its system allows an account, where its vendor says so; `limits:` of a connection wins.
    check: one harmless authenticated call, for `accord doctor`: returns a sentence.
    hosts: default base_url when the workspace names none.
    """

    name: str
    title: str
    events: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    settings: tuple[Setting, ...] = ()
    operations: Mapping[str, Outward] = field(default_factory=dict)
    base_url: str | None = None
    handshake: Callable[[Delivery, Settings], Answer | None] | None = None
    verify: Callable[[Delivery, Settings], None] | None = None
    delivery_id: Callable[[Delivery], str | None] | None = None
    normalise: Callable[[Delivery, Settings], Inbound] | None = None
    sign: Callable[[bytes, Settings, datetime, str], Mapping[str, str]] | None = None
    read: Callable[[Read, Settings, Http], Iterable[SourceEvent]] | None = None
    again: Callable[[str, str, Mapping[str, Any], datetime], Read | None] | None = None
    poll: Callable[[Settings, Http, str, datetime], tuple[Iterable[SourceEvent], str]] | None = None
    polled_by: str | None = None
    account_of: Callable[[str, Settings, Http], str | None] | None = None
    limits: Limits = Limits()
    check: Callable[[Settings, Http], str] | None = None
