"""What somebody writes who wants a page to act for them, put wherever an outside system or a client can write.

`poison(seed)` replaces the free texts of a lively record; `MARK` is how a script of theirs would show itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from rules.facts.event import Event
from service.flow.decide import decide_waiting
from service.links import PATHS
from service.store.deliveries import Became
from tests.support.seeding import Seed

MARK = "pwned"
ELSEWHERE = "http://elsewhere.example"
RUN = f"document.documentElement.dataset.{MARK}=1"
PAYLOADS = (
    f"<script>{RUN}</script>",
    f'"\'><img src={ELSEWHERE}/a.png onerror="{RUN}">',
    f"<svg/onload={RUN}><animate onbegin={RUN}>",
    f"</title></textarea></pre></style></script><script src={ELSEWHERE}/b.js></script>",
    f'<iframe srcdoc="<script>parent.{RUN}</script>" src={ELSEWHERE}/c></iframe>',
    f'<a href="javascript:{RUN}" onmouseover={RUN} style=position:fixed;inset:0>x</a>',
    f"[go](javascript:{RUN}) ![x]({ELSEWHERE}/d.png) [out]({ELSEWHERE}/e) <{ELSEWHERE}/f>",
    f"<meta http-equiv=refresh content='0;url={ELSEWHERE}/g'><base href={ELSEWHERE}/>",
    f"<link rel=stylesheet href={ELSEWHERE}/h.css><style>@import '{ELSEWHERE}/i.css';</style>",
    f"<form action={ELSEWHERE}/j><button autofocus onfocus={RUN}>ok</button></form>",
    "{{ 7*7 }}{% for x in y %}${7*7}<!-- ]]> --> \u2028 \u202e &lt;script&gt;&#60;script&#62;",
    f'" onpointerenter="{RUN}" autofocus onfocus="{RUN}" x="',
)
BAD = " ".join(PAYLOADS)
# Keys under which people or outside systems write; what machines need in order to find things stays.
WRITTEN = {
    *(
        "title",
        "reason",
        "remark",
        "note",
        "name",
        "detail",
        "details",
        "description",
        "summary",
        "supplier",
        "text",
    ),
    *(
        "label",
        "labels",
        "body",
        "comment",
        "by_name",
        "impact",
        "plan",
        "answer",
        "question",
        "reference",
        "invoice",
    ),
    *("statement", "said", "line", "minutes", "objection", "resolution", "owner_name", "number", "paid_to"),
}
COLUMNS = {
    "actions": ("subject", "body", "reason", "receipt"),
    "attempts": ("detail",),
    "connection_states": ("error",),
    "events": ("error",),
    "users": ("name",),
}
DATA = (
    ("records", "data"),
    ("events", "data"),
    ("verdicts", "data"),
    ("actions", "data"),
    ("evidence", "record"),
)


def poison(seed: Seed, ids: Mapping[str, str]) -> dict[str, str]:
    """Hostile texts in every row that there is, and a few rows more; ids to open. ids: what a client answers."""
    _answered(seed, ids)
    with seed.context.database.writing() as connection:
        for table, column in DATA:
            rows = connection.execute(text(f'SELECT rowid, "{column}" FROM "{table}"')).all()  # noqa: S608
            for row, data in rows:
                changed = json.dumps(_poisoned(json.loads(data)))
                connection.execute(
                    text(f'UPDATE "{table}" SET "{column}" = :data WHERE rowid = :row'),  # noqa: S608
                    {"data": changed, "row": row},
                )
        for table, columns in COLUMNS.items():
            for column in columns:
                connection.execute(
                    text(f'UPDATE "{table}" SET "{column}" = :bad WHERE "{column}" IS NOT NULL'),  # noqa: S608
                    {"bad": BAD},
                )
    return _more(seed)


def _answered(seed: Seed, ids: Mapping[str, str]) -> None:
    """Ann answers her survey, objects to minutes and says that her task is done, each with hostile words."""
    guest = seed.app.test_client()
    subjects = {"survey": ids["survey"], "meeting": ids["meeting"], "project": "apollo"}
    for kind, subject in subjects.items():
        path = f"/{PATHS[kind]}/{seed.link(kind, subject, 'ann')}"
        nonce = guest.get(path).text.partition('name="nonce" value="')[2].partition('"')[0]
        words = {"remark": BAD, "objection": BAD, "csat": "2", "nps": "6", "item": ids["action_item"]}
        answer = guest.post(path, data={"nonce": nonce, **words})
        assert answer.status_code == 200, (path, answer.status_code)
    decide_waiting(seed.context)


def _poisoned(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {k: _poisoned(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_poisoned(v, key) for v in value]
    return BAD if isinstance(value, str) and key in WRITTEN else value


def _more(seed: Seed) -> dict[str, str]:
    """An issue that is hostile in every field, the delivery that brought it, and mails that quote it."""
    issue = dict.fromkeys(("key", "title", "status", "type", "assignee", "description"), BAD)
    delivery = seed.delivery(
        "tracker", json.dumps({"issue": {"fields": {"summary": BAD}}}), Became("malformed", BAD)
    )
    event = seed.event(
        "issue.changed",
        {"issue": {"id": "tracker/X-1", **issue}},
        connection="tracker",
        delivery=delivery,
        before={"status": BAD, "title": BAD},
    )
    seed.verdict(event, "budget/levels", "error", BAD, near_miss=BAD)
    return {"hostile": event.id, "hostile_delivery": delivery, **_messages(seed, event, issue)}


def _messages(seed: Seed, event: Event, issue: dict[str, str]) -> dict[str, str]:
    said = "{{ issue.title }} was moved to {{ issue.status }}"
    inline = {
        "inline": {"en": {"subject": "About {{ issue.key }}", "body": f"{said}\n\n* {said}\n\n> {said}"}}
    }
    mail: dict[str, Any] = {
        "recipient": "bob",
        "address": "bob@acme.example",
        "client_facing": True,
        "locale": "en",
    }
    waiting: dict[str, Any] = {"waits": "review", "recheck": True, "text": inline, "names": {"issue": issue}}
    dead: dict[str, Any] = {
        "connection": "tracker",
        "address": BAD[:390],
        "outcome": BAD,
        "text_out": (BAD, BAD, None),
    }
    return {
        "hostile_mail": seed.action(event, "email", "waiting", id="act_hostile", **waiting, **mail),
        "hostile_dead": seed.action(event, "comment", "dead", id="act_dead_hostile", status=400, **dead),
    }
