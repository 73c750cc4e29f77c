"""What one side waits for: opened by the tracker, a rule, the console or the client's page; answered, done or waived.

In: events about an item, an issue, a comment, a reply or a contact. Out: the item's record, and the delay that a late
answer means. The first thing that answers it ends its ladder; what comes afterwards changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from rules.engine.derived import item_today
from rules.engine.effects import delays
from rules.engine.effects.changes import quoted
from rules.engine.effects.milestones import find
from rules.engine.effects.shapes import Act, Applied, EffectError, Performed, shown, today
from rules.engine.parties import project_calendars
from rules.facts.action_item import KINDS, OPEN, OVER, PARTIES, cause_of
from rules.facts.calendar import local_day, shift
from rules.facts.duration import Duration
from rules.facts.event import Event, Record, digest
from rules.facts.milestone import late_days, named
from rules.facts.project import Person, Project
from rules.language.wording import choose

# What a ticket that waits for the client is given to be answered, where nobody says by when.
TERM: Final = Duration(5, "wd")
# Whose word is asked for first, of the client's contacts.
_ROLES: Final = ("user", "sponsor", "approver", "billing")
_SAID: Final = frozenset({"title", "due", "kind", "party", "owner", "about", "issue", "remark", "cause"})


def stepped(act: Act) -> Applied:
    """`action_item.*`: a step that we caused is on record; otherwise what the console, a page or a hook says."""
    project, given = act.project, act.event.objects.get("action_item")
    if project is None or given is None:
        return Applied(act.event)
    verb, id = act.event.type.partition(".")[2], str(given.get("id") or "itm_" + digest(act.event.id))
    found = act.draft.get("action_item", id)
    if act.event.cause is not None and found is not None:
        return Applied(act.seen(action_item=seen(act, found)))
    if verb == "opened":
        record = act.draft.put("action_item", _told(act, project, id, given, found))
        return Applied(act.seen(shown(found) if found else {}, action_item=seen(act, record)))
    if found is None or found["status"] in ("done", "waived"):
        return Applied(act.seen(action_item=found and seen(act, found)))
    return _ended(act, project, found, verb, given)


def seen(act: Act, item: Record) -> Record:
    """The item as rules see it today."""
    return item_today(item, act.draft, act.state)


def open_item(
    act: Act, project: Project, keys: Mapping[str, Any], objects: Mapping[str, Record]
) -> Performed:
    """A rule's `open_action_item`: once about one thing while it is open."""
    about = str(keys.get("about"))
    thing = objects.get(about) or {}
    if not thing and about != "project":
        raise EffectError(f"open_action_item has nothing to be about: this event knows no {about}")
    id = "itm_" + digest(project.id, act.rule or "", act.spec or "", str(thing.get("id") or project.id))
    known = act.draft.get("action_item", id)
    if known is not None and known["status"] in OPEN:
        return Performed((), {"action_item": shown(seen(act, known))})
    owner = _owner(keys.get("owner")) or _anyone(act, project, str(keys.get("party")))
    given = {
        "title": _worded(act, keys.get("title"), owner) or _title(project, about, thing),
        "kind": keys.get("kind"),
        "party": keys.get("party"),
        "owner": owner,
        "due": _due(act, project, keys.get("due")),
        "blocks": _blocked(keys.get("blocks"), objects),
        "about": about,
        "issue": thing.get("id") if about == "issue" else None,
    }
    record = act.draft.put("action_item", _told(act, project, id, given, known))
    event = act.cause("action_item.opened", id, action_item=seen(act, record))
    return Performed((event,), {"action_item": shown(seen(act, record))})


def tracked(act: Act) -> tuple[Event, ...]:
    """An issue that the workspace says waits for the client opens an item; once it no longer does, that is answered."""
    project, issue = act.project, act.event.objects.get("issue")
    if project is None or issue is None or "id" not in issue:
        return ()
    known = [i for i in act.draft.find("action_item", project.id) if i.get("issue") == issue["id"]]
    open_ones = [i for i in known if i["status"] in OPEN and i.get("about") == "tracker"]
    waits = issue.get("status_group") == "waits_for_client" and not issue.get("deleted")
    if waits and not open_ones:
        return _opened_by_tracker(act, project, issue, len(known))
    if waits or not open_ones:
        return ()
    return tuple(e for item in open_ones for e in answer(act, project, item, act.event.person))


