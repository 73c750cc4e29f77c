"""A soak in small: `make soak` takes the same steps for minutes or hours."""

from __future__ import annotations

from pathlib import Path

from tests.faults.soak import soak

STEPS = 30


def test_work_and_faults_in_a_drawn_order_leave_everything_true(tmp_path: Path) -> None:
    """Thirty steps of one seed: hours, bills, voids, changes, repeats in any order, with faults between them."""
    said: list[str] = []
    done = soak(tmp_path, "7", lambda running: running.counts["steps"] >= STEPS, said.append)
    assert done.counts["faults"] > 0
    assert done.counts["deliveries"] > 10
    assert sum("all of it is true" in told for told in said) == 3
