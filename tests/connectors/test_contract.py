"""The standard every connector is held to. It finds the connectors itself: a new folder is tested without a word here.

How fixtures are written is told in tests/connectors/recorded.py.
"""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from connectors import registry
from connectors.base import (
    Connector,
    ConnectorError,
    Delivery,
    Inbound,
    Malformed,
    Settings,
    Unauthentic,
    Unsupported,
)
from connectors.http import http_client
from rules.facts import codec
from rules.facts.catalogue import EVENTS, OBJECTS
from rules.facts.duration import Duration
from rules.facts.event import SourceEvent
from rules.facts.money import Money
from tests.connectors import recorded
from tests.support.standins.server import Reply, Seen, StandIn

CONNECTORS = [registry.load(name) for name in registry.names()]
RECEIVING = [c for c in CONNECTORS if c.normalise]
HEADINGS = ["Set it up there", "Set it up here", "Events", "Operations", "Limits", "Sources"]
RETRYABLE = {408, 425, 429, 500, 502, 503, 504}
STATUSES = [
    400,
    401,
    402,
    403,
    404,
    405,
    408,
    409,
    410,
    413,
    415,
    422,
    425,
    429,
    451,
    500,
    501,
    502,
    503,
    504,
    507,
]
TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,), "int": (int,), "number": (int, Decimal), "money": (Money,), "date": (date,), "time": (datetime,),
    "duration": (Duration,), "bool": (bool,), "list": (list,), "object": (dict,), "any": (object,),
}  # fmt: skip

# Events behind which the ledger books an entry: they bring its fields, and what booking needs beside them.
BOOKED = re.compile(r"(time|expense|bill|invoice|payment)\..*")
CARRIED = {
    "seconds": "int",
    "document": "text",
    "allocations": "list",
    "base_currency": "text",
    "rate": "number",
}


def each(found: list[Connector]) -> Any:
    """One test a connector."""
    return pytest.mark.parametrize("connector", found, ids=lambda c: c.name)


def each_file(kind: str) -> Any:
    """One test a recorded file: `kind` is "deliveries", or a folder of exchanges."""
    pairs = [
        pytest.param(connector, path, id=f"{connector.name}-{path.stem}")
        for connector in CONNECTORS
        for path in (
            recorded.deliveries(connector) if kind == "deliveries" else recorded.exchanges(connector, kind)
        )
    ]
    return pytest.mark.parametrize(("connector", "path"), pairs)


def normalise(connector: Connector, delivery: Delivery, settings: Settings) -> Inbound:
    """The way a delivery goes: checked first, then understood."""
    assert connector.verify is not None
    assert connector.normalise is not None
    connector.verify(delivery, settings)
    return connector.normalise(delivery, settings)


# What it says


@each(CONNECTORS)
def test_readme_has_its_headings_and_names_everything(connector: Connector) -> None:
    """The page a team follows has the fixed headings, and names every event, operation and setting there is."""
    page = (recorded.folder(connector).parent / "README.md").read_text("utf-8")
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == HEADINGS
    named = {*connector.events, *connector.operations, *(setting.name for setting in connector.settings)}
    assert set() == {name for name in named if f"`{name}`" not in page}


@each(CONNECTORS)
def test_declared_names_are_words_of_the_catalogue(connector: Connector) -> None:
    """A connector declares only event types that rules can name."""
    assert set() == connector.events - EVENTS.keys()


@each_file("deliveries")
def test_delivery_means_the_events_beside_it(connector: Connector, path: Path) -> None:
    """A recorded delivery, signed as its sender signs, passes the check and means exactly what is written beside it."""
    settings = recorded.settings(connector)
    inbound = normalise(connector, recorded.recorded_delivery(connector, path, settings), settings)
    assert recorded.expected(path) == inbound
    assert inbound.events or inbound.reads or inbound.ignored, "a delivery that means nothing has to say why"


