"""Who may do what: one table of every address of the application, and visitors of every kind to hold it against.

`KINDS` names for each endpoint what it asks for. `expected(kind, method, visitor)` is the status a visitor gets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.routing import Rule

from service.store import accounts
from service.store.accounts import User
from tests.support.seeding import Seed

API_TOKEN = "token-of-a-script-0001"
COLLEAGUE = "usr_colleague"
ROLES = ("viewer", "member", "lead", "owner")
RIGHTS: Mapping[str, tuple[str, ...]] = {
    "viewer": (),
    "member": ("change",),
    "lead": ("change", "send"),
    "owner": ("change", "send", "accounts"),
}

LOOK = (
    "account.index approvals.index approvals.one books.one changes.one conduct.closing conduct.one conduct.receipt "
    "connections.index connections.one dates.one dead.index deliveries.index deliveries.one events.index "
    "events.one inbox.index items.one messages.index messages.mail messages.one overview.index "
    "projects.as_client projects.index projects.one projects.told reports.file reports.shown rule_versions.index "
    "rule_versions.one rules.index "
    "rules.one search.find switches.index"
)
CHANGE = (
    "approvals.decide approvals.take_back books.say changes.assess changes.assessing changes.draft "
    "changes.new conduct.look_through conduct_forms.save conduct_forms.show dates.check dates.delay "
    "dates.done dates.hand_over inbox.assign inbox.undo items.add items.contact items.end items.new "
    "trying.form trying.run"
)
SEND = (
    "approvals.again approvals.offline approvals.withdraw conduct.ask dates.link dates.renew dates.revoke "
    "dead.redrive deliveries.replay events.replay messages.arrived messages.cancel messages.release "
    "messages.resend projects.mode rule_versions.back rule_versions.go_back switches.go_on switches.stop"
)
ACCOUNTS = "account.invite account.link account.people account.remove account.role"
API = (
    "api.action api.actions api.connections api.deliveries api.delivery api.event api.events api.found "
    "api.message api.messages api.pauses api.project api.projects api.record api.record_list api.retainers "
    "api.rules api.told api.verdicts api.waiting api.workload"
)
PUBLIC = "api.openapi door.preferences door.sign_in door.sign_out door.try_sign_in health.alive health.metrics static"
KINDS: Mapping[str, str] = {
    endpoint: kind
    for kind, endpoints in {
        "look": LOOK,
        "self": "account.change_password",
        "change": CHANGE,
        "send": SEND,
        "accounts": ACCOUNTS,
        "api": API,
        "public": PUBLIC,
        "signature": "hooks.take",
        "readiness": "health.ready",
        "decision link": "client.decide client.decision",
        "project link": "client.answered client.project",
        "survey link": "asked.answered asked.survey",
        "minutes link": "asked.minutes asked.objected",
        "welcome link": "door.accept_welcome door.welcome",
    }.items()
    for endpoint in endpoints.split()
}
ROOMS = ("look", "self", "change", "send", "accounts")
LINKS = {
    "decision link": 404,
    "project link": 404,
    "survey link": 404,
    "minutes link": 404,
    "welcome link": 410,
}
ALLOWED = 0
"""Whatever the page has to say, but neither a refusal of the visitor nor a failure of ours."""


@dataclass
class Visitor:
    """Somebody who knocks. `headers` go with every call; `role` is that of the console, or none."""

    name: str
    client: FlaskClient
    role: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def expected(kind: str, method: str, visitor: Visitor) -> int:
    """The status that this visitor gets at an address of that kind, with a made-up token where one is in it."""
    if kind in ROOMS:
        if visitor.role is None:
            return 302 if method in ("GET", "HEAD") else 401
        right = kind in ("look", "self") or kind in RIGHTS[visitor.role]
        return ALLOWED if right else 403
    if kind == "api":
        return ALLOWED if visitor.headers.get("Authorization") == f"Bearer {API_TOKEN}" else 401
    if kind == "readiness":
        return 503  # without Redis and workers it is not ready, whoever asks
    if kind == "signature":
        return 401 if method == "POST" else 405
    return LINKS.get(kind, ALLOWED)


def fits(kind: str, method: str, visitor: Visitor, status: int) -> bool:
    """Whether an answer is the expected one."""
    wanted = expected(kind, method, visitor)
    return status not in (401, 403) and status < 500 if wanted == ALLOWED else status == wanted


def visitors(seed: Seed) -> list[Visitor]:
    """A stranger, each role, a script with the token, scripts with wrong ones, and a client who tries their link."""
    links = [seed.link("project", "apollo", "ann"), seed.link("approval", "apr_export", "ann")]
    bearers = {"the script": API_TOKEN, "a script with another token": API_TOKEN[:-1] + "2"}
    bearers |= {"a script without a token": "", "a client with their project's link": links[0]}
    bearers["a client with their decision's link"] = links[1]
    colleague = User(COLLEAGUE, "Kim Oh", "kim@northwind.example", "member", True)
    with seed.context.database.writing() as connection:
        accounts.add(connection, colleague, None, seed.now)
    made = [Visitor("a stranger", seed.app.test_client())]
    made += [Visitor(f"a {role}", seed.signed_in(role), role) for role in ROLES]
    made += [
        Visitor(name, seed.app.test_client(), headers={"Authorization": f"Bearer {token}"})
        for name, token in bearers.items()
    ]
    return made


def path_of(rule: Rule, ids: Mapping[str, str]) -> str:
    """The address with something that is there, or a made-up token."""
    family = rule.endpoint.partition(".")[0]
    id = {
        "events": ids["event"], "deliveries": ids["delivery"], "messages": ids["review"], "approvals": ids["approval"],
        "projects": "apollo", "reports": "apollo", "books": "apollo", "changes": ids["draft"], "rules": "budget/levels",
        "account": COLLEAGUE, "dates": "nothing", "items": ids["action_item"], "conduct": "apollo",
        "conduct_forms": "apollo",
    }.get(family, "")  # fmt: skip
    if family == "api":
        id = {"api.delivery": ids["delivery"], "api.event": ids["event"], "api.project": "apollo"}.get(
            rule.endpoint, ids["approval"] if rule.endpoint == "api.record" else ids["sent"]
        )
    path = rule.rule.replace("<project>", "apollo").replace("<name>", "tracker")
    path = re.sub(r"<any\((\w+)[^>]*>", r"\1", path)
    path = path.replace("<token>", "a" * 43).replace("<path:filename>", "accord.css")
    path = (
        path.replace("<key>", "m2")
        .replace("<form>", "contact")
        .replace("<place>", "asg_nowhere")
        .replace("<path:entry>", "nothing")
    )
    return re.sub(r"<(?:path:)?id>", id, path)


def record_of(seed: Seed) -> dict[str, list[str]]:
    """Every row of the service's database and of the inbox, but for the beat by which the web says that it lives."""
    database = seed.context.database
    found: dict[str, list[str]] = {}
    with ExitStack() as stack:
        for file in (database.reading(), database.inbox_reading()):
            connection = stack.enter_context(file)
            names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars()
            for name in names.all():
                rows = connection.execute(text(f'SELECT * FROM "{name}"')).all()  # noqa: S608 - our own tables
                found[name] = sorted(map(repr, rows))
    found.pop("heartbeats", None)
    return found
