"""When something comes round, as it is written: a cron line and a zone.

In: the words of a rule or of a project. Out: what is wrong with them and the mend, or nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from rules.facts.calendar import BadCalendar, zone_of

PARTIES = ("client", "team", "project")
_ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def refused_cron(line: str) -> tuple[str, str] | None:
    """What is wrong with a cron line, and what to write; none for one that comes round."""
    try:
        next(CronSim(line, _ANY_DAY))
    except CronSimError as error:
        hint = 'five fields: minute hour day month weekday, such as "0 16 * * FRI" for Fridays at 16:00'
        return f"`{line}` is no schedule: {str(error).lower()}", hint
    except StopIteration:
        return f"`{line}` never comes", "check the day and the month"
    return None


def refused_zone(zone: str) -> tuple[str, str] | None:
    """What is wrong with the zone of a schedule, and what to write; none for a party or a zone that there is."""
    if zone in PARTIES:
        return None
    try:
        zone_of(zone)
    except BadCalendar:
        return f"there is no time zone `{zone}`", "client, team, project, or a zone such as Asia/Shanghai"
    return None
