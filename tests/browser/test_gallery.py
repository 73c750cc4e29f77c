"""The look holds for every frame and macro: nothing inline, nothing missing, readable, and at home on a phone."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page

from tests.browser import gallery
from tests.browser.markup import ids_of, referred_ids, tags_of
from tests.browser.pictures import chromium

PAGES = list(gallery.pages())
NAMED = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.file)
SHEET = (gallery.WEB / "static" / "accord.css").read_text(encoding="utf-8")
GROUNDS = ("paper", "card")
TEXT_PAIRS = [
    *product(("ink", "soft", "accent", "ok", "warn", "bad"), GROUNDS),
    *((tone, f"{tone}-tint") for tone in ("ok", "warn", "bad", "info")),
    *(("ink", f"{tone}-tint") for tone in ("ok", "warn", "bad", "info")),
    ("accent", "info-tint"), ("soft", "info-tint"), ("on-accent", "accent"), ("on-bad", "bad"),
]  # fmt: skip


def theme(start: str) -> dict[str, str]:
    """The colour tokens of the block of the style sheet that begins with `start`."""
    block = SHEET[SHEET.index(start) :].split("}", 1)[0]
    return dict(re.findall(r"--([a-z-]+):\s*(#[0-9A-F]{6});", block))


LIGHT = theme(":root {")
DARK = theme(':root:not([data-theme="light"]) {')


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_text_is_readable_on_every_ground_it_stands_on(tokens: dict[str, str]) -> None:
    """Every pair of text and ground reaches AA (4.5), borders of fields and focus reach 3."""
    weak = {pair: contrast(tokens[pair[0]], tokens[pair[1]]) for pair in TEXT_PAIRS}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}
    edges = {ground: contrast(tokens["edge"], tokens[ground]) for ground in GROUNDS}
    assert {ground: ratio for ground, ratio in edges.items() if ratio < 3} == {}


def test_dark_by_choice_is_the_same_dark_as_by_system() -> None:
    """The override and the system's preference never drift apart, and dark names every colour that light names."""
    assert theme(':root[data-theme="dark"] {') == DARK
    assert DARK.keys() == LIGHT.keys()


@NAMED
def test_nothing_is_inline(page: gallery.Page) -> None:
    """A strict content security policy holds: no style attribute, no inline script, no handler, no foreign address."""
    tags = tags_of(page.html)
    assert [t for t in tags if "style" in t.attributes or t.name == "style"] == []
    assert [t for t in tags if t.name == "script" and "src" not in t.attributes] == []
    assert [t for t in tags if any(name.startswith("on") for name in t.attributes)] == []
    assert "javascript:" not in page.html
    loaded = [
        t.attributes.get("src") or t.attributes.get("href", "")
        for t in tags
        if t.name in ("script", "link", "img")
    ]
    assert [address for address in loaded if "//" in address] == []


@NAMED
def test_no_value_is_missing(page: gallery.Page) -> None:
    """No page prints the name of a value or text it was not given, nor an English word for nothing."""
    assert re.findall(r"\{\{.*?\}\}", page.html) == []
    assert re.findall(r">\s*(None|Undefined|True|False)\s*<", page.html) == []


@NAMED
def test_a_page_can_be_read_by_ear(page: gallery.Page) -> None:
    """One main, one first heading, its language said, ids once, and every label and hint tied to its field."""
    tags = tags_of(page.html)
    names = [tag.name for tag in tags]
    assert tags[0].attributes["lang"] == page.locale
    assert names.count("main") == 1
    assert names.count("h1") == (0 if page.name == "bars" else 1)
    ids = ids_of(tags)
    assert sorted(ids) == sorted(set(ids))
    assert referred_ids(tags) - set(ids) == set()


@NAMED
def test_every_field_has_a_label_and_every_form_that_posts_its_token(page: gallery.Page) -> None:
    """A field without a visible label, or a posting form without its token, is a fault of the macro."""
    tags = tags_of(page.html)
    labelled = {tag.attributes.get("for") for tag in tags if tag.name == "label"}
    fields = [
        t
        for t in tags
        if t.name in ("input", "select", "textarea") and t.attributes.get("type") not in ("hidden", "radio")
    ]
    assert [f for f in fields if f.attributes.get("id") not in labelled] == []
    posting = [t for t in tags if t.name == "form" and t.attributes.get("method") == "post"]
    tokens = [t for t in tags if t.attributes.get("name") == "csrf_token"]
    assert len(tokens) == len(posting)


