"""A message that asks for a decision leads to the page where it is decided, whatever its text says.

In: a text, and the language of its reader. Out: the same, or with the way in at its end where the text names no `link`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from rules.language.model import Text
from rules.language.wording import choose

_NAMED: Final = re.compile(r"\blink\b")
_LABELS: Final[Mapping[str, str]] = {"en": "See and decide", "zh-CN": "查看并确认"}


def names_link(text: Text) -> bool:
    """Whether the text says itself where the page is."""
    return any(_NAMED.search(part) for part in (text.subject, text.body, text.short))


def with_way_in(text: Text, locale: str) -> Text:
    """The text with a button below it, and the address behind its short form."""
    if names_link(text):
        return text
    label = choose(_LABELS, locale) or _LABELS["en"]
    body = f"{text.body.rstrip()}\n\n[{label}]({{{{ link }}}})\n"
    return replace(text, body=body, short=f"{text.short.rstrip()} {{{{ link }}}}" if text.short else "")
