"""Who and what a rule reaches: everyone who holds a role that day, each once, and nobody of another client."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from rules.facts.money import Money
from tests.support.worlds import World, workspace_of

OTHER_CLIENT: dict[str, Any] = {
    "clients": {
        "zenith": {
            "name": "Zenith",
            "locale": "en",
            "time_zone": "Europe/London",
            "calendar": "GB",
            "contacts": {"zoe": {"name": "Zoe", "email": "zoe@zenith.example", "roles": ["sponsor"]}},
        }
    }
}


def rule(action: str, when: str = "ledger.posted") -> str:
    """A rule with one action or, indented as in a list, several."""
    return f"- id: tell\n  title: {{en: Tell, zh-CN: 告知}}\n  when: {when}\n  do:\n    - {action}\n"


def told(action: str, changes: dict[str, Any] | None = None, **entry: Any) -> list[str]:
    """Who an action reaches when an entry is posted."""
    world = World(rule(action), changes)
    world.spend("B1", 100, entry=entry)
    return world.told()


@pytest.mark.parametrize(
    ("to", "reached"),
    [
        ("client.sponsor", ["email ann"]),
        ("client.billing", ["email bob"]),
        ("[client.sponsor, client.approver, bob]", ["email ann", "email bob"]),
        ("project.lead", ["email lin"]),
        ("project.finance", ["email wang"]),
        ("entry.submitter", ["email wang"]),
    ],
)
def test_a_role_a_field_or_a_key_names_its_people(to: str, reached: list[str]) -> None:
    """A role means everyone who holds it; whoever holds two roles gets one message."""
    assert told(f"email: {{to: {to}, text: note}}", submitter="wang") == reached


def test_a_project_may_give_a_role_to_somebody_else() -> None:
    """`roles:` of the project win over the roles that contacts have in general."""
    assert told(
        "email: {to: client.billing, text: note}", {"projects": {"apollo": {"roles": {"billing": ["ann"]}}}}
    ) == ["email ann"]


def test_who_stands_in_gets_the_message_once() -> None:
    """Bob is away and Ann stands in: she holds both roles that day and reads it once."""
    away = {"away": [{"from": "2026-09-20", "to": "2026-09-25", "delegate": "ann"}]}
    changes = {"clients": {"acme": {"contacts": {"bob": away}}}}
    assert told("email: {to: [client.sponsor, client.billing], text: note}", changes) == ["email ann"]


def test_a_successor_follows_whoever_has_left() -> None:
    """After the last day the successor is meant; without one, nobody is, and the verdict says so."""
    left = {"until": "2026-09-20", "successor": "ann"}
    assert told("email: {to: bob, text: note}", {"clients": {"acme": {"contacts": {"bob": left}}}}) == [
        "email ann"
    ]
    alone = {"clients": {"acme": {"contacts": {"bob": {"until": "2026-09-20"}}}}}
    world = World(rule("email: {to: client.billing, text: note}"), alone)
    world.spend("B1", 100)
    assert (world.verdict("tell").kind, world.told()) == ("error", [])
    assert "nobody holds client.billing for apollo today" in world.verdict("tell").reason


def test_two_actions_with_one_text_reach_a_person_once() -> None:
    """Mail and chat with the same words are one message to each reader; other words are another message."""
    three = (
        "email: {to: client.sponsor, text: note}\n"
        "    - chat: {to: client.sponsor, text: note}\n"
        "    - email: {to: client.sponsor, text: {en: {subject: A, body: B}}}"
    )
    world = World(rule(three))
    world.spend("B1", 100)
    assert world.told() == ["email ann", "email ann"]
    assert len({str(a.text) for a in world.actions()}) == 2


def test_not_to_takes_people_out() -> None:
    """Whoever is named by both is left out."""
    assert told("email: {to: [client.sponsor, client.billing], not_to: client.approver, text: note}") == [
        "email bob"
    ]


def test_an_escalation_with_nobody_left_becomes_a_task_of_the_lead() -> None:
    """The sponsor is the silent approver: the lead is told that nobody was, in the lead's language."""
    world = World(rule("email: {to: client.sponsor, not_to: client.approver, text: note}"))
    world.spend("B1", 100)
    assert world.told() == ["task lin"]
    (task,) = world.actions()
    assert task.locale == "zh-CN"
    assert task.text["inline"]["zh-CN"]["subject"] == "告知：已无收件人"
    assert "原应发给 client.sponsor；除去 client.approver" in task.text["inline"]["zh-CN"]["body"]
    assert world.verdict("tell").kind == "fired"


def test_a_field_may_name_somebody_nobody_knows() -> None:
    """An account that is nobody of the workspace is an error with its name, not a mail to nowhere."""
    world = World(rule("email: {to: entry.submitter, text: note}"))
    world.spend("B1", 100, entry={"submitter": "acc-77"})
    assert (world.verdict("tell").kind, world.told()) == ("error", [])
    assert (
        "entry.submitter is 'acc-77', who is not among the people of the workspace"
        in world.verdict("tell").reason
    )


