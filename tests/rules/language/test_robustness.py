"""Whatever somebody writes or pastes, the language answers with problems: it never crashes and never hangs."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.language.documents import read
from rules.language.expressions import compile_expression
from rules.language.model import UNKNOWN, ExpressionError, Position, Text
from rules.language.names import environment
from rules.language.text_check import inspect
from rules.language.texts import TextError, render
from tests.rules.language.small_workspace import load

HERE = Position("f.yaml", 1, 1)
NAMES = environment(["issue.changed", "ledger.posted"], words=["crosses"])

WORDS = st.sampled_from(
    [
        *(
            "budget.used",
            "entry.amount",
            "issue.due",
            "today",
            "now",
            "issue.labels",
            "issue.status",
            "level",
            "x",
            "vars.y",
        ),
        *("and", "or", "not", "in", "if", "else", "true", "false", "none"),
        *(
            "==",
            "!=",
            "<",
            "<=",
            ">",
            ">=",
            "+",
            "-",
            "*",
            "/",
            "(",
            ")",
            "[",
            "]",
            ",",
            "=",
            "&&",
            "%",
            "{{",
            "}}",
        ),
        *("80%", "2000 CNY", "5 USD", "3wd", "2h", "0", "1.5", '"text"', "'it'", '"', "，", "“"),
        *("max(", "len(", "known(", "before(", "convert(", "matches(", "day(", "round("),
    ]
)
LINES = st.sampled_from(
    [
        *(
            "version: 1\n",
            "rules:\n",
            "  - id: one\n",
            "    when: ledger.posted\n",
            "    if: budget.used > 80%\n",
            "    do:\n",
        ),
        *(
            "      - task: {to: project.lead, text: note}\n",
            "      - email: {to: client.billing, text: cost}\n",
        ),
        *(
            "    crosses: {value: budget.used, levels: [80%]}\n",
            '    every: {cron: "0 16 * * FRI"}\n',
            "use: [sample]\n",
        ),
        *(
            "override:\n",
            "  - {rule: sample/levels, set: {levels: [1%]}}\n",
            "\t",
            "  ",
            "- ",
            "{",
            "[",
            "]",
            "}",
            ": ",
            "#",
        ),
        *(
            "&a ",
            "*a",
            "!x ",
            "|\n",
            ">\n",
            '"',
            "'",
            "? ",
            "no",
            "010",
            "---\n",
            "...\n",
            "%YAML 1.1\n",
            "变更",
            "\u2028",
        ),
    ]
)


@given(st.lists(WORDS, max_size=30).map(" ".join) | st.text(max_size=60))
@settings(max_examples=400, deadline=None)
def test_any_text_compiles_or_is_explained(text: str) -> None:
    """An expression is compiled, or every problem has a place inside it and a message."""
    found, problems = compile_expression(text, HERE, NAMES)
    assert (found is None) == bool(problems)
    for problem in problems:
        assert problem.message
        assert 1 <= problem.at.column <= len(text) + 1
    if found is not None:
        found.trace(lambda _: UNKNOWN)


VALUES = st.sampled_from([UNKNOWN, None, True, 0, 3, "text", ["a", UNKNOWN], (), {"a": 1}, HERE]) | st.text(
    max_size=5
)


@given(
    st.lists(WORDS, max_size=14).map(" ".join), st.dictionaries(st.sampled_from(sorted(NAMES.names)), VALUES)
)
@settings(max_examples=400, deadline=None)
def test_any_data_gives_a_value_or_an_expression_error(text: str, known: dict[str, Any]) -> None:
    """Data of the wrong kind is refused as an ExpressionError, never as an error of Python."""
    found, _ = compile_expression(text, HERE, NAMES)
    if found is None:
        return
    with contextlib.suppress(ExpressionError):
        found.value(lambda name: known.get(name, UNKNOWN))
    found.trace(lambda name: known.get(name, UNKNOWN))


@given(st.lists(LINES, max_size=25).map("".join) | st.text(max_size=120))
@settings(max_examples=300, deadline=None)
def test_any_file_is_read_or_explained(text: str) -> None:
    """YAML or not: a document, or at least one problem with a place."""
    document, problems = read(text, "f.yaml")
    assert document is not None or problems
    for problem in problems:
        assert problem.message
        assert problem.at.line >= 1
        assert problem.at.column >= 1


@given(st.lists(LINES, max_size=20).map("".join))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_rule_file_loads_or_is_explained(text: str) -> None:
    """No rule file brings the loader down."""
    found, problems = load("version: 1\nrules:\n" + text)
    assert (found is None) == any(p.severity == "error" for p in problems)


@given(
    st.lists(
        st.sampled_from(
            [
                "{{",
                "}}",
                "{%",
                "%}",
                "{#",
                " if ",
                " x ",
                "endif",
                "for a in x",
                "endfor",
                "|",
                "money",
                ".y",
                "()",
                "[0]",
                "is known",
                "'",
                "*",
                "~",
                "\n",
            ]
        ),
        max_size=16,
    ).map("".join)
)
@settings(max_examples=300, deadline=None)
def test_any_template_is_inspected_and_rendered_or_refused(source: str) -> None:
    """A template is fine, or its fault has a place; rendering it unchecked raises nothing but TextError."""
    for fault in inspect(source)[1]:
        assert fault.message
        assert 0 <= fault.offset <= len(source)
    with contextlib.suppress(TextError):
        render(Text(source, source, "", HERE), {"x": {"y": ["a"]}}, "en", "UTC")


def test_long_and_deep_input_ends_quickly() -> None:
    """Limits are told, not felt."""
    for text in (
        "(" * 5000,
        "not " * 1000,
        "-" * 1999,
        "[" * 1000,
        "1+" * 900 + "1",
        '"' + "a" * 5000,
        "x." * 900 + "x",
    ):
        _, problems = compile_expression(text, HERE, NAMES)
        assert problems
    deep = "{% if x %}" * 400
    assert inspect(deep)[1]
