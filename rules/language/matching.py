"""The `match` of a booking: a condition on an entry or issue that says which documents belong to a project."""

from __future__ import annotations

from rules.language.expressions import compile_expression
from rules.language.model import Expression, Position, Problem
from rules.language.names import TypeEnv, names_of


def compile_match(text: str, at: Position) -> tuple[Expression | None, list[Problem]]:
    """The compiled condition, or every problem of it with its column."""
    return compile_expression(text, at, TypeEnv(names_of(("entry", "issue"))), wanted=("bool",))
