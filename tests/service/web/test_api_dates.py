"""Programs read milestones and what is waited for as they stand now, and tell what happened in the webhook's words."""

from __future__ import annotations

from typing import Any

import pytest

from service.flow.decide import decide_waiting
from service.flow.tick import follow_files
from tests.support.seeding import Seed, close, opened

BEARER = {"Authorization": "Bearer a-token-for-programs"}


@pytest.fixture
def live(tmp_path: Any) -> Any:
    seed = opened(tmp_path, ACCORD_API_TOKEN="a-token-for-programs")
    follow_files(seed.context)
    decide_waiting(seed.context)
    yield seed
    close(seed)


def test_an_item_is_told_read_and_answered(live: Seed) -> None:
    """202 with the id of the event; the list shows it as it stands today."""
    api = live.app.test_client()
    said = {"id": "itm_1", "title": "Test data", "kind": "input", "due": "2026-11-16", "blocks": ["m2"]}
    told = api.post(
        "/api/v1/projects/apollo/events", json={"type": "action_item.opened", "object": said}, headers=BEARER
    )
    assert (told.status_code, told.json["id"][:4]) == (202, "evt_")
    decide_waiting(live.context)
    (item,) = api.get("/api/v1/action_items?project=apollo", headers=BEARER).json["items"]
    assert (item["status"], item["late_days"]) == ("overdue", 4)
    assert api.get("/api/v1/milestones/apollo/m2", headers=BEARER).json["overdue"] is False


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"type": "milestone.accepted", "object": {"id": "m2"}}, "made by Accord itself"),
        ({"type": "contact.logged", "object": {"id": "c1", "mood": "good"}}, "mood"),
        ({"object": {}}, "type is missing"),
        ([], "object"),
    ],
)
def test_what_cannot_be_told_is_refused_with_its_place(live: Seed, body: Any, why: str) -> None:
    """Nobody accepts for the client by a program; a field that there is not is named."""
    answer = live.app.test_client().post("/api/v1/projects/apollo/events", json=body, headers=BEARER)
    assert answer.status_code == 400
    assert why in answer.json["detail"]


def test_without_the_token_nothing_is_told(live: Seed) -> None:
    """As everywhere in the API."""
    body = {"type": "milestone.handed_over", "object": {"id": "m2"}}
    assert live.app.test_client().post("/api/v1/projects/apollo/events", json=body).status_code == 401


def tell(live: Seed, kind: str, **said: Any) -> None:
    """What a program of the team says, decided."""
    body = {"type": kind, "object": said}
    told = live.app.test_client().post("/api/v1/projects/apollo/events", json=body, headers=BEARER)
    assert told.status_code == 202, told.json
    decide_waiting(live.context)


def listed(live: Seed, what: str) -> list[dict[str, Any]]:
    return list(live.app.test_client().get(f"/api/v1/{what}?project=apollo", headers=BEARER).json["items"])


def test_a_delivery_is_promised_and_comes(live: Seed) -> None:
    """Suppliers are written and read as a person would; the milestone that waited says what it lost."""
    tell(
        live,
        "supplier.promised",
        id="s1",
        name="Bolt & Co",
        title="Devices",
        promised="2026-11-09",
        blocks=["m2"],
    )
    tell(live, "supplier.delivered", id="s1", actual="2026-11-11")
    (found,) = listed(live, "suppliers")
    assert (found["status"], found["late_days"], found["on_time"]) == ("delivered", 2, "0")
    assert [(d["days"], d["cause"], d["supplier"]) for d in listed(live, "delays")] == [(2, "supplier", "s1")]


def test_risks_delays_complaints_and_findings_are_told_by_a_program(live: Seed) -> None:
    """Each is read back from its list, by its id as well."""
    tell(live, "risk.opened", id="r1", title="Supplier fails", score=12)
    tell(live, "delay.logged", id="dly_1", milestone="m2", days=3, cause="technical")
    tell(live, "complaint.opened", id="c1", said="Too slow", contact="ann")
    tell(live, "milestone.moved", id="m2", due="2026-12-18")
    assert [r["title"] for r in listed(live, "risks")] == ["Supplier fails"]
    assert listed(live, "delays")[0]["days"] == 3
    assert listed(live, "complaints")[0]["status"] == "open"
    api = live.app.test_client()
    assert api.get("/api/v1/risks/r1", headers=BEARER).json["score"] == 12
    assert api.get("/api/v1/findings/unheard", headers=BEARER).status_code == 404


def test_hours_of_the_week_are_read_by_person(live: Seed) -> None:
    """What was logged, in the list, in the project and in the console."""
    tell(live, "time.logged", id="t1", person="lin", duration="90m", work_date="2026-11-19")
    (week,) = [w for w in listed(live, "workload") if w["person"] == "lin" and w["week"] == "2026-W47"]
    assert (week["logged"], week["planned"], week["over"]) == ("90m", None, False)
    api = live.app.test_client()
    assert api.get("/api/v1/workload?person=nobody", headers=BEARER).json["items"] == []
    assert api.get("/api/v1/retainers", headers=BEARER).json["items"] == []
