"""Links to pages of clients: each has an end, which a new mail moves on and nothing brings back once it is revoked."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rules.facts.event import Record
from service import links
from service.store import links as kept
from service.store.links import Link
from tests.support.seeding import NOW, Seed

DAYS = timedelta(days=90)


@pytest.mark.parametrize(
    ("asked", "last"),
    [
        (None, NOW),
        ({"expires_at": NOW + timedelta(days=14)}, NOW + timedelta(days=14)),
        ({"expires_at": NOW - timedelta(days=14)}, NOW),
        ({"expires_on": date(2026, 12, 20)}, datetime(2026, 12, 22, tzinfo=UTC)),
        ({"objections_until": date(2026, 11, 27)}, datetime(2026, 11, 29, tzinfo=UTC)),
    ],
    ids=["a project", "a question", "a question that is over", "a survey", "minutes"],
)
def test_a_link_outlasts_what_it_asks(seed: Seed, asked: Record | None, last: datetime) -> None:
    """Ninety days from when it is sent, or from the last day on which something can be said to it."""
    assert links.until(seed.context.rulebook.workspace, asked, NOW) == last + DAYS


def test_a_mail_that_is_sent_again_moves_the_end_of_its_link_on(seed: Seed) -> None:
    """The same address; never sooner than before, and not after it was revoked."""
    addresses, ends = set(), []
    for days in (1, 9, 4):
        link = Link("project", "apollo", 1, "ann", 1, NOW + timedelta(days=days), revoked=False)
        with seed.context.database.writing() as connection:
            addresses.add(links.make(connection, seed.context.settings, link, NOW))
            newest = kept.newest(connection, "project", "apollo", "ann")
        assert newest is not None
        ends.append((newest.expires_at - NOW).days)
    assert (len(addresses), ends) == (1, [1, 9, 9])
    seed.revoke("project", "apollo", "ann")
    with seed.context.database.writing() as connection:
        assert kept.prolong(connection, "project", "apollo", "ann", NOW + DAYS) == 0
        links.make(connection, seed.context.settings, link, NOW)
        again = kept.newest(connection, "project", "apollo", "ann")
    assert again is not None
    assert again.over(NOW)
