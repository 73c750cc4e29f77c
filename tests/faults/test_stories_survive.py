"""Faults at moments of stories: the story ends as it does when nothing goes wrong.

What was answered 2xx is an event. Money, dates, decisions, verdicts and intentions are the same, the sums are those of
all entries, the chain of evidence fits. A comment and a status are there exactly once. A mail or a chat message is
there once, or it is shown as unknown to a person; the machine never sends it twice.
"""

from __future__ import annotations

import fcntl
import json
from collections import Counter
from collections.abc import Callable
from itertools import chain, product
from pathlib import Path
from typing import Any

import pytest

from tests.faults.desk import Desk, Tally, tally
from tests.faults.faults import CLUSTERS, FAULTS, Kind, faults_for
from tests.faults.scene import Scene
from tests.faults.stories import STEPS, STORIES, ending
from tests.faults.table import KINDS, RUNS, Run, moments, sample, table

Undisturbed = Callable[[str], tuple[dict[str, Any], Counter[str]]]


def played(place: Path, run: Run, address: str | None) -> tuple[Scene, dict[str, Any], Tally, int]:
    """The story from beginning to end; how it ended, what arrived, and how many calls were possibly made twice."""
    tell, options = STORIES[run.story]
    more = {"DATABASE_URL": address} if address else {}
    disk = any(FAULTS[fault].fills for _, fault in run.faults)
    with Desk(place, small_disk=disk, **options, **more) as desk:
        scene = Scene(desk, dict(run.faults))
        tell(scene)
        desk.exhausted()
        refused = [d for d in desk.stack.items("deliveries", limit="200") if d["state"] != "decided"]
        assert refused == [], "every delivery that was answered is decided"
        assert desk.problems() == []
        return scene, ending(run.story, desk), tally(desk), desk.record.repeated()


@pytest.fixture
def address(request: pytest.FixtureRequest) -> Callable[[Kind], str | None]:
    """The address of an empty database of that kind, none for the one that the service makes itself."""

    def made(kind: Kind) -> str | None:
        if kind == "sqlite":
            return None
        CLUSTERS[:] = [request.getfixturevalue("postgres")]
        return CLUSTERS[0].fresh()

    return made


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Story -> how it ends when nothing goes wrong; told once by all test processes together."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if shared.name.startswith("popen-") else shared

    def told(story: str) -> tuple[dict[str, Any], Counter[str]]:
        file = shared / f"{story}.json"
        with file.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not file.exists():
                place = tmp_path_factory.mktemp("undisturbed")
                scene, end, got, repeated = played(place, Run("sqlite", story, ()), None)
                assert Counter(scene.met) == Counter(chain(*STEPS[story])), (
                    "the table has the story's moments"
                )
                assert (got.unknown, repeated) == ([], 0)
                file.write_text(json.dumps([end, got.arrived]))
        end, arrived = json.loads(file.read_text())
        return end, Counter(arrived)

    return told


def test_the_table_has_every_fault_at_every_moment_once() -> None:
    """Nothing is picked by hand, and nothing is left out, on either database."""
    wanted = Counter((k, m, f) for k in KINDS for m, f in product(moments(), faults_for(k)))
    assert Counter((run.database, *pair) for run in table() for pair in run.faults) == wanted


def test_a_sample_has_every_fault_and_every_moment() -> None:
    """Whatever the seed; the same seed draws the same sample."""
    for seed in ("1", "2", "3"):
        chosen = sample(table(), seed)
        pairs = [pair for run in chosen for pair in run.faults]
        assert {m for m, _ in pairs} == set(moments())
        assert {f for _, f in pairs} == set(FAULTS)
        assert chosen == sample(table(), seed)


@pytest.mark.parametrize("run", RUNS, ids=str)
def test_the_story_ends_the_same(
    tmp_path: Path, undisturbed: Undisturbed, address: Any, record_property: Any, run: Run
) -> None:
    """The same end, nothing twice, and nothing missing that is not shown as unknown."""
    end, all_of_it = undisturbed(run.story)
    scene, ended, got, repeated = played(tmp_path, run, address(run.database))
    assert scene.struck == dict(run.faults), "every fault happened"
    assert json.loads(json.dumps(ended)) == end
    twice, missing = got.arrived - all_of_it, all_of_it - got.arrived
    counts = {
        "tried": [fault for _, fault in run.faults],
        "twice": twice.total(),
        "lost": max(0, missing.total() - len(got.unknown)),
        "unknown": len(got.unknown),
        "never left": missing.total(),
        "repeated": repeated,
    }
    record_property("faults", counts)
    assert not twice
    assert not counts["lost"], f"lost without a word: {missing}"
    assert all(what.startswith(("mail", "chat")) for what in missing), "what can be read back is there"
