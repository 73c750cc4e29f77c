"""The client's project page: what they pay for and wait for; never our cost, never somebody else's."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from tests.support.seeding import Seed


def page_of(seed: Seed, project: str, person: str) -> Any:
    token = seed.link("project", project, person)
    return seed.app.test_client().get(f"/c/{token}")


def rebilled(seed: Seed, project: str, billing: str) -> None:
    """Let the project's file say something else about what the client pays for and sees."""
    file = seed.context.settings.home / "projects" / f"{project}.yaml"
    changed = re.sub(r"billing: \{.*\}", f"billing: {billing}", file.read_text())
    assert changed != file.read_text()
    file.write_text(changed)
    assert seed.context.rulebook.refresh()


def spent(seed: Seed) -> None:
    seed.project("apollo")
    seed.entry("books/bill/1", "39000", date(2026, 11, 9), title="Design work")


def test_money_dates_changes_and_what_waits(seed: Seed) -> None:
    """Spend with its budget, milestones, sent and decided changes, and one button to decide."""
    spent(seed)
    seed.change()
    seed.change("chg_draft", "assessed", number="CR-9", title="only thought about")
    seed.approval()
    own = seed.link("approval", "apr_export", "ann")
    page = page_of(seed, "apollo", "ann").text
    assert "Apollo: 1 thing waits on you." in page
    for shown in (
        "USD\u00a081,000.00",
        "USD\u00a0100,000.00",
        "81.0\u00a0%",
        "Prototype",
        "CR-7: add an export",
    ):
        assert shown in page
    assert f'href="/a/{own}"' in page
    assert "only thought about" not in page


def test_who_is_not_asked_sees_nothing_to_decide(seed: Seed) -> None:
    """The billing contact has no link to the sponsor's decision."""
    spent(seed)
    seed.change()
    seed.approval()
    seed.link("approval", "apr_export", "ann")
    page = page_of(seed, "apollo", "bob").text
    assert "nothing waits on you" in page
    assert "/a/" not in page


def test_a_fixed_price_never_shows_cost(seed: Seed) -> None:
    """Neither what was spent nor what is left nor its share appears anywhere on the page."""
    spent(seed)
    rebilled(seed, "apollo", "{kind: fixed_price, client_sees: progress}")
    page = page_of(seed, "apollo", "ann").text
    assert "Agreed at a fixed price." in page
    for hidden in ("81,000.00", "81.0\u00a0%", "19,000.00", "39,000.00", "Spent", '<svg class="budget'):
        assert hidden not in page
    assert "0\u00a0% of the planned work is accepted." in page


def test_progress_instead_of_spend(seed: Seed) -> None:
    """A client who sees progress reads the accepted share of the work, and no money."""
    spent(seed)
    rebilled(seed, "apollo", "{kind: time_and_materials, client_sees: progress}")
    page = page_of(seed, "apollo", "ann").text
    assert "of the planned work is accepted" in page
    assert "81,000.00" not in page


def test_a_link_opens_one_thing_only(seed: Seed) -> None:
    """A project's token opens no decision, a decision's no project, and neither opens the console or the API."""
    spent(seed)
    seed.change()
    seed.approval()
    project, decision = seed.link("project", "apollo", "ann"), seed.link("approval", "apr_export", "ann")
    client = seed.app.test_client()
    assert client.get(f"/c/{project}").status_code == 200
    assert client.get(f"/a/{project}").status_code == 404
    assert client.get(f"/c/{decision}").status_code == 404
    assert client.get(f"/welcome/{project}").status_code == 410
    assert client.get("/projects/apollo").status_code == 302
    assert client.get("/api/v1/projects", headers={"Authorization": f"Bearer {project}"}).status_code == 401


def test_a_link_to_another_clients_project_opens_nothing(seed: Seed) -> None:
    """Even a token made for the wrong person shows them nothing."""
    seed.project("kanban")
    assert page_of(seed, "kanban", "ann").status_code == 404
    assert page_of(seed, "kanban", "nobody").status_code == 404


def test_a_revoked_project_link_ends(seed: Seed) -> None:
    """After revoking, the page says that the link is no longer valid."""
    spent(seed)
    token = seed.link("project", "apollo", "ann")
    seed.revoke("project", "apollo", "ann")
    assert seed.app.test_client().get(f"/c/{token}").status_code == 404
