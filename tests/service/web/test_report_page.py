"""The report in the project's room: as it would be sent, in either language, for either side, and as a file."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest
from flask.testing import FlaskClient

from rules.facts.event import Record
from service.store import records
from tests.support.seeding import Seed

ENGLISH = {"Accept-Language": "en"}


def read(client: FlaskClient, path: str) -> str:
    """What a page says in its main part, without tags."""
    answer = client.get(path, headers=ENGLISH)
    assert answer.status_code == 200, (path, answer.status_code)
    main = answer.text[answer.text.index("<main") : answer.text.index("</main")]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", main)))


@pytest.fixture
def lead(seed: Seed) -> FlaskClient:
    """A lead, and Apollo with a bill of this week."""
    seed.project("apollo")
    seed.entry("books/bill/90", "12400", date(2026, 11, 20), number="BILL-90", **{"class": "staff"})
    return seed.signed_in("lead")


def test_the_page_reads_as_the_client_would_read_it(lead: FlaskClient) -> None:
    """Eight parts, the figures of the moment, in the client's language."""
    page = read(lead, "/projects/apollo/report")
    assert "of the budget is spent; nothing waits for you." in page
    order = [
        "Done",
        "Problems",
        "Next",
        "Money",
        "Milestones",
        "Waiting on you",
        "Changes and consents",
        "Risks",
    ]
    places = [page.index(f" {part} ") for part in order]
    assert places == sorted(places)
    assert "As it would be sent now" in page
    assert "No report was sent yet." in page


def test_period_view_and_language_can_be_switched(lead: FlaskClient) -> None:
    """Each choice stays in the address, and a word that is none falls back to what is usual."""
    month = read(lead, "/projects/apollo/report?period=month&view=team&locale=zh-CN")
    assert "BILL-90" in month
    assert "待客户处理" in month
    assert "nothing waits for you" in read(lead, "/projects/apollo/report?period=decade&view=enemy&locale=xx")


def test_the_sheet_can_be_taken_along(lead: FlaskClient) -> None:
    """A file with the name of project, period and day."""
    answer = lead.get("/projects/apollo/report.xlsx?period=month")
    assert answer.status_code == 200
    assert re.search(
        r'attachment; filename="apollo-month-\d{4}-\d\d-\d\d\.xlsx"', answer.headers["Content-Disposition"]
    )
    assert answer.data[:2] == b"PK"


def test_a_report_that_was_sent_keeps_its_figures(lead: FlaskClient, seed: Seed) -> None:
    """What came after it is in the report of now, and not in the one that was sent."""
    with seed.context.database.reading() as connection:
        made = seed.context.report(connection, "apollo", "week", "client")
    sent: Record = {**made, "status": "sent", "sent_at": seed.context.now()}
    with seed.context.database.writing() as connection:
        records.save(connection, {("report", sent["id"]): sent}, seed.context.now())
    seed.entry("books/bill/91", "777", date(2026, 11, 20), number="BILL-91", **{"class": "staff"})
    assert "BILL-91" in read(lead, "/projects/apollo/report?period=month")
    kept = read(lead, f"/projects/apollo/report?id={sent['id']}")
    assert "BILL-91" not in kept
    assert sent["sha256"] in kept
    assert sent["id"] in read(lead, "/projects/apollo/report")


def test_nobody_reads_a_report_of_another_project(lead: FlaskClient, seed: Seed) -> None:
    """An id opens the report in its own project only; one that is not there is not found."""
    seed.project("kanban")
    with seed.context.database.reading() as connection:
        made = seed.context.report(connection, "kanban", "week", "client")
    with seed.context.database.writing() as connection:
        records.save(connection, {("report", made["id"]): made}, seed.context.now())
    assert lead.get(f"/projects/apollo/report?id={made['id']}").status_code == 404
    assert lead.get(f"/projects/apollo/report.xlsx?id={made['id']}").status_code == 404
    assert lead.get("/projects/nobody/report").status_code == 404


def test_a_project_without_a_baseline_says_what_will_be_here(seed: Seed) -> None:
    """Before it is activated there is no report, and no file."""
    client = seed.signed_in("viewer")
    assert "The project has no baseline yet." in read(client, "/projects/apollo/report")
    assert client.get("/projects/apollo/report.xlsx").status_code == 404
