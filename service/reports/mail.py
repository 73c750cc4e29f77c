"""From a rendered text to a mail: HTML and plain text, equal in content.

In: subject and body of a text, as a person wrote it. Out: a `Message`. The body's few signs: an empty line parts
paragraphs, `| label | figure |` lines are figures, `- ` lines a list, `> ` lines the exact text that is decided on,
and a paragraph that is only `[label](address)` is the button.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import css_inline
from jinja2 import Environment, FileSystemLoader

import service
from connectors.base import Attachment, Message
from rules.language.texts import Rendered

_TEMPLATES: Final = Path(service.__file__).parent / "web" / "templates" / "mail"
_HTML: Final = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True)
_TEXT: Final = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=False)  # noqa: S701 (plain text)
_INLINER: Final = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
_BUTTON: Final = re.compile(r"^\[([^\]]+)\]\((\S+)\)$")
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "none": "none",
        "test": "TEST. In live mode this mail would have gone to {to}. Nothing was sent to the client.",
        "button": "The address of the button: {href}",
        "why": "You get this mail because you are a contact for {project}.",
    },
    "zh-CN": {
        "none": "无",
        "test": "测试邮件：正式启用后，此邮件将发给{to}。目前没有向客户发送任何内容。",
        "button": "按钮链接：{href}",
        "why": "您是 {project} 项目的联系人，因此收到此邮件。",
    },
}


def compose(made: Rendered, *, locale: str, sender: str, project: str, test_for: str | None) -> Message:
    """The mail of a rendered text. `test_for`: whom it would have reached, when the project is only observed."""
    blocks = blocks_of(made.body)
    heading = blocks.pop(0)["text"] if _is_heading(blocks) else made.subject
    frame = Frame(locale, sender, project, test_for)
    return framed(made.subject, heading, blocks, frame, short=made.short)


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around any mail: the reader's language, who writes, about which project, for whom it is a test.

    small: further lines of the small print.
    """

    locale: str
    sender: str
    project: str
    test_for: str | None = None
    small: Sequence[str] = ()


def framed(
    subject: str,
    heading: str,
    blocks: Sequence[Mapping[str, Any]],
    frame: Frame,
    *,
    short: str = "",
    attachments: Sequence[Attachment] = (),
) -> Message:
    """The mail of blocks, as layout.html describes them."""
    words = _WORDS.get(frame.locale, _WORDS["en"])
    href = next((b["href"] for b in blocks if b["kind"] == "button"), None)
    why = [words["why"].format(project=frame.project)] if frame.project and not frame.test_for else []
    mail = {
        "locale": frame.locale,
        "subject": subject,
        "sender": frame.sender,
        "project": frame.project,
        "banner": words["test"].format(to=frame.test_for) if frame.test_for else None,
        "heading": heading,
        "blocks": blocks,
        "none": words["none"],
        "button_is": words["button"].format(href=href) if href else None,
        "small": [*frame.small, *why],
    }
    html = _INLINER.inline(_HTML.get_template("layout.html").render(mail=mail))
    text = _TEXT.get_template("layout.txt").render(mail=mail)
    shown = f"[TEST] {subject}" if frame.test_for else subject
    return Message(shown, text, html, short, tuple(attachments))


def blocks_of(body: str) -> list[dict[str, Any]]:
    """The blocks of a body, in the shape that the mail's templates read."""
    return [_block(p.strip("\n")) for p in re.split(r"\n\s*\n", body.strip()) if p.strip()]


def _block(paragraph: str) -> dict[str, Any]:
    lines = [line.strip() for line in paragraph.split("\n")]
    button = _BUTTON.match(paragraph.strip())
    if button:
        return {"kind": "button", "label": button[1], "href": button[2]}
    if all(line.startswith("|") for line in lines):
        return {"kind": "figures", "rows": [_cells(line) for line in lines]}
    if all(line.startswith("- ") for line in lines):
        return {"kind": "list", "items": [line[2:] for line in lines]}
    if all(line.startswith(">") for line in lines):
        return {"kind": "quote", "text": "\n".join(line[1:].removeprefix(" ") for line in lines)}
    return {"kind": "text", "text": "\n".join(lines)}


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def _is_heading(blocks: list[dict[str, Any]]) -> bool:
    """A first paragraph of one short line is the news itself."""
    return (
        bool(blocks)
        and blocks[0]["kind"] == "text"
        and "\n" not in blocks[0]["text"]
        and len(blocks[0]["text"]) <= 200
    )
