"""`accord test`: scenarios of a workspace and of the packs it uses, from the command line and in CI."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from tests.service.cli.places import Accord, accord, edit, home, parsed

__all__ = ["accord", "home"]


def test_the_example_and_its_packs_go_as_written(home: Path, accord: Accord) -> None:
    """Payloads go through the real connectors, thin ones are read back from recorded answers; nothing is called."""
    code, out, err = accord("test", home)
    assert code == 0, out
    assert "scenarios/1-overrun.yaml" in out
    assert "rules/packs/changes/scenarios/changes.yaml" in out
    assert "scenarios passed in" in err


def test_a_pack_that_is_not_used_is_not_tested(home: Path, accord: Accord) -> None:
    """Its rules are not in force."""
    edit(home / "rules" / "team.yaml", "use: [budget, changes, milestones]", "use: [budget, changes]")
    _, out, _ = accord("test", home)
    assert "packs/budget" in out
    assert "packs/milestones" not in out


def test_a_scenario_that_goes_another_way_is_shown_key_by_key(home: Path, accord: Accord) -> None:
    """Exit 1; the step, its place, what was expected and what was found."""
    file = home / "scenarios" / "1-overrun.yaml"
    edit(file, '"Apollo: 81.2 % of the budget is spent"', '"Apollo: 80.0 % of the budget is spent"')
    code, out, err = accord("test", file)
    assert code == 1
    assert "FAIL  a bill takes Apollo over 80 %" in out
    assert "ok    一笔账单使产线看板预算过半" in out
    assert 'subject   expected "Apollo: 80.0 % of the budget is spent"' in out
    assert 'found    "Apollo: 81.2 % of the budget is spent"' in out
    assert f"({file}:15:13)" in out
    assert "2 scenarios, 1 failed" in err


def test_a_scenario_can_be_watched_step_by_step(home: Path, accord: Accord) -> None:
    """What happened, what left, and the figure or level that it changed, at the step that changed it and no other."""
    code, out, _ = accord("test", "-v", home / "scenarios" / "1-overrun.yaml")
    assert code == 0
    of_first = out[: out.index("一笔账单")]
    steps = of_first.split("  2026-11-23 10:00  ")
    assert steps[2].startswith("books: INVOICE__bill_91.json")
    assert "email to bob@acme.example 'Apollo: 81.2 % of the budget is spent'" in steps[2]
    assert "80.0 % fired" in steps[2]
    assert steps[3].splitlines()[1:] == ["    4"], "a bill that came twice changes nothing"


def test_a_scenario_says_why_a_rule_fired_and_why_not(home: Path, accord: Accord) -> None:
    """Step by step, for one rule of one scenario; text and JSON say the same, in the language asked for."""
    file = home / "scenarios" / "1-overrun.yaml"
    asked = ("test", file, "--only", "a bill takes", "--explain", "budget/levels")
    code, out, _ = accord(*asked)
    assert code == 0
    assert "一笔账单" not in out
    assert "near miss: budget.used is 42.3 %; 50 % would have fired" in out
    assert "memory: 80 %: fired; fires again after a fall below 78 %" in out
    _, out, _ = accord(*asked, "--locale", "zh-CN", "--json")
    (scenario,) = parsed(out)["scenarios"]
    first = next(v for one in scenario["explained"] for v in one["verdicts"] if v["verdict"] == "not_crossed")
    assert first["near_miss"] == "budget.used 为 42.3%；达到 50% 即可触发"
    assert first["would_fire"] == {
        "operand": "budget.used",
        "value": "0.423",
        "operator": ">=",
        "wanted": "0.5",
    }


def test_rules_under_edit_are_what_is_tested(home: Path, accord: Accord) -> None:
    """A changed rule fails the scenario that held it."""
    edit(home / "rules" / "team.yaml", "budget.total * 10%", "budget.total * 50%")
    code, out, _ = accord("test", home / "scenarios" / "1-overrun.yaml")
    assert code == 1
    assert "chat to room was expected" in out


def test_a_folder_of_scenarios_can_be_played(accord: Accord) -> None:
    """Packs are developed that way."""
    code, out, _ = accord("test", Path("rules/packs/milestones").resolve())
    assert code == 0
    assert "国庆假期前后的里程碑提醒按客户的工作日发送" in out


def test_coverage_names_the_rules_that_no_scenario_reached(home: Path, accord: Accord) -> None:
    """For each rule the verdicts that were reached; a rule that never spoke stands out."""
    _, out, _ = accord("test", home, "--coverage")
    levels = next(line for line in out.splitlines() if line.strip().startswith("budget/levels"))
    assert "cleared" in levels
    assert not any(line.strip().startswith("OPEN") for line in out.splitlines())
    for name in ("1-overrun", "2-change", "3-milestone"):
        (home / "scenarios" / f"{name}.yaml").unlink()
    _, out, _ = accord("test", home, "--coverage")
    open_ones = [line.split()[1] for line in out.splitlines() if line.strip().startswith("OPEN")]
    assert open_ones == ["large-bill"]


def test_junit_is_what_ci_systems_show(home: Path, tmp_path: Path, accord: Accord) -> None:
    """A suite a file, a case a scenario, a failure with its differences."""
    file = home / "scenarios" / "2-change.yaml"
    edit(file, "USD 106,000.00", "USD 107,000.00")
    accord("test", home, "--junit", tmp_path / "report.xml")
    whole = ET.fromstring((tmp_path / "report.xml").read_text(encoding="utf-8"))  # noqa: S314 - written by ourselves
    assert int(whole.attrib["failures"]) == 1
    suite = next(s for s in whole if s.attrib["name"].endswith("2-change.yaml"))
    failed = [case for case in suite if case.find("failure") is not None]
    assert [case.attrib["name"] for case in failed] == [
        "a label and an estimate ask the client, whose approval moves budget and dates"
    ]
    assert "USD 107,000.00" in str(failed[0].findtext("failure"))


def test_json_has_scenarios_with_their_differences(home: Path, accord: Accord) -> None:
    """For scripts, coverage included when it is asked for."""
    code, out, _ = accord("test", home, "--json", "--coverage")
    found = parsed(out)
    assert code == 0
    assert all(one["passed"] and one["differences"] == [] for one in found["scenarios"])
    assert found["coverage"]["budget/levels"]["fired"] > 0


def test_the_outcome_is_the_same_with_any_number_of_processes(home: Path, accord: Accord) -> None:
    """Order, differences and coverage: what is printed does not tell how many worked."""
    edit(home / "scenarios" / "2-change.yaml", "USD 106,000.00", "USD 107,000.00")
    alone = accord("test", home, "--coverage", "--json", "--jobs", 1)
    assert alone[0] == 1
    assert accord("test", home, "--coverage", "--json", "--jobs", 3)[:2] == alone[:2]


def test_a_broken_world_is_told_from_whichever_process_reads_it(tmp_path: Path, accord: Accord) -> None:
    """The first in the order of the files, with its place, as one process alone tells it."""
    (tmp_path / "scenarios").mkdir()
    for name in ("a", "b"):
        (tmp_path / "scenarios" / f"{name}.yaml").write_text(
            f"version: 1\nscenarios:\n  - name: {name}\n    clock: 2026-11-23 10:00\n"
            "    given:\n      people: {lin: {name: Lin Hao, email: lin@northwind.example, roles: [lead]}}\n"
            "      clients: {}\n      projects: {}\n"
            "      rules: [{id: r, title: {en: R}, when: issue.chnged, do: [{record: {text: seen}}]}]\n"
            "    steps: [{wait: 1d}]\n",
            encoding="utf-8",
        )
    code, _, err = accord("test", tmp_path, "--jobs", 2)
    assert code == 1
    assert "these files cannot be used" in err
    assert "a.yaml:9:" in err
    assert "did you mean `issue.changed`?" in err


def test_broken_files_are_told_before_anything_is_played(home: Path, accord: Accord) -> None:
    """A scenario over rules that cannot be used would say nothing."""
    edit(home / "rules" / "team.yaml", "budget.total * 10%", "budget.totl * 10%")
    code, _, err = accord("test", home)
    assert code == 1
    assert "these files cannot be used" in err
    assert "`budget` has no field `totl`" in err


def test_a_thin_webhook_needs_its_recorded_answer(home: Path, accord: Accord) -> None:
    """Nothing is called from a scenario: what would be read back is named, with the file to add it to."""
    file = home / "scenarios" / "1-overrun.yaml"
    edit(home / "payloads" / "answers" / "open.json", "GET /issue/10145", "GET /issue/99999")
    _, out, _ = accord("test", file)
    assert "open.json has no answer to `GET" in out
    edit(file, ", answers: ../payloads/answers/open.json", "")
    _, out, _ = accord("test", file)
    assert "is read back: name a file of recorded answers" in out


def test_edits_that_no_scenario_notices_are_listed(home: Path, accord: Accord) -> None:
    """A story far above a threshold does not say whether the threshold matters; it says that somebody is told."""
    code, out, said = accord("test", home / "scenarios" / "1-overrun.yaml", "--mutate")
    assert code == 1
    survived = [line.partition(": large-bill: ")[2] for line in out.splitlines() if ": large-bill: " in line]
    assert "in `entry.base_amount > budget.total * 10%`, > becomes >=" in survived
    assert not [says for says in survived if says.endswith(": left out")]
    assert f"{len(out.splitlines())} that no scenario notices" in said


def test_edits_are_told_to_scripts_as_well(home: Path, accord: Accord) -> None:
    """How many were tried, and the rest with rule, place and edit."""
    _, out, _ = accord("test", home / "scenarios" / "3-milestone.yaml", "--mutate", "--json")
    found = parsed(out)
    assert found["tried"] > len(found["survivors"])
    assert all(set(one) == {"rule", "at", "edit"} for one in found["survivors"])