@each_file("reads")
def test_follow_up_read_gives_the_events_beside_it(connector: Connector, path: Path) -> None:
    """A follow-up read makes exactly the recorded requests and gives the events written beside them."""
    case = recorded.recorded(connector, path)
    assert connector.read is not None
    assert case.events == tuple(connector.read(case.read, case.settings, case.http))
    assert case.http.asked == len(case.http.exchanges)


@each_file("polls")
def test_poll_gives_the_events_beside_it(connector: Connector, path: Path) -> None:
    """A poll makes exactly the recorded requests, gives the events beside them, and says where to go on."""
    case = recorded.recorded(connector, path)
    assert connector.poll is not None
    events, cursor = connector.poll(case.settings, case.http, case.said["cursor"], recorded.NOW)
    assert case.events == tuple(events)
    assert case.said["next"] == cursor
    assert case.http.asked == len(case.http.exchanges)


@each_file("requests")
def test_operation_builds_exactly_the_recorded_request(connector: Connector, path: Path) -> None:
    """An operation sends the recorded requests, nothing else, and reports what is written beside them."""
    case = recorded.recorded(connector, path)
    outward = connector.operations[path.stem.partition("__")[0]]
    act = outward.find if case.said.get("find") else outward.act
    assert act is not None
    if refused := case.said.get("refused"):
        with pytest.raises(ConnectorError) as caught:
            act(case.operation, case.settings, case.http)
        assert refused == {"message": str(caught.value), "retryable": caught.value.retryable}
    else:
        assert case.done == act(case.operation, case.settings, case.http)
    assert case.http.asked == len(case.http.exchanges)


@each_file("checks")
def test_check_says_who_we_are(connector: Connector, path: Path) -> None:
    """The harmless call of `accord doctor` makes the recorded request and says the sentence beside it."""
    case = recorded.recorded(connector, path)
    assert connector.check is not None
    assert case.said["says"] == connector.check(case.settings, case.http)


@each(CONNECTORS)
def test_every_declared_event_and_operation_has_a_fixture(connector: Connector) -> None:
    """What is declared is shown: each event type by a delivery, read, poll or mail, each operation by a request."""
    assert connector.events == {event.type for event in _all_expected(connector)}
    shown = {path.stem.partition("__")[0] for path in recorded.exchanges(connector, "requests")}
    assert set(connector.operations if recorded.speaks_http(connector) else ()) == shown


@each(CONNECTORS)
def test_events_are_built_of_catalogue_fields(connector: Connector) -> None:
    """Each field of an event stands in the catalogue and has its type; times are UTC; all can be stored."""
    for event in _all_expected(connector):
        fields = {name: field.type for name, field in OBJECTS[EVENTS[event.type].object].items()}
        if BOOKED.fullmatch(event.type):
            fields = {**{name: field.type for name, field in OBJECTS["entry"].items()}, **CARRIED, **fields}
        for name, value in {**event.object, **event.before}.items():
            assert name in fields, f"{event.type} has a field {name} that no rule can name"
            assert value is None or isinstance(value, TYPES[fields[name]]), (
                f"{event.type}: {name} is {value!r}"
            )
        assert event.at.tzinfo is UTC
        codec.dumps([event.object, event.before, dict(event.scope)])


def _all_expected(connector: Connector) -> Iterator[SourceEvent]:
    for path in recorded.deliveries(connector):
        yield from recorded.expected(path).events
    for path in recorded.mails(connector):
        yield from recorded.expected(path).events
    for kind in ("reads", "polls"):
        for path in recorded.exchanges(connector, kind):
            yield from recorded.recorded(connector, path).events


# Whom it believes


