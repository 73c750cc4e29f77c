"""Reminders of a milestone on the client's working days, once each, moved when the date moves."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.journeys.office import Office, office, plain
from tests.support.other_time import OtherTime
from tests.support.wait import until

NEW_YORK = ZoneInfo("America/New_York")


def ten_o_clock(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T10:00:00").replace(tzinfo=NEW_YORK)


def subjects(at: Office) -> list[str]:
    return [str(m["subject"]) for m in at.mails_to("ann@acme.example")]


def has(at: Office, count: int) -> bool:
    return len(subjects(at)) >= count


def test_each_offset_reminds_once_on_a_working_day_of_the_client(tmp_path: Path) -> None:
    """Prototype is due on Friday 11 December 2026; Thanksgiving and weekends do not count. Going through the days, the
    sponsor is reminded at -10, -5, -1 and 0 working days and told at +1 and +3 that it is late: six mails.
    """
    clock = OtherTime(tmp_path)
    clock.set(ten_o_clock("2026-11-24"))
    with office(tmp_path, m1_due="2026-12-11", m2_due="2027-04-30", **clock.environment) as at:
        until(lambda: at.project("apollo")["milestones"], "the project is activated")
        expected = 0
        for day, words in (
            ("2026-11-26", None),
            ("2026-11-27", "is due"),
            ("2026-12-01", None),
            ("2026-12-04", "is due"),
            ("2026-12-10", "is due"),
            ("2026-12-11", "is due"),
            ("2026-12-13", None),
            ("2026-12-14", "late"),
            ("2026-12-16", "late"),
            ("2026-12-21", None),
        ):
            clock.set(ten_o_clock(day))
            until(partial(at.stack.clock_has_seen, ten_o_clock(day)), f"the clock has seen {day}")
            at.stack.quiet()
            expected += words is not None
            until(partial(has, at, expected), f"the mail of {day}")
            assert len(subjects(at)) == expected, (day, subjects(at))
            if words:
                assert words in subjects(at)[-1]
        assert "Friday" in plain(at.mails_to("ann@acme.example")[0])
