"""Control over what is spent: papers that do not look right become findings, with an owner and a day.

A paper is held against those it may repeat the moment it is booked or corrected; the index for that is kept with the
records, so that it costs the same however long the ledger is. An audit adds what only time shows. A finding is opened
once; it closes when its papers are mended, or by a person with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from rules.engine.effects import filing, kept
from rules.engine.effects.shapes import Act, Applied, shown, today
from rules.engine.parties import project_calendars
from rules.facts import audit
from rules.facts.audit import Suspicion
from rules.facts.budget import budget_facts
from rules.facts.calendar import add_working_days
from rules.facts.catalogue import COST_CLASSES
from rules.facts.event import Event, Record, digest
from rules.facts.money import Money
from rules.facts.project import Project

DAYS_TO_MEND: Final = 5
# So many papers of one party or spender are looked at together at most; the oldest leave first.
LONGEST_TRAIL: Final = 60
_AT_ONCE: Final = frozenset(
    {"duplicate_invoice", "split_under_limit", "four_eyes", "after_lock", "over_line"}
)
_WATCHED: Final = frozenset({"ledger", "expense"})
# Events that bring a paper.
_PAPERS: Final = _WATCHED | {"bill", "invoice", "payment", "receipt"}


def stepped(act: Act) -> Applied:
    """`finding.*` from a person: closed with a reason; one that an event tells of is kept."""
    project, given = act.project, act.event.objects.get("finding")
    if project is None or given is None:
        return Applied(act.event)
    known = act.draft.get("finding", str(given.get("id") or act.event.key or act.event.id))
    if known is not None and act.event.cause is not None:
        return Applied(act.seen(finding=known))
    if act.event.type == "finding.closed":
        # What a program closes was closed by somebody too: it stays closed.
        by = given.get("closed_by") or act.event.person or "-"
        return kept.told(
            act, _beginning(act, project), status="closed", closed_at=act.event.at, closed_by=by, due=None
        )
    return kept.told(act, _beginning(act, project), status="open")


def watched(act: Act, event: Event) -> tuple[Event, ...]:
    """What a paper that was just booked, corrected or voided gives cause to look at, and what it mends."""
    project, entry = act.project, event.objects.get("entry")
    family = event.type.partition(".")[0]
    if project is None or entry is None or family not in _PAPERS:
        return ()
    record = act.draft.get("entry", str(entry.get("id")))
    if record is None:
        return ()
    watched_now = family in _WATCHED and not event.history
    paper = record.get("kind") in ("expense", "bill")
    if paper or record.get("_filed"):
        record = filing.file(act, project, record, looked_at=None if family == "receipt" else watched_now)
    if not watched_now:
        return ()
    found = _over_lines(act, project, [str(record.get("class"))])
    looked_at = {_line_id(act, project, str(record.get("class")))}
    if paper:
        found += _about_paper(act, project, record, event.before)
        looked_at |= _about(act, project, record["id"])
    return _told(act, project, found, looked_at)


def audited(act: Act) -> Applied:
    """`audit.run`: what time shows of a period's papers, and what became of what was found before.

    What a paper shows by itself was looked at when it was booked; an audit looks at those that came as history, at
    those without a receipt, at those of open findings and at the lines of the budget. Its cost is that of these.
    """
    project, given = act.project, act.event.objects.get("audit")
    if project is None or given is None or act.event.cause is not None:
        return Applied(act.event)
    period = str(given.get("period") or audit.quarter(today(act.state, project)))
    try:
        first, last = audit.span(period)
    except audit.BadPeriod:
        return Applied(act.event)
    filing.rebuild(act, project)
    days = list(filing.days(act, project, first, last))
    suspect = _open_findings(act, project, first, last)
    unseen, bare = filing.papers(act, days, "unseen"), filing.papers(act, days, "bare")
    papers = [act.draft.get("entry", i) for f in suspect for i in f.get("entries") or ()]
    looked = {e["id"]: e for e in (*unseen, *bare, *papers) if e is not None}
    found = [s for e in looked.values() for s in _about_paper(act, project, e, {})]
    found += [*_without_receipt(act, project, looked.values()), *_over_lines(act, project, COST_CLASSES)]
    filing.seen(act, days)
    told = _told(act, project, found, {f["id"] for f in suspect})
    fields = _result(act, project, period, sum(d["count"] for d in days), told)
    record = act.draft.put("audit", act.new(project, _audit_id(project, period), **fields))
    return Applied(act.seen(audit=record), told)


def _about_paper(act: Act, project: Project, record: Record, former: Mapping[str, Any]) -> list[Suspicion]:
    """What one paper gives cause to look at, held against those that it may repeat. former: what it was before."""
    papers = _Trail(act, project).papers(record, {**record, **former})
    found = [
        *audit.duplicates(papers),
        *audit.splits(papers, limits(act, project)),
        *audit.self_approved([record]),
        *audit.after_lock([record], _locks(act, project)),
    ]
    return [s for s in found if record["id"] in s.entries]


def _without_receipt(act: Act, project: Project, papers: Iterable[Record]) -> list[Suspicion]:
    cals = project_calendars(project, act.state.workspace)
    return audit.without_receipt(papers, cals, today(act.state, project))


def _open_findings(act: Act, project: Project, first: date, last: date) -> list[Record]:
    """Findings of ours that are open and about papers of the period, or about no paper."""
    found = (f for f in act.draft.find("finding", project.id, "open") if f["kind"] in audit.KINDS)
    about = [(f, f.get("entries") or ()) for f in found]
    return [f for f, entries in about if not entries or any(_dated(act, i, first, last) for i in entries)]


def _dated(act: Act, id: str, first: date, last: date) -> bool:
    entry = act.draft.get("entry", id)
    day = entry.get("work_date") if entry else None
    return day is not None and first <= day <= last


def limits(act: Act, project: Project) -> list[Money]:
    """The sums up to which somebody of the team may approve alone, in the project's currency."""
    team = (p for p in act.state.workspace.people.values() if p.party == "team")
    return [
        p.approves_up_to for p in team if p.approves_up_to and p.approves_up_to.currency == project.currency
    ]


