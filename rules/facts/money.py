"""Money as decimals with a currency: in come text, integers and decimals, out come exact sums and printed amounts.

Nothing here rounds unless it says so: arithmetic keeps every digit, `quantize` rounds once to the minor unit of the
currency (ISO 4217, the table below), and printing quantizes first. Floats are refused everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import (
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import Final, Literal, overload

Rounding = Literal["half_up", "half_even"]

# 60 digits: amounts have at most 18 digits before the point, so a quotient of two of them can never round onto a
# level that it does not reach, whatever the decimal context of the calling thread is.
EXACT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])
_ROUNDINGS: Final[dict[str, str]] = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}
_ZERO: Final = Decimal(0)
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_CODE: Final = re.compile(r"[A-Z]{3}")
_MAX_DIGITS: Final = 18
_MAX_PLACES: Final = 30
_MAX_LENGTH: Final = 64

# ISO 4217, list one, plus the codes withdrawn since 2020, which older documents still carry (last line of "2").
# Not taken from CLDR, which counts the decimals people print (IQD 0, LAK 0), not those that ISO defines.
_UNITS: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
        CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG
        HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR
        MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD
        SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD
        XCG YER ZAR ZMW ZWG
        ANG BGN CUC HRK SLL ZWL""",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
MINOR_UNITS: Final[dict[str, int]] = {code: unit for unit, codes in _UNITS.items() for code in codes.split()}
_QUANTA: Final[dict[str, Decimal]] = {code: Decimal(1).scaleb(-unit) for code, unit in MINOR_UNITS.items()}


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met without a conversion."""


class UnknownCurrency(ValueError):
    """A currency code that ISO 4217 does not list with a minor unit."""


class BadNumber(ValueError):
    """A value from outside that is no usable decimal number."""


def decimal_of(value: str | int | Decimal) -> Decimal:
    """The exact decimal of a number from outside.

    Refuses (BadNumber) floats, booleans, NaN, infinities, anything but plain ASCII digits with an optional point and
    exponent, more than 18 digits before the point and more than 30 after it.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise BadNumber(f"{type(value).__name__} is no exact number: give text, an integer or a decimal")
    if isinstance(value, str):
        text = value.strip()
        if len(text) > _MAX_LENGTH or not _NUMBER.fullmatch(text):
            raise BadNumber(
                f"{text[:40]!r} is no number: expected digits with an optional point, such as 1234.50"
            )
        value = Decimal(text)
    elif isinstance(value, int):
        if abs(value) >= 10**_MAX_DIGITS:
            raise BadNumber(f"an integer with more than {_MAX_DIGITS} digits")
        return Decimal(value)
    return _bounded(value)


