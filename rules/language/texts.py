"""Texts: a template and the names of one message -> subject, body, short form.

In: a `Text` (Jinja sources), names, the locale and zone of the reader. Out: `Rendered` plain text, or `TextError`. The
sandbox has no functions, no attributes of Python objects and no arithmetic; every value is worded for the reader
(wording.py) and can never act as markup, whoever wrote it.

The body is plain text: a blank line ends a paragraph; a paragraph that is only `[Label]({{ link }})` is a button; lines
`| name | figure |` are rows of a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError, Undefined, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rules.language.model import UNKNOWN, Text
from rules.language.wording import Wording

MAX_SOURCE: Final = 20_000
MAX_OUTPUT: Final = 100_000
MAX_ITEMS: Final = 500
MAX_SUBJECT: Final = 200

FILTERS: Final = (
    "money",
    "percent",
    "number",
    "day",
    "when",
    "duration",
    "list",
    "lower",
    "upper",
    "length",
    "default",
)
TESTS: Final = ("defined", "none", "known")

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_BREAKS: Final = re.compile(r"\s*[\r\n]\s*")
_BLANK_LINES: Final = re.compile(r"\n{3,}")
_TRAILING: Final = re.compile(r"[ \t]+$", re.MULTILINE)


_ABSENT: Final = object()


class TextError(ValueError):
    """A text that cannot be rendered; the message names what is wrong in it."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in words. The subject has one line; the short form falls back to the subject."""

    subject: str
    body: str
    short: str


def render(text: Text, names: Mapping[str, Any], locale: str, zone: str) -> Rendered:
    """The text with its names filled in.

    names: nested mappings, or dotted names ("budget.spent") on any level.  Raises TextError for a name that is not
    there or not known, and for a text that grows over `MAX_OUTPUT` characters.
    """
    view = _View(names, "")
    subject = _one_line(_filled(text.subject, view, locale, zone))[:MAX_SUBJECT]
    body = _tidy(_filled(text.body, view, locale, zone))
    return Rendered(subject, body, _one_line(_filled(text.short, view, locale, zone)) or subject)


def joined(head: Rendered, parts: Iterable[Mapping[str, str]]) -> Rendered:
    """One message that says several: each under its own subject, after what `head` says of them."""
    said = [f"{number}. {part['subject']}\n\n{part['body']}" for number, part in enumerate(parts, start=1)]
    return Rendered(head.subject, "\n\n".join([head.body, *said]), head.short)


def _filled(source: str, view: _View, locale: str, zone: str) -> str:
    if "{" not in source:
        return source
    try:
        template = _template(source, locale, zone)
        return "".join(_bounded(template.generate(dict(view.items()))))
    except (TemplateError, SecurityError) as error:
        raise TextError(_reason(error)) from None
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise TextError(str(error)[:200] or "the text cannot be filled in") from None


def _bounded(pieces: Iterator[str]) -> Iterator[str]:
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > MAX_OUTPUT:
            raise TextError(f"the text grows over {MAX_OUTPUT:,} characters")
        yield piece


def _reason(error: Exception) -> str:
    message = str(error)
    quoted = re.findall(r"'([^']+)'", message)
    if isinstance(error, UndefinedError) and quoted:
        return f"`{quoted[-1]}` is not known"
    return message[:200]


@lru_cache(maxsize=2048)
def _template(source: str, locale: str, zone: str) -> Template:
    if len(source) > MAX_SOURCE:
        raise TextError(f"the text has over {MAX_SOURCE:,} characters")
    return environment(locale, zone).from_string(source)


@lru_cache(maxsize=128)
def environment(locale: str, zone: str) -> _Environment:
    """The sandbox of one locale and zone."""
    return _Environment(Wording(locale, zone))


class _Environment(ImmutableSandboxedEnvironment):
    """Knows the filters above and nothing else; what it prints is worded first and made harmless."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, wording: Wording) -> None:
        super().__init__(
            undefined=StrictUndefined,
            finalize=lambda value: _harmless(value, wording),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            cache_size=0,
        )
        self.globals = {}
        own: dict[str, Any] = {
            "money": wording.money,
            "percent": wording.percent,
            "number": wording.number,
            "day": wording.day,
            "when": wording.when,
            "duration": wording.duration,
            "list": wording.listed,
        }
        self.filters = {name: self.filters[name] for name in FILTERS if name not in own} | own
        self.tests = {"defined": self.tests["defined"], "none": self.tests["none"], "known": _known}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Fields of records and nothing else: no attribute of a Python object can be reached."""
        if isinstance(obj, _View):
            return obj.get(attribute, self.undefined(obj=obj, name=obj.dotted(attribute)))
        if type(obj).__name__ == "LoopContext" and attribute in ("index", "first", "last", "length"):
            return getattr(obj, attribute)
        return self.undefined(name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """As `getattr`; entries of lists are not picked by number."""
        return self.getattr(obj, str(argument))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Texts do not calculate: a product of a text and a number could fill the memory."""
        del context, left, right
        raise SecurityError(f"`{operator}` cannot stand in a text")

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ARG002 - nothing may be called
        return False


class _View(Mapping[str, Any]):
    """Names as the template walks them: records in records, whether their keys are nested or dotted."""

    def __init__(self, names: Mapping[str, Any], prefix: str) -> None:
        self._names = names
        self._prefix = prefix

    def dotted(self, name: str) -> str:
        return f"{self._prefix}.{name}" if self._prefix else name

    def __getitem__(self, name: str) -> Any:
        dotted = {k[len(name) + 1 :]: v for k, v in self._names.items() if k.startswith(name + ".")}
        found = self._names.get(name, dotted or _ABSENT)
        if found is _ABSENT:
            raise KeyError(name)
        if dotted and isinstance(found, Mapping):
            found = {**found, **dotted}
        return _opened(found, self.dotted(name))

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(k.partition(".")[0] for k in self._names if not k.startswith(("_", "$"))))

    def __len__(self) -> int:
        return len(list(iter(self)))


def _opened(value: Any, path: str) -> Any:
    if value is UNKNOWN:
        return StrictUndefined(name=path)
    if isinstance(value, Mapping):
        return _View(value, path)
    if isinstance(value, list | tuple):
        return [_opened(one, path) for one in value[:MAX_ITEMS]]
    return value


def _known(value: Any) -> bool:
    return value is not None and not isinstance(value, Undefined)


def _harmless(value: Any, wording: Wording) -> Any:
    """A value as words that cannot make a paragraph, a button or a row of a table of their own."""
    if isinstance(value, Undefined):
        return value
    if isinstance(value, _View):
        raise TextError(f"`{value.dotted('')[:-1]}` is an object: name one of its fields")
    words = _CONTROL.sub("", _BREAKS.sub(" ", wording.plain(value)))
    return words.replace("|", "｜").replace("](", "] (")


def _one_line(text: str) -> str:
    return " ".join(_CONTROL.sub(" ", text).split())


def _tidy(text: str) -> str:
    return _BLANK_LINES.sub("\n\n", _TRAILING.sub("", text)).strip()
