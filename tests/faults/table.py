"""The table of the lab: every fault at every moment of every story, on both databases, in as few runs as can be.

In: the faults and the stories' steps. Out: `RUNS` for this session: all of them with FAULTS=all in the environment;
with FAULTS=3/10 the third of ten parts, for machines that share the work or a machine that stops between them; with
FAULTS=lasting few runs that have every fault that lasts, on both databases, for FAULT_SECONDS=60; else a sample drawn
by FAULTS_SEED that has every fault and every moment at least once.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from itertools import chain

from tests.faults.faults import FAULTS, Kind, faults_for
from tests.faults.stories import STEPS

SEED = os.environ.get("FAULTS_SEED", "1")
WHICH = os.environ.get("FAULTS", "")
KINDS: tuple[Kind, ...] = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Run:
    """One telling of a story. faults: moment -> what happens at it."""

    database: Kind
    story: str
    faults: tuple[tuple[str, str], ...]

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """What a sample has to have of it: its faults and moments, each with the database."""
        return {(self.database, word) for pair in self.faults for word in pair}

    def __str__(self) -> str:
        return f"{self.database}, {self.story}: " + "; ".join(f"{f} when {m}" for m, f in self.faults)


def table() -> list[Run]:
    """Each fault at each moment of each story. Of the moments of one step a run can meet one; within a run every step
    has another fault, and runs for the further moments of a step leave its other steps alone.
    """
    return [
        Run(kind, story, tuple(_struck(kind, steps, turn, shift)))
        for kind in KINDS
        for story, steps in STEPS.items()
        for turn in range(max(map(len, steps)))
        for shift in range(len(faults_for(kind)))
    ]


def _struck(kind: Kind, steps: tuple[tuple[str, ...], ...], turn: int, shift: int) -> list[tuple[str, str]]:
    faults = faults_for(kind)
    # Neighbours of the list are of one sort: a stride that is prime to its length mixes sorts within a run.
    return [
        (of[turn], faults[(shift + place * 7) % len(faults)])
        for place, of in enumerate(steps)
        if turn < len(of)
    ]


def sample(runs: list[Run], seed: str) -> list[Run]:
    """Few runs that have every fault, every moment of SQLite, and what there is with PostgreSQL alone."""
    own = {("postgresql", f.name) for f in FAULTS.values() if f.only == "postgresql"}
    return _few(runs, set().union(*(run.pairs for run in runs if run.database == "sqlite")) | own, seed)


def lasting(runs: list[Run], seed: str) -> list[Run]:
    """Few runs that have every fault that lasts, on each database that it is for."""
    wanted: set[tuple[str, str]] = {(kind, f) for kind in KINDS for f in faults_for(kind) if FAULTS[f].lasts}
    return _few(runs, wanted, seed)


def _few(runs: list[Run], wanted: set[tuple[str, str]], seed: str) -> list[Run]:
    """Runs that have all that is wanted between them, each time the one that has the most of what is left."""
    shuffled = sorted(runs, key=str)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 (the same sample each time)
    chosen: list[Run] = []
    while wanted:
        best = max(shuffled, key=lambda run: len(run.pairs & wanted))
        chosen.append(best)
        wanted = wanted - best.pairs
    return chosen


def moments() -> list[str]:
    """All moments of all stories."""
    return [m for steps in STEPS.values() for m in chain(*steps)]


def asked_for(which: str) -> list[Run]:
    """The runs of `all`, of a part such as `3/10`, of `lasting`, or of a sample where nothing is asked for."""
    if which in ("", "lasting"):
        return lasting(table(), SEED) if which else sample(table(), SEED)
    if which == "all":
        return table()
    part, of = (int(number) for number in which.split("/"))
    assert 1 <= part <= of, f"FAULTS={which}: there is no such part"
    return table()[part - 1 :: of]


RUNS = asked_for(WHICH)