def test_a_contact_of_another_client_is_never_reached() -> None:
    """Whatever a field says: one client's figures do not go to another client's contact."""
    world = World(rule("email: {to: entry.submitter, text: note}"), OTHER_CLIENT)
    world.spend("B1", 100, entry={"submitter": "zoe"})
    assert world.told() == []
    assert "zoe is a contact of client zenith, and this concerns client acme" in world.verdict("tell").reason


def test_chat_reaches_rooms_and_people() -> None:
    """A room is a connection; a person is reached in their own channel, by mail where they have none."""
    channels = {"people": {"lin": {"channel": "room", "accounts": {"room": "U123"}}}}
    world = World(rule("chat: {to: [room, project.lead, project.finance], text: note}"), channels)
    world.spend("B1", 100)
    assert [(a.kind, a.recipient, a.connection, a.address) for a in world.actions()] == [
        ("chat", None, "room", "room"),
        ("chat", "lin", "room", "U123"),
        ("email", "wang", None, "wang@northwind.example"),
    ]


def test_comments_fan_out_over_the_issues_of_a_change() -> None:
    """One comment for each issue, on targets of their own; an issue named twice gets one."""
    world = World(rule("comment: {target: change.issues, text: note}", when="change.drafted"))
    for key in ("APO-7", "APO-8"):
        world.happen("issue.created", issue={"key": key, "title": key, "labels": []}, connection="tracker")
    issues = ["tracker/APO-7", "tracker/APO-8", "tracker/APO-7"]
    world.happen("change.drafted", change={"id": "chg_1", "title": "Export", "issues": issues})
    assert [(a.target, a.address, a.connection) for a in world.actions()] == [
        ("tracker/APO-7", "APO-7", "tracker"),
        ("tracker/APO-8", "APO-8", "tracker"),
    ]


def test_a_project_without_a_home_has_nothing_to_comment_on() -> None:
    """A target that is none is nothing to do: the other actions go on, and it is no error."""
    changes = {"projects": {"apollo": {"tracked_by": [{"connection": "tracker", "project": "APO"}]}}}
    world = World(
        rule("comment: {target: project.home, text: note}\n    - task: {to: project.lead, text: note}"),
        changes,
    )
    world.spend("B1", 100)
    assert (world.verdict("tell").kind, world.told()) == ("fired", ["task lin"])


def test_an_issue_can_be_named_outright() -> None:
    """connection/KEY stands for itself."""
    assert told("comment: {target: tracker/OPS-1, text: note}") == ["comment tracker/OPS-1"]


def test_what_an_action_sets_is_evaluated() -> None:
    """Names become values; what is written stays as written."""
    world = World(
        rule(
            "transition: {target: issue, status: Done}\n"
            "    - set_field: {target: issue, field: due, value: project.activated_at}\n"
            "    - label: {target: issue, add: [seen, paid]}\n"
            "    - webhook: {connection: room, body: {total: budget.total, note: hello}}",
            when="issue.created",
        )
    )
    world.happen("issue.created", issue={"key": "APO-7", "title": "x", "labels": []}, connection="tracker")
    transition, field, label, webhook = world.actions()
    assert transition.keys == {"status": "Done"}
    assert field.keys == {"field": "due", "value": world.record("project", "apollo")["activated_at"]}
    assert label.keys["add"] == ["seen", "paid"]
    assert (webhook.kind, webhook.connection) == ("webhook", "room")
    assert str(webhook.keys["body"]["total"]) == "100000.00 USD"


def test_further_names_of_a_text_are_evaluated_too() -> None:
    """`with:` adds names; an action whose name is not known this time is left out with the reason."""
    world = World(rule("email: {to: project.lead, text: note, with: {who: entry.person, sum: entry.amount}}"))
    world.spend("B1", 100, entry={"person": "wang"})
    names = world.actions()[0].names
    assert (names["who"], str(names["sum"])) == ("wang", "100.00 USD")
    world.spend("B2", 100)
    assert (world.verdict("tell").kind, world.told()) == ("error", [])
    assert "`entry.person` is not known for this event" in world.verdict("tell").reason


def test_an_action_may_have_a_condition_of_its_own() -> None:
    """Each action asks for itself; one that cannot be known is left out, and the verdict says so."""
    actions = (
        "task: {if: entry.amount > 500 USD, to: project.lead, text: note}\n"
        "    - task: {if: entry.duration > 2h, to: project.finance, text: note}\n"
        "    - chat: {to: room, text: note}"
    )
    world = World(rule(actions))
    world.spend("B1", 100)
    assert world.told() == ["chat room"]
    assert "`entry.duration > 2h` is unknown" in world.verdict("tell").reason
    world.spend("B2", 501)
    assert world.told() == ["task lin", "chat room"]


