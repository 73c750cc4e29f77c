"""How a project is run, in the console and on pages of clients: what is said there is decided like anything else."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from rules.engine.placing import place
from rules.facts.event import Record, SourceEvent
from rules.facts.ledger import total
from rules.facts.money import Money
from service.flow import conduct, decide, normalise
from service.store import assignments, attention, journal
from service.store.records import SqlBook
from tests.support.seeding import NOT_GIVEN, NOW, Seed, csrf_of

ENGLISH = {"Accept-Language": "en"}
LOCALES = ("en", "zh-CN")


@pytest.fixture
def apollo(seed: Seed) -> Seed:
    """Apollo under way."""
    seed.project("apollo")
    return seed


def settled(seed: Seed) -> int:
    return decide.decide_waiting(seed.context)


def said(client: FlaskClient, path: str, locale: str = "en") -> str:
    answer = client.get(path, headers={"Accept-Language": locale})
    assert answer.status_code == 200, path
    assert NOT_GIVEN not in answer.text, path
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def of(seed: Seed, kind: str) -> list[Record]:
    with seed.context.database.reading() as connection:
        return attention.records_of(connection, kind, ["apollo"])


def nonce_of(html: str) -> str:
    found = re.search(r'name="nonce" value="([^"]+)"', html)
    assert found, "the page has no form"
    return found[1]


def send(client: FlaskClient, path: str, **fields: Any) -> Any:
    """A form with its token, posted by somebody who reads English."""
    token = csrf_of(client.get("/account").text)
    return client.post(path, data={**fields, "csrf_token": token}, headers=ENGLISH)


def write(client: FlaskClient, form: str, **fields: Any) -> int:
    return int(send(client, f"/projects/apollo/conduct/{form}", **fields).status_code)


# --- forms ---------------------------------------------------------------------------------------------------------


def test_a_call_is_logged_in_two_clicks(apollo: Seed) -> None:
    """The button on the page, and Save: by phone with the client's first contact, by whoever is signed in."""
    lead = apollo.signed_in("lead")
    page = lead.get("/projects/apollo/conduct", headers=ENGLISH).text
    assert 'href="/projects/apollo/conduct/contact"' in page
    form = lead.get("/projects/apollo/conduct/contact", headers=ENGLISH).text
    chosen = dict(re.findall(r'<select[^>]*name="(\w+)".*?<option value="([^"]*)" selected', form, re.DOTALL))
    assert chosen == {"channel": "phone", "with": "ann"}
    assert write(lead, "contact", **chosen, summary="Wants the export sooner") == 303
    settled(apollo)
    (contact,) = of(apollo, "contact")
    assert (contact["channel"], contact["with"]) == ("phone", "ann")
    assert "last contact today" in said(lead, "/projects/apollo/conduct")


def test_a_risk_is_added_worked_on_and_closed(apollo: Seed) -> None:
    """Over the limit it calls for a plan and keeps the project from green; with one it does not."""
    lead = apollo.signed_in("lead")
    risk = {
        "title": "The supplier is late",
        "kind": "schedule",
        "score": "16",
        "owner": "lin",
        "response": "",
    }
    assert write(lead, "risk", **risk) == 303
    settled(apollo)
    page = said(lead, "/projects/apollo/conduct")
    assert "Risk without a plan: The supplier is late" in page
    assert "Apollo needs watching" in page
    (known,) = of(apollo, "risk")
    more = {
        **risk,
        "of": known["id"],
        "plan": "Order from the other one",
        "review_on": "2026-12-01",
        "amount": "3,000",
    }
    assert write(lead, "risk-change", **more) == 303
    settled(apollo)
    (changed,) = of(apollo, "risk")
    assert (changed["id"], changed["status"], changed["amount"]) == (
        known["id"],
        "mitigating",
        Money(Decimal(3000), "USD"),
    )
    assert "Apollo is on course" in said(lead, "/projects/apollo/conduct")
    assert write(lead, "risk-close", of=known["id"], reason="delivered") == 303
    settled(apollo)
    assert of(apollo, "risk")[0]["status"] == "closed"


