"""The one HTTP client: what it reaches, how long it waits, what it says when a call fails."""

from __future__ import annotations

import socket
import ssl
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.addresses import refusal
from connectors.base import ConnectorError, Settings
from connectors.foreign import MAX_BYTES
from connectors.http import Client, http_client, url
from connectors.retry import can_help, retry_after
from tests.support.standins.server import Reply, Seen, StandIn

TOKEN = "example-api-token-0001"
QUICK = 0.4
"""Seconds of deadline for calls that are meant to run into it."""


def settings(base: str = "", **more: Any) -> Settings:
    """A connection that may call this machine."""
    values = {"base_url": base, "token": TOKEN, **more}
    return Settings("tracker", values, ("example-webhook-secret",), private_network=True)


class Answers(StandIn):
    """Answers by path: what a test put into `replies`."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: dict[str, Reply] = {}

    def answer(self, seen: Seen) -> Reply:
        return self.replies.get(seen.path, Reply(json={"path": seen.path}))


@pytest.fixture
def there() -> Iterator[Answers]:
    """An outside system."""
    with Answers() as system:
        yield system


@pytest.fixture
def client(there: Answers) -> Iterator[Client]:
    """A client of it with a deadline of many seconds."""
    with http_client(settings(there.url)) as http:
        yield http


def failure(call: Callable[[], Any]) -> ConnectorError:
    """The error a call ends with."""
    with pytest.raises(ConnectorError) as caught:
        call()
    return caught.value


# What is sent


def test_a_request_arrives_as_it_was_given(there: Answers, client: Client) -> None:
    """Method, query, headers, Basic and JSON, with our name and without asking for compression."""
    answer = client.request(
        "POST",
        f"{there.url}/a",
        json={"text": "验收"},
        params={"q": "a b"},
        headers={"X-One": "1"},
        auth=("u", "p"),
    )
    (seen,) = there.seen
    assert (seen.method, seen.path, seen.query) == ("POST", "/a", {"q": "a b"})
    assert seen.body.decode() == '{"text": "验收"}'
    assert {
        name: seen.headers[name] for name in ("x-one", "authorization", "user-agent", "content-type")
    } == {
        "x-one": "1",
        "authorization": "Basic dTpw",
        "user-agent": "Accord",
        "content-type": "application/json",
    }
    assert seen.headers["accept-encoding"] == "identity"
    assert (answer.status, answer.json(), answer.headers["content-type"]) == (
        200,
        {"path": "/a"},
        "application/json",
    )


def test_forms_and_raw_bodies(there: Answers, client: Client) -> None:
    """A mapping is a form, bytes and text go as they are."""
    client.request("POST", there.url, data={"grant_type": "client_credentials"})
    client.request("POST", there.url, data=b"\x00\xff")
    client.request("POST", there.url, data="\u9a8c")
    assert [seen.body for seen in there.seen] == [
        b"grant_type=client_credentials",
        b"\x00\xff",
        "验".encode(),
    ]


def test_connections_are_kept_and_shared_by_threads(there: Answers, client: Client) -> None:
    """Forty calls by eight threads need at most eight connections, and every answer reaches its own call."""
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: client.request("GET", f"{there.url}/{n}").json(), range(40)))
    assert found == [{"path": f"/{n}"} for n in range(40)]
    assert there.connections <= 8


def test_no_cookie_is_kept(there: Answers, client: Client) -> None:
    """A session of the target cannot leak from one call into another."""
    there.replies["/"] = Reply(json={}, headers={"Set-Cookie": "session=1"})
    client.request("GET", f"{there.url}/")
    client.request("GET", f"{there.url}/")
    assert "cookie" not in there.seen[1].headers


def test_proxies_and_passwords_of_the_environment_are_not_used(
    there: Answers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A variable set for something else cannot send our calls elsewhere."""
    (tmp_path / "netrc").write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with http_client(settings(there.url)) as http:
        assert http.request("GET", f"{there.url}/a").status == 200
    assert "authorization" not in there.seen[0].headers


