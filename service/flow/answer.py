"""A client decides: what a link shows, and the one transaction that commits a decision with its evidence.

In: a token and, for a decision, a form. Out: `Shown`, or `Answered`. Looking changes nothing. The
decision, its evidence and the event that follows are one transaction; the approval is read again inside it while the
client's partition is held, so that of two answers at once one is first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from rules.facts import approval as approvals
from rules.facts.event import Event, Record, event_id
from service import codes, links
from service.codes import Proved
from service.links import UnknownLink
from service.log import get
from service.signing import own_fingerprint
from service.state import Context
from service.store import evidence, journal, records
from service.store.codes import Whose
from service.store.database import Connection, iso
from service.store.records import SqlBook

log = get("answer")
State = Literal["open", "decided", "expired", "superseded", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Shown:
    """What a decision page shows: the approval, what it is about, who looks, and the exact text to agree to.

    open_until: the end of the link by which they look; none for who is signed in.
    """

    state: State
    approval: Record
    subject: Record | None
    person: str
    locale: str
    text: str
    text_sha256: str
    decision: Record | None
    open_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """How a decision reached us: what the person typed and ticked, and the circumstances kept as evidence.

    identified: how we know who it was: "link", or "signed in".  code: what was typed as the code that was sent.
    """

    name: str
    statement: str
    channel: str
    address: str | None
    agent: str | None
    identified: str = "link"
    code: str = ""


@dataclass(frozen=True, slots=True)
class Offline:
    """A decision that a client took by phone, in a meeting, by chat or by letter, as somebody of the team put it down.

    recorded_by: who wrote it down. file_sha256: the hash of the paper or the recording behind it, where there is one.
    """

    channel: str
    at: datetime
    recorded_by: str
    witness: str | None
    file_sha256: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer came to, with the page as it is afterwards. `head` is the hash of its evidence.

    "unproved": a code is needed, and `proved` says what is wrong with the one that was typed.
    """

    outcome: approvals.Outcome | Literal["unproved"]
    shown: Shown
    head: str | None = None
    proved: Proved | None = None


def show(context: Context, token: str) -> Shown:
    """The decision behind a link. Raises UnknownLink."""
    with context.database.reading() as connection:
        return _shown(context, connection, token)


def answer(context: Context, token: str, outcome: str, remark: str | None, proof: Proof) -> Answered:
    """Commit a decision made on a page. Raises UnknownLink."""
    now = context.now()
    with context.database.writing() as connection:
        journal.touch(connection, _shown(context, connection, token).approval["client"])
        shown = _shown(context, connection, token)
        decision: Record = {
            "outcome": outcome,
            "channel": proof.channel,
            "at": now,
            "name": proof.name,
            "remark": remark or None,
        }
        proved = _proved(context, connection, shown, decision, proof.code)
        if proved not in (None, "proved"):
            log.info("code not proved", approval=shown.approval["id"], person=shown.person, proved=proved)
            return Answered("unproved", shown, proved=proved)
        if proved:
            proof = replace(proof, identified="link+code")
        made, head = _decide(context, connection, shown, decision, proof)
        after = _shown(context, connection, token) if head else shown
    return _answered(context, shown, made, after, head)


def _proved(
    context: Context, connection: Connection, shown: Shown, decision: Record, code: str
) -> Proved | None:
    """What the typed code proves; none where no code is asked for, or the decision would not be recorded anyway."""
    now, approval = context.now(), shown.approval
    if not approval.get("_code"):
        return None
    if approvals.decide(approval, shown.person, decision, now).outcome != "recorded":
        return None
    whose = Whose(approval["id"], int(approval.get("version", 1)), shown.person)
    return codes.prove(connection, context.settings.secret_key, whose, code, now)


