"""Signature schemes against published vectors, and against everything that must not pass."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import signatures
from connectors.base import Delivery, Unauthentic
from tests.support.shared import shared_path

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
SECRET = "example-signing-secret"
STANDARD = "whsec_" + base64.b64encode(b"example-signing-key-of-32-bytes!").decode()


def delivery(
    body: bytes, headers: dict[str, str], now: datetime = NOW, query: dict[str, str] | None = None
) -> Delivery:
    """A call with these headers."""
    lower = {name.lower(): value for name, value in headers.items()}
    return Delivery("tracker", "POST", "/hooks/tracker", query or {}, lower, body, now)


def vectors(name: str) -> Any:
    """One file of published vectors."""
    return json.loads(shared_path(f"vectors/{name}.json").read_text("utf-8"))


def outcome(check: Callable[[], None]) -> bool:
    """Whether a check lets the delivery in."""
    try:
        check()
    except Unauthentic:
        return False
    return True


HMAC_VECTORS = {
    "xero-intent-to-receive": {"header": "x-xero-signature", "encoding": "base64"},
    "intuit-signature": {"header": "intuit-signature", "encoding": "base64"},
    "frappe-signature": {"header": "x-frappe-webhook-signature", "encoding": "base64"},
    "toggl-ping-current": {"header": "x-webhook-signature-256", "prefix": "sha256="},
}


@pytest.mark.parametrize("name", HMAC_VECTORS)
def test_hmac_over_the_body_agrees_with_published_vectors(name: str) -> None:
    """One header with a digest of the raw bytes, in hex or base64, with or without a prefix."""
    known = vectors(name)
    for case in known["cases"]:
        call = delivery(base64.b64decode(case["body_base64"]), case["headers"])
        found = outcome(
            lambda call=call: signatures.verify_hmac(call, [known["secret"]], **HMAC_VECTORS[name])
        )
        assert found == case["valid"], case["name"]


def test_bare_digest_agrees_with_the_published_vector() -> None:
    """The HMAC step alone."""
    known = vectors("hmac-sha256-hex")
    for case in known["cases"]:
        assert signatures.sign_hmac(base64.b64decode(case["body_base64"]), known["secret"]) == case["hex"]


def test_digest_agrees_with_the_value_in_githubs_documentation() -> None:
    """The example of "Validating webhook deliveries"."""
    value = signatures.sign_hmac(b"Hello, World!", "It's a Secret to Everybody", prefix="sha256=")
    assert value == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_stripe_agrees_with_published_vectors() -> None:
    """Time and body signed together, several values, other versions worth nothing."""
    known = vectors("stripe-header")
    for case in known["cases"]:
        now = datetime.fromtimestamp(case["now"], UTC)
        call = delivery(base64.b64decode(case["body_base64"]), case["headers"], now)
        found = outcome(lambda call=call: signatures.verify_stripe(call, [known["secret"]]))
        assert found == case["valid"], case["name"]


def test_standard_webhooks_agree_with_published_vectors() -> None:
    """Id, time and body signed together; a list of values of which one has to fit."""
    known = vectors("standard-webhooks-python")
    for case in known["cases"]:
        now = datetime.fromtimestamp(case.get("now", known["now_for_valid"]), UTC)
        call = delivery(base64.b64decode(case["body_base64"]), case["headers"], now)
        found = outcome(lambda call=call: signatures.verify_standard_webhooks(call, [known["secret"]]))
        assert found == case["valid"], case["name"]


def test_slack_agrees_with_the_value_in_its_documentation() -> None:
    """The example of "Verifying requests from Slack"."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    secret, now = "8f742231b10e8888abcd99yyyzzz85a5", datetime.fromtimestamp(1531420618, UTC)
    signed = signatures.sign_slack(body, secret, now)
    assert (
        signed["X-Slack-Signature"] == "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    )
    signatures.verify_slack(delivery(body, signed, now), [secret])


# name -> (headers of a signed body, the check)
SCHEMES: dict[
    str, tuple[Callable[[bytes, str], dict[str, str]], Callable[[Delivery, list[str]], None], str]
] = {
    "hex": (
        lambda body, key: {"X-Hub-Signature": signatures.sign_hmac(body, key, prefix="sha256=")},
        lambda call, keys: signatures.verify_hmac(call, keys, header="x-hub-signature", prefix="sha256="),
        SECRET,
    ),
    "base64 sha1": (
        lambda body, key: {"X-T": signatures.sign_hmac(body, key, algorithm="sha1", encoding="base64")},
        lambda call, keys: signatures.verify_hmac(
            call, keys, header="x-t", algorithm="sha1", encoding="base64"
        ),
        SECRET,
    ),
    "stripe": (lambda body, key: signatures.sign_stripe(body, key, NOW), signatures.verify_stripe, SECRET),
    "slack": (lambda body, key: signatures.sign_slack(body, key, NOW), signatures.verify_slack, SECRET),
    "standard": (
        lambda body, key: signatures.sign_standard_webhooks(body, key, "msg_1", NOW),
        signatures.verify_standard_webhooks,
        STANDARD,
    ),
}
TIMED = ("stripe", "slack", "standard")


@pytest.mark.parametrize("scheme", SCHEMES)
@given(body=st.binary(max_size=200))
def test_what_is_signed_passes_its_check(scheme: str, body: bytes) -> None:
    """Any bytes: signatures are over the raw body, whatever it holds."""
    sign, verify, secret = SCHEMES[scheme]
    verify(delivery(body, sign(body, secret)), [secret])


@pytest.mark.parametrize("scheme", SCHEMES)
@given(body=st.binary(max_size=200), other=st.binary(max_size=200))
def test_another_body_does_not_pass(scheme: str, body: bytes, other: bytes) -> None:
    """A signature is for one body."""
    sign, verify, secret = SCHEMES[scheme]
    if body != other:
        with pytest.raises(Unauthentic):
            verify(delivery(other, sign(body, secret)), [secret])


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "bad", ["", " ", "sha256=", "v1,", "v0=", "t=1,v1=", "=", ",", "é", "0" * 64, "None", "\x00"]
)
def test_bad_headers_are_refused_without_another_error(scheme: str, bad: str) -> None:
    """Empty digests, bare prefixes and nonsense never pass, in any header of the scheme."""
    sign, verify, secret = SCHEMES[scheme]
    good = sign(b"{}", secret)
    for name in good:
        if name != "webhook-id":
            with pytest.raises(Unauthentic):
                verify(delivery(b"{}", {**good, name: bad}), [secret])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_header_sent_twice_is_refused(scheme: str) -> None:
    """Two values arrive joined by a comma: which one was meant is not ours to guess."""
    sign, verify, secret = SCHEMES[scheme]
    good = sign(b"{}", secret)
    for name, value in good.items():
        with pytest.raises(Unauthentic):
            verify(delivery(b"{}", {**good, name: f"{value}, {value}"}), [secret])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_secret_refuses_everything(scheme: str) -> None:
    """Also what is signed with the empty secret."""
    sign, verify, secret = SCHEMES[scheme]
    signed = sign(b"{}", secret)
    empty = {"X-Hub-Signature": signatures.sign_hmac(b"{}", "", prefix="sha256="), **signed}
    for keys in ([], [""]):
        with pytest.raises(Unauthentic, match="has no webhook_secret"):
            verify(delivery(b"{}", empty), keys)


