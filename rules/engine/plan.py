"""The entries of `do:` of a rule that fires, one after the other.

In: a `Firing`. Out: an `Outcome` with planned actions, the events that inner actions caused, and a sentence for each
entry that could not be carried out; one that fails does not keep the others back.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rules.engine.copies import person_copy
from rules.engine.effects import INNER, perform
from rules.engine.firing import Firing, Outcome, evaluated
from rules.engine.messages import copy_of
from rules.engine.near import near_miss
from rules.engine.outward import add_copies, plan_outward
from rules.engine.recipients import reach, without
from rules.engine.reporting import plan_report
from rules.engine.sentences import joined, say
from rules.engine.systems import estimate_copies, issue_copies
from rules.engine.verdicts import VerdictKind
from rules.language.model import UNKNOWN, ActionSpec, Expression
from rules.language.operations import truth
from rules.language.wording import choose


def plan(firing: Firing) -> Outcome:
    """Everything that the rule asks for on this event."""
    done = Outcome()
    for ordinal, spec in enumerate(firing.rule.do):
        try:
            if _wanted(spec, firing, done):
                firing = _carry_out(firing, spec, ordinal, done)
        except (ValueError, ArithmeticError) as error:
            done.problems.append(f"{spec.id}: {error}")
    return done


def outcome_of(done: Outcome) -> tuple[VerdictKind, str]:
    """The verdict of a rule that fired, and what became of its actions in one sentence."""
    said = [_listed(done), *done.notes]
    if done.problems:
        return "error", joined("then", [*done.problems, *([_listed(done)] if done.actions else [])])
    facing = [a for a in done.actions if a.client_facing] or done.actions
    holds = {"observed" if a.observed else a.waits for a in facing}
    waiting = [
        say("waits_for", copy=copy_of(a), hold=say(f"hold_{a.waits}")) for a in done.actions if a.waits
    ]
    sentence = joined("then", [*said, *waiting])
    if not holds or None in holds:
        return "fired", sentence
    if holds == {"observed"}:
        return "observed", joined("then", [sentence, say("lead_sees")])
    return ("awaiting_review" if "review" in holds else "waiting"), sentence


def _listed(done: Outcome) -> str:
    named = [copy_of(a) for a in done.actions]
    named += [say("done_at_once", count=done.performed)] if done.performed else []
    return joined("list", named) if named else say("nothing_meant")


def _wanted(spec: ActionSpec, firing: Firing, done: Outcome) -> bool:
    if spec.condition is None:
        return True
    text = spec.condition.text
    value = truth(spec.condition.value(firing.names), text)
    if value is UNKNOWN:
        done.notes.append(say("left_out", id=spec.id, condition=text, value="unknown"))
    elif value is False:
        done.left_out.append(_left_out(spec, spec.condition, firing))
    return value is True


def _left_out(spec: ActionSpec, condition: Expression, firing: Firing) -> str:
    """An entry whose own condition does not hold, with what would have done it."""
    said = say("not_meant", id=spec.id, condition=condition.text)
    near = near_miss((condition,), firing.names)
    return joined("then", [said, near]) if near else said


def _carry_out(firing: Firing, spec: ActionSpec, ordinal: int, done: Outcome) -> Firing:
    """Plan or perform one entry. What an inner one made is among the names of those after it."""
    if spec.kind not in INNER:
        plan = plan_report if spec.kind == "report" else plan_outward
        plan(firing, spec, ordinal, done)
        return firing
    performed = perform(
        spec,
        _keys(firing, spec, done),
        firing.event,
        firing.objects,
        firing.draft,
        firing.state,
        firing.rule.id,
    )
    done.events += performed.events
    done.performed += 1
    firing = replace(firing, names=firing.names.bind(**performed.objects))
    if spec.kind == "request_decision":
        _ask(firing, spec, ordinal, done)
    elif spec.kind == "apply_change":
        _carry_over(firing, spec, ordinal, done)
    return firing


def _keys(firing: Firing, spec: ActionSpec, done: Outcome) -> dict[str, Any]:
    """The entry's keys as values; `to` as the people it reaches."""
    people = ("to", "not_to", "owner", "text")
    keys = {k: evaluated(v, firing.names) for k, v in spec.keys.items() if k not in people}
    if spec.kind == "open_risk" and not keys.get("title"):
        keys["title"] = choose(firing.rule.title, firing.state.workspace.locale)
    if "owner" in spec.keys:
        owners = reach(spec.keys["owner"], firing.names)
        done.problems += [f"{spec.id}: {sentence}" for sentence in owners.missing]
        keys["owner"] = owners.people[0].id if owners.people else None
    if "to" in spec.keys:
        asked = reach(spec.keys["to"], firing.names)
        done.problems += [f"{spec.id}: {sentence}" for sentence in asked.missing]
        left = without(asked, spec.keys["not_to"], firing.names) if spec.keys.get("not_to") else asked
        keys["to"] = list(left.people)
    return {**keys, "text": spec.keys["text"]} if "text" in spec.keys else keys


def _ask(firing: Firing, spec: ActionSpec, ordinal: int, done: Outcome) -> None:
    """A mail with the link to decide, for each person asked."""
    asked = reach("approval.asked", firing.names)
    done.problems += [f"{spec.id}: {sentence}" for sentence in asked.missing]
    copies = [person_copy("email", person, firing) for person in asked.people]
    keys = {"about": spec.keys.get("about")}
    add_copies(firing, spec, ordinal, copies, keys, done)


def _carry_over(firing: Firing, spec: ActionSpec, ordinal: int, done: Outcome) -> None:
    """What an applied change means outside: fields of its issues on the tracker, an estimate in the books."""
    for field, value in (evaluated(spec.keys.get("tracker") or {}, firing.names)).items():
        entry = replace(spec, id=f"{spec.id}:{field}", keys={})
        keys = {"field": field, "value": value}
        if value is not None:
            add_copies(firing, entry, ordinal, issue_copies("set_field", "change.issues", firing), keys, done)
    for what, value in (evaluated(spec.keys.get("books") or {}, firing.names)).items():
        entry = replace(spec, id=f"{spec.id}:books:{what}", keys={"with": {what: value}})
        if value is not None:
            add_copies(firing, entry, ordinal, estimate_copies(firing), {"amount": value}, done)
