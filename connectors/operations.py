"""What acting on any system has in common: the text to write, names as a list, the receipt, a refusal of our own.

In: operations and answers. Out: plain values, or the `ConnectorError` to raise.
"""

from __future__ import annotations

from typing import Any

from connectors.base import ConnectorError, Malformed, Operation, Response, Settings
from connectors.foreign import read


def text_of(operation: Operation) -> str:
    """The short text of the message, which is made for comments and chats, else its body."""
    return (operation.message.short or operation.message.body).strip()


def listed(value: Any) -> list[str]:
    """One name or several, as a list of texts; nothing is no name."""
    if value is None or value == "":
        return []
    return [str(name) for name in (value if isinstance(value, list | tuple) else [value])]


def receipt(made: Response, name: str) -> str | None:
    """The id of what was made. The status said that it was: a body nobody can read does not undo it."""
    try:
        return read(made.content)[name].id()
    except Malformed:
        return None


def refused(settings: Settings, reason: str) -> ConnectorError:
    """An operation that cannot be made, now or later; the reason names the mend."""
    return ConnectorError(f"{settings.name}: {reason}", retryable=False)
