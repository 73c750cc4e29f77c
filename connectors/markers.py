"""Our marker in texts that we write into other systems: how a comment of ours is found again and known as ours.

In: an action's key, or a text that came back. Out: the marker, or whether it is there. It stands alone in the last
line, so that a reply which quotes us is not taken for us.
"""

from __future__ import annotations

import re

from rules.facts.event import digest

_LAST_LINE = re.compile(r"(?:\A|\n)(?:<!-- )?accord-[0-9a-f]{10}(?: -->)?\s*\Z")


def marker(key: str) -> str:
    """The marker of one action: the same key gives the same marker on every try."""
    return f"accord-{digest(key)[:10]}"


def is_ours(text: str) -> bool:
    """Whether a text ends with a marker of ours."""
    return _LAST_LINE.search(text) is not None


def bears(text: str, key: str) -> bool:
    """Whether a text ends with the marker of this action."""
    return is_ours(text) and marker(key) in text.rstrip().rpartition("\n")[2]
