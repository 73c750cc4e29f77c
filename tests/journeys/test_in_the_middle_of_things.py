"""A team that connects Accord in the middle of a project: the past builds the figures and sends nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from tests.journeys.office import LIN, office
from tests.support.standins.xero import line
from tests.support.wait import until


def test_a_project_at_85_percent_is_read_back_silently_and_next_told_at_100(tmp_path: Path) -> None:
    """The opening figure is 42 %; 286 hours of the weeks before make it 84.9 %. Backfill sends nothing, the figures are
    there, work that goes on below the next level is silent, and the next alert is 100 %.
    """
    with office(tmp_path) as at:
        week_ago = (datetime.now(UTC) - timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        at.jira.add_issue("APO-3", "Past work", assignee=LIN)
        for hours in (100, 100, 86):
            at.jira.log_time("APO-3", hours * 3600, week_ago, LIN)
        done = at.stack.accord("backfill", "tracker", "--since", "30d")
        assert done.returncode == 0, done.stderr
        assert "nothing was sent" in done.stdout
        at.stack.quiet()
        assert Decimal(at.project("apollo")["budget"]["used"]) == Decimal("0.849")
        assert at.stack.items("actions") == []

        again = at.stack.accord("backfill", "tracker", "--since", "30d")
        assert again.returncode == 0, again.stderr
        assert Decimal(at.project("apollo")["budget"]["used"]) == Decimal("0.849"), "read twice, counted once"

        at.settle(at.log_hours("APO-3", 20))
        assert Decimal(at.project("apollo")["budget"]["used"]) == Decimal("0.879")
        assert at.stack.items("messages") == [], "80 % was passed before the start"

        bill = at.xero.bill("BILL-7", "Devices Inc", [line("Devices", 13000.0, "Apollo")], CurrencyCode="USD")
        at.settle(at.tell_of(bill))
        at.wait_for_mail("bob@acme.example", "100.9 % of the budget is spent")
        assert len(at.mails_to("bob@acme.example")) == 1


def test_an_edited_budget_is_a_finding_and_changes_nothing(tmp_path: Path) -> None:
    """The file says 200,000 now; the record still holds what was agreed, and both values are shown. The mode, which
    nobody agreed with the client, follows the file.
    """
    with office(tmp_path) as at:
        until(lambda: at.project("apollo")["budget"], "the project is activated")
        file = at.home / "accord.yaml"
        edited = file.read_text().replace(
            "total: 100000.00, lines: {staff: 80000", "total: 200000.00, lines: {staff: 180000"
        )
        file.write_text(
            edited.replace(
                "name: Apollo\n    status: active\n    mode: live",
                "name: Apollo\n    status: active\n    mode: review",
            )
        )
        until(lambda: at.project("apollo")["mode"] == "review", "the mode follows the file")
        found = {f["what"]: f for f in at.stack.items("findings")}
        assert found["budget.total"]["file"] == {"amount": "200000.00", "currency": "USD"}
        assert found["budget.total"]["record"] == {"amount": "100000.00", "currency": "USD"}
        assert at.project("apollo")["budget"]["total"] == {"amount": "100000.00", "currency": "USD"}
