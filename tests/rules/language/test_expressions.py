"""What expressions evaluate to: decimals, money, dates, unknown and none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.facts.calendar import make_calendar
from rules.facts.duration import Duration
from rules.facts.money import Money
from rules.language.expressions import Compiled, compile_expression
from rules.language.model import UNKNOWN, ExpressionError, Operand, Position
from rules.language.names import ANY, Type, environment

HERE = Position("r.yaml", 1, 1)
NAMES = environment(
    ["issue.changed", "ledger.posted"],
    variables={"vars.levels": Type("list"), "vars.mixed": ANY, "vars.room": Type("text")},
)
USD, CNY = (lambda amount: Money(Decimal(amount), "USD")), (lambda amount: Money(Decimal(amount), "CNY"))


def compiled(text: str) -> Compiled:
    found, problems = compile_expression(text, HERE, NAMES)
    assert found is not None, [str(p) for p in problems]
    return found


def value(text: str, **known: Any) -> Any:
    """The value of an expression where only `known` is known; a__b stands for a.b."""
    return resolved(text, {name.replace("__", "."): v for name, v in known.items()})


def resolved(text: str, known: Mapping[str, Any]) -> Any:
    return compiled(text).value(lambda name: known.get(name, UNKNOWN))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("-2 - -3", 1),
        ("0.1 + 0.1 + 0.1 == 0.3", True),
        ("80% * 2", Decimal("1.6")),
        ("1 / 3 < 33.34%", True),
        ("2000 CNY * 2 == 4000 CNY", True),
        ("5000 USD / 2000 USD", Decimal("2.5")),
        ("1 < 2 < 3", True),
        ("1 < 3 < 2", False),
        ('"b" in ["a", "b"]', True),
        ('"x" not in ["a", "b"]', True),
        ('"ell" in "hello"', True),
        ("1 if 2 > 3 else 4", 4),
        ("not 1 > 2 and 2 > 1", True),
        ("90m + 30m == 2h", True),
        ("3h * 110% == 198m", True),
        ("1w == 7d", True),
        ("3wd > 2wd", True),
        ('"CR-" + "7"', "CR-7"),
        ("round(2.675, 2)", Decimal("2.68")),
        ("round(10.005 USD)", Money(Decimal("10.01"), "USD")),
        ("max(1, 3, 2) - min([4, 5])", -1),
        ("abs(-3wd) == 3wd", True),
        ('len(["a", "b"]) + len("abc")', 5),
        ('lower("APO") + upper("x")', "apoX"),
        ('matches("APO-17", "APO-*")', True),
        ('matches("APO-17", "APO-?")', False),
        ('matches("a*b", "a?b")', True),
        ('contains("export to sheet", "sheet") and startswith("abc", "ab") and endswith("abc", "bc")', True),
        ("'it\\'s' == \"it's\"", True),
        ("none == none", True),
        ("1 / 0 == none", True),
    ],
)
def test_constant_expressions(text: str, wanted: Any) -> None:
    """Decimals are exact, operators bind as in arithmetic, functions do what their names say."""
    assert value(text) == wanted


TRUTHS = [True, False, UNKNOWN]


@pytest.mark.parametrize("left", TRUTHS)
@pytest.mark.parametrize("right", TRUTHS)
def test_and_or_not_follow_kleene(left: Any, right: Any) -> None:
    """Unknown decides nothing that the other side does not decide; the order of operands does not matter."""
    known = {"issue.baselined": left, "issue.client_raised": right}
    known = {name: v for name, v in known.items() if v is not UNKNOWN}
    both = resolved("issue.baselined and issue.client_raised", known)
    either = resolved("issue.baselined or issue.client_raised", known)
    assert both is (False if False in (left, right) else UNKNOWN if UNKNOWN in (left, right) else True)
    assert either is (True if True in (left, right) else UNKNOWN if UNKNOWN in (left, right) else False)
    assert resolved("not issue.baselined", known) is (UNKNOWN if left is UNKNOWN else not left)


@pytest.mark.parametrize(
    "text",
    [
        "budget.used > 80%",
        "budget.used == 80%",
        "budget.used + 1",
        "-budget.used",
        "1 < budget.used < 3",
        "lower(issue.status)",
        'issue.status in ["a", "b"]',
        '"web" in issue.labels',
        "1 if budget.used > 1 else 2",
        "issue.due - 2d",
        "before(issue.status) == issue.status",
    ],
)
def test_what_is_not_known_makes_unknown(text: str) -> None:
    """A name that is absent this time makes every comparison, sum and function of it unknown."""
    assert value(text) is UNKNOWN


def test_known_asks_without_becoming_unknown() -> None:
    """known(NAME) is true for none as well: it is known to be empty."""
    assert value("known(issue.due)") is False
    assert value("known(issue.due)", issue__due=None) is True
    assert (
        value("known(issue.due) and issue.due > today", issue__due=None, today=date(2026, 9, 21)) is UNKNOWN
    )


def test_none_is_a_value_without_order() -> None:
    """none equals only none; ordering and arithmetic with it are unknown."""
    assert value("issue.due == none", issue__due=None) is True
    assert value("issue.due != none", issue__due=None) is False
    assert value('issue.assignee == "lin"', issue__assignee=None) is False
    assert value("issue.due < today", issue__due=None, today=date(2026, 9, 21)) is UNKNOWN
    assert (
        value("forecast.at_completion / budget.total", forecast__at_completion=None, budget__total=USD(1))
        is UNKNOWN
    )
    assert value("lower(issue.assignee)", issue__assignee=None) is UNKNOWN
    assert value('issue.assignee in [none, "lin"]', issue__assignee=None) is True


def test_an_unknown_entry_of_a_list_may_be_the_one() -> None:
    """`in` is true when found, unknown when the missing entry could be it, else false."""
    known = {"issue.status": "Done", "issue.type": "Bug"}
    assert resolved('issue.status in [issue.type, issue.milestone, "Done"]', known) is True
    assert resolved("issue.status in [issue.type, issue.milestone]", known) is UNKNOWN
    assert resolved("issue.status in [issue.type]", known) is False


def test_two_currencies_never_compare() -> None:
    """Where the currencies are only known at run time, comparing two of them is an error that says so."""
    with pytest.raises(ExpressionError, match="convert one of them"):
        value("entry.amount > budget.total", entry__amount=USD(1), budget__total=CNY(1))
    with pytest.raises(ExpressionError):
        value("entry.amount == 5 CNY", entry__amount=USD(5))


def test_convert_asks_for_the_frozen_rate() -> None:
    """convert() hands the amount and the currency to "$rates"; the same currency needs no rate."""
    known = {
        "entry.amount": USD(1000),
        "$rates": lambda money, code: Money(money.amount * Decimal("7.2345"), code),
    }
    assert resolved('convert(entry.amount, "CNY")', known) == CNY("7234.50")
    assert resolved('convert(entry.amount, "CNY")', {"entry.amount": CNY(5)}) == CNY(5)
    assert resolved('convert(entry.amount, "CNY")', {"entry.amount": USD(5)}) is UNKNOWN


def test_working_days_follow_the_calendar_of_the_rule() -> None:
    """Three working days before Thursday 8 October 2026 is Monday 28 September in China: the holiday week is off."""
    known = {
        "$calendar": (make_calendar("CN", "CN"),),
        "today": date(2026, 10, 8),
        "issue.due": date(2026, 9, 28),
    }
    assert resolved("today - 3wd == issue.due", known) is True
    assert resolved("working_days_between(issue.due, today)", known) == 3
    with pytest.raises(ExpressionError, match="no calendar"):
        resolved("today - 3wd == issue.due", {**known, "$calendar": UNKNOWN})


def test_days_of_times_are_those_of_the_project() -> None:
    """day() takes the date on the wall in the project's zone."""
    at = datetime(2026, 9, 21, 23, 30, tzinfo=UTC)
    known = {"issue.created_at": at, "project.time_zone": "Asia/Shanghai"}
    assert resolved("day(issue.created_at)", known) == date(2026, 9, 22)
    assert resolved("day(issue.created_at)", {**known, "project.time_zone": "America/New_York"}) == date(
        2026, 9, 21
    )


