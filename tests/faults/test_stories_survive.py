"""Every fault at every moment of every story: the story ends as it does when nothing goes wrong.

What was answered 2xx is an event. Money, dates, decisions, verdicts and intentions are the same. A comment and a
status are there exactly once. A mail or a chat message is there once, or it is shown as unknown to a person; the
machine never sends it twice.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import chain, product
from pathlib import Path
from typing import Any

import pytest

from tests.faults.desk import FAULTS, Desk, Scene, Tally, tally
from tests.faults.stories import STEPS, STORIES, ending, table

RUNS = table(FAULTS)


def played(place: Path, story: str, faults: dict[str, str]) -> tuple[Scene, dict[str, Any], Tally]:
    """The story from beginning to end; how it ended and what arrived."""
    tell, options = STORIES[story]
    with Desk(place, **options) as desk:
        scene = Scene(desk, faults)
        tell(scene)
        refused = [d for d in desk.stack.items("deliveries", limit="200") if d["state"] != "decided"]
        assert refused == [], "every delivery that was answered is decided"
        for stand_in in (desk.jira, desk.xero):
            assert stand_in.violations == []
        return scene, ending(story, desk), tally(desk)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Story -> how it ends when nothing goes wrong; told once a test process."""

    @cache
    def told(story: str) -> tuple[dict[str, Any], Tally]:
        scene, end, got = played(tmp_path_factory.mktemp("undisturbed"), story, {})
        assert Counter(scene.met) == Counter(chain(*STEPS[story])), (
            "each moment of the table is one of the story"
        )
        assert got.unknown == []
        return end, got

    return told


def test_the_table_has_every_fault_at_every_moment_once() -> None:
    """Nothing is picked by hand, and nothing is left out."""
    wanted = Counter((m, f) for steps in STEPS.values() for m, f in product(chain(*steps), FAULTS))
    assert Counter(pair for _, faults in RUNS for pair in faults.items()) == wanted


@pytest.mark.parametrize(
    ("story", "faults"),
    RUNS,
    ids=[f"{s}: {'; '.join(f'{f} when {m}' for m, f in run.items())}" for s, run in RUNS],
)
def test_the_story_ends_the_same(
    tmp_path: Path, undisturbed: Any, record_property: Any, story: str, faults: dict[str, str]
) -> None:
    """The same end, nothing twice, and nothing missing that is not shown as unknown."""
    end, all_of_it = undisturbed(story)
    scene, ended, got = played(tmp_path, story, faults)
    assert scene.struck == faults, "every fault happened"
    assert ended == end
    twice, missing = got.arrived - all_of_it.arrived, all_of_it.arrived - got.arrived
    counts = {
        "tried": len(faults),
        "twice": twice.total(),
        "missing": missing.total(),
        "unknown": len(got.unknown),
    }
    record_property("faults", counts)
    assert not twice
    assert counts["missing"] <= counts["unknown"], f"lost without a word: {missing}"
    assert all(what.startswith(("mail", "chat")) for what in missing), "what can be read back is there"
