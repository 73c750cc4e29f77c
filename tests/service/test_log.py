"""Logs: one JSON object a line, and no registered secret in any of them, whoever writes it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from service import log

SECRET = "s3cr3t+/value with space"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """Where records go during one test; logging is as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    log.configure("debug", role="web", stream=stream)
    log.register_secret(SECRET)
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def records(out: io.StringIO) -> list[dict[str, object]]:
    """The records written so far."""
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_record_has_time_level_place_role_and_fields(out: io.StringIO) -> None:
    """What a log shipper needs to index stands in every record, beside the fields of the call."""
    log.get("deliver").info("sent", action="act_1", attempt=2)
    (record,) = records(out)
    wanted = {
        "event": "sent",
        "level": "info",
        "logger": "deliver",
        "role": "web",
        "action": "act_1",
        "attempt": 2,
    }
    assert wanted.items() <= record.items()
    assert str(record["timestamp"]).endswith("Z")


def test_no_secret_leaves_by_any_field(out: io.StringIO) -> None:
    """Messages, names, nested values, objects and percent-encoded addresses are all redacted."""

    class Thing:
        def __repr__(self) -> str:
            return f"Thing({SECRET})"

    log.get("x").warning(
        f"token {SECRET}",
        header={"Authorization": f"Bearer {SECRET}", SECRET: 1},
        list=[(SECRET, {SECRET})],
        thing=Thing(),
        url="https://h/?key=s3cr3t%2B%2Fvalue%20with%20space",
    )
    assert "s3cr3t" not in out.getvalue()
    assert log.REDACTED in out.getvalue()


def test_libraries_pass_the_same_redaction(out: io.StringIO) -> None:
    """Records of the standard library's logging, their arguments and their tracebacks are redacted too."""
    try:
        raise ValueError(f"refused {SECRET}")
    except ValueError:
        logging.getLogger("some.library").exception("failed with %s", SECRET)
    (record,) = records(out)
    assert record["event"] == f"failed with {log.REDACTED}"
    assert f"ValueError: refused {log.REDACTED}" in str(record["exception"])
    assert "s3cr3t" not in out.getvalue()


def test_longer_secrets_are_taken_out_before_those_inside_them(out: io.StringIO) -> None:
    """A secret that begins like another one does not leave its rest behind."""
    log.register_secret("abcdef")
    log.register_secret("abcdefghijkl")
    log.get("x").info("abcdefghijkl")
    assert records(out)[0]["event"] == log.REDACTED


def test_short_values_are_not_taken_for_secrets(out: io.StringIO) -> None:
    """Registering an empty or tiny value must not blank out every word that contains it."""
    for value in (None, "", " ", "de"):
        log.register_secret(value)
    log.get("x").info("the model decided")
    assert records(out)[0]["event"] == "the model decided"


def test_bound_fields_follow_a_request(out: io.StringIO) -> None:
    """A request id stands in every record between `bind` and `unbind`."""
    log.bind(request_id="req_1")
    log.get("x").info("inside")
    log.unbind()
    log.get("x").info("outside")
    assert [record.get("request_id") for record in records(out)] == ["req_1", None]


def test_the_level_is_kept(out: io.StringIO) -> None:
    """What is below the level is not written."""
    log.configure("warning", stream=out)
    log.get("x").info("chatter")
    log.get("x").warning("matter")
    assert [record["event"] for record in records(out)] == ["matter"]
