"""GitHub against a stand-in, and our fixtures against the published schema of its webhooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlencode

import jsonschema
import pytest

from connectors import signatures
from connectors.base import (
    ConnectorError,
    Delivery,
    Http,
    Malformed,
    Message,
    Operation,
    Settings,
    Unsupported,
)
from connectors.github import connector
from connectors.http import http_client
from tests.connectors import recorded
from tests.support.shared import shared_path
from tests.support.standins.github import TOKEN, GitHubStandIn

ISSUE = "northwind/apollo#1"


@pytest.fixture
def github() -> Iterator[GitHubStandIn]:
    """A GitHub with one issue; no request may break its documentation."""
    with GitHubStandIn() as there:
        there.add_issue("Apollo", labels=["on-track"])
        yield there
        assert there.violations == []


@pytest.fixture
def settings(github: GitHubStandIn) -> Settings:
    """The connection to it."""
    values = {
        "base_url": github.url,
        "token": TOKEN,
        "user": "northwind-accord",
        "projects": ["northwind/apollo"],
    }
    return Settings(
        "code", {**values, "since": "2026-01-01"}, ("example-webhook-secret-0001",), private_network=True
    )


@pytest.fixture
def http(settings: Settings) -> Iterator[Http]:
    """A client of it that gives up soon."""
    with http_client(settings, 2.0) as client:
        yield client


@pytest.mark.parametrize("path", recorded.deliveries(connector), ids=lambda path: path.stem)
def test_our_fixtures_have_the_shape_github_publishes(path: Path) -> None:
    """What we wrote ourselves is what GitHub would send."""
    schema = json.loads(shared_path("openapi/github-webhooks.schema.json").read_text("utf-8"))
    name = path.stem.partition("__")[0].replace(".", "$")
    reference = {"$ref": f"#/definitions/{name}{'$event' if name == 'ping' else ''}"}
    jsonschema.Draft7Validator({**reference, "definitions": schema["definitions"]}).validate(
        json.loads(path.read_text("utf-8"))
    )


def test_a_comment_is_found_again_by_its_marker(
    github: GitHubStandIn, settings: Settings, http: Http
) -> None:
    """Also behind a hundred others; the marker is not seen by readers."""
    outward = connector.operations["comment"]
    wanted = Operation("comment", "act_1", ISSUE, Message(short="80% of the budget is spent."))
    assert outward.find is not None
    assert outward.find(wanted, settings, http) is None
    done = outward.act(wanted, settings, http)
    for number in range(120):
        github.add_comment(1, f"Talk {number}")
    found = outward.find(wanted, settings, http)
    assert found is not None
    assert (found.receipt, found.found) == (done.receipt, True)
    assert github.comments_on(1)[0].startswith("80% of the budget is spent.\n\n<!-- ")


def test_states_labels_and_milestones(github: GitHubStandIn, settings: Settings, http: Http) -> None:
    """Each brings about what was asked for, and again changes nothing."""
    github.add_milestone("Prototype", "2026-12-04T08:00:00Z")

    def act(kind: str, **keys: object) -> str:
        return (
            connector.operations[kind].act(Operation(kind, "act_1", ISSUE, keys=keys), settings, http).detail
        )

    assert act("transition", status="Done") == "open -> closed"
    assert act("transition", status="done").endswith("is closed already")
    assert act("transition", status="open") == "closed -> open"
    assert act("label", add="at-risk", remove="on-track") == "1 added, 1 removed"
    assert act("label", add="at-risk", remove="on-track") == "1 added, 0 removed"
    act("set_field", field="milestone", value="prototype")
    act("set_field", field="due", value=date(2026, 12, 18))
    assert github.milestones[1]["due_on"] == "2026-12-18T12:00:00Z"
    assert [label["name"] for label in github.issues[1]["labels"]] == ["at-risk"]


def test_a_new_issue_is_made_once(github: GitHubStandIn, settings: Settings, http: Http) -> None:
    """The answer was lost, the issue is there: found by the marker in its text."""
    outward = connector.operations["create_issue"]
    wanted = Operation(
        "create_issue", "act_1", "northwind/apollo", Message(body="Agreed."), {"title": "Sign-off"}
    )
    assert outward.find is not None
    assert outward.find(wanted, settings, http) is None
    made = outward.act(wanted, settings, http)
    found = outward.find(wanted, settings, http)
    assert found is not None
    assert made.receipt == found.receipt == "northwind/apollo#2"


def test_a_used_up_rate_limit_is_waited_out(github: GitHubStandIn, settings: Settings, http: Http) -> None:
    """GitHub answers 403 and says when the limit begins anew."""
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4102444800"}
    github.fail(status=403, headers=reset, body={"message": "API rate limit exceeded"})
    with pytest.raises(ConnectorError, match="rate limit") as caught:
        connector.operations["label"].act(Operation("label", "a", ISSUE, keys={"add": "x"}), settings, http)
    assert (caught.value.retryable, caught.value.retry_after) == (True, 86_400)


def test_a_hook_and_a_poll_tell_the_same_thing_alike(
    github: GitHubStandIn, settings: Settings, http: Http
) -> None:
    """Opening, closing and a comment have one key and version both ways, so that they count once."""
    assert connector.normalise is not None
    assert connector.poll is not None

    def hook(event: str, body: bytes) -> tuple[str, str, str]:
        (told,) = connector.normalise(recorded.delivery(connector, event, body, settings), settings).events
        return told.type, told.key, told.version

    told = {hook("issues", github.delivery("opened", 1))}
    told.add(hook("issue_comment", github.delivery("created", 1, comment=github.add_comment(1, "Ready?"))))
    connector.operations["transition"].act(
        Operation("transition", "a", ISSUE, keys={"status": "Done"}), settings, http
    )
    told.add(hook("issues", github.delivery("closed", 1)))
    now = github.now + timedelta(minutes=5)
    polled, cursor = connector.poll(settings, http, "", now)
    assert {(e.type, e.key, e.version) for e in polled} == told
    assert connector.poll(settings, http, cursor, now) == ([], cursor)


def test_polling_needs_the_repositories(settings: Settings, http: Http) -> None:
    """Said in words, with an example."""
    nowhere = Settings("code", {**settings.values, "projects": []}, private_network=True)
    assert connector.poll is not None
    with pytest.raises(ConnectorError, match="`projects` must list the repositories to poll"):
        connector.poll(nowhere, http, "", recorded.NOW)


def form(body: bytes) -> Delivery:
    """A delivery as a form, signed over the form."""
    known = recorded.settings(connector)
    headers = {"content-type": "application/x-www-form-urlencoded", "x-github-event": "ping"}
    signed = signatures.sign_hmac(body, known.webhook_secrets[0], prefix="sha256=")
    return Delivery(
        "code", "POST", "/hooks/code", {}, {**headers, "x-hub-signature-256": signed}, body, recorded.NOW
    )


def test_a_form_is_read_like_json() -> None:
    """GitHub's other content type, with the JSON in one field; without the field the mend is named."""
    known = recorded.settings(connector)
    assert connector.verify is not None
    assert connector.normalise is not None
    good = form(urlencode({"payload": '{"zen": "Ça va"}'}).encode())
    connector.verify(good, known)
    assert connector.normalise(good, known).ignored == "ping is not followed"
    for broken in (b"", b"x=1", b"payload", b"\xff=1", b"payload=%7B"):
        with pytest.raises(Malformed):
            connector.normalise(form(broken), known)


@pytest.mark.parametrize(
    ("event", "action"), [("issues", "dreamt"), ("issue_comment", "dreamt"), ("dreams", "created")]
)
def test_what_github_may_add_is_unsupported(
    github: GitHubStandIn, settings: Settings, event: str, action: str
) -> None:
    """New events and actions are named, and not taken for broken ones."""
    delivery = recorded.delivery(connector, event, github.delivery(action, 1, comment={}), settings)
    assert connector.normalise is not None
    with pytest.raises(Unsupported, match="dream"):
        connector.normalise(delivery, settings)


def test_a_delivery_without_its_event_type_is_malformed() -> None:
    """The type stands in a header."""
    known = recorded.settings(connector)
    good = recorded.delivery(connector, "ping", b"{}", known)
    bare = {name: value for name, value in good.headers.items() if name != "x-github-event"}
    assert connector.normalise is not None
    with pytest.raises(Malformed, match="x-github-event is missing"):
        connector.normalise(Delivery("code", "POST", "/hooks/code", {}, bare, b"{}", recorded.NOW), known)
