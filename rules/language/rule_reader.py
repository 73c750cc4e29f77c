"""One rule: YAML -> `Rule`, with everything wrong in it told at its place.

In: a rule as written (a pack's with the words that an override sets), the workspace, the variables, the texts. Out: the
rule and the messages it sends, or none.
"""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rules.facts import codec
from rules.facts.project import Project, Workspace
from rules.language.actions import ActionReader
from rules.language.conditions import conditions_at, names_at
from rules.language.expressions import Compiled
from rules.language.ladders import read_crosses
from rules.language.messages import COST, Message
from rules.language.model import (
    ActionSpec,
    Counts,
    Crosses,
    NotFollowed,
    Problem,
    Rule,
    Scope,
    StaysTrue,
)
from rules.language.names import Type, TypeEnv, environment
from rules.language.noise import Noise, check_noise, read_noise
from rules.language.operations import shown
from rules.language.reach import in_reach, in_scope, read_scope
from rules.language.sources import Source
from rules.language.text_files import TextSource
from rules.language.triggers import Triggered, read_calendars, read_on_holiday, read_trigger
from rules.language.waiting import MEMORY, one_memory, read_counts, read_wait

MEMORY_WORDS: Final = (*MEMORY, "once_per")
# What a rule's memory binds once it fires: `if:` decides before.
_BOUND_BY_MEMORY: Final = frozenset({"level", "value", "elapsed", "count"})


@dataclass(frozen=True, slots=True)
class Setting:
    """What all rules of a load share: the workspace, types and defaults of variables ("vars.NAME", NAME)."""

    workspace: Workspace
    variable_types: Mapping[str, Type]
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Built:
    """A rule, the messages it sends, and its inline texts by key and locale."""

    rule: Rule
    messages: tuple[Message, ...]
    inline: Mapping[str, Mapping[str, TextSource]]


def read_rule(
    source: Source, setting: Setting, text_key: Callable[[str], str], pack: str | None = None
) -> Built | None:
    """The rule that stands at a place; none when its trigger cannot be understood."""
    trigger = read_trigger(source, setting.workspace)
    if trigger is None:
        return None
    scope = read_scope(source.below("scope"), setting.workspace)
    projects = in_scope(scope, setting.workspace)
    if not projects and not source.findings.broken():
        hint = "projects that are closed or archived do not count"
        at = ("scope",) if scope != Scope() else ()
        source.tell("no project is in the scope of this rule", hint, *at, severity="warning")
    one_memory(source)
    env = _environment(source, trigger, projects, setting)
    # On `level.*` the event itself brings a level.
    brought = {"level"} if "level.level" in env.names and "crosses" not in source.value else set()
    before = env.without(_BOUND_BY_MEMORY - brought)
    crosses = read_crosses(source.below("crosses"), before) if "crosses" in source.value else None
    conditions = conditions_at(source.below("if"), before)
    wait = read_wait(source, trigger, conditions, before)
    _contradictions(source, conditions)
    reached = in_reach(projects, conditions, setting.workspace, setting.variables)
    # A pack's rule that this workspace has no use for is nobody's mistake.
    if projects and not reached and pack is None:
        source.tell("no project in scope can ever meet these conditions", "", "if", severity="warning")
    noise = read_noise(source, env)
    reader = ActionReader(
        rule_id=_full_id(source, pack),
        env=_with_lengths(_with_levels(env, crosses), wait),
        workspace=setting.workspace,
        projects=reached,
        variables=setting.variables,
        text_key=text_key,
        figures=_figures(crosses),
        digest=noise.digest,
    )
    counts = read_counts(source, trigger, before)
    once_per = names_at(source.below("once_per"), env)
    decided = _Decided(trigger, scope, conditions, crosses, wait, counts, once_per, noise)
    do = reader.read(source.below("do"))
    check_noise(source, noise, do)
    rule = _rule(source, setting, decided, reader.rule_id, do)
    return Built(replace(rule, pack=pack), tuple(reader.messages), reader.inline)


@dataclass(frozen=True, slots=True)
class _Decided:
    """The words of a rule that say whether it fires, and how often."""

    trigger: Triggered
    scope: Scope
    conditions: tuple[Compiled, ...]
    crosses: Crosses | None
    wait: StaysTrue | NotFollowed | None
    counts: Counts | None
    once_per: tuple[str, ...]
    noise: Noise


