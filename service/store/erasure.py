"""What is personal of somebody, taken out of the record: their words, names and addresses, not what was decided.

In: who, by their keys and by the names and addresses that they are known by. Out: changes of rows, and how many were
made. Amounts, dates, keys and what both sides agreed on stay, and every chain of evidence still verifies.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, and_, or_, select, update

from rules.facts.codec import write_json
from service.store import journal
from service.store.tables import actions, attempts, events, outcomes, records, verdicts

ERASED: Final = "[erased]"
SHORTEST: Final = 2
"""A shorter name would be found in the middle of everything."""
# Who it was that said what stands beside it, and what somebody says.
_WHO: Final = ("person", "by", "author", "contact", "answered_by", "recorded_by")
_WORDS: Final = ("name", "text", "remark", "objection", "answer", "note", "witness")
# Objects of an event that are the words of whoever caused it; what was asked of them is not.
_SPOKEN: Final = ("comment", "contact", "survey", "meeting", "action_item", "complaint", "decision")
# Events come last: what was said in them tells what to look for in what was made of them, if need be a second time.
_PLAIN: Final = (
    *(attempts.c.detail, outcomes.c.reason),
    *(actions.c[name] for name in ("reason", "receipt", "subject", "body", "html")),
    events.c.error,
)
_JSON: Final = (records.c.data, verdicts.c.data, actions.c.data, events.c.data)
Spoken = dict[str, list[str]]
"""Event -> what somebody said in it: what was made of that event may say it again."""


@dataclass(frozen=True, slots=True)
class Whom:
    """Who is erased. people: their keys; names are theirs within these clients (none: everywhere), for others may have
    the same; addresses are theirs alone. In any spelling.
    """

    people: frozenset[str]
    names: frozenset[str]
    addresses: frozenset[str]
    clients: frozenset[str] | None = None

    def known_as(self, client: str | None) -> frozenset[str]:
        """Names and addresses that mean them in what is about that client, or about none."""
        near = client is None or self.clients is None or client in self.clients
        return self.addresses | self.names if near else self.addresses


@dataclass(frozen=True, slots=True)
class Change:
    """One value of one row. It is made only where the row still says what it said."""

    column: Column[Any]
    key: ColumnElement[bool]
    before: str
    after: str
    client: str | None = None


def changes(connection: Connection, whom: Whom) -> Iterator[Change]:
    """Every value of the record that says something personal of them, as it should be."""
    spoken = _spoken(connection, whom)
    for column in (*_PLAIN, *_JSON):
        for row in connection.execute(select(column.table).where(_may_say(column, whom))).mappings():
            before = row[column.name]
            if before is None:
                continue
            found = _pattern([*whom.known_as(row.get("client")), *_said(row, spoken)])
            after = _json(column, before, whom, found) if column in _JSON else _plain(before, found)
            if after != before:
                key = [c == row[c.name] for c in column.table.primary_key.columns]
                yield Change(column, and_(*key), before, after, row.get("client"))


def make(connection: Connection, wanted: Iterable[Change]) -> int:
    """Make these changes; how many of them. Whoever decides on a client at this moment decides again."""
    count, touched = 0, set()
    for change in wanted:
        still = change.key & (change.column == change.before)
        done = connection.execute(
            update(change.column.table).where(still).values({change.column.name: change.after})
        )
        count += done.rowcount
        touched.add(change.client)
    for client in touched:
        if client:
            journal.touch(connection, client)
    return count


def without(value: Any, people: Collection[str], found: re.Pattern[str] | None, *, own: bool = False) -> Any:
    """A value of JSON without what these people said and are known by. own: the words of `value` are theirs."""
    if isinstance(value, dict):
        theirs = own or any(isinstance(value.get(k), str) and value[k] in people for k in _WHO)
        return {
            k: ERASED if theirs and k in _WORDS and isinstance(v, str) and v else without(v, people, found)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [without(one, people, found) for one in value]
    return _plain(value, found) if isinstance(value, str) else value


def _json(column: Column[Any], text: str, whom: Whom, found: re.Pattern[str] | None) -> str:
    """The row's JSON without it."""
    given = json.loads(text)
    bare = without(given, whom.people, found)
    if column.table is events and given.get("person") in whom.people:
        said = {noun: without(one, whom.people, found, own=True) for noun, one in _own_words(given).items()}
        bare = {**bare, "objects": {**bare["objects"], **said}}
    return write_json(bare)


def _own_words(event: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The objects of an event that are the words of whoever caused it."""
    return {noun: one for noun in _SPOKEN if isinstance(one := event["objects"].get(noun), dict)}


def _spoken(connection: Connection, whom: Whom) -> Spoken:
    """What they said in the events that they caused."""
    found: Spoken = {}
    for row in connection.execute(select(events.c.id, events.c.data).where(_caused_by(whom))):
        event = json.loads(row.data)
        if event.get("person") in whom.people:
            said = [
                one[k] for one in _own_words(event).values() for k in _WORDS if isinstance(one.get(k), str)
            ]
            found[row.id] = [one for one in said if one != ERASED]
    return found


def _caused_by(whom: Whom) -> ColumnElement[bool]:
    """Events in which their keys stand."""
    return or_(*(events.c.data.contains(f'"{key}"', autoescape=True) for key in sorted(whom.people)))


def _may_say(column: Column[Any], whom: Whom) -> ColumnElement[bool]:
    """The rows in which it may stand: a name or an address, their key, or what was made of what they said."""
    wanted = [column.icontains(name, autoescape=True) for name in sorted(whom.names | whom.addresses)]
    if column.table in (events, records):
        wanted += [column.contains(f'"{key}"', autoescape=True) for key in sorted(whom.people)]
    if column.table in (verdicts, actions):
        wanted.append(column.table.c.event.in_(select(events.c.id).where(_caused_by(whom))))
    return or_(*wanted)


def _said(row: Any, spoken: Spoken) -> list[str]:
    """What somebody said in the event that this row was made of, as text and as it stands in HTML."""
    said = [*spoken.get(str(row.get("event")), ()), *spoken.get(str(row.get("root")), ())]
    return [*said, *(html.escape(one) for one in said)]


def _pattern(known_as: Iterable[str]) -> re.Pattern[str] | None:
    """What finds these in a text, the longest first, but none within another word."""
    names = sorted({n.strip() for n in known_as if len(n.strip()) >= SHORTEST}, key=len, reverse=True)
    said = "|".join(map(re.escape, names))
    return re.compile(rf"(?<![A-Za-z0-9])(?:{said})(?![A-Za-z0-9])", re.IGNORECASE) if names else None


def _plain(text: str, found: re.Pattern[str] | None) -> str:
    return found.sub(ERASED, text) if found else text
