"""What somebody wrote in a mail: its text without the mail it quotes.

In: a parsed mail. Out: plain text of at most `LONGEST` characters: the first text part, else the words of the HTML
part. An attached file is none. Nothing of it is trusted: it is text, and never a template or a page.
"""

from __future__ import annotations

import re
from email.message import Message
from html.parser import HTMLParser
from typing import Final

LONGEST: Final = 10_000
_PARTS: Final = 200
_BLOCKS: Final = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "blockquote", "table"})
_SILENT: Final = frozenset({"script", "style", "head", "title"})
# The line above a quoted mail, as mail programs write it in English and Chinese.
_QUOTED: Final = re.compile(
    r"^(?:On\b.{0,200}\bwrote:|在.{0,200}写道[:：]|.{0,200}于.{0,80}写道[:：]|发件人[:：].*|From: .*@.*|_{10,}"
    r"|-{2,} ?(?:Original|Forwarded message|原始邮件|转发邮件信息).{0,40})$"
)


def text_of(mail: Message) -> str:
    """What was written, without quotes."""
    return _unquoted(_written(mail)).strip()[:LONGEST]


def _written(mail: Message) -> str:
    other = ""
    for number, part in enumerate(mail.walk()):
        if number >= _PARTS:
            break
        kind = part.get_content_type()
        if part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        if kind == "text/plain":
            return _decoded(part)
        if kind == "text/html" and not other:
            other = _words(_decoded(part))
    return other


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    charset = part.get_content_charset() or "utf-8"
    try:
        text = raw.decode(charset, "replace")
    except (LookupError, ValueError):
        text = raw.decode("utf-8", "replace")
    clean = "".join(c for c in text if c.isprintable() or c in "\n\t")
    return clean.encode("utf-8", "replace").decode("utf-8")


def _unquoted(text: str) -> str:
    """The lines above the quoted mail; quotes between the lines go as well."""
    kept: list[str] = []
    for line in text.splitlines():
        if _QUOTED.match(line.strip()):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line.rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept))


def _words(html: str) -> str:
    reader = _Words()
    reader.feed(html[:200_000])
    return re.sub(r"[ \t]+", " ", "".join(reader.found))


class _Words(HTMLParser):
    """Collects what a reader of the page would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        if tag in _BLOCKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT and self._silent:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data.replace("\n", " "))
