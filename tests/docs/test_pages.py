"""What the pages say is there: links lead somewhere, commands exist, and nothing that exists goes unmentioned."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import pytest

from connectors import registry
from rules.engine.verdicts import VerdictKind
from rules.language.functions import FUNCTIONS, NAME_FUNCTIONS
from rules.language.texts import FILTERS, TESTS
from rules.packs import names as pack_names
from service.cli import accord
from tests.docs.markdown import anchors, blocks, code, links, section, words_in_code
from tests.house.test_tidy import tracked
from tests.support.shared import ROOT

PAGES = [path for path in tracked() if path.suffix == ".md"]
SCHEMAS = ROOT / "rules" / "language" / "schema"
# Words of shells and files, not of ours, that stand behind `accord` or `make` in running text.
NOT_COMMANDS = {"--home", "--version", "--help"}


def page(name: str) -> str:
    """The text of a page, by its path in the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def shown(path: Path) -> str:
    """A page's name for test ids."""
    return str(path.relative_to(ROOT))


def properties(schema: Any) -> set[str]:
    """Every key that a JSON Schema lets stand somewhere."""
    if isinstance(schema, list):
        return set().union(*map(properties, schema))
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("properties", {})).union(*map(properties, schema.values()))


def said(path: Path) -> Iterable[str]:
    """What a page shows in code: marks in its prose, and lines of its blocks that are commands."""
    text = path.read_text(encoding="utf-8")
    yield from code(text)
    for block in blocks(text):
        if block.language in ("", "sh", "console"):
            yield from block.text.splitlines()


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_every_link_inside_the_repository_leads_somewhere(path: Path) -> None:
    """A relative link names a file or folder that is there, and a heading that the page has."""
    astray = []
    for link in links(path.read_text(encoding="utf-8")):
        target, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:") or "{{" in link:
            continue
        there = (path.parent / target).resolve() if target else path
        if not there.exists() or (anchor and anchor not in anchors(there.read_text(encoding="utf-8"))):
            astray.append(link)
    assert astray == []


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_every_command_that_a_page_shows_exists(path: Path) -> None:
    """`make X` is a target of the Makefile, `accord X` a command; nobody types what is not there."""
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))
    commands = set(accord.commands) | set(accord.list_commands(None)) | NOT_COMMANDS  # type: ignore[arg-type]
    unknown = []
    for line in said(path):
        unknown += [
            f"make {name}"
            for name in re.findall(r"(?:^|[`$;&|] ?|\d )make ([a-z]+)", line)
            if name not in targets
        ]
        unknown += [
            f"accord {n}"
            for n in re.findall(r"(?:^|[ /`])accord(?: --home \S+)? ([a-z][a-z-]*)", line)
            if n not in commands
        ]
    assert unknown == []


@pytest.mark.parametrize("name", sorted(accord.list_commands(None)))  # type: ignore[arg-type]
def test_every_command_is_documented(name: str) -> None:
    """Each command has its heading on the page of commands, which is made from the code."""
    assert re.search(rf"^## accord {name}\b", page("docs/commands.md"), re.MULTILINE)


def test_every_setting_is_documented() -> None:
    """Whatever the service reads from outside stands in the table of the operator."""
    tree = ast.parse(page("service/settings.py"))
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    settings = {text for text in texts if re.fullmatch(r"[A-Z][A-Z_]{3,}", text)}
    assert {"PORT", "DATABASE_URL", "ACCORD_HOME"} <= settings
    assert settings - words_in_code(section(page("docs/operations.md"), "Settings")) == set()


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "docs/workspace.md"])
def test_every_connector_is_named(name: str) -> None:
    """What Accord talks to can be seen before it is installed."""
    text = page(name)
    assert [c for c in registry.everything() if f"[{c}]" not in text and f"`{c}`" not in text] == []


@pytest.mark.parametrize("schema", ["rules", "scenarios", "texts"])
def test_every_word_of_the_language_is_documented(schema: str) -> None:
    """Each key that rules, scenarios or texts may have is on the page of the language."""
    words = properties(json.loads((SCHEMAS / f"{schema}.schema.json").read_text(encoding="utf-8")))
    assert words - words_in_code(page("docs/rules.md")) == set()


