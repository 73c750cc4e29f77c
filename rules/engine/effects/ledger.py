"""The ledger's transitions: time, documents and bare ledger events in, entries, sums and `ledger.*` events out.

Sums are adjusted with the entry, before the rules of the ledger event are decided. An entry that lacks what it needs
to count is kept, and somebody is asked for it. What a closed project still receives is kept and counted, and told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from rules.engine.effects.issues import issue_id, remember
from rules.engine.effects.periods import left_behind, settled
from rules.engine.effects.pricing import (
    Gap,
    document_fields,
    from_document,
    implausible,
    known_fields,
    named,
    time_fields,
)
from rules.engine.effects.shapes import Act, Applied, shown, today
from rules.engine.effects.tasks import open_task
from rules.facts.event import Event, Record
from rules.facts.ledger import Status, Version, adjust, apply_version, effective, empty_sums, entry_key
from rules.facts.project import Project

_VOID: Final[frozenset[str]] = frozenset({"void", "voided", "cancelled", "canceled", "rejected"})
_BY_VERB: Final[Mapping[str, Status]] = {"voided": "void", "rejected": "void", "deleted": "deleted"}
_GONE: Final = frozenset({"void", "deleted"})
# What an entry that moved to another project leaves in the one before.
_OF_THE_OTHER: Final = frozenset({"adjusted_by", "booked_on"})
_CLOSED: Final = frozenset({"closed", "archived"})
_BASIC: Final = frozenset({"amount", "measure", "class", "kind", "work_date", "currency"})


@dataclass(frozen=True)
class _Booking:
    """One state of one entry on its way into the ledger."""

    project: Project
    key: str
    version: Version
    gap: Gap | None = None


def worked(act: Act) -> Applied:
    """`time.*`: a priced entry, or one that waits for a rate."""
    project, given = act.project, act.event.objects.get("entry")
    if project is None or given is None:
        return Applied(act.event)
    key = _key(act.event, given)
    known = known_fields(act.draft.get("entry", key), given)
    known["issue"] = issue_id(act, known.get("issue"))
    fields, gap = time_fields(act, project, _titled(act, known), key)
    return _book(act, _booking(act, project, key, fields, gap))


def booked(act: Act) -> Applied:
    """`bill.*`, `invoice.*`, `expense.*`, `payment.*`: the document on record, and the entry behind it."""
    project, noun = act.project, act.event.type.partition(".")[0]
    if project is None:
        return Applied(act.event)
    if act.event.cause is not None:
        return _shown(act)
    document = act.event.objects.get(noun)
    if document is not None:
        record, before = remember(act, noun, _document_id(act.event, document), document)
        seen = act.seen(before, **{noun: record})
        act = Act(seen, act.draft, act.state)
    given = from_document(act.event, noun)
    key = _key(act.event, given or document or {})
    stored = act.draft.get("entry", key)
    if given is None and stored is None:
        return Applied(act.event)
    known = known_fields(stored, given or {})
    fields, gap = document_fields(act, project, known, noun, key)
    return _book(act, _booking(act, project, key, fields, gap))


def entered(act: Act) -> Applied:
    """`ledger.*`: one that we caused is on record already; a bare one is an entry by itself."""
    project = act.project
    if project is None:
        return Applied(act.event)
    if act.event.cause is not None:
        return _shown(act)
    given = act.event.objects.get("entry", {})
    key = str(given.get("id") or act.event.key or act.event.id)
    stored = act.draft.get("entry", key)
    said = {k: v for k, v in given.items() if v is not None or (stored is None and k not in _BASIC)}
    baseline = act.draft.get("baseline", project.id)
    measure = baseline["measure"] if baseline else project.budget.measure
    known = {"measure": measure, **known_fields(stored, said)}
    fields, gap = document_fields(act, project, known, "expense", key)
    booking = _booking(act, project, key, fields, gap, _next_version(act.event, stored))
    done = _book(act, booking)
    others = (e for e in done.caused if not (e.type.startswith("ledger.") and e.project == project.id))
    return Applied(done.event, tuple(others))


def judged(act: Act, project: Project, entry: Record, verb: str, approver: str | None) -> tuple[Event, ...]:
    """An expense after somebody's decision: a draft that is approved counts from now on."""
    agreed = entry["amount"] if verb == "approved" else None
    record = {**entry, "approver": approver, "_approver": approver, "_approved": agreed}
    as_of = opening_day(act, project)
    record, _ = settled(act, project, entry, {**record, "status": _standing(record, entry["status"])}, as_of)
    act.draft.put("entry", record)
    _adjust(act, project, effective(entry, as_of), effective(record, as_of))
    step = act.cause(f"expense.{verb}", entry["id"], shown(entry), entry=record)
    return (step, *_told(act, project, entry, record, "unchanged"))


