"""Which names an expression or a text of a rule may use, and of what kind they are.

In: the catalogue, what triggers the rule, the words it binds, the variables of the workspace. Out: a `TypeEnv`, which
also explains a name that is not among them: the object that is not there on this event, the field that was meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from rules.facts.action_item import CAUSES, KINDS, PARTIES
from rules.facts.catalogue import BOUND, EVENTS, OBJECTS, STANDING, Field
from rules.facts.supplier import STATES as SUPPLIED
from rules.language.nearest import allowed_here, did_you_mean, nearest


@dataclass(frozen=True, slots=True)
class Type:
    """The kind of a value as far as it is known before any data: a kind of the catalogue, or "any".

    currencies: what money can be in, where that can be seen; empty when it cannot.
    """

    kind: str
    currencies: frozenset[str] = frozenset()


ANY: Final = Type("any")


@dataclass(frozen=True, slots=True)
class TypeEnv:
    """The names in reach. `formers` are those that `before` and `changed` may ask about; `values` are all the values
    a name can have, where that is a closed list; `where` says what the names are known on ("on `ledger.posted`").
    """

    names: Mapping[str, Type]
    formers: frozenset[str] = frozenset()
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    where: str = "here"
    currencies: frozenset[str] = frozenset()

    def with_names(self, more: Mapping[str, Type]) -> TypeEnv:
        """The same with more names in reach."""
        return replace(self, names={**self.names, **more})

    def with_values(self, more: Mapping[str, tuple[Any, ...]]) -> TypeEnv:
        """The same with further closed lists of values."""
        return replace(self, values={**self.values, **more})

    def without(self, names: Iterable[str]) -> TypeEnv:
        """The same without some names."""
        gone = frozenset(names)
        return replace(self, names={n: t for n, t in self.names.items() if n not in gone})

    def explain_unknown(self, name: str) -> tuple[str, str]:
        """What is wrong with a name that is not in reach, and what was meant."""
        head, _, rest = name.partition(".")
        if name in BOUND and f"{name}.{name}" in self.names:
            return f"`{name}` is an object {self.where}", f"write {name}.{name}"
        if name in BOUND and BOUND[name][1]:
            words = _words_that_bind(name)
            inside = "in a rule" if words[0] in ("around", "every") else "in `do:` of a rule"
            return f"`{name}` is known only {inside} with {' or '.join(f'`{w}`' for w in words)}", ""
        if head == "vars":
            known = [n for n in self.names if n.startswith("vars.")]
            return f"there is no variable `{rest}`", allowed_here(
                name, known
            ) if known else "`vars:` stand in accord.yaml"
        here = sorted({n.partition(".")[0] for n in self.names})
        if head in here:
            return self._explain_field(name, head, rest)
        if head in OBJECTS:
            return f"`{head}` is not known {self.where}", f"known: {', '.join(here)}"
        return f"there is no `{name}`", self._meant(name, here) or f"known: {', '.join(here)}"

    def _explain_field(self, name: str, head: str, rest: str) -> tuple[str, str]:
        fields = [n.partition(".")[2] for n in self.names if n.startswith(head + ".")]
        if not rest and fields:
            return f"`{name}` is an object", allowed_here("", fields, "name one of its fields")
        if not fields:
            return f"`{head}` has no fields", f"write {head}"
        return f"`{head}` has no field `{rest}`", _field_hint(head, rest, fields)

    def _meant(self, name: str, here: list[str]) -> str:
        if "." not in name:
            owners = [n for n in self.names if n.endswith("." + name)]
            if owners:
                return f"did you mean `{owners[0]}`?"
            return did_you_mean(name, [*here, *(n for n in self.names if "." in n)])
        head, _, rest = name.partition(".")
        objects = nearest(head, here)
        whole = f"{objects[0]}.{rest}" if objects else ""
        return f"did you mean `{whole}`?" if whole in self.names else did_you_mean(name, self.names)


def _field_hint(head: str, rest: str, fields: list[str]) -> str:
    meant = nearest(rest, fields)
    inner = [f for f in fields if f.startswith(rest + ".")]
    if inner:
        return f"name one of: {', '.join(f'{head}.{f}' for f in inner[:6])}"
    if meant:
        return f"did you mean `{head}.{meant[0]}`?"
    return allowed_here(rest, fields, "fields")


def fields_of(objects: Iterable[str]) -> Mapping[str, Field]:
    """Dotted name -> field of the catalogue, for those of the objects that the catalogue has."""
    return _fields(tuple(objects))


@lru_cache(maxsize=512)
def _fields(objects: tuple[str, ...]) -> Mapping[str, Field]:
    return {f"{name}.{f.name}": f for name in objects for f in OBJECTS.get(name, {}).values()}


def objects_of(event_types: Iterable[str]) -> list[str]:
    """The objects known on at least one of these event types: its own and those it brings."""
    found: list[str] = []
    for name in event_types:
        found += [EVENTS[name].object, *EVENTS[name].also]
    return list(dict.fromkeys(found))


def type_of(kind: str) -> Type:
    """The static type of a field of the catalogue."""
    return Type({"int": "number", "object": "any"}.get(kind, kind))


def names_of(objects: Iterable[str], project_currencies: frozenset[str] = frozenset()) -> Mapping[str, Type]:
    """Name -> type of every field of the objects. Figures of the project are in its currency."""
    return _names(tuple(objects), project_currencies)


@lru_cache(maxsize=512)
def _names(objects: tuple[str, ...], project_currencies: frozenset[str]) -> Mapping[str, Type]:
    found = {name: type_of(f.type) for name, f in fields_of(objects).items()}
    if not project_currencies:
        return found
    own = (
        "budget.",
        "forecast.",
        "earned.",
        "retainer.",
        "reserve.",
        "change.",
        "baseline.",
        "entry.base_amount",
    )
    return {
        n: Type(t.kind, project_currencies) if t.kind == "money" and n.startswith(own) else t
        for n, t in found.items()
    }


def bound_names(words: Iterable[str]) -> dict[str, Type]:
    """Name -> type of what a rule with these words binds, and of what every rule binds."""
    given = {"", *words}
    return {
        name: type_of(kind)
        for name, (kind, _) in BOUND.items()
        if not given.isdisjoint(_words_that_bind(name))
    }


def _words_that_bind(name: str) -> list[str]:
    return BOUND[name][1].split(" or ")


def environment(
    event_types: Iterable[str],
    *,
    objects: Iterable[str] = STANDING,
    words: Iterable[str] = (),
    variables: Mapping[str, Type] | None = None,
    values: Mapping[str, tuple[Any, ...]] | None = None,
    currencies: frozenset[str] = frozenset(),
) -> TypeEnv:
    """The names a rule on these events may use.

    objects: those that are known whatever the event ("milestone" of an `around` among them).  words: words of the rule
    that bind names.  variables: "vars.NAME" -> type.  values: closed lists beyond `VALUES`.  currencies: those of the
    projects in its scope.
    """
    types = sorted(event_types)
    known = dict.fromkeys((*objects, *objects_of(types)))
    former = {name for t in types for name in fields_of([EVENTS[t].object])}
    # On `level.*` the level itself may be written as a rule with `crosses` has it.
    told = {"level": type_of("number")} if "level" in known else {}
    names = {**names_of(known, currencies), **told, **bound_names(words), **(variables or {})}
    where = (
        f"on `{types[0]}`" if len(types) == 1 else f"on any of {', '.join(types[:4])}" if types else "here"
    )
    closed = {n: v for n, v in VALUES.items() if n in names}
    return TypeEnv(names, frozenset(former), {**closed, **(values or {})}, where, currencies)


# Fields whose values are a closed list; a comparison with anything else can never hold.
VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "project.status": ("draft", "active", "on_hold", "closing", "closed", "archived"),
    "project.mode": ("observe", "review", "live"),
    "project.health": ("green", "amber", "red", "none"),
    "project.billing.kind": ("time_and_materials", "capped", "fixed_price", "retainer"),
    "project.billing.client_sees": ("spend", "progress", "nothing"),
    "entry.kind": ("time", "expense", "bill", "invoice", "payment", "credit"),
    "entry.measure": ("committed", "incurred", "billed", "collected", "credited"),
    "entry.class": ("staff", "material", "equipment", "subcontract", "travel", "other"),
    "issue.status_group": ("todo", "doing", "done", "waits_for_client"),
    "comment.visibility": ("internal", "client"),
    "milestone.status": (
        *("planned", "handed_over", "in_acceptance"),
        *("accepted", "rejected", "deemed_accepted", "cancelled"),
    ),
    "milestone.acceptance": ("online", "offline", "deemed"),
    "milestone.waiting_on": ("team", "client", "supplier"),
    "approval.about": ("change", "milestone", "scope", "budget", "reserve", "expense", "reopening", "rebase"),
    "approval.party": ("client", "team"),
    "decision.outcome": ("approved", "rejected", "changes_requested"),
    "decision.channel": ("online", "phone", "meeting", "chat", "mail", "deemed"),
    "person.party": ("team", "client"),
    "action_item.kind": KINDS,
    "action_item.party": PARTIES,
    "action_item.status": ("open", "due_soon", "overdue", "answered", "done", "waived"),
    "delay.cause": CAUSES,
    "action_item.cause": CAUSES,
    "risk.kind": ("technical", "financial", "schedule", "resource", "market", "other"),
    "risk.response": ("avoid", "reduce", "transfer", "accept"),
    "risk.status": ("open", "mitigating", "triggered", "closed"),
    "supplier.status": SUPPLIED,
    "survey.kind": ("pulse", "csat", "nps"),
    "contact.channel": ("mail", "phone", "meeting", "chat"),
    "event.type": tuple(EVENTS),
}
