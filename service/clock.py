"""The time of day for the service, in one place so that every other module can be handed a `now`.

Out: an aware UTC datetime. Zones are applied where a person reads or a calendar decides, never here.
"""

from datetime import UTC, datetime

TURN_SECONDS = 5.0
"""How long the clock's process rests between two looks at what is due."""


def now() -> datetime:
    """The current moment as an aware UTC datetime."""
    return datetime.now(UTC)