def offline(
    context: Context, id: str, person: str, outcome: str, remark: str | None, taken: Offline
) -> Answered:
    """Commit a decision that was taken elsewhere, for the person who took it. Raises UnknownLink for no such question.

    It is kept apart from what was decided on a page: by its channel, by who wrote it down, and by its final state.
    """
    with context.database.writing() as connection:
        journal.touch(connection, _found(context, connection, id, person, None).approval["client"])
        shown = _found(context, connection, id, person, None)
        known = context.rulebook.workspace.people.get(person)
        decision: Record = {
            "outcome": outcome,
            "channel": taken.channel,
            "at": taken.at,
            "name": known.name if known else person,
            "remark": remark or None,
            "recorded_by": taken.recorded_by,
            "witness": taken.witness,
            "file_sha256": taken.file_sha256,
        }
        proof = Proof(decision["name"], "", taken.channel, None, None)
        made, head = _decide(context, connection, shown, decision, proof)
        after = _found(context, connection, id, person, None) if head else shown
    return _answered(context, shown, made, after, head)


def _decide(
    context: Context, connection: Connection, shown: Shown, decision: Record, proof: Proof
) -> tuple[approvals.Decided, str | None]:
    """What the decision comes to; committed, with the head of its evidence, where it is recorded."""
    now = context.now()
    made = approvals.decide(shown.approval, shown.person, decision, now)
    if made.outcome != "recorded":
        return made, None
    return made, _commit(context, connection, shown, made, decision, proof, now)


def _answered(
    context: Context, shown: Shown, made: approvals.Decided, after: Shown, head: str | None
) -> Answered:
    if head is None:
        log.info("answer not recorded", approval=shown.approval["id"], outcome=made.outcome)
        return Answered(made.outcome, shown)
    context.bells.ring("decide")
    log.info("decision recorded", approval=shown.approval["id"], final=made.final)
    return Answered("recorded", after, head)


def answer_inside(
    context: Context, approval: str, person: str, decided: tuple[str, str | None], proof: Proof
) -> Answered:
    """Commit a decision (outcome, remark) of somebody of the team who signed in; what they may not decide is refused,
    on record. Raises UnknownLink for no such question.
    """
    outcome, remark = decided
    now = context.now()
    with context.database.writing() as connection:
        journal.touch(connection, _found(context, connection, approval, person, None).approval["client"])
        shown = _found(context, connection, approval, person, None)
        decision: Record = {
            "outcome": outcome,
            "channel": proof.channel,
            "at": now,
            "name": proof.name,
            "remark": remark or None,
        }
        made = approvals.decide(shown.approval, person, decision, now)
        if made.outcome == "not_asked" and person == shown.approval.get("requested_by"):
            journal.add(connection, [_denied(shown.approval, person, now)])
        if made.outcome != "recorded":
            return Answered(made.outcome, shown)
        head = _commit(context, connection, shown, made, decision, proof, now)
        after = _found(context, connection, approval, person, None)
    context.bells.ring("decide")
    log.info("decision recorded", approval=approval, decision=outcome, final=made.final)
    return Answered("recorded", after, head)


def _denied(approval: Record, person: str, now: datetime) -> Event:
    """Somebody tried to decide on what they asked for themselves: a finding, whoever it was and however often."""
    found = {
        "id": f"fnd_denied_{approval['id']}",
        "kind": "denied",
        "entries": [approval["subject"]],
        "spender": person,
    }
    return Event(
        id=event_id("denied", approval["id"], person),
        type="finding.opened",
        at=now,
        received_at=now,
        objects={"finding": found},
        project=approval["project"],
        client=approval["client"],
        person=person,
    )


