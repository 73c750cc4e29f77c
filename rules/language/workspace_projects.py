"""Projects of a workspace document: budget, milestones, trackers and books."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rules.facts.catalogue import OBJECTS
from rules.facts.money import MINOR_UNITS, Money
from rules.facts.project import (
    Booking,
    BudgetPlan,
    Criterion,
    MilestonePlan,
    Person,
    Project,
    Tracking,
)
from rules.language.matching import compile_match
from rules.language.nearest import allowed_here, did_you_mean
from rules.language.schedules import refused_cron, refused_zone
from rules.language.workspace_conduct import conduct_of
from rules.language.workspace_figures import figures_of
from rules.language.workspace_values import Part, typed


def project_of(
    key: str,
    part: Part,
    organisation: Part,
    client: Part,
    people: Mapping[str, Person],
    connections: Mapping[str, Any],
) -> Project | None:
    """One project; none when its budget cannot be read. Problems are told to the part."""
    given = part.value
    _check_people(part, given["client"], people)
    _check_schedules(part.below("reports"))
    budget = _budget(part, given["currency"])
    if budget is None:
        return None
    billing, contract = given.get("billing", {}), given.get("contract", {})
    approvals = given.get("approvals", {})
    deemed = contract.get("deemed_acceptance", {})
    kind = billing.get("kind", "time_and_materials")
    return Project(
        id=key,
        name=given["name"],
        client=given["client"],
        currency=given["currency"],
        lead=given["lead"],
        budget=budget,
        status=given.get("status", "draft"),
        mode=given.get("mode", "observe"),
        live_since=part.day("live_since") if "live_since" in given else None,
        deputy=given.get("deputy"),
        roles={role: tuple(keys) for role, keys in given.get("roles", {}).items()},
        tags=tuple(given.get("tags", ())),
        billing_kind=kind,
        client_sees=billing.get("client_sees", "progress" if kind == "fixed_price" else "spend"),
        rounding=given.get("rounding", "half_up"),
        need=str(approvals.get("need", "any")),
        step_up=part.below("approvals").money("step_up") if approvals else None,
        tracked_by=_each(part, "tracked_by", lambda p: _tracking(p, connections)),
        booked_in=_each(part, "booked_in", lambda p: _booking(p, connections)),
        milestones=_milestones(part),
        reports=given.get("reports", {}),
        deemed_clause=deemed.get("clause"),
        deemed_days=deemed.get("days"),
        **conduct_of(part, organisation, people),
        time_zone=part.zone("time_zone", client.value["time_zone"]),
        calendar=given.get("calendar", organisation.value.get("calendar", "")),
        vars={k: typed(v) for k, v in given.get("vars", {}).items()},
        **figures_of(part, kind),
    )


def _check_schedules(part: Part) -> None:
    """Each schedule of reports comes round, in a zone that there is."""
    for name, schedule in (part.value or {}).items():
        where = part.below(name)
        for word, refused in (
            ("cron", refused_cron(str(schedule["cron"]))),
            ("zone", refused_zone(str(schedule.get("zone", "project")))),
        ):
            if refused is not None:
                where.tell(word, *refused)


def _each(part: Part, name: str, make: Any) -> tuple[Any, ...]:
    return tuple(make(part.below(name, i)) for i in range(len(part.value.get(name, []))))


def _budget(project: Part, currency: str) -> BudgetPlan | None:
    if currency not in MINOR_UNITS:
        hint = did_you_mean(currency, MINOR_UNITS)
        project.tell("currency", f"`{currency}` is no currency of ISO 4217", hint)
        return None
    part = project.below("budget")
    given = part.value
    total = part.amount(currency, "total")
    if total is None:
        return None
    lines = {name: part.amount(currency, "lines", name) or total for name in given.get("lines", {})}
    reserve = part.amount(currency, "reserve")
    _check_sums(part, total, lines, reserve)
    opening = part.below("opening")
    return BudgetPlan(
        total=total,
        measure=given.get("measure", "incurred"),
        at=given.get("at", "bill_rate"),
        lines=lines,
        reserve=reserve,
        opening_spent=opening.amount(currency, "spent") if opening.value else None,
        opening_as_of=opening.day("as_of") if opening.value else None,
    )


def _check_sums(part: Part, total: Money, lines: Mapping[str, Money], reserve: Money | None) -> None:
    """Lines and reserve together are the total, where lines are given: the reserve is inside the total."""
    parts = [*lines.values(), *([reserve] if reserve else [])]
    together = sum((m.amount for m in parts), Decimal(0))
    if lines and together != total.amount:
        with_reserve = " with the reserve" if reserve else ""
        part.tell(
            "lines",
            f"the lines{with_reserve} add up to {together}, the total is {total.amount}",
            f"make up the difference of {total.amount - together}, for example in `other`",
        )
    if reserve and reserve.amount > total.amount:
        part.tell(
            "reserve",
            f"the reserve of {reserve.amount} is more than the total",
            "the reserve is inside the total",
        )


def _check_people(part: Part, client: str, people: Mapping[str, Person]) -> None:
    team = {k: p for k, p in people.items() if p.party == "team"}
    contacts = {k: p for k, p in people.items() if p.client == client}
    part.known("lead", team)
    part.known("deputy", team)
    for role, keys in part.value.get("roles", {}).items():
        allowed = contacts if role in ("sponsor", "approver", "billing", "user") else team
        for i, key in enumerate(keys):
            if key not in allowed:
                side = f"a contact of client {client}" if allowed is contacts else "of the team"
                where = part.below("roles", role)
                where.tell(i, f"`{key}` is not {side}", allowed_here(key, allowed))


def _tracking(part: Part, connections: Mapping[str, Any]) -> Tracking:
    given = part.value
    part.known("connection", connections)
    changes = given.get("changes", {})
    return Tracking(
        connection=given["connection"],
        project=str(given["project"]),
        home=str(given["home"]) if "home" in given else None,
        main=given.get("main", False),
        done=tuple(given.get("done", ())),
        waits_for_client=tuple(given.get("waits_for_client", ())),
        change_labels=_texts(changes.get("label")),
        change_types=_texts(changes.get("type")),
        client_can_read=given.get("client_can_read", False),
        client_text=given.get("client_text", "none"),
    )


def _booking(part: Part, connections: Mapping[str, Any]) -> Booking:
    given = part.value
    part.known("connection", connections)
    if not any(given.get(k) for k in ("customer", "tag", "match")):
        part.tell(
            "connection", "nothing says which documents belong here", "add `customer`, `tag` or `match`"
        )
    if "match" in given:
        part.problems.extend(compile_match(given["match"], part.at("match"))[1])
    customer = given.get("customer")
    return Booking(
        connection=given["connection"],
        customer=None if customer is None else str(customer),
        tag=given.get("tag"),
        match=given.get("match"),
    )


def _milestones(part: Part) -> tuple[MilestonePlan, ...]:
    given = part.value.get("milestones", [])
    ids = [m["id"] for m in given]
    for i, one in enumerate(given):
        where = part.below("milestones", i)
        names = [m.get("version", "").casefold() for m in given[:i]]
        if one.get("version", "").casefold() in [n for n in names if n]:
            where.tell(
                "version",
                f"two milestones are `{one['version']}` in the tracker",
                "each has a version of its own",
            )
        if one["id"] in ids[:i]:
            where.tell("id", f"milestone `{one['id']}` stands here twice", "ids of milestones are identities")
        for j, before in enumerate(one.get("after", [])):
            others = [id for id in ids if id != one["id"]]
            if before not in others:
                hint = allowed_here(before, others) if others else "it is the only one"
                where.below("after").tell(j, f"there is no other milestone `{before}`", hint)
    return tuple(_milestone(part.below("milestones", i)) for i in range(len(given)))


def _milestone(part: Part) -> MilestonePlan:
    given = part.value
    return MilestonePlan(
        id=given["id"],
        title=given["title"],
        due=part.day("due"),
        weight=Decimal(given.get("weight", 0)),
        payment=str(given["payment"]) if "payment" in given else None,
        after=tuple(given.get("after", ())),
        criteria=tuple(
            c for i in range(len(given.get("criteria", []))) for c in _criteria(part.below("criteria", i))
        ),
        credit=given.get("credit"),
        version=given.get("version"),
    )


def _criteria(part: Part) -> list[Criterion]:
    one = part.value
    if "metric" in one:
        return [_metric(part)]
    if "checklist" in one:
        return [Criterion("checklist", item) for item in dict.fromkeys(one["checklist"])]
    return [Criterion("approval", "client")]


def _metric(part: Part) -> Criterion:
    """A figure of `quality` and its bound; nothing could ever meet one that is not measured."""
    one = part.value
    part.known("metric", {n: f for n, f in OBJECTS["quality"].items() if f.type in ("int", "number")})
    least, most = (Decimal(one[k]) if k in one else None for k in ("at_least", "at_most"))
    if least is None and most is None:
        least = Decimal(0)
    return Criterion("metric", one["metric"], least, most)


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)