def test_times_and_dates_move_and_differ() -> None:
    """Differences are durations; a time moves by hours, a date by days."""
    known = {
        "now": datetime(2026, 9, 21, 12, tzinfo=UTC),
        "issue.created_at": datetime(2026, 9, 21, 9, 30, tzinfo=UTC),
        "today": date(2026, 9, 21),
        "issue.due": date(2026, 9, 14),
    }
    assert resolved("now - issue.created_at", known) == Duration(150, "m")
    assert resolved("now - issue.created_at > 2h", known) is True
    assert resolved("today - issue.due == 7d", known) is True
    assert resolved("issue.created_at + 3h > now", known) is True
    with pytest.raises(ExpressionError):
        resolved("issue.estimate > 3wd", {"issue.estimate": Duration(3, "h")})


def test_before_and_changed_ask_for_the_former_value() -> None:
    """before(x) and changed(x) ask the caller about x, and nothing else."""
    known = {
        "issue.estimate": Duration(120, "m"),
        "before:issue.estimate": Duration(100, "m"),
        "changed:issue.due": True,
    }
    assert resolved("issue.estimate > before(issue.estimate) * 110%", known) is True
    assert resolved("changed(issue.due)", known) is True


def test_variables_are_read_as_values_of_the_language() -> None:
    """A variable as the workspace writes it ("80%", "2000 CNY") is the value that it stands for."""
    assert value("min(vars.levels)", vars__levels=["80%", "100%"]) == Decimal("0.8")
    assert value("vars.mixed > 1000 CNY", vars__mixed="2000 CNY") is True
    assert value("vars.mixed == 3wd", vars__mixed=Duration(3, "wd")) is True
    assert value("vars.room != none", vars__room=None) is False


