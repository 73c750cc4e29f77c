"""Dates, money and figures as people read them: values come in, text (and `<time>` markup) goes out.

One Formats serves one reader: their locale, their zone and the moment at which the page is made.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import format_decimal
from markupsafe import Markup

from rules.facts.money import MINOR_UNITS, format_percent
from service.web.wording import rules_of

_NBSP = "\u00a0"
_RECENT = timedelta(days=7)
# No-break spaces, so that a date is never torn over two lines.
_DAY = {"en": "d\u00a0MMMM\u00a0y", "zh-CN": "y\u00a0年\u00a0M\u00a0月\u00a0d\u00a0日"}
_DAY_AND_WEEKDAY = {
    locale: {"en": "EEEE, {}", "zh-CN": "{}（EEEE）"}[locale].format(day) for locale, day in _DAY.items()
}
_DAY_OF_YEAR = {"en": "d\u00a0MMM", "zh-CN": "M\u00a0月\u00a0d\u00a0日"}
_JUST_NOW = {"en": "just now", "zh-CN": "刚刚"}
_DIGIT_THEN_HAN = re.compile(r"(?<=\d)(?=[\u4e00-\u9fff])")


class HasMoney(Protocol):
    """An amount with its ISO 4217 currency code."""

    @property
    def amount(self) -> Decimal: ...
    @property
    def currency(self) -> str: ...


@dataclass(frozen=True)
class Formats:
    """`locale` is `en` or `zh-CN`; `zone` is the reader's; `now` is aware."""

    locale: str
    zone: ZoneInfo
    now: datetime

    def day(self, value: date, *, weekday: bool = False) -> str:
        """21 September 2026; 2026 年 9 月 21 日. A datetime is taken to the reader's zone first."""
        pattern = (_DAY_AND_WEEKDAY if weekday else _DAY)[self.locale]
        return format_date(self._local_day(value), pattern, locale=self._babel)

    def short_day(self, value: date) -> str:
        """21 Sep; 9 月 21 日: for places where the year is said once."""
        return format_date(self._local_day(value), _DAY_OF_YEAR[self.locale], locale=self._babel)

    def clock(self, at: datetime) -> str:
        """09:14 in the reader's zone."""
        return format_time(at.astimezone(self.zone), "HH:mm", locale=self._babel)

    def exact(self, at: datetime, zone: ZoneInfo | None = None) -> str:
        """21 September 2026, 09:14 (Asia/Shanghai)."""
        there = self if zone is None else Formats(self.locale, zone, self.now)
        comma = {"en": ", ", "zh-CN": " "}[self.locale]
        return f"{there.day(at)}{comma}{there.clock(at)} ({there.zone.key})"

    def ago(self, at: datetime) -> str:
        """3 hours ago, in 2 days; 3 小时前; within a minute it is just now."""
        distance = at - self.now
        if abs(distance) < timedelta(minutes=1):
            return _JUST_NOW[self.locale]
        return self._spaced(format_timedelta(distance, add_direction=True, threshold=1, locale=self._babel))

    def when(self, at: datetime, zone: ZoneInfo | None = None) -> Markup:
        """Relative within a week, else the day; the exact time on hover and for screen readers."""
        near = abs(at - self.now) < _RECENT
        shown = self.ago(at) if near else self.day(at)
        return Markup('<time datetime="{}" title="{}">{}<span class="unseen"> ({})</span></time>').format(
            at.astimezone(UTC).isoformat(timespec="seconds"),
            self.exact(at, zone),
            shown,
            self.exact(at, zone),
        )

    def lasted(self, span: timedelta) -> str:
        """320 ms, 4.2 s, 3 minutes."""
        seconds = Decimal(span // timedelta(microseconds=1)) / 1_000_000
        if seconds < 1:
            return f"{seconds * 1000:.0f} ms"
        if seconds < 60:
            return f"{seconds:.1f} s"
        return self._spaced(format_timedelta(span, threshold=1, locale=self._babel))

    def number(self, value: Decimal | int, places: int | None = None) -> str:
        """1,234.5; `places` fixes the decimals, rounded half up."""
        shown = Decimal(value) if places is None else _rounded(Decimal(value), places)
        pattern = (
            "#,##0.###############" if places is None else "#,##0" + ("." + "0" * places if places else "")
        )
        return format_decimal(shown, pattern, locale=self._babel)

    def money(self, amount: Decimal | int, currency: str) -> str:
        """USD 81,000.00: the code first, the currency's own decimals, a no-break space between."""
        return f"{currency}{_NBSP}{self.number(amount, MINOR_UNITS.get(currency, 2))}"

    def amount(self, money: HasMoney) -> str:
        """The same for a value that carries its currency."""
        return self.money(money.amount, money.currency)

    def signed_money(self, amount: Decimal | int, currency: str) -> str:
        """+ USD 8,000.00 or − USD 500.00: an effect, not a balance."""
        sign = "−" if amount < 0 else "+"
        return f"{sign}{_NBSP}{self.money(abs(Decimal(amount)), currency)}"

    def percent(self, ratio: Decimal | int, places: int = 1) -> str:
        """0.81 -> 81.0 % in English, 81.0% in Chinese; cut like the percentages of mails, which it stands beside."""
        return format_percent(Decimal(ratio), places, self.locale).replace(" ", _NBSP)

    def size(self, count: int) -> str:
        """1.2 KB, 3.4 MB, in steps of 1,000."""
        for unit, step in (("MB", 1_000_000), ("KB", 1_000)):
            if count >= step:
                return f"{self.number(Decimal(count) / step, 1)}{_NBSP}{unit}"
        return f"{self.number(count)}{_NBSP}B"

    @property
    def _babel(self) -> Locale:
        return rules_of(self.locale)

    def _local_day(self, value: date) -> date:
        return value.astimezone(self.zone).date() if isinstance(value, datetime) else value

    def _spaced(self, text: str) -> str:
        return _DIGIT_THEN_HAN.sub(" ", text)


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
