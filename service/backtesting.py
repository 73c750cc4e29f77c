"""A backtest over what is on record: the journal through an old and a new rule set; nothing is sent or stored.

In: a process's parts, two rule sets, a window. Out: `rules.backtest.Outcome`. Both runs see the workspace as its files
say now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from rules.backtest import Outcome, Replay
from rules.facts.event import Event
from rules.language.model import Position, Problem, RuleSet
from service.rulebook import BrokenFiles, Sources, compile_sources
from service.state import Context
from service.store import journal
from service.store.database import Connection


class TooMuch(Exception):
    """The journal has more events than this backtest may take; `events` says how many."""

    def __init__(self, events: int) -> None:
        super().__init__(f"the journal has {events:,} events")
        self.events = events


def backtest(
    context: Context,
    connection: Connection,
    rules: tuple[RuleSet | None, RuleSet],
    since: datetime,
    *,
    most: int | None = None,
    each: Callable[[Iterator[Event], int], Iterator[Event]] | None = None,
) -> Outcome:
    """Replay the journal up to now.

    rules: old (none to ask only what the new ones say) and new.  since: where the window begins.  most: refuse a longer
    journal (TooMuch).  each: passes the events on; told their number, it can show how far
    they are.
    """
    count = journal.count_from_outside(connection)
    if most is not None and count > most:
        raise TooMuch(count)
    replay = Replay(context.rulebook.workspace, *rules, since, context.now())
    events = journal.from_outside(connection)
    for event in each(events, count) if each else events:
        replay.take(event)
    return replay.finish()


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
