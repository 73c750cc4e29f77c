"""Packs in use, their variables, and what `override` changes in their rules.

In: the `use:` and `override:` words of the workspace's rule files, and the packs. Out: the packs in use, the types and
defaults of their variables, and for each overridden rule the words that are laid over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rules.facts.project import Workspace
from rules.language.documents import Document, Path
from rules.language.model import Problem
from rules.language.names import Type
from rules.language.nearest import allowed_here
from rules.language.packs import NAMES, Pack, ReadPack
from rules.language.sources import Findings, Source
from rules.language.variables import SHOWN_AS, BadVariable, read_as, variable_type

# Word of `set:` -> where it stands in a rule.
PLACES: Final[Mapping[str, Path]] = {
    "title": ("title",),
    "calendar": ("calendar",),
    "on_holiday": ("on_holiday",),
    "if": ("if",),
    "levels": ("crosses", "levels"),
    "rearm": ("crosses", "rearm"),
    "offsets": ("around", "offsets"),
    "time": ("around", "time"),
    "cron": ("every", "cron"),
    "zone": ("every", "zone"),
    "stays_true_for": ("stays_true_for",),
    "within": ("if_not_followed_by", "within"),
    "at_least": ("counts", "at_least"),
    "once_per": ("once_per",),
    "at_most": ("at_most",),
    "digest": ("digest",),
    "read_first": ("read_first",),
    "release_within": ("release_within",),
    "send_in": ("send_in",),
    "review": ("review",),
}


@dataclass
class Overrides:
    """The overrides of a load: rule id -> the words laid over it, and which rules are switched off."""

    laid: dict[str, dict[Path, tuple[Document, Path]]] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)


def packs_in_use(documents: Iterable[Document], packs: ReadPack, findings: Findings) -> dict[str, Pack]:
    """The packs that `use:` names, in their order."""
    found: dict[str, Pack] = {}
    for document in documents:
        for i, name in enumerate((document.value or {}).get("use") or ()):
            pack = packs(str(name))
            if pack is not None:
                found.setdefault(str(name), pack)
                continue
            available = [n for n in NAMES if packs(n) is not None]
            hint = allowed_here(str(name), available, "packs") if available else ""
            findings.add(Problem(document.at(("use", i)), f"there is no pack `{name}`", hint))
    return found


def read_overrides(
    documents: Iterable[Document], rules: Mapping[str, Source], findings: Findings
) -> Overrides:
    """What the workspace changes in the rules of packs. `rules`: id -> the rule as the pack has it."""
    found = Overrides()
    for document in documents:
        for i in range(len((document.value or {}).get("override") or ())):
            _override(Source(document, ("override", i), findings), rules, found)
    return found


def variables(
    documents: Iterable[Document], workspace: Workspace, findings: Findings
) -> tuple[dict[str, Type], dict[str, Any]]:
    """Types of all variables ("vars.NAME") and the defaults that packs declare (NAME)."""
    types: dict[str, Type] = {}
    defaults: dict[str, Any] = {}
    given = dict(_given(workspace))
    for name in sorted({n for values in given.values() for n in values}):
        types[f"vars.{name}"] = variable_type(values[name] for values in given.values() if name in values)
    for document in documents:
        for name in (document.value or {}).get("vars") or ():
            declared = Source(document, ("vars", name), findings)
            kind = str(declared.get("type"))
            types[f"vars.{name}"] = Type(SHOWN_AS.get(kind, kind))
            defaults[name] = _default(declared, kind)
            _check_values(declared, str(name), kind, given)
    return types, defaults


def undeclared_vars(document: Document, findings: Findings) -> None:
    """A workspace's own rule file declares no variables."""
    if (document.value or {}).get("vars"):
        at = document.at(("vars",), key=True)
        findings.add(
            Problem(at, "a pack declares variables; values stand in accord.yaml", "move `vars:` there")
        )


def only_rules(document: Document, findings: Findings) -> None:
    """A pack neither uses nor overrides another."""
    for word in ("use", "override"):
        if (document.value or {}).get(word):
            findings.add(
                Problem(document.at((word,), key=True), f"a pack has no `{word}`", "packs stand alone")
            )


def _override(source: Source, rules: Mapping[str, Source], found: Overrides) -> None:
    rule_id = str(source.get("rule"))
    rule = rules.get(rule_id)
    if rule is None:
        _unknown_rule(source, rule_id, rules)
        return
    if source.get("disabled"):
        found.disabled.add(rule_id)
    laid = found.laid.setdefault(rule_id, {})
    if source.get("scope") is not None:
        _lay(source, ("scope",), ("scope",), laid)
    for word in source.get("set") or ():
        place = PLACES[word]
        if len(place) > 1 and not isinstance(rule.get(place[0]), dict):
            source.tell(
                f"rule `{rule_id}` has no `{place[0]}`", f"`{word}` cannot be set", "set", word, key=True
            )
            continue
        _lay(source, ("set", word), place, laid)


def _lay(source: Source, word: Path, place: Path, laid: dict[Path, tuple[Document, Path]]) -> None:
    if place in laid:
        document, path = laid[place]
        hint = f"the other is at {document.at(path)}; keep one"
        source.tell(f"`{word[-1]}` of this rule is set twice", hint, *word, key=True)
        return
    laid[place] = (source.document, (*source.path, *word))


def _unknown_rule(source: Source, rule_id: str, rules: Mapping[str, Source]) -> None:
    pack = rule_id.partition("/")[0]
    if "/" not in rule_id:
        source.tell(
            f"`{rule_id}` is no rule of a pack", "a rule of your own is changed where it stands", "rule"
        )
    elif not any(known.startswith(f"{pack}/") for known in rules):
        source.tell(f"the pack `{pack}` is not in use", f"add it: use: [{pack}]", "rule")
    else:
        source.tell(f"there is no rule `{rule_id}`", allowed_here(rule_id, rules, "rules"), "rule")


def _given(workspace: Workspace) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Where values of variables stand, and those that stand there."""
    yield "the organisation", workspace.vars
    yield from ((f"client `{key}`", client.vars) for key, client in workspace.clients.items())
    yield from ((f"project `{key}`", project.vars) for key, project in workspace.projects.items())


def _default(declared: Source, kind: str) -> Any:
    value = declared.get("default")
    if value is None or value == "none":
        return None
    try:
        return read_as(value, kind)
    except BadVariable as error:
        declared.tell(f"the default {error}", "", "default")
        return None


def _check_values(declared: Source, name: str, kind: str, given: Mapping[str, Mapping[str, Any]]) -> None:
    for where, values in given.items():
        if values.get(name) is None:
            continue
        try:
            read_as(values[name], kind)
        except BadVariable as error:
            hint = f"mend it in `vars:` of {where}"
            declared.tell(f"`vars.{name}` {error}", hint, key=True)
