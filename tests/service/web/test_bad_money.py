"""Bad input of money through a signed webhook: each kind has an outcome that a person sees, and nothing is lost."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from rules.facts.event import Record
from rules.facts.ledger import total
from rules.facts.money import Money
from service.flow import decide, normalise
from service.store import attention
from tests.support.seeding import Seed, close, csrf_of, opened

KEY = b"thirty-two bytes of a secret key"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
CONNECTION = "  script: {connector: webhook, webhook_secret: '${SCRIPT_SECRET}'}"


@pytest.fixture
def apollo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seed]:
    """Apollo and Kanban under way, both fed by a script: its bills tagged `shared` are claimed by the two of them."""
    made = opened(tmp_path_factory.mktemp("home"), CONNECTION, SCRIPT_SECRET=SECRET)
    for project, tag in (("apollo", "apollo"), ("kanban", "kanban")):
        file = made.context.settings.home / "projects" / f"{project}.yaml"
        claims = "".join(f"      - {{connection: script, tag: {t}}}\n" for t in (tag, "shared"))
        file.write_text(file.read_text().replace("    booked_in:\n", f"    booked_in:\n{claims}"))
        made.project(project)
    assert made.context.rulebook.refresh()
    yield made
    close(made)


def send(seed: Seed, key: str, **told: Any) -> str:
    """One bill by the script's signed webhook, normalised and decided; the id of the delivery."""
    scope = {"tags": told.pop("tags", ["apollo"])}
    bill = {"class": "material", "work_date": "2026-11-19", "number": f"BILL-{key}", **told}
    body = {"type": "bill.received", "key": f"bill/{key}", "version": 1, "scope": scope, "object": bill}
    raw, ident, seconds = json.dumps(body).encode(), f"msg_{key}", str(int(datetime.now(UTC).timestamp()))
    mac = hmac.new(KEY, f"{ident}.{seconds}.".encode() + raw, hashlib.sha256).digest()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": ident,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }
    answer = seed.app.test_client().post("/hooks/script", data=raw, headers=headers)
    assert answer.status_code == 202, answer.text
    settle(seed)
    return str(answer.get_json()["id"])


def settle(seed: Seed) -> None:
    normalise.normalise_waiting(seed.context)
    decide.decide_waiting(seed.context)


def of(seed: Seed, kind: str, project: str = "apollo") -> list[Record]:
    with seed.context.database.reading() as connection:
        return attention.records_of(connection, kind, [project])


def spent(seed: Seed, project: str = "apollo", currency: str = "USD") -> Money:
    found = of(seed, "sums", project)
    return total(found[0], "incurred") if found else Money.zero(currency)


def shown(client: FlaskClient, path: str) -> str:
    answer = client.get(path, headers={"Accept-Language": "en"})
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def press(client: FlaskClient, path: str, **fields: str) -> None:
    token = csrf_of(client.get("/account").text)
    assert client.post(path, data={**fields, "csrf_token": token}).status_code == 303


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"amount": "12.00 XQQ"}, "XQQ"),
        ({"amount": "12.00"}, "names no currency"),
        ({"amount": "NaN USD"}, "NaN"),
        ({"amount": "1E+99 USD"}, "1E+99"),
        ({"amount": "12.00 USD", "work_date": "2026-13-45"}, "2026-13-45"),
        ({"amount": "12.00 USD", "class": "catering"}, "catering"),
    ],
)
def test_what_cannot_be_read_is_kept_with_its_place_and_reason(
    apollo: Seed, told: dict[str, str], why: str
) -> None:
    """It counts nothing; the delivery stands as unreadable, with the words that were sent."""
    delivery = send(apollo, "1", **told)
    page = shown(apollo.signed_in("viewer"), f"/deliveries/{delivery}")
    assert why in page
    assert "object." in page, "where it stands in the body"
    assert "could not be read" in shown(apollo.signed_in("viewer"), "/")
    assert spent(apollo) == Money.zero("USD")


def test_a_negative_bill_is_a_credit_and_lowers_what_was_spent(apollo: Seed) -> None:
    """Its sign is kept everywhere it is printed."""
    send(apollo, "1", amount="200.00 USD")
    send(apollo, "2", amount="-50.25 USD")
    assert spent(apollo) == Money(Decimal("149.75"), "USD")
    page = shown(apollo.signed_in("viewer"), "/projects/apollo")
    assert re.search(r"BILL-2 .{0,80}[-−] ?(USD )?50\.25|USD [-−]50\.25|[-−]USD 50\.25", page), page[-900:]


@pytest.mark.parametrize(
    "told", [{"amount": "99999999.00 USD"}, {"amount": "12.00 USD", "work_date": "2099-01-01"}]
)
def test_an_absurd_amount_or_a_far_date_waits_for_a_word(apollo: Seed, told: dict[str, str]) -> None:
    """It counts nothing; Books shows it, a task asks the lead; one click, and it counts."""
    send(apollo, "1", **told)
    assert spent(apollo) == Money.zero("USD")
    (entry,) = of(apollo, "entry")
    assert entry["status"] == "questioned"
    lead = apollo.signed_in("lead", "lin@northwind.example")
    assert "BILL-1" in shown(lead, "/projects/apollo/books").partition("wait for a word")[2]
    assert any(k["kind"] in ("absurd_amount", "far_date") for k in of(apollo, "task"))
    press(lead, "/projects/apollo/books/accept", entry=entry["id"])
    settle(apollo)
    assert spent(apollo) == Money(Decimal(told["amount"].split()[0]), "USD")


def test_what_no_project_claims_waits_for_a_person_and_is_remembered(apollo: Seed) -> None:
    """The inbox names its tag; given to a project it counts, the next one goes there by itself, and both come back."""
    send(apollo, "1", amount="70.00 USD", tags=["zeppelin"])
    member = apollo.signed_in("member")
    assert "zeppelin" in shown(member, "/inbox")
    (place,) = set(re.findall(r'action="/inbox/([^"/]+)"', member.get("/inbox").text))
    press(member, f"/inbox/{place}", project="apollo")
    settle(apollo)
    assert spent(apollo) == Money(Decimal(70), "USD")
    send(apollo, "2", amount="5.00 USD", tags=["zeppelin"])
    assert spent(apollo) == Money(Decimal(75), "USD")
    press(member, f"/inbox/{place}/undo")
    settle(apollo)
    assert spent(apollo) == Money.zero("USD")
    assert "2" in shown(member, "/inbox").partition("zeppelin")[2][:200]


def test_what_two_projects_claim_counts_in_neither_until_a_person_says_where(apollo: Seed) -> None:
    """The inbox names both."""
    send(apollo, "1", amount="70.00 USD", tags=["shared"])
    assert (spent(apollo), spent(apollo, "kanban", "CNY").amount) == (Money.zero("USD"), 0)
    member = apollo.signed_in("member")
    names = [apollo.context.rulebook.workspace.projects[p].name for p in ("apollo", "kanban")]
    assert f"Claimed by {' and '.join(names)}" in shown(member, "/inbox")
    (place,) = set(re.findall(r'action="/inbox/([^"/]+)"', member.get("/inbox").text))
    press(member, f"/inbox/{place}", project="apollo")
    settle(apollo)
    assert (spent(apollo), spent(apollo, "kanban", "CNY").amount) == (Money(Decimal(70), "USD"), 0)
