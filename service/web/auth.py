"""Who is looking, and what they may do: passwords, sessions, roles, form tokens, and the headers of every page.

In: a request. Out: the signed-in `User` or none, and refusals. Sessions live in the database; the cookie carries a
random token, of which only the hash is kept. The first person gets in by a link that is written to a file.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask_wtf.csrf import CSRFProtect
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response as Answer

from service.links import hash_of
from service.log import get, register_secret
from service.state import Context
from service.store import accounts, tries
from service.store import links as kept_links
from service.store.accounts import Session, User
from service.store.database import Connection
from service.store.links import Link

log = get("auth")
ROLES: Final = ("owner", "lead", "member", "viewer")
RIGHTS: Final = {
    "owner": frozenset({"change", "send", "accounts"}),
    "lead": frozenset({"change", "send"}),
    "member": frozenset({"change"}),
    "viewer": frozenset[str](),
}
SHORTEST: Final = 12
LONGEST: Final = 200
IDLE: Final = timedelta(hours=12)
KNOWN: Final = timedelta(days=365)
LINK_LASTS: Final = timedelta(hours=24)
FIRST: Final = "first"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_SIMPLE: Final = frozenset(
    {"password1234", "passwordpassword", "qwertyuiopas", "1q2w3e4r5t6y", "iloveyou1234", "letmein12345"}
    | {"administrator", "adminadminadmin", "changeme1234", "123456789012", "abcdefghijkl", "qwerty123456"}
)
View = Callable[..., Any]


def install(app: Flask, exempt: tuple[Any, ...]) -> None:
    """Form tokens for every posting page but the blueprints in `exempt`, safe cookies, headers, the first link."""
    secure = bool(app.config["SESSION_COOKIE_SECURE"])
    app.config.update(
        SESSION_COOKIE_NAME="__Host-accord" if secure else "accord",
        # Forms live as long as the session does, and our pages tell nobody where they were linked from.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    protection = CSRFProtect(app)
    for blueprint in exempt:
        protection.exempt(blueprint)
    app.after_request(_dress)
    offer_first_sign_in(app.extensions["accord"].context)


# --- passwords ------------------------------------------------------------------------------------------------


def hashed(password: str) -> str:
    """The hash of a password, with its salt (argon2id)."""
    return _HASHER.hash(password)


def fault_of(password: str, email: str) -> tuple[str, dict[str, Any]] | None:
    """Why a password may not be used: the name of the text and its values, or none."""
    if len(password) < SHORTEST:
        return "first_password.short", {"count": len(password)}
    if len(password) > LONGEST:
        return "first_password.long", {"count": LONGEST}
    plain = password.lower()
    if len(set(plain)) < 5 or plain in _SIMPLE or plain == accounts.plain(email):
        return "first_password.common", {}
    return None


def check(connection: Connection, user: User | None, password: str) -> bool:
    """Whether this is the user's password. It takes as long where there is no such user."""
    kept = accounts.password_of(connection, user.id) if user else None
    try:
        _HASHER.verify(kept or _nobodys(), password[:LONGEST])
        return kept is not None
    except (VerificationError, InvalidHashError):
        return False


def _nobodys() -> str:
    """The hash of a password that nobody has."""
    known: str | None = current_app.config.get("NOBODYS_PASSWORD")
    if known is None:
        known = current_app.config["NOBODYS_PASSWORD"] = hashed(secrets.token_urlsafe(16))
    return known


# --- sessions -------------------------------------------------------------------------------------------------


def sign_in(context: Context, user: User) -> None:
    """Begin a new session; whatever the cookie carried before is forgotten."""
    now = context.now()
    token = secrets.token_urlsafe(32)
    session.clear()
    session["token"] = token
    with context.database.writing() as connection:
        accounts.open_session(connection, _fingerprint(token), user.id, now + IDLE, now)
    g.pop("session_of_user", None)
    log.info("signed in", user=user.id)


def sign_out(context: Context) -> None:
    """End the session here and in the database."""
    token = session.get("token")
    session.clear()
    g.pop("session_of_user", None)
    if token:
        with context.database.writing() as connection:
            accounts.close_session(connection, _fingerprint(token))


def signed_in() -> User | None:
    """Who is looking, once a request."""
    found = _session()
    return found.user if found else None


def may(right: str) -> bool:
    """Whether who is looking may do this: "change", "send" or "accounts"."""
    user = signed_in()
    return user is not None and right in RIGHTS.get(user.role, frozenset())