def commented(act: Act) -> tuple[Event, ...]:
    """What the client writes under an issue answers the items about it."""
    project, comment = act.project, act.event.objects.get("comment", {})
    author = act.state.workspace.people.get(str(comment.get("author")))
    if project is None or author is None or author.client != project.client:
        return ()
    items = act.draft.find("action_item", project.id)
    waiting = [i for i in items if i.get("issue") == comment.get("on") and _waits_for_client(i)]
    return tuple(e for item in waiting for e in answer(act, project, item, author.id))


def spoken_with(act: Act) -> tuple[Event, ...]:
    """`contact.logged` about an item is a step of its ladder; one that brought the answer ends it."""
    project, contact = act.project, act.event.objects.get("contact", {})
    item = act.draft.get("action_item", str(contact.get("action_item") or ""))
    if project is None or item is None or item["status"] not in OPEN:
        return ()
    item = reached(act, item, str(contact.get("id") or act.event.id), str(contact.get("channel")))
    return answer(act, project, item, contact.get("with")) if contact.get("answered") else ()


def written_to(act: Act) -> tuple[Event, ...]:
    """A message about an item that left is a step of its ladder; a reply to one is the answer."""
    project, message = act.project, act.event.objects.get("message", {})
    if project is None:
        return ()
    item = _of_message(act, project, message)
    if item is None or item["status"] not in OPEN:
        return ()
    if act.event.type == "message.replied":
        return answer(act, project, item, act.event.person)
    if act.event.type == "message.sent":
        reached(act, item, str(act.event.cause or message.get("id")), str(message.get("channel")), message)
    return ()


def reached(act: Act, item: Record, step: str, channel: str, message: Record | None = None) -> Record:
    """The item with one more contact on record; `rung` counts the steps from its date on, each once."""
    assert act.project is not None  # noqa: S101 - callers know whose item it is
    day = local_day(act.event.at, act.project.time_zone)
    due = item.get("due")
    contact = {
        "step": step,
        "channel": channel,
        "at": act.event.at,
        "message": (message or {}).get("id"),
        "late": due is not None and day >= due,
    }
    contacts = [*(item.get("contacts") or ()), contact]
    rung = len({c["step"] for c in contacts if c["late"]})
    return act.draft.put("action_item", {**item, "contacts": contacts, "rung": rung})


def answer(act: Act, project: Project, item: Record, by: Any) -> tuple[Event, ...]:
    """The item answered by this event, with the event of it and of what its lateness cost."""
    record, late = _closed(act, project, item, "answered", {"answered_by": by})
    event = act.cause("action_item.answered", item["id"], shown(item), action_item=seen(act, record))
    return (event, *late)


def _ended(act: Act, project: Project, item: Record, verb: str, given: Mapping[str, Any]) -> Applied:
    """Answered, done or waived, by a person's word; what was answered already keeps when and how late that was."""
    said = {k: given[k] for k in ("remark", "cause") if given.get(k) is not None}
    if item["status"] in OVER:
        if verb == "answered":
            return Applied(act.seen(action_item=seen(act, item)))
        record = act.draft.put("action_item", {**item, **said, "status": verb})
        return Applied(act.seen(shown(item), action_item=seen(act, record)))
    said["answered_by"] = given.get("answered_by") or act.event.person
    record, late = _closed(act, project, item, verb, said)
    return Applied(act.seen(shown(item), action_item=seen(act, record)), late)


def _closed(
    act: Act, project: Project, item: Record, status: str, said: Mapping[str, Any]
) -> tuple[Record, tuple[Event, ...]]:
    """The item at its end, its lateness frozen; what is waived was not needed and costs no days."""
    cals, due = project_calendars(project, act.state.workspace), item.get("due")
    came = local_day(act.event.at, project.time_zone)
    lateness = late_days(due, came, cals) if isinstance(due, date) and status != "waived" else 0
    record = {**item, **said, "status": status, "answered_at": act.event.at, "late_days": lateness}
    before = {d["id"] for d in act.draft.find("delay", project.id)}
    cause = record.get("cause") or cause_of(item)
    late = delays.late(act, project, record, (due, came), cause) if due is not None and lateness else ()
    cost = [d["days"] for d in act.draft.find("delay", project.id) if d["id"] not in before]
    return act.draft.put("action_item", {**record, "effect_on_dates": max(cost, default=0)}), late


