"""Texts of a workspace or a pack: texts/LOCALE.yaml -> text by key and locale, each with the place it stands at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rules.language.documents import Document, Path, read
from rules.language.model import Position, Problem, Text
from rules.language.schemas import check_schema
from rules.language.sources import Findings
from rules.language.text_check import inspect
from rules.language.wording import is_locale

PARTS = ("subject", "body", "short")


@dataclass(frozen=True, slots=True)
class TextSource:
    """A text and where it stands, so that what is wrong in it can be shown there."""

    text: Text
    document: Document
    path: Path
    locale: str

    def parts(self) -> Iterator[tuple[str, Path]]:
        """Each Jinja source of it with its path in the document."""
        if isinstance(self.document.get(self.path), str):
            yield self.text.body, self.path
            return
        for name in PARTS:
            source = getattr(self.text, name)
            if source:
                yield source, (*self.path, name)

    def place(self, path: Path, offset: int) -> Position:
        """Where a character of one of its sources stands."""
        return self.document.inside(path, offset)


TextSources = Mapping[str, Mapping[str, TextSource]]
"""Key -> locale -> text."""


def read_texts(
    sources: Iterable[tuple[str, str, str]], findings: Findings, pack: str | None = None
) -> dict[str, dict[str, TextSource]]:
    """The texts of (path, locale, text) files; keys of a pack's texts begin with the pack's name."""
    found: dict[str, dict[str, TextSource]] = {}
    for path, locale, text in sources:
        if not is_locale(locale):
            hint = "name the file by a locale: en.yaml, zh-CN.yaml"
            findings.add(Problem(Position(path, 1, 1), f"`{locale}` is no locale", hint))
        document, problems = read(text, path)
        findings.add(*problems)
        if document is None or not _well_formed(document, findings):
            continue
        for key in document.value["texts"]:
            _add(
                found,
                f"{pack}/{key}" if pack else key,
                locale,
                text_at(document, ("texts", key), locale),
                findings,
            )
    return found


def text_at(document: Document, path: Path, locale: str) -> TextSource:
    """The text that stands at a path: a mapping of subject, body and short, or a body alone."""
    given = document.get(path)
    parts = {"body": given} if isinstance(given, str) else given
    subject, body, short = (str(parts.get(name, "")) for name in PARTS)
    text = Text(subject, body, short, document.at(path, key=True))
    return TextSource(text, document, path, locale)


def check_template(source: TextSource, findings: Findings) -> None:
    """What is wrong with a text whoever sends it: words that templates may not use."""
    for text, path in source.parts():
        for fault in inspect(text)[1]:
            findings.add(Problem(source.place(path, fault.offset), fault.message, fault.hint))


def _add(
    found: dict[str, dict[str, TextSource]], key: str, locale: str, source: TextSource, findings: Findings
) -> None:
    known = found.setdefault(key, {}).get(locale)
    if known is not None:
        hint = f"it is also at {known.text.at}; keep one"
        findings.add(Problem(source.text.at, f"the text `{key}` stands twice for {locale}", hint))
        return
    found[key][locale] = source
    check_template(source, findings)


def _well_formed(document: Document, findings: Findings) -> bool:
    problems = check_schema(document, "texts")
    findings.add(*problems)
    return not problems