def test_numbers_of_answers_are_exact(there: Answers, client: Client) -> None:
    """Money in an answer is never a float."""
    there.replies["/"] = Reply(body=b'{"total": 0.10}')
    assert str(client.request("GET", f"{there.url}/").json()["total"]) == "0.10"
    there.replies["/"] = Reply(body=b"<html>")
    assert "cannot be read" in str(failure(lambda: client.request("GET", f"{there.url}/").json()))


# Failing


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 422, 501, 505])
def test_refusals_are_not_tried_again(there: Answers, client: Client, status: int) -> None:
    """The same request would be refused again."""
    there.fail(status=status)
    error = failure(lambda: client.request("POST", there.url, json={}))
    assert (error.status, error.retryable, error.outcome_unknown) == (status, False, False)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_passing_trouble_is_tried_again(there: Answers, client: Client, status: int) -> None:
    """And after a gateway's time-out nobody knows whether a write had its effect."""
    there.fail(status=status, times=2)
    error = failure(lambda: client.request("POST", there.url, json={}))
    assert (error.status, error.retryable, error.outcome_unknown) == (status, True, status == 504)
    assert not failure(lambda: client.request("GET", there.url)).outcome_unknown


@pytest.mark.parametrize("fault", ["hang", "reset", "half", "slow"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_broken_call_may_have_had_its_effect(there: Answers, fault: Any, method: str) -> None:
    """No complete answer: worth trying again; for a write the outcome is unknown. The deadline ends every one."""
    there.fail(fault)
    with http_client(settings(there.url), QUICK) as http:
        error = failure(lambda: http.request(method, f"{there.url}/a"))
        assert (error.retryable, error.outcome_unknown, error.status) == (True, method == "POST", None)
        assert "no complete answer" in str(error) or "before a complete answer" in str(error)


def test_slow_headers_do_not_stretch_the_deadline() -> None:
    """A target that keeps sending a little, but never an answer, is left at the deadline."""
    over, dripped = threading.Event(), []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            caller, _ = listening.accept()
            with caller:
                try:
                    caller.sendall(b"HTTP/1.1 200 OK\r\n")
                    for _ in range(200):
                        if over.wait(0.05):
                            break
                        caller.sendall(b"X-Drip: 1\r\n")
                        dripped.append(1)
                except OSError:
                    return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        with http_client(settings(), QUICK) as http:
            error = failure(lambda: http.request("POST", f"http://127.0.0.1:{listening.getsockname()[1]}/"))
        over.set()
        thread.join()
    assert (error.retryable, error.outcome_unknown) == (True, True)
    assert "no complete answer in time" in str(error)
    assert len(dripped) < 90, "the target was given all the time it wanted"


def test_a_call_that_never_left_has_a_known_outcome(client: Client) -> None:
    """Refused connections, names that do not exist, addresses that make no sense: nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    closed = failure(lambda: client.request("POST", f"http://127.0.0.1:{port}/"))
    assert (closed.retryable, closed.outcome_unknown) == (True, False)
    assert "ConnectionRefusedError" in str(closed)
    unknown = failure(lambda: client.request("POST", "http://no-such-host.invalid/"))
    assert (unknown.retryable, unknown.outcome_unknown) == (True, False)
    for odd in ("ftp://tracker.example/", "http://", "not an address", "http://[::1/"):
        error = failure(lambda odd=odd: client.request("POST", odd))
        assert (error.retryable, error.outcome_unknown) == (False, False), odd


def test_headers_cannot_be_smuggled_in(there: Answers, client: Client) -> None:
    """A line break in a value is refused before anything is sent, and the value is not shown."""
    error = failure(
        lambda: client.request("GET", there.url, headers={"Authorization": f"Bearer {TOKEN}\r\nX-Evil: 1"})
    )
    assert (error.retryable, there.seen) == (False, [])
    assert TOKEN not in str(error)


def test_answers_over_the_cap_are_cut_off(there: Answers, client: Client) -> None:
    """Size is bounded while it streams in, announced or not."""
    there.replies["/"] = Reply(body=b" " * (MAX_BYTES + 1))
    assert "more than 5242880 bytes" in str(failure(lambda: client.request("GET", f"{there.url}/")))
    there.replies["/"] = Reply(body=b'"' + b" " * (MAX_BYTES - 2) + b'"')
    assert client.request("GET", f"{there.url}/").status == 200


def test_compressed_answers_are_refused(there: Answers, client: Client) -> None:
    """Nobody asked for them, and few bytes could unfold to any number."""
    there.replies["/"] = Reply(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    assert "compressed" in str(failure(lambda: client.request("GET", f"{there.url}/")))


# Secrets


def test_an_error_says_where_and_why_without_any_secret(there: Answers, client: Client) -> None:
    """Method, host and path below base_url, the target's own words; no query, no header, no setting."""
    echo = {"errorMessages": [f"duedate cannot be set by {TOKEN} with Basic dTpwYXNzd29yZA=="]}
    there.fail(status=400, body=echo)
    error = failure(
        lambda: client.request(
            "PUT", f"{there.url}/issue/APO-1", params={"key": TOKEN}, auth=("u", "password")
        )
    )
    said = 'answered 400: {"errorMessages": ["duedate cannot be set by *** with Basic ***"]}'
    assert str(error) == f"tracker: PUT 127.0.0.1/issue/APO-1 {said}"
    shown = "".join(traceback.format_exception(error))
    assert TOKEN not in shown
    assert "dTpwYXNzd29yZA==" not in shown


def test_outside_of_base_url_even_the_path_is_kept_back(there: Answers) -> None:
    """The path of a chat's webhook is its password."""
    hook = f"{there.url}/services/T000/B000/example0000path"
    there.fail(status=404, body={"error": "no_service"})
    with http_client(Settings("room", {"url": hook}, private_network=True)) as http:
        error = failure(lambda: http.request("POST", hook, json={}))
    assert str(error) == 'room: POST 127.0.0.1 answered 404: {"error": "no_service"}'


def test_pages_for_people_are_not_quoted(there: Answers, client: Client) -> None:
    """A proxy's HTML says nothing to the reader of a log."""
    there.replies["/"] = Reply(502, body=b"<html>Bad gateway</html>", headers={"Content-Type": "text/html"})
    assert (
        str(failure(lambda: client.request("GET", f"{there.url}/"))) == "tracker: GET 127.0.0.1/ answered 502"
    )


# Where it goes

PRIVATE = [
    "10.0.0.1",
    "192.168.1.1",
    "172.16.0.1",
    "127.0.0.1",
    "100.64.0.1",
    "::1",
    "fd12::1",
    "::ffff:10.0.0.1",
]
PRIVATE += ["2002:0a00:0001::", "64:ff9b::10.0.0.1", "198.18.0.1", "192.0.0.8", "3fff::1", "5f00::1"]
PRIVATE += [
    "::10.0.0.1",
    "::127.0.0.1",
    "::ffff:0:10.0.0.1",
    "2600::5efe:192.168.1.1",
    "2600::200:5efe:10.0.0.1",
]
NEVER = ["169.254.169.254", "169.254.1.1", "fe80::1", "fe80::1%eth0", "0.0.0.0", "::", "224.0.0.1", "ff02::1"]
NEVER += [
    "255.255.255.255",
    "240.0.0.1",
    "fd00:ec2::254",
    "100.100.100.200",
    "::ffff:169.254.169.254",
    "fec0::1",
]
NEVER += ["::169.254.169.254", "::ffff:0:169.254.169.254", "2600::5efe:169.254.169.254"]
NEVER += ["2002:a9fe:a9fe::", "64:ff9b::a9fe:a9fe", "2001:0:4136:e378:8000:63bf:5601:5601", "nonsense"]
PUBLIC = ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::93.184.216.34"]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_called(address: str) -> None:
    """Also inside of an address that stands for another."""
    assert refusal(address, private_network=False) is None


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_need_permission(address: str) -> None:
    """The refusal names the setting that allows it."""
    assert "private_network: true" in (refusal(address, private_network=False) or "")
    assert refusal(address, private_network=True) is None


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_called(address: str) -> None:
    """Metadata services, the link, multicast, "this host": no tracker lives there, whatever the settings say."""
    assert refusal(address, private_network=False)
    assert refusal(address, private_network=True)


NUMBERS = ["127.0.0.1", "127.1", "2130706433", "017700000001", "0x7f.1", "0x7f000001", "[::1]", "localhost"]
NUMBERS += ["[::ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]", "[::127.0.0.1]", "tracker.example@127.0.0.1"]
# A resolver may know these or not; whichever it is, they lead nowhere.
ODD = [
    "localhost.",
    "127.0.0.1.",
    "127.0.0.1%2f",
    "[::1%25lo]",
    "tracker.example:443@localhost",
    "\uff11\uff12\uff17.0.0.1",
]


def test_a_connection_without_permission_does_not_reach_this_machine(there: Answers) -> None:
    """By number in any spelling or by name, nothing arrives; the error is permanent and says what to set."""
    port = there.url.rpartition(":")[2]
    with http_client(Settings("tracker", {})) as http:
        for host in NUMBERS:
            error = failure(lambda host=host: http.request("GET", f"http://{host}:{port}/"))
            assert (error.retryable, error.outcome_unknown) == (False, False), host
        for host in ODD:
            assert not failure(
                lambda host=host: http.request("GET", f"http://{host}:{port}/")
            ).outcome_unknown
    assert there.seen == []


def test_permission_is_that_of_one_connection(there: Answers) -> None:
    """What the tracker may reach stays out of reach for the books beside it."""
    with http_client(settings(there.url)) as tracker, http_client(Settings("books", {})) as books:
        assert tracker.request("GET", there.url).status == 200
        assert "private_network: true" in str(failure(lambda: books.request("GET", there.url)))
    assert len(there.seen) == 1


def test_the_address_that_was_checked_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers with a public address first and with ours a moment later gains nothing: it is asked once."""
    asked, called = [], []

    def changing(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(_: socket.socket, where: Any) -> None:
        called.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    monkeypatch.setattr(socket.socket, "connect", connect)
    with http_client(Settings("tracker", {})) as http:
        failure(lambda: http.request("GET", "http://tracker.example:8080/"))
    assert (asked, called) == (["tracker.example"], [("93.184.216.34", 8080)])


def test_the_next_address_is_tried_when_one_does_not_answer(
    there: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host with a dead address and a living one is reached; refused ones are passed over."""
    port = int(there.url.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", 0)) as free:
        dead = free.getsockname()[1]
    addresses = [("169.254.169.254", port), ("127.0.0.1", dead), ("127.0.0.1", port)]
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", where) for where in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with http_client(settings()) as http:
        assert http.request("GET", "http://tracker.example/").status == 200


def test_reads_follow_redirects_on_the_same_host_only(there: Answers, client: Client) -> None:
    """Our token never travels to a host that somebody else named."""
    there.replies["/old"] = Reply(301, headers={"Location": "/new?x=1"})
    assert client.request("GET", f"{there.url}/old").json() == {"path": "/new"}
    with Answers() as other:
        there.replies["/away"] = Reply(302, headers={"Location": f"{other.url}/?token={TOKEN}"})
        error = failure(lambda: client.request("GET", f"{there.url}/away"))
        assert other.seen == []
    assert (error.retryable, error.status, TOKEN in str(error)) == (False, 302, False)


@pytest.mark.parametrize(
    "written", ["http://{other}\\@{own}/", "//{other}\\@{own}/x", "http://{own}@{other}/"]
)
@pytest.mark.parametrize("more", ["", "#@", "?@"])
def test_a_redirect_cannot_disguise_its_host(there: Answers, client: Client, written: str, more: str) -> None:
    """Backslashes and names before the host are read alike when it is compared and when it is called."""
    own = there.url.removeprefix("http://")
    with Answers() as other:
        away = written.format(own=own, other=other.url.removeprefix("http://")) + more
        there.replies["/away"] = Reply(302, headers={"Location": away})
        with suppress(ConnectorError):
            client.request("GET", f"{there.url}/away", headers={"Authorization": f"Bearer {TOKEN}"})
        assert other.seen == []


def test_writes_follow_no_redirect(there: Answers, client: Client) -> None:
    """A moved address is corrected by a person, not by sending a comment to wherever it points."""
    there.replies["/old"] = Reply(308, headers={"Location": "/new"})
    assert "correct base_url" in str(failure(lambda: client.request("POST", f"{there.url}/old")))
    assert [seen.path for seen in there.seen] == ["/old"]


def test_redirects_in_a_circle_end(there: Answers, client: Client) -> None:
    """Bounded in number."""
    there.replies["/a"] = Reply(302, headers={"Location": "/a"})
    assert "in a circle" in str(failure(lambda: client.request("GET", f"{there.url}/a")))


# TLS


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for a host name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, key_file = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return pem, key_file


def test_tls_checks_authority_and_host_name(
    there: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connecting to a checked address, the certificate still has to be for the host, by an authority we trust."""
    pem, key = certificate(tmp_path, "tracker.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    there._server.socket = context.wrap_socket(there._server.socket, server_side=True)
    port = int(there.url.rpartition(":")[2])
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: here)
    with http_client(settings(ca_file=str(pem))) as http:
        assert http.request("GET", f"https://tracker.example:{port}/a").json() == {"path": "/a"}
        wrong_name = failure(lambda: http.request("POST", f"https://books.example:{port}/a"))
    with http_client(settings()) as http:
        unknown = failure(lambda: http.request("POST", f"https://tracker.example:{port}/a"))
    for error in (wrong_name, unknown):
        assert "SSLCertVerificationError" in str(error)
        assert (error.retryable, error.outcome_unknown) == (True, False)
    assert [seen.path for seen in there.seen] == ["/a"]


# Addresses of calls and waits


def test_parts_of_an_address_stay_in_their_segment() -> None:
    """Whatever an issue key or a user's text holds, it cannot reach another resource."""
    known = settings("https://tracker.example/jira/")
    assert (
        url(known, "/issue/{key}/comment", key="APO-1") == "https://tracker.example/jira/issue/APO-1/comment"
    )
    assert (
        url(known, "/label/{name}", name="a/b?c#d é")
        == "https://tracker.example/jira/label/a%2Fb%3Fc%23d%20%C3%A9"
    )
    for odd in ("", ".", ".."):
        assert "cannot stand in an address" in str(
            failure(lambda odd=odd: url(known, "/issue/{key}", key=odd))
        )


@pytest.mark.parametrize(
    "base", ["", "tracker.example", "https://user:pass@tracker.example", "https://x?y=1", "file:///x"]
)
def test_a_base_url_that_is_none_is_named(base: str) -> None:
    """With an example of a right one, and without what may be a password."""
    error = failure(lambda: url(settings(base), "/a"))
    assert "base_url must be set to an address like https://" in str(error)
    assert "pass" not in str(error)
    assert url(Settings("code", {}), "/a", "https://api.example") == "https://api.example/a"


NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "Fri, 20 Nov 2026 10:01:00 GMT"}, 60),
        ({"retry-after": "Fri, 20 Nov 2026 09:00:00 GMT"}, 0),
        ({"retry-after": "999999999"}, 86_400),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "Fri, 99 Nov 2026 10:01:00 GMT"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 90)}, 90),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-11-20T10:02Z"}, 120),
        ({"x-ratelimit-remaining": "4999", "x-ratelimit-reset": str(int(NOW.timestamp()) + 90)}, None),
    ],
)
def test_how_long_a_target_asks_us_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, a date, or the end of a used-up limit; never less than nothing or more than a day."""
    assert retry_after(headers, NOW) == seconds


def test_a_403_with_a_time_to_come_back_is_a_rate_limit(there: Answers, client: Client) -> None:
    """GitHub's second limit answers 403; without that it is a refusal."""
    assert not can_help(403, {})
    there.fail(status=403, headers={"Retry-After": "60"})
    error = failure(lambda: client.request("GET", there.url))
    assert (error.retryable, error.retry_after) == (True, 60)
