"""Dates, money and figures as a reader of that language writes them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from rules.facts.money import Money, format_percent
from service.web.formats import Formats

NOW = datetime(2026, 9, 21, 4, 30, tzinfo=UTC)
EN = Formats("en", ZoneInfo("America/New_York"), NOW)
ZH = Formats("zh-CN", ZoneInfo("Asia/Shanghai"), NOW)


def plain(text: str) -> str:
    """No-break spaces as spaces."""
    return text.replace("\u00a0", " ")


def test_a_day_is_written_out() -> None:
    """Day, month in words, year; in Chinese with spaces between figures and Han; the weekday on request."""
    day = date(2026, 9, 21)
    assert plain(EN.day(day)) == "21 September 2026"
    assert plain(EN.day(day, weekday=True)) == "Monday, 21 September 2026"
    assert plain(EN.short_day(day)) == "21 Sep"
    assert plain(ZH.day(day)) == "2026 年 9 月 21 日"
    assert plain(ZH.day(day, weekday=True)) == "2026 年 9 月 21 日（星期一）"
    assert plain(ZH.short_day(day)) == "9 月 21 日"


def test_a_date_is_never_torn_over_two_lines() -> None:
    """Only the weekday may stand on another line."""
    assert " " not in EN.day(date(2026, 9, 21)) + ZH.day(date(2026, 9, 21), weekday=True)


def test_a_time_is_told_in_the_readers_zone() -> None:
    """The same moment is another day in New York; the zone stands beside."""
    at = datetime(2026, 9, 21, 1, 14, tzinfo=UTC)
    assert plain(EN.exact(at)) == "20 September 2026, 21:14 (America/New_York)"
    assert plain(ZH.exact(at)) == "2026 年 9 月 21 日 09:14 (Asia/Shanghai)"
    assert EN.exact(at, ZoneInfo("Asia/Shanghai")).endswith("09:14 (Asia/Shanghai)")
    assert ZH.clock(at) == "09:14"


@pytest.mark.parametrize(
    ("distance", "english", "chinese"),
    [
        (timedelta(seconds=-20), "just now", "刚刚"),
        (timedelta(hours=-3), "3 hours ago", "3 小时前"),
        (timedelta(days=4), "in 4 days", "4 天后"),
    ],
)
def test_near_times_are_relative(distance: timedelta, english: str, chinese: str) -> None:
    """How long ago or ahead, in words."""
    assert (EN.ago(NOW + distance), ZH.ago(NOW + distance)) == (english, chinese)


def test_when_is_relative_with_the_exact_time_at_hand() -> None:
    """On hover and for screen readers the exact time; beyond a week the day itself is shown."""
    near = EN.when(NOW - timedelta(hours=3))
    assert near.startswith('<time datetime="2026-09-21T01:30:00+00:00" title="20')
    assert ">3 hours ago<span" in near
    assert ">10\u00a0August\u00a02026<span" in EN.when(NOW - timedelta(days=42))


def test_money_has_its_code_and_its_own_decimals() -> None:
    """Code first; two decimals for dollars, none for yen, three for Kuwaiti dinars; effects carry their sign."""
    assert plain(EN.money(Decimal(81000), "USD")) == "USD 81,000.00"
    assert plain(ZH.money(Decimal(5000), "JPY")) == "JPY 5,000"
    assert plain(EN.money(Decimal("1.5"), "KWD")) == "KWD 1.500"
    assert plain(EN.signed_money(8000, "USD")) == "+ USD 8,000.00"
    assert plain(EN.signed_money(Decimal(-500), "USD")) == "− USD 500.00"
    assert plain(EN.amount(Money(Decimal(12), "CNY"))) == "CNY 12.00"


def test_large_amounts_keep_every_digit() -> None:
    """Nothing passes through a float on its way to the page."""
    assert plain(EN.money(Decimal("90071992547409931.01"), "USD")) == "USD 90,071,992,547,409,931.01"
    assert EN.number(Decimal("2.675"), 2) == "2.68"


def test_a_ratio_is_a_percentage() -> None:
    """One decimal unless asked otherwise; a space before the sign in English alone."""
    assert plain(EN.percent(Decimal("0.81"))) == "81.0 %"
    assert ZH.percent(Decimal("0.81")) == "81.0%"
    assert plain(EN.percent(Decimal("0.8"), places=0)) == "80 %"


def test_a_page_says_the_percentage_that_the_mail_said() -> None:
    """81.4505 % is cut, not rounded up: no figure shows a level that was not reached, and page and mail agree."""
    for ratio in ("0.814505", "0.79995", "1.00049"):
        assert plain(EN.percent(Decimal(ratio))) == format_percent(Decimal(ratio))
    assert plain(EN.percent(Decimal("0.79995"))) == "79.9 %"


def test_sizes_and_spans_are_short() -> None:
    """Bytes in steps of a thousand; spans from milliseconds to minutes."""
    assert [plain(EN.size(n)) for n in (512, 12_345, 3_400_000)] == ["512 B", "12.3 KB", "3.4 MB"]
    spans = [timedelta(milliseconds=320), timedelta(seconds=4.2), timedelta(seconds=200)]
    assert [EN.lasted(span) for span in spans] == ["320 ms", "4.2 s", "3 minutes"]
    assert ZH.lasted(timedelta(seconds=200)) == "3 分钟"
