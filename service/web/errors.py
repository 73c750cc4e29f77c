"""Every error of the service in one shape: RFC 9457 problem details for programs, a calm page for people.

In: an exception or a refusal. Out: a response with its status, title, detail and the request's id; never a stack
trace and never a secret.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from service.flow.receive import Refused
from service.log import get, redact
from service.store.database import StorageError

log = get("web")
PLAIN_PATHS = ("/hooks/", "/api/", "/healthz", "/readyz", "/metrics")


def document(request_id: str, status: int, title: str, detail: str, **more: Any) -> Response:
    """A problem document. `more` are further members that a program can use."""
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": redact(detail),
        "request_id": request_id,
        **more,
    }
    answer = Response(json.dumps(body, ensure_ascii=False), status, content_type="application/problem+json")
    if status in (429, 503):
        answer.headers["Retry-After"] = str(more.get("retry_after", 5))
    return answer


def problem(status: int, title: str, detail: str, **more: Any) -> Response:
    """The same for the call that is being answered."""
    return document(g.get("request_id", ""), status, title, detail, **more)


def words(error: Exception, path: str) -> tuple[int, str, str]:
    """Status, title and detail of what went wrong; what people have to look into is in the log."""
    match error:
        case Refused():
            return error.status, error.title, error.detail
        case StorageError():
            log.error("storage refused", error=str(error))
            return 503, "Cannot store now", f"{error}; nothing was accepted, send it again later"
        case HTTPException():
            status = error.code or 500
            return status, HTTPStatus(status).phrase, error.description or ""
    log.error("a request broke", path=path, exc_info=error)
    return 500, "Internal error", "the request could not be finished; it is in the log under its id"


def register(app: Flask) -> None:
    """Answer every error in that shape."""
    for kind in (StorageError, HTTPException, Exception):
        app.register_error_handler(kind, _answer)


def _answer(error: Exception) -> Response:
    answer = answer_for(*words(error, request.path))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return answer


def answer_for(status: int, title: str, detail: str) -> Response:
    """A problem document for programs; a page for people, where the application has one."""
    page = current_app.extensions["accord"].error_page
    if page is None or request.path.startswith(PLAIN_PATHS):
        return problem(status, title, detail)
    shown: Response = page(status, title, detail)
    return shown