def _commit(
    context: Context,
    connection: Connection,
    shown: Shown,
    made: approvals.Decided,
    decision: Record,
    proof: Proof,
    now: datetime,
) -> str:
    """Approval, evidence and the event that follows, in the caller's transaction; the head of the evidence."""
    approval = shown.approval
    said = _evidence(shown, decision, proof, now)
    personal = _personal(context, shown, decision, proof)
    _, head = evidence.append(connection, approval["project"], said, now, personal)
    saved = {**made.record, "evidence": head, "evidence_key": own_fingerprint(context.settings.var)}
    records.save(connection, {("approval", approval["id"]): saved}, now)
    event = Event(
        id=event_id("answer", approval["id"], str(approval.get("version")), shown.person),
        type="approval.answered",
        at=now,
        received_at=now,
        objects={
            "approval": {k: v for k, v in saved.items() if not k.startswith("_")},
            "decision": {**decision, "by": shown.person},
        },
        project=approval["project"],
        client=approval["client"],
        person=shown.person,
    )
    journal.add(connection, [event])
    return head


def _evidence(shown: Shown, decision: Record, proof: Proof, now: datetime) -> dict[str, Any]:
    """What is kept of a decision for good: the exact text, what was decided and when, by whose key, how identified."""
    approval = shown.approval
    return {
        "event": "approval.answered",
        "approval": approval["id"],
        "version": int(approval.get("version", 1)),
        "decision": decision["outcome"],
        "person": shown.person,
        "statement": proof.statement,
        "identified": "offline" if proof.channel in approvals.OFFLINE else proof.identified,
        **({"code_proved_at": iso(now)} if proof.identified == "link+code" else {}),
        "channel": proof.channel,
        **{k: decision[k] for k in ("file_sha256",) if k in decision},
        "decided_at": iso(decision["at"]),
        "locale": shown.locale,
        "text": shown.text,
        "text_sha256": shown.text_sha256,
        "at": iso(now),
    }


def _personal(context: Context, shown: Shown, decision: Record, proof: Proof) -> dict[str, Any]:
    """What of it is personal, and can be erased."""
    return {
        "name": proof.name,
        "by": context.rulebook.workspace.people[shown.person].email,
        "remark": decision["remark"],
        "recorded_by": decision.get("recorded_by"),
        "witness": decision.get("witness"),
        "address": proof.address,
        "agent": proof.agent,
    }


def _shown(context: Context, connection: Connection, token: str) -> Shown:
    link = links.find(connection, context.settings, token)
    if link is None or link.kind != "approval" or link.over(context.now()):
        raise UnknownLink
    found = _found(context, connection, link.subject, link.person, link.version)
    if found.approval.get("_signed"):
        raise UnknownLink  # Whoever reads a mailbox is not somebody who signed in.
    return replace(found, open_until=link.expires_at)


def _found(context: Context, connection: Connection, id: str, person_id: str, version: int | None) -> Shown:
    """The question as this person sees it; `version` is the one that a link was made for."""
    book = SqlBook(connection)
    approval = book.get("approval", id)
    workspace = context.rulebook.workspace
    person = workspace.people.get(person_id)
    # Who has left, or is of another client, is shown nothing, whatever their link says.
    if approval is None or person is None or person.client not in (None, approval["client"]):
        raise UnknownLink
    if approval["project"] not in workspace.projects:
        raise UnknownLink
    texts: Mapping[str, Any] = approval.get("texts", {})
    said = texts.get(person.locale) or next(iter(texts.values()), {"text": "", "sha256": ""})
    return Shown(
        state=_state(approval, version or int(approval.get("version", 1)), context.now()),
        approval=approval,
        subject=book.get(str(approval["about"]), str(approval["subject"])),
        person=person_id,
        locale=person.locale,
        text=said["text"],
        text_sha256=said["sha256"],
        decision=(approval.get("decisions") or [None])[-1],
    )


def _state(approval: Record, version: int, now: datetime) -> State:
    status = approval["status"]
    if status in approvals.DECIDED:
        return "decided"
    if status == "superseded" or int(approval.get("version", 1)) != version:
        return "superseded"
    if status == "withdrawn":
        return "withdrawn"
    end = approval.get("expires_at")
    return "expired" if status == "expired" or (end is not None and end <= now) else "open"
