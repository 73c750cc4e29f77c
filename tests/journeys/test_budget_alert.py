"""A budget alert, from a worklog and a bill to the mail, the comment and the chat message, and its correction."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from tests.journeys.office import Office, office, plain
from tests.support.databases import Cluster
from tests.support.stack import REPOSITORY
from tests.support.standins.xero import line

STRIPE = REPOSITORY / "connectors" / "stripe" / "fixtures"


def used(at: Office, project: str) -> Decimal:
    return Decimal(at.project(project)["budget"]["used"])


def the_log_tells_one_story(at: Office, delivery: str, message_id: str) -> None:
    """Searched by the delivery's id, the log of all processes goes from the webhook to the mail, and the request's id
    that the caller got stands in its first line.
    """
    lines = [json.loads(text) for text in at.stack.log.read_text().splitlines() if text.startswith("{")]
    story = [line for line in lines if line.get("delivery") == delivery]
    said = [line["event"] for line in story]
    places = [
        said.index(w) for w in ("delivery normalised", "record read", "event decided", "action delivered")
    ]
    assert places == sorted(places)
    assert story[0]["request_id"].startswith("req_")
    assert {line["role"] for line in story} == {"worker-decide", "worker-deliver"}
    mails = [line for line in story if line["event"] == "action delivered" and line["kind"] == "email"]
    assert any(line["action"] in message_id for line in mails)
    assert all(line["event_id"] and line["rule"] and line["project"] == "apollo" for line in mails)


def test_spend_crosses_80_percent_is_told_once_and_taken_back(tmp_path: Path) -> None:
    """Time is priced by the person's rate, a thin bill is read back; at 80 % the billing contact gets a mail, the home
    issue a comment, the room a message. The bill is voided: the same three hear of it once, and nobody else.
    """
    with office(tmp_path) as at:
        at.settle(at.log_hours("APO-7", 100))
        assert used(at, "apollo") == Decimal("0.57"), "42,000 before the start and 100 h at 150"
        bill = at.xero.bill(
            "BILL-91", "Devices Inc", [line("Test devices", 24000.0, "Apollo")], CurrencyCode="USD"
        )
        told_by = at.tell_of(bill)
        at.settle(told_by)
        assert used(at, "apollo") == Decimal("0.81")

        alert = at.wait_for_mail("bob@acme.example", "81.0 % of the budget is spent")
        assert "USD 81,000.00 of USD 100,000.00 is spent (81.0 %)" in plain(alert)
        assert "BILL-91" in plain(alert)
        assert any("81.0" in text for text in at.jira.comments_on("APO-1"))
        assert any("81.0" in str(post) for post in at.slack.posts)
        the_log_tells_one_story(at, told_by, str(alert["Message-ID"]))

        at.tell_of(bill)
        at.settle(at.hook("tracker", at.jira.delivery("jira:issue_updated", "APO-7")))
        said = (len(at.smtp.mails), len(at.jira.comments_on("APO-1")), len(at.slack.posts))

        at.xero.change(bill, Status="VOIDED")
        at.settle(at.tell_of(bill))
        note = at.wait_for_mail("bob@acme.example", "corrected to 57.0 %")
        assert "BILL-91 has been corrected since" in plain(note)
        at.stack.quiet()
        now = (len(at.smtp.mails), len(at.jira.comments_on("APO-1")), len(at.slack.posts))
        assert [b - a for a, b in zip(said, now, strict=True)] == [1, 1, 1]
        assert at.mails_to("ann@acme.example") == []
        assert at.stack.items("actions", state="dead") == []


def test_the_same_on_postgresql(tmp_path: Path, postgres: Cluster) -> None:
    """The record in PostgreSQL: the bill is read back, told and taken back as on SQLite."""
    with office(tmp_path, DATABASE_URL=postgres.fresh()) as at:
        bill = at.xero.bill(
            "BILL-92", "Devices Inc", [line("Test devices", 39000.0, "Apollo")], CurrencyCode="USD"
        )
        at.settle(at.tell_of(bill))
        at.wait_for_mail("bob@acme.example", "81.0 % of the budget is spent")
        at.xero.change(bill, Status="VOIDED")
        at.settle(at.tell_of(bill))
        at.wait_for_mail("bob@acme.example", "corrected to 42.0 %")
        assert at.stack.items("actions", state="dead") == []


def test_a_chinese_client_reads_chinese(tmp_path: Path) -> None:
    """The mail is in the recipient's language, with the currency of the project."""
    with office(tmp_path) as at:
        bill = at.xero.bill(
            "FP-2026-01", "华东设备", [line("测试设备", 243000.0, "产线看板")], CurrencyCode="CNY"
        )
        at.settle(at.tell_of(bill))
        mail = at.wait_for_mail("zhao.min@hengtai.example", "产线看板：预算已使用 81.0%")
        assert "已支出 CNY 243,000.00，占预算 CNY 300,000.00 的 81.0%" in plain(mail)


def test_a_fat_invoice_is_billed_and_spends_nothing(tmp_path: Path) -> None:
    """Stripe's hook brings the whole invoice: it counts as billed, told twice it counts once, no budget is spent."""
    with office(tmp_path) as at:
        body = (STRIPE / "invoice.finalized__for_apollo.json").read_bytes()
        first = at.hook("payments", body)
        at.settle(first)
        assert at.hook("payments", body) == first, "the same delivery"
        budget = at.project("apollo")["budget"]
        assert budget["billed"] == {"amount": "30000.00", "currency": "USD"}
        assert budget["spent"] == {"amount": "42000.00", "currency": "USD"}
        assert at.stack.items("messages") == []


def test_what_an_observed_client_would_get_goes_to_the_lead(tmp_path: Path) -> None:
    """Hermes is observed: the lead reads the mail marked TEST, nothing reaches the client."""
    with office(tmp_path) as at:
        bill = at.xero.bill("BILL-5", "Cloud Ltd", [line("Servers", 2000.0, "Hermes")], CurrencyCode="USD")
        at.settle(at.tell_of(bill))
        mail = at.wait_for_mail("lin@northwind.example", "[TEST] Hermes: 85.0 %")
        assert "TEST" in plain(mail)
        assert at.mails_to("bob@acme.example") == []