def accepted(act: Act) -> Applied:
    """`ledger.accepted`: somebody of the team says that a questioned entry is meant as it stands; now it counts."""
    project, given = act.project, act.event.objects.get("entry", {})
    stored = act.draft.get("entry", str(given.get("id")))
    if project is None or stored is None or stored["status"] != "questioned":
        return Applied(act.seen(entry=stored))
    as_of = opening_day(act, project)
    who = {"by": act.event.person or given.get("by"), "declared": given.get("declared"), "at": act.state.now}
    sure = {**stored, "status": "posted", "_accepted": _mark(stored), "accepted": who}
    record, _ = settled(act, project, stored, sure, as_of)
    act.draft.put("entry", record)
    _adjust(act, project, effective(stored, as_of), effective(record, as_of))
    return Applied(act.seen(shown(stored), entry=record), _told(act, project, stored, record, "posted"))


def _mark(record: Record) -> str:
    """What was accepted: another amount or day is questioned anew."""
    return f"{record.get('base_amount')} on {record.get('work_date')}"


def _questioned(act: Act, project: Project, record: Record) -> tuple[Event, ...]:
    if record["status"] != "questioned":
        return ()
    values = {
        "what": named(record, record["id"]),
        "amount": record["base_amount"],
        "day": record["work_date"],
    }
    command = f"accord project accept {project.id} {record['id']} --by NAME"
    kind = implausible(act, project, record) or "absurd_amount"
    return open_task(act, project, kind, record["id"], **values, command=command)


def withdrawn(act: Act, entry: Record) -> tuple[Event, ...]:
    """An entry that was put into its project by mistake: it counts there no more, and is as new elsewhere."""
    told = _leave(act, entry)
    empty = {"id": entry["id"], "project": None, "client": None, "status": "void", "versions": []}
    act.draft.put("entry", {**empty, "posted_at": entry["posted_at"], "_filed": entry.get("_filed")})
    return told


def _shown(act: Act) -> Applied:
    """An event that we caused, with its entry as it is on record."""
    entry = act.draft.get("entry", act.event.key or str(act.event.objects.get("entry", {}).get("id")))
    return Applied(act.seen(entry=entry, issue=_issue(act, entry)))


def _booking(
    act: Act, project: Project, key: str, fields: Record, gap: Gap | None, version: str | None = None
) -> _Booking:
    noun = act.event.type.partition(".")[0]
    given = act.event.objects.get("entry") or act.event.objects.get(noun) or {}
    status = _status(act.event.type, given.get("status"))
    # What a void says about amounts is often zero or nothing; what was voided is known from before.
    said = fields if status in ("posted", "draft") else {}
    state = Version(version or act.event.version, act.event.at, status, said, act.state.now)
    return _Booking(project, key, state, gap if status == "posted" else None)


