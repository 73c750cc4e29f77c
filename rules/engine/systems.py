"""Entries that speak to a system rather than to people: trackers, books, sheets. A firing rule in, `Copy`s out.

Where the project is not kept there, a sentence in the outcome says so. What a system of the project cannot do, and a
person can, becomes a task for the lead: nothing that a rule asks for is dropped without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rules.engine.copies import Copy, person_copy
from rules.engine.firing import Firing, Outcome, lead_of
from rules.engine.recipients import Issue, client_reads, issues
from rules.facts.project import Booking
from rules.language.model import ActionSpec

ON_ISSUES: Final = frozenset({"comment", "transition", "set_field", "label", "book_note"})
SYSTEMS: Final = frozenset({"webhook", "append_row", "create_issue", "draft_invoice", *ON_ISSUES})

_BY_HAND: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "subject": "{{ project.name }}: enter {{ change.number }} in the books",
        "body": "{{ change.number }} ({{ change.title }}) is approved. The estimate for the customer is now "
        "{{ estimate | money }}.\n\nAccord cannot draft it in the books of this project: enter it there by hand.",
    },
    "zh-CN": {
        "subject": "{{ project.name }}：请在账务系统中录入 {{ change.number }}",
        "body": "{{ change.number }}（{{ change.title }}）已获确认，客户报价现为 {{ estimate | money }}。\n\n"
        "本项目的账务系统无法自动起草报价单，请手工录入。",
    },
}


def system_copies(firing: Firing, spec: ActionSpec, done: Outcome) -> list[Copy]:
    """Where one entry goes; what leads nowhere joins `done.problems`."""
    if spec.kind in ("webhook", "append_row"):
        connection = str(spec.keys["connection"])
        locale = firing.state.workspace.locale
        return [Copy(spec.kind, connection, connection, locale, connection=connection)]
    if spec.kind in ON_ISSUES:
        found, problem = issues(spec.keys.get("target"), firing.names)
        unable = [i.connection for i in found if not _takes(firing, spec.kind, i.connection)]
        if problem is None and unable:
            problem = f"{unable[0]} takes no {spec.kind}"
        if problem is not None:
            done.problems.append(f"{spec.id}: {problem}")
        return [issue_copy(spec.kind, issue, firing) for issue in found if issue.connection not in unable]
    copies = _new_issue(firing, spec) if spec.kind == "create_issue" else _invoice(firing, spec)
    if not copies:
        done.problems.append(f"{spec.id}: {_not_kept(firing, spec)}")
    return copies


def _takes(firing: Firing, kind: str, connection: str) -> bool:
    """A note may be asked for on an entry whose source keeps none, such as logged time."""
    return kind != "book_note" or firing.state.workspace.can(connection, kind)


def issue_copy(kind: str, issue: Issue, firing: Firing) -> Copy:
    """A copy for an issue, or for a document of the books."""
    facts = firing.names.facts
    seen = kind == "comment" and client_reads(facts.project, issue.connection)
    return Copy(
        kind,
        issue.target,
        issue.target,
        _locale(firing, seen),
        address=issue.key,
        connection=issue.connection,
        client_facing=seen,
    )


def issue_copies(kind: str, target: str, firing: Firing) -> list[Copy]:
    """A copy for each issue that a target names; none where it names none."""
    return [issue_copy(kind, issue, firing) for issue in issues(target, firing.names)[0]]


def estimate_copies(firing: Firing) -> list[Copy]:
    """The project's customer in the first of its books that can draft an estimate; else a task for the lead."""
    workspace, project = firing.state.workspace, firing.names.facts.project
    booked = [b for b in (project.booked_in if project else ()) if b.customer]
    able = [b for b in booked if workspace.can(b.connection, "draft_estimate")]
    if able:
        return [_book_copy("draft_estimate", able[0], firing)]
    lead = lead_of(firing)
    if lead is None:
        return []
    task = person_copy("task", lead, firing)
    return [
        Copy(task.kind, f"estimate:{lead.id}", task.target, task.locale, lead.id, text={"inline": _BY_HAND})
    ]


def document_keys(firing: Firing, copy: Copy) -> dict[str, Any]:
    """What a system is told besides the entry's own keys: what a document is called, and where it counts."""
    project = firing.names.facts.project
    if copy.kind not in ("draft_invoice", "draft_estimate") or project is None:
        return {}
    tag = next((b.tag for b in project.booked_in if b.connection == copy.connection and b.tag), None)
    change = firing.names("change")
    about = f"{change['number']}: {change['title']}" if isinstance(change, Mapping) else project.name
    return {"reference": project.name, "title": about, "tag": tag, "currency": project.currency}


def urgent_keys(firing: Firing, spec: ActionSpec, copy: Copy) -> dict[str, Any]:
    """Whom an urgent message in a room mentions: the project's lead, where the lead's account there is known."""
    lead = lead_of(firing) if spec.keys.get("urgent") is True and copy.recipient is None else None
    account = lead.accounts.get(copy.connection or "") if lead else None
    return {"mention": account} if account else {}


def _new_issue(firing: Firing, spec: ActionSpec) -> list[Copy]:
    """The project's place in the tracker."""
    project, connection = firing.names.facts.project, str(spec.keys["connection"])
    seen = client_reads(project, connection)
    places = [t.project for t in (project.tracked_by if project else ()) if t.connection == connection]
    return [
        Copy(
            "create_issue",
            f"{connection}/{place}",
            f"{connection}/{place}",
            _locale(firing, seen),
            address=place,
            connection=connection,
            client_facing=seen,
        )
        for place in places[:1]
    ]


def _invoice(firing: Firing, spec: ActionSpec) -> list[Copy]:
    project, target, workspace = firing.names.facts.project, spec.keys["target"], firing.state.workspace
    booked = [
        b
        for b in (project.booked_in if project else ())
        if b.customer
        and (b.connection == target or (target == "project" and workspace.can(b.connection, spec.kind)))
    ]
    return [_book_copy("draft_invoice", b, firing) for b in booked[:1]]


def _book_copy(kind: str, booked: Booking, firing: Firing) -> Copy:
    target = f"{booked.connection}/{booked.customer}"
    locale = _locale(firing, client=True)
    return Copy(kind, target, target, locale, address=booked.customer, connection=booked.connection)


def _not_kept(firing: Firing, spec: ActionSpec) -> str:
    project = firing.names.facts.project
    if project is None:
        return f"{spec.kind} needs a project, and this event belongs to none"
    if spec.kind == "create_issue":
        return f"{project.id} is not tracked by {spec.keys['connection']}: add it to `tracked_by`"
    return f"{project.id} has no customer in {spec.keys['target']}: add `booked_in` with a customer"


def _locale(firing: Firing, client: bool) -> str:
    facts = firing.names.facts
    return facts.client.locale if client and facts.client else firing.state.workspace.locale
