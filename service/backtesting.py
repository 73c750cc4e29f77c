"""A backtest over what is on record: the journal through an old and a new rule set; nothing is sent or stored.

In: a process's parts, two rule sets, a window. Out: `rules.backtest.Outcome`. Both runs see the workspace as its files
say now. With two jobs each of them has a process and a connection to the database of its own. The journal of one run is
never divided: what a rule remembers may span clients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rules.backtest import Outcome, Run, Told, outcome
from rules.facts.event import Event
from rules.language.model import Position, Problem, RuleSet
from service.cores import spread
from service.rulebook import BrokenFiles, Sources, compile_sources
from service.state import Context
from service.store import journal
from service.store.database import Connection, Database


class TooMuch(Exception):
    """The journal has more events than this backtest may take; `events` says how many."""

    def __init__(self, events: int) -> None:
        super().__init__(f"the journal has {events:,} events")
        self.events = events


Shown = Callable[[Iterator[Event], int], Iterator[Event]]
"""Passes events on; told how many there are, it can show how far they are."""


def backtest(
    context: Context,
    connection: Connection,
    rules: tuple[RuleSet | None, RuleSet],
    since: datetime,
    *,
    most: int | None = None,
    shown: Shown | None = None,
    jobs: int = 1,
) -> Outcome:
    """Replay the journal up to now.

    rules: old (none to ask only what the new ones say) and new.  since: where the window begins.  most: refuse a longer
    journal (TooMuch).  shown: how far the new rules are.  jobs: how many processes may work at the same time.
    """
    journalled = journal.extent(connection)
    if most is not None and journalled.count > most:
        raise TooMuch(journalled.count)
    until, workspace = context.now(), context.rulebook.workspace
    asked = [one for one in rules if one is not None]

    def told(number: int) -> Told:
        run = Run(workspace, asked[number], since, until)
        with _reading(context, connection, alone=min(jobs, len(asked)) == 1) as own:
            events = journal.from_outside(own, journalled)
            for event in shown(events, journalled.count) if shown and number == len(asked) - 1 else events:
                run.take(event)
        return run.finish()

    found = list(spread(told, range(len(asked)), jobs))
    return outcome(found[0] if len(found) > 1 else None, found[-1])


@contextmanager
def _reading(context: Context, connection: Connection, *, alone: bool) -> Iterator[Connection]:
    """The connection that is there, or in a process of its own one of its own: none outlives a fork."""
    if alone:
        yield connection
        return
    database = Database(context.settings.database_url, context.settings.var)
    try:
        with database.reading() as own:
            yield own
    finally:
        database.close()


def rules_of(context: Context, name: str | None) -> RuleSet:
    """The rule set that somebody names: none for the one in force, a version, a workspace, or a file of rules.

    A file takes the place of the one of the same name among those in force, or joins them. Raises BrokenFiles with what
    is wrong.
    """
    if name is None:
        return context.rulebook.rules
    path = Path(name)
    if path.is_dir():
        return compiled(context, Sources.of(path))
    if path.is_file():
        return compiled(context, with_rules(context.rulebook.sources, path.name, path.read_text("utf-8")))
    known = context.rulebook.kept_version(name)
    if known is None:
        hint = "name a workspace, a file of rules, or a version that decided something"
        raise BrokenFiles([Problem(Position(name, 1, 1), "there is no such file, and no such version", hint)])
    return known


def with_rules(sources: Sources, name: str, text: str) -> Sources:
    """The sources with one file of rules replaced or added."""
    path = f"rules/{name}"
    kept = tuple(one for one in sources.rules if one[0] != path)
    return Sources((*kept, (path, text)), sources.texts)


def compiled(context: Context, sources: Sources) -> RuleSet:
    """The rule set of these texts in this workspace. Raises BrokenFiles."""
    rules, problems = compile_sources(sources, context.rulebook.workspace)
    if rules is None:
        raise BrokenFiles(problems)
    return rules
