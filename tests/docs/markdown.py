"""Reading Markdown pages as data: their fenced blocks, links and code words.

In: the text of a page. Out: `Block`s with the line they begin on, link targets, headings as anchors, words in code
marks. Only what our own pages use is understood.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"`(?P<code>[^`\n]+)`")
_HEADING = re.compile(r"^#{1,6} +(?P<title>.+)$", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, and the line of the page on which the text begins."""

    language: str
    text: str
    line: int


def blocks(page: str, language: str | None = None) -> list[Block]:
    """The fenced blocks of a page in order, or those of one language."""
    found = [
        Block(m["language"], m["text"], page[: m.start("text")].count("\n") + 1)
        for m in _FENCE.finditer(page)
    ]
    return [block for block in found if language in (None, block.language)]


def without_blocks(page: str) -> str:
    """The prose of a page."""
    return _FENCE.sub("", page)


def links(page: str) -> list[str]:
    """Where the links of a page lead."""
    return [m["target"] for m in _LINK.finditer(without_blocks(page))]


def anchors(page: str) -> set[str]:
    """What can stand behind `#` in a link to the page, as code hosts make it of headings."""
    titles = (m["title"] for m in _HEADING.finditer(without_blocks(page)))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def code(page: str) -> list[str]:
    """What stands in code marks in the prose of a page."""
    return [m["code"] for m in _CODE.finditer(without_blocks(page))]


def words_in_code(page: str) -> set[str]:
    """Every single word that stands in code marks."""
    return {word for text in code(page) for word in _WORD.findall(text)}


def section(page: str, title: str) -> str:
    """The part of a page below a heading, down to the next heading of its own level or above."""
    start = re.search(rf"^(?P<level>#+) {re.escape(title)}$", page, re.MULTILINE)
    if start is None:
        raise AssertionError(f"the page has no heading {title!r}")
    rest = page[start.end() :]
    end = re.search(rf"^#{{1,{len(start['level'])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest
