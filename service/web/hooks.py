"""`/hooks/<connection>`: webhooks come in. In: any call. Out: 202 when stored durably, or a plain refusal.

These calls are answered in front of the framework, which has nothing to do for them: no session, no form token, no
page. docs/decisions/0006-webhooks-before-the-framework.md says why, with figures.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from werkzeug.exceptions import MethodNotAllowed, RequestEntityTooLarge
from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from connectors.base import Connector, Delivery, Settings
from service import clock, log
from service.flow import receive
from service.flow.receive import MAX_BODY, Refused
from service.state import Context
from service.store.database import StorageError
from service.store.inbox import Writer
from service.web.errors import document, words
from service.web.metrics import Metrics
from service.web.naming import finish, name_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST", "PUT")
ADDRESS: Final = Rule("/hooks/<name>", endpoint="hooks.take", methods=METHODS)
"""What is answered here, in the words of the framework's own addresses."""
TEXTUAL: Final = ("json", "x-www-form-urlencoded", "text/", "xml", "cloudevents")
_PREFIX: Final = "/hooks/"
_NO_DATA: Final = frozenset({"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"})


class Hooks:
    """The WSGI application of these addresses; every other call goes on to the one behind it."""

    def __init__(self, behind: WSGIApplication, context: Context, writer: Writer, metrics: Metrics) -> None:
        self._behind = behind
        self._context = context
        self._writer = writer
        self._metrics = metrics

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one call."""
        request = Request(environ)
        name = request.path.removeprefix(_PREFIX)
        if name == request.path or not name or "/" in name:
            return self._behind(environ, start_response)
        request_id = name_of(environ.get("HTTP_X_REQUEST_ID", ""))
        log.bind(request_id=request_id)
        try:
            return finish(self._answer(request, name, request_id), request_id)(environ, start_response)
        finally:
            log.unbind()

    def _answer(self, request: Request, name: str, request_id: str) -> Response:
        known = (
            self._context.connection(name) if name in self._context.rulebook.workspace.connections else None
        )
        try:
            if known is None:
                raise Refused(404, "Unknown connection", f"the workspace has no connection {name[:80]}")
            return self._taken(request, _delivery(request, name, request_id), *known)
        except Exception as error:  # noqa: BLE001 (whatever went wrong, the caller gets an answer of one shape)
            status, title, detail = words(error, request.path)
            if known is not None and isinstance(error, Refused | RequestEntityTooLarge | StorageError):
                self._count(name, status)
            answer = document(request_id, status, title, detail)
            if isinstance(error, MethodNotAllowed) and error.valid_methods:
                answer.headers["Allow"] = ", ".join(error.valid_methods)
            return answer

    def _taken(
        self, request: Request, delivery: Delivery, connector: Connector, settings: Settings
    ) -> Response:
        """A handshake is answered, a delivery stored."""
        handshake = receive.handshake(connector, delivery, settings)
        if handshake is not None:
            return Response(handshake.body, handshake.status, headers=dict(handshake.headers))
        if request.method != "POST":
            raise MethodNotAllowed(["POST"], "a delivery is a POST")
        _check_type(request)
        done = receive.receive(connector, delivery, settings, self._writer)
        self._count(delivery.connection, done.status)
        if done.status == 202:
            self._context.bells.ring_soon("decide", delivery.headers["x-request-id"])
        answer = Response(json.dumps({"id": done.id}) + "\n", done.status, mimetype="application/json")
        answer.headers["Location"] = f"/api/v1/deliveries/{done.id}"
        return answer

    def _count(self, name: str, status: int) -> None:
        self._metrics.deliveries.labels(name, str(status)).inc()


def _delivery(request: Request, name: str, request_id: str) -> Delivery:
    """The call as it came: raw bytes before anything parses them."""
    if request.method not in METHODS:
        raise MethodNotAllowed(METHODS)
    return Delivery(
        connection=name,
        method=request.method,
        path=request.path,
        query=request.args.to_dict() if request.query_string else {},
        # What the caller was told: the id by which the log of every part can be searched.
        headers={**_headers(request.environ), "x-request-id": request_id},
        body=_body(request),
        received_at=clock.now(),
    )


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    """In small letters. The server has joined those that came twice."""
    found = {
        key[5:].replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_") and key not in _NO_DATA
    }
    for key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(key):
            found[key.replace("_", "-").lower()] = environ[key]
    return found


def _body(request: Request) -> bytes:
    """All of the body; refused as soon as it is known to be too long, whether its length was announced or not."""
    body = bytearray()
    too_long = (request.content_length or 0) > MAX_BODY
    while not too_long and (part := request.stream.read(65_536)):
        body += part
        too_long = len(body) > MAX_BODY
    if too_long:
        raise RequestEntityTooLarge(f"a delivery is at most {MAX_BODY:,} bytes")
    return bytes(body)


def _check_type(request: Request) -> None:
    """Sources send JSON, forms or text; pictures are somebody else's, and compressed bytes unfold to any number."""
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise Refused(
            415, "Unsupported media type", f"send the body without compression, not as {coding[:40]}"
        )
    given = (request.content_type or "").lower()
    if given and not any(word in given for word in TEXTUAL):
        raise Refused(415, "Unsupported media type", f"{given[:80]} is not JSON, a form or text")
