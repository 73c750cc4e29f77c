"""What was probably meant where two kinds of values meet that cannot.

In: a literal or name and the kinds on both sides. Out: the end of an error message: what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from rules.language.syntax import Literal, Node

_DAY: Final = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
WORDS: Final = {
    "text": "text",
    "number": "a number",
    "money": "money",
    "date": "a date",
    "time": "a time",
    "duration": "a duration",
    "bool": "true or false",
    "list": "a list",
    "none": "none",
    "any": "any value",
}
# Functions of other languages, and what stands here in their place.
OTHER_NAMES: Final = {
    "length": "len(...)",
    "count": "len(...)",
    "size": "len(...)",
    "sum": "a + b; totals are fields such as budget.spent",
    "floor": "round(...)",
    "ceil": "round(...)",
    "like": 'matches(text, "glob*")',
    "regex": 'matches(text, "glob*"); there are no regular expressions',
    "match": 'matches(text, "glob*")',
    "includes": "contains(list, part)",
    "has": "contains(list, part)",
    "exists": "known(name), or name != none",
    "defined": "known(name)",
    "isnull": "name == none",
    "isempty": 'name == none, or name == ""',
    "previous": "before(name)",
    "old": "before(name)",
    "haschanged": "changed(name)",
    "date": "day(time)",
    "now": "now, without parentheses",
    "today": "today, without parentheses",
    "workdays": "working_days_between(a, b)",
    "exchange": 'convert(amount, "CNY")',
    "if": "a if condition else b",
    "any": "a or b",
    "all": "a and b; a list under `if:` is what must all hold",
    "concat": "a + b",
    "avg": "(a + b) / 2",
    "substring": "startswith(text, beginning)",
    "replace": 'contains(text, "part")',
    "coalesce": "a if known(a) else b",
    "datediff": "b - a, or working_days_between(a, b)",
    "days_between": "b - a, which is compared with a duration: b - a > 3d",
    "str": "the value itself: texts format it with filters",
    "int": "round(...)",
}


def bare_number(node: Node, written: str, kind: str, wanted: str, currencies: Iterable[str]) -> str:
    """What to write for a bare number where money, a duration, a date or text is meant; empty for anything else."""
    if wanted in ("date", "time") and _DAY.fullmatch(written):
        return "a day cannot be written out; compare with a name, such as today or milestone.due"
    if not isinstance(node, Literal) or kind != "number":
        return ""
    if wanted == "money":
        return f"a bare number is no money: write {written} {min(currencies, default='CNY')}"
    if wanted == "duration":
        return f"a bare number is no duration: write {written}wd, {written}d or {written}h"
    if wanted == "text":
        return f'write "{written}" in quotes'
    return "add a duration such as 3d or 3wd" if wanted in ("date", "time") else ""


def conversion(node: Node, written: str, kind: str, wanted: str) -> str:
    """How a value of one kind can meet one of another; empty where it cannot."""
    if (kind, wanted) == ("time", "date"):
        return f"compare days: day({written})"
    if kind == "list":
        return f"test with `x in {written}`"
    if kind != "text" or not isinstance(node, Literal):
        return ""
    if wanted in ("date", "time"):
        return "compare with another date, or with today"
    return f"write {node.value} without quotes" if wanted in ("number", "money", "duration", "bool") else ""
