"""Who may do what: every address of the console, for a stranger and for each role, with and without a form's token."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from tests.support.seeding import Seed, csrf_of

Shown = tuple[Seed, dict[str, str]]
ROLES = ("viewer", "member", "lead", "owner")
# Blueprints with a door of their own: webhooks by signature, the API by bearer, clients by their link.
OPEN = ("hooks", "health", "api", "client", "asked", "door", "static")
# What one has to be allowed to do; whatever is not named here everyone signed in may look at.
NEEDS = {
    "send": {
        "events.replay", "deliveries.replay", "messages.release", "messages.arrived", "messages.resend",
        "messages.cancel", "approvals.withdraw", "approvals.again", "approvals.offline", "dates.link", "dates.revoke",
        "projects.mode", "switches.stop", "switches.go_on", "dead.redrive", "conduct.ask",
    },
    "change": {
        "changes.new", "changes.draft", "changes.assessing", "changes.assess", "dates.hand_over", "dates.check",
        "dates.delay", "dates.done", "items.new", "items.add", "items.end", "items.contact",
        "approvals.decide", "conduct.look_through", "conduct_forms.show", "conduct_forms.save", "inbox.assign",
        "inbox.undo", "trying.form", "trying.run",
    },
    "accounts": {"account.people", "account.invite", "account.link", "account.role", "account.remove"},
}  # fmt: skip
MAY = {
    "viewer": (),
    "member": ("change",),
    "lead": ("change", "send"),
    "owner": ("change", "send", "accounts"),
}
EVERYONE_POSTS = {"account.change_password"}


def rules_of(seed: Seed) -> list[Rule]:
    """Every address of the console."""
    return [r for r in seed.app.url_map.iter_rules() if r.endpoint.partition(".")[0] not in OPEN]


def path_of(rule: Rule, ids: dict[str, str]) -> str:
    """The address with something that is there."""
    family = rule.endpoint.partition(".")[0]
    id = {
        "events": ids["event"], "deliveries": ids["delivery"], "messages": ids["review"], "approvals": ids["approval"],
        "projects": "apollo", "changes": ids["draft"], "rules": "budget/levels", "account": "usr_nobody",
        "dates": "nothing", "items": "nothing", "conduct": "apollo", "conduct_forms": "apollo",
        "reports": "apollo",
    }.get(family, "")  # fmt: skip
    path = rule.rule.replace("<project>", "apollo").replace("<name>", "tracker").replace("<key>", "m2")
    path = path.replace("<any(answered, done, waived):verb>", "done").replace("<form>", "contact")
    return re.sub(r"<(?:path:)?id>", id, path.replace("<place>", "asg_nowhere").replace("<path:entry>", "e1"))


def clients(shown: Shown) -> dict[str, FlaskClient]:
    return {role: shown[0].signed_in(role) for role in ROLES}


def test_a_stranger_sees_nothing(shown: Shown) -> None:
    """Every GET leads to the door, every POST is refused, and neither says whether the thing exists."""
    seed, ids = shown
    stranger = seed.app.test_client()
    token = csrf_of(stranger.get("/sign-in").text)
    for rule in rules_of(seed):
        path = path_of(rule, ids)
        if "GET" in (rule.methods or ()):
            answer = stranger.get(path)
            assert (answer.status_code, answer.location.partition("?")[0]) == (302, "/sign-in"), path
        if "POST" in (rule.methods or ()):
            assert stranger.post(path, data={"csrf_token": token}).status_code == 401, path


def test_each_role_may_do_what_it_may(shown: Shown) -> None:
    """A viewer only reads; a member writes down changes; a lead sends, pauses and releases; an owner keeps accounts."""
    seed, ids = shown
    for role, client in clients(shown).items():
        token = csrf_of(client.get("/account").text)
        for rule in rules_of(seed):
            needed = next((right for right, names in NEEDS.items() if rule.endpoint in names), None)
            allowed = needed is None or needed in MAY[role]
            path = path_of(rule, ids)
            if "GET" in (rule.methods or ()):
                status = client.get(path).status_code
                assert (status == 403) is not allowed, (role, path, status)
            elif not allowed:
                assert client.post(path, data={"csrf_token": token}).status_code == 403, (role, path)


def test_every_posting_address_needs_a_right(shown: Shown) -> None:
    """No address of the console takes a POST without saying who may; a new one has to be put in the table above."""
    named = set().union(*NEEDS.values()) | EVERYONE_POSTS
    posting = {r.endpoint for r in rules_of(shown[0]) if "POST" in (r.methods or ())}
    assert posting <= named
    assert named <= {r.endpoint for r in rules_of(shown[0])}


def test_a_form_without_its_token_does_nothing(shown: Shown) -> None:
    """For an owner, on every posting address: 400, with the reason in words and nothing changed."""
    seed, ids = shown
    owner = seed.signed_in("owner")
    other = csrf_of(seed.signed_in("lead").get("/account").text)
    for rule in rules_of(seed):
        if "POST" not in (rule.methods or ()):
            continue
        for data in ({}, {"csrf_token": "made-up"}, {"csrf_token": other}):
            answer = owner.post(path_of(rule, ids), data=data, headers={"Accept-Language": "en"})
            assert answer.status_code == 400, rule.rule
            assert "Nothing was changed" in answer.text
    for path in ("/sign-in", "/sign-out", "/preferences", "/welcome/x"):
        assert owner.post(path, data={}).status_code == 400


def test_a_viewer_is_offered_nothing_to_send(shown: Shown) -> None:
    """Buttons one may not press are not on the page."""
    seed, ids = shown
    viewer = seed.signed_in("viewer")
    ids_of = [f"/events/{ids['event']}", f"/messages/{ids['review']}", f"/messages/{ids['unknown']}"]
    rooms = [
        "/",
        "/dead-letters",
        "/approvals/apr_export",
        "/projects/apollo",
        "/connections/tracker",
        "/pauses",
    ]
    for path in (*rooms, *ids_of):
        page = viewer.get(path).text
        main = page[page.index("<main") : page.index("</main")]
        for offered in (
            "<form",
            "/pause",
            "/resume",
            "/redrive",
            "/withdraw",
            "/mode",
            "/changes/new",
            "/cancel",
        ):
            assert offered not in main, (path, offered)


def test_pages_say_to_the_browser_what_may_happen_in_them(shown: Shown) -> None:
    """Nothing inline or from elsewhere, no frame, nothing kept; only the mail's own frame may be framed, by us."""
    seed, ids = shown
    lead = seed.signed_in("lead")
    for path in ("/", "/projects/apollo", "/sign-in", "/nowhere", f"/events/{ids['event']}"):
        answer: Any = lead.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    mail = lead.get(f"/messages/{ids['sent']}/mail")
    assert "frame-ancestors 'self'" in mail.headers["Content-Security-Policy"]
    assert "sandbox" in mail.headers["Content-Security-Policy"]
    assert mail.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert 'sandbox referrerpolicy="no-referrer"' in lead.get(f"/messages/{ids['sent']}").text


@pytest.mark.parametrize("path", ["/hooks/tracker", "/api/v1/projects", "/healthz", "/api/v1/openapi.json"])
def test_programs_need_no_form_token(shown: Shown, path: str) -> None:
    """Webhooks and the API are answered by their own rules, as problem documents, and get no cookie."""
    client = shown[0].app.test_client()
    answer = client.post(path, json={}) if "hooks" in path else client.get(path)
    assert answer.status_code in (200, 401)
    assert answer.mimetype in ("application/json", "application/problem+json")
    assert "Set-Cookie" not in answer.headers


def test_a_failure_is_a_calm_page_with_the_id_to_quote(shown: Shown) -> None:
    """404 for people: words and the request's id, in the frame when signed in; for programs a problem document."""
    seed, _ = shown
    english = {"Accept-Language": "en", "X-Request-Id": "req_of_a_test"}
    inside = seed.signed_in("viewer").get("/events/evt_nothing", headers=english)
    assert inside.status_code == 404
    for said in ("There is nothing at this address", "req_of_a_test", 'aria-label="Rooms"'):
        assert said in inside.text
    outside = seed.app.test_client().get("/nowhere", headers=english)
    assert outside.status_code == 404
    assert 'aria-label="Rooms"' not in outside.text