def _rule(
    source: Source, setting: Setting, decided: _Decided, rule_id: str, do: tuple[ActionSpec, ...]
) -> Rule:
    return Rule(
        id=rule_id,
        title=_title(source, rule_id),
        at=source.at("id") if source.get("id") else source.at(),
        trigger=decided.trigger.trigger,
        do=do,
        scope=decided.scope,
        conditions=decided.conditions,
        crosses=decided.crosses,
        wait=decided.wait,
        counts=decided.counts,
        once_per=decided.once_per,
        at_most=decided.noise.at_most,
        digest=decided.noise.digest,
        read_first=decided.noise.read_first,
        release_within=decided.noise.release_within,
        send_in=source.get("send_in"),
        review=source.get("review"),
        calendar=read_calendars(source.below("calendar"), setting.workspace),
        on_holiday=read_on_holiday(source),
        vars=setting.variables,
        memory_hash=_memory_hash(source),
        source=_yaml(source),
    )


def _environment(source: Source, trigger: Triggered, projects: list[Project], setting: Setting) -> TypeEnv:
    workspace = setting.workspace
    values: dict[str, tuple[Any, ...]] = {
        "project.id": tuple(sorted(workspace.projects)),
        "client.id": tuple(sorted(workspace.clients)),
        "project.client": tuple(sorted(workspace.clients)),
        **trigger.values,
    }
    return environment(
        trigger.types,
        objects=trigger.objects,
        words=(*trigger.words, *(word for word in MEMORY if word in source.value)),
        variables=setting.variable_types,
        values=values,
        currencies=frozenset(p.currency for p in projects),
    )


def _with_levels(env: TypeEnv, crosses: Crosses | None) -> TypeEnv:
    """The level that fired is one of the levels, and of the kind of the figure."""
    if crosses is None:
        return env
    kind = crosses.value.type if isinstance(crosses.value, Compiled) else Type("number")
    known = env.with_names({"level": kind, "value": kind})
    return (
        known.with_values({"level": crosses.levels})
        if isinstance(crosses.levels, tuple) and not crosses.currency
        else known
    )


def _with_lengths(env: TypeEnv, wait: StaysTrue | NotFollowed | None) -> TypeEnv:
    """The time that passed is one of the durations."""
    return env.with_values({"elapsed": wait.lengths}) if wait is not None else env


def _figures(crosses: Crosses | None) -> frozenset[str]:
    if crosses is None or not any(name.startswith(COST) for name in crosses.value.names):
        return frozenset()
    return frozenset({"level", "value"})


def _contradictions(source: Source, conditions: tuple[Compiled, ...]) -> None:
    """Two conditions that ask the same name for different values can never hold together."""
    needed: dict[str, frozenset[Any]] = {}
    for condition in conditions:
        for name, values in condition.equalities.items():
            if needed.get(name, values) & values:
                needed[name] = needed.get(name, values) & values
                continue
            wanted = " and ".join(sorted(shown(v) for v in (*needed.get(name, ()), *values)))
            told = (
                f"this can never hold: `{name}` would have to be {wanted} at once"
                if wanted
                else "this can never hold"
            )
            source.findings.add(Problem(condition.at, told, "use `or`, or `in [a, b]`"))
            return


def _full_id(source: Source, pack: str | None) -> str:
    own = str(source.get("id") or "")
    return f"{pack}/{own}" if pack else own


def _title(source: Source, fallback: str) -> Mapping[str, str]:
    given = source.get("title")
    if isinstance(given, dict):
        return {str(locale): str(text) for locale, text in given.items()}
    return {"en": str(given or fallback)}


def _memory_hash(source: Source) -> str:
    words = {word: source.get(word) for word in MEMORY_WORDS if source.get(word) is not None}
    return hashlib.sha256(codec.dumps(words).encode()).hexdigest()[:16] if words else ""


def _yaml(source: Source) -> str:
    """The rule as its author wrote it, without the indent of its list and without what follows it."""
    mark = source.document.marks.get(source.path)
    if mark is None:
        return ""
    written = " " * (mark.column - 1) + source.document.text[mark.start : mark.end]
    lines = written.rstrip().splitlines()
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return textwrap.dedent("\n".join(lines)) + "\n"
