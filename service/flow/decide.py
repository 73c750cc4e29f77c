"""Third stage: each waiting event is decided once, in the order of its partition, in one transaction.

In: events that are stored and not decided. Out: records, verdicts and actions. Facts are read and rules are run
before the write lock is taken; the transaction first checks that the partition is still where it was read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack

from rules.engine.evaluate import evaluate
from rules.engine.verdicts import Evaluation
from rules.facts.event import Record
from service.log import bound, get
from service.signing import own_fingerprint
from service.state import Context
from service.store import actions, evidence, journal, records, slots
from service.store.database import Connection, StorageError

log = get("decide")
EVENTS_A_TURN = 200


def decide_waiting(context: Context, going: Callable[[], bool] = lambda: True) -> int:
    """Decide what waits, taking turns between partitions; how many events were decided or parked.

    going: whether another one may be begun.
    """
    count = 0
    while some := decide_some(context, going):
        count += some
    return count


def decide_some(context: Context, going: Callable[[], bool] = lambda: True) -> int:
    """One turn of each partition; how many events were decided or parked."""
    with context.database.reading() as connection:
        waiting = journal.partitions_waiting(connection)
    return sum(_one_turn(context, partition, going) for partition in waiting)


def _one_turn(context: Context, partition: str, going: Callable[[], bool]) -> int:
    for count in range(EVENTS_A_TURN):
        if not going() or not decide_next(context, partition):
            return count
    return EVENTS_A_TURN


def decide_next(context: Context, partition: str) -> bool:
    """Decide the oldest waiting event of the partition; false when there is none or another process is at it."""
    with ExitStack() as look:
        connection = look.enter_context(context.database.reading())
        waiting = journal.next_waiting(connection, partition)
        if waiting is None:
            return False
        with bound(delivery=waiting.delivery, event_id=waiting.event.id, project=waiting.event.project):
            return _decided(context, connection, waiting, look.close)


def _decided(
    context: Context, connection: Connection, waiting: journal.Waiting, all_read: Callable[[], None]
) -> bool:
    try:
        rules = context.rulebook.rules
        over = journal.rules_decided(connection, waiting.event.id)
        found = evaluate(waiting.event, context.state(connection), rules, stored_only=True)
        read = {waiting.partition: waiting.version} | {
            client: journal.version_of(connection, client) for client in _clients(found)
        }
        # SQLite begins its log anew only where nobody reads an earlier place of it: a look that was still open at each
        # commit would let the log grow for as long as there is work.
        all_read()
        return _store(context, waiting, found, over, (rules.version, read))
    except StorageError:
        raise
    except Exception as problem:  # noqa: BLE001 (an event that cannot be decided must not stop its partition)
        _failed(context, waiting.event.id, problem)
        return True


def _clients(found: Evaluation) -> set[str]:
    """The clients whose records were written: an entry that moves to another's project changes the sums of both."""
    return {str(r["client"]) for r in found.puts.values() if r.get("client")}


def _store(
    context: Context,
    waiting: journal.Waiting,
    found: Evaluation,
    over: set[str],
    ground: tuple[str, Mapping[str, int]],
) -> bool:
    """Keep what was decided; nothing where a partition was moved on since it was read. ground: rule set, partitions."""
    ruleset, read = ground
    now = context.now()
    projects = {e.id: e.project for e in found.events}
    fresh = [
        (v, projects.get(v.event))
        for v in found.verdicts
        if v.event != waiting.event.id or v.rule not in over
    ]
    planned = [a for a in found.actions if a.event != waiting.event.id or a.rule not in over]
    mail = context.rulebook.mail_connection
    with context.database.writing() as connection:
        # Always in the same order, so that two processes cannot wait for each other.
        advanced = [journal.advance(connection, p, version) for p, version in sorted(read.items())]
        if not all(advanced):
            return True
        records.save(connection, _anchored(context, connection, found.puts), now)
        slots.follow(connection, (r for (kind, _), r in found.puts.items() if kind == "wait"), now)
        journal.decided(connection, found.events, ruleset, now, waiting.delivery)
        journal.add_verdicts(connection, fresh, now)
        actions.add(connection, planned, waiting.event.id, ruleset, now, mail=mail)
    log.info(
        "event decided",
        type=waiting.event.type,
        fired=sum(v.kind == "fired" for v, _ in fresh),
        actions=len(planned),
    )
    return True


def _anchored(
    context: Context, connection: Connection, puts: Mapping[tuple[str, str], Record]
) -> Mapping[tuple[str, str], Record]:
    """The records to store; a report that is made now names the end of its project's chain of evidence as it stands."""
    found = dict(puts)
    for (kind, id), record in puts.items():
        if kind == "report" and "anchor" not in record:
            key = own_fingerprint(context.settings.var)
            found[kind, id] = {**record, "anchor": evidence.anchor_of(connection, record["project"], key)}
    return found


def _failed(context: Context, event: str, problem: Exception) -> None:
    log.error("an event could not be decided", exc_info=problem)
    with context.database.writing() as connection:
        if journal.failed(connection, event, f"{type(problem).__name__}: {problem}"[:2000]):
            log.error("the event is parked; replay it after the mend")
