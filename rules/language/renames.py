"""Keys that were renamed: an object with `was: OLD` is the one that the record knows as OLD.

In: documents of the workspace, or of rules. Out: the same documents, in which every mention of the new key is the old
one: the record, its evidence and the memory of rules hang on the key that an object began with, and nothing of it is
rewritten. `was` stays in the file for as long as the object does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rules.language.documents import Document, Path
from rules.language.model import Problem

# Where files name objects: the key above the name -> what kind it names.
_NAMES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("lead", "deputy", "delegate", "successor", "owner", "to", "not_to"), "people"),
    **dict.fromkeys(("client", "clients"), "clients"),
    **dict.fromkeys(("projects", "pool"), "projects"),
}
_KINDS: Final = ("people", "clients", "projects")


@dataclass(frozen=True, slots=True)
class Renames:
    """New key -> old key, by kind; contacts are people."""

    by_kind: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def applied(self, document: Document) -> Document:
        """The document with old keys in the place of new ones."""
        if not any(self.by_kind.values()):
            return document
        marks = {self._path(path): mark for path, mark in document.marks.items()}
        return replace(document, value=self._value(document.value, ()), marks=marks)

    def _value(self, value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return {self._key(k, path): self._value(v, (*path, k)) for k, v in value.items()}
        if isinstance(value, list):
            return [self._value(v, (*path, i)) for i, v in enumerate(value)]
        kind = _named_at(path)
        return self.by_kind.get(kind, {}).get(value, value) if kind and isinstance(value, str) else value

    def _key(self, key: str, above: Path) -> str:
        kind = _section(above)
        return self.by_kind.get(kind, {}).get(key, key) if kind else key

    def _path(self, path: Path) -> Path:
        return tuple(self._key(k, path[:n]) if isinstance(k, str) else k for n, k in enumerate(path))


def _section(path: Path) -> str | None:
    """The kind of the objects whose keys stand at this place."""
    if len(path) == 1 and path[0] in _KINDS:
        return str(path[0])
    return "people" if len(path) == 3 and (path[0], path[2]) == ("clients", "contacts") else None


def _named_at(path: Path) -> str | None:
    """The kind of object that a text at this place names."""
    words = [step for step in path if isinstance(step, str)]
    if not words:
        return None
    if len(words) >= 2 and words[-2] == "roles" and words[0] == "projects":
        return "people"
    return _NAMES.get(words[-1])


def renames(documents: Sequence[Document]) -> tuple[Renames, list[Problem]]:
    """What was renamed, and what cannot have been: two objects that claim one key of the record."""
    found: dict[str, dict[str, str]] = {kind: {} for kind in _KINDS}
    problems: list[Problem] = []
    objects = [one for document in documents for one in _objects(document)]
    present = {(kind, key) for kind, key, _, _ in objects}
    for kind, key, document, path in objects:
        was = document.get((*path, "was"))
        if not isinstance(was, str) or was == key:
            continue
        taken = (kind, was) in present
        if taken or was in found[kind].values():
            where = "still there" if taken else "what another key was"
            told = f"`{was}` is {where}: one key of the record is one object"
            problems.append(Problem(document.at((*path, "was")), told, "take `was` away, or the other key"))
            continue
        found[kind][key] = was
    return Renames(found), problems


def _objects(document: Document) -> Iterator[tuple[str, str, Document, Path]]:
    """(kind, key, document, path) of every person, contact, client and project of a document."""
    for kind in _KINDS:
        for key in _keys(document.get((kind,))):
            yield kind, key, document, (kind, key)
            if kind == "clients":
                for contact in _keys(document.get((kind, key, "contacts"))):
                    yield "people", contact, document, (kind, key, "contacts", contact)


def _keys(value: Any) -> Iterable[str]:
    return [k for k in value if isinstance(k, str)] if isinstance(value, dict) else []
