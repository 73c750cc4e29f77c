"""What a text asks for, before any message is made of it.

In: one Jinja source. Out: the names it uses with their places and what is wrong with it: words that templates may not
use, filters that do not exist, loops over anything but a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from jinja2 import TemplateSyntaxError, nodes

from rules.language.nearest import allowed_here
from rules.language.texts import FILTERS, MAX_SOURCE, TESTS, environment

MAX_NESTED_LOOPS: Final = 2


@dataclass(frozen=True, slots=True)
class Used:
    """A dotted name that a text uses. `item` is true for a field of the items of a loop ("item.amount").

    tested: only asked whether it is there.  offset: where it stands in the source, from 0.  of: the list whose items
    the loop goes over.
    """

    name: str
    offset: int
    item: bool = False
    tested: bool = False
    of: str = ""

    @property
    def inside(self) -> Used:
        """The same name as the item itself has it: "item.issue.title" is its "issue.title"."""
        return Used(self.name.partition(".")[2], self.offset, False, self.tested)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at an offset of the source."""

    message: str
    hint: str
    offset: int


_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.Const,
    nodes.Filter,
    nodes.Test,
    nodes.If,
    nodes.For,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.Concat,
    nodes.List,
    nodes.Keyword,
)
_REFUSED: Final[dict[type[nodes.Node], str]] = {
    nodes.Call: "nothing can be called in a text; filters stand behind a name: {{ budget.spent | money }}",
    nodes.Getitem: "entries are not picked by number or key; write object.field, or a loop",
    nodes.BinExpr: "texts do not calculate; a rule can, and figures have names such as budget.remaining",
}


@lru_cache(maxsize=4096)
def inspect(source: str) -> tuple[tuple[Used, ...], tuple[Fault, ...]]:
    """The names a source uses, in its order, and its faults."""
    if len(source) > MAX_SOURCE:
        return (), (Fault(f"the text has over {MAX_SOURCE:,} characters", "make it shorter", 0),)
    try:
        tree = environment("en", "UTC").parse(source)
    except TemplateSyntaxError as error:
        return (), (_syntax(error, source),)
    except RecursionError:
        return (), (Fault("the text is nested too deep", "make it simpler", 0),)
    walk = _Walk(source)
    walk.visit(tree, {}, 0)
    return tuple(walk.used), (*walk.faults, *_lonely_buttons(source))


class _Walk:
    def __init__(self, source: str) -> None:
        self.source = source
        self.used: list[Used] = []
        self.faults: list[Fault] = []
        self.seen: dict[str, int] = {}

    def visit(self, node: nodes.Node, items: Mapping[str, str], loops: int, tested: bool = False) -> None:
        if isinstance(node, nodes.Name | nodes.Getattr) and (path := _path(node)):
            self.name(path, node, items, tested)
            return
        if isinstance(node, nodes.For):
            self.loop(node, items, loops)
            return
        self.check(node)
        asked = tested or (isinstance(node, nodes.Test) and node.name in ("defined", "known"))
        for below in node.iter_child_nodes():
            self.visit(below, items, loops, asked)

    def name(self, path: str, node: nodes.Node, items: Mapping[str, str], tested: bool) -> None:
        head = path.partition(".")[0]
        if head == "loop" and items:
            return
        if head not in items or "." in path:
            at = self.place(path, node.lineno)
            self.used.append(Used(path, at, head in items, tested, items.get(head, "")))

    def loop(self, node: nodes.For, items: Mapping[str, str], loops: int) -> None:
        if (
            not isinstance(node.iter, nodes.Name | nodes.Getattr)
            or node.recursive
            or not isinstance(node.target, nodes.Name)
        ):
            hint = "write {% for item in object.field %}"
            self.faults.append(Fault("a loop goes over a name", hint, self.place("for", node.lineno)))
            return
        if loops >= MAX_NESTED_LOOPS:
            self.faults.append(
                Fault(f"over {MAX_NESTED_LOOPS} loops inside each other", "", self.place("for", node.lineno))
            )
        self.visit(node.iter, items, loops)
        inner = {**items, node.target.name: _path(node.iter)}
        for below in [*node.body, *node.else_, *([node.test] if node.test else [])]:
            self.visit(below, inner, loops + 1)

    def check(self, node: nodes.Node) -> None:
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            self.fault(
                node,
                node.name,
                f"there is no filter `{node.name}`",
                allowed_here(node.name, FILTERS, "filters"),
            )
        elif isinstance(node, nodes.Test) and node.name not in TESTS:
            self.fault(
                node, node.name, f"there is no test `{node.name}`", allowed_here(node.name, TESTS, "tests")
            )
        elif not isinstance(node, _ALLOWED):
            hint = next(
                (h for kind, h in _REFUSED.items() if isinstance(node, kind)),
                "use names, filters, if and for",
            )
            word = type(node).__name__.lower()
            self.fault(node, "", f"`{_WORDS.get(word, word)}` cannot stand in a text", hint)

    def fault(self, node: nodes.Node, word: str, message: str, hint: str) -> None:
        self.faults.append(Fault(message, hint, self.place(word, node.lineno)))

    def place(self, word: str, line: int) -> int:
        """Jinja tells the line only: the next place on it where the word stands, after those told before."""
        start = sum(len(one) for one in self.source.splitlines(keepends=True)[: line - 1])
        end = len(self.source) if "\n" not in self.source[start:] else self.source.index("\n", start)
        after = max(self.seen.get(f"{line}:{word}", 0), start)
        found = re.compile(rf"(?<![\w.]){re.escape(word)}(?![\w])" if word else r"\{[{%]").search(
            self.source, after, end
        )
        if found is None:
            return start
        self.seen[f"{line}:{word}"] = found.end()
        return found.start()


