"""What people answer when they are asked how it goes: answers in, CSAT and NPS out.

A pulse and a CSAT have answers from 1 to 5, an NPS from 0 to 10. Figures come from answers alone; who did not answer
counts nowhere, and without an answer there is no figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from rules.facts.event import Event, Record

SCALES: Final[Mapping[str, tuple[int, int]]] = {"pulse": (1, 5), "csat": (1, 5), "nps": (0, 10)}
# What one page asks: at the end of a project both figures, and one remark for them.
QUESTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "pulse": ("pulse",),
    "closing": ("csat", "nps"),
    "csat": ("csat",),
    "nps": ("nps",),
}
# What few said of their own team is shown to nobody: it would name who said it.
FEWEST_OF_TEAM: Final = 3
_CONTENT: Final = 4
_PROMOTERS: Final = 9
_DETRACTORS: Final = 6


def fits(kind: str, score: Any) -> bool:
    """Whether a score lies on the scale of its question."""
    low, high = SCALES.get(kind, (1, 0))
    return isinstance(score, int) and not isinstance(score, bool) and low <= score <= high


def csat(scores: Iterable[int]) -> Decimal | None:
    """The share of answers 4 and 5; none without an answer."""
    given = list(scores)
    return Decimal(sum(s >= _CONTENT for s in given)) / len(given) if given else None


def nps(scores: Iterable[int]) -> int | None:
    """The percentage of 9 and 10 less that of 0 to 6, to the whole number; none without an answer."""
    given = list(scores)
    if not given:
        return None
    over = sum(s >= _PROMOTERS for s in given) - sum(s <= _DETRACTORS for s in given)
    return int((Decimal(over * 100) / len(given)).to_integral_value(rounding="ROUND_HALF_UP"))


def mean(scores: Iterable[int]) -> Decimal | None:
    """The average answer, to two decimals; none without one."""
    given = list(scores)
    return (Decimal(sum(given)) / len(given)).quantize(Decimal("0.01")) if given else None


def scores_of(surveys: Iterable[Mapping[str, Any]], kind: str, party: str = "client") -> list[int]:
    """The answers to one question by one side, in the order of the records."""
    return [
        s["score"]
        for s in surveys
        if s.get("kind") == kind and s.get("party", "client") == party and s.get("score") is not None
    ]


def satisfaction(surveys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the client's answers come to: csat, nps, pulse (mean), asked and answered."""
    of_client = [s for s in surveys if s.get("party", "client") == "client"]
    return {
        "csat": csat(scores_of(of_client, "csat")),
        "nps": nps(scores_of(of_client, "nps")),
        "pulse": mean(scores_of(of_client, "pulse")),
        "asked": sum(not s.get("with") for s in of_client),
        "answered": sum(s.get("score") is not None and not s.get("with") for s in of_client),
    }


def team_pulse(surveys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the team's answers come to; the mean is none while fewer than FEWEST_OF_TEAM have answered."""
    given = scores_of(surveys, "pulse", "team")
    asked = sum(s.get("party") == "team" for s in surveys)
    return {
        "mean": mean(given) if len(given) >= FEWEST_OF_TEAM else None,
        "asked": asked,
        "answered": len(given),
    }


def unnamed(survey: Record) -> Record:
    """A survey as people and programs see it: one of the team without who was asked and what they wrote."""
    if survey.get("party") != "team":
        return survey
    return {**survey, "contact": None, "remark": None}


def unnamed_event(event: Event) -> Event:
    """An event as people and programs see it; one about a survey of the team leads to nobody, by its id neither."""
    survey = event.objects.get("survey")
    if survey is None or survey.get("party") != "team":
        return event
    seen = {**unnamed(survey), "id": None}
    before = {k: v for k, v in event.before.items() if k not in ("contact", "remark", "id")}
    return replace(event, objects={**event.objects, "survey": seen}, before=before, person=None, key=None)
