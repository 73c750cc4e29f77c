"""Pages of `docs/` that are made from code, so that they cannot disagree with it.

In: the catalogue, the connectors, the commands. Out: Markdown by file name. A test compares the files with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from connectors.base import Connector
from rules.facts.catalogue import BOUND, EVENTS, OBJECTS, STANDING
from service.words_page import words_page

INTRODUCTION = (
    "What rules, texts, scenarios and the API can name. `?` may be `none`; **internal** never reaches a client; "
    "**written** is text that people typed into a tracker, internal unless the project allows it.\n"
)
WORDS = (
    "Every word that the files of a workspace may use, as `accord schema` publishes them for editors and "
    "`accord check` holds files against them. A name with dots is the place where the words stand; `[]` is each of a "
    "list, `*` a key of your own. [rules.md](rules.md) and [workspace.md](workspace.md) say how they work together.\n"
)
MADE = "<!-- Made by `make docs` from the code. Edit the code, not this page. -->\n"


def pages(connectors: Mapping[str, Connector], commands: Mapping[str, click.Command]) -> dict[str, str]:
    """File name under docs/ -> its text."""
    return {
        "facts.md": facts_page(),
        "connectors.md": connectors_page(connectors),
        "commands.md": commands_page(commands),
        "words.md": "\n".join(["# Words\n", MADE, WORDS, *words_page()]),
    }


def facts_page() -> str:
    """Every event, object and field that a rule or text can name."""
    lines = [
        "# Facts\n",
        MADE,
        INTRODUCTION,
        "## Events\n",
        "| event | about | also known |",
        "|---|---|---|",
        *(f"| `{e.name}` | {e.object} | {', '.join(e.also) or '-'} |" for e in EVENTS.values()),
        f"\nEvery event of a project also knows {', '.join(f'`{n}`' for n in STANDING)}.\n",
        "## Bound by a rule\n",
        "| name | type | word that binds it |",
        "|---|---|---|",
        *(f"| `{name}` | {kind} | {word or 'always'} |" for name, (kind, word) in BOUND.items()),
        "\n## Objects\n",
    ]
    for name, fields in OBJECTS.items():
        lines += [f"### {name}\n", "| field | type | |", "|---|---|---|"]
        for field in fields.values():
            marks = [w for w, on in (("internal", field.internal), ("written", field.written)) if on]
            marks += [UNITS[field.unit]] if field.unit else []
            lines.append(
                f"| `{field.name}` | {field.type}{'?' if field.optional else ''} | {', '.join(marks)} |"
            )
        lines.append("")
    return "\n".join(lines)


UNITS = {"wd": "working days; may be compared with `3wd`", "d": "days; may be compared with `3d` or `2w`"}


def connectors_page(connectors: Mapping[str, Connector]) -> str:
    """What Accord can talk to."""
    lines = ["# Connectors\n", MADE]
    for c in connectors.values():
        lines += [
            f"## {c.title}\n",
            f"`connector: {c.name}`. [How to set it up](../connectors/{c.name}/README.md).\n",
            f"- in: {', '.join(f'`{e}`' for e in sorted(c.events)) or 'nothing'}",
            f"- out: {', '.join(f'`{k}` ({o.once})' for k, o in sorted(c.operations.items())) or 'nothing'}\n",
        ]
        if c.settings:
            lines += ["| setting | |", "|---|---|"]
            lines += [f"| `{s.name}`{' (required)' if s.required else ''} | {s.help} |" for s in c.settings]
            lines.append("")
    return "\n".join(lines)


def _each(commands: Mapping[str, click.Command]) -> Iterator[tuple[str, click.Command]]:
    """Every command by its name; those of a group stand in its place."""
    for name, command in commands.items():
        if isinstance(command, click.Group):
            yield from _each({f"{name} {inner}": c for inner, c in command.commands.items()})
        else:
            yield name, command


def commands_page(commands: Mapping[str, click.Command]) -> str:
    """The command line."""
    lines = ["# Commands\n", MADE, "Exit codes: 0 fine, 1 findings, 2 wrong use.\n"]
    for name, command in _each(commands):
        usage = " ".join(
            p.make_metavar(click.Context(command)) for p in command.params if p.param_type_name == "argument"
        )
        lines += [f"## accord {name} {usage}".rstrip() + "\n", f"{(command.help or '').strip()}\n"]
        options = [p for p in command.params if isinstance(p, click.Option)]
        lines += [f"- `{'`, `'.join(o.opts)}`: {o.help or ''}" for o in options]
        if options:
            lines.append("")
    return "\n".join(lines)
