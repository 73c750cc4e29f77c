"""A record to look at: the example agency in the middle of its work, put straight into the database.

`opened(place)` makes the application over a migrated SQLite file at a fixed moment; `Seed` puts records, events, verdicts,
messages and decisions in the shapes the engine writes; `lively` fills a workspace that every page has something to say about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from connectors.base import Delivery
from rules.engine.verdicts import Planned, Verdict
from rules.facts.calendar import end_of_day
from rules.facts.duration import Duration
from rules.facts.event import Event, Record, digest
from rules.facts.evidence import text_hash
from rules.facts.ledger import adjust, effective, empty_sums
from rules.facts.money import Money
from rules.language.model import Operand
from service import links
from service.settings import load
from service.state import Context
from service.store import accounts, actions, deliveries, evidence, journal, records, switches
from service.store import links as kept_links
from service.store.accounts import User
from service.store.actions import Outcome
from service.store.database import Database, iso
from service.store.deliveries import Became
from service.store.inbox import Incoming
from service.store.links import Link
from service.store.migrate import upgrade
from service.web import auth, create_app
from tests.support.stack import agency

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
PASSWORD = "a few words in a row"
NO_REDIS = "redis://127.0.0.1:1/0"
CHANGE_TEXT = (
    "Change: add an export to spreadsheet\nEffect: +5 working days, +USD 8,000.00\n"
    "Milestones after the change: Launch 2027-02-05\n"
)


@dataclass
class Seed:
    """Writes into one database; times are given as distances before NOW."""

    app: Flask
    now: datetime = NOW

    @property
    def context(self) -> Context:
        return self.app.extensions["accord"].context  # type: ignore[no-any-return]

    def at(self, moment: datetime) -> None:
        """Let the service believe that it is this moment."""
        web = self.app.extensions["accord"]
        web.context = replace(web.context, now=lambda: moment)

    def put(self, kind: str, *found: Record, ago: timedelta = timedelta(hours=1)) -> None:
        with self.context.database.writing() as connection:
            records.save(connection, {(kind, r["id"]): r for r in found}, self.now - ago)

    def event(
        self, kind: str, objects: Mapping[str, Record], ago: timedelta = timedelta(hours=2), **more: Any
    ) -> Event:
        """An event that was decided (or is `state`)."""
        state, delivery = more.pop("state", "decided"), more.pop("delivery", None)
        id = more.pop("id", "evt_" + digest(kind, repr(objects), repr(ago)))
        at = self.now - ago
        event = Event(id, kind, at, at, dict(objects), **{"project": "apollo", "client": "acme", **more})
        with self.context.database.writing() as connection:
            journal.add(connection, [event], delivery)
            if state == "decided":
                journal.decided(connection, [event], self.context.rulebook.rules.version, at, delivery)
            elif state == "parked":
                for _ in range(journal.TRIES_BEFORE_PARKING):
                    journal.failed(connection, event.id, "KeyError: 'rate' in the rule budget/levels")
        return event

    def verdict(self, event: Event, rule: str, kind: str, reason: str, **more: Any) -> None:
        found = Verdict(event.id, rule, kind, reason, "packs/budget/rules.yaml:9:5", **more)  # type: ignore[arg-type]
        with self.context.database.writing() as connection:
            journal.add_verdicts(connection, [(found, event.project)], event.received_at)

    def action(self, event: Event, kind: str, state: str = "sent", **more: Any) -> str:
        """An action in a state, with its text where it has left."""
        text, outcome = more.pop("text_out", None), more.pop("outcome", None)
        tries, status = more.pop("tries", 1), more.pop("status", None)
        given = {
            "rule": "budget/levels",
            "ordinal": 0,
            "project": event.project,
            "client": event.client,
            **more,
        }
        id = given.pop("id", "act_" + digest(event.id, kind, repr(sorted(more.items(), key=str))))
        planned = Planned(id=id, event=event.id, kind=kind, due=event.received_at, **given)
        with self.context.database.writing() as connection:
            actions.add(
                connection, [planned], event.id, self.context.rulebook.rules.version, event.received_at
            )
        if state not in ("waiting", "ready"):
            self._left(id, state, text, outcome, tries, status, event.received_at)
        return id

    def _left(
        self,
        id: str,
        state: str,
        text: Any,
        outcome: str | None,
        tries: int,
        status: int | None,
        at: datetime,
    ) -> None:
        said = text or ("Apollo: 81.0 % of the budget is spent", "81.0 % of the budget is spent.", None)
        for number in range(tries):
            last = number == tries - 1
            moment = at + timedelta(minutes=number, seconds=4)
            with self.context.database.writing() as connection:
                held = actions.claim(connection, id, moment, moment + timedelta(minutes=2))
                assert held is not None
                actions.begin(connection, id, held.token, said, moment)
                came = state if last else "ready"
                ended = moment + timedelta(seconds=1.2)
                actions.finish(
                    connection,
                    id,
                    held.token,
                    Outcome(
                        came,
                        outcome or "",
                        status,
                        "250 2.0.0 queued" if came == "sent" else None,
                        ended,
                        came == "sent",
                    ),
                    ended,
                )

    def entry(self, id: str, amount: str, day: date, **more: Any) -> Record:
        """A posted entry of apollo, counted in its sums."""
        money = Money(Decimal(amount), more.pop("currency", "USD"))
        entry = {
            "id": id,
            "project": "apollo",
            "client": "acme",
            "kind": "bill",
            "measure": "incurred",
            "class": "staff",
            "amount": money,
            "base_amount": money,
            "currency": money.currency,
            "work_date": day,
            "status": "posted",
            "version": 1,
            "versions": [],
            **more,
        }
        with self.context.database.writing() as connection:
            book = records.SqlBook(connection)
            sums = book.get("sums", entry["project"]) or {
                **empty_sums("USD"), "id": entry["project"], "project": entry["project"], "client": entry["client"],
            }  # fmt: skip
            records.save(
                connection,
                {("entry", id): entry, ("sums", entry["project"]): adjust(sums, None, effective(entry))},
                self.now - timedelta(hours=1),
            )
        return entry

    def project(self, id: str, mode: str = "live", total: str | None = None, milestones: bool = True) -> None:
        """An activated project as its file plans it."""
        known = self.context.rulebook.workspace.projects[id]
        plan = known.budget
        own = {"project": id, "client": known.client}
        whole = Money(Decimal(total), known.currency) if total else plan.total
        self.put("project", {"id": id, "status": "active", "mode": mode, "activated_at": self.now, **own})
        self.put(
            "baseline",
            {
                "id": id,
                **own,
                "version": 1,
                "total": whole,
                "currency": known.currency,
                "lines": dict(plan.lines),
                "reserve": plan.reserve,
                "measure": plan.measure,
                "at": plan.at,
                "opening_spent": plan.opening_spent,
                "opening_as_of": plan.opening_as_of,
                "previous_total": None,
                "change": None,
            },  # fmt: skip
        )
        for m in known.milestones if milestones else ():
            self.put("milestone", _milestone(m, own))

    def change(self, id: str = "chg_export", status: str = "sent", **more: Any) -> Record:
        record = {
            "id": id, "project": "apollo", "client": "acme", "number": "CR-7", "title": "add an export to spreadsheet",
            "reason": None, "about": "issue", "status": status, "version": 1, "amount": Money(Decimal(8000), "USD"),
            "days": 5, "new_total": Money(Decimal(108000), "USD"), "new_due": date(2027, 2, 5),
            "milestones": ["apollo/m2"], "issues": ["tracker/APO-12"], "requested_by": "lin",
            "_moves": [{"id": "apollo/m2", "title": "Launch", "due": date(2027, 1, 29), "new_due": date(2027, 2, 5)}],
            **more,
        }  # fmt: skip
        self.put("change", record)
        return record

    def approval(self, id: str = "apr_export", asked: tuple[str, ...] = ("ann",), **more: Any) -> Record:
        """A question about the change, with the exact text frozen; `expires_on` is a day of the client."""
        until = more.pop("expires_on", date(2026, 12, 4))
        text = more.pop("text", CHANGE_TEXT)
        record = {
            "id": id, "project": "apollo", "client": "acme", "about": "change", "subject": "chg_export", "change": "chg_export",
            "version": 1, "status": "sent", "asked": list(asked), "need": "any", "decisions": [], "reminders": 0,
            "waiting_days": 2, "requested_by": "lin", "sent_at": self.now - timedelta(days=2), "opened_at": None,
            "expires_at": end_of_day(until, "America/New_York"), "expires_on": until, "_able": list(asked),
            "texts": {"en": {"text": text, "sha256": text_hash(text)}}, "text_sha256": text_hash(text), **more,
        }  # fmt: skip
        self.put("approval", record)
        return record

    def link(self, kind: str, subject: str, person: str, version: int = 1, serial: int = 1) -> str:
        """The token of a link."""
        link = Link(kind, subject, version, person, serial, None, revoked=False)
        with self.context.database.writing() as connection:
            links.make(connection, self.context.settings, link, self.now)
        return links.token_for(self.context.settings.secret_key, link)

    def revoke(self, kind: str, subject: str, person: str) -> None:
        with self.context.database.writing() as connection:
            kept_links.revoke(connection, kind, subject, person, self.now)

    def delivery(
        self, connection_name: str, body: str, became: Became, ago: timedelta = timedelta(minutes=5)
    ) -> str:
        """A stored delivery and what became of it."""
        at = self.now - ago
        id = "dlv_" + digest(connection_name, body, repr(ago))
        headers = {
            "content-type": "application/json",
            "x-hub-signature": "sha256=0123456789abcdef",
            "user-agent": "Hook/1",
        }
        call = Delivery(connection_name, "POST", f"/hooks/{connection_name}", {}, headers, body.encode(), at)
        self.app.extensions["accord"].writer.store(Incoming(id=id, delivery=call, dedup=id))
        with self.context.database.writing() as connection:
            seq = deliveries.last_seq(connection) + 1
            deliveries.settle(connection, (id, seq, connection_name), became, at)
            switches.set_connection_state(connection, connection_name, last_delivery_at=iso(at))
        return id

    def user(self, role: str, email: str | None = None, name: str | None = None) -> User:
        address = email or f"{role}@northwind.example"
        user = User(f"usr_{digest(address)[:12]}", name or role.title(), address, role, True, 0, None)
        with self.context.database.writing() as connection:
            accounts.add(connection, user, auth.hashed(PASSWORD), self.now)
        return user

    def signed_in(self, role: str) -> FlaskClient:
        """A browser in which somebody of that role is signed in."""
        with self.context.database.reading() as connection:
            user = accounts.of_email(connection, f"{role}@northwind.example")
        email = (user or self.user(role)).email
        client = self.app.test_client()
        token = csrf_of(client.get("/sign-in").text)
        answer = client.post("/sign-in", data={"email": email, "password": PASSWORD, "csrf_token": token})
        assert answer.status_code == 303, answer.text
        return client


def opened(place: Path, **environment: str) -> Seed:
    """The application over an empty record, at NOW."""
    home = agency(place, **environment)
    settings = replace(load(home, {}), redis_url=NO_REDIS)
    database = Database(settings.database_url, settings.var)
    upgrade(database)
    database.close()
    app = create_app(settings)
    app.testing = True
    seed = Seed(app)
    seed.at(NOW)
    auth.offer_first_sign_in(seed.context)
    return seed


def close(seed: Seed) -> None:
    """End the application's threads and connections."""
    seed.app.extensions["accord"].writer.close()
    seed.context.database.close()


