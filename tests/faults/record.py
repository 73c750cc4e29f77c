"""What stands on record, read beside the service: for what no page tells, and for checking the pages' own source.

In: where the record is. Out: `open_work`, and `problems`: everything in it that contradicts itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select, text

from rules.facts import codec
from rules.facts.evidence import verify_chain
from rules.facts.ledger import recompute
from service.store import evidence
from service.store.database import Database
from service.store.tables import actions, attempts, deliveries, events, outcomes, reads, records
from service.store.tables import evidence as links
from service.troubles import OWN_RULE

ENDED = ("sent", "merged", "cancelled", "dead", "unknown")
SETTLED = ("decided", "ignored", "unmatched", "malformed", "unsupported")


class Record:
    """The record of one installation: its `var/`, and the database's address where that is not below it.

    It is opened for each look alone: a reader that stayed would be one more that a power cut leaves alive.
    """

    def __init__(self, var: Path, url: str | None = None) -> None:
        self._var, self._url = var, url or f"sqlite:///{var / 'accord.db'}"
        self._database: Database
        self._seen: Connection

    @contextmanager
    def _open(self) -> Iterator[None]:
        self._database = Database(self._url, self._var)
        try:
            with self._database.reading() as self._seen:
                yield
        finally:
            self._database.close()

    def open_work(self) -> int:
        """How much is still to be tried or decided: actions that may leave, reads, events, deliveries."""
        moving = actions.c.state.in_(("ready", "sending"))
        with self._open():
            counts = [
                select(func.count()).select_from(actions).where(moving),
                select(func.count()).select_from(reads).where(reads.c.state.not_in(("done", "dead"))),
                select(func.count()).select_from(events).where(events.c.state == "new"),
            ]
            left = sum(int(self._seen.execute(count).scalar() or 0) for count in counts)
            known = set(self._seen.execute(select(outcomes.c.delivery)).scalars())
            return left + len(self._delivered() - known)

    def delivered(self) -> set[str]:
        """The ids of all deliveries that are kept."""
        with self._open():
            return self._delivered()

    def told_of_troubles(self) -> set[str]:
        """The subjects of what the service told its team about itself."""
        with self._open():
            own = select(actions.c.subject).where(actions.c.rule == OWN_RULE, actions.c.subject.is_not(None))
            return set(self._seen.execute(own).scalars())

    def problems(self, answered: Iterable[str], opening: Mapping[str, tuple[str, Any]]) -> list[str]:
        """What does not hold: nothing when the list is empty.

        answered: ids that callers were given with a 2xx.  opening: project -> (currency, day of the opening figure).
        """
        with self._open():
            return [
                *self._unaccounted(set(answered)),
                *self._without_one_outcome(),
                *self._wrong_sums(opening),
                *self._broken_chains(),
            ]

    def repeated(self) -> int:
        """Calls that ended after their lease was lost: possibly made twice."""
        with self._open():
            late = select(func.count()).select_from(attempts).where(attempts.c.outcome == "late")
            return int(self._seen.execute(late).scalar() or 0)

    def sound(self) -> None:
        """Both SQLite files are whole, down to their pages."""
        with self._open():
            for engine in (self._database.main, self._database.inbox):
                with engine.connect() as connection:
                    assert connection.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]

    def _delivered(self) -> set[str]:
        with self._database.inbox_reading() as connection:
            return set(connection.execute(select(deliveries.c.id)).scalars())

    def _unaccounted(self, answered: set[str]) -> list[str]:
        """Every 2xx is a delivery on record, and came to something that is said."""
        became = dict(self._seen.execute(select(outcomes.c.delivery, outcomes.c.state)).all())
        lost = [f"delivery {id} was answered and is not kept" for id in answered - self._delivered()]
        states = ((id, became.get(id, "nothing")) for id in answered)
        return lost + [f"delivery {id} became {state}" for id, state in states if state not in SETTLED]

    def _without_one_outcome(self) -> list[str]:
        """Every action has ended, once: one sent message has one attempt that says so, others have none."""
        tried = self._seen.execute(select(attempts.c.action, attempts.c.outcome)).all()
        sent = Counter(action for action, outcome in tried if outcome == "sent")
        rows = self._seen.execute(select(actions.c.id, actions.c.kind, actions.c.state)).all()
        found = [
            f"{kind} {id} is still {state}" for id, kind, state in rows if state not in (*ENDED, "waiting")
        ]
        return found + [
            f"{kind} {id} is {state} and has {sent[id]} successful attempts"
            for id, kind, state in rows
            if sent[id] != (state == "sent")
        ]

    def _wrong_sums(self, opening: Mapping[str, tuple[str, Any]]) -> list[str]:
        """The sums that were kept up entry by entry are those of all entries together."""
        kept = {p: self._kept("sums", p) for p in opening}
        entries = self._kept("entry", None)
        found = []
        for project, (currency, day) in opening.items():
            mine = [e for e in entries if e["project"] == project]
            fresh = _amounts(recompute(mine, currency, day))
            stood = _amounts(kept[project][0]) if kept[project] else {}
            if fresh != stood:
                found.append(f"{project}: the sums are {stood}, its entries come to {fresh}")
        return found

    def _kept(self, kind: str, id: str | None) -> list[dict[str, Any]]:
        query = select(records.c.data).where(records.c.kind == kind)
        rows = self._seen.execute(query if id is None else query.where(records.c.id == id)).scalars()
        return [codec.loads(row) for row in rows]

    def _broken_chains(self) -> list[str]:
        chains = self._seen.execute(select(links.c.chain).distinct()).scalars().all()
        found = []
        for chain in chains:
            rows = evidence.chain_of(self._seen, chain)
            found += verify_chain((row["record"], row["hash"]) for row in rows)
        return found


def opening_of(workspace: Mapping[str, Any]) -> dict[str, tuple[str, date | None]]:
    """Project -> (currency, day of its opening figure), from a workspace file as it was read."""
    return {
        id: (p["currency"], date.fromisoformat(str(day)) if day else None)
        for id, p in workspace["projects"].items()
        for day in [p["budget"].get("opening", {}).get("as_of")]
    }


def _amounts(sums: Mapping[str, Any]) -> dict[str, Decimal]:
    return {k: Decimal(v) for k, v in sums.items() if k.startswith("spent.") and Decimal(v)}
