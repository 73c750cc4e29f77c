"""Shipped packs: every rule speaks and keeps silent in a scenario, in English and in Chinese, and says what it is."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from rules.language.documents import Document, read
from rules.packs import FOLDER, names, read_pack
from rules.scenarios import Scenario, World, given_world, read_scenarios, run

PACKS = names()
SPOKE = {"fired", "waiting", "observed", "awaiting_review"}
LOCALES = ("en", "zh-CN")


@cache
def scenarios(pack: str) -> tuple[tuple[Scenario, World], ...]:
    """All scenarios of a pack, each with its world."""
    found = []
    for path in sorted((FOLDER / pack).glob("scenarios/*.yaml")):
        read_ones, problems = read_scenarios(path.read_text(encoding="utf-8"), path.name)
        assert not problems, problems
        worlds: dict[object, World] = {}
        for one in read_ones:
            if one.world.path not in worlds:
                world, problems = given_world(one.world, read_pack)
                assert world is not None, problems
                assert not problems, problems
                worlds[one.world.path] = world
            found.append((one, worlds[one.world.path]))
    return tuple(found)


@cache
def verdicts(pack: str) -> Counter[tuple[str, str]]:
    """Every verdict that the pack's scenarios reach."""
    reached: Counter[tuple[str, str]] = Counter()
    for one, world in scenarios(pack):
        played = run(one, world.workspace, world.rules, own_modes=world.own_modes, every_verdict=True)
        assert played.passed, "\n".join(map(str, played.differences))
        reached += played.verdicts
    return reached


def rules_of(pack: str) -> dict[str, object]:
    """The pack's rules by id, with their pack before it."""
    _, world = scenarios(pack)[0]
    return {id: rule for id, rule in world.rules.rules.items() if rule.pack == pack}


def document(path: Path) -> Document:
    found, problems = read(path.read_text(encoding="utf-8"), path.name)
    assert found is not None, problems
    assert not problems
    return found


@pytest.mark.parametrize("pack", PACKS)
def test_every_scenario_goes_as_written(pack: str) -> None:
    """What the pack promises in its scenarios is what its rules do."""
    assert verdicts(pack)


@pytest.mark.parametrize("pack", PACKS)
def test_every_rule_speaks_and_keeps_silent(pack: str) -> None:
    """No rule is there that no scenario reaches; a rule with a condition or a memory is also seen not to speak."""
    reached = verdicts(pack)
    for id, rule in rules_of(pack).items():
        kinds = {kind for r, kind in reached if r == id}
        assert kinds & SPOKE, f"{id} never speaks"
        conditional = rule.conditions or rule.crosses or rule.once_per  # type: ignore[attr-defined]
        if conditional and not _silenced_by_slot(id):
            assert kinds - SPOKE, f"{id} is never seen to keep silent"


def _silenced_by_slot(id: str) -> bool:
    """Rules of the clock whose object is over have no slot any more: silence is that nothing is decided."""
    return id in {
        f"{pack}/{rule}" for pack in ("changes", "milestones") for rule in ("remind", "remind-halfway")
    }


@pytest.mark.parametrize("pack", PACKS)
def test_clients_of_both_languages_are_told(pack: str) -> None:
    """In the pack's scenarios an English and a Chinese reader get their own words."""
    told = set()
    for one, world in scenarios(pack):
        people = world.workspace.people.values()
        addresses = {p.email: p.locale for p in people if p.client} | {
            p.id: p.locale for p in people if p.client
        }
        words = re.findall(r"to: ([\w.@-]+)", one.source.document.text)
        told |= {addresses[word] for word in words if word in addresses}
    assert told == set(LOCALES)


@pytest.mark.parametrize("pack", PACKS)
def test_texts_are_the_same_in_both_languages(pack: str) -> None:
    """Each text stands in English and in Chinese, with subject, body and short form, and is sent by some rule."""
    by_locale = {x: document(FOLDER / pack / "texts" / f"{x}.yaml").get(("texts",)) for x in LOCALES}
    assert by_locale["en"].keys() == by_locale["zh-CN"].keys()
    for texts in by_locale.values():
        assert all(set(text) == {"subject", "body", "short"} for text in texts.values())
    written = (FOLDER / pack / "rules.yaml").read_text(encoding="utf-8")
    for key in by_locale["en"]:
        assert f"text: {key.removesuffix('_corrected')}" in written, f"{key} is sent by no rule"


@pytest.mark.parametrize("pack", PACKS)
def test_texts_name_the_same_facts_in_both_languages(pack: str) -> None:
    """Neither reader is told less: amounts, dates and names stand in both."""
    english, chinese = (document(FOLDER / pack / "texts" / f"{x}.yaml").get(("texts",)) for x in LOCALES)
    for key, text in english.items():
        for part in ("subject", "body"):
            assert _facts(text[part]) == _facts(chinese[key][part]), f"{key}.{part}"


def _facts(text: str) -> set[str]:
    """The figures and dates that a text shows; names of parties may be left out where the language needs none."""
    shown = re.findall(r"\{\{\s*([a-z_.]+)\s*\|\s*(?:money|percent|day|when)", text)
    return {name for name in shown if not name.startswith("told.")}


@pytest.mark.parametrize("pack", PACKS)
def test_titles_stand_in_both_languages(pack: str) -> None:
    """Cards, console and explanations call a rule by its title."""
    for id, rule in rules_of(pack).items():
        assert set(rule.title) == set(LOCALES), id  # type: ignore[attr-defined]


@pytest.mark.parametrize("pack", PACKS)
def test_the_readme_speaks_of_every_rule_variable_and_text(pack: str) -> None:
    """What a pack does, what can be set, which texts can be written anew, how parts are switched off."""
    readme = (FOLDER / pack / "README.md").read_text(encoding="utf-8")
    for heading in ("## What it does", "## Variables", "## Texts", "## Switching parts off"):
        assert heading in readme
    for id in rules_of(pack):
        assert f"`{id}`" in readme
    for name in document(FOLDER / pack / "rules.yaml").get(("vars",)) or {}:
        assert f"`{name}`" in readme
    for key in document(FOLDER / pack / "texts" / "en.yaml").get(("texts",)):
        assert key in readme, f"the README does not speak of the text {key}"