def _book(act: Act, booking: _Booking) -> Applied:
    """One state into the ledger: the entry, the sums, and what follows from it."""
    stored = act.draft.get("entry", booking.key)
    record, outcome = apply_version(stored, booking.version)
    if stored is not None and (outcome == "stale" or record["version"] != booking.version.version):
        record = act.draft.put("entry", {**stored, "versions": record["versions"]})
        return Applied(act.seen(entry=record, issue=_issue(act, record)))
    moved = stored is not None and stored["project"] != booking.project.id
    left = _leave(act, stored) if stored is not None and moved else ()
    was, as_of = None if moved else stored, opening_day(act, booking.project)
    now = _kept(act, booking, record, stored)
    now = {k: v for k, v in now.items() if not (moved and k in _OF_THE_OTHER)}
    record, adjustments = settled(act, booking.project, was, now, as_of)
    act.draft.put("entry", record)
    _adjust(act, booking.project, effective(was, as_of) if was else None, effective(record, as_of))
    if adjustments is None:
        told = _told(act, booking.project, was, record, outcome)
    else:
        told = tuple(e for a in adjustments for e in _adjustment_told(act, booking.project, a))
    caused = (*left, *_asked_for(act, booking), *_questioned(act, booking.project, record), *told)
    before = shown(was) if was and _main_is_entry(act.event) else {}
    return Applied(act.seen(before, entry=record, issue=_issue(act, record)), caused)


def _told(act: Act, project: Project, was: Record | None, record: Record, outcome: str) -> tuple[Event, ...]:
    """The ledger event, where the ledger changed; for a closed project also the task to settle it."""
    verb = _verb(was, record, outcome)
    if verb is None:
        return ()
    issue = _issue(act, record)
    objects = {"entry": record} if issue is None else {"entry": record, "issue": issue}
    former = shown(was) if was and verb != "posted" else {}
    return (*_after_close(act, project, record), act.cause(f"ledger.{verb}", record["id"], former, **objects))


def _adjustment_told(act: Act, project: Project, adjustment: Record) -> tuple[Event, ...]:
    """An adjustment counts in the sums, and is an entry that was posted."""
    _adjust(act, project, None, effective(adjustment))
    return _told(act, project, None, adjustment, "posted")


def _kept(act: Act, booking: _Booking, record: Record, stored: Record | None) -> Record:
    """The entry's record with what is ours: whose it is, since when, whether it counts."""
    project = booking.project
    as_of, day = opening_day(act, project), record.get("work_date")
    status = _standing(record, record["status"])
    if status == "posted" and implausible(act, project, record) and record.get("_accepted") != _mark(record):
        status = "questioned"
    ours = {
        "status": status,
        "posted_at": stored["posted_at"] if stored else act.state.now,
        "counted": not (as_of is not None and day is not None and day <= as_of),
    }
    base = record.get("base_amount")
    if base is not None and base.currency != project.currency:
        ours["base_amount"] = None  # A void without facts says nothing in the currency of where it moved to.
    if record.get("_receipt") and not record.get("receipt"):
        ours["receipt"] = record["_receipt"]  # Attached here: its source need not know of it.
    if record.get("kind") in ("expense", "bill"):
        # Why it was spent is ours to ask for as well: in words, or by the work that it is for.
        ours["reason"] = record.get("reason") or record.get("_reason")
        ours |= {name: record.get(name) for name in ("issue", "milestone")}
    if record.get("kind") == "expense":
        # Receipts and approvals are ours to ask for: where its source is silent there is none, and that is known.
        said = record["versions"][-1]["fields"].get("approver")
        ours["approver"] = said or (record.get("_approver") if status != "draft" else None)
        ours["receipt"] = record.get("receipt") or record.get("_receipt")
    return {**record, **act.new(project, booking.key), **ours}


def _standing(record: Record, status: str) -> str:
    """The entry's status: a draft that was approved here for this much is posted; without an amount it counts not."""
    approved, amount = record.get("_approved"), record.get("amount")
    if (
        status == "draft"
        and approved
        and amount
        and amount.currency == approved.currency
        and amount <= approved
    ):
        status = "posted"
    if status == "posted" and record.get("base_amount") is None:
        return "unconverted" if record.get("amount") is not None else "unpriced"
    return status


def _verb(was: Record | None, record: Record, outcome: str) -> str | None:
    """What the ledger says happened, or none: an entry is posted when it begins to count."""
    counted = was is not None and was["status"] == "posted"
    if record["status"] != "posted":
        return "voided" if counted else None
    if was is None or not counted:
        return "corrected" if was and was["status"] in _GONE and outcome == "corrected" else "posted"
    same = was["versions"][-1]["fields"] == record["versions"][-1]["fields"]
    return None if same else "corrected"


