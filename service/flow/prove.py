"""Somebody who decides about a large sum asks for a code: made, and its mail put on record to leave at once.

In: the question and the person. Out: whether a code was sent. The mail is an action like any other, with an event
behind it; its code is filled in as it leaves and stands in nothing that is kept.
"""

from __future__ import annotations

from rules.engine.verdicts import Planned
from rules.facts.event import Event, Record, digest, event_id
from rules.facts.project import Person
from service import codes
from service.codes import CODE_RULE, Sent
from service.log import get
from service.state import Context
from service.store import actions, journal
from service.store.codes import Whose

log = get("prove")


def send_code(context: Context, approval: Record, person: Person, title: str) -> Sent:
    """Send the person a code for their decision, to the address that the workspace has for them.

    title: what is decided, in the person's language.
    """
    now, book = context.now(), context.rulebook
    whose = Whose(approval["id"], int(approval.get("version", 1)), person.id)
    with context.database.writing() as connection:
        sent, serial = codes.renew(connection, context.settings.secret_key, whose, now)
        if sent == "sent":
            event = _event(context, approval, whose, serial)
            mail = _mail(context, event, whose, serial, person, title)
            journal.add(connection, [event])
            actions.add(connection, [mail], event.id, book.rules.version, now, mail=book.mail_connection)
    if sent == "sent":
        context.bells.ring("decide")
        context.bells.ring("deliver")
    log.info("code asked for", approval=whose.approval, person=person.id, sent=sent)
    return sent


def _event(context: Context, approval: Record, whose: Whose, serial: int) -> Event:
    now = context.now()
    return Event(
        id=event_id("code", whose.approval, str(whose.version), whose.person, str(serial)),
        type="approval.code_sent",
        at=now,
        received_at=now,
        objects={"approval": {k: v for k, v in approval.items() if not k.startswith("_")}},
        project=approval["project"],
        client=approval["client"],
        person=whose.person,
    )


def _mail(context: Context, event: Event, whose: Whose, serial: int, person: Person, title: str) -> Planned:
    project = context.rulebook.workspace.projects[str(event.project)]
    return Planned(
        id="act_" + digest(event.id, person.id),
        event=event.id,
        rule=CODE_RULE,
        kind="email",
        ordinal=0,
        due=event.at,
        project=project.id,
        client=event.client,
        recipient=person.id,
        address=person.email,
        target=f"mail/{person.id}",
        client_facing=True,
        text="decision_code",
        locale=person.locale,
        names={"project": {"name": project.name}, "title": title, "until": event.at + codes.LASTS},
        keys={"code": {"approval": whose.approval, "version": whose.version, "serial": serial}},
        confirms=True,
        passes=True,
    )