@pytest.mark.parametrize(
    ("form", "fields", "says"),
    [
        ("risk", {"title": "x", "kind": "other", "score": "26", "owner": "lin"}, "from 1 to 25"),
        ("risk", {"title": "", "kind": "other", "score": "5", "owner": "lin"}, "What is needed."),
        (
            "risk",
            {"title": "x", "kind": "magic", "score": "5", "owner": "lin"},
            "Kind: choose one of the list.",
        ),
        ("risk", {"title": "x", "kind": "other", "score": "5", "owner": "ann"}, "choose one of the list"),
        (
            "risk",
            {"title": "x", "kind": "other", "score": "5", "owner": "lin", "amount": "much"},
            "amount in USD",
        ),
        ("risk", {"title": "x" * 2001, "kind": "other", "score": "5", "owner": "lin"}, "longer than 2,000"),
        (
            "meeting",
            {"title": "x", "on": "someday", "clock": "10:00", "attendees": "ann"},
            "date as 2026-12-31",
        ),
        ("meeting", {"title": "x", "on": "2026-12-01", "clock": "soon", "attendees": "ann"}, "time as 14:30"),
        ("contact", {"channel": "phone", "with": "chen"}, "choose one of the list"),
    ],
)
def test_what_a_form_cannot_read_is_told_at_its_field_and_nothing_is_put_on_record(
    apollo: Seed, form: str, fields: dict[str, str], says: str
) -> None:
    """What was typed stays in the form."""
    lead = apollo.signed_in("lead")
    answer = send(lead, f"/projects/apollo/conduct/{form}", **fields)
    assert answer.status_code == 422
    assert says in unescape(answer.text)
    assert settled(apollo) == 0


def test_minutes_are_sent_and_objected_to_on_a_page_without_an_account(apollo: Seed) -> None:
    """The one who took part opens them, objects once there is something wrong, and not after the term."""
    lead = apollo.signed_in("lead")
    meeting = {"title": "Review", "on": "2026-11-20", "clock": "10:00", "attendees": "ann"}
    assert write(lead, "meeting", **meeting) == 303
    settled(apollo)
    (known,) = of(apollo, "meeting")
    write(lead, "held", of=known["id"])
    write(lead, "minutes", of=known["id"], minutes="Agreed: the export comes first.")
    settled(apollo)
    path, guest = "/m/" + apollo.link("meeting", known["id"], "ann"), apollo.app.test_client()
    shown = guest.get(path)
    assert "Agreed: the export comes first." in shown.text
    assert guest.post(path, data={"objection": "No"}).status_code == 400, "without the page's own form"
    sent = guest.post(path, data={"objection": "Not agreed", "nonce": nonce_of(shown.text)})
    assert "Your objection is on record" in sent.text
    settled(apollo)
    (kept,) = of(apollo, "meeting")
    assert [(o["person"], o["text"]) for o in kept["objections"]] == [("ann", "Not agreed")]
    nonce = nonce_of(guest.get(path).text)
    apollo.at(NOW + timedelta(days=30))
    assert guest.post(path, data={"objection": "Late", "nonce": nonce}).status_code == 410


def test_a_receipt_is_kept_as_a_file_by_its_hash(apollo: Seed) -> None:
    """The entry names the hash, and the file with that name holds what was sent; whoever may see the project can open
    it, as a file to keep that no browser runs, and through no other project.
    """
    apollo.entry("e1", "40.00", NOW.date(), kind="expense", title="Train")
    lead = apollo.signed_in("lead")
    assert write(lead, "receipt", of="e1", receipt=(io.BytesIO(b"%PDF ticket"), "ticket.pdf")) == 303
    settled(apollo)
    receipt = of(apollo, "entry")[0]["receipt"]
    folder = apollo.context.settings.var / "attachments"
    assert (folder / receipt.removeprefix("sha256:")).read_bytes() == b"%PDF ticket"
    viewer = apollo.signed_in("viewer")
    assert 'href="/projects/apollo/receipts/e1"' in viewer.get("/projects/apollo").text
    opened = viewer.get("/projects/apollo/receipts/e1")
    assert (opened.data, opened.mimetype) == (b"%PDF ticket", "application/octet-stream")
    assert re.fullmatch(
        r'attachment; filename="apollo-[0-9a-f]{12}\.pdf"', opened.headers["Content-Disposition"]
    )
    assert opened.headers["X-Content-Type-Options"] == "nosniff"
    assert viewer.get("/projects/kanban/receipts/e1").status_code == 404
    assert apollo.app.test_client().get("/projects/apollo/receipts/e1").status_code == 302
    apollo.put("entry", {**of(apollo, "entry")[0], "receipt": "sha256:../../.env"})
    assert viewer.get("/projects/apollo/receipts/e1").status_code == 404