def held_against(
    act: Act, project: Project, found: Iterable[Suspicion], looked_at: Iterable[str]
) -> tuple[Event, ...]:
    """Findings for what is so now, and an end to those of `looked_at` (ids) that no longer are."""
    return _told(act, project, found, looked_at)


def denied(act: Act, project: Project, kind: str, about: str, **figures: Any) -> tuple[Event, ...]:
    """A finding that somebody tried what the separation of duties does not allow."""
    return _opened(act, project, Suspicion(kind, (about,), (about,), figures))


def attached(act: Act) -> Applied:
    """`receipt.attached`: the paper has its receipt, whatever later versions of its source say of it."""
    project, given = act.project, act.event.objects.get("entry", {})
    entry = act.draft.get("entry", str(given.get("id") or act.event.key))
    if project is None or entry is None or not given.get("receipt"):
        return Applied(act.event)
    record = act.draft.put("entry", {**entry, "receipt": given["receipt"], "_receipt": given["receipt"]})
    mended = _told(act, project, [], {_finding_id(project, Suspicion("no_receipt", (entry["id"],)))})
    return Applied(act.seen(shown(entry), entry=record), mended)


def explained(act: Act) -> Applied:
    """`expense.reason_added`: why it was spent, in words that the client may read, whatever its source says later."""
    project, given = act.project, act.event.objects.get("entry", {})
    entry = act.draft.get("entry", str(given.get("id") or act.event.key))
    reason = str(given.get("reason") or "").strip()
    if project is None or entry is None or entry.get("project") != project.id or not reason:
        return Applied(act.event)
    record = act.draft.put("entry", {**entry, "reason": reason, "_reason": reason})
    return Applied(act.seen(shown(entry), entry=record))


@dataclass(frozen=True)
class _Trail:
    """The index of papers by what they may share: one record a party and number, party and amount, spender."""

    act: Act
    project: Project

    def papers(self, record: Record, former: Mapping[str, Any]) -> list[Record]:
        """The paper with all that it shares something with, now or before this event; it joins the index."""
        ids: dict[str, None] = {record["id"]: None}
        for key in audit.keys_of(record):
            trail_id, known = self._known(key)
            ids |= dict.fromkeys(known)
            if record["id"] not in known:
                kept_ids = [*known, record["id"]][-LONGEST_TRAIL:]
                self.act.draft.put("trail", self.act.new(self.project, trail_id, entries=kept_ids))
        for key in audit.keys_of(former):
            ids |= dict.fromkeys(self._known(key)[1])
        found = [self.act.draft.get("entry", i) for i in ids]
        return [e for e in found if e is not None and e["project"] == self.project.id]

    def _known(self, key: tuple[str, ...]) -> tuple[str, list[str]]:
        trail_id = "trl_" + digest(self.project.id, *key)
        return trail_id, list((self.act.draft.get("trail", trail_id) or {}).get("entries", ()))