def _told(act: Act, project: Project, id: str, given: Mapping[str, Any], known: Record | None) -> Record:
    """An item from what was said of it; one asked for again waits again, from now."""
    said = {k: given[k] for k in _SAID if given.get(k) is not None}
    party = said.get("party") if said.get("party") in PARTIES else (known or {}).get("party", "client")
    kind = said.get("kind") if said.get("kind") in KINDS else (known or {}).get("kind", "question")
    blocks = _milestones(act, project, given.get("blocks"))
    again: Record = {
        "status": "open",
        "asked_at": given.get("asked_at") or act.event.at,
        "answered_at": None,
        "answered_by": None,
        "late_days": 0,
        "effect_on_dates": None,
        "rung": 0,
        "contacts": [],
    }
    beginning: Record = {
        "title": kind,
        "due": None,
        "about": None,
        "issue": None,
        "remark": None,
        "cause": None,
    }
    record = {**beginning, **(known or {}), **said, "party": party, "kind": kind, **again}
    record["owner"] = record.get("owner") or _anyone(act, project, str(party))
    record["blocks"] = blocks if blocks or known is None else known["blocks"]
    return {**record, **act.new(project, id)}


def _opened_by_tracker(act: Act, project: Project, issue: Record, before: int) -> tuple[Event, ...]:
    id = "itm_" + digest(project.id, "tracker", issue["id"], str(before))
    own = named(act.draft.find("milestone", project.id), project.versions, issue.get("milestone"))
    given = {
        "title": quoted(project, issue),
        "kind": "question",
        "party": "client",
        "about": "tracker",
        "issue": issue["id"],
        "due": _due(act, project, TERM),
        "blocks": [own["id"]] if own else [],
    }
    record = act.draft.put("action_item", _told(act, project, id, given, None))
    return (act.cause("action_item.opened", id, action_item=seen(act, record)),)


def _of_message(act: Act, project: Project, message: Record) -> Record | None:
    """The item that a message is about: as it says itself, or the one that a message of ours was about."""
    named = act.draft.get("action_item", str(message.get("action_item") or ""))
    # A mail's Message-ID is made from the id of our message: <act_…@domain>.
    ours = str(message.get("id") or "").strip("<>").partition("@")[0]
    if named is not None or not ours:
        return named
    items = act.draft.find("action_item", project.id)
    sent = ((i, c.get("message")) for i in items for c in i.get("contacts") or ())
    return next((item for item, id in sent if id == ours), None)


def _waits_for_client(item: Record) -> bool:
    return item["status"] in OPEN and item["party"] == "client"


def _title(project: Project, about: str, thing: Record) -> str:
    if about == "issue":
        return quoted(project, thing)
    # What an entry is called may have been typed into a tracker.
    title = thing.get("title") if about != "entry" else None
    return str(thing.get("number") or title or project.name)


def _worded(act: Act, title: Any, owner: str | None) -> str | None:
    """A title in the language of who has to act."""
    if not isinstance(title, Mapping):
        return str(title) if title else None
    person = act.state.workspace.people.get(str(owner))
    return str(
        choose(title, person.locale if person else act.state.workspace.locale) or next(iter(title.values()))
    )


def _owner(to: Any) -> str | None:
    words = to if isinstance(to, list | tuple) else [to]
    first = next((w for w in words if w is not None), None)
    return first.id if isinstance(first, Person) else first


def _due(act: Act, project: Project, due: Any) -> date | None:
    """A date, or so many working days of the project from today."""
    if isinstance(due, Duration):
        cals, zone = project_calendars(project, act.state.workspace), project.time_zone
        return local_day(shift(act.state.now, due, cals, zone), zone)
    if isinstance(due, datetime):
        return local_day(due, project.time_zone)
    return due if isinstance(due, date) else None


def _blocked(blocks: Any, objects: Mapping[str, Record]) -> list[str]:
    """Milestones by their keys; `milestone` is the event's own."""
    words = blocks if isinstance(blocks, list | tuple) else [blocks] if blocks else []
    own = objects.get("milestone", {}).get("id")
    return [str(own) if word == "milestone" and own else str(word) for word in words]


def _milestones(act: Act, project: Project, named: Any) -> list[str]:
    words = named if isinstance(named, list | tuple) else [named] if named else []
    found = (find(act, project, {"id": word}) for word in words)
    return [m["id"] for m in found if m is not None]


def _anyone(act: Act, project: Project, party: str) -> str | None:
    """Whom a party that is not named closer means: a contact of the client, else the lead."""
    if party != "client":
        return project.lead
    day = today(act.state, project)
    holders = (act.state.workspace.holders(role, project, day) for role in _ROLES)
    return next((people[0].id for people in holders if people), None)
