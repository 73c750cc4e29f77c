"""Money is exact, keeps its currency, rounds once and prints what was reached, never more."""

from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts.money import (
    MINOR_UNITS,
    BadNumber,
    CurrencyMismatch,
    Money,
    UnknownCurrency,
    convert,
    decimal_of,
    format_money,
    format_percent,
    part_between,
    quantize,
    shares,
)

D = Decimal
amounts = st.decimals(min_value=-(10**15), max_value=10**15, places=4)


def usd(amount: str) -> Money:
    """An amount of dollars."""
    return Money(D(amount), "USD")


def test_sums_and_products_are_exact() -> None:
    """Eight times 0.1 is 0.8, which binary floats miss."""
    total = Money.zero("CNY")
    for _ in range(8):
        total += Money(D("0.1"), "CNY")
    assert total == Money(D("0.8"), "CNY")
    assert total * 3 - total * D("2") == total
    assert 2 * total == total * 2
    assert -total + total == Money.zero("CNY")
    assert abs(-total) == total


def test_a_ratio_is_never_rounded_onto_a_level() -> None:
    """A fraction of a cent below 80 % of a huge budget is below 80 %, under any decimal context of the thread."""
    total = Money(D("999999999999999999.99"), "CNY")
    spent = total * D("0.8") - Money(D("0.0000000001"), "CNY")
    with localcontext() as context:
        context.prec = 6
        assert spent / total < D("0.8")
        assert (total * D("0.8")) / total == D("0.8")


def test_two_currencies_do_not_meet_without_a_conversion() -> None:
    """Sums, quotients and ordering of two currencies raise; equality says that they are different things."""
    dollars, yuan = usd("1"), Money(D(1), "CNY")
    for clash in (
        lambda: dollars + yuan,
        lambda: dollars - yuan,
        lambda: dollars / yuan,
        lambda: dollars < yuan,
        lambda: dollars <= yuan,
        lambda: dollars > yuan,
        lambda: dollars >= yuan,
    ):
        with pytest.raises(CurrencyMismatch, match="convert one of them"):
            clash()
    assert dollars != yuan
    assert usd("1.0") == usd("1.00")
    assert hash(usd("1.0")) == hash(usd("1.00"))
    assert usd("1") < usd("2") <= usd("2")
    assert usd("3") > usd("2") >= usd("2")


def test_floats_and_bare_numbers_are_not_money() -> None:
    """A float never becomes money, and money is not added to a number."""
    with pytest.raises(BadNumber):
        Money(0.1, "USD")  # type: ignore[arg-type]
    with pytest.raises(BadNumber):
        Money(D("NaN"), "USD")
    with pytest.raises(BadNumber):
        Money(D("1E+41"), "USD")
    with pytest.raises(TypeError):
        usd("1") * 0.5  # type: ignore[operator]
    with pytest.raises(TypeError):
        usd("1") * True
    with pytest.raises(TypeError):
        usd("1") + 1  # type: ignore[operator]
    with pytest.raises(TypeError):
        usd("1") / 2.0  # type: ignore[operator]
    with pytest.raises(TypeError):
        usd("1") < 1  # type: ignore[operator]  # noqa: B015
    with pytest.raises(ZeroDivisionError):
        usd("1") / 0
    with pytest.raises(ZeroDivisionError):
        usd("1") / usd("0")


def test_division_by_a_number_gives_money() -> None:
    """Dividing money by a number gives money, rounded only on request."""
    assert usd("30000") / 10 == usd("3000")
    assert quantize(usd("100") / D(3)) == usd("33.33")


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("2000 CNY", "2000.00 CNY"),
        ("  81000.5 USD ", "81000.50 USD"),
        ("-12.345 USD", "-12.345 USD"),
        ("123456 JPY", "123456 JPY"),
        ("8.1E+4 USD", "81000.00 USD"),
        ("1.5 KWD", "1.500 KWD"),
    ],
)
def test_money_is_read_and_written_as_amount_and_code(text: str, printed: str) -> None:
    """The text form fills up to the minor unit, keeps further digits, and reads back as the same money."""
    money = Money.parse(text)
    assert str(money) == printed
    assert Money.parse(printed) == money


