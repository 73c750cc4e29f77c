"""`accord cards`: every rule in plain words, for people who do not read YAML, and for the client."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli import FINE, Invocation

if TYPE_CHECKING:
    from rules.cards import Card


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path, exists=True))
@click.option("--locale", default="en", help="en or zh-CN.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(invocation: Invocation, path: Path | None, locale: str, as_json: bool) -> int:
    """Print each rule of the workspace as one plain sentence with a sample of what it sends."""
    from rules.cards import cards
    from service.cli._files import home_of, read_files

    files = read_files(home_of((path or invocation.home).resolve()))
    if files.workspace is None or files.rules is None:
        lines = ["the files cannot be used:", *(str(p) for p in files.problems if p.severity == "error")]
        raise click.ClickException("\n".join(lines))
    found = list(cards(files.rules, files.workspace, locale))
    if as_json:
        click.echo(json.dumps([asdict(card) for card in found], ensure_ascii=False, indent=2))
    else:
        click.echo("\n\n".join(_text(card, chinese=locale.lower().startswith("zh")) for card in found))
    return FINE


def _text(card: Card, *, chinese: bool) -> str:
    off = ("（已停用）" if chinese else " (switched off)") if card.disabled else ""
    lines = [f"{card.title}{off}  [{card.rule}]", f"  {card.sentence}"]
    if card.body:
        sample = [*([card.subject] if card.subject else []), *card.body.splitlines()]
        lines += ["", *(f"  | {_shown(line, chinese=chinese)}".rstrip() for line in sample)]
    return "\n".join(lines)


def _shown(line: str, *, chinese: bool) -> str:
    """A line of a text as a reader sees it: rows of figures without their bars."""
    row = re.fullmatch(r"\| (.+?) \| (.+?) \|", line)
    return f"{row[1]}{'：' if chinese else ': '}{row[2]}" if row else line
