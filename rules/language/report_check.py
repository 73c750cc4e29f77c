"""Reports that a rule sends, held against who reads them.

In: an action `report`, or a mail with `attach`, its recipients, the names in reach. Out: problems.
"""

from __future__ import annotations

from collections.abc import Iterable

from rules.language.names import TypeEnv
from rules.language.recipients import Recipient
from rules.language.reports import LOCALES
from rules.language.sources import Source
from rules.language.wording import choose


def check_report(action: Source, kind: str, recipients: Iterable[Recipient], env: TypeEnv) -> None:
    """A report needs a project; the team's view is for the team; a reader of neither language gets English."""
    found = list(recipients)
    if "project.id" not in env.names:
        place = "period" if kind == "report" else "attach"
        hint = "write `for_each: project` in `every`, or react to an event of a project"
        action.tell(f"a report is about a project, and none is known {env.where}", hint, place)
    if kind == "report" and action.get("view") == "team":
        reader = next((one for one in found if one.client_reads), None)
        if reader is not None:
            told = f"the team's view shows cost and open findings, and `{reader.word}` is the client's"
            action.tell(told, "write view: client, or send it to project.ROLE", "view")
    others = [
        p for one in found for p in one.people if choose(dict.fromkeys(LOCALES, True), p.locale) is None
    ]
    if others:
        told = (
            f"reports are written in {' and '.join(LOCALES)}, and {others[0].name} reads {others[0].locale}"
        )
        action.tell(told, "the report comes in English", "to", severity="warning")