def test_data_of_the_wrong_kind_is_an_error_not_an_answer() -> None:
    """What the static check could not see is refused at run time, with the expression in the message."""
    with pytest.raises(ExpressionError, match=r"`vars.mixed > 3`"):
        value("vars.mixed > 3", vars__mixed="three")
    with pytest.raises(ExpressionError, match="neither true nor false"):
        value("vars.mixed and true", vars__mixed="yes")


def test_work_is_bounded_by_data_too() -> None:
    """Long patterns and growing texts are refused at run time; the longest sum that compiles also evaluates."""
    with pytest.raises(ExpressionError, match="pattern"):
        value("matches(issue.key, issue.status)", issue__key="a" * 9_000, issue__status="*a" * 4_000)
    with pytest.raises(ExpressionError, match="characters"):
        value("issue.key + issue.key", issue__key="a" * 9_000)
    assert value("1+" * 150 + "1") == 151


def test_a_decisive_condition_hides_what_cannot_be_evaluated() -> None:
    """`and` stops at false: a guard keeps what follows from being asked."""
    text = "issue.due != none and vars.mixed > 3"
    assert value(text, issue__due=None, vars__mixed="three") is False


def test_trace_shows_each_operand_with_its_value() -> None:
    """explain prints the tree: the source text of each step and what it came to."""
    known = {"project.status": "active", "budget.used": Decimal("0.81")}
    found = compiled('project.status == "active" and budget.used >= 80%').trace(
        lambda n: known.get(n, UNKNOWN)
    )
    assert found == Operand(
        'project.status == "active" and budget.used >= 80%',
        True,
        (
            Operand('project.status == "active"', True, (Operand("project.status", "active"),)),
            Operand("budget.used >= 80%", True, (Operand("budget.used", Decimal("0.81")),)),
        ),
    )


def test_trace_keeps_an_error_as_the_value_of_its_step() -> None:
    """A step that has no meaning does not hide the others."""
    known = {"entry.amount": USD(1), "budget.total": CNY(1), "budget.used": Decimal(1)}
    found = compiled("budget.used > 2 and entry.amount > budget.total").trace(lambda n: known.get(n, UNKNOWN))
    assert found.value is False
    assert isinstance(found.parts[1].value, ExpressionError)


def test_names_are_all_names_asked_for() -> None:
    """The engine reads which names an expression needs."""
    found = compiled("known(issue.due) and before(issue.status) == issue.status or budget.used > 1")
    assert found.names == {"issue.due", "issue.status", "budget.used"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('project.status == "active" and budget.used > 1', {"project.status": {"active"}}),
        ('"staff" == entry.class', {"entry.class": {"staff"}}),
        ('entry.class in ["staff", "other"] and entry.class == "staff"', {"entry.class": {"staff"}}),
        ('project.status == "active" or budget.used > 1', {}),
        ('"web" in entry.tags', {}),
        ('not project.status == "active"', {}),
    ],
)
def test_equalities_are_what_must_hold(text: str, wanted: dict[str, set[str]]) -> None:
    """An index may skip a rule by them: unless the name has such a value, the expression cannot be true."""
    assert {name: set(values) for name, values in compiled(text).equalities.items()} == wanted


numbers = st.decimals(min_value=-(10**9), max_value=10**9, places=3)


@given(numbers, numbers)
def test_numbers_compare_and_add_exactly(left: Decimal, right: Decimal) -> None:
    """Whatever the digits, sums and orders are those of exact decimals."""
    known = {"budget.used": left, "vars.mixed": right}
    assert resolved("budget.used + vars.mixed", known) == left + right
    assert resolved("budget.used < vars.mixed", known) == (left < right)
    assert resolved("budget.used - vars.mixed == -(vars.mixed - budget.used)", known) is True


@given(st.text(alphabet="ab*?", max_size=12), st.text(alphabet="ab", max_size=12))
def test_globs_agree_with_a_plain_definition(pattern: str, text: str) -> None:
    """`*` is any run, `?` one character: the matcher gives what the definition says."""

    def plain(p: str, t: str) -> bool:
        if not p:
            return not t
        if p[0] == "*":
            return any(plain(p[1:], t[n:]) for n in range(len(t) + 1))
        return bool(t) and p[0] in ("?", t[0]) and plain(p[1:], t[1:])

    known = {"issue.key": text, "issue.status": pattern}
    assert resolved("matches(issue.key, issue.status)", known) is plain(pattern.replace("**", "*"), text)
