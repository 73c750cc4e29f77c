"""What the API lists of how projects are run: described as it is, narrowed by filters, turned page by page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from rules.engine.effects.surveys import survey_events
from service.flow import conduct
from service.flow.decide import decide_waiting
from service.flow.tick import follow_files
from service.store import journal
from tests.support.seeding import NOW, Seed, close, opened

BEARER = {"Authorization": "Bearer a-token-for-programs"}
LIN = "lin@northwind.example"
LISTS = ("risks", "complaints", "surveys", "meetings", "contacts", "audits", "closings", "findings")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seed]:
    """Apollo with something of everything, and a risk of another project."""
    seed = opened(tmp_path_factory.mktemp("home"), ACCORD_API_TOKEN="a-token-for-programs")
    follow_files(seed.context)
    decide_waiting(seed.context)
    projects = seed.context.rulebook.workspace.projects
    apollo = projects["apollo"]

    def say(kind: str, noun: str = "", project: Any = apollo, /, **thing: Any) -> None:
        conduct.say(seed.context, project, kind, thing, LIN, noun)

    for n in range(5):
        say("risk.opened", title=f"Risk {n}", kind="schedule", score=n + 1, owner="lin")
    say("risk.opened", "", projects["kanban"], title="Other", kind="other", score=2, owner="lin")
    say("complaint.opened", contact="ann", said="Nobody calls back", owner="lin")
    say("meeting.planned", title="Review", at=NOW, attendees=["ann"])
    say("contact.logged", channel="phone", summary="Wants it sooner", **{"with": "ann"})
    people = [seed.context.rulebook.workspace.people[p] for p in ("ann", "wang")]
    with seed.context.database.writing() as connection:
        journal.add(connection, survey_events(apollo, people, "pulse", "autumn", NOW))
    decide_waiting(seed.context)
    for survey in listed(seed, "surveys")["items"]:
        say("survey.answered", "survey", id=survey["id"], score=2, remark="Too slow")
    for id in ("e1", "e2"):
        seed.entry(id, "100.00", (NOW - timedelta(days=1)).date(), party="Delta", title="Licence")
    conduct.run_audit(seed.context, apollo, "2026-Q4", LIN)
    say("project.closing", "project", id="apollo")
    decide_waiting(seed.context)
    yield seed
    close(seed)


def listed(seed: Seed, path: str) -> dict[str, Any]:
    answer = seed.app.test_client().get(f"/api/v1/{path}", headers=BEARER)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def described(seed: Seed) -> dict[str, Any]:
    found: dict[str, Any] = seed.app.test_client().get("/api/v1/openapi.json").json
    return found


def test_every_address_of_the_api_is_described_and_nothing_else(run: Seed) -> None:
    """Lists and single things; a route that the description forgot is as bad as one that is not there."""
    routes: set[str] = set()
    for rule in run.app.url_map.iter_rules():
        if rule.endpoint.startswith("api.") and rule.endpoint != "api.openapi":
            path = rule.rule.replace("<path:id>", "{id}").replace("<id>", "{id}")
            before, mark, after = path.partition("<any(")
            names = after.partition("):")[0].split(", ") if mark else [""]
            routes |= {before + name + (after.partition(">")[2] if mark else "") for name in names}
    assert set(described(run)["paths"]) == routes


@pytest.mark.parametrize("name", LISTS)
def test_what_a_list_holds_has_the_described_shape(run: Seed, name: str) -> None:
    """Each item, and each by its own address; every field of the description is there."""
    document = described(run)
    schema = document["paths"][f"/api/v1/{name}"]["get"]["responses"]["200"]["content"]["application/json"]
    validator = Draft202012Validator({**schema["schema"], "components": document["components"]})
    found = listed(run, f"{name}?project=apollo")
    assert found["items"], f"no {name} on record"
    validator.validate(found)
    if name != "findings":
        one = found["items"][0]
        assert listed(run, f"{name}/{one['id']}") == one


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_narrowed_by_project_client_and_status(run: Seed, name: str) -> None:
    """And by nothing else: a filter that there is not is named, together with those there are."""
    items = listed(run, name)["items"]
    status = items[0].get("status")
    assert {i["project"] for i in listed(run, f"{name}?project=apollo")["items"]} == {"apollo"}
    assert listed(run, f"{name}?client=nobody")["items"] == []
    wanted = [i["id"] for i in items if i.get("status") == status]
    assert status is None or [i["id"] for i in listed(run, f"{name}?status={status}")["items"]] == wanted
    refused = run.app.test_client().get(f"/api/v1/{name}?mood=good", headers=BEARER)
    assert (refused.status_code, "mood" in refused.json["detail"]) == (400, True)


def test_pages_follow_each_other_without_gap_or_repetition(run: Seed) -> None:
    """Two at a time over six risks; the last page has no next one."""
    whole = [r["id"] for r in listed(run, "risks")["items"]]
    turned: list[str] = []
    cursor = ""
    for _ in range(len(whole)):
        page = listed(run, f"risks?limit=2{cursor}")
        turned += [r["id"] for r in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next'].replace('+', '%2B')}"
    assert len(whole) >= 6
    assert turned == whole


@pytest.mark.parametrize("query", ["cursor=nothing", "cursor=never|id", "limit=0", "limit=201", "limit=x"])
@pytest.mark.parametrize("name", ["risks", "findings"])
def test_a_cursor_or_limit_that_is_none_is_refused(run: Seed, name: str, query: str) -> None:
    """Rather than a page that looks right."""
    answer = run.app.test_client().get(f"/api/v1/{name}?{query}", headers=BEARER)
    assert answer.status_code == 400


def test_nobody_learns_from_the_api_who_of_the_team_said_what(run: Seed) -> None:
    """A client's answer has its name; the team's has a score, and neither name nor remark, in no list."""
    answers = {s["party"]: s for s in listed(run, "surveys?project=apollo&status=answered")["items"]}
    assert (answers["client"]["contact"], answers["client"]["remark"]) == ("ann", "Too slow")
    assert (answers["team"]["contact"], answers["team"]["remark"], answers["team"]["score"]) == (
        None,
        None,
        2,
    )
    for event in listed(run, "events?type=survey.answered")["items"]:
        survey = listed(run, f"events/{event['id']}")["objects"]["survey"]
        assert survey["party"] == "client" or (survey["contact"], survey["remark"]) == (None, None)
