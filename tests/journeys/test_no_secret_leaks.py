"""After a whole journey, with what went wrong in it: no secret of the workspace stands anywhere that it should not."""

from __future__ import annotations

import base64
import re
import sqlite3
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from tests.journeys.office import JIRA_SECRET, Office
from tests.support.stack import TOKEN
from tests.support.standins.xero import line

PASSWORD = "heron copper window nine"
ROOMS = (
    *(
        "/",
        "/events",
        "/deliveries",
        "/messages",
        "/approvals",
        "/projects",
        "/projects/apollo",
        "/rules",
        "/people",
    ),
    *(
        "/connections/tracker",
        "/connections/books",
        "/connections/payments",
        "/connections/room",
        "/connections/mail",
    ),
    *(
        "/connections",
        "/dead-letters",
        "/pauses",
        "/account",
        "/search?q=secret",
        "/healthz",
        "/readyz",
        "/metrics",
    ),
)
SETTINGS = ("JIRA_TOKEN", "JIRA_SECRET", "XERO_LOGIN", "XERO_KEY", "STRIPE_SECRET", "SLACK_URL")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office that has lived: an alert, a decision by a client, a refused call, forged and broken deliveries."""
    with Office(tmp_path_factory.mktemp("office")) as at:
        bill = at.xero.bill("BILL-1", "Devices Inc", [line("Devices", 40000.0, "Apollo")], CurrencyCode="USD")
        at.settle(at.tell_of(bill))
        at.wait_for_mail("bob@acme.example", "Apollo")
        at.jira.fail(
            status=401, body={"errorMessages": [f"the token {settings(at)['JIRA_TOKEN']} is not valid"]}
        )
        at.settle(at.mark_as_change("APO-30", "Export", 20))
        for signature in (
            {},
            {"X-Hub-Signature": f"sha256={JIRA_SECRET}"},
            {"Authorization": f"Bearer {TOKEN}"},
        ):
            requests.post(f"{at.stack.url}/hooks/tracker", data=b"{}", headers=signature, timeout=10)
        at.stack.accord("doctor")
        yield at


def settings(at: Office) -> dict[str, str]:
    """The lines of the workspace's .env."""
    lines = (at.home / ".env").read_text().splitlines()
    return dict(text.split("=", 1) for text in lines if "=" in text)


def secrets_of(at: Office) -> dict[str, str]:
    """Every secret by its name: those of the settings, the API's token, the service's own key."""
    found = {name: settings(at)[name] for name in SETTINGS}
    # Of the chat's address the path is the secret.
    found["SLACK_URL"] = found["SLACK_URL"].partition("://")[2].partition("/")[2]
    found |= {"the API's token": TOKEN, "a password": PASSWORD}
    key = at.home / "var" / "secret-key"
    assert key.exists()
    return {**found, "SECRET_KEY": key.read_text().strip()}


def spellings(secret: str) -> set[bytes]:
    """The secret as it is, in addresses, in hex, and in base64 at each of the three places it can begin at."""
    raw = secret.encode()
    made = {raw, quote(secret, safe="").encode(), raw.hex().encode()}
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        # What neighbours have a share in is left out.
        made.add(coded[(shift and shift + 1) : len(coded) - 4])
    return made


def held(at: Office, where: dict[str, bytes]) -> list[tuple[str, str]]:
    """Which secret stands in which place."""
    wanted = {name: spellings(secret) for name, secret in secrets_of(at).items()}
    return [
        (name, place)
        for name, forms in wanted.items()
        for place, content in where.items()
        if any(form in content for form in forms)
    ]


def test_no_page_and_no_answer_shows_a_secret(office: Office) -> None:
    """Every room, every thing that the API lists, metrics and readiness, as an owner and as a client."""
    browser = requests.Session()
    first = (office.home / "var" / "first-sign-in.txt").read_text().strip()
    welcome = office.stack.url + "/welcome/" + first.rpartition("/")[2]
    form = {"csrf_token": _csrf(_carried(browser, browser.get(welcome, timeout=10)).text), "name": "Lin Hao"}
    form |= {"email": "lin@northwind.example", "password": PASSWORD, "again": PASSWORD}
    entered = _carried(browser, browser.post(welcome, data=form, timeout=10, allow_redirects=False))
    assert entered.status_code == 303, entered.text[:300]
    seen = {path: browser.get(office.stack.url + path, timeout=10).content for path in ROOMS}
    for kind in ("events", "deliveries", "messages", "approvals"):
        for item in office.stack.items(kind, limit="100"):
            path = f"/{kind}/{item['id']}"
            seen[path] = browser.get(office.stack.url + path, timeout=10).content
            seen["/api" + path] = office.stack.http.get(
                f"{office.stack.url}/api/v1{path}", timeout=10
            ).content
    assert len(seen) > 40
    assert b"Apollo" in seen["/projects/apollo"]
    assert held(office, seen) == []


def test_no_log_no_mail_no_row_and_no_backup_holds_a_secret(office: Office, tmp_path: Path) -> None:
    """The log of every process, both databases row by row and byte by byte, mails as they left, and a backup."""
    done = office.stack.accord("backup", str(tmp_path / "copy.tar.gz"))
    assert done.returncode == 0, done.stderr
    with tarfile.open(tmp_path / "copy.tar.gz") as packed:
        packed.extractall(tmp_path / "copy", filter="data")
    var = office.home / "var"
    places = {"log": office.stack.log.read_bytes(), "what backup said": (done.stdout + done.stderr).encode()}
    for file in [*var.rglob("*"), *(tmp_path / "copy").rglob("*")]:
        # The service's own key is kept in a file that only its owner reads, and a backup takes that file along.
        if file.is_file() and file.name not in ("secret-key", "redis.conf"):
            places[str(file)] = file.read_bytes()
    for database in [p for p in places if p.endswith(".db")]:
        places[f"rows of {database}"] = _rows(Path(database))
    places |= {f"mail {n}": bytes(m.message) for n, m in enumerate(office.smtp.mails)}
    assert any("rows of" in place for place in places)
    assert any(place.startswith("mail") for place in places)
    assert held(office, places) == []


def test_what_is_searched_for_would_be_found(office: Office) -> None:
    """The search itself works: a secret in any of its spellings is seen."""
    token = settings(office)["JIRA_TOKEN"]
    for text in (
        token,
        quote(token),
        base64.b64encode(f"bot:{token}".encode()).decode(),
        token.encode().hex(),
    ):
        assert ("JIRA_TOKEN", "here") in held(office, {"here": b"..." + text.encode() + b"..."})


def _carried(browser: requests.Session, answer: requests.Response) -> requests.Response:
    """The browser carries the cookie on, as it would behind the proxy that speaks TLS: it is meant for that alone."""
    browser.headers["Cookie"] = "; ".join(f"{c.name}={c.value}" for c in answer.cookies)
    return answer


def _csrf(html: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert found, html[:300]
    return found[1]


def _rows(database: Path) -> bytes:
    """Every value of every table, as text."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        return "\n".join(connection.iterdump()).encode("utf-8", "replace")
