"""Values as words of a locale: money, percentages, dates, times, durations, lists.

In: a value of the facts, a locale tag such as en or zh-CN, a zone. Out: text for a person to read. English writes dates
as 21 September 2026; Chinese sets spaces between figures and characters. Other locales follow CLDR.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, TypeVar

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, get_timezone_location
from babel.lists import format_list

from rules.facts.calendar import zone_of
from rules.facts.duration import Duration
from rules.facts.money import Money, format_money, format_percent

NOTHING: Final = "–"

T = TypeVar("T")

_UNITS: Final = {
    "m": ("minute", "分钟"),
    "h": ("hour", "小时"),
    "d": ("day", "天"),
    "wd": ("working day", "个工作日"),
    "w": ("week", "周"),
}
_WEEKDAYS: Final = "一二三四五六日"


@lru_cache(maxsize=64)
def language(locale: str) -> Locale:
    """The CLDR locale of a tag; English (day first) for one that is not known."""
    try:
        found = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")
    return Locale("en", "GB") if str(found) == "en" else found


def is_locale(tag: str) -> bool:
    """Whether a tag such as en or zh-CN names a locale."""
    try:
        Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return False
    return True


def choose(by_locale: Mapping[str, T], locale: str) -> T | None:
    """What stands for the reader's locale: exactly it, its language alone (en for en-GB), or for a language alone the
    first of its regions (zh-CN for zh). Never another region's: zh-TW does not read zh-CN.
    """
    spoken = locale.partition("-")[0]
    regions = (
        sorted(known for known in by_locale if known.partition("-")[0] == spoken) if spoken == locale else []
    )
    return next((by_locale[known] for known in (locale, spoken, *regions) if known in by_locale), None)


@dataclass(frozen=True, slots=True)
class Wording:
    """How one reader sees values: in this locale and zone."""

    locale: str
    zone: str

    @property
    def chinese(self) -> bool:
        """Whether the texts are Chinese."""
        return self.locale.lower().startswith("zh")

    def plain(self, value: Any) -> str:
        """Any value in the usual manner of its kind; nothing is a dash, never "None" or 0."""
        if value is None:
            return NOTHING
        if isinstance(value, bool):
            return ("是" if value else "否") if self.chinese else ("yes" if value else "no")
        for kind, worded in _BY_KIND:
            if isinstance(value, kind):
                return worded(self, value)
        return str(_wanted(value, str, "a text"))

    def money(self, value: Any) -> str:
        """USD 81,000.00: always the code, never a symbol."""
        return NOTHING if value is None else format_money(_wanted(value, Money, "money"), self.locale)

    def percent(self, value: Any, places: int = 1) -> str:
        """0.81 as 81.0 % (in Chinese 81.0%), rounded down so that no level is shown before it is reached."""
        if value is None:
            return NOTHING
        ratio = Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
        return format_percent(_wanted(ratio, Decimal, "percent"), min(max(int(places), 0), 6), self.locale)

    def number(self, value: Any, places: int | None = None) -> str:
        """1,234.5, with as many places as it has, or as asked for."""
        if value is None:
            return NOTHING
        number = Decimal(_wanted(value, (int, Decimal), "number"))
        if places is None:
            text = f"{number:,f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
        return f"{number:,.{min(max(int(places), 0), 10)}f}"

    def day(self, value: Any, form: str = "") -> str:
        """21 September 2026; with "weekday" Monday 21 September 2026; with "short" 21 September."""
        if value is None:
            return NOTHING
        found = value.astimezone(zone_of(self.zone)).date() if isinstance(value, datetime) else value
        found = _wanted(found, date, "day")
        if self.chinese:
            return _chinese_day(found, form)
        if form == "short":
            return format_date(found, "d MMMM", locale=language(self.locale))
        return format_date(found, "full" if form == "weekday" else "long", locale=language(self.locale))

    def when(self, value: Any) -> str:
        """The day and the time of day with the city of the zone: 21 September 2026, 16:00 (New York)."""
        if value is None:
            return NOTHING
        local = _wanted(value, datetime, "when").astimezone(zone_of(self.zone))
        city = "UTC" if self.zone == "UTC" else self._city()
        if self.chinese:
            return f"{self.day(value)} {local:%H:%M}（{city}时间）"
        return f"{self.day(value)}, {local:%H:%M} ({city})"

    def duration(self, value: Any) -> str:
        """3 working days, 1 hour; the sign is left to the sentence around it."""
        if value is None:
            return NOTHING
        found = abs(_wanted(value, Duration, "duration"))
        english, chinese = _UNITS[found.unit]
        if self.chinese:
            return f"{found.amount} {chinese}"
        return f"{found.amount} {english}" + ("" if found.amount == 1 else "s")

    def listed(self, values: Iterable[Any]) -> str:
        """a, b and c."""
        words = [self.plain(v) for v in values]
        return format_list(words, style="standard", locale=language(self.locale)) if words else NOTHING

    def _city(self) -> str:
        return get_timezone_location(zone_of(self.zone), locale=language(self.locale), return_city=True)


_BY_KIND: Final[tuple[tuple[Any, Callable[[Wording, Any], str]], ...]] = (
    ((int, Decimal), Wording.number),
    (Money, Wording.money),
    (datetime, Wording.when),
    (date, Wording.day),
    (Duration, Wording.duration),
    ((list, tuple), Wording.listed),
)


def _chinese_day(day: date, form: str) -> str:
    if form == "short":
        return f"{day.month} 月 {day.day} 日"
    weekday = f"（星期{_WEEKDAYS[day.weekday()]}）" if form == "weekday" else ""
    return f"{day.year} 年 {day.month} 月 {day.day} 日{weekday}"


def _wanted(value: Any, kind: Any, use: str) -> Any:
    if isinstance(value, kind) and not isinstance(value, bool):
        return value
    raise ValueError(f"`{use}` cannot show {str(value)[:60]!r}")
