"""The example agency's record, put straight into a database: what pages show without a worker having run.

`opened(place)` makes the application over a migrated SQLite file at a fixed moment; `Seed` puts records, events,
verdicts, messages and decisions into it, in the shapes the engine writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import Undefined
from sqlalchemy import delete

from connectors.base import Delivery
from rules.engine.effects import filing
from rules.engine.verdicts import Planned, Verdict
from rules.facts.calendar import end_of_day
from rules.facts.event import Event, Record, digest
from rules.facts.evidence import text_hash
from rules.facts.ledger import adjust, effective, empty_sums
from rules.facts.money import Money
from rules.language.model import Operand
from service import links
from service.settings import load
from service.state import Context
from service.store import accounts, actions, deliveries, journal, records, switches
from service.store import links as kept_links
from service.store.accounts import User
from service.store.actions import Outcome
from service.store.database import Database, iso
from service.store.deliveries import Became
from service.store.inbox import Incoming
from service.store.links import Link
from service.store.migrate import upgrade
from service.store.tables import records as records_table
from service.web import auth, create_app
from tests.support.stack import agency

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
PASSWORD = "heron copper window nine"
NOT_GIVEN = "not given: "
NO_REDIS = "redis://127.0.0.1:1/0"
CHANGE_TEXT = (
    "Change: add an export to spreadsheet\nEffect: +5 working days, +USD 8,000.00\n"
    "Milestones after the change: Launch 2027-02-05\n"
)


class Missing(Undefined):
    """A value that a page names and was not given: it prints as what it is."""

    def __str__(self) -> str:
        return f"{NOT_GIVEN}{self._undefined_name}"


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
        """A posted entry of apollo, counted in its sums; as if booked before audits had an index of papers."""
        money = Money(Decimal(amount), more.pop("currency", "USD"))
        count = more.pop("versions", 1)
        fields = {
            "kind": "bill",
            "measure": "incurred",
            "class": "staff",
            "amount": money,
            "base_amount": money,
            "currency": money.currency,
            "work_date": day,
            "posted_at": self.now,
            **more,
        }
        state = {"source_time": self.now, "status": "posted", "fields": fields, "read_at": None}
        versions = [{**state, "version": str(n + 1)} for n in range(count)]
        own = {"id": id, "project": "apollo", "client": "acme"}
        entry = {**fields, **own, "status": "posted", "version": str(count), "versions": versions}
        with self.context.database.writing() as connection:
            book = records.SqlBook(connection)
            own = {"id": entry["project"], "project": entry["project"], "client": entry["client"]}
            sums = book.get("sums", entry["project"]) or {**empty_sums("USD"), **own}
            records.save(
                connection,
                {("entry", id): entry, ("sums", entry["project"]): adjust(sums, None, effective(entry))},
                self.now - timedelta(hours=1),
            )
            filed = (records_table.c.kind == filing.KIND) & (records_table.c.id == entry["project"])
            connection.execute(delete(records_table).where(filed))
        return entry

    def project(self, id: str, mode: str = "live", total: str | None = None, milestones: bool = True) -> None:
        """An activated project as its file plans it."""
        known = self.context.rulebook.workspace.projects[id]
        plan = known.budget
        own = {"project": id, "client": known.client}
        whole = Money(Decimal(total), known.currency) if total else plan.total
        self.put("project", {"id": id, "status": "active", "mode": mode, "activated_at": self.now, **own})
        money = {
            "total": whole,
            "currency": known.currency,
            "lines": dict(plan.lines),
            "reserve": plan.reserve,
        }
        opening = {"opening_spent": plan.opening_spent, "opening_as_of": plan.opening_as_of}
        way = {"version": 1, "measure": plan.measure, "at": plan.at, "previous_total": None, "change": None}
        self.put("baseline", {"id": id, **own, **money, **opening, **way})
        for m in known.milestones if milestones else ():
            self.put("milestone", _milestone(m, own))

    def change(self, id: str = "chg_export", status: str = "sent", **more: Any) -> Record:
        record = {
            "id": id,
            "project": "apollo",
            "client": "acme",
            "number": "CR-7",
            "title": "add an export to spreadsheet",
            "reason": None,
            "about": "issue",
            "status": status,
            "version": 1,
            "amount": Money(Decimal(8000), "USD"),
            "days": 5,
            "new_total": Money(Decimal(108000), "USD"),
            "new_due": date(2027, 2, 5),
            "milestones": ["apollo/m2"],
            "issues": ["tracker/APO-12"],
            "requested_by": "lin",
            "_moves": [
                {"id": "apollo/m2", "title": "Launch", "due": date(2027, 1, 29), "new_due": date(2027, 2, 5)}
            ],
            **more,
        }
        self.put("change", record)
        return record

    def approval(self, id: str = "apr_export", asked: tuple[str, ...] = ("ann",), **more: Any) -> Record:
        """A question about the change, with the exact text frozen; `expires_on` is a day of the client."""
        until = more.pop("expires_on", date(2026, 12, 4))
        text = more.pop("text", CHANGE_TEXT)
        record = {
            "id": id,
            "project": "apollo",
            "client": "acme",
            "about": "change",
            "subject": "chg_export",
            "change": "chg_export",
            "version": 1,
            "status": "sent",
            "asked": list(asked),
            "need": "any",
            "decisions": [],
            "reminders": 0,
            "waiting_days": 2,
            "requested_by": "lin",
            "sent_at": self.now - timedelta(days=2),
            "opened_at": None,
            "expires_at": end_of_day(until, "America/New_York"),
            "expires_on": until,
            "_able": list(asked),
            "texts": {"en": {"text": text, "sha256": text_hash(text)}},
            "text_sha256": text_hash(text),
            **more,
        }
        self.put("approval", record)
        return record

    def link(self, kind: str, subject: str, person: str, version: int = 1, serial: int = 1) -> str:
        """The token of a link."""
        until = links.until(self.context.rulebook.workspace, None, self.now)
        link = Link(kind, subject, version, person, serial, until, revoked=False)
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
        user = User(f"usr_{digest(address)[:12]}", name or role.title(), address, role, True)
        with self.context.database.writing() as connection:
            accounts.add(connection, user, auth.hashed(PASSWORD), self.now)
        return user

    def signed_in(self, role: str, email: str | None = None) -> FlaskClient:
        """A browser in which somebody of that role is signed in, with an address of theirs."""
        with self.context.database.reading() as connection:
            user = accounts.of_email(connection, email or f"{role}@northwind.example")
        email = (user or self.user(role, email)).email
        client = self.app.test_client()
        token = csrf_of(client.get("/sign-in").text)
        answer = client.post("/sign-in", data={"email": email, "password": PASSWORD, "csrf_token": token})
        assert answer.status_code == 303, answer.text
        return client


def opened(place: Path, connections: str = "", **environment: str) -> Seed:
    """The application over an empty record, at NOW. connections: more of them, as lines of accord.yaml."""
    home = agency(place, **environment)
    if connections:
        file = home / "accord.yaml"
        file.write_text(file.read_text().replace("\nconnections:\n", f"\nconnections:\n{connections}\n", 1))
    settings = replace(load(home, {}), redis_url=NO_REDIS)
    database = Database(settings.database_url, settings.var)
    upgrade(database)
    database.close()
    app = create_app(settings)
    app.testing = True
    # A page that names a value it was not given prints the name, so that a test can find it.
    app.jinja_env.undefined = Missing
    seed = Seed(app)
    seed.at(NOW)
    auth.offer_first_sign_in(seed.context)
    return seed


ON_BOTH: Final = pytest.mark.parametrize("seed", ["sqlite", "postgresql"], indirect=True)
"""Runs a test of what may happen at the same time on both databases; its fixture `seed` is `opened_for` its request."""


def opened_for(request: pytest.FixtureRequest, place: Path) -> Seed:
    """The application over an empty record of the database that the test's parameter names, SQLite without one."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return opened(place)
    return opened(place, DATABASE_URL=request.getfixturevalue("postgres").fresh())


def close(seed: Seed) -> None:
    """End the application's threads and connections."""
    seed.app.extensions["accord_ending"].set()
    seed.app.extensions["accord"].writer.close()
    seed.app.extensions["accord_tools"].close()
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
        "id": f"{own['project']}/{plan.id}",
        "key": plan.id,
        "title": plan.title,
        "due": plan.due,
        "baseline_due": plan.due,
        "weight": plan.weight,
        "status": "planned",
        "criteria": [],
        "criteria_met": 0,
        "criteria_total": len(plan.criteria),
        "payment": plan.payment,
        "after": list(plan.after),
        "forecast_date": None,
        "handed_over_at": None,
        "accepted_at": None,
        "round": 1,
        "waiting_on": None,
        **own,
    }
