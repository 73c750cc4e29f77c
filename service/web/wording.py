"""The words of the interface: a locale comes in, texts by dotted name go out.

Texts are plain YAML (`texts/en.yaml`, `texts/zh-CN.yaml`). A text that changes with a number is a mapping by plural
category (`one`, `other`) and is chosen by the value `count`. Dates, money and figures are in `formats.py`.
"""

import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from babel import Locale
from babel.numbers import format_decimal
from markupsafe import Markup, escape

LOCALES = ("en", "zh-CN")
TEXTS = Path(__file__).parent / "texts"
_BORDER = re.compile(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9%][\u4e00-\u9fff]")
_PLURALS = frozenset({"zero", "one", "two", "few", "many", "other"})


class MissingWording(LookupError):
    """A page asked for a text that this locale does not have, or left out a value that the text names."""


@dataclass(frozen=True)
class Wording:
    """The texts of one locale (`en`, `zh-CN`) by dotted name."""

    locale: str
    texts: Mapping[str, str | Mapping[str, str]]

    def t(self, key: str, /, **values: object) -> str:
        """The text `key` with its `{names}` replaced; markup values make the whole result safe markup.

        Raises MissingWording for an unknown key, a plural text without `count`, or a value that was not given.
        """
        pieces: list[str] = []
        for literal, name, _, _ in string.Formatter().parse(self._template(key, values)):
            pieces.append(Markup(literal))  # noqa: S704 - from our own catalogue
            if name is not None:
                if name not in values:
                    raise MissingWording(f"{self.locale}: {key} needs the value {name}")
                pieces.append(self._shown(values[name]))
        if any(isinstance(value, Markup) for value in values.values()):
            return _joined([escape(piece) for piece in pieces])
        return _joined([str(piece) for piece in pieces])

    def has(self, key: str) -> bool:
        return key in self.texts

    def _template(self, key: str, values: Mapping[str, object]) -> str:
        text = self.texts.get(key)
        if text is None:
            raise MissingWording(f"{self.locale}: no text {key}")
        if isinstance(text, str):
            return text
        count = values.get("count")
        if not isinstance(count, int | Decimal):
            raise MissingWording(f"{self.locale}: {key} changes with a number and needs the value count")
        return text.get(rules_of(self.locale).plural_form(count), text["other"])

    def _shown(self, value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return value if isinstance(value, str) else str(value)
        return format_decimal(value, locale=rules_of(self.locale))


def names_in(text: str | Mapping[str, str]) -> frozenset[str]:
    """The values that a text needs: `{count}` and the like, over all plural forms."""
    forms = [text] if isinstance(text, str) else list(text.values())
    return frozenset(
        name for form in forms for _, name, _, _ in string.Formatter().parse(form) if name is not None
    )


@cache
def rules_of(locale: str) -> Locale:
    """How numbers, dates and plurals are written in a locale; reading it takes longer than using it."""
    return Locale.parse(locale, sep="-")


@cache
def wording_for(locale: str) -> Wording:
    """The wording of one of LOCALES, read once; an unknown locale is a LookupError."""
    if locale not in LOCALES:
        raise LookupError(f"no interface texts for {locale!r}; there are {', '.join(LOCALES)}")
    source = (TEXTS / f"{locale}.yaml").read_text(encoding="utf-8")
    tree = yaml.load(source, Loader=yaml.BaseLoader)  # noqa: S506 - makes only texts, so `no` and `on` stay words
    return Wording(locale, dict(_flatten(tree, "")))


def best_locale(wanted: Iterable[str]) -> str:
    """The first of LOCALES that suits a reader's languages in order of preference (`zh`, `zh-Hans-CN`, `en-GB`)."""
    by_language = {locale.split("-")[0]: locale for locale in LOCALES}
    for tag in wanted:
        language = tag.replace("_", "-").split("-")[0].lower()
        if language in by_language:
            return by_language[language]
    return LOCALES[0]


def _joined(pieces: list[str]) -> str:
    """The pieces in a row, with the space that stands between Han and Latin script or figures."""
    whole = pieces[0][:0]
    before = ""
    for piece in pieces:
        shown = piece.striptags() if isinstance(piece, Markup) else piece
        if shown:
            whole += (" " if _BORDER.fullmatch(before[-1:] + shown[0]) else "") + piece
            before = shown
    return whole


def _flatten(branch: Mapping[str, Any], path: str) -> list[tuple[str, str | Mapping[str, str]]]:
    found: list[tuple[str, str | Mapping[str, str]]] = []
    for key, value in branch.items():
        name = f"{path}.{key}" if path else str(key)
        if isinstance(value, str) or ("other" in value and value.keys() <= _PLURALS):
            found.append((name, value))
        else:
            found.extend(_flatten(value, name))
    return found
