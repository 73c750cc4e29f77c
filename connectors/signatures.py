"""Signatures of deliveries: every scheme is an HMAC over raw bytes, compared in constant time.

In: a `Delivery` as it came and the connection's secrets (two during rotation: one match is enough). Out: nothing,
or `Unauthentic` saying what is missing or wrong, never with a secret or the expected value. The `sign_*` functions
make the same headers for bodies we send ourselves. "Now" is when the delivery was received: nothing here reads a clock.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from connectors.base import Delivery, Unauthentic

Encoding = Literal["hex", "base64"]
TOLERANCE = 300
"""Seconds a signed time may be away from ours, either way: as Stripe, Slack and Standard Webhooks document it."""

_STANDARD_PREFIX = "whsec_"


def verify_hmac(
    delivery: Delivery,
    secrets: Iterable[str],
    *,
    header: str,
    algorithm: str = "sha256",
    prefix: str = "",
    encoding: Encoding = "hex",
    message: bytes | None = None,
) -> None:
    """One header holds PREFIX + digest of the raw body, or of `message` where the scheme signs something else."""
    keys = _keys(secrets, delivery)
    given = _header(delivery, header)
    signed = delivery.body if message is None else message
    _match(
        [given],
        (sign_hmac(signed, key, algorithm=algorithm, prefix=prefix, encoding=encoding) for key in keys),
        header,
    )


def sign_hmac(
    message: bytes,
    secret: str | bytes,
    *,
    algorithm: str = "sha256",
    prefix: str = "",
    encoding: Encoding = "hex",
) -> str:
    """The value of such a header."""
    key = secret.encode() if isinstance(secret, str) else secret
    digest = hmac.new(key, message, algorithm).digest()
    return prefix + (digest.hex() if encoding == "hex" else base64.b64encode(digest).decode())


def verify_token(delivery: Delivery, secrets: Iterable[str], given: str | None, where: str) -> None:
    """A password that the sender repeats, in a header or the query: proves who sent, nothing about the body."""
    keys = _keys(secrets, delivery)
    if not given:
        raise Unauthentic(
            f"{where} is missing: the sender has to repeat the secret of connection {delivery.connection}"
        )
    _match([given], keys, where)


def verify_stripe(delivery: Delivery, secrets: Iterable[str], *, tolerance: int = TOLERANCE) -> None:
    """`Stripe-Signature: t=SECONDS,v1=HEX[,v1=HEX]` over "t.body". Other versions than v1 count for nothing."""
    keys = _keys(secrets, delivery)
    name = "stripe-signature"
    pairs = [part.partition("=")[::2] for part in _header(delivery, name, several=True).split(",")]
    times = [value for key, value in pairs if key.strip() == "t"]
    if len(times) != 1:
        raise Unauthentic(f"{name} must hold one time `t`, it holds {len(times)}")
    _fresh(times[0], delivery, tolerance, f"{name}: t")
    message = times[0].encode() + b"." + delivery.body
    given = [value for key, value in pairs if key == "v1"]
    _match(given, (sign_hmac(message, key) for key in keys), f"{name}: v1")


def sign_stripe(body: bytes, secret: str, now: datetime) -> dict[str, str]:
    """Headers as Stripe sends them."""
    seconds = str(int(now.timestamp()))
    return {"Stripe-Signature": f"t={seconds},v1={sign_hmac(seconds.encode() + b'.' + body, secret)}"}


def verify_slack(delivery: Delivery, secrets: Iterable[str], *, tolerance: int = TOLERANCE) -> None:
    """`X-Slack-Signature: v0=HEX` over "v0:TIME:body", the time from `X-Slack-Request-Timestamp`."""
    keys = _keys(secrets, delivery)
    seconds = _header(delivery, "x-slack-request-timestamp")
    _fresh(seconds, delivery, tolerance, "x-slack-request-timestamp")
    message = f"v0:{seconds}:".encode() + delivery.body
    given = _header(delivery, "x-slack-signature")
    _match([given], (sign_hmac(message, key, prefix="v0=") for key in keys), "x-slack-signature")


def sign_slack(body: bytes, secret: str, now: datetime) -> dict[str, str]:
    """Headers as Slack sends them."""
    seconds = str(int(now.timestamp()))
    message = f"v0:{seconds}:".encode() + body
    return {
        "X-Slack-Request-Timestamp": seconds,
        "X-Slack-Signature": sign_hmac(message, secret, prefix="v0="),
    }


def verify_standard_webhooks(
    delivery: Delivery, secrets: Iterable[str], *, tolerance: int = TOLERANCE
) -> None:
    """Standard Webhooks: `webhook-signature` lists "v1,BASE64" values over "id.timestamp.body"."""
    try:
        keys = [standard_key(secret) for secret in _keys(secrets, delivery)]
    except ValueError as problem:
        raise Unauthentic(f"webhook_secret of connection {delivery.connection}: {problem}") from None
    ident = _header(delivery, "webhook-id")
    seconds = _header(delivery, "webhook-timestamp")
    _fresh(seconds, delivery, tolerance, "webhook-timestamp")
    message = f"{ident}.{seconds}.".encode() + delivery.body
    given = _header(delivery, "webhook-signature", several=True).split(" ")
    expected = (sign_hmac(message, key, prefix="v1,", encoding="base64") for key in keys)
    _match(given, expected, "webhook-signature")


def sign_standard_webhooks(body: bytes, secret: str, ident: str, now: datetime) -> dict[str, str]:
    """Headers of a Standard Webhooks message; `ident` stays the same when the message is sent again."""
    seconds = str(int(now.timestamp()))
    message = f"{ident}.{seconds}.".encode() + body
    signature = sign_hmac(message, standard_key(secret), prefix="v1,", encoding="base64")
    return {"webhook-id": ident, "webhook-timestamp": seconds, "webhook-signature": signature}


def standard_key(secret: str) -> bytes:
    """The key bytes of a Standard Webhooks secret: base64 after `whsec_`. ValueError when it is not."""
    try:
        key = base64.b64decode(secret.removeprefix(_STANDARD_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("the signing secret must be base64, with or without `whsec_` before it") from None
    return key


def _keys(secrets: Iterable[str], delivery: Delivery) -> list[str]:
    found = [secret for secret in secrets if secret]
    if not found:
        raise Unauthentic(
            f"connection {delivery.connection} has no webhook_secret, so nothing can be trusted: "
            "set one in the sender and in the workspace"
        )
    return found


def _header(delivery: Delivery, name: str, *, several: bool = False) -> str:
    """The header's value. Sent twice it arrives joined by a comma, which no single value holds: refused."""
    value = delivery.headers.get(name, "").strip()
    if not value:
        raise Unauthentic(f"header {name} is missing or empty")
    if ", " in value or (not several and "," in value):
        raise Unauthentic(f"header {name} is given twice")
    return value


def _fresh(seconds: str, delivery: Delivery, tolerance: int, where: str) -> None:
    if not re.fullmatch(r"[0-9]{1,12}", seconds):
        raise Unauthentic(f"{where} is not a time in whole seconds")
    away = int(delivery.received_at.timestamp()) - int(seconds)
    if abs(away) > tolerance:
        side = "old" if away > 0 else "ahead of our clock"
        raise Unauthentic(
            f"{where} is {abs(away)} s {side}, more than {tolerance} s: a replay, or a clock that is wrong"
        )


def _match(given: Iterable[str], expected: Iterable[str], where: str) -> None:
    """Refuse unless one of `given` is one of `expected`. Every pair is compared, so time tells nothing."""
    wanted = [text.encode() for text in expected]
    found = [hmac.compare_digest(text.encode(errors="replace"), want) for text in given for want in wanted]
    if not any(found):
        raise Unauthentic(f"{where} does not match: another secret, or the body was changed on its way")