def test_a_client_page_needs_no_script_and_leaks_no_link() -> None:
    """Clients' pages load no script, are not indexed, and do not hand their address to others."""
    for page in PAGES:
        if page.name in ("decide", "decided", "closed", "client_project"):
            tags = tags_of(page.html)
            meta = {t.attributes.get("name"): t.attributes.get("content") for t in tags if t.name == "meta"}
            assert "script" not in {t.name for t in tags}
            assert meta["referrer"] == "no-referrer"
            assert "noindex" in str(meta["robots"])


def test_the_three_decisions_are_equal_and_none_is_chosen_beforehand() -> None:
    """Approve, reject and ask for changes look the same; the form starts without an answer."""
    page = next(p for p in PAGES if p.file == "decide.en.html")
    choices = [t for t in tags_of(page.html) if t.attributes.get("name") == "decision"]
    assert [t.attributes["value"] for t in choices] == ["approved", "rejected", "changes_requested"]
    assert [t for t in choices if "checked" in t.attributes] == []
    assert {tuple(sorted(t.attributes.keys() - {"value"})) for t in choices} == {("name", "required", "type")}


# --- in a browser ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gallery on disk."""
    target = tmp_path_factory.mktemp("gallery")
    gallery.write(target)
    return target


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; the tests that need one say so where there is none."""
    try:
        with chromium() as started:
            yield started
    except Error as missing:
        pytest.skip(f"needs a Chromium on PATH or `playwright install chromium`: {missing}")


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page 390 pixels wide."""
    context = browser.new_context(viewport={"width": 390, "height": 800})
    yield context.new_page()
    context.close()


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    """A page 1280 pixels wide."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


STICKS_OUT = """() => [...document.querySelectorAll('body *')]
  .filter(e => !e.closest('pre, svg, .unseen, .menu-body, thead'))
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
  .map(e => e.tagName + '.' + e.className)"""


def sideways(page: Page) -> list[str]:
    """What sticks out of the window to the right, scrolling code apart."""
    found: list[str] = page.evaluate(STICKS_OUT)
    return found


@pytest.mark.parametrize("width", [320, 390, 768, 961, 1280])
def test_nothing_scrolls_sideways(browser: Browser, folder: Path, width: int) -> None:
    """At every width, in both languages, no page and no mail is wider than the window."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    found = {}
    for file in sorted(folder.glob("*.html")):
        page.goto(file.as_uri())
        if page.evaluate("document.scrollingElement.scrollWidth > innerWidth") or sideways(page):
            found[file.name] = sideways(page)
    context.close()
    assert found == {}


TOUCHED = (
    ".button, .rail a, .filter a, .to-rail, .menu > summary, .plain, .choice, .opens-section > summary, .search input, "
    ".field input:not([type=checkbox], [type=radio]), .field select, .field textarea"
)
SMALL = """touched => [...document.querySelectorAll(touched)]
  .map(e => [e.tagName + '.' + e.className, e.getBoundingClientRect()])
  .filter(([_, box]) => box.height > 0 && box.height < 44).map(([name, box]) => name + ' ' + box.height)"""


def test_what_is_touched_on_a_phone_is_large_enough(phone: Page, folder: Path) -> None:
    """Controls are at least 44 pixels high, in the page and in the sheet of rooms."""
    found = {}
    for file in sorted(folder.glob("*.html")):
        for place in (file.as_uri(), file.as_uri() + "#rooms"):
            phone.goto(place)
            if small := phone.evaluate(SMALL, TOUCHED):
                found[place] = small
    assert found == {}


def test_the_rooms_open_as_a_sheet_on_a_phone_without_script(browser: Browser, folder: Path) -> None:
    """Menu opens the rooms over the whole page; Close leads back."""
    context = browser.new_context(viewport={"width": 390, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "overview.en.html").as_uri())
    rooms = page.get_by_role("navigation", name="Rooms")
    assert not rooms.is_visible()
    page.get_by_role("link", name="Menu").click()
    assert rooms.get_by_role("link", name="Connections").is_visible()
    box = rooms.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (390, 800)
    rooms.get_by_role("link", name="Close").click()
    assert not rooms.is_visible()
    context.close()


