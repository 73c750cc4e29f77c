"""The weekly report on Friday at 16:00 where the client is, by real processes and real SMTP, in both languages."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.journeys.office import Office, office, plain
from tests.support.other_time import OtherTime
from tests.support.standins.xero import line
from tests.support.wait import until

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
TUESDAY = f"/Date({int(datetime(2026, 11, 17, tzinfo=UTC).timestamp()) * 1000})/"
WEEKLY = """\
version: 1
rules:
  - id: weekly-report
    title: {en: "Weekly report, Friday 16:00 client time", zh-CN: 每周五 16:00（客户当地时间）发送周报}
    every: {cron: "0 16 * * FRI", zone: client, for_each: project, on_holiday: earlier, at_least_apart: 3wd}
    calendar: [client, team]
    if: project.status == "active"
    do:
      - report: {period: week, view: client, to: [client.sponsor, client.billing], attach: xlsx}
"""


def at_four(clock: OtherTime, there: Office, zone: ZoneInfo) -> None:
    """It has just become 16:00 on Friday 20 November 2026 in that zone."""
    moment = datetime(2026, 11, 20, 16, 1, tzinfo=zone)
    clock.set(moment)
    until(lambda: there.stack.clock_has_seen(moment), f"the clock has seen {moment}")
    there.stack.quiet()


def reports_to(there: Office, address: str) -> list[EmailMessage]:
    """The weekly reports in a mailbox."""
    return [m for m in there.mails_to(address) if re.search("weekly report|周报", str(m["subject"]))]


def checksum(mail: EmailMessage) -> str:
    """The checksum of the figures that the mail prints."""
    found = re.search(r"sha256 ([0-9a-f]{64})", plain(mail))
    assert found is not None
    return found[1]


def test_each_client_gets_the_weekly_report_at_four_on_friday(tmp_path: Path) -> None:
    """Shanghai's Friday afternoon comes first: the Chinese client reads Chinese while New York still sleeps. Twelve
    hours later sponsor and billing contact of Acme get one report with one checksum and its sheet. A bill that comes
    after it changes nothing of it, and the project that only observes shows its report to the lead.
    """
    clock = OtherTime(tmp_path)
    clock.set(datetime(2026, 11, 18, 10, tzinfo=NEW_YORK))
    with office(tmp_path, m1_due="2027-03-12", m2_due="2027-04-30", **clock.environment) as at:
        (at.home / "rules" / "reports.yaml").write_text(WEEKLY, encoding="utf-8")
        until(lambda: "weekly-report" in {r["id"] for r in at.stack.items("rules")}, "the rule is in force")
        bills = [
            at.xero.bill("BILL-91", "Devices Inc", [line("Test devices", 6200.0, "Apollo")], CurrencyCode="USD",
                         Date=TUESDAY),
            at.xero.bill("FP-2026-01", "华东设备", [line("测试设备", 43000.0, "产线看板")], CurrencyCode="CNY",
                         Date=TUESDAY),
        ]  # fmt: skip
        at.settle(at.tell_of(*bills))

        at_four(clock, at, SHANGHAI)
        (chinese,) = reports_to(at, "li.wei@hengtai.example")
        assert str(chinese["subject"]).replace(" ", "") == "产线看板：周报（截至2026年11月20日）"
        assert "本期支出 CNY 43,000.00。" in plain(chinese)
        assert "无" in plain(chinese)
        assert len(reports_to(at, "zhao.min@hengtai.example")) == 1
        assert reports_to(at, "ann@acme.example") == []

        at_four(clock, at, NEW_YORK)
        (english,), (to_bob,) = reports_to(at, "ann@acme.example"), reports_to(at, "bob@acme.example")
        assert str(english["subject"]) == "Apollo: weekly report to 20 November 2026"
        assert "USD 48,200.00 of USD 100,000.00 is spent (48.2 %)" in plain(english)
        assert "BILL-91" in plain(english)
        assert checksum(english) == checksum(to_bob) != checksum(chinese)
        (sheet,) = english.iter_attachments()
        assert sheet.get_filename() == "apollo-week-2026-11-20.xlsx"
        assert sheet.get_content()[:2] == b"PK"
        shown = [str(m["subject"]) for m in reports_to(at, "lin@northwind.example")]
        assert shown == ["[TEST] Hermes: weekly report to 20 November 2026"] * 2
        assert len(reports_to(at, "li.wei@hengtai.example")) == 1

        late = at.xero.bill("BILL-92", "Devices Inc", [line("More", 999.0, "Apollo")], CurrencyCode="USD",
                            Date=TUESDAY)  # fmt: skip
        at.settle(at.tell_of(late))
        report = re.search(r"rep_[0-9a-f]+", plain(english))
        assert report is not None
        kept = json.loads(at.stack.accord("report", "apollo", "--id", report[0], "--json").stdout)
        assert (kept["sha256"], kept["status"]) == (checksum(english), "sent")
        assert "BILL-92" not in json.dumps(kept)
        assert "BILL-92" in at.stack.accord("report", "apollo", "--view", "team").stdout
        assert at.stack.items("actions", state="dead") == []