def test_why_something_was_spent_is_said_at_its_line(apollo: Seed) -> None:
    """Whoever may change the project finds the link at an expense that says nothing; the reason stands in its place."""
    apollo.entry("e1", "40.00", NOW.date(), kind="expense", title="Train")
    lead, viewer = apollo.signed_in("lead"), apollo.signed_in("viewer")
    assert "/projects/apollo/conduct/reason?of=e1" in lead.get("/projects/apollo").text
    assert "/conduct/reason" not in viewer.get("/projects/apollo").text
    assert write(lead, "reason", of="e1", reason="To the <b>workshop</b>") == 303
    settled(apollo)
    page = lead.get("/projects/apollo").text
    assert "Train · To the &lt;b&gt;workshop&lt;/b&gt;" in page
    assert "/conduct/reason" not in page


def test_a_delivery_is_promised_put_off_and_comes(apollo: Seed) -> None:
    """Written down in the console, with the milestone that waits for it; late days count from the first promise."""
    lead = apollo.signed_in("lead")
    promise = {"name": "Bolt & Co", "title": "Devices", "promised": "2026-11-09", "owner": "lin"}
    assert write(lead, "supplier", blocks="apollo/m2", **promise) == 303
    settled(apollo)
    (found,) = of(apollo, "supplier")
    assert (found["blocks"], found["status"]) == (["apollo/m2"], "promised")
    assert write(lead, "supplier-promise", of=found["id"], promised="2026-11-11") == 303
    assert write(lead, "supplier-delivered", of=found["id"], actual="2026-11-11") == 303
    settled(apollo)
    assert re.search(r"Devices .*2 working days late", said(lead, "/projects/apollo/conduct"))
    assert [d["cause"] for d in of(apollo, "delay")] == ["supplier"]


def test_a_finding_is_closed_with_a_reason_and_by_nobody_who_only_looks(apollo: Seed) -> None:
    """Two equal bills of one day; a viewer sees them and cannot close them."""
    lead, viewer = apollo.signed_in("lead"), apollo.signed_in("viewer")
    for id in ("e1", "e2"):
        apollo.entry(id, "100.00", NOW.date(), party="Delta", title="Licence")
    assert send(lead, "/projects/apollo/audit", period="2026-Q4").status_code == 303
    settled(apollo)
    page = said(viewer, "/projects/apollo/conduct")
    assert "The same invoice twice" in page
    assert "2026-Q4: 2 entries looked at, 1 new findings" in page
    (found,) = of(apollo, "finding")
    assert write(viewer, "finding-close", of=found["id"], reason="mine") == 403
    assert write(lead, "finding-close", of=found["id"], reason="two licences") == 303
    settled(apollo)
    (closed,) = of(apollo, "finding")
    assert (closed["status"], closed["reason"]) == ("closed", "two licences")


def test_a_form_about_something_of_another_project_is_not_found(apollo: Seed) -> None:
    """Nobody closes what belongs elsewhere."""
    apollo.put("risk", {"id": "rsk_1", "project": "kanban", "client": "beta", "title": "x", "status": "open"})
    lead = apollo.signed_in("lead")
    assert lead.get("/projects/apollo/conduct/risk-close?of=rsk_1").status_code == 404
    assert lead.get("/projects/apollo/conduct/no-such-form").status_code == 404


# --- surveys -------------------------------------------------------------------------------------------------------


def asked(seed: Seed, kind: str = "closing") -> str:
    """The path of Ann's survey."""
    project = seed.context.rulebook.workspace.projects["apollo"]
    assert conduct.send_surveys(seed.context, project, kind, "client", "lin@northwind.example") >= 1
    settled(seed)
    ann = next(s for s in of(seed, "survey") if s["contact"] == "ann")
    return "/s/" + seed.link("survey", ann["id"], "ann")


