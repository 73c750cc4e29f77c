"""Markup in whatever a tracker, the books or a client can write, on every page, in a real browser: it never acts.

Two walls, each alone: pages are shown to a browser that ignores our policy, so that only the escaping holds; then a
script that got past the escaping is put into them, so that only the policy holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, Route

from service import links
from service.links import PATHS
from service.store.links import Link
from service.web.console.conduct_forms import FORMS
from tests.browser.test_pages import browser, sign_in
from tests.security.access import KINDS, ROOMS, path_of
from tests.security.hostile import BAD, ELSEWHERE, MARK, RUN, poison
from tests.support.conducted import conducted
from tests.support.live import Live
from tests.support.seeding import NOW, opened

__all__ = ["browser"]

ACTED = f"document.documentElement.dataset.{MARK} !== undefined || document.title === {MARK!r}"
LEADS_ELSEWHERE = """() => [...document.querySelectorAll('[href],[src],[action],[formaction],[srcdoc],[style]')]
  .filter(e => ['href', 'src', 'action', 'formaction', 'srcdoc', 'style'].some(name =>
    /^\\s*(javascript|data|vbscript):/i.test(e.getAttribute(name) || '') ||
    (e.getAttribute(name) || '').includes('elsewhere.example') && !(e.getAttribute(name) || '').startsWith('/')))
  .map(e => e.outerHTML.slice(0, 200))"""
HANDLERS = """() => [...document.querySelectorAll('*')]
  .filter(e => [...e.attributes].some(a => a.name.startsWith('on'))).map(e => e.outerHTML.slice(0, 200))"""

FILES = ("reports.file", "conduct.receipt")
GOT_PAST = (
    f"<script>{RUN}</script><script src={ELSEWHERE}/a.js></script><img src={ELSEWHERE}/b.png onerror='{RUN}'>"
    f"<svg onload='{RUN}'></svg><iframe src={ELSEWHERE}/c></iframe><link rel=stylesheet href={ELSEWHERE}/d.css>"
    f"<style>@import '{ELSEWHERE}/e.css'; body {{ background: url({ELSEWHERE}/f.png) }}</style>"
    f"<object data={ELSEWHERE}/g></object><input autofocus onfocus='{RUN}'>"
)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running service whose whole record was written by somebody who means harm."""
    made = Live(opened(tmp_path_factory.mktemp("home")))
    made.ids |= conducted(made.seed)
    made.ids |= poison(made.seed, made.ids)
    yield made
    made.stop()


def rooms_of(live: Live) -> list[str]:
    """Every page of the console, with something that is there, and every form; not what is a file to keep."""
    rules = [r for r in live.seed.app.url_map.iter_rules() if "GET" in (r.methods or ())]
    pages = [r for r in rules if KINDS[r.endpoint] in ROOMS and r.endpoint not in FILES]
    forms = [f"/projects/apollo/conduct/{name}" for name, form in FORMS.items() if form.of is None]
    return sorted({path_of(rule, live.ids) for rule in pages} | set(live.console.values()) | set(forms))


def links_of(live: Live) -> list[str]:
    """Every page that a client opens by a link: open, answered, and past its time."""
    seed, ids = live.seed, live.ids
    subjects = [("approval", "apr_export"), ("approval", "apr_old"), ("project", "apollo")]
    subjects += [("survey", ids["survey"]), ("meeting", ids["meeting"])]
    paths = [f"/{PATHS[kind]}/{seed.link(kind, subject, 'ann')}" for kind, subject in subjects]
    with seed.context.database.writing() as connection:
        ended = Link("project", "apollo", 1, "bob", 1, NOW, revoked=False)
        links.make(connection, seed.context.settings, ended, NOW)
    return [*paths, f"/c/{links.token_for(seed.context.settings.secret_key, ended)}"]


def pages_of(live: Live, rooms: Iterable[str]) -> list[str]:
    """These rooms, the hostile things themselves, mails in their frames, and clients' pages."""
    ids = live.ids
    own = [f"/events/{ids['hostile']}", f"/deliveries/{ids['hostile_delivery']}"]
    own += [f"/messages/{ids[name]}{more}" for name in ("hostile_mail", "sent") for more in ("", "/mail")]
    own += [f"/messages/{ids['hostile_dead']}", f"/dead-letters/redrive?id={ids['hostile_dead']}"]
    own += [f"/search?q={BAD[:60]}".replace("#", ""), f"/deliveries?state={BAD[:40]}".replace("#", "")]
    return [*rooms, *own, *links_of(live)]


def watched(page: Page, live: Live) -> list[str]:
    """What a page gets from elsewhere, and every window it opens, as it happens; not what the policy held back."""
    seen: list[str] = []

    def failed(request: Request) -> None:
        if request.failure == "csp" or "BLOCKED_BY_CSP" in (request.failure or ""):
            seen.remove(request.url)

    page.on("requestfailed", failed)
    page.on("request", lambda r: seen.append(r.url) if not r.url.startswith((live.url, "about:")) else None)
    page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
    page.on("popup", lambda popup: seen.append(popup.url))
    return seen


@pytest.mark.parametrize("ignores_policy", [True, False], ids=["escaping alone", "with the policy"])
def test_nothing_that_others_wrote_acts(browser: Browser, live: Live, ignores_policy: bool) -> None:
    """No script runs, no request leaves, no link or form leads elsewhere, on any page for anybody."""
    page = browser.new_context(bypass_csp=ignores_policy, locale="en").new_page()
    asked = watched(page, live)
    sign_in(page, live)
    wrong: dict[str, object] = {}
    shown = 0
    # Every page once without the policy, which is the harder case; with it the rooms that people live in.
    rooms = rooms_of(live) if ignores_policy else live.console.values()
    for path in pages_of(live, rooms):
        answer = page.goto(live.url + path)
        assert answer is not None
        if answer.status >= 500:
            wrong[path] = answer.status
        for frame in page.frames:
            frame.wait_for_load_state()
            if frame.evaluate(ACTED) or frame.evaluate(LEADS_ELSEWHERE) or frame.evaluate(HANDLERS):
                wrong[path] = frame.evaluate(LEADS_ELSEWHERE) or frame.evaluate(HANDLERS) or "a script ran"
        shown += BAD[:20] in page.inner_text("body") or page.url.endswith("/mail")
    assert wrong == {}
    assert asked == []
    assert shown > (40 if ignores_policy else 15), (
        "hostile texts have to be on the pages for this to prove anything"
    )
    page.context.close()


def test_the_policy_alone_stops_what_got_past_the_escaping(browser: Browser, live: Live) -> None:
    """Scripts, handlers, pictures, frames and forms put into our pages on their way: the browser refuses them all."""
    page = browser.new_context(locale="en").new_page()
    asked = watched(page, live)
    sign_in(page, live)

    def spoiled(route: Route) -> None:
        answer = route.fetch()
        body = answer.text().replace("</body>", GOT_PAST + "</body>")
        route.fulfill(response=answer, body=body)

    for path in ("/", "/projects/apollo", f"/events/{live.ids['hostile']}", *links_of(live)):
        page.route(live.url + path, spoiled)
        page.goto(live.url + path)
        assert page.locator("svg[onload]").count() == 1, "it has to be in the page for this to prove anything"
        assert not page.evaluate(ACTED), path
    assert asked == []
    page.context.close()
