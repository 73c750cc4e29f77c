"""Alert rules and dashboard: Prometheus's own tool takes them, and every metric they name is on the page."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.flow import watch
from service.store import gates
from service.store.deliveries import Became
from service.store.switches import beat
from tests.support.lively import lively
from tests.support.seeding import NOW, Seed, close, opened

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "operations"
RULES = FOLDER / "alerts.yml"
DASHBOARD = FOLDER / "dashboard.json"
NAME = re.compile(r"\baccord_[a-z_]+\b")
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not on PATH (Debian: prometheus)"
)


def promtool(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["promtool", *arguments], input=given, capture_output=True, timeout=60, cwd=FOLDER, check=False
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What Prometheus reads of a service in which everything has happened once."""
    seed = opened(tmp_path_factory.mktemp("home"))
    lively(seed)
    everything_waits(seed)
    answer = seed.app.test_client().get("/metrics")
    assert answer.status_code == 200
    yield answer.text
    close(seed)


def everything_waits(seed: Seed) -> None:
    event = seed.event("issue.created", {"issue": {"id": "tracker/APO-9", "key": "APO-9"}})
    for state in ("sent", "dead", "unknown"):
        seed.action(event, "comment", state, connection="tracker", target=f"tracker/{state}")
    seed.delivery("tracker", "{}", Became("ignored"))
    with seed.context.database.writing() as connection:
        for _ in range(6):
            gates.failed(connection, "code", "code answered 503", None, NOW)
        beat(connection, "clock-1", "clock", NOW)
    watch.watch(seed.context)
    seed.app.test_client().post("/hooks/tracker", data="{}")


def expressions() -> list[str]:
    panels: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    shown = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    alerts = [
        rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
    ]
    return [*shown, *alerts]


@needs_promtool
def test_prometheus_takes_the_rules_and_they_do_what_they_say() -> None:
    """`promtool check rules`, and its unit tests: when each alert fires, when not yet, with which words."""
    checked = promtool("check", "rules", RULES.name)
    assert checked.returncode == 0, checked.stderr.decode()
    played = promtool("test", "rules", "alerts.test.yml")
    assert played.returncode == 0, (played.stdout + played.stderr).decode()


def test_every_alert_is_played() -> None:
    """An alert that no test fires may never fire; one that fires must say how to mend it."""
    rules = [r for group in yaml.safe_load(RULES.read_text())["groups"] for r in group["rules"]]
    tests = yaml.safe_load((FOLDER / "alerts.test.yml").read_text())["tests"]
    played = {one["alertname"] for test in tests for one in test["alert_rule_test"]}
    assert {rule["alert"] for rule in rules} == played
    assert all(rule["annotations"]["mend"] for rule in rules)


@needs_promtool
def test_prometheus_reads_the_page_without_complaint(page: str) -> None:
    """`promtool check metrics` on what the running application says."""
    checked = promtool("check", "metrics", given=page.encode())
    assert checked.returncode == 0, (checked.stdout + checked.stderr).decode()
    assert not checked.stdout
    assert not checked.stderr


@needs_promtool
def test_prometheus_understands_every_panel(tmp_path: Path) -> None:
    """Each expression of the dashboard is one that Prometheus can evaluate."""
    rules = [{"record": f"panel_{n}", "expr": text} for n, text in enumerate(expressions())]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    checked = promtool("check", "rules", str(file))
    assert checked.returncode == 0, checked.stderr.decode()


def test_every_metric_that_rules_and_dashboard_name_is_there(page: str) -> None:
    """A renamed metric would make an alert that never fires and a panel that stays empty."""
    named = {name for text in expressions() for name in NAME.findall(text)}
    there = {line.split("{")[0].split(" ")[0] for line in page.splitlines() if not line.startswith("#")}
    assert named, "they name metrics at all"
    assert named - there == set()


def test_the_page_says_what_waits_and_since_when(page: str) -> None:
    """Counts and ages of each queue, breakers, dead letters and verdicts, with the names that the docs give."""
    for line in (
        'accord_connection_breaker{connection="code",state="open"} 1.0',
        'accord_connection_breaker{connection="code",state="closed"} 0.0',
        'accord_dead_letters{connection="tracker"}',
        'accord_outcome_unknown{connection="tracker"}',
        'accord_attempts_total{connection="tracker",connector="jira",outcome="sent"}',
        'accord_connection_last_delivery_age_seconds{connection="tracker"} 300.0',
        'accord_things{family="verdicts",state="fired"}',
        'accord_waiting{family="review"}',
        'accord_oldest_waiting_seconds{family="delivery"} 0.0',
        'accord_rules_info{version="',
    ):
        assert line in page, line


def test_the_docs_list_every_metric(page: str) -> None:
    """docs/operations.md names each one, so that nobody has to read the code to write an alert."""
    text = (FOLDER.parent / "operations.md").read_text()
    there = {line.split(" ")[2] for line in page.splitlines() if line.startswith("# TYPE accord_")}
    there = {name for name in there if not name.endswith("_created")}
    assert {name for name in there if f"`{name}`" not in text} == set()
