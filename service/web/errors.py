"""Every error of the service in one shape: RFC 9457 problem details for programs, a calm page for people.

In: an exception or a refusal. Out: a response with its status, title, detail and the request's id; never a stack
trace and never a secret.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, g, json, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from service.flow.receive import Refused
from service.log import get, redact
from service.store.database import StorageError

log = get("web")
PLAIN_PATHS = ("/hooks/", "/api/", "/healthz", "/readyz", "/metrics")


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """A problem document. `more` are further members that a program can use."""
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": redact(detail),
        "request_id": g.get("request_id", ""),
        **more,
    }
    answer = Response(json.dumps(body, ensure_ascii=False), status, content_type="application/problem+json")
    if status in (429, 503):
        answer.headers["Retry-After"] = str(more.get("retry_after", 5))
    return answer


def register(app: Flask) -> None:
    """Answer every error in that shape."""
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(StorageError, _storage)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _broken)


def _refused(refusal: Refused) -> Response:
    return problem(refusal.status, refusal.title, refusal.detail)


def _storage(error: StorageError) -> Response:
    log.error("storage refused", error=str(error))
    return answer_for(503, "Cannot store now", f"{error}; nothing was accepted, send it again later")


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    answer = answer_for(status, HTTPStatus(status).phrase, error.description or "")
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return answer


def _broken(error: Exception) -> Response:
    log.error("a request broke", path=request.path, exc_info=error)
    return answer_for(
        500, "Internal error", "the request could not be finished; it is in the log under its id"
    )


def answer_for(status: int, title: str, detail: str) -> Response:
    """A problem document for programs; a page for people, where the application has one."""
    page = current_app.extensions["accord"].error_page
    if page is None or request.path.startswith(PLAIN_PATHS):
        return problem(status, title, detail)
    shown: Response = page(status, title, detail)
    return shown
