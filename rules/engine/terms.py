"""What ends by the clock alone: a decision whose last day is over, an acceptance that the contract's term has made.

In: open approvals, the milestones they are about, the moment. Out: events, the same whoever keeps the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from rules.engine.effects.acceptance import proof
from rules.facts.calendar import end_of_day
from rules.facts.codec import iso_utc
from rules.facts.event import Event, Record, event_id
from rules.facts.project import Workspace

FindMilestone = Callable[[str], Record | None]


def ended(
    approvals: Iterable[Record], milestone: FindMilestone, workspace: Workspace, now: datetime
) -> list[Event]:
    """The events of what is over by now. Silence that counts as acceptance comes before the end of its question.

    approvals: the open ones. milestone: finds one by its id.
    """
    found = []
    for approval in approvals:
        term = deemed_at(approval, milestone, workspace)
        if term is not None and term <= now:
            found.append(_deemed(approval, term, now))
        elif approval.get("expires_at") and approval["expires_at"] <= now:
            found.append(_expired(approval, now))
    return found


def deemed_at(approval: Record, milestone: FindMilestone, workspace: Workspace) -> datetime | None:
    """When silence counts as acceptance: the end of the client's day that the text announced; none where it never does.

    Without a clause in the contract, or without proof that the question left, silence means nothing.
    """
    if approval.get("about") != "milestone" or approval["project"] not in workspace.projects:
        return None
    found = milestone(str(approval["subject"]))
    if found is None or found["status"] != "in_acceptance" or found.get("deemed_on") is None:
        return None
    if not workspace.projects[approval["project"]].deemed_clause or not proof(approval):
        return None
    return end_of_day(found["deemed_on"], workspace.clients[approval["client"]].time_zone)


def deemed_evidence(approval: Record, event: Event, workspace: Workspace) -> Record:
    """What is kept for good of an acceptance that nobody spoke: the text that announced it, the clause, the proof."""
    project = workspace.projects[approval["project"]]
    return {
        "event": event.type,
        "approval": approval["id"],
        "version": int(approval.get("version", 1)),
        "decision": "approved",
        "channel": "deemed",
        "identified": "none",
        "clause": project.deemed_clause,
        "days": project.deemed_days,
        "text": next(iter(approval["texts"].values()))["text"],
        "text_sha256": approval["text_sha256"],
        "delivered": [{"message": m["id"], "to": m["to"], "at": iso_utc(m["at"])} for m in proof(approval)],
        "at": iso_utc(event.at),
    }


def _deemed(approval: Record, at: datetime, now: datetime) -> Event:
    return Event(
        id=event_id("deemed", approval["id"], str(approval.get("version"))),
        type="milestone.deemed_accepted",
        at=at,
        received_at=now,
        objects={"milestone": {"id": approval["subject"]}},
        project=approval["project"],
        client=approval["client"],
        key=approval["subject"],
    )


def _expired(approval: Record, now: datetime) -> Event:
    return Event(
        id=event_id("expired", approval["id"], str(approval.get("version"))),
        type="approval.expired",
        at=approval["expires_at"],
        received_at=now,
        objects={"approval": {k: v for k, v in approval.items() if not k.startswith("_")}},
        project=approval["project"],
        client=approval["client"],
    )
