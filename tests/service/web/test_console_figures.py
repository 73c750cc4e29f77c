"""The room of a project shows what its work is worth and what its retainer holds, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from rules.facts.money import Money
from rules.facts.retainer import Terms, closed, opened, terms_record
from tests.support.seeding import Seed

D = Decimal


def usd(amount: str) -> Money:
    return Money(D(amount), "USD")


@pytest.fixture
def retained(seed: Seed) -> Seed:
    """Apollo with a retainer in its second month, a KPI that misses its target, and closed books."""
    seed.project("apollo")
    terms = Terms(D(20), carry="capped", cap=D(10), expiry=1, rate=usd("500"))
    january = closed(terms, opened(terms, "2026-10"), D(34))
    running = opened(terms, "2026-11", january)
    own = {"id": "apollo", "project": "apollo", "client": "acme"}
    seed.put("retainer", {**own, "terms": terms_record(terms), "running": running, "closed": [january]})
    seed.put("period", {**own, "closed_until": date(2026, 10, 31), "steps": []})
    kpi = {
        "name": "cpi",
        "value": D("0.8571"),
        "target": D("0.9"),
        "met": False,
        "trend": "worse",
        "history": [],
    }
    seed.put("kpi", {**own, "id": "apollo/cpi", "measured_on": date(2026, 11, 20), **kpi})
    workspace = seed.context.rulebook.workspace
    agreed = replace(workspace.projects["apollo"], billing_kind="retainer", retainer=terms)
    assert isinstance(workspace.projects, dict)
    workspace.projects["apollo"] = agreed
    return seed


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", ["Earned value", "Cost index", "2026-10", "14", "USD 7,000.00", "missed", "closed up to"]),
        ("zh-CN", ["挣值", "成本绩效指数", "2026-10", "14 小时", "USD 7,000.00", "未达标", "已关至"]),
    ],
)
def test_a_project_shows_its_figures(retained: Seed, locale: str, words: list[str]) -> None:
    """Earned value with a dash where there is none, each closed period, the target that was missed."""
    client = retained.signed_in("owner")
    html = client.get("/projects/apollo", headers={"Accept-Language": locale}).get_data(as_text=True)
    shown = html.replace("\u00a0", " ")
    assert [word for word in words if word not in shown] == []


def test_the_api_tells_the_same(retained: Seed) -> None:
    """Derived figures, closed periods, KPIs and sums of one project; entries with their versions."""
    retained.entry("books/bill/90", "1200", date(2026, 11, 5), versions=2)
    client = retained.app.test_client()
    token = {"Authorization": f"Bearer {retained.context.settings.api_token}"}
    found = client.get("/api/v1/projects/apollo", headers=token).get_json()
    assert found["retainer_periods"][0]["billed"] == {"amount": "7000.00", "currency": "USD"}
    assert found["retainer"]["available"] == "20"
    assert found["earned"]["method"] == "typical"
    assert found["kpis"][0]["met"] is False
    assert found["closed_until"] == "2026-10-31"
    assert found["sums"]["spent.incurred.staff"] == "1200"
    entries = client.get("/api/v1/entries?project=apollo", headers=token).get_json()["items"]
    assert len(entries[0]["versions"]) == 2
    one = client.get(f"/api/v1/entries/{entries[0]['id']}", headers=token).get_json()
    assert one["id"] == entries[0]["id"]