def csrf_of(html: str) -> str:
    """The form token of a page."""
    before, _, after = html.partition('name="csrf_token" value="')
    assert after, f"no form token on the page: {before[:300]}"
    return after.partition('"')[0]


def post(client: FlaskClient, page: str, path: str, **fields: str) -> Any:
    """What a person does: open the page, then send a form of it."""
    return client.post(path, data={**fields, "csrf_token": csrf_of(client.get(page).text)})


def trace_of_budget() -> tuple[Operand, ...]:
    """The steps of `budget.used crosses 80%`, as a verdict keeps them."""
    return (
        Operand("budget.used crosses 80%", True, (Operand("budget.used", Decimal("0.81")),)),
        Operand(
            'project.status == "active"',
            True,
            (Operand("project.status", "active"), Operand('"active"', "active")),
        ),
    )


def _milestone(plan: Any, own: Mapping[str, str]) -> Record:
    return {
        "id": f"{own['project']}/{plan.id}", "key": plan.id, "title": plan.title, "due": plan.due, "baseline_due": plan.due,
        "weight": plan.weight, "status": "planned", "criteria": [], "criteria_met": 0, "criteria_total": len(plan.criteria),
        "payment": plan.payment, "after": list(plan.after), "forecast_date": None, "handed_over_at": None,
        "accepted_at": None, "round": 1, "waiting_on": None, **own,
    }  # fmt: skip


