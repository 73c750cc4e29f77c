"""The noise words of a rule: `at_most`, `digest`, `read_first`, `release_within`.

In: the words as written, the names in reach. Out: `Noise`, checked; and the names that the text of a digest may use
outside of its `items`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from rules.facts.duration import Duration
from rules.language.conditions import names_at
from rules.language.model import ActionSpec, AtMost, Digest
from rules.language.names import Type, TypeEnv
from rules.language.sources import Source
from rules.language.triggers import read_duration

GATHERED: Final = ("email", "chat", "comment")
"""Kinds of actions that a digest makes one of."""

ITEMS: Final = "items"
_EVERYWHERE: Final = frozenset({"now", "today", "organisation", "client", "vars"})
_NO_PROJECT: Final = frozenset({"organisation", "client", "person", "event"})


@dataclass(frozen=True, slots=True)
class Noise:
    """What keeps a rule quiet, besides `once_per`, `send_in` and `review`."""

    at_most: AtMost | None = None
    digest: Digest | None = None
    read_first: str | None = None
    release_within: Duration | None = None


def read_noise(rule: Source, env: TypeEnv) -> Noise:
    """The noise words of a rule, with what is wrong told."""
    read_first = rule.get("read_first")
    if read_first is not None and f"{read_first}.id" not in env.names:
        known = ", ".join(dict.fromkeys(n.partition(".")[0] for n in env.names))
        rule.tell(f"`{read_first}` is not known {env.where}", f"known: {known}", "read_first")
    return Noise(
        at_most=_at_most(rule.below("at_most"), env),
        digest=_digest(rule.below("digest"), env),
        read_first=read_first,
        release_within=read_duration(rule.below("release_within")),
    )


def check_noise(rule: Source, noise: Noise, do: Iterable[ActionSpec]) -> None:
    """Words that nothing of the rule ever meets."""
    entries = list(do)
    if noise.digest and entries and not any(gathers(spec) for spec in entries):
        rule.tell("nothing in `do:` can be gathered", "a digest gathers email, chat and comment", "digest")
    reviewed = rule.get("review") is not None or any(spec.review is not None for spec in entries)
    if noise.release_within and not reviewed:
        hint = (
            "it counts for messages that wait by the project's `mode: review` alone; write `review: always`"
        )
        rule.tell("nothing of this rule is under `review`", hint, "release_within", severity="warning")


def gathers(spec: ActionSpec) -> bool:
    """Whether the rule's digest gathers what this entry says: messages do, but for confirmations."""
    return spec.kind in GATHERED and spec.keys.get("confirms") is not True


def outside_items(env: TypeEnv, digest: Digest) -> TypeEnv:
    """The names that are the same for everything in one digest: of the client, of the project and of the key's objects
    where the key tells them apart, and `items`.
    """
    heads = {name.partition(".")[0] for name in digest.key}
    if heads - _NO_PROJECT:
        heads.add("project")
    allowed = _EVERYWHERE | heads
    names = {n: t for n, t in env.names.items() if n.partition(".")[0] in allowed}
    return replace(env, names={**names, ITEMS: Type("list")}, where="outside of `items`")


def _at_most(source: Source, env: TypeEnv) -> AtMost | None:
    per = read_duration(source.below("per")) if source.value else None
    if per is None:
        return None
    return AtMost(int(source.get("times")), per, names_at(source.below("key"), env))


def _digest(source: Source, env: TypeEnv) -> Digest | None:
    if source.value is None:
        return None
    after = read_duration(source.below("after"))
    if (source.get("after") is None) == (source.get("at") is None):
        told = "has both `after` and `at`" if source.get("at") else "does not say when it leaves"
        source.tell(f"the digest {told}", 'write `after: 2h` (counted from the first) or `at: "17:00"`')
    # One that is told wrong still gathers: its texts are held against what was meant.
    return Digest(names_at(source.below("key"), env), after, source.get("at"))
