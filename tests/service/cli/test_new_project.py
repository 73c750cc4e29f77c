"""`accord project new`: a project's file from a template of the team."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.service.cli.places import Accord, accord, home

__all__ = ["accord", "home"]

WEBSITE = """# What every website begins with.
version: 1
projects:
  website:
    # The client is told every Friday.
    name: A website
    client: acme
    status: draft
    lead: lin
    currency: USD
    budget: {total: 20000.00}
"""


@pytest.fixture
def templates(home: Path) -> Path:
    """The folder of templates, with one."""
    made = home / "templates"
    made.mkdir()
    (made / "website.yaml").write_text(WEBSITE)
    return made


@pytest.mark.usefixtures("templates")
def test_a_template_becomes_a_project_with_its_comments(home: Path, accord: Accord) -> None:
    """Key, name and client are filled in; the rest stands as the team wrote it, and is checked."""
    said = ("--home", home, "project", "new", "hermes2", "--from", "website", "--name", 'A "second" shop')
    code, out, _ = accord(*said, "--client", "hengtai")
    made = (home / "projects" / "hermes2.yaml").read_text()
    assert (code, "made" in out) == (0, True)
    wanted = WEBSITE.replace("  website:", "  hermes2:").replace("client: acme", 'client: "hengtai"')
    assert made == wanted.replace("name: A website", 'name: "A \\"second\\" shop"')
    code, _, refused = accord(*said)
    assert (code, "already" in refused) == (1, True)


def test_what_the_template_leaves_out_is_put_below_the_key(
    home: Path, templates: Path, accord: Accord
) -> None:
    """A template need not name a client; an unknown one is told where it stands."""
    (templates / "website.yaml").write_text(WEBSITE.replace("    client: acme\n", ""))
    said = ("project", "new", "hermes2", "--from", "website", "--client", "nobody")
    code, out, _ = accord("--home", home, *said)
    assert code == 1
    assert "projects/hermes2.yaml:5" in out
    assert "nobody" in out


@pytest.mark.usefixtures("templates")
def test_a_template_that_is_not_there_names_those_that_are(home: Path, accord: Accord) -> None:
    """Nothing is written."""
    code, _, said = accord("--home", home, "project", "new", "hermes2", "--from", "webseit")
    assert (code, "website" in said) == (1, True)
    assert not (home / "projects" / "hermes2.yaml").exists()
