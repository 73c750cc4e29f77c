"""`accord check`: one look finds everything, for people, scripts, GitHub and code scanning."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.service.cli.places import Accord, accord, edit, home, parsed

__all__ = ["accord", "home"]


def test_the_example_is_right_in_a_fresh_clone(home: Path, accord: Accord) -> None:
    """No secret is needed to check files: those of .env.example stand in for them."""
    code, out, err = accord("check", home)
    assert (code, out) == (0, "")
    assert err.strip() == f"{home}: 3 projects, 25 rules, 0 errors, 0 warnings"


def test_a_problem_is_one_line_with_its_place(
    home: Path, accord: Accord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """file:line:column from where one stands, severity, what is wrong, the mend; exit 1."""
    edit(home / "rules" / "team.yaml", "entry.base_amount > budget", "entry.base_amont > budget")
    monkeypatch.chdir(home.parent)
    code, out, err = accord("check", "agency")
    assert code == 1
    lines = out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("agency/rules/team.yaml:18:9: error: `entry` has no field `base_amont`;")
    assert "did you mean `entry.base_amount`?" in lines[0]
    assert "1 error, 0 warnings" in err


def test_home_is_checked_when_no_path_is_given(home: Path, accord: Accord) -> None:
    """`accord --home DIR check` is `accord check DIR`."""
    assert accord("--home", home, "check")[0] == 0
    edit(home / "projects" / "apollo.yaml", "lead: lin", "lead: lim")
    code, out, _ = accord("--home", home, "check")
    assert code == 1
    assert "did you mean `lin`?" in out


def test_a_file_of_the_workspace_stands_for_it(home: Path, accord: Accord) -> None:
    """An editor hands over the file that was saved."""
    edit(home / "rules" / "team.yaml", "use: [budget", "use: [budgte")
    code, out, _ = accord("check", home / "rules" / "team.yaml")
    assert code == 1
    assert "there is no pack `budgte`" in out


def test_scenarios_are_checked_too(home: Path, accord: Accord) -> None:
    """A scenario with a slip would test nothing."""
    edit(home / "scenarios" / "1-overrun.yaml", "expect: none", "expct: none")
    code, out, _ = accord("check", home)
    assert code == 1
    assert "1-overrun.yaml" in out
    assert "did you mean `expect`?" in out


def test_a_secret_that_nobody_documents_is_a_warning(home: Path, accord: Accord) -> None:
    """It does not break the files; it would keep Accord from starting, and `up` says so."""
    edit(home / "accord.yaml", "token: ${JIRA_TOKEN}", "token: ${JIRA_TOEKN}")
    code, out, err = accord("check", home)
    assert code == 0
    assert "warning: ${JIRA_TOEKN} is not set" in out
    assert "0 errors, 1 warning" in err


def test_secrets_that_others_can_read_are_refused(home: Path, accord: Accord) -> None:
    """As at the start: the mend is named."""
    (home / ".env").write_text("JIRA_TOKEN=x\n")
    (home / ".env").chmod(0o644)
    code, out, _ = accord("check", home)
    assert code == 1
    assert "chmod 600" in out


def test_json_has_every_part_of_a_problem(home: Path, accord: Accord) -> None:
    """For scripts: path, line, column, severity, message, hint."""
    edit(home / "rules" / "team.yaml", "> budget.total * 10%", "> 10 %")
    code, out, _ = accord("check", home, "--format", "json")
    found = parsed(out)
    assert code == 1
    assert {"path", "line", "column", "severity", "message", "hint"} == set(found[0])
    assert accord("check", home.parent / "agency" / "projects", "--format", "json")[0] == 1
    edit(home / "rules" / "team.yaml", "> 10 %", "> budget.total * 10%")
    assert parsed(accord("check", home, "--format", "json")[1]) == []


def test_github_shows_problems_at_their_lines(home: Path, accord: Accord) -> None:
    """One workflow command a problem, with signs that would end it escaped."""
    edit(home / "rules" / "team.yaml", "> budget.total * 10%", "> budget.totl * 10%")
    _, out, _ = accord("check", home, "--format", "github")
    assert out.startswith(f"::error file={home}/rules/team.yaml,line=18,col=")
    assert "`budget` has no field `totl`" in out
    assert "\n" not in out.strip()


def test_sarif_is_what_code_scanning_reads(home: Path, accord: Accord) -> None:
    """Version 2.1.0: one result a problem, with its region."""
    edit(home / "rules" / "team.yaml", "> budget.total * 10%", "> budget.totl * 10%")
    _, out, _ = accord("check", home, "--format", "sarif")
    sarif = parsed(out)
    assert sarif["version"] == "2.1.0"
    result = sarif["runs"][0]["results"][0]
    assert result["level"] == "error"
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 18


def test_sarif_names_files_and_columns_as_its_schema_wants_them(home: Path, accord: Accord) -> None:
    """A path is a URI reference, with what a URI cannot hold escaped; columns are counted in characters."""
    (home / "rules" / "规则 a.yaml").write_text("version: 1\nrulez: []\n", encoding="utf-8")
    (run,) = parsed(accord("check", home, "--format", "sarif")[1])["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    places = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]]
    assert any(place.endswith("rules/%E8%A7%84%E5%88%99%20a.yaml") for place in places)
    known = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {r["ruleId"] for r in run["results"]} <= known
    assert {r["level"] for r in run["results"]} <= {"error", "warning", "note", "none"}
    assert all(r["message"]["text"] for r in run["results"])


def test_a_path_without_a_workspace_says_how_to_make_one(tmp_path: Path, accord: Accord) -> None:
    """An empty directory is no workspace; what is not there is wrong use."""
    code, out, _ = accord("check", tmp_path)
    assert code == 1
    assert "accord init" in out
    assert accord("check", tmp_path / "nowhere")[0] == 2