def _adjust(act: Act, project: Project, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
    sums = act.draft.get("sums", project.id) or empty_sums(project.currency)
    act.draft.put("sums", {**adjust(sums, before, after), **act.new(project, project.id)})


def _leave(act: Act, stored: Record) -> tuple[Event, ...]:
    """An entry that another project claims now counts no more where it was."""
    project = act.state.workspace.projects.get(stored["project"])
    if project is None:
        return ()
    as_of = opening_day(act, project)
    adjustments = left_behind(act, project, stored, as_of)
    if adjustments is not None:
        told = [e for a in adjustments for e in _adjustment_told(act, project, a)]
        return tuple(replace(e, project=project.id, client=project.client) for e in told)
    _adjust(act, project, effective(stored, as_of), None)
    if stored["status"] != "posted":
        return ()
    gone = {**shown(stored), "status": "void"}
    event = act.cause("ledger.voided", stored["id"], shown(stored), entry=gone)
    return (replace(event, project=project.id, client=project.client),)


def opening_day(act: Act, project: Project) -> Any:
    """The last day that the opening figure stands for, or none."""
    baseline = act.draft.get("baseline", project.id)
    return baseline.get("opening_as_of") if baseline else project.budget.opening_as_of


def _asked_for(act: Act, booking: _Booking) -> tuple[Event, ...]:
    """The task for what an entry lacks, for the lead; for finance where it is about a document."""
    gap, project = booking.gap, booking.project
    if gap is None:
        return ()
    finance = act.state.workspace.holders("finance", project, today(act.state, project))
    owner = finance[0].id if finance and gap.kind == "no_exchange_rate" else None
    values = {"entry": booking.key, "connection": act.event.connection or "the ledger", **gap.values}
    return open_task(act, project, gap.kind, gap.about, owner, **values)


def _after_close(act: Act, project: Project, record: Record) -> tuple[Event, ...]:
    kept = act.draft.get("project", project.id)
    if kept is None or kept["status"] not in _CLOSED:
        return ()
    values = {"what": named(record, record["id"]), "amount": record.get("amount"), "name": project.name}
    return open_task(act, project, "after_close", record["id"], **values)


def _status(event_type: str, said: Any) -> Status:
    verb = event_type.rpartition(".")[2]
    if verb in _BY_VERB:
        return _BY_VERB[verb]
    word = str(said or "").lower()
    if word in _VOID:
        return "void"
    if word == "deleted":
        return "deleted"
    return "draft" if word == "draft" or (verb == "submitted" and not word) else "posted"


def _key(event: Event, given: Mapping[str, Any]) -> str:
    """The entry's identity over all sources; a bare one has the id it was given."""
    if event.key is None:
        return str(given.get("id") or event.id)
    kind, *rest = event.key.split("/", 2)
    noun = event.type.partition(".")[0]
    parts = (kind, *rest) if rest else (noun, kind)
    return entry_key(event.connection or "", None, *parts)


def _document_id(event: Event, document: Mapping[str, Any]) -> str:
    return f"{event.connection or ''}/{event.key or document.get('id') or event.id}"


def _main_is_entry(event: Event) -> bool:
    return event.type.partition(".")[0] in ("time", "expense", "ledger")


def _next_version(event: Event, stored: Record | None) -> str:
    """The version of a bare event: what it says, else one more than what stands."""
    if event.version is not None:
        return event.version
    last = str((stored or {}).get("version") or "0")
    base, mark, count = last.rpartition("~")
    if last.isdecimal():
        return str(int(last) + 1)
    return f"{base}~{int(count) + 1:06d}" if mark and count.isdecimal() else f"{last}~000001"


def _issue(act: Act, entry: Record | None) -> Record | None:
    issue = (entry or {}).get("issue")
    return act.draft.get("issue", issue) if isinstance(issue, str) else None


def _titled(act: Act, known: Record) -> Record:
    issue = _issue(act, known)
    return (
        {**known, "title": issue["title"]} if not known.get("title") and issue and "title" in issue else known
    )
