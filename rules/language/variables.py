"""Variables of packs and workspaces: `vars:` as written, read into values of the language.

In: what YAML gives (text, numbers, lists) or values read before. Out: "80%" as 0.8, "2000 CNY" as Money, "3wd" as a
Duration, other text as it is; and the type that a declaration or a value has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from rules.facts.duration import BadDuration, Duration
from rules.facts.money import BadNumber, Money, UnknownCurrency, decimal_of
from rules.language.model import UNKNOWN
from rules.language.names import ANY, Type
from rules.language.operations import kind_of

# Kinds of a declaration whose values are of another kind in expressions.
SHOWN_AS: Final = {"percent": "number", "recipient": "text"}

_PERCENT: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?%")


class BadVariable(ValueError):
    """A value that is not of the kind its declaration asks for."""


@lru_cache(maxsize=4096)
def read_text(text: str) -> Any:
    """The value a text stands for: a percentage, money, a duration, or itself."""
    if _PERCENT.fullmatch(text):
        return decimal_of(text[:-1]).scaleb(-2)
    for read in (Duration.parse, Money.parse):
        try:
            return read(text)
        except (BadDuration, BadNumber, UnknownCurrency):
            continue
    return text


def read_variable(value: Any) -> Any:
    """A variable as the workspace has it, as a value; what is a value already stays as it is."""
    if isinstance(value, str):
        return read_text(value)
    if isinstance(value, list | tuple):
        return [read_variable(one) for one in value]
    return value


def read_as(value: Any, kind: str) -> Any:
    """A variable read as its declaration says; BadVariable when it is of another kind."""
    wanted = SHOWN_AS.get(kind, kind)
    found = value if wanted == "text" else read_variable(value)
    if found is None or found is UNKNOWN or kind_of(found) != wanted:
        raise BadVariable(f"`{_written(value)}` is not {_EXAMPLES[kind]}")
    return found


_EXAMPLES: Final = {
    "text": "text",
    "recipient": "a recipient such as project.lead, or a chat connection",
    "number": "a number such as 3",
    "percent": "a percentage such as 80%",
    "money": "money such as 2000 CNY",
    "duration": "a duration such as 3wd",
    "bool": "true or false",
    "list": "a list such as [50%, 80%]",
}


def variable_type(values: Iterable[Any]) -> Type:
    """The type of a variable that is not declared, from all the values it has anywhere."""
    kinds = {kind_of(found) for value in values if (found := read_variable(value)) is not None}
    return Type(kinds.pop()) if len(kinds) == 1 else ANY


def _written(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)[:60]
