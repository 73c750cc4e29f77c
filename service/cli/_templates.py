"""A new project's file from a template: a file of `templates/` with one project in it, its key and names filled in.

In: the template's text, the key, and what else is said. Out: the text of `projects/KEY.yaml`. Comments and layout of
the template stay; nothing of it is worked out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from rules.language.documents import Document, read


class BadTemplate(ValueError):
    """A template that makes no project; the message says what to mend."""


def named(folder: Path) -> list[str]:
    """The templates there are."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def filled(text: str, path: str, key: str, said: Mapping[str, str]) -> str:
    """The template with the project's key in its place, and `said` (client, name) over what it has or beside it."""
    document, problems = read(text, path)
    wrong = next((p for p in problems if p.severity == "error"), None)
    if document is None or wrong is not None:
        raise BadTemplate(str(wrong or f"{path} is no YAML"))
    projects = document.get(("projects",))
    if not isinstance(projects, dict) or len(projects) != 1:
        raise BadTemplate(
            f"{path} holds {len(projects or {})} projects, a template holds one under `projects:`"
        )
    old = str(next(iter(projects)))
    return _edited(document, old, key, said)


def _edited(document: Document, old: str, key: str, said: Mapping[str, str]) -> str:
    """The text with words replaced from its end to its beginning, so that places stay true."""
    place = document.marks["projects", old]
    lines = document.text.splitlines(keepends=True)
    begins = sum(map(len, lines[: place.key_line - 1]))
    at = begins + place.key_column - 1
    edits = [(at, at + len(old), key)]
    missing = []
    for word, value in said.items():
        mark = document.marks.get(("projects", old, word))
        if mark is None:
            missing.append(f"    {word}: {json.dumps(value, ensure_ascii=False)}\n")
        else:
            edits.append((mark.start, mark.end, json.dumps(value, ensure_ascii=False)))
    if missing:
        if place.line == place.key_line:
            raise BadTemplate(f"{document.path}: write the project below its key, a line for each word")
        end = begins + len(lines[place.key_line - 1])
        edits.append((end, end, "".join(missing)))
    text = document.text
    for start, stop, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[stop:]
    return text