@pytest.mark.parametrize(
    "text", ["2000", "", "CNY 2000", "2,000 CNY", "1e400 CNY", "NaN CNY", "٣ CNY", "1_000 CNY"]
)
def test_text_that_is_no_money_is_refused(text: str) -> None:
    """Anything but one plain number and one code is refused."""
    with pytest.raises(BadNumber):
        Money.parse(text)


@pytest.mark.parametrize("code", ["usd", "US", "DOGE", "XXX", "¥"])
def test_a_currency_must_be_in_iso_4217(code: str) -> None:
    """Symbols, lower case, inventions and codes without a minor unit are no currencies."""
    with pytest.raises(UnknownCurrency, match="ISO 4217"):
        Money.parse(f"1 {code}")


def test_minor_units_are_those_of_iso_4217() -> None:
    """Where printing habits and ISO 4217 differ, the table follows ISO."""
    expected = {
        "IQD": 3,
        "LAK": 2,
        "IRR": 2,
        "MGA": 2,
        "CNY": 2,
        "JPY": 0,
        "KRW": 0,
        "VND": 0,
        "KWD": 3,
        "BHD": 3,
    }
    expected |= {"TND": 3, "CLP": 0, "CLF": 4, "UYW": 4, "USD": 2, "EUR": 2}
    assert {code: MINOR_UNITS[code] for code in expected} == expected
    assert len(MINOR_UNITS) >= 165


@pytest.mark.parametrize(
    ("amount", "half_up", "half_even"),
    [
        ("2.665", "2.67", "2.66"),
        ("2.675", "2.68", "2.68"),
        ("0.125", "0.13", "0.12"),
        ("-2.665", "-2.67", "-2.66"),
    ],
)
def test_rounding_half_up_and_half_even(amount: str, half_up: str, half_even: str) -> None:
    """Half up is what a client gets on a calculator; half even is the project's choice."""
    assert quantize(usd(amount)) == usd(half_up)
    assert quantize(usd(amount), "half_even") == usd(half_even)


def test_rounding_knows_the_minor_unit_and_no_negative_zero() -> None:
    """Yen have no decimals, Chilean units of account have four, and zero has no sign."""
    assert str(quantize(Money(D("1234.5"), "JPY"))) == "1235 JPY"
    assert str(quantize(Money(D("1.23456"), "CLF"))) == "1.2346 CLF"
    assert str(quantize(usd("-0.004"))) == "0.00 USD"


def test_conversion_is_exact_until_the_entry_is_rounded() -> None:
    """JPY 123456 at 0.0478 is CNY 5901.1968, booked as 5901.20."""
    converted = convert(Money(D(123456), "JPY"), "CNY", D("0.0478"))
    assert converted == Money(D("5901.1968"), "CNY")
    assert quantize(converted) == Money(D("5901.20"), "CNY")
    for rate in (D(0), D(-1), D("NaN"), D("Infinity"), 7.2):
        with pytest.raises(BadNumber):
            convert(usd("1"), "CNY", rate)  # type: ignore[arg-type]


def test_shares_of_a_spend_report_add_to_a_hundred() -> None:
    """The report of staff, material and equipment prints 82.8, 10.8 and 6.4 %; three equal parts 33.4, 33.3, 33.3."""
    parts = [D("62400.00"), D("8150.50"), D("4800.00")]
    assert sum(parts) == D("75350.50")
    assert shares(parts) == [D("82.8"), D("10.8"), D("6.4")]
    assert shares([D(1)] * 3) == [D("33.4"), D("33.3"), D("33.3")]
    assert shares([D(5), D(3), D(2)], places=0) == [D(50), D(30), D(20)]
    assert shares([D(0), D(0)]) == [D(0), D(0)]
    assert shares([]) == []


@given(
    st.lists(st.decimals(min_value=0, max_value=10**12, places=2), min_size=1, max_size=20), st.integers(0, 4)
)
def test_shares_always_add_to_a_hundred(parts: list[Decimal], places: int) -> None:
    """Whatever the parts, the printed shares add up and none is a unit away from its exact value."""
    total = sum(parts)
    result = shares(parts, places)
    assert sum(result) == (100 if total else 0)
    unit = D(1).scaleb(-places)
    for part, share in zip(parts, result, strict=True):
        assert not total or abs(share - part * 100 / total) <= unit


