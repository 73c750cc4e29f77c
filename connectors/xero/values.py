"""How Xero writes times, days and amounts.

In: a value of an answer. Out: UTC times, days, exact money; what is none of these is refused with its path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar

from connectors.base import Settings
from connectors.foreign import Foreign
from rules.facts.event import Record
from rules.facts.money import EXACT, BadNumber, Money, UnknownCurrency

T = TypeVar("T")

# Milliseconds since 1970 in UTC; the offset that may follow is how Xero showed it and changes nothing.
_MILLISECONDS = re.compile(r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{4})?\)/")


def moment(value: Foreign) -> datetime:
    """A time such as /Date(1541176290160+0000)/ or 2018-11-02T16:31:30.160+00:00, as UTC."""
    match = _MILLISECONDS.fullmatch(value.text())
    if match is None:
        return value.time()
    return Foreign(int(match[1]), value.path, value.refuse).epoch(1000)


def day(value: Foreign) -> date:
    """A document's day: Xero writes it as midnight UTC, whatever the zone of the organisation."""
    return moment(value).astimezone(UTC).date()


def money(value: Foreign, currency: Foreign) -> Money:
    """An exact amount in the document's currency."""
    return priced(value.number(), currency)


def priced(amount: Decimal, currency: Foreign) -> Money:
    """A computed amount in the document's currency."""
    try:
        return Money(amount, currency.text())
    except (UnknownCurrency, BadNumber) as problem:
        raise currency.refuse(f"{currency.path}: {problem}") from None


def version(updated: datetime) -> str:
    """The version of a record: when it was changed last, as text that sorts."""
    return updated.strftime("%Y-%m-%dT%H:%M:%S.") + f"{updated.microsecond // 1000:03d}Z"


def one_of(value: Foreign, words: Mapping[str, T]) -> T:
    """What one of Xero's words means; another word is refused with those that are known."""
    if value.text() not in words:
        raise value.refuse(f"{value.path} is {value.text()[:40]!r}, known are {', '.join(words)}")
    return words[value.text()]


def text_or_none(value: Foreign | None, longest: int = 200) -> str | None:
    """A text of at most `longest` characters; an empty one is none."""
    return (value.text().strip()[:longest] or None) if value else None


def rate(record: Foreign, currency: Foreign, settings: Settings) -> Record:
    """A record's own exchange rate: units of the organisation's currency for one unit of the record's.

    Nothing while the organisation's currency is not set (`base_currency`), or when it is the record's own.
    """
    given, base = record.get("CurrencyRate"), settings.get("base_currency")
    if given is None or base is None or currency.text() == base:
        return {}
    number = given.number()
    if number <= 0:
        raise given.refuse(f"{given.path} is {number}, a rate above zero expected")
    if settings.get("currency_rate", "foreign_per_base") == "foreign_per_base":
        number = EXACT.divide(Decimal(1), number).quantize(Decimal("1E-12"), context=EXACT)
    return {"rate": number, "base_currency": base}
