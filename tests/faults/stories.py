"""The three stories, told so that a fault can strike at each of their moments.

In: a `Scene`. Out: the office at the end of the story. `STEPS` names the moments of each; a fault at any of them must
not change how the story ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import requests

from service.troubles import OWN_RULE
from tests.faults.desk import Desk, is_comment, is_document, is_look, is_move
from tests.faults.person import Person
from tests.faults.scene import Places, Scene
from tests.journeys.office import link_in, plain
from tests.support.standins.holding import Hold
from tests.support.standins.xero import line
from tests.support.wait import PATIENCE, until

OF_ITSELF = ("message", "connection", "finding", "rules", "calendar", "quality")
"""Events by which the service tells of its own work and troubles, and what it measures once a day: time goes on in
faults, so another run has others."""
NEW_YORK = ZoneInfo("America/New_York")
GATHERED = """rules:
  - id: opened
    title: {en: "What was opened is told at five", zh-CN: 当日新增事项，下午五点汇总告知}
    scope: {projects: [apollo]}
    when: issue.created
    read_first: issue
    digest: {key: project.id, at: "17:00"}
    send_in: anytime
    do:
      - email:
          to: bob
          text:
            en:
              subject: "{{ project.name }}: {{ items | length }} opened"
              body: "{% for one in items %}{{ one.issue.key }} {% endfor %}"
            zh-CN:
              subject: "{{ project.name }}：新增 {{ items | length }} 项"
              body: "{% for one in items %}{{ one.issue.key }} {% endfor %}"
"""
"""A rule whose messages wait for the evening and become one, each read once more before that leaves."""


def budget_alert(scene: Scene) -> None:
    """A bill crosses 80 %: mail, comment, chat message. It is voided: the same three hear of it."""
    at = scene.desk
    at.settle(at.log_hours("APO-7", 100))
    bill = at.xero.bill("BILL-91", "Devices Inc", [line("Devices", 24000.0, "Apollo")], CurrencyCode="USD")
    reading: Places = {"the bill is being read": lambda: [at.xero.hold(is_document)]}
    leaving: Places = {
        "the alert is leaving": lambda: _alert(at, after=False),
        "the alert has left, unrecorded": lambda: _alert(at, after=True),
    }
    with scene.meeting(leaving), scene.meeting(reading):
        told = at.tell_of(bill)
        scene.meet("the bill's hook is answered")
    at.settle(told)
    at.xero.change(bill, Status="VOIDED")
    voided = at.tell_of(bill)
    scene.meet("the void's hook is answered")
    at.settle(voided)


def change_approval(scene: Scene) -> None:
    """A label makes a change; the approver is asked by mail, approves on the page; budget, date and tracker follow."""
    at = scene.desk
    places: Places = {
        "the question is leaving": lambda: [at.smtp.hold()],
        "the question has left, unrecorded": lambda: [at.smtp.hold(after=True)],
    }
    with scene.meeting(places):
        marked = at.mark_as_change("APO-9", "Export to Excel", 100)
        scene.meet("the label's hook is answered")
    at.settle(marked)
    link = at.stack.url + link_in(_question(at))
    places = {
        "what follows is under way": lambda: [at.smtp.hold(), at.jira.hold(is_move)],
        "what follows has happened, unrecorded": lambda: [
            at.smtp.hold(after=True),
            at.jira.hold(is_move, after=True),
        ],
        "the comment has been written, unrecorded": lambda: [at.jira.hold(is_comment, after=True)],
    }
    with scene.meeting(places):
        assert approve(link).status_code == 200
        scene.meet("the answer is confirmed")
    until(lambda: at.stack.items("changes")[0]["status"] == "applied", "the change is applied", every=0.1)
    at.stack.quiet()
    assert approve(link).status_code == 200, "the same answer again is the same answer"


def milestone_reminder(scene: Scene) -> None:
    """Ten and five working days before the prototype is due the sponsor is reminded, once each. What is opened on the
    second of these days comes as one mail in the evening.
    """
    at = scene.desk
    until(lambda: at.project("apollo")["milestones"], "the project is activated", every=0.1)
    at.stack.quiet()
    places: Places = {
        "the reminder is leaving": lambda: [at.smtp.hold()],
        "the reminder has left, unrecorded": lambda: [at.smtp.hold(after=True)],
    }
    with scene.meeting(places):
        _morning(at, "2026-11-27")
        scene.meet("the day begins")
        _fired(at, 1)
        scene.meet("the clock has spoken")
    at.stack.quiet()
    _morning(at, "2026-12-04")
    _fired(at, 2)
    at.stack.quiet()
    at.settle(*(_opened(at, f"APO-{number}") for number in (51, 52, 53)))
    places = {
        "the digest is being read": lambda: [at.jira.hold(is_look)],
        "the digest has left, unrecorded": lambda: [at.smtp.hold(after=True)],
    }
    with scene.meeting(places):
        _at(at, "2026-12-04T17:01:00")
    # A source that did not answer is asked again some minutes later.
    _at(at, "2026-12-04T21:00:00")
    until(lambda: _ended(at, "opened"), "the digest has left", every=0.1)


STORIES: dict[str, tuple[Callable[[Scene], None], dict[str, Any]]] = {
    "budget alert": (budget_alert, {}),
    "change approval": (change_approval, {}),
    "milestone reminder": (
        milestone_reminder,
        {
            "m1_due": "2026-12-11",
            "m2_due": "2027-04-30",
            "now": datetime(2026, 11, 24, 15, tzinfo=UTC),
            "rules": GATHERED,
        },
    ),
}
STEPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "budget alert": (
        ("the bill's hook is answered",),
        ("the bill is being read",),
        ("the alert is leaving", "the alert has left, unrecorded"),
        ("the void's hook is answered",),
    ),
    "change approval": (
        ("the label's hook is answered",),
        ("the question is leaving", "the question has left, unrecorded"),
        ("the answer is confirmed",),
        (
            "what follows is under way",
            "what follows has happened, unrecorded",
            "the comment has been written, unrecorded",
        ),
    ),
    "milestone reminder": (
        ("the day begins",),
        ("the clock has spoken",),
        ("the reminder is leaving", "the reminder has left, unrecorded"),
        ("the digest is being read", "the digest has left, unrecorded"),
    ),
}
"""Story -> its steps in order, each with its moments; of the moments of one step a run can meet one."""


def ending(story: str, desk: Desk) -> dict[str, Any]:
    """How a story ended: money, dates, changes, what happened and what was meant to leave; without ids and times."""
    shown = [desk.project(id) for id in ("apollo", "kanban", "hermes")]
    happened = desk.stack.items("events", limit="200")
    meant = desk.stack.items("actions", limit="200")
    return {
        "spent": [str(Decimal(p["budget"]["spent"]["amount"])) for p in shown],
        "total": [str(Decimal(p["budget"]["total"]["amount"])) for p in shown],
        "dates": [[m["due"] for m in p["milestones"]] for p in shown],
        "changes": [(c["number"], c["status"]) for c in desk.stack.items("changes")],
        "approvals": [(a["status"], len(a["decisions"])) for a in desk.stack.items("approvals")],
        "events": sorted(e["type"] for e in happened if e["type"].partition(".")[0] not in OF_ITSELF),
        "actions": sorted(
            (a["rule"], a["kind"], a["recipient"] or a["target"] or "", _over(a))
            for a in meant
            if a["rule"] != OWN_RULE
        ),
    }


def approve(link: str) -> requests.Response:
    """What the approver does: opens the page, gives her name, ticks the statement, approves."""
    page = requests.get(link, timeout=PATIENCE)
    nonce = re.search(r'name="nonce" value="([^"]+)"', page.text)
    form = {"nonce": nonce[1] if nonce else "", "decision": "approved", "name": "Ann Lee", "statement": "yes"}
    return requests.post(link, data=form, timeout=PATIENCE)


def _alert(at: Desk, *, after: bool) -> list[Hold]:
    """The alert's three copies, held."""
    return [at.smtp.hold(after=after), at.jira.hold(is_comment, after=after), at.slack.hold(after=after)]


