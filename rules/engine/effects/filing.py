"""Which papers of a project an audit has to look at: an index by work day, kept as papers are booked.

A day's record (kind "filed", id PROJECT/DAY) counts its papers, and names those without a receipt and those that were
only read back or are drafts of the books, at which nobody has looked. An audit reads the days of its period and the
papers that they name, and never the ledger as a whole. Ids may stay in a day's lists longer than they hold: whoever
reads them asks the entry itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from rules.engine.effects.shapes import Act
from rules.facts.audit import concerns, lacks_receipt
from rules.facts.event import Record
from rules.facts.project import Project

KIND: Final = "filed"


def begin(act: Act, project: Project) -> None:
    """A project that begins without entries is filed from its first one on."""
    if act.draft.get("sums", project.id) is None:
        act.draft.put(KIND, act.new(project, project.id, since=act.state.now))


def file(act: Act, project: Project, entry: Record, *, looked_at: bool | None) -> Record:
    """Put a paper where it belongs, and take it from where it was; the entry as it is now.

    looked_at: whether somebody looked at it now; none where that stays as it is.
    """
    before, day = entry.get("_filed"), entry.get("work_date")
    ours = entry["project"] == project.id and concerns(entry) and day is not None
    if not ours and (before is None or before[0] != project.id):
        return entry
    now = [project.id, day.isoformat()] if ours and day is not None else None
    if before is not None and before != now:
        _count(act, before, -1)
    if now is not None:
        _count(act, now, 0 if before == now else 1)
        _list(act, now, "bare", entry["id"], listed=lacks_receipt(entry))
        if looked_at is not None:
            _list(act, now, "unseen", entry["id"], listed=not looked_at)
    return entry if before == now else act.draft.put("entry", {**entry, "_filed": now})


def rebuild(act: Act, project: Project) -> None:
    """File every entry of a project that was booked before there was this index; nobody has looked at them."""
    if act.draft.get(KIND, project.id) is not None:
        return
    for entry in act.draft.find("entry", project.id):
        file(act, project, entry, looked_at=False)
    act.draft.put(KIND, act.new(project, project.id, since=act.state.now))


def days(act: Act, project: Project, first: date, last: date) -> Iterator[Record]:
    """The days of a period on which there are papers."""
    for number in range((last - first).days + 1):
        day = act.draft.get(KIND, f"{project.id}/{(first + timedelta(days=number)).isoformat()}")
        if day is not None:
            yield day


def papers(act: Act, filed: Iterable[Record], name: str) -> list[Record]:
    """The papers that days name, as far as they are still those of the project: `bare` or `unseen`."""
    found = []
    for day in filed:
        entries = (act.draft.get("entry", id) for id in day[name])
        found += [e for e in entries if e is not None and e["project"] == day["project"] and concerns(e)]
    return found


def seen(act: Act, filed: Iterable[Record]) -> None:
    """These days were looked through."""
    for day in filed:
        if day["unseen"]:
            act.draft.put(KIND, {**day, "unseen": []})


def _day(act: Act, place: list[str]) -> Record:
    project, day = place
    known = act.draft.get(KIND, f"{project}/{day}")
    if known is not None:
        return known
    owner = act.state.workspace.projects.get(project)
    own = {"id": f"{project}/{day}", "project": project, "client": owner.client if owner else None}
    return {**own, "count": 0, "bare": [], "unseen": []}


def _count(act: Act, place: list[str], by: int) -> None:
    day = _day(act, place)
    act.draft.put(KIND, {**day, "count": max(0, day["count"] + by)})


def _list(act: Act, place: list[str], name: str, id: str, *, listed: bool) -> None:
    day = _day(act, place)
    if (id in day[name]) != listed:
        ids = [*day[name], id] if listed else [i for i in day[name] if i != id]
        act.draft.put(KIND, {**day, name: ids})
