"""What the console says: every room answers in words, every link leads somewhere, nothing acts as markup."""

from __future__ import annotations

import re
from collections import Counter, deque
from datetime import date, timedelta
from html import unescape
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient

from service.store import inbox
from service.store.deliveries import Became
from tests.support.lively import TOKEN
from tests.support.seeding import NOT_GIVEN, Seed

Shown = tuple[Seed, dict[str, str]]
ENGLISH = {"Accept-Language": "en"}
ROOMS = {
    "/": "8 things need you.",
    "/events": "Wang Jing logged 2 h on KB-3: 看板筛选",
    "/deliveries": "A webhook from books",
    "/messages": "Apollo: 81.0 % of the budget is spent",
    "/approvals": "Change CR-7: add an export to spreadsheet",
    "/projects": "Prototype on 11 December 2026",
    "/rules": "Spending reaches a level of the budget",
    "/connections": "2 connections need a look.",
    "/dead-letters": "2 could not be sent.",
    "/pauses": "The connection room",
    "/account": "lead@northwind.example",
    "/search?q=apollo": "Found for “apollo”",
}


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("src" if tag == "iframe" else "href") if tag in ("a", "iframe") else None
        if address and address.startswith("/"):
            self.found.add(address)


def links_of(html: str) -> set[str]:
    reader = _Links()
    reader.feed(html)
    return reader.found


def plain(html: str) -> str:
    """What a page says in its main part, without tags."""
    main = html[html.index("<main") : html.index("</main")]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", main)))


def read(client: FlaskClient, path: str) -> str:
    answer = client.get(path, headers=ENGLISH)
    assert answer.status_code == 200, (path, answer.status_code)
    assert NOT_GIVEN not in answer.text, path
    return plain(answer.text)


@pytest.mark.parametrize(("path", "says"), ROOMS.items())
def test_a_room_says_what_there_is(shown: Shown, path: str, says: str) -> None:
    """Each room in English and in Chinese, without a word missing in either."""
    client = shown[0].signed_in("lead")
    assert says in read(client, path)
    chinese = client.get(path, headers={"Accept-Language": "zh-CN"})
    assert chinese.status_code == 200
    assert '<html lang="zh-CN"' in chinese.text


def test_every_link_leads_somewhere(shown: Shown) -> None:
    """From the first page to the last: no link of the console is dead.

    Filters of one page combine without end: of those the nearest to the first page are tried, in their order.
    """
    client = shown[0].signed_in("owner")
    waiting, seen, tried = deque(["/"]), {"/"}, Counter[str]()
    while waiting:
        path = waiting.popleft()
        tried[path.partition("?")[0]] += 1
        if tried[path.partition("?")[0]] > 8:
            continue
        answer = client.get(path, headers=ENGLISH)
        assert answer.status_code == 200, path
        if answer.mimetype != "text/html":
            continue
        assert NOT_GIVEN not in answer.text, path
        found = sorted({link for link in links_of(answer.text) if "/static/" not in link} - seen)
        waiting.extend(found)
        seen.update(found)
    for family in (
        "/events/",
        "/messages/",
        "/approvals/",
        "/projects/",
        "/rules/",
        "/connections/",
        "/deliveries/",
    ):
        assert any(path.startswith(family) for path in seen), family
    assert len(seen) > 80


def test_the_first_page_is_calm_when_nothing_needs_anybody(seed: Seed) -> None:
    """Before the first event: three commands to try. After one: calm, with when it came."""
    client = seed.signed_in("lead")
    empty = read(client, "/")
    assert "Nothing has happened yet" in empty
    assert len(re.findall(r"accord send \w+ \S+\.json", empty)) == 3
    seed.project("apollo")
    seed.event("project.activated", {"project": {"id": "apollo"}}, timedelta(minutes=3))
    calm = read(client, "/")
    assert "Nothing needs you." in calm
    assert "3 minutes ago" in calm
    assert "Apollo was activated" in calm