def lively(seed: Seed) -> dict[str, str]:
    """Something of everything; the ids that a test may want to open."""
    hours, days = (lambda n: timedelta(hours=n)), (lambda n: timedelta(days=n))
    for id, mode in (("apollo", "live"), ("hermes", "observe"), ("kanban", "live")):
        seed.project(id, mode)
    for number, (title, amount, kind) in enumerate(
        [("Design work, week 45", "12400", "staff"), ("Design work, week 46", "15800.50", "staff"),
         ("Test devices", "3150", "equipment"), ("Design work, week 47", "7650", "staff")]
    ):  # fmt: skip
        seed.entry(
            f"books/bill/{90 + number}",
            amount,
            date(2026, 11, 5 + number * 4),
            title=title,
            **{"class": kind},
        )
    seed.entry("tracker/worklog/1", "450", date(2026, 11, 18), kind="time", person="lin", issue="tracker/APO-12",
               duration=Duration(180, "m"), versions=[{}, {}])  # fmt: skip
    body = (
        '{"webhookEvent": "jira:issue_updated", "issue": {"key": "APO-12", "fields": {"summary": "Export"}}}'
    )
    delivery = seed.delivery("tracker", body, Became("decided", None, 1), hours(3))
    unmatched = seed.delivery(
        "books", '{"customer": "77"}',
        Became("unmatched", "no project claims invoice/9 from books (customer 77); add it to `tracked_by` or `booked_in`"),
    )  # fmt: skip
    issue = {
        "id": "tracker/APO-12",
        "key": "APO-12",
        "title": "Export to spreadsheet",
        "status": "Waiting for client",
    }
    seed.event("issue.changed", {"issue": issue}, hours(3), connection="tracker", delivery=delivery,
               before={"status": "In progress"}, person="lin")  # fmt: skip
    entry = {
        "id": "books/bill/93",
        "title": "Design work, week 47",
        "amount": Money(Decimal(7650), "USD"),
        "class": "staff",
    }
    booked = seed.event(
        "ledger.posted", {"entry": entry}, hours(2), cause=None, rule=None, connection="books"
    )
    seed.verdict(
        booked,
        "budget/levels",
        "fired",
        "budget.used went from 73.8 % to 81.5 % and crossed 80 %",
        trace=trace_of_budget(),
    )
    seed.verdict(booked, "budget/forecast", "not_crossed", "forecast.at_completion is below every level",
                 near_miss="budget.used is 79.0 %; 80 % would have fired")  # fmt: skip
    html = (
        "<!doctype html><p>81.0 % of the budget is spent.</p><p><a href='https://accord.example/a/"
        + "x" * 43
        + "'>See</a></p>"
    )
    said = (
        "Apollo: 81.0 % of the budget is spent",
        "81.0 % of the budget is spent.\n\nNothing is needed from you today.",
        html,
    )
    mail = {
        "recipient": "bob",
        "address": "bob@acme.example",
        "client_facing": True,
        "connection": None,
        "locale": "en",
    }
    sent = seed.action(booked, "email", "sent", text_out=said, **mail)
    seed.action(
        booked,
        "comment",
        "sent",
        connection="tracker",
        address="APO-1",
        text_out=("", "Apollo crossed 80 % (81.0 %).", None),
    )
    dead = seed.action(booked, "comment", "dead", connection="tracker", address="APO-12", tries=3, status=401,
                       outcome="tracker answered 401: the token is not valid", text_out=("", "Budget level 80 % told to Bob Ray", None))  # fmt: skip
    unknown = seed.action(booked, "email", "unknown", id="act_unknown", text_out=said, outcome="the connection broke after the mail was handed over",
                          **{**mail, "recipient": "ann", "address": "ann@acme.example"})  # fmt: skip
    review = seed.action(booked, "email", "waiting", id="act_review", waits="review", recheck=True, text={"inline": {
        "en": {"subject": "Apollo: forecast is over the budget", "body": "The forecast is over the budget.\n\nLin Hao will call you."}}}, **mail)  # fmt: skip
    seed.change()
    seed.change(
        "chg_filter",
        "draft",
        number="CR-8",
        title="filter by cost centre",
        amount=None,
        days=None,
        new_total=None,
        _moves=[],
    )
    seed.approval(asked=("ann", "bob"), opened_at=NOW - hours(5))
    seed.link("approval", "apr_export", "ann")
    seed.approval("apr_old", status="approved", subject="chg_old", change="chg_old", decided_at=NOW - days(9), decisions=[
        {"person": "ann", "by": "ann", "outcome": "approved", "channel": "online", "name": "Ann Lee", "remark": None, "at": NOW - days(9)}])  # fmt: skip
    seed.change("chg_old", "applied", number="CR-6", title="second language")
    with seed.context.database.writing() as connection:
        evidence.append(connection, "apollo", {
            "event": "approval.answered", "approval": "apr_old", "version": 1, "decision": "approved", "remark": None,
            "by": "ann@acme.example", "person": "ann", "name": "Ann Lee", "statement": "I have read the text above and decide for Acme Ltd.",
            "channel": "online", "locale": "en", "text": CHANGE_TEXT, "text_sha256": text_hash(CHANGE_TEXT), "at": iso(NOW - days(9)),
        }, NOW - days(9))  # fmt: skip
        switches.pause(connection, "connection", "room", "lin@northwind.example", NOW - hours(1))
        switches.set_connection_state(
            connection, "payments", silent_since=iso(NOW - days(4)), last_delivery_at=iso(NOW - days(6))
        )
        switches.set_connection_state(
            connection,
            "code",
            failures=6,
            error="GitHub answered 503 six times",
            open_until=iso(NOW + timedelta(minutes=2)),
        )
    decision = {"outcome": "approved", "channel": "online", "by": "ann", "at": NOW - days(9)}
    seed.event("approval.answered", {"approval": {"id": "apr_old", "about": "change"}, "decision": decision,
                                     "change": {"number": "CR-6", "title": "second language"}}, days(9), person="ann")  # fmt: skip
    seed.event(
        "baseline.approved",
        {"baseline": {"id": "apollo", "total": Money(Decimal(100000), "USD")}},
        days(9) - hours(1),
    )
    parked = seed.event("time.logged", {"entry": {"person": "wang"}, "issue": {"key": "KB-3"}}, hours(6), state="parked",
                        project="kanban", client="hengtai", connection="tracker")  # fmt: skip
    return {
        "event": booked.id, "sent": sent, "dead": dead, "unknown": unknown, "review": review, "delivery": delivery,
        "unmatched": unmatched, "parked": parked.id, "approval": "apr_export", "change": "chg_export",
    }  # fmt: skip
