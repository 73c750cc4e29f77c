"""The objects that every event of a project makes known, from the workspace and the records.

In: the workspace's shapes. Out: records with the catalogue's fields (dotted keys). Pure look-ups, nothing derived
from money: that is rules.facts.budget.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from rules.facts.event import Event, Record
from rules.facts.ledger import rate_on
from rules.facts.project import Client, Person, Project, Workspace


def event_record(event: Event) -> Record:
    """`event`: what happened, when, and who did it."""
    return {
        "id": event.id,
        "type": event.type,
        "at": event.at,
        "received_at": event.received_at,
        "connection": event.connection,
        "person": event.person,
        "cause": event.cause,
    }


def organisation_record(workspace: Workspace) -> Record:
    """`organisation`: the team's own house."""
    w = workspace
    return {
        "id": w.name,
        "name": w.name,
        "locale": w.locale,
        "time_zone": w.time_zone,
        "calendar": w.calendar,
        "hours": w.hours,
        "tags": [],
    }


def client_record(client: Client) -> Record:
    """`client`: the client and the defaults its contacts share."""
    return {
        "id": client.id,
        "name": client.name,
        "locale": client.locale,
        "time_zone": client.time_zone,
        "calendar": client.calendar,
        "hours": client.hours,
        "tags": list(client.tags),
    }


def project_record(project: Project, kept: Mapping[str, Any] | None, lead: Person | None) -> Record:
    """`project`: its file, with what is on record (status, mode, activated_at, ...) on top.

    A project without a record has not been activated, whatever its file says.
    """
    home = project.home
    written = {
        "id": project.id,
        "name": project.name,
        "client": project.client,
        "mode": project.mode,
        "lead": project.lead,
        "lead_name": lead.name if lead else project.lead,
        "deputy": project.deputy,
        "tags": list(project.tags),
        "currency": project.currency,
        "time_zone": project.time_zone,
        "billing.kind": project.billing_kind,
        "billing.client_sees": project.client_sees,
        "home": f"{home[0]}/{home[1]}" if home else None,
        "reports.weekly": project.reports.get("weekly"),
    }
    return {**written, "status": "draft", "activated_at": None, **(kept or {})}


def person_record(person: Person, day: date) -> Record:
    """`person`: someone of the team or a contact, as of a day."""
    return {
        "id": person.id,
        "name": person.name,
        "party": person.party,
        "roles": list(person.roles),
        "locale": person.locale,
        "time_zone": person.time_zone,
        "away": any(a.start <= day <= a.end for a in person.away),
        "cost_rate": rate_on(person.cost_rates, day),
        "bill_rate": rate_on(person.bill_rates, day),
    }
