"""The one HTTP client: a `Client` for one connection, kept alive between calls.

In: a request of a connector. Out: a complete `Answer` of at most 5 MiB, or `ConnectorError` with the retry answer.
Bounded by one deadline from the look-up to the last byte; connects only to addresses that were checked, with TLS
names checked against the host; follows redirects only for reads and only on the same host; keeps no cookies; reads no
proxy or password from the environment. An error shows no secret, no query, and no path outside of `base_url`.
"""

from __future__ import annotations

import http.client
import http.cookiejar
import json as jsonlib
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

from connectors.base import ConnectorError, Malformed, Settings
from connectors.deadline import BoundedResponse, Call, connect, current
from connectors.foreign import MAX_BYTES, decode
from connectors.redaction import hidden, redact
from connectors.retry import can_help, retry_after

DEADLINE = 20.0
LONGEST_DEADLINE = 300
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_READS = frozenset({"GET", "HEAD"})
_SHOWN = 300
_FAULTS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)


class _Guarded(HTTPConnection):
    """Connects to checked addresses only, never looking the name up a second time."""

    response_class = BoundedResponse

    def _new_conn(self) -> socket.socket:
        return connect(self._dns_host, self.port)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        call = current.get()
        self.sock.settimeout(call.left())
        call.sent = True
        super().send(data)


class _GuardedTLS(_Guarded, HTTPSConnection):
    """The same under TLS: name and certificate are checked against the host, not the address."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Guarded


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _GuardedTLS


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer with a status below 400. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON, numbers exact. ConnectorError when it is not."""
        try:
            return decode(self.content)
        except Malformed as problem:
            raise ConnectorError(
                f"the answer cannot be read: {problem}", retryable=False, status=self.status
            ) from None


class Client:
    """HTTP for one connection. Safe to share between threads; `close()` or `with` gives the sockets back.

    deadline: seconds for a whole call, look-up to last byte.
    """

    def __init__(self, settings: Settings, deadline: float = DEADLINE, *, connections: int = 32) -> None:
        self._settings = settings
        self._deadline = deadline
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        self._session.verify = settings.get("ca_file") or True
        self._session.headers.clear()
        # Compression is not asked for: a small answer could unfold to any size.
        self._session.headers.update(
            {"User-Agent": "Accord", "Accept": "application/json", "Accept-Encoding": "identity"}
        )
        self._session.adapters.clear()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, _Adapter(pool_connections=4, pool_maxsize=connections))
        self._hidden = hidden(settings)

    def __repr__(self) -> str:
        return f"Client({self._settings.name})"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept sockets."""
        self._session.close()

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
    ) -> Answer:
        """Make one call. Raises ConnectorError for every status of 400 and more and for every failure on the way."""
        call = Call(self._settings, time.monotonic() + self._deadline)
        token = current.set(call)
        place = self._place(method, url)
        try:
            prepared = self._prepare(method, url, headers, json, data, params, auth)
            return self._follow(prepared, call, place)
        except _FAULTS as problem:
            # The library's words hold the whole address and header values: only its kind of failure is told.
            raise self._broken(method, place, call, problem) from None
        finally:
            current.reset(token)

    def _prepare(
        self, method: str, url: str, headers: Any, json: Any, data: Any, params: Any, auth: Any
    ) -> requests.PreparedRequest:
        sent = dict(headers or {})
        if json is not None:
            data = jsonlib.dumps(json, ensure_ascii=False, allow_nan=False).encode()
            sent.setdefault("Content-Type", "application/json")
        elif isinstance(data, str):
            data = data.encode()
        return self._session.prepare_request(
            requests.Request(method, url, headers=sent, data=data, params=params, auth=auth)
        )

    def _follow(self, prepared: requests.PreparedRequest, call: Call, place: str) -> Answer:
        for _ in range(5):
            answer = self._exchange(prepared, call, place)
            if answer.status not in _REDIRECTS:
                return answer
            before = str(prepared.url)
            after = urljoin(before, answer.headers.get("location", ""))
            if prepared.method not in _READS or _origin(before) != _origin(after):
                raise ConnectorError(
                    f"{place} was sent on to {urlsplit(after).hostname} with status {answer.status}, which is not "
                    "followed: correct base_url",
                    retryable=False,
                    status=answer.status,
                )
            prepared = prepared.copy()
            prepared.url = after
        raise ConnectorError(f"{place} is sent on in a circle", retryable=False)

    def _exchange(self, prepared: requests.PreparedRequest, call: Call, place: str) -> Answer:
        with self._session.send(
            prepared, stream=True, allow_redirects=False, timeout=call.left()
        ) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            if response.status_code >= 400:
                raise self._refused(prepared, response, headers, place)
            return Answer(response.status_code, headers, self._body(response, headers, place))

    def _body(self, response: requests.Response, headers: Mapping[str, str], place: str) -> bytes:
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise ConnectorError(f"{place} answered compressed, which was not asked for", retryable=False)
        parts: list[bytes] = []
        size = 0
        for part in response.raw.stream(65_536, decode_content=False):
            size += len(part)
            if size > MAX_BYTES:
                response.raw.close()
                raise ConnectorError(f"{place} answered more than {MAX_BYTES} bytes", retryable=False)
            parts.append(part)
        return b"".join(parts)

    def _refused(
        self,
        prepared: requests.PreparedRequest,
        response: requests.Response,
        headers: Mapping[str, str],
        place: str,
    ) -> ConnectorError:
        status = response.status_code
        return ConnectorError(
            f"{place} answered {status}{self._said(prepared, response, headers, place)}",
            retryable=can_help(status, headers),
            retry_after=retry_after(headers, datetime.now(UTC)),
            # A gateway that got no answer in time does not know either what became of the request.
            outcome_unknown=status == 504 and prepared.method not in _READS,
            status=status,
        )

    def _said(
        self,
        prepared: requests.PreparedRequest,
        response: requests.Response,
        headers: Mapping[str, str],
        place: str,
    ) -> str:
        """The reason a target gives, where it is text for a program; an HTML page tells nobody anything."""
        kind = headers.get("content-type", "")
        if "json" not in kind and not kind.startswith("text/plain"):
            return ""
        try:
            body = self._body(response, headers, place)
        except (ConnectorError, *_FAULTS):
            return ""
        text = redact(
            " ".join(body[:4000].decode("utf-8", "replace").split()), self._hidden, prepared.headers
        )
        return f": {text[:_SHOWN]}" if text else ""

    def _broken(self, method: str, place: str, call: Call, problem: Exception) -> ConnectorError:
        unsent_fault = isinstance(problem, ValueError) and not call.sent
        late = time.monotonic() >= call.until or isinstance(problem, TimeoutError | requests.Timeout)
        if unsent_fault:
            what = f"cannot be sent ({type(problem).__name__}): a value in its address or headers is not allowed there"
        elif not call.sent:
            what = "could not connect in time" if late else f"could not connect ({_kind(problem)})"
        else:
            what = (
                "got no complete answer in time"
                if late
                else f"broke off before a complete answer ({_kind(problem)})"
            )
        return ConnectorError(
            f"{place} {what}",
            retryable=not unsent_fault,
            outcome_unknown=call.sent and method.upper() not in _READS,
        )

    def _place(self, method: str, url: str) -> str:
        """How an error names the call: the path only below base_url, since elsewhere it can be the secret itself."""
        base = str(self._settings.get("base_url") or "\n").rstrip("/")
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        path = parts.path if url.startswith(base + "/") else ""
        where = f"{method.upper()} {parts.hostname or 'an address without a host'}{path}"
        return redact(f"{self._settings.name}: {where}", self._hidden)


def http_client(settings: Settings, deadline: float | None = None) -> Client:
    """The client of one connection; the caller closes it. Without a `deadline` it is the connection's `timeout`."""
    return Client(settings, deadline or deadline_of(settings, DEADLINE))


