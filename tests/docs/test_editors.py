"""Editors: the YAML language server, driven as an editor drives it, completes and checks with the published schemas.

Needs `yaml-language-server` (npm) on PATH or in the folder that ACCORD_EDITOR_TOOLS names; skipped without it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.shared import ROOT

SCHEMAS = ROOT / "rules" / "language" / "schema"
PLACES = [os.environ.get("ACCORD_EDITOR_TOOLS", ""), str(ROOT / ".editor" / "node_modules" / ".bin")]
SERVER = shutil.which("yaml-language-server") or shutil.which(
    "yaml-language-server", path=os.pathsep.join(filter(None, PLACES))
)
# The server ends its stream when it is told to exit; what never answers is ended after so long.
PATIENCE = 120


class Editor:
    """One open language server: requests and notifications out, answers in the order that the server gives them."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._count = 0
        self._noted: dict[str, list[Any]] = {}

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        """The result of a request."""
        self._count += 1
        self._send({"id": self._count, "method": method, "params": params})
        return self._until(lambda m: m.get("id") == self._count and "method" not in m)["result"]

    def tell(self, method: str, params: dict[str, Any]) -> None:
        """A notification."""
        self._send({"method": method, "params": params})

    def problems(self, uri: str) -> list[str]:
        """What the server says is wrong in a file, as soon as it says so."""
        told = self._until(
            lambda m: m.get("method") == "textDocument/publishDiagnostics" and m["params"]["uri"] == uri
        )
        return [d["message"] for d in told["params"]["diagnostics"]]

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _until(self, wanted: Any) -> dict[str, Any]:
        while True:
            message = self._read()
            if wanted(message):
                return message
            if "method" in message and "id" in message:
                asked = message["params"].get("items", []) if message["params"] else []
                self._send({"id": message["id"], "result": [None for _ in asked]})

    def _read(self) -> dict[str, Any]:
        stream = self._process.stdout
        assert stream is not None
        length = 0
        while (line := stream.readline().strip()) or not length:
            assert line or not stream.closed, "the server is gone"
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
            elif not line:
                assert self._process.poll() is None, "the server is gone"
        found: dict[str, Any] = json.loads(stream.read(length))
        return found


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """The server with an empty folder open and no network to fetch anything from."""
    if SERVER is None:
        pytest.skip("needs yaml-language-server on PATH (npm install yaml-language-server)")
    folder = tmp_path_factory.mktemp("studio")
    process = subprocess.Popen(
        ["timeout", str(PATIENCE), SERVER, "--stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    )
    one = Editor(process)
    able = {"textDocument": {"completion": {"completionItem": {"snippetSupport": False}}}}
    one.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": able})
    one.tell("initialized", {})
    one.tell(
        "workspace/didChangeConfiguration",
        {"settings": {"yaml": {"schemaStore": {"enable": False}, "completion": True, "validate": True}}},
    )
    yield one
    process.kill()
    process.communicate()


def opened(editor: Editor, tmp_path: Path, schema: str, text: str) -> str:
    """A file with the line that names its schema, open in the editor; its address."""
    path = tmp_path / f"{schema}.yaml"
    line = f"# yaml-language-server: $schema={(SCHEMAS / f'{schema}.schema.json').as_uri()}\n"
    about = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": line + text}
    editor.tell("textDocument/didOpen", {"textDocument": about})
    return path.as_uri()


def offered(editor: Editor, uri: str, line: int, column: int) -> set[str]:
    """The words that the editor offers at a place, counted from 0."""
    where = {"textDocument": {"uri": uri}, "position": {"line": line, "character": column}}
    found = editor.ask("textDocument/completion", where)
    return {item["label"] for item in found["items"]}


RULE = """version: 1
rules:
  - id: overrun
    when: ledger.posted
    do:
      - task: {to: project.lead, text: note}
"""


def test_the_words_of_a_rule_are_offered(editor: Editor, tmp_path: Path) -> None:
    """On a new line of a rule, the words that it does not have yet; those of an action in an action."""
    uri = opened(editor, tmp_path, "rules", RULE.replace("    do:", "    \n    do:"))
    words = offered(editor, uri, 5, 4)
    assert {"if", "scope", "crosses", "stays_true_for", "once_per", "digest"} <= words
    assert "id" not in words


def test_actions_are_offered(editor: Editor, tmp_path: Path) -> None:
    """At the start of an entry of `do:`, every action there is."""
    uri = opened(editor, tmp_path, "rules", RULE.replace("task: {to: project.lead, text: note}", ""))
    assert {"email", "task", "request_decision", "open_risk"} <= offered(editor, uri, 6, 8)


@pytest.mark.parametrize("word", ["whn", "crosess"])
def test_a_misspelt_word_is_underlined(editor: Editor, tmp_path: Path, word: str) -> None:
    """A key that no rule has is a problem while it is typed, and names the word."""
    uri = opened(editor, tmp_path, "rules", RULE.replace("    do:", f"    {word}: x\n    do:"))
    assert any(word in problem for problem in editor.problems(uri))


def test_what_is_right_has_no_problem(editor: Editor, tmp_path: Path) -> None:
    """The editor has nothing against the example, nor against the packs."""
    for path in sorted((ROOT / "rules" / "packs").glob("*/rules.yaml")):
        uri = opened(editor, tmp_path / path.parent.name, "rules", path.read_text(encoding="utf-8"))
        assert editor.problems(uri) == []


def test_a_wrong_shape_in_the_workspace_says_the_right_one(editor: Editor, tmp_path: Path) -> None:
    """The words that `accord check` has for a wrong shape are those of the editor."""
    uri = opened(editor, tmp_path, "workspace", "version: 1\npeople:\n  lin: {name: Lin, email: nobody}\n")
    assert any("write a mail address" in problem for problem in editor.problems(uri))


def test_hooks_of_pre_commit_name_commands_and_files() -> None:
    """`.pre-commit-hooks.yaml` has the check and the test, and they run for the files of a workspace."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [hook["entry"] for hook in hooks] == ["accord check", "accord test"]
    assert all(hook["language"] == "python" and hook["pass_filenames"] is False for hook in hooks)
