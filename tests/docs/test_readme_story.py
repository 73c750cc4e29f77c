"""The mails that the READMEs show are the ones that the example really sends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from service.cli import main
from tests.docs.markdown import blocks
from tests.support.shared import ROOT

# Saturday evening in New York is Sunday morning in Shanghai: the moment of the run that the READMEs quote.
CLOCK = "2026-11-21 20:47 America/New_York"


def shown(name: str) -> list[list[str]]:
    """The sentences of each message on a page, subject first; rows of figures are left out."""
    found = []
    for block in blocks((ROOT / name).read_text(encoding="utf-8"), "text"):
        lines = [line.removeprefix("Subject: ") for line in block.text.splitlines()]
        if "─" not in block.text:
            found.append([x for x in lines if x.endswith((".", "。", "%", "spent"))])
    return found


def story(alert: dict[str, object], correction: dict[str, object]) -> str:
    """The first story of the demo as a scenario that expects these messages, among others."""
    paid = {"connection": "books", "file": "../payloads/books/INVOICE__bill_91.json"}
    void = {"connection": "books", "file": "../payloads/books/INVOICE__bill_91_voided.json"}
    time = {"connection": "tracker", "file": "../payloads/tracker/worklog_created__apollo.json"}
    steps = [
        {"payload": {**time, "answers": "../payloads/answers/open.json"}},
        {
            "payload": {**paid, "answers": "../payloads/answers/open.json"},
            "expect": [*alert_of(alert), {"chat": {}}, {"chat": {}}],
        },
        {
            "payload": {**void, "answers": "../payloads/answers/voided.json"},
            "expect": [*alert_of(correction), {"chat": {}}],
        },
    ]
    scenario = {"name": "as shown", "workspace": "../accord.yaml", "clock": CLOCK, "steps": steps}
    return json.dumps({"version": 1, "scenarios": [scenario]}, ensure_ascii=False)


def alert_of(said: dict[str, object]) -> list[dict[str, object]]:
    """A mail to the client and a comment for the team, each with what it has to contain."""
    return [
        {"email": {"to": "bob", **part(said, "email")}},
        {"comment": {"target": "APO-1", **part(said, "comment")}},
    ]


def part(said: dict[str, object], kind: str) -> dict[str, object]:
    """What is expected of one of them, where the page shows it."""
    return {"contains": said[kind]} if kind in said else {}


def play(place: Path, text: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Play a scenario in a copy of the example; empty when everything went as it expects."""
    home = place / "agency"
    shutil.copytree(ROOT / "examples" / "agency", home, ignore=shutil.ignore_patterns("var", ".env"))
    file = home / "scenarios" / "shown.yaml"
    file.write_text(text, encoding="utf-8")
    code = main(["test", str(file)])
    printed = capsys.readouterr()
    return "" if code == 0 else printed.out + printed.err


def test_the_english_readme_quotes_the_mails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The alert and its correction, sentence by sentence."""
    alert, correction = shown("README.md")
    assert len(alert) > 3
    assert play(tmp_path, story({"email": alert}, {"email": correction}), capsys) == ""


def test_the_chinese_readme_quotes_mail_and_comments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The client's alert in English, and what the team reads in Chinese."""
    alert, comment, correction = shown("README.zh-CN.md")
    assert "已达 80% 档位" in comment[0]
    text = story({"email": alert, "comment": comment}, {"comment": correction})
    assert play(tmp_path, text, capsys) == ""
