"""Accounts: one's own password, and, for owners, who else may sign in and as what.

In: `/account`, `/people` and their forms. Out: pages; a one-time address for somebody new, shown once.
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response as Answer

from service.log import get
from service.store import accounts, tries
from service.store.accounts import User
from service.web import auth, pages

room = Blueprint("account", __name__)
log = get("auth")


@room.get("/account")
def index() -> str:
    """Name, mail address, role, and the form for another password."""
    return pages.page("account", "", user=auth.signed_in(), errors={}, changed=request.args.get("changed"))


@room.post("/account")
def change_password() -> Answer | tuple[str, int]:
    """Another password; every other session of this person ends."""
    context, seen, user = pages.context(), pages.reader(), auth.signed_in()
    if user is None:
        abort(401)
    given = {k: request.form.get(k, "") for k in ("old", "password", "again")}
    with context.database.writing() as connection:
        locked = tries.begin(connection, user.email, auth.browser_of(user), context.now())
    with context.database.reading() as connection:
        right = locked is None and auth.check(connection, user, given["old"])
    errors: dict[str, str] = {}
    if not right:
        errors["old"] = seen.t("account.wrong")
    elif fault := auth.fault_of(given["password"], user.email):
        errors["password"] = seen.t(fault[0], **fault[1])
    elif given["password"] != given["again"]:
        errors["again"] = seen.t("first_password.differ")
    if right:
        with context.database.writing() as connection:
            tries.forget(connection, user.email, auth.browser_of(user))
    if errors:
        return pages.page("account", "", user=user, errors=errors, changed=None), 422
    hashed = auth.hashed(given["password"])
    with context.database.writing() as connection:
        accounts.set_password(connection, user.id, hashed)
        tries.forget(connection, user.email)
    auth.sign_in(context, user)
    return redirect("/account?changed=1", 303)


@room.get("/people")
@auth.needs("accounts")
def people() -> str:
    """Everyone who may sign in."""
    return _people({}, {})


@room.post("/people")
@auth.needs("accounts")
def invite() -> Answer | str | tuple[str, int]:
    """Somebody new: they choose a password at an address that is shown once."""
    seen, context = pages.reader(), pages.context()
    given = {k: request.form.get(k, "").strip()[:320] for k in ("name", "email", "role")}
    errors: dict[str, str] = {}
    if not given["name"]:
        errors["name"] = seen.t("forms.required", field=seen.t("account.name"))
    if "@" not in given["email"].strip("@") or " " in given["email"]:
        errors["email"] = seen.t("first_password.email_wrong")
    if given["role"] not in auth.ROLES:
        errors["role"] = seen.t("forms.required", field=seen.t("account.role"))
    if errors:
        return _people(given, errors), 422
    id = f"usr_{secrets.token_hex(8)}"
    user = User(id, given["name"], accounts.plain(given["email"]), given["role"], False)
    with context.database.writing() as connection:
        added = accounts.add(connection, user, None, context.now())
        address = auth.welcome_link(context, connection, id) if added else ""
    if not added:
        return _people(given, {"email": seen.t("people.taken")}), 422
    log.info("account made", user=id, role=user.role)
    return pages.page("people_link", "", person=user, address=address)


@room.post("/people/<id>/link")
@auth.needs("accounts")
def link(id: str) -> str:
    """A new one-time address for somebody who forgot, or who did not come in time."""
    context = pages.context()
    with context.database.writing() as connection:
        user = accounts.of_id(connection, id) or abort(404)
        address = auth.welcome_link(context, connection, id)
    return pages.page("people_link", "", person=user, address=address)


@room.post("/people/<id>/role")
@auth.needs("accounts")
def role(id: str) -> Answer | tuple[str, int]:
    """Another role for somebody; one owner stays."""
    wanted = request.form.get("role", "")
    if wanted not in auth.ROLES:
        abort(400)
    with pages.context().database.writing() as connection:
        done = accounts.set_role(connection, id, wanted)
    log.info("role set", user=id, role=wanted, done=done)
    return (
        redirect("/people", 303)
        if done
        else (_people({}, {"last": pages.reader().t("people.last_owner")}), 422)
    )


@room.route("/people/<id>/remove", methods=["GET", "POST"])
@auth.needs("accounts")
def remove(id: str) -> Answer | str | tuple[str, int]:
    """Somebody may sign in no more: first what that means, then the click."""
    context = pages.context()
    with context.database.reading() as connection:
        user = accounts.of_id(connection, id) or abort(404)
    if request.method != "POST":
        return pages.page("people_remove", "", person=user)
    with context.database.writing() as connection:
        done = accounts.remove(connection, id)
    log.info("account removed", user=id, done=done)
    return (
        redirect("/people", 303)
        if done
        else (_people({}, {"last": pages.reader().t("people.last_owner")}), 422)
    )


def _people(given: dict[str, Any], errors: dict[str, str]) -> str:
    context = pages.context()
    with context.database.reading() as connection:
        users = accounts.everyone(connection)
        pauses = {u.id: tries.pause_of(connection, u.email, context.now()) for u in users}
    return pages.page(
        "people",
        "",
        users=users,
        pauses=pauses,
        given=given,
        errors=errors,
        roles=auth.ROLES,
        me=auth.signed_in(),
    )