def test_a_survey_is_answered_by_link_once_and_looking_answers_nothing(apollo: Seed) -> None:
    """Both figures on one page; scanners change nothing; a second answer is told that the first one stands."""
    path, guest = asked(apollo), apollo.app.test_client()
    assert {guest.get(path).status_code for _ in range(5)} == {200}
    assert guest.head(path).status_code == 200
    assert all(s["score"] is None for s in of(apollo, "survey"))
    nonce = nonce_of(guest.get(path).text)
    assert guest.post(path, data={"csat": "2", "nps": "6"}).status_code == 400
    wrong = guest.post(path, data={"csat": "9", "nps": "6", "nonce": nonce})
    assert (wrong.status_code, "Choose one of the numbers." in wrong.text) == (422, True)
    given = {"csat": "2", "nps": "6", "remark": "Nobody calls back", "nonce": nonce}
    assert "Thank you" in guest.post(path, data=given).text
    assert "This was answered already" in guest.post(path, data={**given, "csat": "5"}).text
    settled(apollo)
    assert {(s["kind"], s["score"]) for s in of(apollo, "survey") if s["score"] is not None} == {
        ("csat", 2),
        ("nps", 6),
    }
    page = said(apollo.signed_in("viewer"), "/projects/apollo/conduct")
    assert "Satisfaction: 2 of 5" in page
    assert "Nobody calls back" in page


def test_a_survey_that_ran_out_takes_no_answer(apollo: Seed) -> None:
    """Thirty days are enough."""
    path, guest = asked(apollo), apollo.app.test_client()
    apollo.at(NOW + timedelta(days=40))
    assert guest.get(path).status_code == 410


def test_a_link_opens_only_its_own_kind_of_page_and_nothing_once_it_is_revoked(apollo: Seed) -> None:
    """A survey's link decides no change and shows no minutes."""
    path, guest = asked(apollo), apollo.app.test_client()
    token = path.removeprefix("/s/")
    assert {guest.get(f"/{letter}/{token}").status_code for letter in "acm"} == {404}
    ann = next(s for s in of(apollo, "survey") if s["contact"] == "ann")
    apollo.revoke("survey", ann["id"], "ann")
    assert guest.get(path).status_code == 404


# --- the inbox -----------------------------------------------------------------------------------------------------

STRAY = SourceEvent(
    "bill.received",
    NOW,
    "bill/77",
    "1",
    {"customer": "777"},
    {
        "id": "77",
        "number": "INV-77",
        "party": "Delta",
        "amount": Money(Decimal(900), "USD"),
        "class": "material",
        "issued_on": NOW.date(),
        "total": Money(Decimal(900), "USD"),
    },
)


def stray(seed: Seed, source: SourceEvent = STRAY) -> None:
    """A bill of a customer that no project books."""
    normalise.take_in(seed.context, "books", [source], None)
    settled(seed)


def spent(seed: Seed, project: str = "apollo") -> Decimal:
    with seed.context.database.reading() as connection:
        sums = SqlBook(connection).get("sums", project)
    return total(sums, "incurred").amount if sums else Decimal(0)


def waiting(seed: Seed) -> list[assignments.Place]:
    with seed.context.database.reading() as connection:
        return assignments.waiting(connection)


def test_what_no_project_claims_waits_and_is_assigned_once_for_all_that_follows(apollo: Seed) -> None:
    """The bill waits with its sentence; assigned, it is booked, and the next one of that customer by itself."""
    lead = apollo.signed_in("lead")
    stray(apollo)
    assert spent(apollo) == 0
    (place_of,) = waiting(apollo)
    page = said(lead, "/inbox")
    assert "books: customer 777" in page
    assert "1 source belongs to no project yet" in page
    assert send(lead, f"/inbox/{place_of.id}", project="apollo").status_code == 303
    settled(apollo)
    assert (spent(apollo), waiting(apollo)) == (900, [])
    again = replace(STRAY, key="bill/78")
    stray(apollo, again)
    assert (spent(apollo), waiting(apollo)) == (1800, [])


