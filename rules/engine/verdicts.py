"""What deciding an event comes to: one `Verdict` for each candidate rule, and the `Planned` actions.

In: the engine makes these. Out: plain frozen values that the store keeps and explain prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from rules.facts.event import Event, Record
from rules.language.model import Operand

VerdictKind = Literal[
    "fired",
    "out_of_scope",
    "condition_false",
    "unknown",
    "not_crossed",
    "cleared",
    "pending",
    "duplicate",
    "suppressed",
    "waiting",
    "cancelled",
    "awaiting_review",
    "observed",
    "history",
    "loop",
    "disabled",
    "error",
]

# Recomputed from event, facts and rule set instead of stored: there is one for almost every rule and event.
NOT_STORED: frozenset[VerdictKind] = frozenset({"condition_false", "out_of_scope"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule's outcome for one event.

    reason: one plain sentence.  trace: each condition with its operands and values, the deciding one first.
    near_miss: for conditions nearly met, what would have fired ("budget.used is 79.0 %; 80 % would have fired").
    Both are `Words` where the engine says them, so that they can be said in other languages.
    left_out: of a rule that fired, the entries whose own condition does not hold, and why.
    memory: what the rule's memory came to on this event (rules.engine.remembered), empty where it was not asked.
    """

    event: str
    rule: str
    kind: VerdictKind
    reason: str
    at: str = ""
    trace: tuple[Operand, ...] = ()
    near_miss: str | None = None
    memory: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Planned:
    """An intention: one outward call for one recipient or target. `id` is its deterministic key.

    kind: email chat comment task transition label set_field webhook record.
    connection: which outside system executes it (none for `email` picks the workspace's mail connection; `task`
        and `record` need none).
    recipient: a person's key or none.  address: mail address, chat connection, or issue key.
    target: for one target actions run in order ("tracker/APO-1", "mail/bob").
    client_facing: it can reach a client: held to hours, review, mode.
    text: key of the text, or {"inline": {locale: {"subject", "body", "short"}}}; locale: of the recipient.
    names: every name the text may use, as of the event decided (rendered at sending).
    keys: the action's further keys, evaluated ({"status": "Approved"}).
    observed: the project is in observe: goes to the lead, marked TEST, instead of the client.
    waits: none, or why it may not leave yet: "review", "delay", "digest", "hours", "cap", "read"; `due` is when it may
        leave at the earliest.
    recheck: it is checked again before leaving (it waited).
    heap: what it becomes one message with, when both wait: the digest of its rule, else later words about the same.
    counts: what `at_most` of its rule counts it with, "" where there is none.
    gathered: the digest that it waits in or has left: "rule", "client", "" for none.
    release_by: under review, when the deputy is told that it waits.
    read_at: when its object was read again from the source, for a rule with `read_first`.
    passes: no cap and no digest holds it: a decision that is asked for, a confirmation.
    parts: the messages that a client's digest says, in words: [{"subject", "body"}].
    alert: the ladder memory and level it belongs to ("memory id", "level", epoch), for giving back and correction.
    corrects: id of the alert's action that this correction note takes back: it leaves only after that action's
        outcome is known, and only if the alert left or may have left.
    confirms: a confirmation or code that a client just asked for: never waits for hours.
    keys["link"]: {"approval": id, "person": key} where the text has `link`: the service makes the address.
    keys["instead_of"]: {"kind", "recipient", "address", "target"} of what an observed action would have been. It has
        no keys["link"]: its names have a `link` that opens nothing, for only the client may decide.
    spec: id of the entry of `do:` behind it; for a correction note, of the entry whose alert it takes back.
    depth: how long the chain of events behind it is: what becomes of it is one link more.
    """

    id: str
    event: str
    rule: str
    kind: str
    ordinal: int
    due: datetime
    project: str | None = None
    client: str | None = None
    connection: str | None = None
    recipient: str | None = None
    address: str | None = None
    target: str = ""
    client_facing: bool = False
    text: Any = None
    locale: str = "en"
    names: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, Any] = field(default_factory=dict)
    observed: bool = False
    waits: str | None = None
    recheck: bool = False
    alert: tuple[str, str, int] | None = None
    corrects: str | None = None
    confirms: bool = False
    spec: str = ""
    depth: int = 0
    heap: str = ""
    counts: str = ""
    gathered: str = ""
    release_by: datetime | None = None
    read_at: datetime | None = None
    passes: bool = False
    parts: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that deciding one event comes to, the events it caused included.

    events: the event itself first, then those it caused, in the order decided.
    puts: (kind, id) -> record as it is afterwards: the caller stores exactly these.
    given_back: action ids whose waiting is over because the thing is no longer true.
    """

    events: tuple[Event, ...]
    verdicts: tuple[Verdict, ...]
    actions: tuple[Planned, ...]
    puts: Mapping[tuple[str, str], Record]
