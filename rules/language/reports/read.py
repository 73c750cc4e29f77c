"""A snapshot read out: its eight parts in their fixed order, in the language of one reader.

In: the record of a report, a locale, the reader's zone. Out: the `Document`. Nothing is computed here but how a value
is written: two readers of one report read the same figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rules.facts.event import Record
from rules.language.reports import money
from rules.language.reports.document import Column, Document, Part, Table
from rules.language.reports.words import LOCALES, Words, words

__all__ = ["LOCALES", "document"]


def document(report: Record, locale: str, zone: str | None = None) -> Document:
    """The report in words. zone: where the reader is; the project's where none is given."""
    figures: Record = report["_figures"]
    say = words(locale, zone or figures["zone"])
    until = say.wording.day(figures["until"])
    parts = tuple(_part(name, make(figures, say), figures, say) for name, make in _PARTS.items())
    return Document(
        subject=say(f"subject.{figures['period']}", project=figures["project"], until=until),
        title=say(f"kind.{figures['period']}"),
        lead=_lead(figures, say),
        days=say(
            "days", **{"from": say.wording.day(figures["from"]), "until": until, "as_of": figures["as_of"]}
        ),
        parts=parts,
        small=tuple(_small(report, say)),
        none=say("none"),
        wording=say.wording,
    )


_Made = Mapping[str, Any]
_Make = Callable[[Record, Words], _Made]


def _part(name: str, made: _Made, figures: Record, say: Words) -> Part:
    title = say(f"part.waiting.{figures['view']}") if name == "waiting" else say(f"part.{name}")
    return Part(name, title, **{k: tuple(v) for k, v in made.items()})


def _lead(figures: Record, say: Words) -> str:
    count = len(figures["waiting"])
    waits = say(f"lead.waits_{figures['view']}", count)
    if figures["money"]["shown"] == "spend":
        return say("lead.spend", used=say.wording.percent(figures["money"]["used"]), waits=waits)
    reached = sum(m["status"] in ("accepted", "deemed_accepted") for m in figures["milestones"])
    return say("lead.price", reached=reached, all=len(figures["milestones"]), waits=waits)


def _done(figures: Record, say: Words) -> _Made:
    done = figures["done"]
    reached = [say(f"done.{m['what']}", title=m["title"], on=m["on"]) for m in done["milestones"]]
    closed = [say("done.issue", issue=_issue(i)) for i in done["issues"]]
    return {"items": [*reached, *closed, *_more(done, say)]}


def _next(figures: Record, say: Words) -> _Made:
    coming = figures["next"]
    due = [say("next.milestone", title=m["title"], due=m["due"]) for m in coming["milestones"]]
    issues = [
        say("next.issue_due" if i["due"] else "next.issue", issue=_issue(i), due=i["due"])
        for i in coming["issues"]
    ]
    return {"items": [*due, *issues, *_more(coming, say)]}


def _problems(figures: Record, say: Words) -> _Made:
    return {"items": [_problem(p, say) for p in figures["problems"]]}


def _problem(problem: Record, say: Words) -> str:
    what = say(
        f"problem.{problem['kind']}",
        problem["days"],
        title=problem["title"] or "",
        amount=problem["amount"],
    )
    fix = say("problem.new_date", to=problem["to"]) if problem["to"] else problem["fix"]
    owner = problem["owner"] or say("small.nobody")
    return say("problem.line", what=what, owner=owner, fix=fix or say("problem.to_agree"))


def _milestones(figures: Record, say: Words) -> _Made:
    if not figures["milestones"]:
        return {}
    columns = tuple(
        Column(say(f"milestone.col.{name}"), "day" if name in ("planned", "on") else "text")
        for name in ("title", "planned", "on", "drift", "status")
    )
    rows = tuple(
        (m["title"], m["planned"], m["on"], _drift(m, say), _state(m, say)) for m in figures["milestones"]
    )
    return {"tables": [Table("milestones", "", columns, rows)]}