def test_taken_back_its_events_wait_again_and_what_they_booked_leaves_the_project(apollo: Seed) -> None:
    """Nothing is lost: given to another project it is booked there, in that project's currency and nowhere else."""
    lead = apollo.signed_in("lead")
    stray(apollo)
    (place_of,) = waiting(apollo)
    send(lead, f"/inbox/{place_of.id}", project="apollo")
    settled(apollo)
    assert send(lead, f"/inbox/{place_of.id}/undo").status_code == 303
    settled(apollo)
    assert spent(apollo) == 0
    assert [p.id for p in waiting(apollo)] == [place_of.id]
    stray(apollo, replace(STRAY, key="bill/79"))
    assert waiting(apollo)[0].count == 2, "the next one is not placed any more"
    send(lead, f"/inbox/{place_of.id}", project="apollo")
    settled(apollo)
    assert spent(apollo) == 1800


def test_what_is_none_of_ours_waits_no_longer_and_neither_does_the_next_one(apollo: Seed) -> None:
    """It stays on record, and can be taken back."""
    lead = apollo.signed_in("lead")
    stray(apollo)
    (place_of,) = waiting(apollo)
    assert send(lead, f"/inbox/{place_of.id}", project="-").status_code == 303
    stray(apollo, replace(STRAY, key="bill/78"))
    assert waiting(apollo) == []
    assert "none of ours" in said(lead, "/inbox")
    send(lead, f"/inbox/{place_of.id}/undo")
    assert waiting(apollo)[0].count == 1


def test_a_choice_that_is_none_and_a_place_that_is_gone_change_nothing(apollo: Seed) -> None:
    """The page says so."""
    lead = apollo.signed_in("lead")
    stray(apollo)
    (place_of,) = waiting(apollo)
    assert "said=choose" in send(lead, f"/inbox/{place_of.id}", project="").headers["Location"]
    assert "said=gone" in send(lead, "/inbox/asg_nowhere", project="apollo").headers["Location"]
    assert len(waiting(apollo)) == 1
    assert send(apollo.signed_in("viewer"), f"/inbox/{place_of.id}", project="apollo").status_code == 403


def test_two_projects_that_claim_one_bill_are_both_named_and_a_person_decides(apollo: Seed) -> None:
    """The bill is in neither until then."""
    workspace = apollo.context.rulebook.workspace
    first = next(b for b in workspace.projects["apollo"].booked_in)
    scope = {"customer": first.customer, "tags": [first.tag] if first.tag else []}
    source = replace(STRAY, scope=scope)
    both = {id: _booked_as(p, workspace.projects["apollo"]) for id, p in workspace.projects.items()}
    placed = place(replace(workspace, projects=both), "books", source, NOW)
    assert placed.event.project is None
    assert placed.problem is not None
    assert "both claim bill/77" in placed.problem
    with apollo.context.database.writing() as connection:
        journal.add(connection, [placed.event])
    settled(apollo)
    page = said(apollo.signed_in("lead"), "/inbox")
    assert "Claimed by" in page
    (place_of,) = waiting(apollo)
    assert len(place_of.claimed_by) == len(both)


def _booked_as(project: Any, other: Any) -> Any:
    return replace(project, booked_in=other.booked_in, tracked_by=())


# --- pages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", LOCALES)
def test_every_page_of_conduct_is_written_in_both_languages(apollo: Seed, locale: str) -> None:
    """Empty and full, with every form; no name that a page forgot."""
    lead = apollo.signed_in("lead")
    for path in ("/projects/apollo/conduct", "/projects/apollo/closing", "/inbox"):
        said(lead, path, locale)
    write(lead, "risk", title="Supplier", kind="schedule", score="20", owner="lin", review_on="2026-12-01")
    write(lead, "complaint", contact="ann", said="Nobody calls", owner="lin")
    write(lead, "meeting", title="Review", on="2026-11-20", clock="10:00", attendees="ann")
    write(lead, "improvement", title="Call weekly", owner="lin", due="2026-12-01")
    write(lead, "contact", channel="chat", **{"with": "ann"}, summary="short")
    apollo.entry(
        "e1", "100.00", NOW.date() - timedelta(days=30), kind="expense", submitter="lin", title="Train"
    )
    send(lead, "/projects/apollo/audit", period="2026")
    send(lead, "/projects/apollo/surveys", party="team")
    stray(apollo)
    for path in (
        "/projects/apollo/conduct",
        "/projects/apollo/closing",
        "/inbox",
        "/events",
        "/projects/apollo",
    ):
        said(lead, path, locale)
    for kind, forms in (
        ("risk", ("risk-change", "risk-happened", "risk-close")),
        ("meeting", ("held", "minutes", "objection")),
        ("complaint", ("complaint-resolve",)),
        ("finding", ("finding-close",)),
        ("entry", ("receipt",)),
        ("action_item", ("improvement-done",)),
    ):
        record = of(apollo, kind)[0]
        for form in forms:
            said(lead, f"/projects/apollo/conduct/{form}?of={record['id']}", locale)
    for form in ("contact", "meeting", "risk", "complaint", "improvement"):
        said(lead, f"/projects/apollo/conduct/{form}", locale)