@each_file("deliveries")
def test_wrong_or_missing_signature_is_refused(connector: Connector, path: Path) -> None:
    """Another secret, a header that is gone, empty, cut or sent twice, or a changed body: refused."""
    settings = recorded.settings(connector)
    assert connector.verify is not None
    good = recorded.recorded_delivery(connector, path, settings)
    wrong = Settings(settings.name, settings.values, ("another-secret-0123456789abcdef",))
    forged = [recorded.recorded_delivery(connector, path, wrong)]
    if recorded.signs_body(connector):
        forged.append(_with(good, body=good.body + b" "))
    for name in _proof(connector, good, forged[0]):
        value = good.headers[name]
        forged += [
            _with(good, headers={k: v for k, v in good.headers.items() if k != name}),
            *(
                _with(good, headers={**good.headers, name: bad})
                for bad in ("", value[:-1], f"{value}, {value}", "é")
            ),
        ]
    assert len(forged) > 5, "no header carries the proof"
    for delivery in forged:
        with pytest.raises(Unauthentic):
            connector.verify(delivery, settings)


@each(RECEIVING)
def test_without_a_secret_everything_is_refused(connector: Connector) -> None:
    """No secret configured means nothing can be trusted, whatever the header says."""
    settings = recorded.settings(connector)
    assert connector.verify is not None
    for secrets in ((), ("",)):
        open_door = Settings(settings.name, settings.values, secrets)
        with pytest.raises(Unauthentic):
            connector.verify(
                recorded.recorded_delivery(connector, recorded.deliveries(connector)[0], settings), open_door
            )


@each(RECEIVING)
def test_both_secrets_work_during_rotation(connector: Connector) -> None:
    """While a secret is changed, what was signed with either one is accepted."""
    settings = recorded.settings(connector)
    assert connector.verify is not None
    path = recorded.deliveries(connector)[0]
    both = Settings(
        settings.name, settings.values, (_another(settings.webhook_secrets[0]), *settings.webhook_secrets)
    )
    connector.verify(recorded.recorded_delivery(connector, path, settings), both)
    connector.verify(recorded.recorded_delivery(connector, path, both), both)


def _another(secret: str) -> str:
    """A second secret of the same form."""
    return secret.swapcase()


def _with(
    delivery: Delivery, *, headers: dict[str, str] | None = None, body: bytes | None = None
) -> Delivery:
    return Delivery(
        delivery.connection,
        delivery.method,
        delivery.path,
        delivery.query,
        delivery.headers if headers is None else headers,
        delivery.body if body is None else body,
        delivery.received_at,
    )


def _proof(connector: Connector, good: Delivery, forged: Delivery) -> list[str]:
    """The headers that depend on the secret."""
    return [name for name, value in good.headers.items() if forged.headers.get(name) != value]


# What it does with broken bodies

BROKEN = {
    "empty": b"",
    "no JSON": b"\x00 not json",
    "bad UTF-8": b'{"a": "\xff"}',
    "deep": b"[" * 10_000 + b"]" * 10_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "NaN": b'{"a": NaN}',
    "half a surrogate pair": b'{"a": "\\ud83d"}',
    "huge number": b'{"a": ' + b"9" * 5000 + b"}",
    "number as the whole body": b"7",
    "null as the whole body": b"null",
}


