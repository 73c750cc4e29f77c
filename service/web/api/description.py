"""The API described: OpenAPI 3.1, built from one table of paths so that views and description cannot drift far.

A test holds every route of the API against it.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from connectors.webhook.words import OF_THE_TEAM
from rules.facts.catalogue import OBJECTS, Field
from service.store import lists, records

LISTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "deliveries": ("Webhook calls as they came, with what became of them", ("connection",)),
    "events": (
        "What happened, newest first",
        ("type", "project", "client", "connection", "state", "delivery", "cause"),
    ),
    "verdicts": ("What rules said to events", ("event", "rule", "project", "kind")),
    "actions": (
        "Intentions and what became of them",
        ("event", "rule", "project", "client", "connection", "state", "kind", "recipient"),
    ),
    "messages": ("Everything said", ("project", "client", "state", "kind", "recipient", "rule")),
    "approvals": ("Decisions asked of clients", ("project", "client", "status")),
    "changes": ("Changes", ("project", "client", "status")),
    "entries": ("Entries of the ledger with all their versions", ("project", "client", "status")),
    "baselines": (
        "Budgets as agreed: total, lines, reserve and what was drawn of it",
        ("project", "client", "status"),
    ),
    "reserves": ("Draws on reserves that were asked for", ("project", "client", "status")),
    "periods": ("How far books are closed, with every step", ("project", "client", "status")),
    "milestones": ("Milestones with their criteria and rounds", ("project", "client", "status")),
    "action_items": ("What one side has to do", ("project", "client", "status")),
    "delays": ("Days that milestones lost, with their causes", ("project", "client", "status")),
    "suppliers": ("What suppliers promised, and when it came", ("project", "client", "status")),
    "tasks": ("What somebody of the team has to do", ("project", "client", "status")),
    "kpis": ("Key figures as measured last, with their targets and trend", ("project", "client", "status")),
    "workload": (
        "Hours of the last weeks by person and project, beside what was planned",
        ("project", "client", "person", "week"),
    ),
    "retainers": ("Retainers with their terms and periods", ("project", "client")),
    "projects": ("Projects with their budgets", ()),
    "rules": ("The rules in force", ()),
    "findings": (
        "What somebody has to look at: files that differ from the record, papers that do not look right",
        ("project", "client", "status"),
    ),
    "risks": ("The risk registers", ("project", "client", "status")),
    "complaints": ("Complaints and until when they are dealt with", ("project", "client", "status")),
    "surveys": ("Who was asked how it goes, and what they answered", ("project", "client", "status")),
    "meetings": ("Meetings with their minutes and objections", ("project", "client", "status")),
    "contacts": ("Contacts that were logged", ("project", "client", "status")),
    "audits": ("Periods of ledgers that were looked through", ("project", "client", "status")),
    "closings": ("Scorecards and retrospective figures", ("project", "client", "status")),
    "connections": ("Outside systems and how they are", ()),
    "pauses": ("What stands still, and what waits for it", ()),
}
ONE = (
    *("deliveries", "events", "actions", "messages", "approvals", "changes", "entries", "projects"),
    *("milestones", "action_items", "delays", "suppliers", "findings", "tasks", "kpis"),
    *("baselines", "reserves", "periods"),
    *("risks", "complaints", "surveys", "meetings", "contacts", "audits", "closings"),
)
WHOLE = ("workload", "retainers", "projects", "rules", "connections", "pauses")
# Cursors, each of which may be empty: then the page is the first one.
PLACE: Final = f"^({lists.PLACE})?$"
MOMENT: Final = f"^({records.CURSOR})?$"
# The object of the catalogue that an item of a list is.
ITEMS: Final = {
    "approvals": "approval",
    "changes": "change",
    "entries": "entry",
    "baselines": "baseline",
    "reserves": "reserve",
    "periods": "period",
    "milestones": "milestone",
    "action_items": "action_item",
    "delays": "delay",
    "suppliers": "supplier",
    "tasks": "task",
    "kpis": "kpi",
    "workload": "workload",
    "retainers": "retainer",
    "findings": "finding",
    "risks": "risk",
    "complaints": "complaint",
    "surveys": "survey",
    "meetings": "meeting",
    "contacts": "contact",
    "audits": "audit",
    "closings": "closing",
}


def description() -> dict[str, Any]:
    """The document."""
    paths: dict[str, Any] = {}
    for name, (summary, filters) in LISTS.items():
        item = _item(name)
        cursor = None if name in WHOLE else MOMENT if name in ITEMS else PLACE
        paths[f"/api/v1/{name}"] = {"get": _list(summary, filters, item, cursor)}
        if name in ONE:
            paths[f"/api/v1/{name}/{{id}}"] = {"get": _one(f"One of {name}", item)}
    paths["/api/v1/waiting"] = {
        "get": _get("How much is on its way now", {"$ref": "#/components/schemas/Waiting"})
    }
    paths["/api/v1/projects/{id}/events"] = {"post": _told()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Accord",
            "version": version("accord"),
            "description": "The record of what happened, what rules said to it, and what was said to whom.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "ACCORD_API_TOKEN"}
            },
            "schemas": _schemas(),
        },
    }


def _item(name: str) -> dict[str, Any]:
    """The schema of what a list holds."""
    noun = ITEMS.get(name)
    return {"$ref": f"#/components/schemas/{noun}"} if noun else {"type": "object"}


def _list(summary: str, filters: tuple[str, ...], item: dict[str, Any], cursor: str | None) -> dict[str, Any]:
    """cursor: what `next` of the page before looks like; none for a list that is one page."""
    parameters: list[dict[str, Any]] = [
        {"name": f, "in": "query", "schema": {"type": "string"}} for f in filters
    ]
    if cursor:
        limit = {"type": "integer", "minimum": 1, "maximum": lists.MOST, "default": 50}
        taken = {"schema": {"type": "string", "pattern": cursor}, "description": "`next` of the page before"}
        parameters += [
            {"name": "limit", "in": "query", "schema": limit},
            {"name": "cursor", "in": "query", **taken},
        ]
    answer = _get(
        summary,
        {
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": {"type": "array", "items": item},
                "next": {"type": ["string", "null"], "description": "The cursor of the next page"},
            },
        },
    )
    return {
        **answer,
        "parameters": parameters,
        "responses": {**answer["responses"], "400": _problem("A wrong filter")},
    }


def _one(summary: str, item: dict[str, Any]) -> dict[str, Any]:
    answer = _get(summary, item)
    parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        **answer,
        "parameters": [parameter],
        "responses": {**answer["responses"], "404": _problem("Not there")},
    }


def _told() -> dict[str, Any]:
    """Something that happened, in the words of the catalogue."""
    summary = "Something happened in a project: an answer, a call, a hand-over, a delivery, a risk, a delay"
    answer = _get(summary, {"type": "object"})["responses"]
    schema = {
        "type": "object",
        "required": ["type", "object"],
        "properties": {
            "type": {"type": "string", "enum": sorted(OF_THE_TEAM)},
            "object": {
                "type": "object",
                "description": "Fields of the object that the event is about, with its id",
            },
            "person": {"type": "string", "description": "Who did it: the key of a person"},
            "at": {"type": "string", "format": "date-time"},
        },
    }
    return {
        "summary": summary,
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            **{code: said for code, said in answer.items() if code != "200"},
            "202": {"description": "It is on record and will be decided"},
            "400": _problem("No such type or field"),
            "404": _problem("Not there"),
        },
    }


def _get(summary: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": summary,
        "responses": {
            "200": {"description": summary, "content": {"application/json": {"schema": schema}}},
            "401": _problem("No token, or a wrong one"),
            "503": _problem("The database does not answer"),
        },
    }


def _problem(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "content": {"application/problem+json": {"schema": schema}}}


def _schemas() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        **{noun: _object(noun) for noun in ITEMS.values()},
        "Money": {
            "type": "object",
            "required": ["amount", "currency"],
            "properties": {"amount": {"type": "string", "description": "a decimal number"}, "currency": text},
        },
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "detail", "request_id"],
            "properties": {
                "type": text,
                "title": text,
                "status": {"type": "integer"},
                "detail": text,
                "request_id": text,
            },
        },
        "Waiting": {
            "type": "object",
            "required": ["deliveries", "events", "reads", "actions"],
            "properties": {n: {"type": "integer"} for n in ("deliveries", "events", "reads", "actions")},
        },
    }


def _object(noun: str) -> dict[str, Any]:
    """A record: the fields of the catalogue, with what else is on record beside them."""
    fields = {} if noun not in OBJECTS else {f.name: _field(f) for f in OBJECTS[noun].values()}
    own = {"id": {"type": "string"}, "project": {"type": "string"}, "client": {"type": ["string", "null"]}}
    return {"type": "object", "required": ["id"], "properties": {**own, **fields, **_BESIDE.get(noun, {})}}


def _field(field: Field) -> dict[str, Any]:
    """A field may be none wherever nothing is known of it yet."""
    if field.type == "money":
        return {"oneOf": [{"$ref": "#/components/schemas/Money"}, {"type": "null"}]}
    kind, shape = _JSON[field.type]
    return {"type": [kind, "null"], **shape} if kind else {}


_JSON: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "text": ("string", {}),
    "int": ("integer", {}),
    "number": ("string", {"description": "a decimal number"}),
    "date": ("string", {"format": "date"}),
    "time": ("string", {"format": "date-time"}),
    "duration": ("string", {}),
    "bool": ("boolean", {}),
    "list": ("array", {}),
    "object": ("object", {}),
    "any": ("", {}),
}
_SIDES: Final = {"type": "object", "additionalProperties": {"type": "object"}}
_BESIDE: Final[dict[str, dict[str, Any]]] = {
    "baseline": {
        "currency": {"type": "string"},
        "lines": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Money"}},
        "reserve": {"oneOf": [{"$ref": "#/components/schemas/Money"}, {"type": "null"}]},
        "drawn": {"oneOf": [{"$ref": "#/components/schemas/Money"}, {"type": "null"}]},
    },
    "period": {"steps": {"type": "array", "items": {"type": "object"}}},
    "closing": {
        "scorecard": {**_SIDES, "description": "schedule, quality, cost, satisfaction"},
        "retrospective": {**_SIDES, "description": "changes, meetings, delays"},
        "team_pulse": {"type": "object"},
        "begun_at": {"type": "string", "format": "date-time"},
        "at": {"type": "string", "format": "date-time"},
        "final": {"type": "boolean"},
    },
    "retainer": {
        "terms": {"type": "object", "description": "as they hold in the period that runs"},
        "agreed": {
            "type": "array",
            "items": {"type": "object"},
            "description": "terms agreed on later, from when",
        },
        "periods": {"type": "array", "items": {"type": "object"}},
    },
    "audit": {"findings": {"type": "array", "items": {"type": "string"}}},
}
