"""Strict YAML with positions.

In: the text of one file. Out: a `Document` (plain dicts, lists, text, int, Decimal, bool, None, with the place of
every key and value) and the problems found. Refused: duplicate keys, anchors, aliases, tags, keys that are not
text, several documents in one file, and anything over the limits below. Nothing is evaluated or merged.
Holding a document against a JSON Schema is `rules.language.schemas.check_schema`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from rules.language.model import Position, Problem
from rules.language.scalars import read_plain
from rules.language.yaml_errors import explain_yaml_error

MAX_BYTES = 1 << 20
MAX_NODES = 100_000
MAX_DEPTH = 50

Path = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_LINE_BREAK = re.compile("\r\n|\r|\n")
_ESCAPED = {"x": 2, "u": 4, "U": 8}


class Mark(NamedTuple):
    """Where a key and its value stand: index into the text and line and column from 1. `style` of a scalar is
    empty for plain, or one of ' " | >; none for mappings and lists.
    """

    line: int
    column: int
    start: int = 0
    end: int = 0
    style: str | None = None
    key_line: int = 0
    key_column: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """One file read. `value` is its content; `marks` has one entry for each path such as ("rules", 0, "if").

    `flagged` are the paths that a problem was already told about: later checks keep quiet about them.
    """

    path: str
    value: Any
    marks: Mapping[Path, Mark]
    text: str = field(repr=False, default="")
    flagged: frozenset[Path] = frozenset()

    def at(self, path: Path = (), key: bool = False) -> Position:
        """Where the value (or the key) at `path` stands; the nearest that exists above it otherwise."""
        known = next(path[:n] for n in range(len(path), -1, -1) if path[:n] in self.marks or n == 0)
        mark = self.marks.get(known, Mark(1, 1))
        if key and known == path and mark.key_line:
            return Position(self.path, mark.key_line, mark.key_column)
        return Position(self.path, mark.line, mark.column)

    def inside(self, path: Path, offset: int) -> Position:
        """Where the character number `offset` of the text at `path` stands, through quotes, escapes and folds."""
        mark, value = self.marks.get(path), self.get(path)
        if mark is None or mark.style is None or not isinstance(value, str):
            return self.at(path)
        index = _source_index(self.text, mark, value, offset)
        before = self.text[:index]
        breaks = list(_LINE_BREAK.finditer(before))
        return Position(self.path, len(breaks) + 1, index - (breaks[-1].end() if breaks else 0) + 1)

    def get(self, path: Path, default: Any = None) -> Any:
        """The value at `path`, or `default` where there is none."""
        found = self.value
        for step in path:
            if isinstance(found, dict):
                if step not in found:
                    return default
            elif not (isinstance(found, list) and isinstance(step, int) and 0 <= step < len(found)):
                return default
            found = found[step]
        return found


def read(text: str, path: str) -> tuple[Document | None, list[Problem]]:
    """Read one YAML file. The document is none when the text is not YAML or over a limit; with other problems
    it is given, so that one look finds everything, but any problem of severity "error" means: do not use it.
    """
    text = text.removeprefix("\ufeff")
    refused = _refuse_text(text, path)
    if refused is not None:
        return None, [refused]
    reader = _Reader(path, text)
    try:
        value = reader.read()
    except yaml.MarkedYAMLError as error:
        final = explain_yaml_error(error, path, text)
        return None, [*(p for p in reader.problems if p.at.line != final.at.line), final]
    except _OverLimitError as error:
        return None, [*reader.problems, error.problem]
    return Document(path, value, reader.marks, text, frozenset(reader.flagged)), reader.problems


def _refuse_text(text: str, path: str) -> Problem | None:
    odd = _UNPRINTABLE.search(text)
    if odd:
        before = text[: odd.start()]
        line = len(_LINE_BREAK.findall(before)) + 1
        column = odd.start() - max(before.rfind("\n"), before.rfind("\r"))
        return Problem(
            Position(path, line, column),
            f"the invisible character U+{ord(odd.group()):04X} may not stand in a file",
            "delete it, or write an ordinary line break or space",
        )
    if len(text) > MAX_BYTES or len(text.encode()) > MAX_BYTES:
        return Problem(Position(path, 1, 1), "the file is over 1 MiB", "split it into several files")
    return None


class _OverLimitError(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


class _Reader:
    """Builds values from parser events, so that an alias bomb or a deep nest is refused before it is built."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self.marks: dict[Path, Mark] = {}
        self.problems: list[Problem] = []
        self.flagged: set[Path] = set()
        self.nodes = 0

    def read(self) -> Any:
        """The value of the one document in the stream; none for an empty file."""
        next(self.events)
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return None
        value = self._node(next(self.events), ())
        next(self.events)
        extra = next(self.events)
        if not isinstance(extra, yaml.StreamEndEvent):
            self._tell(
                extra,
                "a second document starts here",
                "put it into a file of its own; one file is one document",
            )
        return value

    def _node(self, event: Any, path: Path, key: Any = None) -> Any:
        self._within_limits(event, path)
        self._mark(event, path, key)
        if isinstance(event, yaml.AliasEvent):
            self._tell(
                event,
                f"`*{event.anchor}` is an alias",
                "write the value out, or quote a text that starts with *",
                path,
            )
            return None
        self._plain_words_only(event, path)
        if isinstance(event, yaml.MappingStartEvent):
            found = self._mapping(path)
            if event.flow_style:
                self._torn(found, path)
            return found
        if isinstance(event, yaml.SequenceStartEvent):
            entries = self._sequence(path)
            if event.flow_style:
                self._torn(dict(enumerate(entries)), path)
            return entries
        return self._scalar(event, path)

    def _within_limits(self, event: Any, path: Path) -> None:
        self.nodes += 1
        at = self._position(event)
        if self.nodes > MAX_NODES:
            hint = "split it into several files"
            raise _OverLimitError(Problem(at, f"the file has over {MAX_NODES:,} values", hint))
        if len(path) > MAX_DEPTH:
            raise _OverLimitError(
                Problem(at, f"nested over {MAX_DEPTH} levels deep", "nothing here needs that")
            )

    def _plain_words_only(self, event: Any, path: Path) -> None:
        if event.anchor is not None:
            hint = "write the value where it is needed, or quote a text that starts with &"
            self._tell(event, f"`&{event.anchor}` is an anchor", hint, path)
        if event.tag is not None and event.tag != "!":
            shown = event.tag.replace("tag:yaml.org,2002:", "!!")
            hint = "leave it out; quote a text that starts with !; in an expression the word is `not`"
            self._tell(event, f"`{shown}` is a tag", hint, path)

    def _mapping(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._key(event, path)
            if key is None or key in found:
                if key is not None:
                    first = self.marks[*path, key].key_line
                    self._tell(event, f"`{key}` stands here twice", f"it is also on line {first}; keep one")
                self._node(next(self.events), (*path, f"{key}\0{self.nodes}"))
                continue
            found[key] = self._node(next(self.events), (*path, key), event)
        self._close(event, path)
        return found

    def _torn(self, entries: dict[Any, Any], path: Path) -> None:
        """Inside { } and [ ] a comma ends a plain value: what has a comma in it comes out in two pieces."""
        for (key, value), (after, rest) in itertools.pairwise(entries.items()):
            mark = self.marks[*path, key]
            if mark.style != "" or not isinstance(value, str):
                continue
            listed = isinstance(after, int)
            piece = rest if listed else after if rest is None else ""
            halves = isinstance(piece, str) and _opened(value) > 0 > _opened(piece)
            if halves or (not listed and " " in piece):
                at = Position(self.path, mark.line, mark.column)
                self.problems.append(
                    Problem(at, f"YAML ends `{value}` at the comma", "write the whole of it in quotes")
                )
                self.flagged |= {(*path, key), (*path, after)}

    def _key(self, event: Any, path: Path) -> str | None:
        if not isinstance(event, yaml.ScalarEvent):
            self._skip(event, path)
            hint = "quote the key; an expression is written without {{ }}"
            self._tell(event, "a key has to be text", hint, path)
            return None
        self._plain_words_only(event, path)
        if not event.style and not isinstance(read_plain(event.value)[0], str):
            self._tell(event, f"the key `{event.value}` is not text", f'write "{event.value}" in quotes')
            return None
        return str(event.value)

    def _skip(self, event: Any, path: Path) -> None:
        if not isinstance(event, yaml.AliasEvent):
            self._node(event, (*path, f"\0{self.nodes}"))

    def _sequence(self, path: Path) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            found.append(self._node(event, (*path, len(found))))
        self._close(event, path)
        return found

    def _scalar(self, event: Any, path: Path) -> Any:
        if event.style or event.tag == "!":
            return event.value
        value, trap = read_plain(event.value)
        if trap is not None:
            self.problems.append(Problem(self._position(event), trap.message, trap.hint, trap.severity))
            if trap.severity == "error":
                self.flagged.add(path)
        return value

    def _mark(self, event: Any, path: Path, key: Any) -> None:
        start, end = event.start_mark, event.end_mark
        style = (event.style or "") if isinstance(event, yaml.ScalarEvent) else None
        key_line, key_column = (key.start_mark.line + 1, key.start_mark.column + 1) if key else (0, 0)
        self.marks[path] = Mark(
            start.line + 1, start.column + 1, start.index, end.index, style, key_line, key_column
        )

    def _close(self, event: Any, path: Path) -> None:
        self.marks[path] = self.marks[path]._replace(end=event.end_mark.index)

    def _position(self, event: Any) -> Position:
        return Position(self.path, event.start_mark.line + 1, event.start_mark.column + 1)

    def _tell(self, event: Any, message: str, hint: str, path: Path | None = None) -> None:
        self.problems.append(Problem(self._position(event), message, hint))
        if path is not None:
            self.flagged.add(path)


def _opened(text: str) -> int:
    """How many brackets a piece of text opens and does not close."""
    return text.count("(") - text.count(")")


def _source_index(text: str, mark: Mark, value: str, offset: int) -> int:
    """Walk the source beside the value until `offset`: quotes, indents and escape signs have no counterpart."""
    source = mark.start
    if mark.style in ("|", ">"):
        source = text.find("\n", mark.start) + 1
    elif mark.style:
        source += 1
    for wanted in value[:offset]:
        source = _after(text, mark, source, wanted)
    return _skip_to(text, mark, source, value[offset]) if offset < len(value) else min(source, mark.end)


def _after(text: str, mark: Mark, source: int, wanted: str) -> int:
    """The index behind the source of one character of the value."""
    source = _skip_to(text, mark, source, wanted)
    if mark.style == '"' and text[source : source + 1] == "\\":
        return source + 2 + _ESCAPED.get(text[source + 1 : source + 2], 0)
    if wanted == " " and text[source : source + 1] in ("\n", "\r"):
        while source < mark.end and text[source] in " \t\r\n":
            source += 1
        return source
    return source + 1


def _skip_to(text: str, mark: Mark, source: int, wanted: str) -> int:
    while source < mark.end and text[source] != wanted:
        if mark.style == '"' and text[source] == "\\":
            return source
        if wanted == " " and text[source] in "\n\r":
            return source
        source += 1
    return source
