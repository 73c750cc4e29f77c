"""Jira against a stand-in that holds every request against Jira's own API document."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from connectors.base import (
    ConnectorError,
    Delivery,
    Http,
    Message,
    Operation,
    Read,
    Settings,
    Unauthentic,
    Unsupported,
)
from connectors.http import http_client
from connectors.jira import connector
from connectors.jira.api import is_cloud
from rules.facts.event import SourceEvent
from tests.connectors import recorded
from tests.support.standins.jira import TOKEN, JiraStandIn

PERSONAL = "example-personal-token-0002"


@pytest.fixture(params=["cloud", "datacenter"])
def jira(request: pytest.FixtureRequest) -> Iterator[JiraStandIn]:
    """A Jira of each kind; no request may break its API document."""
    cloud = request.param == "cloud"
    with JiraStandIn(cloud=cloud, token=TOKEN if cloud else PERSONAL) as there:
        there.add_issue("APO-1", "Apollo")
        yield there
        assert there.violations == []


@pytest.fixture
def settings(jira: JiraStandIn) -> Settings:
    """The connection to it."""
    values = {
        "base_url": jira.url,
        "user": "bot@northwind.example",
        "account": "5b10b0",
        "since": "2026-01-01",
    }
    values |= {
        "token": TOKEN if jira.cloud else PERSONAL,
        "deployment": "cloud" if jira.cloud else "datacenter",
    }
    return Settings("tracker", values, ("example-webhook-secret-0001",), private_network=True)


@pytest.fixture
def http(settings: Settings) -> Iterator[Http]:
    """A client of it that gives up soon."""
    with http_client(settings, 2.0) as client:
        yield client


def comment(text: str, key: str = "act_1") -> Operation:
    """A comment on the home issue."""
    return Operation("comment", key, "APO-1", Message(short=text))


def test_a_comment_is_found_again_by_its_marker(jira: JiraStandIn, settings: Settings, http: Http) -> None:
    """Before a second try the comment is looked for; another action's comment is not taken for it."""
    outward = connector.operations["comment"]
    assert outward.find is not None
    assert outward.find(comment("80%"), settings, http) is None
    done = outward.act(comment("80% of [the] budget\n\n第二段"), settings, http)
    found = outward.find(comment("80%"), settings, http)
    assert found is not None
    assert (found.receipt, found.found) == (done.receipt, True)
    assert outward.find(comment("80%", "act_2"), settings, http) is None
    assert len(jira.comments_on("APO-1")) == 1


def test_a_comment_whose_answer_was_lost_is_there_once(
    jira: JiraStandIn, settings: Settings, http: Http
) -> None:
    """The connection breaks after the comment was made: outcome unknown, and found, not made twice."""
    outward = connector.operations["comment"]
    assert outward.find is not None
    jira.fail("reset", matches=lambda seen: seen.method == "POST")
    with pytest.raises(ConnectorError) as caught:
        outward.act(comment("80%"), settings, http)
    assert (caught.value.retryable, caught.value.outcome_unknown) == (True, True)
    jira.add_comment("APO-1", jira.seen[-1].json["body"])
    assert outward.find(comment("80%"), settings, http)


def test_our_own_comment_comes_back_as_ours(jira: JiraStandIn, settings: Settings, http: Http) -> None:
    """Also from an account that Accord was not told about: the marker says so. A reply that quotes us is not ours."""
    connector.operations["comment"].act(comment("80%"), settings, http)
    (ours,) = jira.comments_on("APO-1")
    stranger = jira.person("5b10e9", "Ann Lee")
    for text, own in ((ours, True), (f"> {ours.strip()}\n\nWhy?", False)):
        told = jira.add_comment("APO-1", text, stranger)
        body = jira.delivery("comment_created", "APO-1", comment=told)
        assert connector.normalise is not None
        (event,) = connector.normalise(
            recorded.delivery(connector, "comment_created", body, settings), settings
        ).events
        assert event.own is own


def test_a_status_is_reached_by_name_once(jira: JiraStandIn, settings: Settings, http: Http) -> None:
    """The transition is looked up; being there already is success; an unknown status names what is allowed."""
    act = connector.operations["transition"].act
    wanted = Operation("transition", "act_1", "APO-1", keys={"status": "waiting FOR client"})
    assert act(wanted, settings, http).detail == "To Do -> Waiting for client"
    assert jira.status_of("APO-1") == "Waiting for client"
    assert act(wanted, settings, http).found
    with pytest.raises(
        ConnectorError, match="allowed: Done, In Progress, To Do, Waiting for client"
    ) as caught:
        act(Operation("transition", "act_2", "APO-1", keys={"status": "Approved"}), settings, http)
    assert not caught.value.retryable


