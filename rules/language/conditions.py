"""Expressions where they stand in a file.

In: a place in a document and the names in reach. Out: the compiled expression, or problems at its columns. What YAML
does to expressions is recognised here: comments that were meant as text, truth values, numbers.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from rules.facts.catalogue import BOUND
from rules.facts.duration import BadDuration, Duration
from rules.language.expressions import Compiled, compile_expression
from rules.language.names import TypeEnv
from rules.language.sources import Source

_STARTS_WITH_A_NAME: Final = re.compile(r"[-(\s]*([a-z_]+)\.[a-z_]")


def compile_at(source: Source, env: TypeEnv, wanted: tuple[str, ...] = ()) -> Compiled | None:
    """The expression at a place, none with its problems told. Truth values and numbers of YAML are expressions too."""
    if source.flagged or _torn_by_comment(source):
        return None
    text = source_text(source.value)
    if text is None:
        source.tell("an expression is expected here", "write it bare, such as budget.used >= 80%")
        return None
    found, problems = compile_expression(text, source.at(), env, wanted=wanted, locate=source.inside)
    source.findings.add(*problems)
    return found


def conditions_at(source: Source, env: TypeEnv) -> tuple[Compiled, ...]:
    """The conditions of `if:`: one expression or a list."""
    found = [compile_at(place, env, wanted=("bool",)) for place in source.each()]
    return tuple(one for one in found if one is not None)


def value_at(source: Source, env: TypeEnv) -> Any:
    """A value of an action: an expression when it begins with a name such as change.new_due, or is one that stands
    alone such as today; else as written.
    """
    given = source.value
    if isinstance(given, list):
        return [value_at(place, env) for place in source.each()]
    if not isinstance(given, str):
        return given
    if "{{" in given:
        source.tell(
            "a value is written bare, without {{ }}",
            "write the name alone, such as project.name; sentences belong to `text`",
        )
        return given
    if given in BOUND and given in env.names:
        return compile_at(source, env)
    named = _STARTS_WITH_A_NAME.match(given)
    heads = {name.partition(".")[0] for name in env.names}
    whole = re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", given)
    if named and (named.group(1) in heads or named.group(1) == "vars" or whole):
        return compile_at(source, env)
    return given


def by_when(source: Source, env: TypeEnv) -> Duration | Compiled | None:
    """How long there is, or the day itself by its name."""
    given = str(source.value)
    if "." in given or given == "today":
        return compile_at(source, env, ("date", "time"))
    try:
        return Duration.parse(given)
    except BadDuration:
        hint = "write how long there is: 4h, 3d, 5wd (working days), 2w; or a day: milestone.due"
        source.tell(f"`{source.path[-1]}` cannot be `{given}`", hint)
        return None


def name_at(source: Source, env: TypeEnv) -> str | None:
    """A dotted name as an identity; none where nothing stands, or with the problem told."""
    if source.value is None:
        return None
    found = compile_at(source, env)
    if found is None:
        return None
    if found.names != {found.text.strip()}:
        source.tell(f"`{found.text}` is no name", "write one name, such as project.id")
        return None
    return found.text.strip()


def names_at(source: Source, env: TypeEnv) -> tuple[str, ...]:
    """One name or a list of them, as identities; nothing where nothing stands."""
    found = [name_at(place, env) for place in source.each()]
    return tuple(name for name in found if name)


def source_text(value: Any) -> str | None:
    """What YAML made of an expression, as the expression it was."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    return value if isinstance(value, str) else None


def _torn_by_comment(source: Source) -> bool:
    """`contains(issue.title, "fix #1")` unquoted: YAML ends the value before ` #`."""
    value, rest = source.value, source.rest_of_line().strip()
    if not isinstance(value, str) or not source.plain() or not rest.startswith("#"):
        return False
    if value.count('"') % 2 == 0 and value.count("(") == value.count(")"):
        return False
    hint = "write the whole expression in single quotes, or below `|`"
    source.tell(f"YAML takes `{rest[:30]}` for a comment and ends the expression before it", hint)
    return True