def test_the_first_page_names_projects_over_four_fifths(shown: Shown) -> None:
    """Hermes at 85.0 % and Apollo at 81.4 %, the fullest first; a project below is not named."""
    page = read(shown[0].signed_in("viewer"), "/")
    assert page.index("Hermes: 85.0 % of the budget is spent") < page.index(
        "Apollo: 81.4 % of the budget is spent"
    )
    assert "产线看板: " not in page


def test_an_event_shows_why_and_why_not(shown: Shown) -> None:
    """The rule that fired with its values first, the near miss with what it lacked, and what was sent."""
    seed, ids = shown
    page = read(seed.signed_in("viewer"), f"/events/{ids['event']}")
    for said in (
        "budget.used went from 73.8 % to 81.5 % and crossed 80 %",
        "budget.used 81.0 %",
        "project.status active",
        "Nearly: budget.used is 79.0 %; 80 % would have fired",
        "1 of ",
    ):
        assert said in page, said
    assert page.index("fired") < page.index("not crossed")


def test_raw_and_normalised_stand_side_by_side_without_secrets(shown: Shown) -> None:
    """The webhook's body beside the event; headers that prove the sender are masked."""
    seed, ids = shown
    client = seed.signed_in("viewer")
    event = read(client, f"/events/{ids['moved']}")
    assert '"webhookEvent": "jira:issue_updated"' in event
    assert '"type": "issue.changed"' in event
    assert "In progress Waiting for client" in event
    delivery = read(client, f"/deliveries/{ids['delivery']}")
    assert "x-hub-signature: …" in delivery
    assert "sha256=0" not in delivery


def test_a_message_is_shown_as_its_reader_sees_it_but_for_the_link(shown: Shown) -> None:
    """The mail's own HTML in its frame, the text beside; what opens the client's page is masked in both."""
    seed, ids = shown
    client = seed.signed_in("owner")
    page = client.get(f"/messages/{ids['sent']}", headers=ENGLISH).text
    mail = client.get(f"/messages/{ids['sent']}/mail").text
    assert f'src="/messages/{ids["sent"]}/mail"' in page
    assert "<p>81.0 % of the budget is spent.</p>" in mail
    for text in (page, mail):
        assert TOKEN not in text
        assert "https://accord.example/a/…" in text


def test_a_message_that_waits_is_shown_as_it_would_leave(shown: Shown) -> None:
    """Rendered for the page, with to whom it goes before the click."""
    seed, ids = shown
    page = read(seed.signed_in("lead"), f"/messages/{ids['review']}")
    assert "Apollo: forecast over the budget" in page
    assert "it goes to Bob Ray at bob@acme.example" in page
    assert "Lin Hao will call you." in seed.signed_in("lead").get(f"/messages/{ids['review']}/mail").text


def test_why_something_was_given_up_and_the_mend(shown: Shown) -> None:
    """A refused credential is named with the setting to renew, in the list and on the message's own page."""
    seed, ids = shown
    client = seed.signed_in("lead")
    for path in ("/dead-letters", f"/messages/{ids['dead']}"):
        page = read(client, path)
        assert "Jira did not accept our credentials." in page
        assert "set tracker.token" in page
    assert "The mail server does not know ann@acme.example. Correct the address" in read(
        client, "/dead-letters"
    )
    assert "tracker answered 401: the token is not valid" in read(client, f"/messages/{ids['dead']}")
    assert "KeyError: 'rate' in the rule budget/levels" in read(client, "/dead-letters")


def test_a_decision_shows_text_fingerprint_and_evidence(shown: Shown) -> None:
    """The exact text with its hash, who was asked, and the chain's record of the decision."""
    client = shown[0].signed_in("viewer")
    open_one = read(client, "/approvals/apr_export")
    for said in (
        "Effect: +5 working days, +USD 8,000.00",
        "Ann Lee",
        "Bob Ray",
        "one of those asked",
        "opened",
    ):
        assert said in open_one
    decided = read(client, "/approvals/apr_old")
    for said in (
        "I have read the text above and decide for Acme Ltd.",
        "Number on record 1",
        "Hash of this record",
    ):
        assert said in decided


