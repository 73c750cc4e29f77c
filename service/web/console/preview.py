"""What a message says: the text as it left, or, before that, as it would leave now.

In: an action's row. Out: `Text` in its parts, or the sentence that says why it cannot be made. Addresses that open a
client's page are masked: what a client decides is for the client alone to open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import current_app

from rules.engine.noise import is_gathered
from rules.engine.release import with_items
from rules.engine.verdicts import Planned
from service.links import MASK, masked
from service.outgoing import Refusal, address_of, message_of
from service.renderer import RenderError
from service.state import Context
from service.store.actions import decode


@dataclass(frozen=True, slots=True)
class Text:
    """A message in its parts. `problem` says why there is none; `left` whether these are the very words that left."""

    subject: str = ""
    body: str = ""
    html: str | None = None
    left: bool = False
    problem: str | None = None


def text_of(context: Context, row: Mapping[str, Any]) -> Text:
    """What the message says or would say."""
    if row["body"] is not None:
        return Text(row["subject"] or "", masked(row["body"]), _or_none(row["html"]), left=True)
    planned = _as_said(context, row, _without_link(decode(row["data"])))
    found = address_of(context, planned)
    if isinstance(found, Refusal):
        return Text(problem=str(found))
    try:
        made = message_of(
            context, current_app.extensions["accord_tools"], planned, row["ruleset"] or "", found[0]
        )
    except (RenderError, Refusal) as problem:
        return Text(problem=str(problem))
    return Text(made.subject, masked(made.body), _or_none(made.html))


def _as_said(context: Context, row: Mapping[str, Any], planned: Planned) -> Planned:
    """What waits for a digest as that would say it alone: the others join when it leaves."""
    rule = context.rulebook.of(row["ruleset"] or "").rules.get(planned.rule)
    alone = rule is not None and is_gathered(planned, rule) and "items" not in planned.names
    return with_items([planned]) if alone else planned


def _or_none(html: str | None) -> str | None:
    return masked(html) if html else None


def _without_link(planned: Planned) -> Planned:
    """The same intention with its address and its code masked: looking makes no link."""
    shown = {"link": f"/a/{MASK}", "code": MASK}
    masks = {k: v for k, v in shown.items() if k in planned.keys}
    keys = {k: v for k, v in planned.keys.items() if k not in masks}
    return replace(planned, keys=keys, names={**planned.names, **masks})
