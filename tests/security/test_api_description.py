"""The API against its own description: whatever is asked, an answer is one of those described, in the shape described.

Requests are drawn from the OpenAPI document: each operation with its parameters, some right, some of any text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from rules.facts.catalogue import EVENTS
from service.web.api.description import description
from tests.security.access import API_TOKEN
from tests.support.lively import lively
from tests.support.seeding import Seed, close, opened

DOCUMENT = description()
OPERATIONS = [(path, verb, said) for path, verbs in DOCUMENT["paths"].items() for verb, said in verbs.items()]
BEARER = {"Authorization": f"Bearer {API_TOKEN}"}
KNOWN = (
    "apollo",
    "kanban",
    "acme",
    "tracker",
    "budget/levels",
    "apr_export",
    "chg_export",
    "sent",
    "decided",
    "waiting",
)
WICKED = (
    *(
        "' OR 1=1 --",
        "%",
        "_",
        "\\",
        "../../etc/passwd",
        "\x00",
        "\ud800",
        "a" * 5000,
        "-1",
        "0",
        "1e9",
        "９",
        "١",
        " 5 ",
    ),
    *("{{7*7}}", "<script>", "eyJhIjoxfQ==", "9" * 400, "null", "true", "\r\nX-Evil: 1", "🙂", "01"),
)
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seed]:
    """A lively record behind the API."""
    made = opened(tmp_path_factory.mktemp("home"), ACCORD_API_TOKEN=API_TOKEN)
    lively(made)
    yield made
    close(made)


values = st.one_of(
    st.sampled_from(KNOWN), st.sampled_from(WICKED), st.text(max_size=40), st.integers().map(str)
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=20)
    | st.sampled_from(KNOWN),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=10), below, max_size=4),
    max_leaves=12,
)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A body of a POST: bytes, any JSON, or an object with the names that the webhook has."""
    kind = draw(st.integers(0, 2))
    if kind == 0:
        return draw(st.binary(max_size=60))
    if kind == 1:
        return json.dumps(draw(anything)).encode()
    told = {"type": draw(st.sampled_from(sorted(EVENTS)) | st.text(max_size=8)), "project": "apollo"}
    more = draw(
        st.dictionaries(st.sampled_from(["id", "at", "object", "key", "person", "title", "amount"]), anything)
    )
    return json.dumps(told | more).encode()


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, dict[str, Any], dict[str, str], bytes | None]:
    """One call of an operation: its path filled in, a choice of its parameters, now and then one too many."""
    path, verb, said = draw(st.sampled_from(OPERATIONS))
    query = {}
    for parameter in said.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace("{id}", quote(draw(values), safe="", errors="replace") or "x")
        elif draw(st.booleans()):
            query[parameter["name"]] = draw(values)
    if draw(st.integers(0, 9)) == 0:
        query[draw(values)] = draw(values)
    path = path.replace("{id}", "apollo")
    return path, verb, said, query, draw(bodies()) if verb == "post" else None


def check(answer: Any, said: dict[str, Any]) -> None:
    """One of the described answers: its status, its media type, its shape."""
    described = said["responses"]
    assert answer.status_code < 500, answer.text
    # An id with a slash or a dot in it may be no address of the API at all; that too is a problem document.
    assert str(answer.status_code) in described or answer.status_code in (308, 404, 405), answer.status_code
    if answer.status_code >= 400:
        assert answer.content_type == PROBLEM
        schema: dict[str, Any] = {"$ref": "#/components/schemas/Problem"}
        assert answer.get_json(force=True)["status"] == answer.status_code
    elif answer.status_code < 300:
        ((kind, content),) = described[str(answer.status_code)]["content"].items()
        assert answer.mimetype == kind
        schema = content["schema"]
    else:
        return
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(
        answer.get_json(force=True)
    )


@settings(max_examples=250, deadline=None)
@given(call=requests())
def test_whatever_is_asked_the_answer_is_as_described(seed: Seed, call: Any) -> None:
    """Never a failure of ours; errors are problem documents; answers have the described shape."""
    path, verb, said, query, body = call
    query = {k.encode("utf-8", "replace"): v.encode("utf-8", "replace") for k, v in query.items()}
    asked = "&".join(f"{quote(k)}={quote(v)}" for k, v in query.items())
    answer = seed.app.test_client().open(
        path,
        method=verb.upper(),
        query_string=asked,
        data=body,
        headers=BEARER,
        content_type="application/json",
    )
    check(answer, said)


def test_every_operation_answers_what_is_there(seed: Seed) -> None:
    """Without parameters each list gives its items, and each item's own address gives it alone."""
    client = seed.app.test_client()
    for path, verb, said in OPERATIONS:
        if verb != "get" or "{id}" in path:
            continue
        answer = client.get(path, headers=BEARER)
        assert answer.status_code == 200, path
        check(answer, said)
        single = DOCUMENT["paths"].get(path + "/{id}")
        for item in (answer.get_json().get("items") or [])[:2] if single else []:
            one = client.get(f"{path}/{quote(item['id'])}", headers=BEARER)
            assert one.status_code == 200, (path, item["id"])
            check(one, single["get"])


def test_every_address_of_the_api_is_described(seed: Seed) -> None:
    """What the application answers under /api/v1 and what the document names is the same."""
    there = set()
    for rule in seed.app.url_map.iter_rules():
        if not rule.rule.startswith("/api/v1/") or rule.endpoint == "api.openapi":
            continue
        path = rule.rule.replace("<path:id>", "{id}").replace("<id>", "{id}")
        before, several, rest = path.partition("<any(")
        names, _, after = rest.partition("):what>")
        for name in names.split(", ") if several else [""]:
            there |= {(before + name + after, m) for m in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    assert there == {(path, verb.upper()) for path, verb, _ in OPERATIONS}


def test_no_answer_without_the_token(seed: Seed) -> None:
    """Every operation but the description itself: 401, a problem document, and what to send."""
    for path, verb, said in OPERATIONS:
        answer = seed.app.test_client().open(path.replace("{id}", "apollo"), method=verb.upper())
        assert answer.status_code == 401, path
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        check(answer, said)
