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
