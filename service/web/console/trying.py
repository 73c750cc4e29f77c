"""Trying a rule on what has happened: a rule in force, or one that is pasted, over the last days of the journal.

In: `/rules/try`. Out: what the rule would have sent, client by client; nothing is sent or stored. A long journal is
left to `accord backtest`, which shows how far it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, request

from rules.backtest import Change, Outcome
from rules.language.model import Problem, RuleSet
from service.backtesting import TooMuch, backtest, compiled, with_rules
from service.rulebook import BrokenFiles
from service.web import auth, pages

room = Blueprint("trying", __name__)
MOST_EVENTS: Final = 20_000
MOST_SHOWN: Final = 100
LONGEST: Final = 20_000
WINDOWS: Final = ("7", "30", "90")
PASTED: Final = "pasted.yaml"


@room.get("/rules/try")
@auth.needs("change")
def form() -> str:
    """What to try, and over how many days."""
    return _page({"rule": request.args.get("rule", ""), "days": "30"})


@room.post("/rules/try")
@auth.needs("change")
def run() -> str | tuple[str, int]:
    """Try it, and show what would have been sent."""
    given = {name: request.form.get(name, "") for name in ("rule", "days", "text")}
    given["days"] = given["days"] if given["days"] in WINDOWS else "30"
    context = pages.context()
    text = given["text"].replace("\r\n", "\n")
    if not text.strip() and given["rule"] not in context.rulebook.rules.rules:
        return _page(given, wrong=pages.reader().t("rules.try.nothing")), 422
    if len(text) > LONGEST:
        return _page(given, wrong=pages.reader().t("rules.try.too_long", most=LONGEST)), 422
    rules: tuple[RuleSet | None, RuleSet] = (None, context.rulebook.rules)
    try:
        if text.strip():
            pasted = with_rules(context.rulebook.sources, PASTED, text)
            rules = (context.rulebook.rules, compiled(context, pasted))
        begin = context.now() - timedelta(days=int(given["days"]))
        with context.database.reading() as connection:
            outcome = backtest(context, connection, rules, begin, most=MOST_EVENTS)
    except BrokenFiles as broken:
        return _page(given, problems=broken.problems), 422
    except TooMuch as much:
        return _page(given, wrong=pages.reader().t("rules.try.too_much", count=much.events)), 422
    picked = None if text.strip() else given["rule"]
    changes = [c for c in outcome.changes if picked in (None, c.message.rule)]
    return _page(given, outcome=outcome, changes=changes, picked=picked)


def _page(
    given: Mapping[str, str],
    *,
    outcome: Outcome | None = None,
    changes: list[Change] | None = None,
    picked: str | None = None,
    problems: list[Problem] | None = None,
    wrong: str | None = None,
) -> str:
    context = pages.context()
    shown = changes or []
    return pages.page(
        "trying",
        "rules",
        given=given,
        windows=WINDOWS,
        names=[("", "-"), *((id, id) for id in context.rulebook.rules.rules)],
        outcome=outcome,
        groups=_grouped(shown[:MOST_SHOWN]),
        count=len(shown),
        hidden=max(0, len(shown) - MOST_SHOWN),
        picked=picked,
        broken=sorted({line for told in outcome.broken.values() for line in told}) if outcome else [],
        problems=problems or [],
        wrong=wrong,
    )


def _grouped(changes: list[Change]) -> list[tuple[str | None, list[dict[str, Any]]]]:
    """The changes by client, as rows."""
    clients = pages.context().rulebook.workspace.clients
    found: dict[str | None, list[dict[str, Any]]] = {}
    for change in changes:
        one = change.message
        known = clients.get(one.client or "")
        found.setdefault(known.name if known else None, []).append(
            {"change": change.kind, "message": one, "lines": change.difference}
        )
    return list(found.items())
