"""`accord people match`: who people are in a tracker, found by their mail addresses."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.service.cli.places import Accord, accord, home
from tests.support.standins.jira import JiraStandIn

__all__ = ["accord", "home"]


def with_jira(home: Path, jira: JiraStandIn) -> None:
    """The people and clients of the example, with that tracker alone."""
    text = (home / "accord.yaml").read_text()
    before, _, after = text.partition("\nvars:\n")
    people = re.sub(r".*\baccounts:.*\n", "", after[after.index("\npeople:\n") :])
    tracker = (
        f"  tracker: {{connector: jira, base_url: '{jira.url}', deployment: cloud, user: bot@northwind.example, "
        "token: example-api-token-0001, webhook_secret: example-secret-01, private_network: true}\n"
    )
    (home / "accord.yaml").write_text(f"{before}\nconnections:\n{tracker}{people}")
    for file in (home / "projects").glob("*.yaml"):
        file.unlink()


def test_accounts_are_found_and_printed_as_they_are_written(home: Path, accord: Accord) -> None:
    """One line a person to put into the file; who is not there is named, and nothing is written."""
    with JiraStandIn() as jira:
        with_jira(home, jira)
        before = (home / "accord.yaml").read_text()
        jira.add_person("5b10ann", "Ann", "ann@acme.example")
        jira.add_person("5b10bob", "Bob", "bob@acme.example")
        jira.add_person("5b10bo2", "Bob again", "bob@acme.example.org")
        code, out, _ = accord("--home", home, "people", "match", "tracker", "--json")
        found = {one["person"]: one["account"] for one in json.loads(out)}
        code_of_text, text, _ = accord("--home", home, "people", "match")
    assert found["ann"] == "5b10ann"
    assert found["bob"] == "5b10bob", "an address that only begins like his is another's"
    assert found["liwei"] is None
    assert (code, code_of_text) == (1, 1)
    assert 'ann: accounts: {tracker: "5b10ann"}' in text
    assert "# liwei is not found in tracker" in text
    assert (home / "accord.yaml").read_text() == before
    assert not jira.violations


def test_a_connection_that_is_not_there_is_wrong_use(home: Path, accord: Accord) -> None:
    """The answer names those that there are."""
    with JiraStandIn() as jira:
        with_jira(home, jira)
        code, _, said = accord("--home", home, "people", "match", "nope")
    assert code == 2
    assert "tracker" in said