def _told(
    act: Act, project: Project, found: Iterable[Suspicion], looked_at: Iterable[str]
) -> tuple[Event, ...]:
    """Findings for what is new, and an end to those looked at that no longer hold."""
    now = {_finding_id(project, s): s for s in found}
    opened = [event for s in now.values() for event in _opened(act, project, s)]
    closed = [event for i in sorted(set(looked_at)) if i not in now for event in _mended(act, i)]
    return (*opened, *closed)


def _opened(act: Act, project: Project, suspicion: Suspicion) -> tuple[Event, ...]:
    """The finding, once; one that a person closed stays closed, one that was mended opens again."""
    finding_id = _finding_id(project, suspicion)
    known = act.draft.get("finding", finding_id)
    entries = list(suspicion.entries)
    if known is not None and (known["status"] == "open" or known.get("closed_by")):
        if known["status"] == "open" and known.get("entries") != entries:
            act.draft.put("finding", {**known, **suspicion.figures, "entries": entries})
        return ()
    fields = {**_beginning(act, project), **suspicion.figures, "kind": suspicion.kind, "entries": entries}
    record = act.draft.put("finding", act.new(project, finding_id, **fields))
    return (act.cause("finding.opened", finding_id, finding=record),)


def _mended(act: Act, finding_id: str) -> tuple[Event, ...]:
    known = act.draft.get("finding", finding_id)
    if known is None or known["status"] != "open":
        return ()
    fields = {"status": "closed", "closed_at": act.event.at, "reason": "mended", "due": None}
    record = act.draft.put("finding", {**known, **fields})
    return (act.cause("finding.closed", finding_id, shown(known), finding=record),)


def _beginning(act: Act, project: Project) -> Record:
    workspace, day = act.state.workspace, today(act.state, project)
    finance = workspace.holders("finance", project, day)
    cals = project_calendars(project, workspace)
    return {
        "kind": "other",
        "status": "open",
        "owner": finance[0].id if finance else project.lead,
        "due": add_working_days(cals, day, DAYS_TO_MEND),
        "opened_at": act.event.at,
        "closed_at": None,
        "closed_by": None,
        "reason": None,
        "entries": [],
        "paper": None,
        "paid_to": None,
        "sum": None,
        "limit": None,
        "line": None,
        "spender": None,
        "what": None,
        "channel": None,
        "record": None,
        "tracker": None,
        "connection": None,
        "milestone": None,
    }


def _about(act: Act, project: Project, entry: str) -> set[str]:
    """The open findings of the kinds looked at at once that name this paper."""
    return {
        f["id"]
        for f in act.draft.find("finding", project.id, "open")
        if f["kind"] in _AT_ONCE and entry in (f.get("entries") or ())
    }


def _over_lines(act: Act, project: Project, classes: Iterable[str]) -> list[Suspicion]:
    baseline, sums = act.draft.get("baseline", project.id), act.draft.get("sums", project.id)
    if baseline is None or not baseline["lines"]:
        return []
    return audit.over_lines(budget_facts(baseline, sums), classes)


def _line_id(act: Act, project: Project, line: str) -> str:
    baseline = act.draft.get("baseline", project.id) or {}
    return _finding_id(project, Suspicion("over_line", (line, str(baseline.get("version")))))


def _locks(act: Act, project: Project) -> list[tuple[Any, Any, Any]]:
    """The closed part of the ledger: first day, last day, since when."""
    known = act.draft.get("period", project.id)
    if known is None or known["closed_until"] is None or not known["steps"]:
        return []
    return [(date.min, known["closed_until"], known["steps"][-1]["at"])]


def _result(act: Act, project: Project, period: str, count: int, told: Iterable[Event]) -> Record:
    verbs = [e.type for e in told]
    open_now = act.draft.find("finding", project.id, "open")
    return {
        "period": period,
        "at": act.event.at,
        "by": act.event.person,
        "checked": count,
        "opened": verbs.count("finding.opened"),
        "closed": verbs.count("finding.closed"),
        "open": len(open_now),
        "findings": [f["id"] for f in open_now],
    }


def _audit_id(project: Project, period: str) -> str:
    return f"aud_{digest(project.id, period)}"


def _finding_id(project: Project, suspicion: Suspicion) -> str:
    return "fnd_" + digest(project.id, suspicion.kind, *suspicion.key)
