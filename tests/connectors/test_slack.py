"""Slack through its connector: a message is complete, marked, harmless, and never reported as sent when it was not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import (
    ConnectorError,
    Delivery,
    Done,
    Malformed,
    Message,
    Operation,
    Settings,
    Unauthentic,
)
from connectors.http import http_client
from connectors.signatures import sign_slack
from connectors.slack import act, connector, receive
from tests.support.shared import shared_path
from tests.support.standins.slack import LIMITS, TOKEN, SlackStandIn

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
SECRET = "example-signing-secret-0042"


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    """One workspace with one channel."""
    with SlackStandIn() as there:
        yield there


def webhook(slack: SlackStandIn) -> Settings:
    """A connection by incoming webhook."""
    return Settings("room", {"url": slack.webhook}, private_network=True)


def app(slack: SlackStandIn, **values: Any) -> Settings:
    """A connection by the Web API."""
    known = {"base_url": slack.api, "token": TOKEN, "channel": "C0EXAMPLE42", **values}
    return Settings("room", known, private_network=True)


def chat(subject: str = "Apollo crossed 80 %", text: str = "Cause: BILL-91.", **keys: Any) -> Operation:
    """A message of a rule."""
    return Operation("chat", "act_1", "room", Message(subject=subject, body=text), keys)


def send(operation: Operation, known: Settings) -> Done:
    """Execute the operation."""
    with http_client(known) as http:
        return connector.operations["chat"].act(operation, known, http)


def refusal(operation: Operation, known: Settings) -> ConnectorError:
    """The error of a message that was not sent."""
    with pytest.raises(ConnectorError) as caught:
        send(operation, known)
    return caught.value


def shown(post: dict[str, Any]) -> str:
    """Everything of a post that a reader or Slack's parser sees."""
    return "\n".join([post["text"], *(block["text"]["text"] for block in post["blocks"])])


# What is posted


def test_both_ways_post_the_same_message(slack: SlackStandIn) -> None:
    """By the webhook's address or by token and channel; the receipt of the latter can be found in Slack."""
    assert send(chat(), webhook(slack)).receipt is None
    assert send(chat(), app(slack)).receipt == "C0EXAMPLE42/1795168800.000002"
    first, second = slack.posts
    assert first["blocks"] == second["blocks"]
    assert first["text"] == second["text"] == "Apollo crossed 80 %\nCause: BILL-91."


def test_urgent_is_marked_and_mentions_nobody(slack: SlackStandIn) -> None:
    """The mark stands in the text and in what is shown, with or without a subject."""
    send(chat(urgent=True), webhook(slack))
    send(chat(subject="", urgent=True), webhook(slack))
    for post in slack.posts:
        assert post["text"].startswith("❗ ")
        assert post["blocks"][0]["text"]["text"].startswith("❗ ")
        assert "<" not in shown(post)


@pytest.mark.parametrize(
    ("mention", "expected"),
    [("here", "<!here>"), ("channel", "<!channel>"), ("U0EXAMPLE42", "<@U0EXAMPLE42>")],
)
def test_a_mention_is_there_when_the_rule_asks(slack: SlackStandIn, mention: str, expected: str) -> None:
    """And only then."""
    send(chat(mention=mention), webhook(slack))
    assert expected in shown(slack.posts[0])


@given(subject=st.text(max_size=300), text=st.text(max_size=9000))
def test_no_text_can_mention_link_or_break_a_limit(subject: str, text: str) -> None:
    """Whatever a tracker holds: no control character is left bare, and every block fits."""
    try:
        post = act.compose(chat(subject, text), Settings("room", {}))
    except ConnectorError:
        assert not subject.strip()
        assert not text.strip()
        return
    assert "<" not in shown(post)
    assert ">" not in shown(post)
    assert len(post["blocks"]) <= 50
    assert len(post["text"]) <= 40_000
    for block in post["blocks"]:
        assert 0 < len(block["text"]["text"]) <= LIMITS[block["type"]]


def test_a_long_text_is_cut_between_lines_and_says_so() -> None:
    """Pieces end at line ends; what is left out is marked."""
    lines = [f"line {number} of a long report & more" for number in range(2000)]
    post = act.compose(chat(text="\n".join(lines)), Settings("room", {}))
    sections = [block["text"]["text"] for block in post["blocks"][1:]]
    assert sections[-1] == "…"
    kept = "\n".join(sections[:-1]).split("\n")
    assert kept == [line.replace("&", "&amp;") for line in lines[: len(kept)]]


# What Slack says