def test_the_keyboard_finds_the_search_and_leaves_menus(desk: Page, folder: Path) -> None:
    """`/` goes to the search, but not while typing; Escape closes an open menu."""
    desk.goto((folder / "events.en.html").as_uri())
    desk.keyboard.press("/")
    assert desk.evaluate("document.activeElement.id") == "search"
    desk.keyboard.type("a/b")
    assert desk.input_value("#search") == "a/b"
    desk.locator(".projects-menu summary").click()
    assert desk.get_by_role("link", name="Birch").is_visible()
    desk.keyboard.press("Escape")
    assert not desk.get_by_role("link", name="Birch").is_visible()


def test_the_whole_row_opens(desk: Page, folder: Path) -> None:
    """A click beside the words of a row, or on a table row's figures, follows the row's link."""
    desk.goto((folder / "project.en.html").as_uri())
    row = desk.locator("tr[data-opens]").nth(1)
    row.locator("td").nth(1).click()
    assert desk.url.endswith("#m2")
    desk.locator(".row.opens").first.scroll_into_view_if_needed()
    box = desk.locator(".row.opens").first.bounding_box()
    assert box is not None
    hit = desk.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('a')?.getAttribute('href')",
        [box["x"] + box["width"] - 4, box["y"] + box["height"] - 4],
    )
    assert hit == "/x"


def test_the_theme_changes_at_once(desk: Page, folder: Path) -> None:
    """Auto leads to light and then to dark, and the button says which one holds."""
    desk.route("**/preferences", lambda route: route.fulfill(status=204))
    desk.goto((folder / "overview.en.html").as_uri())
    button = desk.get_by_role("button", name="Theme")
    seen = []
    for _ in range(2):
        button.click()
        seen.append(
            (
                button.inner_text().split()[-1],
                desk.evaluate("getComputedStyle(document.body).backgroundColor"),
            )
        )
    assert seen == [("Light", "rgb(251, 250, 247)"), ("Dark", "rgb(20, 23, 26)")]


def test_paper_is_light_whatever_the_screen_is(browser: Browser, folder: Path) -> None:
    """A printed page has dark ink on white, without the console's frame, even from a dark screen."""
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto((folder / "project.en.html").as_uri())
    page.emulate_media(media="print", color_scheme="dark")
    body = "getComputedStyle(document.body)"
    assert page.evaluate(f"[{body}.backgroundColor, {body}.color]") == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    assert not page.get_by_role("navigation", name="Rooms").is_visible()
    context.close()


# --- mails -------------------------------------------------------------------------------------------------

MAILS = {locale: (html, text) for locale, html, text in gallery.mails()}


def words_of(html: str) -> list[str]:
    """What a mail says, piece by piece, without its hidden first line."""
    body = re.sub(r"(?s)<head>.*?</head>|<div style=\"display:none.*?</div>", "", html)
    pieces = [re.sub(r"\s+", " ", piece).strip() for piece in re.split(r"<[^>]+>", body)]
    return [piece for piece in pieces if piece and piece != "&nbsp;"]


@pytest.mark.parametrize("locale", list(MAILS))
def test_both_parts_of_a_mail_say_the_same(locale: str) -> None:
    """Every piece of the HTML part is in the text part, but the bar's ticks and the name of a table's name column."""
    html, text = MAILS[locale]
    flat = re.sub(r"\s+", " ", text)
    missing = [piece for piece in words_of(html) if piece.strip("· ") not in flat]
    left_out = re.compile(r"\d+\s?%|Kind|科目|.*https://.*")
    assert [piece for piece in missing if not left_out.fullmatch(piece)] == []


@pytest.mark.parametrize("locale", list(MAILS))
def test_a_mail_needs_no_picture_and_nothing_from_elsewhere(locale: str) -> None:
    """Layout by tables, at most 600 wide, no image, script, form or style sheet, one button."""
    tags = tags_of(MAILS[locale][0])
    assert {t.name for t in tags} & {"img", "script", "form", "link", "svg", "iframe"} == set()
    widths = [int(t.attributes["width"]) for t in tags if t.attributes.get("width", "").isdigit()]
    assert max(widths) == 600
    assert len([t for t in tags if t.name == "a"]) == 1


def test_a_mail_in_observe_mode_says_so_first() -> None:
    """The TEST banner stands before everything else, in both parts."""
    html, text = MAILS["en"]
    assert words_of(html)[0].startswith("TEST")
    assert text.startswith("TEST")
