"""Keeping no longer than needed, and forgetting a person: what goes, and what has to stay.

In: `retention` of the workspace and the moment, or a person's or client's key. Out: how much went. What stays: that
something happened, what was decided and agreed, amounts and dates, and the chain of evidence, which still verifies.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from rules.facts.duration import Duration
from rules.facts.project import Workspace
from service.log import get
from service.state import Context
from service.store import erasure, evidence, retention
from service.store.database import from_iso, iso
from service.store.erasure import Whom
from service.store.switches import connection_state, set_connection_state

log = get("forget")
EVERY: Final = timedelta(hours=1)
LEFTOVERS: Final = timedelta(days=30)
PASSES: Final = 20
"""What came in during one pass is found by the next."""
DONE: Final = "$retention"
"""Kept like the state of a connection; none of a workspace has this name."""


def prune(context: Context) -> int:
    """Delete one group of what the workspace keeps no longer, at most once an hour when there is no more; how many."""
    now = context.now()
    with context.database.reading() as connection:
        last = connection_state(connection, DONE)["cursor"]
    if last and now - from_iso(last) < EVERY:
        return 0
    count = 0
    with context.database.writing() as connection:
        for what, remove in (
            ("attempts", retention.delete_attempts),
            ("verdicts", retention.delete_verdicts),
            ("addresses", retention.empty_circumstances),
        ):
            before = _before(context.rulebook.workspace, what, now)
            count += remove(connection, before) if before else 0
        if not count:
            count = retention.delete_leftovers(connection, now, now - LEFTOVERS)
            set_connection_state(connection, DONE, cursor=iso(now))
    if count:
        log.info("kept no longer", rows=count)
    return count


def prune_inbox(context: Context) -> int:
    """Delete one group of deliveries as they came; how many. Only the web process calls this: the inbox is its own."""
    before = _before(context.rulebook.workspace, "deliveries", context.now())
    if before is None:
        return 0
    with context.database.inbox_reading() as inbox:
        ids = retention.old_deliveries(inbox, before)
    if not ids:
        return 0
    with context.database.reading() as connection:
        over = retention.settled(connection, ids)
    with context.database.inbox_writing() as inbox:
        return retention.delete_deliveries(inbox, over)


def people_behind(workspace: Workspace, key: str) -> tuple[list[str], list[str]]:
    """(people, clients) that a key means: a person, or a client with all its contacts. LookupError for neither."""
    if key in workspace.clients:
        return list(workspace.clients[key].contacts), [key]
    if key in workspace.people:
        return [key], []
    raise LookupError(f"no person and no client is called {key}")


def erase(context: Context, key: str, people: list[str], clients: list[str]) -> Mapping[str, int]:
    """Take what is personal of these people out of the record; how much of what went."""
    now, whom = context.now(), _whom(context, people)
    with context.database.reading() as connection:
        calls = retention.deliveries_of(connection, people, clients)
    with context.database.inbox_writing() as inbox:
        found = {"deliveries": retention.empty_deliveries(inbox, calls)}
    with context.database.writing() as connection:
        found |= retention.empty_messages(connection, people, now)
        found["links"] = retention.end_links(connection, people, now)
    found["texts"] = _texts_erased(context, whom)
    with context.database.writing() as connection:
        # Last, for the names that somebody typed stand here alone: a broken run can be begun again.
        found["evidence"] = retention.empty_evidence(connection, whom.people, whom.names | whom.addresses)
        found["named_still"] = retention.named_in_chains(connection, whom.names | whom.addresses)
        record = {"event": "person.erased", "key": key, "at": iso(now), **found}
        evidence.append(connection, evidence.ORGANISATION, record, now)
    log.info("erased", **found)
    return found


def _whom(context: Context, people: list[str]) -> Whom:
    known = [context.rulebook.workspace.people[key] for key in people]
    with context.database.reading() as connection:
        typed = retention.typed_names(connection, people)
    addresses = {p.email for p in known if p.email} | {one for one in typed if "@" in one}
    clients = {p.client for p in known}
    return Whom(
        frozenset(people),
        names=frozenset({p.name for p in known} | typed - addresses),
        addresses=frozenset(addresses),
        clients=None if None in clients else frozenset(c for c in clients if c),
    )


def _texts_erased(context: Context, whom: Whom) -> int:
    """Go through the record until nothing of it says anything of them any more; how many texts said something."""
    count = 0
    for _ in range(PASSES):
        with context.database.reading() as connection:
            found = list(erasure.changes(connection, whom))
        for start in range(0, len(found), retention.GROUP):
            with context.database.writing() as connection:
                count += erasure.make(connection, found[start : start + retention.GROUP])
        if not found:
            return count
    raise RuntimeError(f"the record names them still after {PASSES} passes; try again when less comes in")


def _before(workspace: Workspace, what: str, now: datetime) -> datetime | None:
    """The moment before which this is kept no longer; none when it is kept for good."""
    kept = workspace.retention.get(what)
    return now - Duration.parse(kept).timedelta if kept else None