def test_every_word_of_the_workspace_is_documented() -> None:
    """Each key that accord.yaml may have is on the page of the workspace, where it is not the file's own frame."""
    words = properties(json.loads((SCHEMAS / "workspace.schema.json").read_text(encoding="utf-8")))
    assert (
        words - words_in_code(page("docs/workspace.md")) - {"version", "clients", "projects", "connections"}
        == set()
    )


@pytest.mark.parametrize("schema", ["rules", "scenarios", "texts", "workspace"])
def test_every_word_is_in_the_reference_with_what_it_is_for(schema: str) -> None:
    """The page made from the schemas leaves no word out, and only what scenarios compare may go without a sentence."""
    words = properties(json.loads((SCHEMAS / f"{schema}.schema.json").read_text(encoding="utf-8")))
    text = page("docs/words.md")
    assert words - words_in_code(text) == set()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    bare = {line.split("`")[1] for line in rows if line.endswith("|  |")}
    assert bare <= {"add", "remove", "period", "view"}


def test_functions_filters_and_tests_are_documented() -> None:
    """What an expression or a text can call is listed, and nothing else is."""
    text = page("docs/rules.md")
    listed = set(re.findall(r"`(\w+)\(", section(text, "Expressions")))
    assert listed == set(FUNCTIONS) | set(NAME_FUNCTIONS)
    assert set(FILTERS) | set(TESTS) <= words_in_code(section(text, "Texts"))


def test_every_verdict_is_explained() -> None:
    """Each kind of verdict has its row, so that no answer to "why?" is left unexplained."""
    rows = re.findall(r"^\| (`.+?`) \|", section(page("docs/rules.md"), "Why, and why not"), re.MULTILINE)
    kinds = [kind for row in rows for kind in re.findall(r"`(\w+)`", row)]
    assert sorted(kinds) == sorted(get_args(VerdictKind))


def test_what_is_not_there_yet_is_listed() -> None:
    """The words that this version refuses by name stand in the list of what is missing, and no word that it has."""
    text = (SCHEMAS / "rules.schema.json").read_text(encoding="utf-8")
    later = {word for part in re.findall(r'"x-later": (\[.*?\])', text) for word in json.loads(part)}
    rows = re.findall(r"^\| (`.+?) \|", section(page("docs/rules.md"), "Not there yet"), re.MULTILINE)
    listed = {word for row in rows for word in re.findall(r"`(\w+)`", row)}
    assert listed == later - properties(json.loads(text))


def test_every_pack_is_named() -> None:
    """The page of the language links every pack that ships."""
    text = page("docs/rules.md")
    assert [name for name in pack_names() if f"rules/packs/{name}/README.md" not in text] == []


def test_every_page_can_be_reached() -> None:
    """No page of docs/ is an orphan: the index leads to it, or to its folder."""
    reached = {(ROOT / "docs" / link.partition("#")[0]).resolve() for link in links(page("docs/index.md"))}
    pages = {path.resolve() for path in PAGES if path.is_relative_to(ROOT / "docs")}
    assert [shown(p) for p in pages if p.name != "index.md" and not reached & {p, p.parent}] == []


def test_both_readmes_say_the_same_things() -> None:
    """The same commands, the same samples of code, the same places to go, in both languages."""
    english, chinese = page("README.md"), page("README.zh-CN.md")
    commands = {"sh": r"^[^#\n]+?(?= *#|$)", "console": r"^\$ .*$"}
    for language, pattern in commands.items():
        in_each = [
            [re.findall(pattern, block.text, re.MULTILINE) for block in blocks(text, language)]
            for text in (english, chinese)
        ]
        assert in_each[0] == in_each[1]
    leads = [
        {link.partition("#")[0] for link in links(text)} - {"README.md", "README.zh-CN.md"}
        for text in (english, chinese)
    ]
    assert leads[0] == leads[1]
    assert [len(re.findall(r"^## ", text, re.MULTILINE)) for text in (english, chinese)] in (
        [n, n] for n in range(20)
    )
