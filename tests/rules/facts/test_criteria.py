"""What must be true of a milestone is measured, ticked or said by the client, each kind by its own way alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from rules.facts.criteria import accepted, counted, measured, ready, ticked


def metric(text: str, **bounds: Any) -> dict[str, Any]:
    return {"kind": "metric", "text": text, "at_least": None, "met": False, **bounds}


ITEM = {"kind": "checklist", "text": "Data moved", "at_least": None, "met": False}
WORD = {"kind": "approval", "text": "client", "at_least": None, "met": False}


@pytest.mark.parametrize(
    ("bound", "figure", "met"),
    [
        ({"at_least": Decimal(90)}, Decimal("89.99"), False),
        ({"at_least": Decimal(90)}, Decimal("0.9"), True),
        ({"at_least": Decimal("0.9")}, Decimal(90), True),
        ({"at_least": Decimal(90)}, Decimal(1), True),
        ({"at_least": Decimal(90)}, None, False),
    ],
)
def test_a_share_is_one_figure_however_it_is_written(bound: Any, figure: Any, met: bool) -> None:
    """92.5 per cent and 0.925 are the same coverage; a report without the figure says nothing."""
    (after,) = measured([metric("coverage", **bound)], {"coverage": figure})
    assert after["met"] is met


def test_a_count_has_a_most() -> None:
    """No open defect; and a count of 0.5 % would be no count: it is compared as it stands."""
    none_open = metric("defects_open", at_most=Decimal(0))
    assert measured([none_open], {"defects_open": 0})[0]["met"] is True
    assert measured([none_open], {"defects_open": 1})[0]["met"] is False


def test_a_figure_that_falls_again_is_no_longer_met() -> None:
    """What is true counts, not what was true once."""
    (good,) = measured([metric("coverage", at_least=Decimal(90))], {"coverage": Decimal(95)})
    (worse,) = measured([good], {"coverage": Decimal(85)})
    assert (good["met"], worse["met"], worse["value"]) == (True, False, Decimal(85))


def test_each_kind_is_met_by_its_own_way_alone() -> None:
    """Nobody ticks a measurement or the client's word."""
    all_three = [metric("coverage", at_least=Decimal(90)), ITEM, WORD]
    for text in ("coverage", "client"):
        assert ticked(all_three, text, met=True) == all_three
    done = ticked(all_three, "Data moved", met=True)
    assert [c["met"] for c in done] == [False, True, False]
    assert [c["met"] for c in accepted(done)] == [False, True, True]
    assert counted(done)["criteria_met"] == 1


def test_ready_is_all_that_the_team_can_bring_about() -> None:
    """The client's acceptance comes afterwards; a milestone without criteria is never said to be ready."""
    assert ready([{**ITEM, "met": True}, WORD])
    assert not ready([ITEM, WORD])
    assert not ready([WORD])
    assert not ready([])
