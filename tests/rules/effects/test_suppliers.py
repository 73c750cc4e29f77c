"""What suppliers promised and when it came: from the file, a ticket, the console; late, it moves what waited for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from rules.engine import daily
from rules.engine.derived import milestone_today
from rules.engine.effects import projects
from rules.facts.event import Record
from rules.facts.project import SupplierPlan
from tests.rules.effects.world import APOLLO, World, types

DEVICES = SupplierPlan(
    "devices", "Bolt & Co", "Test devices", date(2026, 9, 28), ("m1",), "PO-17", issue="APO-9"
)
PROJECT = replace(APOLLO, suppliers=(DEVICES,))


def delivery(world: World, id: str = "apollo/devices") -> Record:
    """As rules see it today."""
    (event,) = [
        e for e in world.tell("supplier.promised", supplier={"id": id}) if e.type == "supplier.promised"
    ]
    return dict(event.objects["supplier"])


def test_the_file_begins_the_list_and_what_is_added_later_joins_it() -> None:
    """At activation each delivery is promised; one that the file gets later, when the record follows the file."""
    world = World(PROJECT)
    assert delivery(world)["promised"] == date(2026, 9, 28)
    more = replace(
        PROJECT, suppliers=(DEVICES, SupplierPlan("desks", "Bolt & Co", "Desks", date(2026, 10, 5)))
    )
    world.mend(project=more)
    (event,) = projects.following(more, world.get("project"), world.now)
    assert types(world.decide(event)) == ["project.changed", "supplier.promised"]
    assert projects.following(more, world.get("project"), world.now) == ()


@pytest.mark.parametrize(
    ("came", "late", "due"),
    [
        (date(2026, 9, 25), 0, date(2026, 10, 12)),
        (date(2026, 9, 28), 0, date(2026, 10, 12)),
        (date(2026, 10, 2), 4, date(2026, 10, 16)),
        (date(2026, 10, 13), 10, date(2026, 10, 26)),
    ],
)
def test_a_late_delivery_moves_what_waits_for_it(came: date, late: int, due: date) -> None:
    """Due Monday 28 September, there Friday 2 October: four working days, and 12 October becomes 16 October. There on
    Tuesday 13 October it is ten, because Columbus Day (the 12th) is closed in the United States.
    """
    world = World(PROJECT, now=datetime(2026, 9, 21, 14, tzinfo=UTC))
    told = world.tell("supplier.delivered", supplier={"id": "devices", "actual": came})
    assert told[0].objects["supplier"]["late_days"] == late
    assert world.get("milestone", "apollo/m1")["due"] == due
    delays = [(d["days"], d["cause"], d["supplier"]) for d in world.book.find("delay", "apollo")]
    assert delays == ([(late, "supplier", "apollo/devices")] if late else [])


def test_a_new_promise_changes_no_lateness() -> None:
    """Waited for is the new day; late days and the share in time count from the first."""
    world = World(PROJECT)
    world.tell("supplier.promised", supplier={"id": "devices", "promised": date(2026, 10, 2)})
    world.tell("supplier.delivered", supplier={"id": "devices", "actual": date(2026, 10, 2)})
    world.tell("supplier.promised", supplier={"id": "s2", "name": "bolt & co", "promised": date(2026, 10, 5)})
    world.tell("supplier.delivered", supplier={"id": "s2", "actual": date(2026, 10, 5)})
    event = world.tell("supplier.delivered", supplier={"id": "devices"})[0].objects["supplier"]
    assert (event["status"], event["late_days"], event["on_time"]) == ("delivered", 4, Decimal("0.5"))


def test_the_clock_tells_of_a_lateness_once_for_each_promise() -> None:
    """The day after the promise; a new promise that is broken as well is told again."""
    world = World(PROJECT)

    def late(day: int) -> list[str]:
        world.now = datetime(2026, 10, day, 14, tzinfo=UTC)
        owed = [e for e in daily.owed(world.state, world.now) if e.type == "supplier.late"]
        return [e.objects["supplier"]["status"] for event in owed for e in world.decide(event)]

    assert late(1) == ["late"]
    assert late(2) == []
    world.tell("supplier.promised", supplier={"id": "devices", "promised": date(2026, 10, 5)})
    assert late(5) == []
    assert late(6) == ["late"]


def test_the_ticket_tells_its_day_its_end_and_its_second_beginning() -> None:
    """Its due date is a new promise, its end the delivery; opened again, it is waited for again."""
    world = World(PROJECT)

    def ticket(at: int, **said: Any) -> list[str]:
        given = {"id": "10", "key": "APO-9", "title": "Devices", **said}
        return types(
            world.tell("issue.changed", "issue/10", issue=given, connection="tracker", version=f"{at}")
        )

    assert ticket(1, due=date(2026, 10, 1), status_group="todo") == ["issue.changed", "supplier.promised"]
    assert ticket(2, due=date(2026, 10, 1), status_group="doing") == ["issue.changed"]
    closed = {"status_group": "done", "closed_at": datetime(2026, 10, 1, 12, tzinfo=UTC)}
    assert ticket(3, due=date(2026, 10, 1), **closed)[:2] == ["issue.changed", "supplier.delivered"]
    assert world.get("supplier", "apollo/devices")["actual"] == date(2026, 10, 1)
    assert ticket(4, due=date(2026, 10, 8), status_group="doing")[:2] == [
        "issue.changed",
        "supplier.promised",
    ]
    assert delivery(world)["actual"] is None


def test_a_milestone_waits_on_the_supplier_until_it_is_there() -> None:
    """`milestone.waiting_on` names who holds it up."""
    world = World(PROJECT)

    def waits_on() -> Any:
        return milestone_today(world.get("milestone", "apollo/m1"), world.book, world.state)["waiting_on"]

    assert waits_on() == "supplier"
    world.tell("supplier.cancelled", supplier={"id": "devices", "remark": "Bought elsewhere"})
    assert waits_on() is None


def test_what_names_no_supplier_and_no_day_begins_nothing() -> None:
    """A word about a delivery that nobody knows is kept as an event, and makes no empty line."""
    world = World(APOLLO)
    world.tell("supplier.delivered", supplier={"id": "unheard"})
    world.tell("supplier.promised", supplier={"id": "s9", "promised": date(2026, 10, 5)})
    assert list(world.book.find("supplier", "apollo")) == []


def test_a_day_in_another_century_stops_no_milestone() -> None:
    """Mistyped, it is late beyond all plans: it is on record, and the plan stays."""
    world = World(PROJECT)
    world.tell("supplier.delivered", supplier={"id": "devices", "actual": date(2126, 10, 2)})
    assert world.get("milestone", "apollo/m1")["due"] == date(2026, 10, 12)
