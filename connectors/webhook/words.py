"""Our words on the wire: which event types a webhook may bring, and how their fields are written in JSON.

In: a field of the catalogue and a foreign value. Out: the value as the core knows it, or a refusal with its path.
What stands for consent or is Accord's own doing (changes, approvals, baselines) is never taken from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from connectors.foreign import Foreign
from rules.facts.catalogue import COST_CLASSES, EVENTS, OBJECTS, Field
from rules.facts.duration import BadDuration, Duration
from rules.facts.ledger import MEASURES
from rules.facts.money import BadNumber, Money, UnknownCurrency, decimal_of

_FAMILIES: Final = ("bill", "comment", "expense", "invoice", "issue", "ledger", "payment", "time")
# Of other families, what somebody outside can know: an answer, a reply, a call, a measurement, a hand-over, a date, a
# delivery.
_SAID: Final = (
    *("action_item.opened", "action_item.answered", "action_item.done", "action_item.waived"),
    *("contact.logged", "message.replied", "quality.measured"),
    *("milestone.moved", "milestone.checked", "milestone.handed_over"),
    *("supplier.promised", "supplier.delivered"),
)
# Documents carry the fields of the ledger entry behind them.
_DOCUMENTS: Final = ("bill", "invoice", "payment")
# Words that the ledger adds up by.
_CLOSED: Final[Mapping[str, tuple[str, ...]]] = {"class": COST_CLASSES, "measure": MEASURES}
# That a questioned entry is meant as it stands is for the team to say, in Accord.
_TEAM_SAYS: Final = frozenset({"ledger.accepted", "expense.reason_added"})
TYPES: Final = (
    frozenset({*_SAID, *(name for name in EVENTS if name.partition(".")[0] in _FAMILIES)}) - _TEAM_SAYS
)
# What a person of the team says in the console, a program of the team may say by the API.
OF_THE_TEAM: Final = TYPES | {
    *("delay.logged", "finding.closed", "expense.reason_added", "receipt.attached", "supplier.cancelled"),
    *(
        "risk.opened",
        "risk.changed",
        "risk.triggered",
        "risk.closed",
        "complaint.opened",
        "complaint.resolved",
    ),
    *("meeting.planned", "meeting.held", "minutes.sent", "minutes.objected", "task.opened", "task.done"),
    *("survey.sent", "audit.run"),
}


def fields_of(event_type: str) -> Mapping[str, Field]:
    """The fields that an event of this type may carry."""
    noun = EVENTS[event_type].object
    return {**(OBJECTS["entry"] if noun in _DOCUMENTS else {}), **OBJECTS[noun]}


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount and the currency that stands somewhere else in the body."""

    amount: Foreign
    currency: Foreign | None


def value_of(field: Field, value: Foreign | Amount, beside: Foreign | None = None) -> Any:
    """The value of one field. `beside` is the currency that stands next to an amount that names none itself."""
    if isinstance(value, Amount):
        if field.type != "money":
            raise value.amount.refuse(f"{value.amount.path} is an amount, {field.name} is no field for money")
        return _money(value.amount, value.currency)
    if field.type == "money":
        return _money(value, beside)
    read = _READERS[field.type](value)
    if read not in _CLOSED.get(field.name, (read,)):
        raise value.refuse(f"{value.path} is {str(read)[:40]!r}, known are {', '.join(_CLOSED[field.name])}")
    return read


def _text(value: Foreign) -> str:
    return str(value.value) if isinstance(value.value, int | Decimal) else value.text()


def _number(value: Foreign) -> Decimal:
    if not isinstance(value.value, str):
        return value.number()
    try:
        return decimal_of(value.value)
    except BadNumber as problem:
        raise value.refuse(f"{value.path}: {problem}") from None


def _money(value: Foreign, currency: Foreign | None) -> Money:
    """Money as "12.30 USD", as {"amount": "12.30", "currency": "USD"}, or a number with its currency elsewhere."""
    if isinstance(value.value, dict):
        return _money(value["amount"], value["currency"])
    if currency is None:
        return _whole_money(value)
    try:
        return Money(_number(value), currency.text())
    except (BadNumber, UnknownCurrency) as problem:
        raise currency.refuse(f"{currency.path}: {problem}") from None


def _whole_money(value: Foreign) -> Money:
    if not isinstance(value.value, str) or " " not in value.value.strip():
        raise value.refuse(
            f"{value.path} names no currency: write it as 12.30 USD, or give `currency` beside it"
        )
    try:
        return Money.parse(value.value)
    except (BadNumber, UnknownCurrency) as problem:
        raise value.refuse(f"{value.path}: {problem}") from None


def _date(value: Foreign) -> date:
    """A day, or the day of a time as its writer saw it."""
    return value.stamp().date() if len(value.text()) > 10 else value.day()


def _duration(value: Foreign) -> Duration:
    try:
        return Duration.parse(value.text())
    except BadDuration as problem:
        raise value.refuse(f"{value.path}: {problem}") from None


def _list(value: Foreign) -> list[str]:
    return [_text(one) for one in value.each()]


_READERS: Final[Mapping[str, Callable[[Foreign], Any]]] = {
    "text": _text,
    "int": Foreign.whole,
    "number": _number,
    "date": _date,
    "time": Foreign.time,
    "duration": _duration,
    "bool": Foreign.flag,
    "list": _list,
}