def _question(at: Desk) -> EmailMessage:
    """The mail that asks; where it is unknown whether it left, and it did not, a person sends it again."""

    def asked() -> EmailMessage | None:
        return next((m for m in at.mails_to("ann@acme.example") if "/a/" in plain(m)), None)

    if asked() is None:
        (lost,) = at.stack.items("actions", state="unknown", kind="email", recipient="ann")
        Person(at.stack).send_again(lost["id"])
    return until(asked, "the mail that asks")


def _morning(at: Desk, day: str) -> None:
    _at(at, f"{day}T10:00:00")


def _at(at: Desk, moment: str) -> None:
    at.at(datetime.fromisoformat(moment).replace(tzinfo=NEW_YORK))


def _opened(at: Desk, key: str) -> str:
    """Somebody opens an issue; the tracker tells of it. The id of the delivery."""
    at.jira.add_issue(key, "Wish")
    return at.hook("tracker", at.jira.delivery("jira:issue_created", key))


def _ended(at: Desk, rule: str) -> bool:
    """Whether all that a rule meant to say has been said, or is shown as unknown."""
    of = at.stack.items("actions", rule=rule)
    return all(a["state"] in ("sent", "merged", "unknown") for a in of)


def _fired(at: Desk, times: int) -> None:
    what = f"the clock has fired {times} times"
    until(lambda: len(at.stack.items("events", type="slot.due")) >= times, what, every=0.1)


def _over(shown: dict[str, Any]) -> str:
    return "left" if shown["state"] in ("sent", "unknown") else str(shown["state"])
