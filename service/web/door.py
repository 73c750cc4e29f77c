"""The door: sign in, sign out, choose a password by a one-time link, and the reader's language and theme.

In: forms of people who are not signed in yet. Out: a session, or the same page with what was wrong.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from flask import Blueprint, current_app, redirect, request, session
from werkzeug.wrappers import Response as Answer

from service.log import get
from service.store import accounts, tries
from service.store import links as kept_links
from service.store.accounts import User
from service.web import auth, pages
from service.web.wording import LOCALES

door = Blueprint("door", __name__)
log = get("auth")


@door.get("/sign-in")
def sign_in() -> str | Answer:
    """The form. Nobody has an account yet: how to make the first one."""
    if auth.signed_in() is not None:
        return redirect(pages.local(request.args.get("next")))
    with pages.context().database.reading() as connection:
        first = not accounts.anyone(connection)
    said = "ended" if session.get("token") else ""
    return pages.door("sign_in", next=pages.local(request.args.get("next")), first=first, said=said)


@door.post("/sign-in")
def try_sign_in() -> Answer | tuple[str, int]:
    """Mail address and password, or the same page; it does not tell which of the two was wrong."""
    context = pages.context()
    email, password = request.form.get("email", "")[:320], request.form.get("password", "")
    goes = pages.local(request.form.get("next"))
    with context.database.writing() as connection:
        user = accounts.of_email(connection, email)
        # The same is written down for an address that nobody has: neither pause nor time tells that it is none.
        locked = tries.begin(connection, email, auth.browser_of(user), context.now(), known=user is not None)
    with context.database.reading() as connection:
        right = locked is None and auth.check(connection, user, password)
    if user is None or not right:
        log.warning("sign-in refused", user=user.id if user else None, locked=locked is not None)
        shown = pages.door(
            "sign_in", next=goes, email=email, said="" if locked else "wrong", locked=_until(locked)
        )
        return shown, 429 if locked else 401
    with context.database.writing() as connection:
        tries.forget(connection, user.email, auth.browser_of(user))
    auth.sign_in(context, user)
    return auth.remembered(redirect(goes, 303), user)


@door.post("/sign-out")
def sign_out() -> str:
    """End the session."""
    auth.sign_out(pages.context())
    return pages.door("sign_in", next="/", said="out")


@door.get("/welcome/<token>")
def welcome(token: str) -> str | tuple[str, int]:
    """The page of a one-time link. Looking uses nothing up."""
    context = pages.context()
    with context.database.reading() as connection:
        subject = auth.welcomed(context, connection, token)
        user = accounts.of_id(connection, subject) if subject else None
    if subject is None:
        return pages.door("welcome_over"), 410
    return pages.door("welcome", user=user, errors={}, given={})


@door.post("/welcome/<token>")
def accept_welcome(token: str) -> Answer | tuple[str, int]:
    """Name, mail address and password of the first person, or the password of one who was invited."""
    context = pages.context()
    with context.database.reading() as connection:
        subject = auth.welcomed(context, connection, token)
        user = accounts.of_id(connection, subject) if subject else None
    if subject is None:
        return pages.door("welcome_over"), 410
    given = {k: request.form.get(k, "").strip()[:320] for k in ("name", "email")}
    given |= {k: request.form.get(k, "") for k in ("password", "again")}
    errors = _errors(given, user)
    if errors:
        return pages.door("welcome", user=user, errors=errors, given=given), 422
    made = _let_in(token, subject, user, given)
    if made is None:
        return pages.door("welcome_over"), 410
    auth.forget_first_sign_in(context)
    auth.sign_in(context, made)
    return auth.remembered(redirect("/", 303), made)


@door.post("/preferences")
def preferences() -> Answer:
    """The reader's language or theme, kept in a cookie; back to the page they came from."""
    answer = redirect(pages.local(request.form.get("next")), 303)
    for name, allowed in (("locale", LOCALES), ("theme", pages.THEMES)):
        value = request.form.get(name, "")
        if value in allowed:
            secure = current_app.config["SESSION_COOKIE_SECURE"]
            answer.set_cookie(name, value, max_age=pages.A_YEAR, samesite="Lax", httponly=True, secure=secure)
    return answer


def _let_in(token: str, subject: str, user: User | None, given: dict[str, str]) -> User | None:
    """Use the link up and set the password, in one step; none when somebody was faster."""
    context, hashed = pages.context(), auth.hashed(given["password"])
    now = context.now()
    with context.database.writing() as connection:
        # Ending the link comes first: of two who use it at once, one ends it.
        if auth.welcomed(context, connection, token) != subject:
            return None
        if not kept_links.revoke(connection, "sign_in", subject, subject, now):
            return None
        if user is None:
            user = _owner(given)
            accounts.add(connection, user, hashed, now)
        else:
            accounts.rename(connection, user.id, given["name"])
            accounts.set_password(connection, user.id, hashed)
            tries.forget(connection, user.email)
    log.info("password chosen", user=user.id, role=user.role)
    return user


def _owner(given: dict[str, str]) -> User:
    id = f"usr_{secrets.token_hex(8)}"
    return User(id, given["name"], accounts.plain(given["email"]), "owner", True)


def _errors(given: dict[str, str], user: User | None) -> dict[str, str]:
    seen = pages.reader()
    found: dict[str, str] = {}
    if not given["name"]:
        found["name"] = seen.t("forms.required", field=seen.t("first_password.name"))
    email = user.email if user else given["email"]
    if "@" not in email.strip("@") or " " in email:
        found["email"] = seen.t("first_password.email_wrong")
    fault = auth.fault_of(given["password"], email)
    if fault:
        found["password"] = seen.t(fault[0], **fault[1])
    elif given["password"] != given["again"]:
        found["again"] = seen.t("first_password.differ")
    return found


def _until(locked: datetime | None) -> str:
    return pages.reader().fmt.clock(locked) if locked else ""
