"""What the engine says of its decisions, in every language of the interface.

In: the name of a sentence and what fills it in. Out: `Words`: the sentence in English, which is what logs and records
read, and `worded` for the same in another language. Whatever is not of our own making (rule words, ids, figures of an
error) stands in each language as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from rules.engine.sentence_texts import JOINED, TEXTS

LOCALES: Final = ("en", "zh-CN")
Join = Literal["and", "or", "list", "then"]


class Words(str):
    """A sentence in English that knows what it was made of.

    key: of TEXTS, or of JOINED for several in a row.  values: texts, words, and for JOINED `of`: the row.
    """

    __slots__ = ("key", "values")
    key: str
    values: Mapping[str, Any]


def say(key: str, /, **values: Any) -> Words:
    """The sentence of that name. Values are texts or words; one that the sentence does not name is for machines."""
    return _made(key, values)


def joined(how: Join, words: Iterable[str]) -> Words:
    """Several in a row: "a and b", "a or b", "a, b", and sentences one after the other ("then")."""
    return _made(how, {"of": tuple(words)})


def worded(text: str, locale: str) -> str:
    """The sentence in that language, in English where there is none; a text without words is what it is."""
    if not isinstance(text, Words):
        return text
    column = LOCALES.index(locale) if locale in LOCALES else 0
    return _filled(text.key, text.values, column)


def to_stored(text: str | None) -> Any:
    """What is kept of words, as plain values: enough to say them again in any language."""
    if not isinstance(text, Words):
        return text
    return {"say": text.key, **{name: _stored_value(value) for name, value in text.values.items()}}


def from_stored(stored: Any) -> Any:
    """The words that were kept; a plain text, as earlier versions kept it, stays one."""
    if isinstance(stored, Mapping) and stored.get("say") in _KNOWN:
        return _made(stored["say"], {name: _from_value(v) for name, v in stored.items() if name != "say"})
    return stored


_KNOWN: Final = frozenset({*TEXTS, *JOINED})


def _made(key: str, values: Mapping[str, Any]) -> Words:
    made = Words(_filled(key, values, 0))
    made.key, made.values = key, values
    return made


def _filled(key: str, values: Mapping[str, Any], column: int) -> str:
    locale = LOCALES[column]
    if key in JOINED:
        return JOINED[key][column].join(_shown(one, locale) for one in values["of"])
    return TEXTS[key][column].format_map({name: _shown(value, locale) for name, value in values.items()})


def _shown(value: Any, locale: str) -> Any:
    # Words are English as they stand: only other languages look into them.
    return worded(value, locale) if isinstance(value, Words) and locale != LOCALES[0] else value


def _stored_value(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_stored_value(one) for one in value]
    return to_stored(value) if isinstance(value, str) else value


def _from_value(value: Any) -> Any:
    return tuple(_from_value(one) for one in value) if isinstance(value, list) else from_stored(value)
