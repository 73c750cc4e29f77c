"""The words of an expression.

In: the text of an expression. Out: tokens with their place in it (offsets from 0). What is no word of the language is
refused here with the word that was meant: other languages' operators, typographic quotes, full-width signs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from rules.facts.duration import BadDuration, Duration
from rules.facts.money import MINOR_UNITS, BadNumber, Money, UnknownCurrency, decimal_of

MAX_LENGTH: Final = 2_000

TokenKind = Literal["number", "percent", "money", "duration", "text", "name", "word", "sign", "end"]

WORDS: Final = frozenset({"and", "or", "not", "in", "if", "else", "true", "false", "none"})

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
    |(?P<money>[0-9]+(?:\.[0-9]+)?[ ]+[A-Z]{3}(?![A-Za-z0-9_.]))
    |(?P<percent>[0-9]+(?:\.[0-9]+)?%)
    |(?P<duration>[0-9]+(?:wd|[mhdw])(?![A-Za-z0-9_.]))
    |(?P<number>[0-9]+(?:\.[0-9]+)?(?![A-Za-z0-9_.]))
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)
    |(?P<sign>==(?!=)|!=(?!=)|<=|>=|<(?!>)|>|\+|-|\*(?!\*)|/(?!/)|\(|\)|\[|\]|,)
    """,
    re.VERBOSE | re.DOTALL,
)

# Sign or word met, what is said of it, what to write. Longer signs stand before their beginnings.
_MISTAKES: Final = (
    ("{{", "an expression is written bare, without {{ }}", "take the braces away"),
    ("}}", "an expression is written bare, without {{ }}", "take the braces away"),
    ("===", "`===` is no comparison", "write =="),
    ("!==", "`!==` is no comparison", "write !="),
    ("=>", "`=>` is no comparison", "write >="),
    ("=<", "`=<` is no comparison", "write <="),
    ("=", "`=` does not compare", "write =="),
    ("<>", "`<>` is no comparison", "write !="),
    ("&&", "`&&` is no word of this language", "write and"),
    ("||", "`||` is no word of this language", "write or"),
    ("!", "`!` is no word of this language", "write not"),
    ("&", "`&` is no word of this language", "write and"),
    (
        "|",
        "`|` is no word of this language",
        "write or; filters belong to texts, functions stand in front: lower(x)",
    ),
    ("**", "there are no powers", "use + - * /"),
    ("//", "there is no whole-number division", "use / and round(...)"),
    ("%", "`%` belongs right behind a number, and there is no remainder", "write 80% without a space"),
    (".", "a name or number is missing beside the dot", "write 0.5, or object.field"),
    (":", "`:` has no meaning here", "choose with `a if condition else b`"),
    ("?", "`?` has no meaning here", "choose with `a if condition else b`"),
    (";", "`;` has no meaning here", "write one expression; several conditions are a list"),
    ("~", "`~` has no meaning here", 'a pattern is tested with matches(text, "*part*")'),
    ("$", "a currency is written as its code behind the amount", "write 2000 USD"),
    ("€", "a currency is written as its code behind the amount", "write 2000 EUR"),
    ("£", "a currency is written as its code behind the amount", "write 2000 GBP"),
    ("¥", "a currency is written as its code behind the amount", "write 2000 CNY or 2000 JPY"),
    ("￥", "a currency is written as its code behind the amount", "write 2000 CNY"),
    ("{", "braces have no meaning here", "lists are written [a, b]"),
    ("}", "braces have no meaning here", "lists are written [a, b]"),
)
_TYPOGRAPHIC: Final = dict.fromkeys("“”„«»「」『』＂", '"') | dict.fromkeys("‘’‚`´＇", "'")
_FULL_WIDTH: Final = {
    **dict(zip("（）［］【】，＜＞！＋－％。、−–", "()[][],<>!+-%.,--", strict=True)),
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "×": "*",
    "÷": "/",
    "＝": "==",
}


class NotUnderstood(ValueError):
    """The text is no expression: what is wrong, how to mend it, and where (offset from 0)."""

    def __init__(self, message: str, hint: str, offset: int) -> None:
        super().__init__(message)
        self.message, self.hint, self.offset = message, hint, offset


@dataclass(frozen=True, slots=True)
class Token:
    """One word: its kind, the text as written, its value when it is a literal, and where it stands."""

    kind: TokenKind
    text: str
    value: Any
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """The tokens of an expression, an "end" token last. Raises NotUnderstood."""
    if len(text) > MAX_LENGTH:
        hint = "split it into several conditions: `if:` takes a list"
        raise NotUnderstood(f"the expression has {len(text):,} characters, over {MAX_LENGTH:,}", hint, 0)
    tokens: list[Token] = []
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            raise _mistake(text, offset)
        if match.lastgroup != "space":
            tokens.append(_token(str(match.lastgroup), match))
        offset = match.end()
    return [*tokens, Token("end", "", None, len(text), len(text))]