def test_a_200_that_does_not_say_ok_is_a_failure(slack: SlackStandIn) -> None:
    """The status alone would report a lost message as sent."""
    slack.refuse("not_in_channel", "channel_is_archived")
    refused = refusal(chat(), app(slack))
    assert not refused.retryable
    assert "invite the app into the channel" in str(refused)
    assert not refusal(chat(), webhook(slack)).retryable
    assert not slack.posts


@pytest.mark.parametrize(
    ("word", "retryable", "unknown"),
    [
        ("ratelimited", True, False),
        ("service_unavailable", True, False),
        ("internal_error", True, True),
        ("fatal_error", True, True),
        ("invalid_auth", False, False),
        ("something_new", False, False),
    ],
)
def test_each_refusal_has_its_retry_answer(
    slack: SlackStandIn, word: str, retryable: bool, unknown: bool
) -> None:
    """Slack says of two errors itself that the message may have been posted."""
    slack.refuse(word)
    error = refusal(chat(), app(slack))
    assert (error.retryable, error.outcome_unknown) == (retryable, unknown)
    assert word in str(error)


def test_slacks_retry_after_is_honoured(slack: SlackStandIn) -> None:
    """One message a second and channel."""
    slack.fail(status=429, headers={"Retry-After": "30"})
    error = refusal(chat(), webhook(slack))
    assert (error.status, error.retryable, error.retry_after) == (429, True, 30)


def test_a_break_after_the_message_left_is_unknown(slack: SlackStandIn) -> None:
    """It may have been posted; nothing repeats it by machine."""
    slack.fail("reset")
    assert refusal(chat(), webhook(slack)).outcome_unknown
    assert connector.operations["chat"].once == "blind"


def test_the_address_that_is_a_secret_stands_in_no_error(slack: SlackStandIn) -> None:
    """Who has it can post."""
    slack.fail(status=404, body={"error": f"no service at {slack.webhook}"})
    error = refusal(chat(), webhook(slack))
    assert "example0secret" not in f"{error!r} {error}"


@pytest.mark.parametrize(
    ("values", "said"), [({}, "set `url`"), ({"token": "xoxb-1"}, "with `token` set `channel` too")]
)
def test_missing_settings_are_named(values: dict[str, Any], said: str) -> None:
    """Before anything is sent."""
    assert said in str(refusal(chat(), Settings("room", values)))


# Events


def delivery(body: bytes, secret: str = SECRET) -> Delivery:
    """A call signed with a secret."""
    headers = {name.lower(): value for name, value in sign_slack(body, secret, NOW).items()}
    return Delivery("room", "POST", "/hooks/room", {}, headers, body, NOW)


def test_the_challenge_is_answered_only_to_slack() -> None:
    """As plain text, and never to somebody who cannot sign."""
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a", "token": "t"}).encode()
    known = Settings("room", {}, (SECRET,))
    found = receive.handshake(delivery(body), known)
    assert found is not None
    assert (found.status, found.body) == (200, b"3eZbrw1a")
    for forged in (delivery(body, "another-secret"), Delivery("room", "POST", "/", {}, {}, body, NOW)):
        with pytest.raises(Unauthentic):
            receive.handshake(forged, known)
    for other in (b"{}", b"not json", json.dumps({"type": "event_callback"}).encode()):
        assert receive.handshake(delivery(other), known) is None


def test_published_event_shape_is_left_aside_by_name() -> None:
    """A body of the Events API as its schema describes it, with Slack's id as the delivery's id."""
    schema = json.loads(shared_path("openapi/slack_common_event_wrapper_schema.json").read_text("utf-8"))
    values = {"event": {"type": "message", "event_ts": "1.1"}, "type": "event_callback", "event_time": 1}
    body = {name: values.get(name, f"example-{name}") for name in schema["required"]}
    call = delivery(json.dumps(body).encode())
    assert "message events are not used" in str(receive.normalise(call, Settings("room", {})).ignored)
    assert receive.delivery_id(call) == "example-event_id"
    with pytest.raises(Malformed):
        receive.normalise(delivery(json.dumps({**body, "event": "x"}).encode()), Settings("room", {}))


def test_our_call_has_only_parameters_that_slack_documents(slack: SlackStandIn) -> None:
    """Held against the published description of chat.postMessage."""
    document = json.loads(shared_path("openapi/slack_web_openapi_v2.json").read_text("utf-8"))
    known = {p["name"] for p in document["paths"]["/chat.postMessage"]["post"]["parameters"]}
    send(chat(), app(slack))
    assert slack.posts[0].keys() <= known
    assert slack.seen[0].path.endswith("/chat.postMessage")
