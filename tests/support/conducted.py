"""What is said and asked beside the money: written by a lead with the console's own forms, and decided.

In: a `Seed` with the project under way. Out: the record filled, and the ids of what was made.
"""

from __future__ import annotations

from flask.testing import FlaskClient

from service.flow import conduct
from service.flow.decide import decide_waiting
from service.store import attention
from tests.support.seeding import Seed, csrf_of

FORMS = {
    "risk": {
        "title": "The supplier is late",
        "kind": "schedule",
        "score": "20",
        "owner": "lin",
        "plan": "Another",
    },
    "complaint": {"contact": "ann", "said": "Nobody calls back", "owner": "lin"},
    "contact": {"channel": "phone", "with": "ann", "summary": "Wants the export sooner"},
    "meeting": {"title": "Review", "on": "2026-11-20", "clock": "10:00", "attendees": "ann"},
    "improvement": {"title": "Call weekly", "owner": "lin", "due": "2026-12-01"},
}


def conducted(seed: Seed) -> dict[str, str]:
    """Of Apollo: a risk, a complaint, a logged call, minutes, a survey of Ann, a task of hers; kind -> id."""
    project = seed.context.rulebook.workspace.projects["apollo"]
    lead = seed.signed_in("lead")
    for form, fields in FORMS.items():
        _write(lead, f"/projects/apollo/conduct/{form}", fields)
    _write(
        lead,
        "/projects/apollo/items/new",
        {"title": "Test data", "kind": "input", "owner": "ann", "due": "2026-11-27"},
    )
    decide_waiting(seed.context)
    found = {kind: _first(seed, kind) for kind in ("risk", "complaint", "meeting", "action_item", "contact")}
    for form, more in (("held", {}), ("minutes", {"minutes": "Agreed: the export comes first."})):
        _write(lead, f"/projects/apollo/conduct/{form}", {"of": found["meeting"], **more})
    conduct.send_surveys(seed.context, project, "closing", "client", "lead@northwind.example")
    decide_waiting(seed.context)
    with seed.context.database.reading() as connection:
        surveys = attention.records_of(connection, "survey", ["apollo"])
    return {**found, "survey": next(s["id"] for s in surveys if s["contact"] == "ann")}


def _first(seed: Seed, kind: str) -> str:
    with seed.context.database.reading() as connection:
        made = attention.records_of(connection, kind, ["apollo"])
    # Improvements are action items too; the task of the client is the one that a link can answer.
    return str(next(one["id"] for one in made if one.get("kind") != "improvement"))


def _write(client: FlaskClient, path: str, fields: dict[str, str]) -> None:
    token = csrf_of(client.get("/account").text)
    answer = client.post(path, data={**fields, "csrf_token": token})
    assert answer.status_code == 303, (path, answer.status_code, answer.text[-2000:])
