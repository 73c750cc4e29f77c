"""The house rules that no linter knows: sizes, names, and words that do not belong in the repository."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.shared import ROOT

LONGEST_MODULE = 400
LONGEST_FUNCTION = 40
EMPTY_NAMES = {"util", "utils", "common", "manager", "helper", "helpers", "data", "misc", "base_utils"}
TEXTS = {".py", ".md", ".yaml", ".yml", ".toml", ".html", ".css", ".js", ".sh", ".json", ".cfg", ".txt", ""}
# Spelled apart, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "HA" + "CK")) + r")\b")
OF_ONE_MACHINE = re.compile(r"(?<![\w.])/(" + "|".join(("wo" + "rk", "ro" + "ot", "ho" + "me/\\w+")) + r")/")


def tracked() -> list[Path]:
    """The files of the repository, as git knows them; all files where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    names = (
        listed.stdout.split("\0")
        if listed.returncode == 0
        else [str(p.relative_to(ROOT)) for p in ROOT.rglob("*")]
    )
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


FILES = tracked()
MODULES = [path for path in FILES if path.suffix == ".py"]
OURS = [path for path in MODULES if path.relative_to(ROOT).parts[0] in ("service", "rules", "connectors")]


def shown(paths: list[Path]) -> list[str]:
    """Names for test ids."""
    return [str(path.relative_to(ROOT)) for path in paths]


def test_modules_fit_into_one_sitting() -> None:
    """A module past 400 lines wants to be split."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in OURS}
    assert not {str(p.relative_to(ROOT)): n for p, n in lengths.items() if n > LONGEST_MODULE}


def test_functions_fit_on_a_screen() -> None:
    """A function past 40 lines, its docstring not counted, wants to be split; a migration is a list, not a function."""
    long = {}
    for path in OURS:
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _lines(node) > LONGEST_FUNCTION:
                long[f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"] = _lines(node)
    assert not long


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (node.end_lineno or node.lineno) - body[0].lineno + 1 if body else 0


def test_names_say_what_a_thing_is() -> None:
    """No module and no class is called after nothing in particular."""
    modules = {path for path in OURS if path.stem in EMPTY_NAMES or path.parent.name in EMPTY_NAMES}
    classes = {
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in OURS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and re.search(r"(Manager|Helper|Utils?)$", node.name)
    }
    assert not modules
    assert not classes


def test_every_test_says_its_promise() -> None:
    """A test reads like documentation: its docstring says what may be relied on."""
    silent = {
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in MODULES
        if path.relative_to(ROOT).parts[0] == "tests" and path.name.startswith("test_")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    }
    assert not silent


def test_nothing_is_left_for_later_in_the_code() -> None:
    """What is not done is not promised by a note in the code."""
    found = {
        f"{path.relative_to(ROOT)}:{number}"
        for path in FILES
        if path.suffix in TEXTS
        for number, line in enumerate(
            path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1
        )
        if UNFINISHED.search(line)
    }
    assert not found


def test_nothing_depends_on_one_machine() -> None:
    """No path of a developer's machine stands anywhere."""
    found = {
        f"{path.relative_to(ROOT)}:{number}"
        for path in FILES
        if path.suffix in TEXTS
        for number, line in enumerate(
            path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1
        )
        if OF_ONE_MACHINE.search(line)
    }
    assert not found


@pytest.mark.parametrize("path", pages := [path for path in FILES if path.suffix == ".md"], ids=shown(pages))
def test_links_between_pages_resolve(path: Path) -> None:
    """A link to another file, and to a heading in it, leads somewhere."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = path.parent / name if name else path
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in _anchors(file)):
            broken.append(target)
    assert not broken


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+\s+(.+?)\s*#*$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-") for heading in headings
    }
