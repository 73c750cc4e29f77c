"""`accord redrive`, `pause` and `resume` over a record: which are meant, what waits, what is said to slips."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.cli import main
from service.store.actions import row_of
from tests.support.seeding import Seed, close, opened

Said = Callable[..., tuple[int, str]]


@pytest.fixture
def seed(tmp_path: Path) -> Iterator[Seed]:
    made = opened(tmp_path)
    yield made
    close(made)


@pytest.fixture
def accord(seed: Seed, capsys: pytest.CaptureFixture[str]) -> Said:
    """Runs a command line over the record; its exit code and what it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main(["--home", str(seed.context.settings.home), *arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def dead(seed: Seed, number: int, **more: str) -> str:
    event = seed.event("issue.created", {"issue": {"id": f"tracker/APO-{number}"}})
    usual = {"connection": "tracker", "target": f"tracker/APO-{number}", "outcome": "tracker answered 404"}
    return seed.action(event, "comment", "dead", **{**usual, **more})


def states(seed: Seed, *ids: str) -> list[str]:
    with seed.context.database.reading() as connection:
        return [(row_of(connection, id) or {})["state"] for id in ids]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (("--connection", "code"), ["dead", "ready", "dead"]),
        (("--project", "apollo", "--connection", "tracker"), ["ready", "dead", "ready"]),
        (("--rule", "milestones/remind"), ["dead", "dead", "ready"]),
        (("--reason", "ANSWERED 503"), ["dead", "ready", "dead"]),
        (("--dead",), ["ready", "ready", "ready"]),
    ],
)
def test_some_dead_letters_go_again_by_what_they_have_in_common(
    seed: Seed, accord: Said, which: tuple[str, ...], expected: list[str]
) -> None:
    """Options narrow together; what does not fit stays where it is."""
    ids = [
        dead(seed, 1),
        dead(seed, 2, connection="code", outcome="code answered 503"),
        dead(seed, 3, rule="milestones/remind"),
    ]
    code, said = accord("redrive", *which)
    assert code == 0
    assert said.count("on its way again") == expected.count("ready")
    assert states(seed, *ids) == expected


def test_what_was_sent_is_never_sent_again_by_a_redrive(seed: Seed, accord: Said) -> None:
    """An id that is no dead letter is left alone and named; the exit code says that something was not done."""
    event = seed.event("issue.created", {"issue": {"id": "tracker/APO-1"}})
    sent = seed.action(event, "comment", "sent", connection="tracker")
    code, said = accord("redrive", sent)
    assert (code, states(seed, sent)) == (1, ["sent"])
    assert f"{sent}: is not a dead letter" in said


def test_a_dry_run_lists_and_changes_nothing(seed: Seed, accord: Said) -> None:
    """One looks before one sends."""
    one = dead(seed, 1)
    code, said = accord("redrive", "--dead", "--dry-run")
    assert (code, states(seed, one)) == (0, ["dead"])
    assert f"{one}: would be tried again" in said


def test_a_pause_says_what_waits_and_since_when(seed: Seed, accord: Said) -> None:
    """Numbers and ages, at the switch, in the list, and again when it is taken back."""
    event = seed.event("issue.created", {"issue": {"id": "tracker/APO-1"}})
    seed.action(event, "comment", "ready", connection="tracker", target="tracker/APO-1")
    code, said = accord("pause", "tracker")
    assert code == 0
    assert "paused: connection tracker; 1 message waits, the oldest for" in said
    (held,) = json.loads(accord("pause", "--list", "--json")[1])
    assert (held["kind"], held["id"], held["waiting"]) == ("connection", "tracker", 1)
    assert held["oldest_at"] is not None
    assert "nothing is paused" not in accord("pause", "--list")[1]
    assert "resumed: connection tracker; 1 message waits" in accord("resume", "tracker")[1]
    assert "nothing is paused" in accord("pause", "--list")[1]


def test_a_name_that_nothing_has_is_wrong_use(accord: Said) -> None:
    """It is named, and nothing is paused by mistake."""
    for command in ("pause", "resume"):
        code, said = accord(command, "trakcer")
        assert code == 2
        assert "trakcer" in said
    assert "nothing is paused" in accord("pause", "--list")[1]