@each_file("deliveries")
def test_broken_bodies_are_malformed(connector: Connector, path: Path) -> None:
    """An authentic body that is cut, deep, or no JSON is `Malformed` with a reason, never another exception."""
    settings = recorded.settings(connector)
    whole = path.read_bytes().rstrip()
    cut = {f"cut after {n} bytes": whole[:n] for n in (1, len(whole) // 2, len(whole) - 1)}
    for what, body in (BROKEN | cut if path.suffix == ".json" else {}).items():
        with pytest.raises(Malformed) as caught:
            normalise(connector, recorded.delivery(connector, path.stem, body, settings), settings)
        assert str(caught.value), what


@each_file("deliveries")
@effort(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(draw=st.data())
def test_wrong_types_never_crash(connector: Connector, path: Path, draw: st.DataObject) -> None:
    """Any value of a body replaced by one of another type: still understood, or `Malformed` or `Unsupported`."""
    if path.suffix != ".json":
        return
    settings = recorded.settings(connector)
    body = json.loads(path.read_text("utf-8"))
    place = draw.draw(st.sampled_from(list(_places(body))))
    odd = draw.draw(
        st.sampled_from(
            [None, True, 0, -1, 10**30, 1.5, "", "x", "2026-02-31", [], [None], {}, {"id": None}, ...]
        )
    )
    mutated = json.dumps(_replaced(body, place, odd)).encode()
    try:
        inbound = normalise(connector, recorded.delivery(connector, path.stem, mutated, settings), settings)
    except (Malformed, Unsupported):
        return
    for event in inbound.events:
        codec.dumps([event.object, event.before, dict(event.scope), event.key, event.version, event.person])


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in below:
        yield from _places(inner, (*path, key))


def _replaced(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """A copy with another value at a place; `...` takes the place away."""
    copy = value.copy()
    if len(path) > 1:
        copy[path[0]] = _replaced(value[path[0]], path[1:], odd)
    elif odd is ...:
        del copy[path[0]]
    else:
        copy[path[0]] = odd
    return copy


# How it fails


class Mirror(StandIn):
    """Answers every call with one status, and repeats all it was told, as careless systems do."""

    status = 500

    def answer(self, seen: Seen) -> Reply:
        told = {
            "message": f"no: {dict(seen.headers)} {dict(seen.query)} {seen.body.decode('utf-8', 'replace')}"
        }
        return Reply(self.status, told)


@pytest.fixture(scope="module")
def mirror() -> Iterator[Mirror]:
    """One mirror for all operations."""
    with Mirror() as there:
        yield there


@each_file("requests")
def test_every_status_has_the_right_retry_answer_and_shows_no_secret(
    connector: Connector, path: Path, mirror: Mirror
) -> None:
    """Whatever status comes back through an operation, it says whether trying again can help, and tells no secret."""
    case = recorded.recorded(connector, path)
    if not case.said["exchanges"]:
        return
    outward = connector.operations[path.stem.partition("__")[0]]
    act = outward.find if case.said.get("find") else outward.act
    assert act is not None
    settings = _pointed_at(case.settings, mirror.url)
    with http_client(settings) as http:
        for status in STATUSES:
            mirror.status = status
            if str(status) in case.said.get("accepted", {}):
                assert act(case.operation, settings, http), status
                continue
            with pytest.raises(ConnectorError) as caught:
                act(case.operation, settings, http)
            assert (status, status in RETRYABLE) == (caught.value.status, caught.value.retryable)
            _assert_tells_nothing(connector, settings, caught.value)


@each(CONNECTORS)
def test_no_secret_in_a_repr(connector: Connector) -> None:
    """Settings and the client can be logged without harm."""
    settings = recorded.settings(connector)
    with http_client(settings) as http:
        shown = f"{settings!r} {http!r} {vars(http) and ''}"
    assert not [secret for secret in _secrets(connector, settings) if secret in shown]


def _pointed_at(settings: Settings, url: str) -> Settings:
    """The same connection with every address moved to the stand-in, paths kept."""
    moved = {
        name: url + value.removeprefix(f"{urlsplit(value).scheme}://{urlsplit(value).netloc}")
        if isinstance(value, str) and value.startswith(("http://", "https://"))
        else value
        for name, value in settings.values.items()
    }
    return Settings(settings.name, moved, settings.webhook_secrets, private_network=True)


def _assert_tells_nothing(connector: Connector, settings: Settings, error: ConnectorError) -> None:
    told = f"{error} {error!r} {''.join(traceback.format_exception(error, chain=True))}"
    assert not [secret for secret in _secrets(connector, settings) if secret in told]


def _secrets(connector: Connector, settings: Settings) -> set[str]:
    """The values of secret settings; of an address that is one, also its path and query."""
    marked = {str(settings.get(s.name)) for s in connector.settings if s.secret and settings.get(s.name)}
    inside = {
        part for text in marked for part in (urlsplit(text).path, urlsplit(text).query) if len(part) > 5
    }
    return {*marked, *inside, *settings.webhook_secrets}
