"""The reference of every word that the team's files may use, made from the JSON Schemas that check them.

In: the schemas. Out: Markdown: a table for each place that takes words, with what each takes and what it is for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rules.language.schemas import Published, published

FILES: Final[Mapping[Published, str]] = {
    "rules": "rules/*.yaml",
    "texts": "texts/LOCALE.yaml",
    "scenarios": "scenarios/*.yaml",
    "workspace": "accord.yaml",
}
_KINDS: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
    "object": "a mapping",
    "null": "nothing",
}
_DEEPEST: Final = 12


def words_page() -> Iterator[str]:
    """The page, line by line: all words of all files."""
    for name, file in FILES.items():
        whole = published(name)
        yield f"## {file}\n"
        for place, part in _Places(whole).found.items():
            if place:
                yield f"### {place}\n"
            if "description" in part:
                # What a whole file is begins with its name, which stands above already.
                yield f"{_sentence(part['description'].removeprefix(f'{file}: '))}\n"
            yield from _table(part, whole)
            yield ""


class _Places:
    """Where a file takes words: the place, as a path or by the name of what stands there in several places."""

    def __init__(self, whole: Mapping[str, Any]) -> None:
        self._whole = whole
        self.found: dict[str, Mapping[str, Any]] = {}
        self._look(whole, "", 0)

    def _look(self, part: Mapping[str, Any], place: str, depth: int) -> None:
        if depth > _DEEPEST:
            return
        if "properties" in part and place not in self.found:
            self.found[place] = part
            for word, value in part["properties"].items():
                self._look(value, f"{place}.{word}" if place else word, depth + 1)
        for inner, below in _inner(part, place):
            self._look(inner, below, depth + 1)
        named = part.get("$ref", "").rpartition("/")[2]
        if named and named not in self.found:
            self._look(_meant(part, self._whole), named, depth + 1)


def _inner(part: Mapping[str, Any], place: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    for key, mark in (("items", "[]"), ("additionalProperties", ".*")):
        if isinstance(part.get(key), Mapping):
            yield part[key], f"{place}{mark}"
    for key in ("oneOf", "anyOf", "allOf"):
        for one in part.get(key, ()):
            yield one, place


def _table(part: Mapping[str, Any], whole: Mapping[str, Any]) -> list[str]:
    required = part.get("required", ())
    rows = [
        f"| `{word}`{' (required)' if word in required else ''} | {_takes(value, whole)} | {_for(value, whole)} |"
        for word, value in part["properties"].items()
    ]
    return ["| word | takes | what it is for |", "|---|---|---|", *rows]


def _for(value: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    """What a word is for: said where it stands, else where its kind is defined."""
    return _cell(value.get("description") or _meant(value, whole).get("description", ""))


def _takes(value: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    """What may stand after a word."""
    part = _meant(value, whole)
    if "const" in part:
        return f"`{_shown(part['const'])}`"
    if "enum" in part:
        return ", ".join(f"`{_shown(one)}`" for one in part["enum"])
    if "patternErrorMessage" in part:
        return _cell(part["patternErrorMessage"].removeprefix("write "))
    kinds = part.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    one = " or ".join(_KINDS[kind] for kind in kinds if kind != "array")
    limits = [
        f"{word} {part[name]}" for name, word in (("minimum", "from"), ("maximum", "to")) if name in part
    ]
    one = " ".join([f"{one},", *limits]) if limits else one
    if "array" not in kinds:
        return one
    each = _takes(part["items"], whole) if isinstance(part.get("items"), Mapping) else ""
    several = "a list of these" if one and each == one else f"a list: {each}" if each else "a list"
    return f"{one}, or {several}" if one else several


def _meant(value: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = value
    if "$ref" in value:
        found = whole
        for step in value["$ref"].removeprefix("#/").split("/"):
            found = found[step]
    meant: Mapping[str, Any] = found
    return meant


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _sentence(text: str) -> str:
    begins = text if "." in text.partition(" ")[0] else text[:1].upper() + text[1:]
    return f"{begins.rstrip('.')}."