def _bounded(number: Decimal) -> Decimal:
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise BadNumber(f"{number} is no number")
    if number.adjusted() >= _MAX_DIGITS:
        raise BadNumber(f"more than {_MAX_DIGITS} digits before the point")
    if exponent < -_MAX_PLACES:
        raise BadNumber(f"more than {_MAX_PLACES} digits after the point")
    return EXACT.plus(number)


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount of one currency.

    `==` is structural (amounts of two currencies are simply not equal); ordering, sums and quotients of two currencies
    raise CurrencyMismatch. Multiplying takes decimals and integers; dividing by money gives the exact ratio.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in _QUANTA:
            raise UnknownCurrency(_currency_problem(self.currency))
        amount = self.amount
        if type(amount) is not Decimal or not amount.is_finite():
            raise BadNumber(f"the amount of money must be a finite decimal, not {amount!r}"[:120])
        if not -80 < amount.adjusted() < 40:
            raise BadNumber("the amount of money is out of all proportion (40 digits or more)")

    @classmethod
    def parse(cls, text: str) -> Money:
        """Money from "2000 CNY" or "-12.30 USD"; BadNumber or UnknownCurrency when it is something else."""
        number, _, code = text.strip().partition(" ")
        if not code:
            raise BadNumber(
                f"{text[:40]!r} is no money: expected an amount and a currency code, such as 2000 CNY"
            )
        return cls(decimal_of(number), code.strip())

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(_ZERO, currency)

    def __str__(self) -> str:
        exponent = self.amount.as_tuple().exponent
        places = max(MINOR_UNITS[self.currency], -exponent if isinstance(exponent, int) else 0)
        return f"{self.amount:.{places}f} {self.currency}"

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __neg__(self) -> Money:
        return Money(EXACT.minus(self.amount), self.currency)

    def __abs__(self) -> Money:
        return Money(EXACT.abs(self.amount), self.currency)

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(EXACT.add(self.amount, self._same(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(EXACT.subtract(self.amount, self._same(other)), self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        if isinstance(factor, bool) or not isinstance(factor, Decimal | int):
            return NotImplemented
        return Money(EXACT.multiply(self.amount, factor), self.currency)

    __rmul__ = __mul__

    @overload
    def __truediv__(self, other: Money) -> Decimal: ...
    @overload
    def __truediv__(self, other: Decimal | int) -> Money: ...
    def __truediv__(self, other: Money | Decimal | int) -> Decimal | Money:
        """By money: the exact ratio; by a number: money, not rounded. Zero raises ZeroDivisionError."""
        if isinstance(other, Money):
            return _divide(self.amount, self._same(other))
        if isinstance(other, bool) or not isinstance(other, Decimal | int):
            return NotImplemented
        return Money(_divide(self.amount, Decimal(other)), self.currency)

    def __lt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount >= self._same(other)

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self} and {other}: convert one of them first")
        return other.amount


def _divide(dividend: Decimal, divisor: Decimal) -> Decimal:
    if not divisor:
        raise ZeroDivisionError("division by zero")
    return EXACT.divide(dividend, divisor)


def _currency_problem(code: object) -> str:
    if isinstance(code, str) and _CODE.fullmatch(code):
        return f"{code}: no currency of ISO 4217"
    return f"{code!r:.40} is no currency: expected a code of ISO 4217, three capital letters such as USD"


def quantize(money: Money, rounding: Rounding = "half_up") -> Money:
    """Rounds once to the minor unit of the currency; never gives a negative zero."""
    rounded = money.amount.quantize(_QUANTA[money.currency], rounding=_ROUNDINGS[rounding], context=EXACT)
    return Money(EXACT.plus(rounded), money.currency)


def convert(money: Money, currency: str, rate: Decimal) -> Money:
    """The amount in another currency at `rate` (units of `currency` for one unit of the money's own), not rounded."""
    if type(rate) is not Decimal or not rate.is_finite() or rate <= 0:
        raise BadNumber(f"a rate must be a decimal above zero, not {rate!r}"[:120])
    return Money(EXACT.multiply(money.amount, rate), currency)


def part_between(amount: Money, start: Decimal, end: Decimal, rounding: Rounding = "half_up") -> Money:
    """The part of an amount from one share of it to another (0.3 to 0.6), rounded so that parts that follow each other
    add up to the whole: 100.01 in two halves is 50.01 and 50.00.
    """
    upper, lower = (quantize(amount * share, rounding) for share in (end, start))
    return upper - lower


def shares(amounts: Sequence[Decimal], places: int = 1) -> list[Decimal]:
    """Each amount in percent of their sum, to `places`, adding to exactly 100 (largest remainder, first one on a tie).

    All zeros when the sum is zero: there is nothing to share.
    """
    total = _ZERO
    for amount in amounts:
        total = EXACT.add(total, amount)
    if not total:
        return [_ZERO.scaleb(-places) for _ in amounts]
    exact = [EXACT.divide(EXACT.multiply(amount, Decimal(100).scaleb(places)), total) for amount in amounts]
    floors = [part.to_integral_value(ROUND_FLOOR) for part in exact]
    missing = int(100 * 10**places - sum(floors))
    by_remainder = sorted(range(len(exact)), key=lambda i: floors[i] - exact[i])
    for index in by_remainder[:missing]:
        floors[index] += 1
    return [part.scaleb(-places) for part in floors]


def format_money(money: Money, locale: str = "en", rounding: Rounding = "half_up") -> str:
    """Prints "USD 81,000.00": rounded, grouped, with the code first.

    Never a symbol: one symbol means different currencies in different locales. English and Chinese print amounts
    alike, so `locale` changes nothing between them.
    """
    del locale
    amount = quantize(money, rounding).amount
    return f"{money.currency} {amount:,.{MINOR_UNITS[money.currency]}f}"


def format_percent(ratio: Decimal, places: int = 1, locale: str = "en") -> str:
    """Prints the ratio 0.81 as "81.0 %" in English, as "81.0%" in Chinese.

    Rounds down: 79.995 % prints as 79.9 %, so that no printed percentage shows a level that was not reached.
    """
    percent = EXACT.multiply(ratio, Decimal(100))
    floor = percent.quantize(Decimal(1).scaleb(-places), rounding=ROUND_FLOOR, context=EXACT)
    space = "" if locale.lower().startswith("zh") else " "
    return f"{floor:,.{places}f}{space}%"
