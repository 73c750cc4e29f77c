"""How a project is run, from a workspace document: scope, contract, risks, talk, audits and surveys.

In: the part of one project. Out: the fields of `Project` that say so. Problems are told to the part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.facts.project import Goal, Person, RiskPlan, Talk
from rules.facts.risk import LIMIT
from rules.language.nearest import allowed_here
from rules.language.workspace_values import Part


def conduct_of(part: Part, organisation: Part, people: Mapping[str, Person]) -> dict[str, Any]:
    """The fields by name."""
    given = part.value
    scope, contract, surveys = (given.get(name) or {} for name in ("scope", "contract", "surveys"))
    asked = tuple(surveys.get("to", ("sponsor", "approver")))
    return {
        "goals": tuple(_goal(part.below("scope", "goals", i)) for i in range(len(scope.get("goals", [])))),
        "deliverables": tuple(str(text) for text in scope.get("deliverables", [])),
        "excluded": tuple(str(text) for text in scope.get("excluded", [])),
        "scope_file": scope.get("file"),
        "contract_signed": part.below("contract").day("signed") if "signed" in contract else None,
        "contract_file": contract.get("file"),
        "clauses": {str(name): str(text) for name, text in contract.get("clauses", {}).items()},
        "risks": _risks(part, people),
        "risk_limit": given.get("risk_limit", LIMIT),
        "communication": tuple(
            _talk(part.below("communication", i)) for i in range(len(given.get("communication", [])))
        ),
        "needs_to_begin": tuple(given.get("needs_to_begin", organisation.value.get("needs_to_begin", ()))),
        "audit": given.get("audit", "quarterly"),
        "pulse": surveys.get("pulse", "never"),
        "team_pulse": surveys.get("team_pulse", "never"),
        "closing_survey": surveys.get("closing", True),
        "survey_to": asked,
    }


def _goal(part: Part) -> Goal:
    given = part.value
    if isinstance(given, str):
        return Goal(given)
    return Goal(given["goal"], given.get("measure"), part.day("by") if "by" in given else None)


def _risks(part: Part, people: Mapping[str, Person]) -> tuple[RiskPlan, ...]:
    team = {key: person for key, person in people.items() if person.party == "team"}
    given = part.value.get("risks", [])
    ids = [one["id"] for one in given]
    for i, one in enumerate(given):
        where = part.below("risks", i)
        if one["id"] in ids[:i]:
            where.tell("id", f"risk `{one['id']}` stands here twice", "ids of risks are identities")
        if one.get("owner") is not None and one["owner"] not in team:
            where.tell("owner", f"`{one['owner']}` is not of the team", allowed_here(one["owner"], team))
    currency = part.value["currency"]
    return tuple(_risk(part.below("risks", i), currency) for i in range(len(given)))


def _risk(part: Part, currency: str) -> RiskPlan:
    given = part.value
    return RiskPlan(
        id=given["id"],
        title=given["title"],
        kind=given.get("kind", "other"),
        response=given.get("response"),
        score=given.get("score", 1),
        owner=given.get("owner"),
        review_on=part.day("review_on") if "review_on" in given else None,
        plan=given.get("plan"),
        amount=part.amount(currency, "amount"),
    )


def _talk(part: Part) -> Talk:
    given = part.value
    to = given.get("to", ())
    return Talk(
        what=given["what"],
        to=(to,) if isinstance(to, str) else tuple(to),
        channel=given.get("channel", "mail"),
        every=part.duration("every"),
    )
