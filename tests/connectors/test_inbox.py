"""The inbox: answers, bounces and mails of contacts become events, each once, whatever the server does meanwhile."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import ConnectorError, Settings
from connectors.email import connector
from connectors.email.inbox import LONGEST, MOST
from connectors.email.letters import Letter, events_of
from connectors.http import http_client
from rules.facts.event import SourceEvent
from tests.connectors import recorded
from tests.support.standins.imap import NOON, Fault, ImapStandIn

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
PASSWORD = "example-password-0042"
FROM = "Northwind <projects@northwind.example>"


@pytest.fixture
def there() -> Iterator[ImapStandIn]:
    """An empty mailbox that takes everybody."""
    with ImapStandIn() as server:
        yield server


def settings(server: ImapStandIn, *, private_network: bool = True, **values: Any) -> Settings:
    """The connection `mail` with that inbox."""
    given_values = {"from": FROM, "inbox": server.url, "timeout": 5, **values}
    return Settings("mail", given_values, private_network=private_network)


def look(known: Settings, cursor: str = "", now: datetime = NOW) -> tuple[list[SourceEvent], str]:
    """One poll."""
    assert connector.poll is not None
    with http_client(known) as http:
        events, after = connector.poll(known, http, cursor, now)
    return list(events), after


def trouble(known: Settings, cursor: str = "") -> ConnectorError:
    """The error of a poll that cannot be made."""
    with pytest.raises(ConnectorError) as caught:
        look(known, cursor)
    return caught.value


def answer(number: int) -> str:
    """A mail that answers the message number so."""
    return (
        f"From: ann@acme.example\nMessage-ID: <m{number}@acme.example>\nSubject: Re: Apollo\n"
        f"In-Reply-To: <act_{number:04d}@northwind.example>\n\nYes, number {number}.\n"
    )


def keys(events: list[SourceEvent]) -> list[str]:
    return [event.key for event in events]


# What mails mean


@pytest.mark.parametrize("path", recorded.mails(connector), ids=lambda path: path.stem)
def test_a_mail_means_the_events_beside_it(there: ImapStandIn, path: Path) -> None:
    """Answers, bounces and letters of contacts; absence notes, delays, lists and our own copies mean nothing."""
    known = settings(there)
    _, cursor = look(known)
    there.put(path.read_bytes())
    events, _ = look(known, cursor)
    assert tuple(events) == recorded.expected(path).events


def test_an_answer_is_recognised_by_the_address_it_went_to(there: ImapStandIn) -> None:
    """A mail program that forgets which mail it answers still sends to the address that the mail gave."""
    known = settings(there, reply_to="projects+{action}@northwind.example")
    _, cursor = look(known)
    there.put("From: ann@acme.example\nTo: projects+act_00ff@northwind.example\nSubject: Apollo\n\nDone.\n")
    (event,), _ = look(known, cursor)
    assert (event.type, event.key, event.object["text"]) == ("message.replied", "act_00ff", "Done.")


@given(st.binary(max_size=3_000))
def test_no_mail_breaks_the_reader(raw: bytes) -> None:
    """Whatever bytes a mail is made of, it means something or nothing."""
    for event in events_of(Letter(raw, NOON), frozenset()):
        assert event.type in connector.events


@given(
    st.text(max_size=400),
    st.sampled_from(["Subject", "From", "References", "Content-Type", "Final-Recipient"]),
)
def test_no_header_breaks_the_reader(text: str, name: str) -> None:
    """Headers that were made to confuse a reader are read as far as they can be."""
    raw = f"{name}: {text}\nFrom: ann@acme.example\nIn-Reply-To: <act_1@x>\n\nYes.\n".encode(
        "utf-8", "replace"
    )
    for event in events_of(Letter(raw, NOON), frozenset()):
        assert len(str(event.object)) < 20_000


def test_parts_within_parts_without_end_are_read_by_their_headers() -> None:
    """A mail that is nested a thousand times deep costs no more than its headers."""
    deep = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(3_000))
    raw = f"From: ann@acme.example\nIn-Reply-To: <act_1@x>\nMIME-Version: 1.0\n{deep}\nYes.\n".encode()
    (event,) = events_of(Letter(raw, NOON), frozenset())
    assert event.type == "message.replied"


# Each once


def test_an_inbox_that_is_read_for_the_first_time_begins_with_what_comes_then(there: ImapStandIn) -> None:
    """Years of old mail answer nothing."""
    there.put(answer(1))
    events, cursor = look(settings(there))
    assert events == []
    there.put(answer(2))
    assert keys(look(settings(there), cursor)[0]) == ["act_0002"]


def test_every_mail_is_taken_once_and_none_is_left_out(there: ImapStandIn) -> None:
    """More than one look can take are taken by the next ones, in order; a look at nothing new takes nothing."""
    known = settings(there)
    _, cursor = look(known)
    for number in range(MOST + 3):
        there.put(answer(number))
    found: list[str] = []
    for _ in range(3):
        events, cursor = look(known, cursor)
        found += keys(events)
    assert found == [f"act_{number:04d}" for number in range(MOST + 3)]
    assert there.fetched == MOST + 3


def test_a_look_that_was_never_written_down_gives_the_same_events_again(there: ImapStandIn) -> None:
    """The cursor is stored after the events: a crash in between reads the same mails as the same events."""
    known = settings(there)
    _, cursor = look(known)
    there.put(answer(1))
    assert look(known, cursor)[0] == look(known, cursor, NOW + timedelta(minutes=1))[0]


def test_a_folder_that_was_numbered_anew_loses_nothing(there: ImapStandIn) -> None:
    """The days since the last look are read again, and what is seen twice is the same event."""
    known = settings(there)
    _, cursor = look(known)
    there.put(answer(1))
    first, cursor = look(known, cursor)
    there.mails.pop(0)
    there.put(answer(2))
    there.put(answer(3))
    there.renumber()
    events, cursor = look(known, cursor)
    assert keys(events) == ["act_0002", "act_0003"]
    assert json.loads(cursor)["validity"] == there.validity
    assert look(known, cursor)[0] == []
    assert keys(first) == ["act_0001"]


def test_the_past_is_read_from_a_day_on(there: ImapStandIn) -> None:
    """A backfill begins with the mails of that day."""
    there.put(answer(1), NOON - timedelta(days=40))
    there.put(answer(2), NOON - timedelta(days=3))
    there.put(answer(3))
    events, cursor = look(settings(there), f"since:{(NOON - timedelta(days=10)).isoformat()}")
    assert keys(events) == ["act_0002", "act_0003"]
    assert look(settings(there), cursor)[0] == []


def test_nothing_in_the_mailbox_is_changed(there: ImapStandIn) -> None:
    """The folder is opened for reading and mails are peeked at: they stay unread for the people who share it."""
    known = settings(there)
    _, cursor = look(known)
    there.put(answer(1))
    look(known, cursor)
    commands = {line.partition(" ")[0] for line in there.asked}
    assert commands <= {"CAPABILITY", "EXAMINE", "UID", "LOGOUT"}
    assert all("BODY.PEEK" in line for line in there.asked if "FETCH" in line)


def test_of_a_long_mail_only_the_beginning_is_read(there: ImapStandIn) -> None:
    """A film in an answer costs a quarter of a megabyte."""
    known = settings(there)
    _, cursor = look(known)
    there.put(answer(1) + "x" * (3 * LONGEST))
    (event,), _ = look(known, cursor)
    assert event.object["text"].startswith("Yes, number 1.")
    assert len(event.object["text"]) <= 10_000


# What goes wrong there


@pytest.mark.parametrize("command", ["CONNECT", "EXAMINE", "SEARCH", "FETCH"])
@pytest.mark.parametrize("fault", ["no", "drop", "garbage", "huge"])
def test_a_look_that_fails_is_made_again(there: ImapStandIn, command: str, fault: Fault) -> None:
    """Whatever the server does in the middle, the next look gives what this one did not."""
    known = settings(there)
    _, cursor = look(known)
    there.put(answer(1))
    there.fail(fault, command)
    assert trouble(known, cursor).retryable
    assert keys(look(known, cursor)[0]) == ["act_0001"]


@pytest.mark.parametrize("command", ["CONNECT", "FETCH"])
def test_a_server_that_says_nothing_is_left_in_time(there: ImapStandIn, command: str) -> None:
    """The deadline holds for the whole visit."""
    known = settings(there)
    _, cursor = look(known)
    there.put(answer(1))
    there.fail("hang", command)
    error = trouble(settings(there, timeout=1), cursor)
    assert "in time" in str(error)
    assert error.retryable


def test_a_private_address_has_to_be_allowed(there: ImapStandIn) -> None:
    """The same guard as for every other call."""
    assert "private_network: true" in str(trouble(settings(there, private_network=False)))
    assert there.asked == []


@pytest.mark.parametrize(
    "url", ["imap://", "http://mail.example", "mail.example", "imap://mail.example:0", 5]
)
def test_an_address_that_names_no_mailbox_is_refused(there: ImapStandIn, url: Any) -> None:
    """The error says what an address looks like."""
    error = trouble(settings(there, inbox=url))
    assert "imaps://user:password@mail.example.com" in str(error)
    assert not error.retryable


# Encryption and log-in


def with_login(server: ImapStandIn, password: str = PASSWORD) -> str:
    """The address with user and password in it."""
    return server.url.replace("://", f"://northwind:{password}@")


@pytest.mark.parametrize("plain", [True, False], ids=["authenticate", "login"])
@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "imaps"])
def test_log_in_goes_over_an_encrypted_way(
    authority: tuple[ssl.SSLContext, str], implicit: bool, plain: bool
) -> None:
    """By STARTTLS and by TLS from the first byte, with a certificate that is checked."""
    context, pem = authority
    with ImapStandIn(
        tls=context, implicit=implicit, user="northwind", password=PASSWORD, plain=plain
    ) as there:
        how = "implicit" if implicit else "starttls"
        known = settings(there, inbox=with_login(there), inbox_tls=how, ca_file=pem)
        look(known)
        assert connector.check is not None
        with http_client(known) as http:
            assert "0 mails in INBOX" in connector.check(
                Settings("mail", {**known.values, "directory": "var/mail"}, private_network=True), http
            )
    assert there.encrypted == [True, True]


@pytest.mark.parametrize("implicit", [False, True])
def test_an_untrusted_certificate_stops_before_the_password(
    authority: tuple[ssl.SSLContext, str], implicit: bool
) -> None:
    """There is no switch that turns the check off."""
    with ImapStandIn(tls=authority[0], implicit=implicit, user="northwind", password=PASSWORD) as there:
        how = "implicit" if implicit else "starttls"
        error = trouble(settings(there, inbox=with_login(there), inbox_tls=how))
    assert "not trusted" in str(error)
    assert there.encrypted == []


def test_a_password_does_not_travel_unencrypted_unasked(there: ImapStandIn) -> None:
    """Nor does it to a server that offers no encryption."""
    assert "unencrypted" in str(trouble(settings(there, inbox=with_login(there))))
    error = trouble(settings(there, inbox=with_login(there), inbox_tls="starttls"))
    assert "STARTTLS" in str(error)
    assert there.encrypted == []


@pytest.mark.parametrize("plain", [True, False])
def test_a_wrong_password_is_told_without_it(there: ImapStandIn, plain: bool) -> None:
    """The server's reply is told without user and password, even where it repeats them."""
    there.login, there.plain = ("northwind", PASSWORD), plain
    error = trouble(settings(there, inbox=with_login(there, "wrong-password-0042"), inbox_tls="none"))
    assert "refused the log-in" in str(error)
    assert not error.retryable
    assert "wrong-password-0042" not in str(error)
    assert "northwind" not in str(error)
