"""The typed tree that a rule file becomes: `RuleSet` > `Rule` > trigger, guard, memory, noise, actions.

In: the loader builds these, checked. Out: immutable values that the engine reads; no YAML is left in them but
inside `Expression`, whose text is kept for the reader of a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal, Protocol

from rules.facts.duration import Duration


class _Unknown:
    """The value of a name that is not in the data this time."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "unknown"

    def __bool__(self) -> bool:
        raise TypeError("unknown is neither true nor false: compare with `is UNKNOWN`")


UNKNOWN: Final = _Unknown()

Resolve = Callable[[str], Any]
"""Gives the value of a dotted name, or UNKNOWN. `before(x)` and `changed(x)` ask for "before:x" and "changed:x",
`known(x)` is decided by the expression itself."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where something stands: path of the file, line and column counted from 1."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a file. `hint` says what is allowed or meant; it may be empty."""

    at: Position
    message: str
    hint: str = ""
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.at}: {self.message}" + (f"; {self.hint}" if self.hint else "")


@dataclass(frozen=True, slots=True)
class Operand:
    """One step of an evaluated expression: its text, its value, and the steps below it (for `explain`)."""

    text: str
    value: Any
    parts: tuple[Operand, ...] = ()


class Expression(Protocol):
    """A compiled expression. Evaluating does no I/O and bounded work, and never raises for data:
    a type error at run time is an `ExpressionError`.
    """

    @property
    def text(self) -> str: ...
    @property
    def at(self) -> Position: ...
    @property
    def names(self) -> frozenset[str]: ...
    def value(self, resolve: Resolve) -> Any: ...
    def trace(self, resolve: Resolve) -> Operand: ...


class ExpressionError(ValueError):
    """The data made the expression meaningless, such as two currencies compared."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which projects a rule speaks about; empty tuples mean no restriction. Keys may hold `*` globs."""

    clients: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    not_clients: tuple[str, ...] = ()
    not_projects: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class When:
    """On an event of one of these types (families are expanded)."""

    types: frozenset[str]


@dataclass(frozen=True, slots=True)
class Every:
    """On a schedule: `cron` in `zone` ("client", "team", "project" or a zone name), once for each object.

    `written` is the dotted name of a schedule in the workspace ("project.reports.weekly") instead of `cron`.
    """

    cron: str | None
    zone: str
    for_each: Literal["project", "client", "milestone", "action_item", "invoice", "workspace"]
    written: str | None = None
    at_least_apart: Duration | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """At offsets of a date of an object: `date` is "milestone.due"; `time` "HH:MM" or none for opening hours."""

    date: str
    offsets: tuple[Duration, ...]
    time: str | None = None


@dataclass(frozen=True, slots=True)
class Crosses:
    """A ladder with memory. `levels` are ratios, numbers or amounts of `currency`, or an expression that gives them for
    each project (`vars.NAME`): ask `rules.language.ladders.levels_of`. `key` and `period` name identities.
    """

    value: Expression
    levels: tuple[Decimal, ...] | Expression
    rearm: Decimal
    direction: Literal["up", "down"] = "up"
    key: str | None = None
    period: str | None = None
    rebase_on: tuple[str, ...] = ("baseline.approved",)
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class StaysTrue:
    """The conditions must stay true that long, for each value of the name `key`; each of `lengths` fires once.

    compared: the names that `changed` and `before` ask about in them: an edit of one of these begins the wait anew.
    """

    lengths: tuple[Duration, ...]
    key: str
    compared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class NotFollowed:
    """None of `events` came that long, with the same value of the name `key`; each of `lengths` fires once."""

    lengths: tuple[Duration, ...]
    key: str
    events: frozenset[str]


@dataclass(frozen=True, slots=True)
class Counts:
    """`at_least` events of the types `of` with the same value of the name `by`, all within a window of time."""

    of: frozenset[str]
    by: str
    at_least: int
    within: Duration


@dataclass(frozen=True, slots=True)
class AtMost:
    """How often a rule may speak to one reader: `times` within `per`, counted for each value of the names in `key`."""

    times: int
    per: Duration
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """Several messages to one reader become one, for each value of the names in `key`: `after` the first of them, or
    at a time of the reader's day ("17:00"). One of the two is given.
    """

    key: tuple[str, ...] = ()
    after: Duration | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One entry of `do:`. `id` is the given id, or kind, text and ordinal among equals.

    keys: the action's own keys after checking. `to` and `not_to` are tuples of words, `target` is a word, `due` and
    `expires` are Durations, `text` is a key of `RuleSet.texts` (inline texts get one of their own); what may be an
    expression (`status`, `value`, and the values of `with`, `tracker`, `books`, `body`) is a compiled Expression when
    it begins with a name, else the value as written.
    """

    kind: str
    id: str
    keys: Mapping[str, Any]
    at: Position
    condition: Expression | None = None
    delay: Duration | None = None
    review: int | Literal["always"] | None = None
    send_in: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One checked rule. `id` is "pack/name" for a shipped pack's rule. `memory_hash` changes when its memory
    words change: its memory is then reset, on record. `source` is its YAML, for the reader. A rule that an override
    switched off is `disabled`: it stands in `RuleSet.rules` and is no candidate for any event.
    """

    id: str
    title: Mapping[str, str]
    at: Position
    trigger: When | Every | Around
    do: tuple[ActionSpec, ...]
    scope: Scope = field(default_factory=Scope)
    conditions: tuple[Expression, ...] = ()
    crosses: Crosses | None = None
    wait: StaysTrue | NotFollowed | None = None
    counts: Counts | None = None
    once_per: tuple[str, ...] = ()
    at_most: AtMost | None = None
    digest: Digest | None = None
    read_first: str | None = None
    send_in: str | None = None
    review: int | Literal["always"] | None = None
    release_within: Duration | None = None
    calendar: tuple[str, ...] = ()
    on_holiday: Literal["earlier", "later", "skip"] | None = None
    vars: Mapping[str, Any] = field(default_factory=dict)
    pack: str | None = None
    memory_hash: str = ""
    source: str = ""
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """One text in one locale: Jinja sources. `mark` is where it stands."""

    subject: str
    body: str
    short: str
    at: Position


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Everything that decides, immutable, named by the hash of its content.

    by_type: event type -> rules in file order; `scheduled` are the rules of the clock. Disabled rules are in neither.
    texts: key -> locale -> Text; a rule of a pack names its texts "pack/key". Whoever picks by a reader's locale asks
    `rules.language.wording.choose`.
    """

    version: str
    rules: Mapping[str, Rule]
    by_type: Mapping[str, tuple[Rule, ...]]
    scheduled: tuple[Rule, ...]
    texts: Mapping[str, Mapping[str, Text]]