def test_closing_shows_what_is_on_record(apollo: Seed) -> None:
    """An answer of five of five is a hundred percent content; improvements have an owner and a date, and are done."""
    path, guest = asked(apollo), apollo.app.test_client()
    nonce = nonce_of(guest.get(path).text)
    guest.post(path, data={"csat": "5", "nps": "9", "nonce": nonce})
    lead = apollo.signed_in("lead")
    write(lead, "improvement", title="Call weekly", owner="lin", due="2026-12-01")
    settled(apollo)
    page = said(lead, "/projects/apollo/closing")
    assert "100.0 %" in page
    assert "NPS 100" in page
    (item,) = [i for i in of(apollo, "action_item") if i["kind"] == "improvement"]
    assert (item["party"], item["owner"]) == ("team", "lin")
    assert write(lead, "improvement-done", of=item["id"]) == 303
    settled(apollo)
    assert [i["status"] for i in of(apollo, "action_item")] == ["done"]


# --- expenses ------------------------------------------------------------------------------------------------------


def question(seed: Seed, submitter: str) -> None:
    """A train ticket that Lin is asked to approve."""
    entry = seed.entry("e1", "40.00", NOW.date(), kind="expense", title="Train", submitter=submitter)
    draft = {**entry, "status": "draft", "versions": [{**entry["versions"][0], "status": "draft"}]}
    seed.put("entry", draft)
    text = "Expense: Train\nAmount: USD 40.00\n"
    seed.approval(
        "apr_train", ("lin",), about="expense", subject="e1", change=None, requested_by=submitter, text=text
    )


def test_an_expense_is_approved_in_the_console_by_whoever_was_asked(apollo: Seed) -> None:
    """The button is for Lin alone; his click counts once, is evidence, and books the ticket."""
    question(apollo, "wang")
    apollo.user("lead", "lin@northwind.example", "Lin Hao")
    lin, other = apollo.signed_in("lin"), apollo.signed_in("member")
    assert "Record my decision" not in said(other, "/approvals/apr_train")
    page = said(lin, "/approvals/apr_train")
    assert "Approve" in page
    refused = send(lin, "/approvals/apr_train/decide", decision="rejected")
    assert "refused=reason" in refused.headers["Location"]
    done = send(lin, "/approvals/apr_train/decide", decision="approved")
    assert "decided=1" in done.headers["Location"]
    settled(apollo)
    (entry,) = of(apollo, "entry")
    assert (entry["status"], entry["approver"]) == ("posted", "lin")
    with apollo.context.database.reading() as connection:
        (link,) = attention.evidence_of(connection, "apollo", "apr_train")
    assert (link["record"]["identified"], link["record"]["person"]) == ("signed in", "lin")


def test_nobody_approves_their_own_expense_and_the_attempt_is_on_record(apollo: Seed) -> None:
    """A posted form without a button in the page: refused, and a finding says who tried."""
    question(apollo, "lin")
    apollo.user("lead", "lin@northwind.example", "Lin Hao")
    lin = apollo.signed_in("lin")
    answer = send(lin, "/approvals/apr_train/decide", decision="approved")
    assert "refused=not_asked" in answer.headers["Location"]
    settled(apollo)
    (finding,) = of(apollo, "finding")
    assert (finding["kind"], finding["spender"], finding["status"]) == ("denied", "lin", "open")
    assert of(apollo, "entry")[0]["status"] == "draft"
    assert "on record" in said(lin, "/approvals/apr_train?refused=not_asked")
