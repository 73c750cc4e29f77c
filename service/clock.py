"""The time of day for the service, in one place so that every other module can be handed a `now`.

Out: an aware UTC datetime. Zones are applied where a person reads or a calendar decides, never here.
"""

from datetime import UTC, datetime


def now() -> datetime:
    """The current moment as an aware UTC datetime."""
    return datetime.now(UTC)
