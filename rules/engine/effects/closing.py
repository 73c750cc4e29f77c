"""The end of a project: its states in, a scorecard and retrospective figures on record, and who is asked how it went.

The figures are worked out from the record when the closing begins, whenever an answer comes in meanwhile, and once more
when the project is closed; then they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rules.engine.effects import projects, surveys
from rules.engine.effects.shapes import Act, Applied
from rules.engine.parties import project_calendars
from rules.engine.state import Book
from rules.facts.budget import budget_facts
from rules.facts.event import Event, Record
from rules.facts.project import Project, Workspace
from rules.facts.scorecard import retrospective, scorecard
from rules.facts.survey import team_pulse


def stepped(act: Act) -> Applied:
    """`project.closing` and `project.closed`: its status, its figures, and at the beginning of the end the surveys."""
    done = projects.stepped(act)
    project = act.project
    if project is None:
        return done
    asked = surveys.closing(act, project) if act.event.type == "project.closing" else ()
    keep(act, project, final=act.event.type == "project.closed")
    return Applied(done.event, (*done.caused, *asked))


def noted(act: Act, event: Event) -> None:
    """Bring the figures of a project that is being closed up to date after an answer or a step of something they
    count.
    """
    project = act.project
    if project is None or event.type not in _COUNTED:
        return
    kept = act.draft.get("closing", project.id)
    if kept is not None and not kept["final"]:
        keep(act, project, final=False)


def keep(act: Act, project: Project, *, final: bool) -> None:
    """The figures of now on record."""
    known = act.draft.get("closing", project.id)
    if known is not None and known["final"]:
        return
    fields = figures(project, act.draft, act.state.workspace)
    begun = known["begun_at"] if known else act.event.at
    act.draft.put(
        "closing", act.new(project, project.id, **fields, begun_at=begun, at=act.event.at, final=final)
    )


def figures(project: Project, book: Book, workspace: Workspace) -> dict[str, Any]:
    """Scorecard, retrospective and the team's pulse, as of the records."""

    def of(kind: str) -> list[Mapping[str, Any]]:
        return list(book.find(kind, project.id))

    baseline, sums = book.get("baseline", project.id), book.get("sums", project.id)
    budget: Record | None = budget_facts(baseline, sums) if baseline is not None else None
    cals, zone = project_calendars(project, workspace), project.time_zone
    answers = of("survey")
    return {
        "scorecard": scorecard(of("milestone"), budget, answers, of("issue"), cals, zone),
        "retrospective": retrospective(
            of("change"), of("meeting"), of("delay"), project.currency, cals, zone
        ),
        "team_pulse": team_pulse(answers),
    }


_COUNTED: Final = frozenset(
    {"survey.answered", "milestone.accepted", "milestone.deemed_accepted", "change.applied", "minutes.sent"}
)