def test_a_variable_that_is_none_says_that_nobody_is_wanted() -> None:
    """A pack's room that no workspace names sends nothing and is no error."""
    world = World(
        rule("chat: {to: vars.team_room, text: note}\n    - record: {text: note}"),
        {"vars": {"team_room": "room"}},
    )
    world.spend("B1", 100)
    assert world.told() == ["chat room"]
    world.workspace = workspace_of()
    world.spend("B2", 100)
    assert world.told() == []


def assessed(rules: str, **changes: Any) -> World:
    """A world in which a change of 8,000 USD was just assessed."""
    world = World(rules, changes or None)
    world.happen("change.drafted", change={"id": "chg_1", "title": "Export", "issues": []})
    world.happen("change.assessed", change={"id": "chg_1", "amount": Money(Decimal(8000), "USD"), "days": 5})
    return world


ASK = "request_decision: {to: [client.approver, client.billing], about: change, text: decide}"


def test_asking_for_a_decision_mails_each_person_asked_their_own_link() -> None:
    """The approval is among the names, and the link belongs to this person and this approval."""
    world = assessed(rule(ASK, when="change.assessed"))
    assert world.told() == ["email ann", "email bob"]
    approval = world.actions()[0].names["approval"]
    assert [a.keys["link"] for a in world.actions()] == [
        {"approval": approval["id"], "version": approval["version"], "person": "ann"},
        {"approval": approval["id"], "version": approval["version"], "person": "bob"},
    ]
    assert approval["asked"] == ["ann", "bob"]
    # Each reads the text that they would agree to in their own language.
    assert [a.names["approval"]["text"][:3] for a in world.actions()] == ["Cha", "变更内"]
    assert [e.type for e in world.last.events] == ["change.assessed", "approval.sent", "change.sent"]


def test_an_observed_request_gives_the_lead_no_link_that_decides() -> None:
    """The lead sees the mail that the client would get; only the client may ever decide in the client's name."""
    world = assessed(rule(ASK, when="change.assessed"), projects={"apollo": {"mode": "observe"}})
    assert [(a.recipient, a.observed, "link" in a.keys) for a in world.actions()] == [
        ("lin", True, False)
    ] * 2
    assert "(/a/test)" in world.text(world.actions()[0]).body


def test_only_those_asked_get_a_link_and_only_where_the_text_has_one() -> None:
    """A reminder to those asked opens their own page; a copy for the lead, or a text without a link, opens none."""
    remind = """
- id: remind
  when: approval.sent
  do:
    - email: {to: [approval.asked, project.lead], text: decide}
    - email: {to: approval.asked, text: note}
"""
    world = assessed(
        rule("request_decision: {to: client.approver, about: change, text: decide}", "change.assessed")
        + remind
    )
    reminders = [a for a in world.actions() if a.rule == "remind"]
    assert [(a.recipient, a.text, "link" in a.keys) for a in reminders] == [
        ("ann", "decide", True),
        ("lin", "decide", False),
        ("ann", "note", False),
    ]


def test_an_action_that_cannot_be_performed_is_an_error_with_the_mend() -> None:
    """Nobody asked may approve as much: nothing is asked, and the sentence says whose limit is missing."""
    limit = {"acme": {"contacts": {"ann": {"approves_up_to": "100 USD"}}}}
    world = assessed(rule(ASK.replace(", client.billing", ""), when="change.assessed"), clients=limit)
    verdict = world.verdict("tell")
    assert (verdict.kind, world.told()) == ("error", [])
    assert "ask somebody whose approves_up_to covers it" in verdict.reason
    assert not [k for k in world.book.records if k[0] == "approval"]


def test_an_approved_change_goes_to_tracker_and_books() -> None:
    """`apply_change` moves the baseline at once; the fields of issues and the estimate are ordinary actions."""
    apply = "apply_change: {change: change, tracker: {due: today}, books: {estimate: change.new_total}}"
    world = World(rule(apply, when="change.approved"))
    world.happen("issue.created", issue={"key": "APO-7", "title": "x", "labels": []}, connection="tracker")
    world.happen("change.drafted", change={"id": "chg_1", "title": "Export", "issues": ["tracker/APO-7"]})
    world.happen("change.assessed", change={"id": "chg_1", "amount": Money(Decimal(8000), "USD"), "days": 0})
    world.happen("change.approved", change={"id": "chg_1"})
    assert world.told() == ["set_field tracker/APO-7", "draft_estimate books/42"]
    assert [str(a.keys.get(k)) for a, k in zip(world.actions(), ("field", "amount"), strict=True)] == [
        "due",
        "108000.00 USD",
    ]
    assert str(world.record("baseline", "apollo")["total"]) == "108000.00 USD"
