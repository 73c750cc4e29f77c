"""The world of a scenario that brings its own: `given:` -> workspace and rule set.

In: where `given` stands in a scenario file, the shipped packs. Out: a `World`, or problems at their place in that file.
The parts are read by the readers of workspaces, rules and texts; nothing is understood twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rules.facts.project import Workspace
from rules.language.documents import Document, Mark
from rules.language.loader import load_rules
from rules.language.model import Problem, RuleSet
from rules.language.packs import ReadPack
from rules.language.sources import Source
from rules.language.workspace import build

RULE_WORDS: Final = ("use", "override", "rules")
_WORKSPACE_WORDS: Final = (
    "organisation",
    "vars",
    "calendars",
    "connections",
    "people",
    "clients",
    "projects",
)
_ORGANISATION: Final = {
    "name": "The team",
    "time_zone": "UTC",
    "locale": "en",
    "from": "The team <team@team.example>",
}


@dataclass(frozen=True, slots=True)
class World:
    """What scenarios play in. `own_modes`: projects whose mode the scenario's own world states."""

    workspace: Workspace
    rules: RuleSet
    own_modes: frozenset[str] = frozenset()


def given_world(given: Source, packs: ReadPack) -> tuple[World | None, list[Problem]]:
    """The world that stands under `given:`, none with every problem found."""
    workspace, problems = build([_workspace_document(given)])
    if workspace is None:
        return None, problems
    rules, found = load_rules(list(_rule_files(given)), list(_text_files(given)), workspace, packs)
    problems += found
    if rules is None:
        return None, problems
    projects: Mapping[str, Any] = given.get("projects") or {}
    stated = frozenset(key for key, project in projects.items() if "mode" in project)
    return World(workspace, rules, stated), problems


def _workspace_document(given: Source) -> Document:
    """The part as a workspace document; an organisation is there also where the scenario has no need of one."""
    stated: Mapping[str, Any] = given.value
    kept = {word: stated[word] for word in _WORKSPACE_WORDS if word in stated}
    projects = {key: _at_work(project) for key, project in (kept.get("projects") or {}).items()}
    value = {"version": 1, "organisation": _ORGANISATION, **kept, "projects": projects}
    document, prefix = given.document, given.path
    marks = {
        path[len(prefix) :]: mark for path, mark in document.marks.items() if path[: len(prefix)] == prefix
    }
    flagged = frozenset(path[len(prefix) :] for path in document.flagged if path[: len(prefix)] == prefix)
    return Document(document.path, value, marks, document.text, flagged)


def _at_work(project: Any) -> Any:
    """A project of a scenario is at work unless it says otherwise."""
    return {"status": "active", **project} if isinstance(project, dict) else project


def _rule_files(given: Source) -> Iterator[tuple[str, str]]:
    """`use`, `override` and `rules` as a file of rules."""
    document = given.document
    marks = [document.marks[*given.path, word] for word in RULE_WORDS if given.get(word) is not None]
    if marks:
        spans = [(_key_start(document, mark), mark.end) for mark in marks]
        indent = " " * (marks[0].key_column - 1)
        yield document.path, _as_file(document, spans, "", f"{indent}version: 1", inline=_inline(given))


def _text_files(given: Source) -> Iterator[tuple[str, str, str]]:
    """The texts of each locale as a file of texts."""
    document = given.document
    for locale in given.get("texts") or {}:
        texts = given.below("texts", locale)
        mark = document.marks[texts.path]
        spans = [(mark.start, mark.end)]
        yield (
            document.path,
            str(locale),
            _as_file(document, spans, "texts:", "version: 1", inline=_inline(texts)),
        )


def _as_file(document: Document, spans: list[tuple[int, int]], name: str, head: str, *, inline: bool) -> str:
    """Parts of a document as a file of their own, each character on its line and column.

    Positions in problems then are those of the scenario file. What a part stands behind is written over lines that come
    before it: the first one where everything stands in braces, the first two otherwise.
    """
    text = document.text
    kept = re.sub(r"[^\n]", " ", text)
    for first, last in spans:
        end = "," if inline and not name else ""
        kept = kept[:first] + text[first:last] + end + kept[last + len(end) :]
    if inline:
        start = f"{{version: 1, {name}"
        return start + kept[len(start) :].rstrip() + "}\n"
    lines = kept.split("\n")
    lines[0] = head
    if name:
        lines[1] = name
    return "\n".join(lines).rstrip() + "\n"


def _key_start(document: Document, mark: Mark) -> int:
    lines = document.text.splitlines(keepends=True)
    return sum(map(len, lines[: mark.key_line - 1])) + mark.key_column - 1


def _inline(source: Source) -> bool:
    mark = source.document.marks[source.path]
    return source.document.text[mark.start : mark.start + 1] == "{"
