"""Everything a text may name, taken down when a message is planned.

In: the names of a rule on an event, and who will read the text. Out: object -> field -> value (fields keep the dotted
names of the catalogue), ready to be stored. What a client may not read is not in a client's mapping at all, so that a
text that names it fails loudly instead of telling it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.engine.names import Facts, Names
from rules.facts.catalogue import OBJECTS
from rules.facts.event import Record
from rules.facts.project import Project
from rules.language.messages import COST
from rules.language.model import UNKNOWN
from rules.language.wording import choose


def snapshot(names: Names, *, client_facing: bool) -> dict[str, Any]:
    """Object -> record, and single values such as `level` and `today`."""
    facts = names.facts
    # What an event makes known is the same for all rules that fire on it: it is taken down once.
    if client_facing not in facts.taken_down:
        facts.taken_down[client_facing] = _shown(_known(facts), facts.project, client_facing)
    found = {"now": facts.state.now, "today": facts.today, "vars": names.variables, **names.bound}
    if client_facing:
        found = {k: v for k, v in found.items() if not (k in ("level", "value") and _tells_cost(names))}
    standing = {n: shown for n, shown in facts.taken_down[client_facing].items() if n not in names.bound}
    shown = standing | _shown(found, facts.project, client_facing)
    return {noun: value for noun, value in shown.items() if value != {}}


def _known(facts: Facts) -> dict[str, Any]:
    found: dict[str, Any] = {n: record for n in facts.nouns() if (record := facts.object(n)) is not None}
    if "project" in found:
        found["project"] = {**found["project"], **facts.condition()}
    return found


def _shown(found: Mapping[str, Any], project: Project | None, client_facing: bool) -> dict[str, Any]:
    return {
        noun: _fields(noun, value, project, client_facing) if isinstance(value, Mapping) else value
        for noun, value in found.items()
        if value is not UNKNOWN
    }


def for_reader(names: Mapping[str, Any], locale: str) -> Mapping[str, Any]:
    """The same names for a reader: what is decided on is in the reader's language where it was asked in it, else as
    it was asked.
    """
    approval = names.get("approval")
    if not isinstance(approval, Mapping) or not approval.get("texts"):
        return names
    texts = approval["texts"]
    asked = choose(texts, locale) or next(iter(texts.values()))
    shown = {"text": asked["text"], "text_sha256": asked["sha256"], "lines": asked["text"].splitlines()}
    return {**names, "approval": {**approval, **shown}}


def _fields(noun: str, record: Mapping[str, Any], project: Project | None, client_facing: bool) -> Record:
    """The record without the engine's own keys, and without what its reader may not see."""
    shown = {
        k: v for k, v in record.items() if not k.startswith("_") and k != "versions" and v is not UNKNOWN
    }
    if not client_facing:
        return shown
    return {k: v for k, v in shown.items() if not _hidden(noun, k, record, project)}


def _hidden(noun: str, name: str, record: Mapping[str, Any], project: Project | None) -> bool:
    field = OBJECTS.get(noun, {}).get(name)
    if field is not None and field.internal:
        return True
    if field is not None and field.written and not may_quote(noun, record, project):
        return True
    return hides_cost(project) and f"{noun}.{name}".startswith(COST)


def may_quote(noun: str, record: Mapping[str, Any], project: Project | None) -> bool:
    """Whether the project lets the client read this text that somebody wrote in a tracker."""
    connection = record.get("connection")
    allowed = {
        t.client_text
        for t in (project.tracked_by if project else ())
        if connection is None or t.connection == connection
    }
    if noun == "comment":
        return "marked_comments" in allowed and record.get("visibility") == "client"
    return bool(allowed & {"titles", "marked_comments"})


def hides_cost(project: Project | None) -> bool:
    """Whether amounts of cost are internal: the client buys a result, or sees progress only."""
    return project is not None and (project.billing_kind == "fixed_price" or project.client_sees != "spend")


def _tells_cost(names: Names) -> bool:
    """Whether what the rule's ladder measures is something that this client may not see."""
    crosses = names.rule.crosses
    measured = crosses.value.names if crosses else frozenset()
    return hides_cost(names.facts.project) and any(name.startswith(COST) for name in measured)
