"""A place in a document that is being read into a rule: its value, its position, problems told where they stand.

In: a document and a path; for a rule of a pack also the words that an override sets, which stand in another file.
Out: values and positions through one face, whichever file they come from. Problems go to one shared list, each once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rules.language.documents import Document, Path
from rules.language.model import Position, Problem

Overlay = Mapping[Path, tuple[Document, Path]]


@dataclass
class Findings:
    """The problems of one load, in the order found; the same problem at the same place is told once."""

    found: dict[Problem, None] = field(default_factory=dict)

    def add(self, *problems: Problem) -> None:
        """Keep problems, each once."""
        self.found.update(dict.fromkeys(problems))

    @property
    def problems(self) -> list[Problem]:
        """All of them: file by file, each from its top."""
        return sorted(self.found, key=lambda p: (p.at.path, p.at.line, p.at.column))

    def broken(self) -> bool:
        """Whether anything found is an error."""
        return any(p.severity == "error" for p in self.found)


@dataclass(frozen=True)
class Source:
    """The value at `path` of a document, with the parts that an override set laid over it."""

    document: Document
    path: Path
    findings: Findings
    overlay: Overlay = field(default_factory=dict)

    @property
    def value(self) -> Any:
        """What stands here, overridden parts included."""
        if not self.overlay:
            return self.document.get(self.path)
        document, path = self._place(())
        found = document.get(path)
        laid = {
            p: v
            for p, v in self.overlay.items()
            if p[: len(self.path)] == self.path and len(p) > len(self.path)
        }
        return _with(found, {p[len(self.path) :]: d.get(at) for p, (d, at) in laid.items()})

    def get(self, *below: str | int) -> Any:
        """The value below, none where nothing stands."""
        return self.below(*below).value

    def below(self, *path: str | int) -> Source:
        """A part of this one."""
        return Source(self.document, (*self.path, *path), self.findings, self.overlay)

    def each(self) -> list[Source]:
        """The entries of a list; a value that stands alone is the only one, and where nothing stands there is none."""
        value = self.value
        if isinstance(value, list):
            return [self.below(i) for i in range(len(value))]
        return [] if value is None else [self]

    def at(self, *below: str | int, key: bool = False) -> Position:
        """Where it stands (or its key)."""
        document, path = self._place(below)
        return document.at(path, key)

    def inside(self, offset: int) -> Position:
        """Where the character number `offset` of the text here stands."""
        document, path = self._place(())
        return document.inside(path, offset)

    @property
    def flagged(self) -> bool:
        """Whether something was told about this value already."""
        document, path = self._place(())
        return path in document.flagged

    def tell(
        self,
        message: str,
        hint: str = "",
        *below: str | int,
        key: bool = False,
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """A problem with what stands here, or below."""
        self.findings.add(Problem(self.at(*below, key=key), message, hint, severity))

    def rest_of_line(self) -> str:
        """What follows the value on its last line: a comment that was meant as a part of it shows here."""
        document, path = self._place(())
        mark = document.marks.get(path)
        if mark is None:
            return ""
        end = document.text.find("\n", mark.end)
        return document.text[mark.end : end if end >= 0 else len(document.text)]

    def plain(self) -> bool:
        """Whether the text here is written without quotes and on one line."""
        document, path = self._place(())
        mark = document.marks.get(path)
        return mark is not None and mark.style == ""

    def _place(self, below: tuple[str | int, ...]) -> tuple[Document, Path]:
        path = (*self.path, *below)
        for length in range(len(path), 0, -1):
            if path[:length] in self.overlay:
                document, start = self.overlay[path[:length]]
                return document, (*start, *path[length:])
        return self.document, path


def _with(value: Any, laid: Mapping[Path, Any]) -> Any:
    """A copy of a value with parts replaced."""
    for path, part in laid.items():
        value = _replaced(value, path, part)
    return value


def _replaced(value: Any, path: Path, part: Any) -> Any:
    if not path:
        return part
    known = dict(value) if isinstance(value, dict) else {}
    return {**known, str(path[0]): _replaced(known.get(str(path[0])), path[1:], part)}
