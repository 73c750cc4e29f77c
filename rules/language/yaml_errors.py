"""What a YAML parser's complaint means to the person who wrote the file.

In: the parser's error and the text. Out: one `Problem` in plain words, at the place to mend, which is often where
a quote or bracket was opened and not where the parser gave up.
"""

from __future__ import annotations

import re

import yaml

from rules.language.model import Position, Problem

_QUOTE_THEN_MORE = re.compile(r"""^\s*(?:-\s+)*[\w-]+:\s+(["'])(?:(?!\1).)*\1\s*[^\s#,}\]]""")
_VALUE_WITH_COLON = re.compile(r"^\s*(?:-\s+)*([\w-]+):\s+\S.*:(?:\s|$)")
_COMMENT = re.compile(r"\s(#.*)$")
_COLON_IN_FLOW = re.compile(r"([\w-]+):\s+[^,\[\]{}]*?(:)(?:\s|$)")
_QUOTED = re.compile(r"""(["'])(?:(?!\1).)*\1""")

_WORDS: tuple[tuple[str, str, str], ...] = (
    (
        "block sequence entries are not allowed",
        "a list cannot start here",
        "put `- ` on a line of its own, indented",
    ),
    (
        "found undefined tag handle",
        "`!` starts a tag",
        "quote a text that starts with !; in an expression write `not`",
    ),
    (
        "found unknown escape character",
        "this backslash sequence is not known",
        "write \\\\ for a backslash, or use single quotes",
    ),
    ("found incompatible YAML document", "only YAML 1.1 and 1.2 can be read", "leave the %YAML line out"),
    ("found duplicate", "the directive stands here twice", "leave it out"),
    (
        "did not find expected alphabetic or numeric character",
        "`&` and `*` have a meaning in YAML",
        "quote the text",
    ),
    (
        "could not find expected ':'",
        "this line is neither `key: value` nor a list entry",
        "add the colon, or indent it below its key",
    ),
    ("found a tab character", "a tab stands where only spaces may indent", "replace the tab by spaces"),
    (
        "did not find expected <document start>",
        "this line does not belong to what is above it",
        "check its indentation",
    ),
    ("did not find expected node content", "a value is missing here", "write it, or quote it"),
    ("expected <block end>", "this line does not line up with the lines above it", "check its indentation"),
    (
        "did not find expected '-' indicator",
        "this line is no entry of the list above it",
        "start it with `- `, or check its indentation",
    ),
)


def explain_yaml_error(error: yaml.MarkedYAMLError, path: str, text: str) -> Problem:
    """The problem behind a parser error, with its place from 1."""
    mark, opened = error.problem_mark or error.context_mark, error.context_mark
    said, context = error.problem or "", error.context or ""
    line = _line(text, mark.line if mark else 0)
    at = Position(path, mark.line + 1, mark.column + 1) if mark else Position(path, 1, 1)
    begin = Position(path, opened.line + 1, opened.column + 1) if opened else at
    problem = (
        _torn_apart(line, at) or _inside(begin, at, text, f"{context}: {said}") or _misplaced(at, line, said)
    )
    if problem is not None:
        return problem
    for words, message, hint in _WORDS:
        if words in said:
            return Problem(at, message, hint)
    return Problem(at, f"not YAML: {said or 'it cannot be read'}", "quote the text or check the indentation")


def _inside(begin: Position, at: Position, text: str, said: str) -> Problem | None:
    """Something was opened at `begin`, and the parser gave up inside of it."""
    line = _line(text, at.line - 1)
    if "block scalar" in said and "comment or line break" in said:
        return _folded(begin, line)
    if "quoted scalar" in said and "escape" not in said:
        hint = "close it on the same line, or use `|` for long text"
        return Problem(begin, "the quote opened here is not closed", hint)
    if "flow sequence" in said or "flow mapping" in said:
        torn = _torn_in_flow(begin, _line(text, begin.line - 1))
        return torn or _flow(begin, at, "[" if "flow sequence" in said else "{", line)
    return None


def _misplaced(at: Position, line: str, said: str) -> Problem | None:
    if "cannot start any token" in said:
        return _bad_start(at, line[at.column - 1 : at.column])
    if "mapping values are not allowed" in said:
        return _second_colon(at, line)
    if "did not find expected key" in said:
        hint = "check its indentation and the quotes above it"
        return Problem(at, "this line does not line up with the keys above it", hint)
    return None


def _torn_apart(line: str, at: Position) -> Problem | None:
    """An expression or a template that YAML takes for something of its own."""
    bare = _QUOTED.sub(lambda found: "x" * len(found.group()), line)
    if "{{" in bare:
        where = Position(at.path, at.line, bare.index("{{") + 1)
        hint = "expressions are written bare; quote a text with names in it"
        return Problem(where, "`{{ }}` outside of quotes", hint)
    found = _QUOTE_THEN_MORE.match(line)
    if found is None:
        return None
    kind = "single" if found.group(1) == '"' else "double"
    hint = f"wrap the whole of it in {kind} quotes, or write it below `|`"
    where = Position(at.path, at.line, found.start(1) + 1)
    return Problem(where, "YAML ends this value at the second quote", hint)


def _torn_in_flow(begin: Position, line: str) -> Problem | None:
    """A `#` or a second `: ` that YAML takes for its own, in the line where the bracket was opened."""
    bare = _QUOTED.sub(lambda found: "x" * len(found.group()), line)
    comment = _COMMENT.search(bare, begin.column)
    if comment is not None:
        where = Position(begin.path, begin.line, comment.start(1) + 1)
        return Problem(where, "YAML takes what follows ` #` for a comment", "write the value in quotes")
    colon = _COLON_IN_FLOW.search(bare, begin.column)
    if colon is not None:
        where = Position(begin.path, begin.line, colon.start(2) + 1)
        return Problem(where, f"a second `: ` in the value of `{colon[1]}`", "write the value in quotes")
    return None


def _flow(begin: Position, at: Position, bracket: str, line: str) -> Problem:
    closing = {"[": "]", "{": "}"}[bracket]
    here = line[at.column - 1 : at.column]
    if here in tuple("[]{}(\"'") and at.line == begin.line:
        hint = "quote a value that holds brackets, quotes or commas"
        return Problem(at, f"`{here}` breaks the value inside {bracket} {closing}", hint)
    return Problem(
        begin,
        f"the `{bracket}` opened here is not closed",
        f"add `{closing}`, or a comma between its entries",
    )


def _folded(begin: Position, line: str) -> Problem:
    sign = line[begin.column - 1 : begin.column]
    hint = "write the name first (budget.used > 80%), or quote the value; a long text starts on the next line"
    return Problem(begin, f"`{sign}` at the start of a value begins a text of several lines", hint)


def _bad_start(at: Position, sign: str) -> Problem:
    if sign == "\t":
        return Problem(at, "a tab stands where only spaces may indent", "replace the tab by spaces")
    return Problem(at, f"a value cannot start with `{sign}`", "write it in quotes")


def _second_colon(at: Position, line: str) -> Problem:
    found = _VALUE_WITH_COLON.match(line)
    if found:
        return Problem(at, f"a second `: ` in the value of `{found.group(1)}`", "write the value in quotes")
    return Problem(at, "a key cannot start here", "check its indentation, or quote the text above it")


def _line(text: str, number: int) -> str:
    lines = text.splitlines()
    return lines[number] if number < len(lines) else ""