def test_a_project_says_where_it_stands(shown: Shown) -> None:
    """One sentence with the figure, the bar's sentence, lines, milestones, changes, ledger and messages."""
    page = read(shown[0].signed_in("viewer"), "/projects/apollo")
    for said in (
        "Apollo: 81.4 % of the budget is spent",
        "Staff USD 36,300.50 USD 80,000.00 45.3 %",
        "Prototype 11 December 2026",
        "CR-8: filter by cost centre",
        "Design work, week 47 17 November 2026 Staff",
        "USD 42,000.00 up to 31 October 2026",
    ):
        assert said in page, said


def test_the_ledger_is_paged(seed: Seed) -> None:
    """Twenty-five lines a page; the older ones are one click away and nothing is shown twice."""
    seed.project("apollo")
    for number in range(30):
        seed.entry(f"books/bill/{number}", "10", date(2026, 11, 9), title=f"Bill no. {number:02}.")
    client = seed.signed_in("viewer")
    first = client.get("/projects/apollo", headers=ENGLISH).text
    older = next(link for link in links_of(first) if "ledger=" in link)
    pages = [set(re.findall(r"Bill no\. \d\d\.", text)) for text in (first, client.get(older).text)]
    assert [len(found) for found in pages] == [25, 5]
    assert not pages[0] & pages[1]


def test_the_story_has_the_client_left_and_the_team_right(shown: Shown) -> None:
    """The client's decision, our mail and the new budget, each on its side."""
    page = shown[0].signed_in("viewer").get("/projects/apollo/story", headers=ENGLISH).text
    sides = dict.fromkeys(re.findall(r'class="moment (client|team|middle)"', page))
    assert set(sides) == {"client", "team", "middle"}


def test_a_rule_shows_its_source_and_what_it_said(shown: Shown) -> None:
    """As written, with its file and line, and its latest verdicts with their reasons."""
    page = read(shown[0].signed_in("viewer"), "/rules/budget/levels")
    assert "crosses:" in page
    assert "budget.used went from 73.8 % to 81.5 % and crossed 80 %" in page
    assert "packs/budget/rules.yaml:" in page


def test_a_refused_edit_is_shown_with_file_and_line(seed: Seed) -> None:
    """The rules before it stay in force, every page says so, and the rules page names the place and the mend."""
    client = seed.signed_in("viewer")
    file = seed.context.settings.home / "rules" / "team.yaml"
    file.write_text(file.read_text().replace("use: [budget", "use: [bugdet"))
    seed.context.rulebook.refresh()
    page = client.get("/rules", headers=ENGLISH).text
    assert "The last edit of the rules was refused" in page
    assert re.search(r"rules/team\.yaml:\d+:\d+", page)
    assert "Spending reaches a level of the budget" in page


def test_a_connection_says_how_it_is_and_how_to_set_it_up(shown: Shown) -> None:
    """Address, secret set or not (never its value), the steps there, the entry here, a line to try."""
    seed, _ = shown
    client = seed.signed_in("viewer")
    page = read(client, "/connections/tracker")
    for said in (
        "/hooks/tracker",
        "Secret set",
        "webhook_secret: ${TRACKER_WEBHOOK_SECRET}",
        "accord send tracker ",
    ):
        assert said in page, said
    settings = seed.context.rulebook.connections["tracker"]
    for secret in (*settings.webhook_secrets, settings.get("token")):
        assert secret not in client.get("/connections/tracker").text
    assert "GitHub answered 503" in read(client, "/connections/code")
    assert "longer than it may be silent" in read(client, "/connections/payments")


def test_filters_narrow_and_stay_in_the_address(shown: Shown) -> None:
    """By state, kind and project; a filter of nobody shows that nothing matches."""
    client = shown[0].signed_in("viewer")
    assert "Mail to Bob Ray" in read(client, "/messages?state=awaiting_review")
    assert "Comment on APO-1:" not in read(client, "/messages?kind=email")
    kanban = client.get("/events?project=kanban&period=week", headers=ENGLISH).text
    assert "KB-3" in kanban
    assert "week 47" not in kanban
    assert "/events?project=kanban&amp;period=week&amp;state=parked" in kanban
    assert "No event matches these filters." in read(client, "/events?project=nobody")


