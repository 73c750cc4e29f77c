"""`/hooks/<connection>`: webhooks come in. In: any call. Out: 202 when stored durably, or a plain refusal."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from connectors.base import Connector, Delivery, Settings
from service import clock
from service.flow import receive
from service.flow.receive import MAX_BODY, Refused
from service.store.database import StorageError
from service.web.errors import problem

hooks = Blueprint("hooks", __name__)
METHODS = ["GET", "HEAD", "POST", "PUT", "OPTIONS"]
TEXTUAL = ("json", "x-www-form-urlencoded", "text/", "xml", "cloudevents")


@hooks.route("/hooks/<name>", methods=METHODS, provide_automatic_options=False)
def take(name: str) -> Response:
    """Take one call of a source: answer its handshake, or store its delivery."""
    web = current_app.extensions["accord"]
    known = web.context.connection(name)
    if known is None or name not in web.context.rulebook.workspace.connections:
        raise Refused(404, "Unknown connection", f"the workspace has no connection {name[:80]}")
    try:
        return _answer(web, name, *known)
    except Refused as refusal:
        web.received(name, refusal.status)
        raise
    except RequestEntityTooLarge:
        web.received(name, 413)
        raise
    except StorageError:
        web.received(name, 503)
        raise


def _answer(web: Any, name: str, connector: Connector, settings: Settings) -> Response:
    delivery = _delivery(name)
    handshake = receive.handshake(connector, delivery, settings)
    if handshake is not None:
        return Response(handshake.body, handshake.status, headers=dict(handshake.headers))
    if request.method != "POST":
        answer = problem(405, "Method not allowed", "a delivery is a POST")
        answer.headers["Allow"] = "POST"
        return answer
    _check_type()
    done = receive.receive(connector, delivery, settings, web.writer)
    web.received(name, done.status)
    answer = jsonify(id=done.id)
    answer.status_code = done.status
    answer.headers["Location"] = f"/api/v1/deliveries/{done.id}"
    return answer


def _delivery(name: str) -> Delivery:
    """The call as it came: raw bytes before anything parses them."""
    body = _body()
    headers: dict[str, str] = {}
    for key, value in request.headers.items():
        low = key.lower()
        headers[low] = f"{headers[low]}, {value}" if low in headers else value
    # What the caller was told: the id by which the log of every part can be searched.
    headers["x-request-id"] = g.request_id
    return Delivery(
        connection=name,
        method=request.method,
        path=request.path,
        query=request.args.to_dict(),
        headers=headers,
        body=body,
        received_at=clock.now(),
    )


def _body() -> bytes:
    """All of the body; refused as soon as it is known to be too long, whether its length was announced or not."""
    body = bytearray()
    too_long = (request.content_length or 0) > MAX_BODY
    while not too_long and (part := request.stream.read(65_536)):
        body += part
        too_long = len(body) > MAX_BODY
    if too_long:
        raise RequestEntityTooLarge(f"a delivery is at most {MAX_BODY:,} bytes")
    return bytes(body)


def _check_type() -> None:
    """Sources send JSON, forms or text; pictures are somebody else's, and compressed bytes unfold to any number."""
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise Refused(
            415, "Unsupported media type", f"send the body without compression, not as {coding[:40]}"
        )
    given = (request.content_type or "").lower()
    if given and not any(word in given for word in TEXTUAL):
        raise Refused(415, "Unsupported media type", f"{given[:80]} is not JSON, a form or text")
