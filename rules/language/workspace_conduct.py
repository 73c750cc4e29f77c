"""How a project is run, from a workspace document: scope, contract, risks, suppliers, talk, audits and surveys.

In: the part of one project. Out: the fields of `Project` that say so. Problems are told to the part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.facts.duration import Duration
from rules.facts.project import Goal, Person, RiskPlan, SupplierPlan, Talk
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
        "suppliers": _suppliers(part, people),
        "workload": _workload(part, people),
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


def _check_owned(part: Part, name: str, what: str, people: Mapping[str, Person]) -> None:
    """Each thing of a list has an id of its own, and an owner of the team where it has one."""
    team = {key: person for key, person in people.items() if person.party == "team"}
    given = part.value.get(name, [])
    ids = [one["id"] for one in given]
    for i, one in enumerate(given):
        where = part.below(name, i)
        if one["id"] in ids[:i]:
            where.tell("id", f"{what} `{one['id']}` stands here twice", f"ids of {name} are identities")
        if one.get("owner") is not None and one["owner"] not in team:
            where.tell("owner", f"`{one['owner']}` is not of the team", allowed_here(one["owner"], team))


def _workload(part: Part, people: Mapping[str, Person]) -> dict[str, Duration]:
    """Hours of a week that are planned for people of the team."""
    team = {k: p for k, p in people.items() if p.party == "team"}
    where, found = part.below("workload"), {}
    for key in part.value.get("workload", {}):
        if key not in team:
            where.tell(key, f"`{key}` is not of the team", allowed_here(key, team))
        planned = where.duration(key)
        if planned is not None:
            found[key] = planned
    return found


def _suppliers(part: Part, people: Mapping[str, Person]) -> tuple[SupplierPlan, ...]:
    _check_owned(part, "suppliers", "delivery", people)
    milestones = [m["id"] for m in part.value.get("milestones", [])]
    given = part.value.get("suppliers", [])
    for i, one in enumerate(given):
        for j, blocked in enumerate(one.get("blocks", [])):
            if blocked not in milestones:
                hint = allowed_here(blocked, milestones) if milestones else "the project has no milestones"
                part.below("suppliers", i, "blocks").tell(j, f"there is no milestone `{blocked}`", hint)
    return tuple(_supplier(part.below("suppliers", i)) for i in range(len(given)))


def _supplier(part: Part) -> SupplierPlan:
    given = part.value
    return SupplierPlan(
        id=given["id"],
        name=given["name"],
        title=given.get("title", given["name"]),
        promised=part.day("promised"),
        blocks=tuple(given.get("blocks", ())),
        order=str(given["order"]) if "order" in given else None,
        owner=given.get("owner"),
        issue=given.get("issue"),
    )


def _risks(part: Part, people: Mapping[str, Person]) -> tuple[RiskPlan, ...]:
    _check_owned(part, "risks", "risk", people)
    given = part.value.get("risks", [])
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