def test_pages_follow_by_cursor(seed: Seed) -> None:
    """Fifty rows, then the rest; what arrives meanwhile moves nothing."""
    for number in range(60):
        seed.event(
            "rules.reloaded",
            {"rules": {"id": str(number)}},
            timedelta(minutes=number),
            project=None,
            client=None,
        )
    client = seed.signed_in("viewer")
    first = client.get("/events", headers=ENGLISH).text
    older = next(link for link in links_of(first) if "cursor=" in link)
    seed.event("rules.reloaded", {"rules": {"id": "new"}}, timedelta(0), project=None, client=None)
    ids = [set(re.findall(r'href="/events/(evt_\w+)"', text)) for text in (first, client.get(older).text)]
    assert [len(found) for found in ids] == [50, 10]
    assert not ids[0] & ids[1]
    assert client.get("/events?cursor=nonsense").status_code == 200


@pytest.mark.parametrize("what", ["id", "number", "person"])
def test_search_leads_to_what_is_meant(shown: Shown, what: str) -> None:
    """An id opens its page; a change's number and a person's name are found."""
    seed, ids = shown
    client = seed.signed_in("viewer")
    if what == "id":
        assert client.get(f"/search?q={ids['sent']}").location == f"/messages/{ids['sent']}"
    elif what == "number":
        assert "/projects/apollo/changes/chg_export" in client.get("/search?q=CR-7").text
    else:
        assert "/messages?recipient=bob" in client.get("/search?q=bob+ray").text
    assert "Nothing was found for “zzz”." in read(client, "/search?q=zzz")


def test_what_others_wrote_never_acts_as_markup(seed: Seed) -> None:
    """A title, a name, a reason and a payload full of markup are text on every page that shows them."""
    bad = '<script>alert("x")</script><img src=x onerror=alert(1)>'
    seed.project("apollo")
    issue = {"id": "tracker/X-1", "key": bad, "title": bad, "status": bad}
    delivery = seed.delivery("tracker", f'{{"title": "{bad[:20]}</pre>{bad[20:]}"', Became("malformed", bad))
    event = seed.event(
        "issue.changed", {"issue": issue}, connection="tracker", delivery=delivery, before={"status": bad}
    )
    seed.verdict(event, "budget/levels", "error", bad, near_miss=bad)
    dead = seed.action(
        event, "comment", "dead", connection="tracker", address=bad, outcome=bad, text_out=(bad, bad, None)
    )
    seed.change(title=bad, reason=bad)
    seed.approval(text=bad)
    token = seed.link("approval", "apr_export", "ann")
    client = seed.signed_in("owner")
    paths = [
        "/",
        "/events",
        f"/events/{event.id}",
        f"/deliveries/{delivery}",
        "/messages",
        f"/messages/{dead}",
        "/dead-letters",
    ]
    paths += [
        "/approvals",
        "/approvals/apr_export",
        "/projects/apollo",
        "/projects/apollo/changes/chg_export",
        f"/a/{token}",
    ]
    paths += ["/search?q=<script>alert(1)</script>", "/deliveries?state=malformed", "/rules/budget/levels"]
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "<img src=x" not in answer.text, path
        assert "<script>alert" not in answer.text, path


EMPTY = {
    "/events": "No events yet",
    "/deliveries": "Nothing received yet",
    "/messages": "Nothing has been said yet",
    "/approvals": "No decision has been asked for",
    "/dead-letters": "Nothing here",
    "/pauses": "Nothing is paused.",
}


def test_an_empty_room_says_what_will_appear_there(seed: Seed) -> None:
    """Nothing is blank, and looking leaves everything empty."""
    client = seed.signed_in("viewer")
    for path, says in EMPTY.items():
        assert says in read(client, path)
    with seed.context.database.inbox_reading() as connection:
        assert inbox.last_seq(connection) == 0