@pytest.mark.parametrize("scheme", TIMED)
@pytest.mark.parametrize("away", [timedelta(seconds=301), timedelta(seconds=-301)])
def test_old_and_future_times_are_refused(scheme: str, away: timedelta) -> None:
    """A delivery recorded by someone cannot be sent again later, nor one be made for later."""
    sign, verify, secret = SCHEMES[scheme]
    signed = sign(b"{}", secret)
    with pytest.raises(Unauthentic, match="301 s"):
        verify(delivery(b"{}", signed, NOW + away), [secret])
    verify(delivery(b"{}", signed, NOW + away * (300 / 301)), [secret])


def test_a_standard_secret_that_is_not_base64_says_so() -> None:
    """A mistake in the workspace is named, not taken for a forged delivery, and shows no secret."""
    signed = signatures.sign_standard_webhooks(b"{}", STANDARD, "msg_1", NOW)
    with pytest.raises(Unauthentic, match=r"webhook_secret of connection tracker.*base64") as caught:
        signatures.verify_standard_webhooks(delivery(b"{}", signed), ["not base64!"])
    assert "not base64!" not in str(caught.value)


def test_a_repeated_password_is_compared_whole() -> None:
    """Where the sender only repeats a secret: that one, all of it, and never the empty one."""
    signatures.verify_token(delivery(b"", {}), [SECRET], SECRET, "query secret")
    for given_token in (None, "", SECRET[:-1], SECRET + "x"):
        with pytest.raises(Unauthentic):
            signatures.verify_token(delivery(b"", {}), [SECRET], given_token, "query secret")
