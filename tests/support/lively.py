"""A workspace in the middle of its work: something of everything that pages have to show.

In: a `Seed`. Out: the record filled, and the ids that a test may want to open.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from rules.facts.duration import Duration
from rules.facts.event import Event
from rules.facts.evidence import text_hash
from rules.facts.money import Money
from service.store import evidence, switches
from service.store.database import iso
from service.store.deliveries import Became
from tests.support.seeding import CHANGE_TEXT, NOW, Seed, trace_of_budget

SUBJECT = "Apollo: 81.0 % of the budget is spent"
TOKEN = "x" * 43
HTML = (
    f"<!doctype html><p>81.0 % of the budget is spent.</p><a href='https://accord.example/a/{TOKEN}'>See</a>"
)
BODY = f"81.0 % of the budget is spent.\n\nSee https://accord.example/a/{TOKEN}"
REVIEWED = {
    "subject": "Apollo: forecast over the budget",
    "body": "The forecast is over.\n\nLin Hao will call you.",
}
NOBODYS = "no project claims invoice/9 from books (customer 77); add it to `tracked_by` or `booked_in`"
BILLS = (
    ("Design work, week 45", "12400", "staff"),
    ("Design work, week 46", "15800.50", "staff"),
    ("Test devices", "3150", "equipment"),
    ("Design work, week 47", "7650", "staff"),
)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def lively(seed: Seed) -> dict[str, str]:
    """Something of everything."""
    for id, mode in (("apollo", "live"), ("hermes", "observe"), ("kanban", "live")):
        seed.project(id, mode)
    found = _decided(seed) | _ledger(seed)
    booked = _booked(seed)
    _settled(seed)
    return {**found, **_received(seed), **_said(seed, booked), **_trouble(seed), "event": booked.id}


def _settled(seed: Seed) -> None:
    """Books that were closed, and what waits for a second person: opening them, and a draw on the reserve."""
    own = {"project": "apollo", "client": "acme"}
    until, asked = date(2026, 9, 30), "Opening the books of Apollo again\nReason: a bill was missing\n"
    steps = [{"at": NOW - hours(300), "closed_until": until, "by": "wang", "declared": "deploy"}]
    seed.put("period", {"id": "apollo", "closed_until": until, "steps": steps, **own})
    seed.put(
        "reserve",
        {
            "id": "rsv_1",
            "title": "A second test phone",
            "amount": Money(Decimal(1500), "USD"),
            "by": "lin",
            **own,
        }
        | {"status": "asked", "reason": "A second test phone", "risk": None, "declared": "deploy"},
    )
    about = {
        "about": "reopening",
        "subject": "apollo/books",
        "change": None,
        "party": "team",
        "_signed": True,
    }
    seed.approval("apr_books", ("wang",), text=asked, **about, _wish={"closed_until": None})


def _ledger(seed: Seed) -> dict[str, str]:
    for number, (title, amount, kind) in enumerate(BILLS):
        day = date(2026, 11, 5 + number * 4)
        seed.entry(f"books/bill/{90 + number}", amount, day, title=title, **{"class": kind})
    worked = {"kind": "time", "person": "lin", "issue": "tracker/APO-12", "duration": Duration(180, "m")}
    seed.entry("tracker/worklog/1", "450", date(2026, 11, 18), versions=2, **worked)
    return {}


def _received(seed: Seed) -> dict[str, str]:
    body = '{"webhookEvent": "jira:issue_updated", "issue": {"key": "APO-12"}}'
    delivery = seed.delivery("tracker", body, Became("decided", None, 1), hours(3))
    unmatched = seed.delivery("books", '{"customer": "77"}', Became("unmatched", NOBODYS))
    issue = {
        "id": "tracker/APO-12",
        "key": "APO-12",
        "title": "Export to spreadsheet",
        "status": "Waiting for client",
    }
    moved = seed.event(
        "issue.changed",
        {"issue": issue},
        hours(1),
        connection="tracker",
        delivery=delivery,
        before={"status": "In progress"},
        person="lin",
    )
    return {"delivery": delivery, "unmatched": unmatched, "moved": moved.id}


def _booked(seed: Seed) -> Event:
    """A booking that crossed a level, with a rule that fired and one that nearly did."""
    amount = Money(Decimal(7650), "USD")
    entry = {"id": "books/bill/93", "title": "Design work, week 47", "amount": amount, "class": "staff"}
    booked = seed.event("ledger.posted", {"entry": entry}, hours(2), connection="books")
    fired = "budget.used went from 73.8 % to 81.5 % and crossed 80 %"
    seed.verdict(booked, "budget/levels", "fired", fired, trace=trace_of_budget())
    near = "budget.used is 79.0 %; 80 % would have fired"
    seed.verdict(booked, "budget/forecast", "not_crossed", "the value is below every level", near_miss=near)
    return booked


def _said(seed: Seed, booked: Event) -> dict[str, str]:
    """A message in every state."""
    text = (SUBJECT, BODY, HTML)
    mail: dict[str, Any] = {
        "recipient": "bob",
        "address": "bob@acme.example",
        "client_facing": True,
        "locale": "en",
    }
    to_ann = {**mail, "recipient": "ann", "address": "ann@acme.example"}
    seed.action(
        booked, "comment", connection="tracker", address="APO-1", text_out=("", "Apollo crossed 80 %.", None)
    )
    return {
        "sent": seed.action(booked, "email", text_out=text, **mail),
        "dead": seed.action(
            booked,
            "comment",
            "dead",
            connection="tracker",
            address="APO-12",
            tries=3,
            status=401,
            outcome="tracker answered 401: the token is not valid",
            text_out=("", "Budget level 80 % told to Bob Ray", None),
        ),
        "dead_mail": seed.action(
            booked, "email", "dead", status=550, outcome="550 no such user", text_out=text, **to_ann
        ),
        "unknown": seed.action(
            booked,
            "email",
            "unknown",
            id="act_unknown",
            text_out=text,
            outcome="the connection broke",
            **to_ann,
        ),
        "review": seed.action(
            booked,
            "email",
            "waiting",
            id="act_review",
            waits="review",
            recheck=True,
            text={"inline": {"en": REVIEWED}},
            **mail,
        ),
    }


def _decided(seed: Seed) -> dict[str, str]:
    """A change with its client, one in draft, one that was applied, with evidence."""
    then = NOW - timedelta(days=9)
    seed.event(
        "baseline.approved",
        {"baseline": {"id": "apollo", "total": Money(Decimal(100000), "USD")}},
        NOW - then,
    )
    decided = {"person": "ann", "by": "ann", "outcome": "approved", "channel": "online", "name": "Ann Lee"}
    decided |= {"remark": None, "at": then}
    change = {"number": "CR-6", "title": "second language"}
    objects = {"approval": {"id": "apr_old", "about": "change"}, "decision": decided, "change": change}
    seed.event("approval.answered", objects, NOW - then, person="ann")
    seed.change()
    empty: dict[str, Any] = {"amount": None, "days": None, "new_total": None, "_moves": []}
    seed.change("chg_filter", "draft", number="CR-8", title="filter by cost centre", **empty)
    seed.change("chg_old", "applied", **change)
    seed.approval(asked=("ann", "bob"), opened_at=NOW - hours(5))
    seed.link("approval", "apr_export", "ann")
    old = {"subject": "chg_old", "change": "chg_old", "status": "approved", "decisions": [decided]}
    seed.approval("apr_old", **old)
    record = {
        "event": "approval.answered",
        "approval": "apr_old",
        "version": 1,
        "decision": "approved",
        "person": "ann",
        "statement": "I have read the text above and decide for Acme Ltd.",
        "channel": "online",
        "text": CHANGE_TEXT,
        "text_sha256": text_hash(CHANGE_TEXT),
        "at": iso(then),
    }
    with seed.context.database.writing() as connection:
        personal = {"name": "Ann Lee", "by": "ann@acme.example"}
        evidence.append(connection, "apollo", record, then, personal)
    return {"approval": "apr_export", "change": "chg_export", "draft": "chg_filter"}


def _trouble(seed: Seed) -> dict[str, str]:
    """A pause, a silent and a failing connection, an event that cannot be decided."""
    worked = {
        "entry": {"person": "wang", "duration": Duration(2, "h")},
        "issue": {"key": "KB-3", "title": "看板筛选"},
    }
    home = {"project": "kanban", "client": "hengtai", "connection": "tracker"}
    parked = seed.event("time.logged", worked, hours(0.2), state="parked", **home)
    soon = iso(NOW + timedelta(minutes=2))
    with seed.context.database.writing() as connection:
        switches.pause(connection, "connection", "room", "lin@northwind.example", NOW - hours(1))
        quiet = {
            "silent_since": iso(NOW - timedelta(days=4)),
            "last_delivery_at": iso(NOW - timedelta(days=6)),
        }
        switches.set_connection_state(connection, "payments", **quiet)
        down = {"failures": 6, "error": "GitHub answered 503", "open_until": soon}
        switches.set_connection_state(connection, "code", **down)
    return {"parked": parked.id}