@pytest.mark.parametrize("locale", ["en", "en-US", "zh-CN"])
def test_printed_money_shows_the_code_and_is_rounded_before_it_is_printed(locale: str) -> None:
    """The code stands first in every locale; the project's rounding is used."""
    assert format_money(usd("81000"), locale) == "USD 81,000.00"
    assert format_money(Money(D("1234.5"), "JPY"), locale) == "JPY 1,235"
    assert format_money(Money(D("-1000"), "CNY"), locale) == "CNY -1,000.00"
    assert format_money(usd("0.125"), locale, "half_even") == "USD 0.12"


def test_a_printed_percentage_never_shows_a_level_that_was_not_reached() -> None:
    """79.995 % is below 80 % and prints as 79.9 %."""
    assert format_percent(D("0.81"), locale="en") == "81.0 %"
    assert format_percent(D("0.81"), locale="zh-CN") == "81.0%"
    assert format_percent(D("0.79995")) == "79.9 %"
    assert format_percent(D("0.79995"), places=2) == "79.99 %"
    assert format_percent(D("12.5"), places=0) == "1,250 %"
    assert format_percent(D("-0.0301")) == "-3.1 %"


@given(st.decimals(min_value=0, max_value=20, places=9), st.integers(1, 1500), st.integers(0, 3))
def test_no_percentage_is_printed_above_the_truth(ratio: Decimal, level: int, places: int) -> None:
    """Printed with any precision, a whole level shows exactly when it was reached."""
    printed = D(format_percent(ratio, places).removesuffix(" %").replace(",", ""))
    assert printed <= ratio * 100
    assert (printed >= level) == (ratio * 100 >= level)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12.30", "12.30"),
        (7, "7"),
        (D("0.1"), "0.1"),
        (" -3 ", "-3"),
        ("1E3", "1000"),
        (".5", "0.5"),
        ("5.", "5"),
    ],
)
def test_numbers_from_outside_become_exact_decimals(value: str | int | Decimal, expected: str) -> None:
    """Text, integers and decimals are taken over digit by digit."""
    assert decimal_of(value) == D(expected)


@pytest.mark.parametrize(
    "value",
    [
        0.1,
        True,
        None,
        "NaN",
        "Infinity",
        "-inf",
        D("sNaN"),
        D("Infinity"),
        "",
        "1,000",
        "1_000",
        "１２",
        "0x10",
        "1" * 19,
        10**18,
        D("1E+18"),
        "1E-31",
        "1e99999",
        "1E9999",
        "0E9999",
        "9" * 200,
    ],
)
def test_what_is_no_usable_number_is_refused(value: object) -> None:
    """Floats, infinities, foreign digits, absurd sizes: refused before they can do harm."""
    with pytest.raises(BadNumber):
        decimal_of(value)  # type: ignore[arg-type]


@given(amounts, amounts)
def test_what_is_added_can_be_taken_away(first: Decimal, second: Decimal) -> None:
    """Adding and taking away leaves nothing behind, and text keeps every digit."""
    start, change = Money(first, "EUR"), Money(second, "EUR")
    assert start + change - change == start
    assert Money.parse(str(start)) == start


@given(
    st.decimals(min_value=0, max_value=10**9, places=3),
    st.lists(st.integers(1, 50), min_size=1, max_size=8),
    st.sampled_from(["USD", "JPY", "KWD"]),
)
def test_parts_that_follow_each_other_add_up_to_the_whole(
    amount: Decimal, weights: list[int], currency: str
) -> None:
    """However a price is cut into payments, they come to the price, in currencies of any number of decimals."""
    whole = quantize(Money(amount, currency))
    ends = [D(sum(weights[:n])) / D(sum(weights)) for n in range(len(weights))] + [D(1)]
    parts = [part_between(whole, start, end) for start, end in pairwise(ends)]
    assert sum(parts, start=Money.zero(currency)) == whole
    assert all(quantize(part) == part for part in parts)
