"""What is on record about an event, as explanations: for `accord explain` and for the console.

In: an event that was decided, the rule set that decided it. Out: an `Explanation` for each stored verdict, in the order
they were decided, each with where its messages stand by now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rules.engine.explain import Explanation, of_verdict, with_messages
from rules.engine.messages import Standing
from rules.language.model import RuleSet
from service.state import Context
from service.store import actions, attention, journal, lists
from service.store.database import Connection, from_iso


def kept(
    context: Context, connection: Connection, event: str, rules: RuleSet, locale: str
) -> list[Explanation]:
    """The stored verdicts of an event."""
    page = lists.verdicts_page(connection, lists.Wanted(limit=lists.MOST), {"event": event})
    by_rule: dict[str, list[Standing]] = {}
    for row in attention.actions_of(connection, [event]):
        by_rule.setdefault(row["rule"], []).append(standing_of(row))
    found = [of_verdict(journal.verdict_of(row["data"]), rules, locale) for row in reversed(page.rows)]
    workspace = context.rulebook.workspace
    return [with_messages(one, by_rule.get(one.rule, ()), rules, workspace) for one in found]


def standing_of(row: Mapping[str, Any]) -> Standing:
    """An action on record as it stands: what it waits for now, until when, or what became of it."""
    planned = replace(actions.decode(row["data"]), waits=row["waits"], due=from_iso(row["due_at"]))
    return Standing(planned, row["state"], row["reason"] or "")
