"""The pages of a running service in a real browser: whole, in both languages, on phone and desk, and in use.

A live server over a lively record; nothing is faked but the moment.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from service.store import actions, attention
from service.web.wording import LOCALES
from tests.browser.pictures import chromium
from tests.browser.test_gallery import SMALL, TOUCHED, sideways
from tests.support.live import Live
from tests.support.seeding import NOT_GIVEN, PASSWORD, opened

WIDTHS = {"phone": 390, "desk": 1280}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One running service for all that only look."""
    made = Live(opened(tmp_path_factory.mktemp("home")))
    yield made
    made.stop()


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running service of one's own, for what changes it."""
    made = Live(opened(tmp_path_factory.mktemp("home")))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; the tests say so where there is none."""
    try:
        with chromium() as started:
            yield started
    except Error as missing:
        pytest.skip(f"needs a Chromium on PATH or `playwright install chromium`: {missing}")


def at(browser: Browser, width: int, locale: str = "en") -> Page:
    """A fresh page of that width for a reader of that language."""
    return browser.new_context(viewport={"width": width, "height": 800}, locale=locale).new_page()


def sign_in(page: Page, live: Live, role: str = "owner") -> None:
    page.goto(f"{live.url}/sign-in")
    page.fill("#f-email", f"{role}@northwind.example")
    page.fill("#f-password", PASSWORD)
    page.click("main form button")
    page.wait_for_url(f"{live.url}/")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
def test_every_room_is_whole(browser: Browser, live: Live, width: int, locale: str) -> None:
    """Nothing wider than the window, nothing the browser complains about, no value missing, controls large enough."""
    page = at(browser, width, locale)
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{page.url}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    sign_in(page, live)
    wrong: dict[str, object] = {}
    for name, path in live.console.items():
        answer = page.goto(live.url + path)
        assert answer is not None
        text = page.inner_text("body")
        if answer.status != 200 or NOT_GIVEN in text or "None" in text or "undefined" in text:
            wrong[name] = answer.status
        if page.evaluate("document.scrollingElement.scrollWidth > innerWidth") or sideways(page):
            wrong[name] = sideways(page)
        if width == WIDTHS["phone"] and (small := page.evaluate(SMALL, TOUCHED)):
            wrong[name] = small
        assert page.get_attribute("html", "lang") in (locale, "en")
    assert wrong == {}
    assert said == []
    page.context.close()


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
def test_pages_for_strangers_are_whole(browser: Browser, live: Live, width: int, locale: str) -> None:
    """The door, the first link's page, a client's decision and project, and what is not there."""
    page = at(browser, width, locale)
    decision, project = (
        live.seed.link("approval", "apr_export", "ann"),
        live.seed.link("project", "apollo", "ann"),
    )
    paths = ["/sign-in", f"/a/{decision}", f"/c/{project}", "/a/nothing", "/welcome/nothing", "/nowhere"]
    wrong = {}
    for path in paths:
        page.goto(live.url + path)
        text = page.inner_text("body")
        if NOT_GIVEN in text or "None" in text or sideways(page):
            wrong[path] = text
        if page.evaluate("document.scrollingElement.scrollWidth > innerWidth"):
            wrong[path] = "wider than the window"
    assert wrong == {}
    page.context.close()


def test_a_client_decides_on_a_phone_without_script(browser: Browser, own: Live) -> None:
    """Read, choose, type the name, tick, send: confirmed with the fingerprint; the page stays what it was."""
    context = browser.new_context(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    address = f"{own.url}/a/{own.seed.link('approval', 'apr_export', 'ann')}"
    page.goto(address)
    page.get_by_label("Approve").check()
    page.get_by_label("Your full name").fill("Ann Lee")
    page.get_by_label("I have read the text above and decide for Acme Ltd.").check()
    page.get_by_role("button", name="Send my decision").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "You approved change CR-7: add an export to spreadsheet."
    )
    expect(page.get_by_text("Fingerprint of the text (SHA-256)")).to_be_visible()
    with own.seed.context.database.reading() as connection:
        record = attention.record(connection, "approval", "apr_export")
    assert record is not None
    assert record["status"] == "approved"
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "You approved change CR-7: add an export to spreadsheet."
    )
    context.close()


def test_a_lead_reads_the_mail_and_releases_it(browser: Browser, own: Live) -> None:
    """The mail stands in its frame as the client gets it, cannot lead anywhere, and one click lets it leave."""
    page = at(browser, WIDTHS["desk"])
    sign_in(page, own)
    page.get_by_role("link", name="1 message waits for release").click()
    page.locator(".rows a").first.click()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Lin Hao will call you.")).to_be_visible()
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_text("next to leave")).to_be_visible()
    with own.seed.context.database.reading() as connection:
        row = actions.row_of(connection, own.ids["review"])
    assert row is not None
    assert row["state"] == "ready"
    page.context.close()


def test_dead_letters_go_again_after_the_numbers(browser: Browser, own: Live) -> None:
    """From the rail to the list, to the page with the numbers, to the click; and back to an empty list."""
    page = at(browser, WIDTHS["phone"])
    sign_in(page, own)
    page.goto(f"{own.url}/dead-letters")
    page.get_by_role("link", name="Send all again").click()
    expect(page.get_by_text("1 client contact may get mail: ann@acme.example")).to_be_visible()
    page.get_by_role("button", name="Send all again").click()
    expect(page.get_by_text("2 are on their way again.")).to_be_visible()
    page.context.close()


def test_the_language_and_the_theme_follow_the_reader(browser: Browser, own: Live) -> None:
    """One click on the door makes everything Chinese; the theme chosen there holds inside."""
    page = at(browser, WIDTHS["desk"])
    page.goto(f"{own.url}/sign-in")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("登录")
    sign_in(page, own, "viewer")
    expect(page.get_by_role("navigation", name="栏目")).to_be_visible()
    with page.expect_response("**/preferences"):
        page.get_by_role("button", name="外观").click()
    page.goto(f"{own.url}/events")
    assert page.get_attribute("html", "data-theme") == "light"
    page.context.close()


def test_the_keyboard_alone_reaches_and_opens(browser: Browser, live: Live) -> None:
    """Skip to the content, find by `/`, open the id that was typed."""
    page = at(browser, WIDTHS["desk"])
    sign_in(page, live)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("/")
    page.keyboard.type(live.ids["event"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/events/{live.ids['event']}")
    page.context.close()
