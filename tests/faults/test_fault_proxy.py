"""The instrument itself: the way that tests break does to a call what its name says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.support.fault_proxy import DRIP_SECONDS, FaultProxy
from tests.support.standins.server import Reply, Seen, StandIn


class Talker(StandIn):
    def answer(self, seen: Seen) -> Reply:
        return Reply(json={"said": "hello"})


@pytest.fixture
def there() -> Iterator[Talker]:
    with Talker() as talker:
        yield talker


@pytest.fixture
def way(there: Talker) -> Iterator[FaultProxy]:
    with FaultProxy(int(there.url.rpartition(":")[2])) as proxy:
        yield proxy


def call(session: requests.Session, way: FaultProxy, timeout: float = 5) -> str:
    return str(session.get(f"http://127.0.0.1:{way.port}/", timeout=timeout).json()["said"])


def test_a_good_way_passes_everything_on(way: FaultProxy, there: Talker) -> None:
    """Over one kept-alive connection as well."""
    with requests.Session() as session:
        assert [call(session, way), call(session, way)] == ["hello", "hello"]
    assert there.connections == 1


def test_refused_breaks_what_is_open_and_lets_nobody_in(way: FaultProxy, there: Talker) -> None:
    """No call reaches the other side; after the mend all do."""
    with requests.Session() as session:
        call(session, way)
        way.trouble("refused")
        for _ in range(2):
            with pytest.raises(requests.ConnectionError):
                call(session, way)
        assert len(there.seen) == 1
        way.mend()
        assert call(session, way) == "hello"


def test_dropped_leaves_the_caller_waiting(way: FaultProxy, there: Talker) -> None:
    """Neither an answer nor an end; the mend breaks what lost bytes."""
    way.trouble("dropped")
    with requests.Session() as session:
        with pytest.raises(requests.Timeout):
            call(session, way, timeout=DRIP_SECONDS)
        way.mend()
        assert call(session, way) == "hello"
    assert len(there.seen) == 1


def test_cut_ends_an_answer_in_its_middle_though_the_call_arrived(way: FaultProxy, there: Talker) -> None:
    """The other side did what it was asked."""
    way.trouble("cut")
    with requests.Session() as session, pytest.raises(requests.RequestException):
        call(session, way)
    assert len(there.seen) == 1


def test_drip_gives_a_byte_at_a_time(way: FaultProxy) -> None:
    """The rest comes at once when the way is mended."""
    way.trouble("drip")
    with requests.Session() as session:
        answer = session.get(f"http://127.0.0.1:{way.port}/", timeout=5, stream=True)
        assert answer.raw.read(1) == b"{"
        way.mend()
        assert answer.raw.read() == b'"said": "hello"}'
