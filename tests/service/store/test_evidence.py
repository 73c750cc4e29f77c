"""The chain of evidence as it is stored: one after the other, whoever appends at once, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from rules.facts.evidence import unfit, verify_chain
from service.store import evidence
from service.store.database import Database
from tests.support.seeding import NOW


def appended(database: Database, number: int) -> int:
    with database.writing() as connection:
        sequence, _ = evidence.append(connection, "apollo", {"n": number}, NOW, {"name": f"Ann {number}"})
    return sequence


def test_of_many_who_append_at_once_each_gets_a_place(database: Database) -> None:
    """No place twice, no gap, nothing refused; the chain verifies, and each name is the one that was committed to."""
    appended(database, 0)
    with ThreadPoolExecutor(6) as threads:
        places = list(threads.map(lambda n: appended(database, n), range(1, 25)))
    assert sorted(places) == list(range(2, 26))
    with database.reading() as connection:
        chain = evidence.chain_of(connection, "apollo")
        assert evidence.head_of(connection, "apollo") == (25, chain[-1]["hash"])
    assert verify_chain((link["record"], link["hash"]) for link in chain) == []
    assert [unfit(link["record"], link["opened"]) for link in chain] == [[]] * 25