def test_labels_fields_and_new_issues(jira: JiraStandIn, settings: Settings, http: Http) -> None:
    """Each brings about the state that was asked for; a new issue is found again by its marker."""
    label, create = connector.operations["label"].act, connector.operations["create_issue"]
    for _ in range(2):
        label(
            Operation("label", "act_1", "APO-1", keys={"add": "at-risk", "remove": ["gone"]}), settings, http
        )
    assert jira.issues["APO-1"]["fields"]["labels"] == ["at-risk"]
    wanted = Operation("create_issue", "act_3", "APO", Message(body="Agreed."), {"title": "Sign-off"})
    assert create.find is not None
    assert create.find(wanted, settings, http) is None
    made = create.act(wanted, settings, http)
    found = create.find(wanted, settings, http)
    assert found is not None
    assert made.receipt == found.receipt == "APO-2"
    connector.operations["set_field"].act(
        Operation("set_field", "act_4", "APO-2", keys={"field": "title", "value": "Sign off"}), settings, http
    )
    assert jira.issues["APO-2"]["fields"]["summary"] == "Sign off"


def test_an_issue_key_cannot_reach_another_resource(
    jira: JiraStandIn, settings: Settings, http: Http
) -> None:
    """Whatever stands in a rule's target stays one segment of the path."""
    for key in ("../myself", "APO-1/transitions", "APO-1?x=1"):
        with pytest.raises(ConnectorError, match="404"):
            connector.operations["comment"].act(
                Operation("comment", "act_1", key, Message(short="x")), settings, http
            )
    assert jira.comments_on("APO-1") == []
    jira.violations.clear()


def test_a_hook_and_a_poll_tell_the_same_change_alike(
    jira: JiraStandIn, settings: Settings, http: Http
) -> None:
    """What arrives both ways has one key and version, so that it counts once."""
    lin = jira.person("5b10a2", "Lin Hao")
    told: list[SourceEvent] = []

    def hook(event: str, **more: object) -> None:
        body = jira.delivery(event, "APO-1", **more)
        assert connector.normalise is not None
        assert connector.read is not None
        inbound = connector.normalise(recorded.delivery(connector, event, body, settings), settings)
        told.extend(inbound.events)
        for wanted in inbound.reads:
            told.extend(connector.read(wanted, settings, http))

    hook("jira:issue_created")
    hook("jira:issue_updated", changelog=jira.change("APO-1", lin, duedate="2026-12-11"))
    hook("jira:issue_updated", changelog=jira.change("APO-1", lin, status="Done"))
    hook("comment_created", comment=jira.add_comment("APO-1", "Ready?", lin))
    hook("worklog_created", worklog=jira.log_time("APO-1", 5400, "2026-11-20T09:00:00.000+0800", lin))
    assert connector.poll is not None
    now = jira.now + timedelta(minutes=5)
    polled, cursor = connector.poll(settings, http, "", now)

    def named(events: list[SourceEvent]) -> set[tuple[str, str, str]]:
        return {(event.type, event.key, event.version) for event in events}

    assert named(list(polled)) == named(told)
    assert {event.type for event in told} == {
        "issue.created", "issue.changed", "issue.closed", "comment.created", "time.logged",
    }  # fmt: skip
    assert connector.poll(settings, http, cursor, now) == ([], cursor)


def test_a_version_is_told_by_hook_and_by_poll_and_again_only_when_it_changed(
    jira: JiraStandIn, settings: Settings, http: Http
) -> None:
    """A hook names its project by number: a read tells the key. A poll remembers what it saw in its cursor."""
    assert connector.normalise is not None
    assert connector.read is not None
    assert connector.poll is not None
    jira.set_version("Prototype", "2026-12-04")
    body = jira.version_delivery("jira:version_created", "Prototype")
    (wanted,) = connector.normalise(recorded.delivery(connector, "v", body, settings), settings).reads
    (hooked,) = connector.read(wanted, settings, http)
    assert (hooked.type, hooked.scope) == ("milestone.planned", {"project": "APO"})
    listing = Settings(settings.name, {**settings.values, "projects": ["APO"]}, private_network=True)

    def round_at(cursor: str) -> tuple[list[tuple[str, str, object]], str]:
        now = jira.now + timedelta(minutes=5)
        assert connector.poll is not None
        events, following = connector.poll(listing, http, cursor, now)
        jira.now = now
        return [
            (e.type, e.key, e.object["due"]) for e in events if e.type.startswith("milestone.")
        ], following

    told, cursor = round_at("")
    assert told == [("milestone.moved", hooked.key, date(2026, 12, 4))]
    told, cursor = round_at(cursor)
    assert told == []
    jira.set_version("Prototype", "2026-12-11")
    told, cursor = round_at(cursor)
    assert told == [("milestone.moved", hooked.key, date(2026, 12, 11))]
    jira.set_version("Prototype", "2026-12-11", released=True)
    jira.set_version("Kick-off", "2026-09-01", released=True)
    told, cursor = round_at(cursor)
    # Met for the first time, it was released at some time: no news to ask a client about.
    assert [kind for kind, _, _ in told] == ["milestone.handed_over", "milestone.moved"]


