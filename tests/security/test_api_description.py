"""The API against its own description: whatever is asked, an answer is one of those described, in the shape described.

Schemathesis draws requests from the OpenAPI document and holds every answer against it; what only we know (which
addresses there are, which ids are there) is asked beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any
from urllib.parse import quote

import pytest
from jsonschema import Draft202012Validator
from schemathesis import openapi
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from service.web.api.description import description
from tests.security.access import API_TOKEN
from tests.support.live import Live
from tests.support.seeding import Seed, opened

DOCUMENT = description()
OPERATIONS = [(path, verb, said) for path, verbs in DOCUMENT["paths"].items() for verb, said in verbs.items()]
BEARER = {"Authorization": f"Bearer {API_TOKEN}"}
CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 1,
        "headers": BEARER,
        "generation": {"deterministic": True, "max-examples": 4, "database": "none"},
        # Nothing is made and read back by its address here, and the document gives no examples.
        "phases": {"stateful": {"enabled": False}, "examples": {"enabled": False}},
        "operations": [
            {
                # What an object of each type has to have stands in the catalogue, not in this document.
                "include-method": "POST",
                "checks": {"positive_data_acceptance": {"enabled": False}},
            }
        ],
    }
)
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A lively record behind the API, on a port."""
    made = Live(opened(tmp_path_factory.mktemp("home"), ACCORD_API_TOKEN=API_TOKEN))
    yield made
    made.stop()


@pytest.fixture
def seed(live: Live) -> Seed:
    """The same, without the way over a port."""
    return live.seed


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


def test_whatever_is_asked_the_answer_is_as_described(live: Live) -> None:
    """Every operation at its boundaries and at random, right and wrong, with and without a right token: never a failure
    of ours, always an answer that is described, in the described type and shape, and no wrong request is taken.
    """
    found: dict[str, str] = {}
    asked: Counter[str] = Counter()
    for happened in from_schema(openapi.from_url(f"{live.url}/api/v1/openapi.json", config=CONFIG)).execute():
        assert not isinstance(happened, events.NonFatalError | events.FatalError), happened
        if isinstance(happened, events.ScenarioFinished):
            asked[happened.recorder.label] += len(happened.recorder.interactions)
            for check in chain.from_iterable(happened.recorder.checks.values()):
                if check.failure_info:
                    failure = check.failure_info
                    found[f"{happened.recorder.label}: {failure.failure.title}"] = (
                        f"{failure.failure.message}\n{failure.code_sample}"
                    )
    assert not found, "\n\n".join(f"{what}\n{how}" for what, how in found.items())
    assert {said for said, times in asked.items() if times > 5} == {
        f"{verb.upper()} {path}" for path, verb, _ in OPERATIONS
    }


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