_WORDS: Final = {
    "call": "x()",
    "getitem": "x[...]",
    "assign": "set",
    "callblock": "call",
    "filterblock": "filter",
}


def _path(node: nodes.Node) -> str:
    parts: list[str] = []
    while isinstance(node, nodes.Getattr):
        parts.append(node.attr)
        node = node.node
    return ".".join([node.name, *reversed(parts)]) if isinstance(node, nodes.Name) else ""


def _syntax(error: TemplateSyntaxError, source: str) -> Fault:
    lines = source.splitlines(keepends=True)
    start = sum(len(one) for one in lines[: error.lineno - 1])
    line = lines[error.lineno - 1] if error.lineno <= len(lines) else ""
    opened = re.search(r"\{[{%#]", line)
    return Fault(*_plain(error.message or ""), start + (opened.start() if opened else 0))


def _plain(message: str) -> tuple[str, str]:
    for words, plain, hint in _SYNTAX:
        if words in message:
            return plain, hint
    named = re.match(r"No (filter|test) named '(.+?)'", message)
    if named:
        known = FILTERS if named.group(1) == "filter" else TESTS
        return f"there is no {named.group(1)} `{named.group(2)}`", allowed_here(
            named.group(2), known, f"{named.group(1)}s"
        )
    return (
        f"the template cannot be read: {message[:120]}",
        "names stand in {{ }}, conditions in {% if %} ... {% endif %}",
    )


_SYNTAX: Final = (
    (
        "unexpected end of template",
        "something opened here is not closed",
        "close {{ with }}, {% if %} with {% endif %}",
    ),
    (
        "Unexpected end of template",
        "something opened here is not closed",
        "close {{ with }}, {% if %} with {% endif %}",
    ),
    ("Encountered unknown tag", "this word cannot stand in {% %}", "use if, elif, else, endif, for, endfor"),
    ("unexpected '}'", "the braces do not match", "a name stands in two braces on each side: {{ name }}"),
    (
        "unexpected char",
        "this sign has no meaning in {{ }}",
        "write a name and a filter: {{ budget.spent | money }}",
    ),
    ("Missing end of comment", "the comment opened here is not closed", "close {# with #}"),
    (
        "Expected an expression",
        "a name is missing in {{ }}",
        "write a name and a filter: {{ budget.spent | money }}",
    ),
)


def _lonely_buttons(source: str) -> Iterator[Fault]:
    """Buttons that are not alone in their paragraph: they would stay plain text."""
    for found in re.finditer(r"\[[^\]\n]+\]\(\{\{[^}\n]*\}\}\)", source):
        before, after = source[: found.start()], source[found.end() :]
        alone = (not before.strip() or before.endswith("\n\n")) and (
            not after.strip() or after.startswith("\n\n")
        )
        inside_block = re.search(r"%\}\s*\Z", before) or re.match(r"\s*\{%", after)
        if not alone and not inside_block:
            yield Fault(
                "a button stands in a paragraph of its own",
                "leave a blank line before and after it",
                found.start(),
            )
