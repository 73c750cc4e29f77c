"""The ground all connectors stand on: finding them, marking what we write, polling in rounds, hiding secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import polling, registry
from connectors.base import ConnectorError, Message, Operation, Settings
from connectors.http import Answer
from connectors.markers import bears, is_ours, marker
from connectors.operations import listed, receipt, refused, text_of
from connectors.polling import PAGES, Place, poll
from connectors.redaction import hidden, redact
from rules.facts.event import SourceEvent

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


# Finding


def test_connectors_are_found_by_folder() -> None:
    """A folder is a connector, a module beside them is not."""
    assert {"jira", "github"} <= set(registry.names())
    assert not {"base", "http", "signatures"} & set(registry.names())
    assert registry.load("jira").title == "Jira"
    assert set(registry.everything()) == set(registry.names())


def test_an_unknown_connector_is_refused_with_the_ones_there_are() -> None:
    """So that a misspelt name in the workspace explains itself; a path is no name."""
    for name in ("jirra", "", "../rules", "jira.act"):
        with pytest.raises(LookupError, match=r"there are: .*jira"):
            registry.load(name)


# Marking


@given(key=st.text(max_size=40), text=st.text(max_size=80))
def test_a_marked_text_is_ours_and_bears_its_own_key_only(key: str, text: str) -> None:
    """Whatever the text: at its end, alone in a line or unseen in a comment of markup, also with other line ends."""
    for end in (marker(key), f"<!-- {marker(key)} -->"):
        for marked in (f"{text}\n\n{end}", f"{text}\r\n\r\n{end}\r\n", end):
            assert is_ours(marked)
            assert bears(marked, key)
            assert not bears(marked, key + "x")


def test_a_quoted_marker_is_not_ours() -> None:
    """Someone answers below or above our text, or quotes it line by line."""
    ours = f"80% is spent.\n\n{marker('act_1')}"
    for text in (f"{ours}\n\nWhy?", f"> {ours}".replace("\n", "\n> "), f"see {marker('act_1')}", ""):
        assert not is_ours(text)
        assert not bears(text, "act_1")


# Polling


def happened(key: str) -> SourceEvent:
    """Something."""
    return SourceEvent("issue.changed", NOW, key, "1", {}, {})


def reader(
    pages: list[list[str]],
) -> tuple[Callable[[Place], tuple[list[SourceEvent], Place | None]], list[Place]]:
    """A function that reads these pages, one after the other, and the places it was asked for."""
    asked: list[Place] = []

    def page(place: Place) -> tuple[list[SourceEvent], Place | None]:
        asked.append(place)
        number = int(place.page or 0)
        following = place.at("all", str(number + 1)) if number + 1 < len(pages) else None
        return [happened(key) for key in pages[number]], following

    return page, asked


def test_the_first_poll_begins_where_it_is_told_or_now() -> None:
    """`since` of the connection; without it nothing of the past, and a cursor to go on from."""
    page, asked = reader([["a"]])
    events, cursor = poll(Settings("t", {}), "", NOW, page)
    assert (events, asked) == ([], [])
    assert json.loads(cursor)["since"] == NOW.isoformat()
    poll(Settings("t", {"since": "2026-11-01"}), "", NOW, page)
    assert asked[0].after == datetime(2026, 11, 1, tzinfo=UTC) - timedelta(minutes=2)


def test_a_round_looks_at_what_changed_since_a_little_before_the_last_one_began() -> None:
    """Not since it ended: what changed while it was reading is not lost."""
    page, asked = reader([["a"], ["b"]])
    events, cursor = poll(Settings("t", {}), "since:2026-11-20T09:00:00Z", NOW, page)
    assert [event.key for event in events] == ["a", "b"]
    poll(Settings("t", {}), cursor, NOW + timedelta(minutes=1), page)
    assert asked[-1].after == NOW - timedelta(minutes=2)


def test_a_long_round_goes_on_where_it_stopped() -> None:
    """Bounded pages a poll; the round keeps its beginning over several polls, so nothing falls between."""
    page, asked = reader([[str(number)] for number in range(PAGES + 3)])
    first, cursor = poll(Settings("t", {}), "since:2026-11-20T09:00:00Z", NOW, page)
    rest, end = poll(Settings("t", {}), cursor, NOW + timedelta(minutes=1), page)
    assert [event.key for event in first + rest] == [str(number) for number in range(PAGES + 3)]
    assert {place.since for place in asked} == {"2026-11-20T09:00:00+00:00"}
    assert json.loads(end) == {"since": NOW.isoformat(), "started": NOW.isoformat(), "step": "", "page": ""}


def test_a_backfill_ends() -> None:
    """Polled again at once there is nothing new, and the cursor stays: whoever reads until then has all."""
    page, asked = reader([["a"]])
    _, cursor = poll(Settings("t", {}), "since:2026-01-01T00:00:00Z", NOW, page)
    assert poll(Settings("t", {}), cursor, NOW + timedelta(seconds=5), page) == ([], cursor)
    assert len(asked) == 1
    assert polling.poll(Settings("t", {}), cursor, NOW + timedelta(minutes=1), page)[0]


# Acting


def test_what_acting_shares() -> None:
    """Short text before body; one name or several; a receipt even from an answer nobody can read; a refusal."""
    assert text_of(Operation("comment", "a", message=Message(body=" long ", short=" short "))) == "short"
    assert text_of(Operation("comment", "a", message=Message(body=" long "))) == "long"
    assert [listed(value) for value in (None, "", "a", ["a", 7], ())] == [[], [], ["a"], ["a", "7"], []]
    found = [receipt(Answer(201, {}, body), "id") for body in (b'{"id": 7}', b'{"key": 1}', b"<html>", b"")]
    assert found == ["7", None, None, None]
    error = refused(Settings("tracker", {}), "no")
    assert isinstance(error, ConnectorError)
    assert (str(error), error.retryable) == ("tracker: no", False)


# Hiding

WORDS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=6, max_size=30)


@given(secret=WORDS, other=WORDS, around=st.text(' :;{}\n"', max_size=20))
def test_no_setting_survives_in_a_text(secret: str, other: str, around: str) -> None:
    """At any depth of the settings, wherever it stands, also where one secret is a part of another."""
    known = Settings("t", {"token": secret, "deep": {"list": [secret + other]}}, (other,))
    shown = redact(f"{around}{secret}{around}{secret}{other} {other}", hidden(known))
    assert shown == f"{around}***{around}*** ***"


def test_names_and_addresses_stay_readable() -> None:
    """What is no secret is not hidden: an error has to say where it happened."""
    known = Settings(
        "t", {"base_url": "https://tracker.example", "user": "bot@northwind.example", "token": "abcdefgh"}
    )
    text = "bot@northwind.example at https://tracker.example with abcdefgh and Basic Ym90OmFiY2RlZmdo"
    said = redact(
        text, hidden(known), {"Authorization": "Basic Ym90OmFiY2RlZmdo", "Accept": "application/json"}
    )
    assert said == "bot@northwind.example at https://tracker.example with *** and Basic ***"