def require() -> Answer | None:
    """Before every page of the console: somebody is signed in, or is asked to; a session that is used goes on."""
    found = _session()
    if found is None:
        if request.method not in ("GET", "HEAD"):
            abort(401)
        here = request.full_path.rstrip("?")
        return redirect(url_for("door.sign_in", next=here if here != "/" else None))
    context: Context = current_app.extensions["accord"].context
    now = context.now()
    if found.expires_at - now < IDLE / 2:
        with context.database.writing() as connection:
            accounts.prolong(connection, _fingerprint(session["token"]), now + IDLE)
    return None


def needs(right: str) -> Callable[[View], View]:
    """Before a view that changes or sends something: the role allows it, or 403."""

    def guarded(view: View) -> View:
        @wraps(view)
        def checked(*arguments: Any, **values: Any) -> Any:
            if not may(right):
                abort(403)
            return view(*arguments, **values)

        return checked

    return guarded


def browser_of(user: User | None) -> str:
    """What only a browser has that let this person in before; tries.STRANGER for every other."""
    value = request.cookies.get(_known_cookie(), "")
    try:
        said = _known_signer().loads(value) if user else None
    except BadSignature:
        said = None
    return value if user and isinstance(said, list) and said[:1] == [user.id] else tries.STRANGER


def remembered(answer: Answer, user: User) -> Answer:
    """The answer, after which the browser is known as one that let this person in. It opens nothing by itself."""
    if browser_of(user) == tries.STRANGER:
        value = _known_signer().dumps([user.id, secrets.token_urlsafe(16)])
        secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
        answer.set_cookie(_known_cookie(), value, max_age=KNOWN, samesite="Lax", httponly=True, secure=secure)
    return answer


def _known_cookie() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-known"


def _known_signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="known-browser")


def _session() -> Session | None:
    if "session_of_user" not in g:
        token = session.get("token")
        g.session_of_user = _read_session(token) if token else None
    found: Session | None = g.session_of_user
    return found


def _read_session(token: str) -> Session | None:
    context: Context = current_app.extensions["accord"].context
    with context.database.reading() as connection:
        return accounts.session_of(connection, _fingerprint(token), context.now())


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# --- links that let someone in --------------------------------------------------------------------------------


def welcome_link(context: Context, connection: Connection, subject: str) -> str:
    """The address at which a user (or the FIRST) chooses a password: once, within a day. Earlier ones of a user end."""
    now = context.now()
    if subject != FIRST:
        kept_links.revoke(connection, "sign_in", subject, subject, now)
    token = secrets.token_urlsafe(32)
    register_secret(token)
    link = Link("sign_in", subject, 1, subject, 1, now + LINK_LASTS, revoked=False)
    kept_links.add(connection, hash_of(token), link, now)
    return f"{context.settings.public_url or context.settings.local_url}/welcome/{token}"


def welcomed(context: Context, connection: Connection, token: str) -> str | None:
    """Whom a sign-in link lets in: a user's id, or FIRST while nobody has an account; none when it is over."""
    link = kept_links.find(connection, hash_of(token))
    if link is None or link.kind != "sign_in" or link.over(context.now()):
        return None
    if link.subject == FIRST:
        return None if accounts.anyone(connection) else FIRST
    return link.subject if accounts.of_id(connection, link.subject) else None


def offer_first_sign_in(context: Context) -> None:
    """While nobody has an account: a new link in `var/first-sign-in.txt`, readable by its owner alone."""
    place = context.settings.var / "first-sign-in.txt"
    with context.database.writing() as connection:
        address = None if accounts.anyone(connection) else welcome_link(context, connection, FIRST)
    place.unlink(missing_ok=True)
    if address is not None:
        with open(
            place, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)
        ) as file:
            file.write(address + "\n")


def forget_first_sign_in(context: Context) -> None:
    """The first person is in: the file has nothing to tell any more."""
    (context.settings.var / "first-sign-in.txt").unlink(missing_ok=True)


# --- headers --------------------------------------------------------------------------------------------------


def _dress(answer: Response) -> Response:
    """What every page says to the browser: nothing from elsewhere, nothing inline, no frame, no copy kept."""
    if answer.mimetype == "text/html":
        answer.headers.setdefault("Content-Security-Policy", POLICY)
        answer.headers.setdefault("X-Frame-Options", "DENY")
        answer.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        answer.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"
        )
        answer.headers["Cache-Control"] = "no-store"
        if current_app.config["SESSION_COOKIE_SECURE"]:
            answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return answer
