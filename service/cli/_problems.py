"""Problems in the formats that people, scripts, GitHub and code scanning read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from rules.language.model import Problem

FORMATS: Final = ("text", "json", "github", "sarif")


def written(problems: Sequence[Problem], form: str) -> str:
    """The problems in one of FORMATS; nothing at all for none of them in a format of lines."""
    return _FORMS[form](problems)


def counted(problems: Sequence[Problem]) -> str:
    """How many of each severity, in words."""
    errors = sum(p.severity == "error" for p in problems)
    warnings = len(problems) - errors
    return ", ".join(
        f"{n} {word}{'' if n == 1 else 's'}" for n, word in ((errors, "error"), (warnings, "warning"))
    )


def _text(problems: Sequence[Problem]) -> str:
    return "\n".join(f"{p.at}: {p.severity}: {_said(p)}" for p in problems)


def _json(problems: Sequence[Problem]) -> str:
    return json.dumps([_plain(p) for p in problems], ensure_ascii=False, indent=2)


def _github(problems: Sequence[Problem]) -> str:
    lines = []
    for p in problems:
        place = f"file={_property(p.at.path)},line={p.at.line},col={p.at.column}"
        lines.append(f"::{p.severity} {place}::{_data(_said(p))}")
    return "\n".join(lines)


def _sarif(problems: Sequence[Problem]) -> str:
    driver = {
        "name": "accord",
        "informationUri": "https://example.com/accord",
        "rules": [{"id": "accord/check"}],
    }
    results = [
        {
            "ruleId": "accord/check",
            "level": p.severity,
            "message": {"text": _said(p)},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": quote(p.at.path)},
                        "region": {"startLine": p.at.line, "startColumn": p.at.column},
                    }
                }
            ],
        }
        for p in problems
    ]
    whole = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2)


def _plain(problem: Problem) -> Mapping[str, Any]:
    at = problem.at
    return {
        "path": at.path,
        "line": at.line,
        "column": at.column,
        "severity": problem.severity,
        "message": problem.message,
        "hint": problem.hint or None,
    }


def _said(problem: Problem) -> str:
    return f"{problem.message}; {problem.hint}" if problem.hint else problem.message


def _data(text: str) -> str:
    """A message as GitHub's commands want it escaped."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


_FORMS: Final[Mapping[str, Callable[[Sequence[Problem]], str]]] = {
    "text": _text,
    "json": _json,
    "github": _github,
    "sarif": _sarif,
}