def deadline_of(settings: Settings, usual: float) -> float:
    """The setting `timeout` in seconds, else what is usual; ConnectorError for one that is no number up to 300."""
    given = settings.get("timeout", usual)
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= LONGEST_DEADLINE:
        reason = f"`timeout` is {given!r}, a number of seconds up to {LONGEST_DEADLINE} expected"
        raise ConnectorError(f"{settings.name}: {reason}", retryable=False)
    return float(given)


def url(settings: Settings, template: str, default: str | None = None, /, **parts: object) -> str:
    """The connection's base_url (else `default`) and a path, each `{part}` quoted as one segment of it.

    `url(settings, "/rest/api/3/issue/{key}", key="APO-1")`. A part that would leave its segment is refused.
    """
    base = settings.get("base_url") or default
    if not base or not re.match(r"https?://[^/?#@]+(/[^?#]*)?$", str(base)):
        raise ConnectorError(
            f"{settings.name}: base_url must be set to an address like https://tracker.example.com",
            retryable=False,
        )
    quoted = {name: quote(str(value), safe="") for name, value in parts.items()}
    bad = next((name for name, value in quoted.items() if value in {"", ".", ".."}), None)
    if bad:
        raise ConnectorError(
            f"{settings.name}: {bad} is {str(parts[bad])!r}, which cannot stand in an address",
            retryable=False,
        )
    return str(base).rstrip("/") + template.format(**quoted)


def _origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port


def _kind(problem: BaseException) -> str:
    """The innermost cause's name: "ConnectionRefusedError" says more than "ConnectionError"."""
    inner = problem
    for _ in range(6):
        deeper = (
            getattr(inner, "reason", None)
            or inner.__cause__
            or inner.__context__
            or next(iter(inner.args), None)
        )
        if not isinstance(deeper, BaseException):
            break
        inner = deeper
    return type(inner).__name__
