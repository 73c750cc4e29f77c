"""`accord calendar`: which days a calendar works in a year, as rules, reminders and deadlines see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from service.cli import FINE, WRONG_USE, Invocation

if TYPE_CHECKING:
    from rules.facts.calendar import WorkCalendar


@click.command()
@click.argument("name")
@click.option("--year", type=click.IntRange(1970, 2200), help="The year; else this one.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def command(invocation: Invocation, name: str, year: int | None, as_json: bool) -> int:
    """Show the days off and the make-up workdays of NAME: a calendar of the workspace, or a country such as CN."""
    year = year or datetime.now(UTC).year
    calendar = _calendar(invocation, name)
    if isinstance(calendar, str):
        click.echo(calendar, err=True)
        return WRONG_USE
    shown = _year(calendar, year)
    click.echo(json.dumps(shown, ensure_ascii=False, indent=2) if as_json else "\n".join(_lines(name, shown)))
    return FINE


def _calendar(invocation: Invocation, name: str) -> WorkCalendar | str:
    """The calendar, or why there is none."""
    from rules.facts.calendar import BadCalendar, make_calendar
    from service.cli._files import MAIN, read_files

    known: dict[str, WorkCalendar] = {}
    if (invocation.home / MAIN).exists():
        files = read_files(invocation.home)
        if files.workspace is None:
            return "the workspace cannot be read: accord check says what is wrong with it"
        known = dict(files.workspace.calendars)
    try:
        return known.get(name) or make_calendar(name, name)
    except BadCalendar as error:
        return f"{error}; calendars of this workspace: {', '.join(known) or 'none'}"


def _year(calendar: WorkCalendar, year: int) -> dict[str, Any]:
    from rules.facts.calendar import WEEKDAYS, is_working, unconfirmed, working_days_between

    day, last = date(year, 1, 1), date(year, 12, 31)
    off: list[date] = []
    made_up: list[date] = []
    while day <= last:
        usual, works = day.weekday() in calendar.week, is_working(calendar, day)
        (off if usual and not works else made_up if works and not usual else []).append(day)
        day += timedelta(days=1)
    return {
        "name": calendar.name,
        "country": calendar.country,
        "year": year,
        "week": [WEEKDAYS[n] for n in sorted(calendar.week)],
        "working_days": working_days_between((calendar,), date(year - 1, 12, 31), last),
        "days_off": [d.isoformat() for d in off],
        "make_up_workdays": [d.isoformat() for d in made_up],
        "confirmed": not unconfirmed(calendar, year),
    }


def _lines(name: str, shown: dict[str, Any]) -> Iterator[str]:
    base = f", {shown['country']}" if shown["country"] and shown["country"] != name else ""
    yield f"{name}{base}, {shown['year']}: {shown['working_days']} working days, {' '.join(shown['week'])}"
    if not shown["confirmed"]:
        yield "  the official notice for this year is not known yet: no make-up days, and holidays may move"
    for title, days in (("days off", shown["days_off"]), ("make-up workdays", shown["make_up_workdays"])):
        yield f"  {title}:" + ("" if days else " none")
        yield from (f"    {days[0]} {span}" for days, span in _spans(days))


def _spans(days: list[str]) -> Iterator[tuple[list[str], str]]:
    """Days that follow each other as one line."""
    run: list[date] = []
    for day in [*(date.fromisoformat(d) for d in days), None]:
        if run and (day is None or day != run[-1] + timedelta(days=1)):
            end = f"to {run[-1]:%a %m-%d}" if len(run) > 1 else ""
            yield [run[0].isoformat()], f"{run[0]:%a} {end}".rstrip()
            run = []
        if day is not None:
            run.append(day)
