"""A decision that was asked for: the approval's record and one person's answer in, the record after it out.

An approval's record: `asked` (persons' keys), `need` ("any", "all" or a number as text), `status`, `expires_at`,
`requested_by`, `decisions` (one record a person, in order) and `_able`: those of the asked whose limit covers the
sum, one of whom has to be among those who approve; `_code`: whether each decides with a code sent by mail; `_signed`:
whether only who signed in decides, and no link does; `_wish`: what is to be done then; `party`: the side that decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from rules.facts.event import Record, digest

Outcome = Literal[
    "recorded", "same", "conflict", "expired", "superseded", "withdrawn", "not_asked", "remark_missing"
]
Party = Literal["client", "team"]
FinalOutcome = Literal["approved", "approved_offline", "rejected", "changes_requested", "deemed_accepted"]

OPEN: Final = frozenset({"sent"})
OUTCOMES: Final = frozenset({"approved", "rejected", "changes_requested"})
# A decision that somebody of the team wrote down, and one that the contract's term made, are kept apart for good.
DECIDED: Final = OUTCOMES | {"approved_offline", "deemed_accepted"}
OFFLINE: Final = ("phone", "meeting", "chat", "mail")
_MEANS: Final = {"approved_offline": "approved", "deemed_accepted": "approved"}


@dataclass(frozen=True, slots=True)
class Decided:
    """What an answer came to.

    record: the approval after it, unchanged unless `outcome` is "recorded".
    outcome: "same" and "conflict" repeat or contradict a decision that stands already; "remark_missing" is a refusal
        without a reason, and can be sent again with one.
    final: what the whole approval comes to, once it does.
    """

    record: Record
    outcome: Outcome
    final: FinalOutcome | None = None


def approval_id(about: str, version: int) -> str:
    """The id of the approval that asks about one version of one record."""
    return "apr_" + digest(about, str(version))


def decide(approval: Record, person: str, decision: Record, now: datetime) -> Decided:
    """One person's answer to an approval.

    decision: outcome (approved, rejected, changes_requested), channel, at, name, remark; one taken offline also has
    recorded_by, witness and file_sha256. What an offline approval brings to its end is approved_offline.
    ValueError when the outcome is none of the three. Nothing is changed in place; whoever stores the record compares
    and sets.
    """
    given = decision["outcome"]
    if given not in OUTCOMES:
        raise ValueError(f"a decision is approved, rejected or changes_requested, not {given!r}"[:120])
    if person not in approval["asked"] or person == approval.get("requested_by"):
        return Decided(approval, "not_asked")
    if (standing := _standing(approval, person)) is not None:
        return Decided(approval, "same" if standing == given else "conflict", _final(approval))
    if (closed := _closed(approval, now)) is not None:
        return Decided(approval, closed)
    if given == "rejected" and not str(decision.get("remark") or "").strip():
        return Decided(approval, "remark_missing")
    return _record(approval, person, decision, now)


def party_of(approval: Mapping[str, Any]) -> Party:
    """The side that decides; a record from before it was written down is told by what it is about."""
    kept: Party | None = approval.get("party")
    return kept or ("team" if approval.get("about") == "expense" else "client")


def inside(approval: Mapping[str, Any]) -> bool:
    """Whether the team decides this within itself."""
    return party_of(approval) == "team"


def needed(approval: Record) -> int:
    """How many of the asked have to approve."""
    need = str(approval["need"])
    if need == "any":
        return 1
    return len(approval["asked"]) if need == "all" else int(need)


def given(approval: Record) -> int:
    """How many of the asked have approved so far."""
    return sum(d["outcome"] == "approved" for d in approval["decisions"])


def _standing(approval: Record, person: str) -> str | None:
    """The decision that stands for this person: their own, else the one that others brought to an end."""
    own = next((d["outcome"] for d in approval["decisions"] if d.get("person") == person), None)
    final = _final(approval)
    return own if own is not None else _MEANS.get(str(final), final)


def _final(approval: Record) -> FinalOutcome | None:
    status: FinalOutcome | None = approval["status"] if approval["status"] in DECIDED else None
    return status


def _closed(approval: Record, now: datetime) -> Outcome | None:
    status = approval["status"]
    if status == "superseded":
        return "superseded"
    if status == "withdrawn":
        return "withdrawn"
    end = approval.get("expires_at")
    return "expired" if status == "expired" or (end is not None and now >= end) else None


def _record(approval: Record, person: str, decision: Record, now: datetime) -> Decided:
    kept = {**decision, "person": person, "by": person, "at": decision.get("at") or now}
    record = {**approval, "decisions": [*approval["decisions"], kept]}
    final = _outcome(record)
    if final == "approved" and any(d["channel"] in OFFLINE for d in record["decisions"]):
        final = "approved_offline"
    if final is not None:
        record |= {"status": final, "decided_at": now}
    return Decided(record, "recorded", final)


def _outcome(approval: Record) -> FinalOutcome | None:
    """What the decisions so far come to: enough approvals, or too few people left for them to come together."""
    decisions = approval["decisions"]
    approving = {d["person"] for d in decisions if d["outcome"] == "approved"}
    against = [d["outcome"] for d in decisions if d["outcome"] != "approved"]
    able = set(approval["_able"] if "_able" in approval else approval["asked"])
    if len(approving) >= needed(approval) and approving & able:
        return "approved"
    if approval["need"] == "any" and against:
        return _refusal(against)
    refusing = {d["person"] for d in decisions} - approving
    if len(approval["asked"]) - len(refusing) < needed(approval) or able <= refusing:
        return _refusal(against)
    return None


def _refusal(against: list[str]) -> FinalOutcome:
    """One request for changes keeps the matter open for a new version; refusals alone end it."""
    return "changes_requested" if "changes_requested" in against else "rejected"
