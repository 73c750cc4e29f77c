"""What a plain (unquoted) YAML scalar means here: `true`, `false`, `null`, whole numbers, decimals, else text.

In: the scalar as written. Out: its value, and a trap where other YAML readers would take the same letters for
something else, so that a file means the same to its author, to the editor and to us.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

MAX_DIGITS = 40

_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)?\.[0-9]+\Z")
_STARTS_LIKE_A_NUMBER = re.compile(r"[-+]?\.?[0-9]|[-+]?\.(?:inf|nan)\Z", re.IGNORECASE)
_OLD_BOOLEAN = re.compile(r"(?:yes|no|on|off)\Z", re.IGNORECASE)
_CASED_WORD = re.compile(r"(?:true|false|null)\Z", re.IGNORECASE)
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+(?:\.[0-9]*)?\Z")
_CLOCK = re.compile(r"[-+]?[1-9][0-9]*(?::[0-5]?[0-9])+\Z|[-+]?0?[0-9](?::[0-5]?[0-9])+\Z")
_EXPONENT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+\Z")
_OTHER_BASE = re.compile(r"[-+]?0(?:x[0-9a-fA-F_]+|o[0-7_]+|b[01_]+)\Z")
_UNDERSCORED = re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|nan)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Trap:
    """Letters that YAML readers disagree about: what is wrong, how to write it, how bad it is."""

    message: str
    hint: str
    severity: Literal["error", "warning"] = "error"


def read_plain(text: str) -> tuple[Any, Trap | None]:
    """The value of an unquoted scalar: bool, None, int, Decimal or text; and the trap it is, if it is one."""
    if text in _WORDS:
        return _WORDS[text], None
    if not _STARTS_LIKE_A_NUMBER.match(text):
        return text, _word_trap(text)
    if sum(map(str.isdigit, text)) > MAX_DIGITS and not text.strip("+-.0123456789"):
        return text, Trap(f"the number has over {MAX_DIGITS} digits", "write it in quotes if text is meant")
    if _INTEGER.match(text):
        return int(text), None
    if _DECIMAL.match(text):
        return Decimal(text), None
    return text, _number_trap(text)


def _word_trap(text: str) -> Trap | None:
    if _OLD_BOOLEAN.match(text):
        meant = "true" if text.lower() in ("yes", "on") else "false"
        return Trap(
            f"`{text}` is a truth value to some YAML readers and text to others",
            f'write {meant}, or "{text}" in quotes if the word is meant',
        )
    if _CASED_WORD.match(text):
        return Trap(
            f"`{text}` is not `{text.lower()}`", f'write {text.lower()}, or "{text}" in quotes for the word'
        )
    return None


def _number_trap(text: str) -> Trap | None:
    quoted = f'"{text}" in quotes if text is meant'
    if _LEADING_ZERO.match(text):
        bare = text.lstrip("+-").lstrip("0") or "0"
        return Trap(f"`{text}` is octal to some YAML readers", f"write {bare} for the number, or {quoted}")
    if _EXPONENT.match(text):
        return Trap(f"`{text}` could be a number or text", f"write the number out, or {quoted}")
    if _OTHER_BASE.match(text) or _UNDERSCORED.match(text):
        return Trap(
            f"`{text}` is a number to some YAML readers and text to others",
            f"write plain digits, or {quoted}",
        )
    if _NOT_FINITE.match(text):
        return Trap(f"`{text}` is no number that can be used", f"write a finite number, or {quoted}")
    if _CLOCK.match(text):
        return Trap(
            f"`{text}` is a number counted in sixties to some YAML readers",
            f'write "{text}" in quotes',
            "warning",
        )
    return None
