"""Issues, comments and documents as their sources tell of them: what is known now in, the merged record out.

A source says only what it knows: a field that is absent keeps what is on record. Versions order what arrives: an older
state never overwrites a newer one. How a status groups, and what asks for a change, is the workspace's to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from rules.engine.effects import creep
from rules.engine.effects.shapes import Act, Applied, shown
from rules.facts.event import Record
from rules.facts.project import Tracking

_OWN: Final = frozenset({"id", "project", "client"})


def tracked(act: Act) -> Applied:
    """`issue.*`: the issue on record, with what the workspace makes of its status, labels and type."""
    given = act.event.objects.get("issue")
    if act.project is None or given is None:
        return Applied(act.event)
    tracking = _tracking(act)
    connection = act.event.connection or (tracking.connection if tracking else "")
    key = str(given.get("key") or act.event.key or given.get("id") or act.event.id)
    record_id = f"{connection}/{key}"
    stored = act.draft.get("issue", record_id)
    if _is_older(act, stored):
        return Applied(
            replace(act.event, objects={**act.event.objects, "issue": shown(stored or {})}, before={})
        )
    said = {**_regrouped(stored, given), **given, "key": key, "connection": connection}
    former = {**(stored or (said if act.event.before else {})), **act.event.before}
    now = _read({**(stored or {}), **said}, tracking)
    if act.event.type == "issue.deleted":
        now["deleted"] = True
    if _is_contact(act, given.get("reporter")):
        now["client_raised"] = True
    if act.event.type == "issue.reopened" and not _is_repeated(act, stored):
        now["times_reopened"] = int((stored or {}).get("times_reopened") or 0) + 1
    now |= creep.standing(act, act.project, record_id, {**(stored or {}), **said, **now})
    record, _ = remember(act, "issue", record_id, {**said, **now})
    return Applied(act.seen(shown({**former, **_read(former, tracking)}) if former else {}, issue=record))


def commented(act: Act) -> Applied:
    """`comment.*`: the comment with its issue; the team's first one under what the client raised is its answer. Our own
    coming back causes nothing.
    """
    comment = act.event.objects.get("comment")
    if act.project is None or comment is None:
        return Applied(act.event)
    on = issue_id(act, comment.get("on"))
    issue = act.draft.get("issue", on) if on else None
    if issue is not None and _answers(act, comment, issue):
        issue = act.draft.put("issue", {**issue, "first_answer_at": comment.get("at") or act.event.at})
    return Applied(act.seen(comment={**comment, "on": on}, issue=issue))


def remember(act: Act, kind: str, id: str, given: Mapping[str, Any]) -> tuple[Record, Record]:
    """The record of a thing of the source after this event, and before it; an older version changes nothing."""
    assert act.project is not None  # noqa: S101 - callers know whose event it is
    stored = act.draft.get(kind, id)
    if stored is not None and _is_older(act, stored):
        return stored, {}
    known = {k: v for k, v in shown(given).items() if k not in _OWN}
    version = act.event.version or (stored or {}).get("_version", "")
    record = {**(stored or {}), **known, **act.new(act.project, id), "_version": version}
    return act.draft.put(kind, record), shown(stored) if stored else {}


def _is_older(act: Act, stored: Record | None) -> bool:
    version = act.event.version
    return stored is not None and version is not None and version < str(stored.get("_version", ""))


def _is_repeated(act: Act, stored: Record | None) -> bool:
    return (
        stored is not None and act.event.version is not None and stored.get("_version") == act.event.version
    )


def _is_contact(act: Act, person: Any) -> bool:
    known = act.state.workspace.people.get(str(person))
    return act.project is not None and known is not None and known.client == act.project.client


def _answers(act: Act, comment: Mapping[str, Any], issue: Mapping[str, Any]) -> bool:
    """Whether somebody of the team answers the client with it; a remark among the team does not."""
    if act.event.type != "comment.created" or not issue.get("client_raised") or issue.get("first_answer_at"):
        return False
    author = act.state.workspace.people.get(str(comment.get("author")))
    tracking = _tracking(act)
    seen = comment.get("visibility") != "internal" or (tracking is not None and tracking.client_can_read)
    return seen and author is not None and author.party == "team" and not act.event.own


def _regrouped(stored: Record | None, given: Mapping[str, Any]) -> Record:
    """An issue whose status left the done or waiting ones is worked on, unless its source groups it itself."""
    if stored is None or "status" not in given or given["status"] == stored.get("status"):
        return {}
    return {"status_group": "doing"} if stored.get("status_group") in ("done", "waits_for_client") else {}


def issue_id(act: Act, named: Any) -> str | None:
    """The id of an issue's record, from a key of the event's connection or from the id itself."""
    if not isinstance(named, str) or not named:
        return None
    head, slash, _ = named.partition("/")
    if slash and head in act.state.workspace.connections:
        return named
    tracking = _tracking(act)
    connection = act.event.connection or (tracking.connection if tracking else None)
    return f"{connection}/{named}" if connection else named


def _tracking(act: Act) -> Tracking | None:
    """How the workspace tracks the issues of this event: by its connection, or the main tracker without one."""
    found: Iterable[Tracking] = act.project.tracked_by if act.project else ()
    connection = act.event.connection
    ordered = sorted(found, key=lambda t: not t.main)
    return next((t for t in ordered if connection is None or t.connection == connection), None)


def _read(issue: Mapping[str, Any], tracking: Tracking | None) -> Record:
    """What the workspace makes of an issue; what cannot be said without an unknown field is left unknown."""
    if tracking is None:
        return {"change_requested": False}
    read: Record = {}
    status = str(issue.get("status") or "").casefold()
    if status in {s.casefold() for s in tracking.waits_for_client}:
        read["status_group"] = "waits_for_client"
    elif status in {s.casefold() for s in tracking.done}:
        read["status_group"] = "done"
    asked = _asks_for_change(issue, tracking)
    return read if asked is None else {**read, "change_requested": asked}


def _asks_for_change(issue: Mapping[str, Any], tracking: Tracking) -> bool | None:
    labels, kind = issue.get("labels"), issue.get("type")
    if labels and set(labels) & set(tracking.change_labels):
        return True
    if kind and kind in tracking.change_types:
        return True
    unknown = (tracking.change_labels and "labels" not in issue) or (
        tracking.change_types and "type" not in issue
    )
    return None if unknown else False