def _drift(milestone: Record, say: Words) -> str:
    if not milestone["drift"]:
        return say("milestone.on_date")
    causes = [say.named("cause", cause) for cause in milestone["causes"]]
    why = f" ({say.wording.listed(causes)})" if causes and not say.wording.chinese else ""
    why = f"（{say.wording.listed(causes)}）" if causes and say.wording.chinese else why
    return say.signed("milestone.drift", milestone["drift"]) + why


def _state(milestone: Record, say: Words) -> str:
    state = say.named("status", milestone["status"])
    if not milestone["criteria"]:
        return state
    met = say("milestone.criteria", met=milestone["met"], all=milestone["criteria"])
    return f"{state}，{met}" if say.wording.chinese else f"{state}, {met}"


def _waiting(figures: Record, say: Words) -> _Made:
    return {"items": [_wait(one, say) for one in figures["waiting"]]}


def _wait(one: Record, say: Words) -> str:
    what = one["title"] or ""
    if one["kind"] != "item":
        what = _about(one["kind"], what, say)
    late, moves = one["late"], one["moves"]
    return say(
        "waiting.line",
        what=what,
        who=one["who"] or say("small.nobody"),
        since=one["since"],
        due=say("waiting.due", due=one["due"]) if one["due"] else "",
        late=say("waiting.late", late) if late else "",
        moves=say("waiting.moves", moves) if moves else "",
    )


def _about(kind: str, title: str, say: Words) -> str:
    joint = "" if say.wording.chinese else " "
    return f"{say.named('about', kind)}{joint}{title}".strip()


def _changes(figures: Record, say: Words) -> _Made:
    return {"items": [_change(one, say) for one in figures["changes"]]}


def _change(one: Record, say: Words) -> str:
    title = one["title"] or ""
    what = f"{one['number']} {title}".strip() if one["kind"] == "change" else _about(one["kind"], title, say)
    effect = []
    if one["amount"] is not None:
        effect.append(("+ " if one["amount"].amount > 0 else "") + say.wording.money(one["amount"]))
    if one["days"]:
        effect.append(say.signed("change.days", one["days"]))
    comma = "，" if say.wording.chinese else ", "
    by = [
        b for b in (one["by"], say.named("change.channel", one["channel"]) if one["channel"] else None) if b
    ]
    return say(
        "change.line",
        what=what,
        effect=say("change.effect", effect=comma.join(effect)) if effect else "",
        status=say.named("status", one["status"]),
        on=say("change.on", on=one["on"]) if one["on"] else "",
        by=say("change.by", by=comma.join(by)) if by else "",
    )


def _risks(figures: Record, say: Words) -> _Made:
    return {"items": [_risk(one, say) for one in figures["risks"]]}


def _risk(one: Record, say: Words) -> str:
    kind = say.named("risk.kind", one["kind"] or "other")
    if one["score"] is not None:
        score = say("risk.score", score=one["score"])
        kind = f"{kind}，{score}" if say.wording.chinese else f"{kind}, {score}"
    return say(
        "risk.line",
        title=one["title"] or "",
        kind=kind,
        response=say.named("risk.response", one["response"] or "none"),
        owner=one["owner"] or say("small.nobody"),
        review=say("risk.review", on=one["review_on"]) if one["review_on"] else "",
    )


def _more(listed: Record, say: Words) -> list[str]:
    return [say("more", listed["more_issues"])] if listed["more_issues"] else []


def _issue(issue: Record) -> str:
    return " ".join(str(part) for part in (issue["key"], issue["title"]) if part)


def _small(report: Record, say: Words) -> list[str]:
    proofs = [say("small.snapshot", id=str(report["id"]), sha256=str(report["sha256"]))]
    anchor = report.get("anchor")
    if anchor:
        proofs.append(say("small.anchor", sequence=anchor["sequence"], head=str(anchor["head"])))
        if anchor.get("key"):
            proofs.append(say("small.key", key=str(anchor["key"])))
    return proofs


_PARTS: Final[Mapping[str, _Make]] = {
    "done": _done,
    "problems": _problems,
    "next": _next,
    "money": money.part,
    "milestones": _milestones,
    "waiting": _waiting,
    "changes": _changes,
    "risks": _risks,
}