def _token(kind: str, match: re.Match[str]) -> Token:
    text, start, end = match.group(), match.start(), match.end()
    if kind == "name":
        return Token("word" if text in WORDS else "name", text, None, start, end)
    if kind == "sign":
        return Token("sign", text, None, start, end)
    return _literal(kind, text, start, end)


def _literal(kind: str, text: str, start: int, end: int) -> Token:
    try:
        if kind == "number":
            return Token("number", text, decimal_of(text), start, end)
        if kind == "percent":
            return Token("percent", text, decimal_of(text[:-1]).scaleb(-2), start, end)
        if kind == "money":
            return Token("money", text, Money.parse(re.sub(" +", " ", text)), start, end)
        if kind == "duration":
            return Token("duration", text, Duration.parse(text), start, end)
    except UnknownCurrency:
        raise _unknown_currency(text, start) from None
    except (BadNumber, BadDuration) as error:
        raise NotUnderstood(str(error), "write a smaller one", start) from None
    return Token("text", text, re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL), start, end)


def _unknown_currency(text: str, start: int) -> NotUnderstood:
    code = text.rsplit(maxsplit=1)[-1]
    near = [c for c in MINOR_UNITS if sorted(c) == sorted(code) or sum(map(str.__eq__, c, code)) == 2]
    meant = f"did you mean `{near[0]}`?" if len(near) == 1 else "use an ISO 4217 code such as CNY, USD, EUR"
    return NotUnderstood(f"`{code}` is no currency", meant, start + text.rindex(code))


def _mistake(text: str, offset: int) -> NotUnderstood:
    sign, rest = text[offset], text[offset:]
    if sign in "\"'":
        return NotUnderstood("the quote opened here is not closed", f"close it with {sign}", offset)
    if sign.isdigit():
        return _number_mistake(rest, offset)
    if sign in _TYPOGRAPHIC:
        hint = 'write straight quotes: "text"'
        return NotUnderstood(f"`{sign}` is no quote of this language", hint, offset)
    if sign in _FULL_WIDTH:
        return NotUnderstood(f"`{sign}` is no sign of this language", f"write {_FULL_WIDTH[sign]}", offset)
    for start, message, hint in _MISTAKES:
        if rest.startswith(start):
            return NotUnderstood(message, hint, offset)
    if sign.isalpha():
        word = re.match(r"\w+", rest)
        shown = word.group()[:40] if word else sign
        return NotUnderstood(f"`{shown}` is no name", "names are English; text stands in quotes", offset)
    return NotUnderstood(f"`{sign}` has no meaning here", "", offset)


def _number_mistake(rest: str, offset: int) -> NotUnderstood:
    word = re.match(r"[0-9][\w.,]*", rest)
    shown = word.group().rstrip(".,") if word else rest[:1]
    if not shown.isascii():
        return NotUnderstood(f"`{shown}` is not written in plain digits", "write 0 to 9", offset)
    if re.fullmatch(r"[0-9]{1,2}[-.][0-9]{1,2}[-.][0-9]{2,4}", shown):
        return NotUnderstood(f"`{shown}` is no number", "compare with a date field, or with today", offset)
    unit = re.fullmatch(r"([0-9]+)([A-Za-z]+)", shown)
    if unit:
        return NotUnderstood(f"`{shown}` is no duration", unit_hint(unit.group(1), unit.group(2)), offset)
    return NotUnderstood(
        f"`{shown}` is no number", "write digits with an optional point, such as 1234.50", offset
    )


_UNITS: Final = {
    "m": ("min", "mins", "minute", "minutes"),
    "h": ("hr", "hrs", "hour", "hours"),
    "d": ("day", "days"),
    "wd": ("workday", "workdays", "working", "bd", "businessdays"),
    "w": ("week", "weeks", "wk", "wks"),
}


def unit_hint(number: str, unit: str) -> str:
    """What `3days`, `3 days` or `2000usd` should have been."""
    meant = next((short for short, long in _UNITS.items() if unit.lower() in (short, *long)), None)
    if meant:
        return f"did you mean `{number}{meant}`?"
    if unit.upper() in MINOR_UNITS:
        return f"did you mean `{number} {unit.upper()}`?"
    if unit.lower() in ("percent", "pct"):
        return f"did you mean `{number}%`?"
    return "units: m (minutes), h, d, wd (working days), w; money as 2000 CNY"


def as_number(token: Token) -> Decimal | None:
    """The value of a bare number or percentage, none for other tokens."""
    return token.value if token.kind in ("number", "percent") else None
