"""Shipped packs as the loader takes them: the sources of their rules and texts, and what they declare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

NAMES = ("budget", "changes", "milestones", "waiting", "reports", "control", "closing", "talk")


@dataclass(frozen=True, slots=True)
class Pack:
    """One pack: rules as (path, text), texts as (path, locale, text). Paths are shown in problems."""

    name: str
    rules: tuple[tuple[str, str], ...]
    texts: tuple[tuple[str, str, str], ...]


ReadPack = Callable[[str], Pack | None]
"""Gives the pack of that name, none where there is none."""
