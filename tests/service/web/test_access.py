"""What pages offer to whom, and what they tell the browser; who may open what stands in tests/security."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.seeding import Seed

Shown = tuple[Seed, dict[str, str]]


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