def test_time_deleted_while_polling_is_known_by_its_number(
    jira: JiraStandIn, settings: Settings, http: Http
) -> None:
    """Jira keeps no more of it; the ledger finds the entry by its key."""
    jira.deleted_worklogs.append({"worklogId": 10066, "updatedTime": int(jira.now.timestamp() * 1000)})
    assert connector.poll is not None
    events, _ = connector.poll(settings, http, "", jira.now + timedelta(minutes=5))
    assert [(e.type, e.key, e.scope) for e in events if e.type.startswith("time.")] == [
        ("time.deleted", "worklog/10066", {})
    ]


def test_who_we_are(jira: JiraStandIn, settings: Settings, http: Http) -> None:
    """The check names the account; a wrong token is a permanent error that does not show it."""
    assert connector.check is not None
    assert "Accord" in connector.check(settings, http)
    wrong = Settings("tracker", {**settings.values, "token": "example-wrong-token"}, private_network=True)
    with http_client(wrong) as client, pytest.raises(ConnectorError, match="401") as caught:
        connector.check(wrong, client)
    assert not caught.value.retryable
    assert "example-wrong-token" not in str(caught.value)


def test_a_read_of_an_issue_we_may_not_see_is_an_error(
    jira: JiraStandIn, settings: Settings, http: Http
) -> None:
    """A missing permission does not make logged time disappear silently."""
    worklog = {"id": "1", "updated": "2026-11-20T10:00:00Z"}
    assert connector.read is not None
    with pytest.raises(ConnectorError, match="404"):
        list(
            connector.read(Read("issue", "999", {"event": "time.logged", "worklog": worklog}), settings, http)
        )


def test_deployment_is_told_by_the_host_unless_it_is_set() -> None:
    """Atlassian's hosts are Cloud."""
    assert is_cloud(Settings("t", {"base_url": "https://northwind.atlassian.net"}))
    assert not is_cloud(Settings("t", {"base_url": "https://jira.northwind.example"}))
    assert not is_cloud(Settings("t", {"base_url": "https://atlassian.net.example"}))
    assert is_cloud(Settings("t", {"base_url": "https://jira.northwind.example", "deployment": "cloud"}))


def test_a_secret_in_the_query_works_only_where_it_was_asked_for() -> None:
    """Old Data Center has no signature; a signature that comes is checked all the same."""
    settings = recorded.settings(connector, {"auth": "query"})
    signed = recorded.settings(connector)
    assert connector.verify is not None

    def call(secret: str | None, headers: dict[str, str] | None = None) -> Delivery:
        query = {"secret": secret} if secret else {}
        return Delivery("tracker", "POST", "/hooks/tracker", query, headers or {}, b"{}", recorded.NOW)

    connector.verify(call("example-webhook-secret-0001"), settings)
    forged = {"x-hub-signature": "sha256=00"}
    for refused, known in (
        (call("wrong"), settings),
        (call(None), settings),
        (call("example-webhook-secret-0001", forged), settings),
        (call("example-webhook-secret-0001"), signed),
    ):
        with pytest.raises(Unauthentic):
            connector.verify(refused, known)


def test_an_event_nobody_knows_is_unsupported() -> None:
    """A new event of Jira is named, and not taken for a broken one."""
    settings = recorded.settings(connector)
    body = b'{"webhookEvent": "jira:issue_dreamt", "timestamp": 1}'
    assert connector.normalise is not None
    with pytest.raises(Unsupported, match="issue_dreamt"):
        connector.normalise(recorded.delivery(connector, "x", body, settings), settings)
