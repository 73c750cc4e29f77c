"""Proof that a form came from a page of ours: of this link, with this very text. Nothing is kept.

In: a token and what the page said. Out: the form's own token, and whether one that came back is ours.
"""

from __future__ import annotations

from typing import Final

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer

from service.links import hash_of
from service.state import Context

FORM_LASTS: Final = 12 * 3600


def nonce(token: str, text: str) -> str:
    """The token of a form on the page that a link opens."""
    return _signer().dumps([hash_of(token), text])


def is_ours(token: str, text: str, given: str) -> bool:
    """Whether the form came from that page within the hours that a form lasts."""
    try:
        said = _signer().loads(given, max_age=FORM_LASTS)
    except BadSignature:
        return False
    return bool(said == [hash_of(token), text])


def _signer() -> URLSafeTimedSerializer:
    context: Context = current_app.extensions["accord"].context
    return URLSafeTimedSerializer(context.settings.secret_key, salt="client-form")
