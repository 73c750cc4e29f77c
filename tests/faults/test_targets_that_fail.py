"""Outside systems that hang, refuse, ask for patience or break off: nobody else waits, nothing is said twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults.desk import Desk, is_comment
from tests.support.standins.server import Seen
from tests.support.standins.xero import line
from tests.support.wait import until


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An office where a bill of 40,000 brings an alert: a mail to Bob, a comment on APO-1, a chat message."""
    with Desk(tmp_path) as opened:
        yield opened


def spend(desk: Desk, number: str, amount: float, project: str = "Apollo") -> None:
    """A bill; how its alert fares is up to the test."""
    lines = [line("Devices", amount, project)]
    bill = desk.xero.bill(
        number, "Devices Inc", lines, CurrencyCode="CNY" if project == "产线看板" else "USD"
    )
    desk.stack.settled(desk.tell_of(bill))
    until(lambda: desk.stack.items("actions"), "the alert is planned", every=0.1)


def the(desk: Desk, kind: str) -> dict[str, Any]:
    """The only action of that kind, with its attempts."""
    (found,) = desk.stack.items("actions", kind=kind)
    shown: dict[str, Any] = desk.stack.get(f"actions/{found['id']}")
    return shown


def becomes(desk: Desk, kind: str, state: str) -> dict[str, Any]:
    """The action of that kind, once it is in that state."""

    def there() -> dict[str, Any] | None:
        found = the(desk, kind)
        return found if found["state"] == state else None

    return until(there, f"the {kind} is {state}", every=0.1)


def calls(desk: Desk, matches: Callable[[Seen], bool] = is_comment) -> int:
    """How often the tracker was called to write a comment."""
    return sum(matches(seen) for seen in list(desk.jira.seen))


def tried(desk: Desk, times: int) -> Callable[[], bool]:
    return lambda: the(desk, "comment")["tries"] >= times and the(desk, "comment")["state"] == "ready"


def test_a_target_that_hangs_holds_up_no_other(desk: Desk) -> None:
    """The chat room takes the call and never answers: mail and comment are there meanwhile."""
    hold = desk.slack.hold()
    spend(desk, "BILL-1", 40_000)
    hold.wait()
    desk.wait_for_mail("bob@acme.example", "of the budget is spent")
    becomes(desk, "comment", "sent")
    assert the(desk, "chat")["state"] == "sending", "it hangs all this time"
    hold.release()
    becomes(desk, "chat", "sent")
    assert len(desk.slack.posts) == 1


def test_a_paused_connection_sends_nothing_until_it_is_resumed(desk: Desk) -> None:
    """The red switch on mail, which no rule names by its connection: comment and chat go out, the mail waits; then it
    leaves, once.
    """
    assert desk.stack.accord("pause", "mail").returncode == 0
    spend(desk, "BILL-1", 40_000)
    becomes(desk, "comment", "sent")
    becomes(desk, "chat", "sent")
    desk.later()
    desk.swept()
    assert (the(desk, "email")["state"], the(desk, "email")["tries"]) == ("ready", 0)
    assert len(desk.smtp.mails) == 0
    assert desk.stack.accord("resume", "mail").returncode == 0
    becomes(desk, "email", "sent")
    assert len(desk.mails_to("bob@acme.example")) == 1


def test_a_comment_whose_answer_was_lost_is_found_and_not_written_again(desk: Desk) -> None:
    """The tracker has the comment, the connection breaks before it says so. The next try reads back and finds it."""
    hold = desk.jira.hold(is_comment, after=True)
    spend(desk, "BILL-1", 40_000)
    hold.wait()
    hold.drop()
    until(tried(desk, 1), "the broken call is on record", every=0.1)
    assert the(desk, "comment")["attempts"][0]["outcome"] == "unknown"
    desk.later()
    assert becomes(desk, "comment", "sent")["tries"] == 2
    assert len(desk.jira.comments_on("APO-1")) == 1
    assert calls(desk) == 1


@pytest.mark.parametrize("fault", ["reset", "half"])
def test_a_comment_that_never_came_to_be_is_written(desk: Desk, fault: Any) -> None:
    """The connection breaks and the comment is not there: after the read-back it is written, once."""
    desk.jira.fail(fault, matches=is_comment)
    spend(desk, "BILL-1", 40_000)
    until(tried(desk, 1), "the broken call is on record", every=0.1)
    assert desk.jira.comments_on("APO-1") == []
    desk.later()
    becomes(desk, "comment", "sent")
    assert len(desk.jira.comments_on("APO-1")) == 1


def test_a_chat_message_whose_answer_was_lost_is_shown_and_left_alone(desk: Desk) -> None:
    """Nobody can look whether it is there: unknown, for a person to decide; the machine does not repeat it."""
    hold = desk.slack.hold(after=True)
    spend(desk, "BILL-1", 40_000)
    hold.wait()
    hold.drop()
    shown = becomes(desk, "chat", "unknown")
    desk.later(timedelta(hours=3))
    desk.swept()
    desk.stack.quiet()
    assert the(desk, "chat")["tries"] == shown["tries"] == 1
    assert len(desk.slack.posts) == 1
    assert (
        'accord_things{family="actions",state="unknown"} 1.0'
        in desk.stack.http.get(f"{desk.stack.url}/metrics").text
    )


def test_a_target_that_fails_again_and_again_gets_a_rest_and_then_everything(desk: Desk) -> None:
    """Five failures in a row: the connection rests, is not called, and says so; after the rest the comment is there."""
    desk.jira.fail(status=500, times=5, matches=is_comment)
    spend(desk, "BILL-1", 40_000)
    for number in range(1, 6):
        until(tried(desk, number), f"try {number}", every=0.1)
        if number < 5:
            desk.later()
    shown = {c["id"]: c for c in desk.stack.items("connections")}["tracker"]
    assert shown["failures"] == 5
    assert "500" in shown["error"]
    before = calls(desk)
    spend(desk, "BILL-2", 255_000, "产线看板")
    desk.swept()
    until(lambda: len(desk.slack.posts) == 2, "the other connections go on", every=0.1)
    assert calls(desk) == before, "the tracker rests"
    desk.later(timedelta(minutes=5))
    until(
        lambda: desk.jira.comments_on("APO-1") and desk.jira.comments_on("KB-1"), "both comments", every=0.1
    )
    shown = {c["id"]: c for c in desk.stack.items("connections")}["tracker"]
    assert (shown["failures"], shown["error"]) == (0, None)
    assert len(desk.jira.comments_on("APO-1")) == 1


def test_a_target_that_asks_for_patience_gets_it(desk: Desk) -> None:
    """429 with Retry-After: not one call to that connection before the time is over, then the comment once."""
    desk.jira.fail(status=429, headers={"Retry-After": "600"}, matches=is_comment)
    spend(desk, "BILL-1", 40_000)
    until(tried(desk, 1), "the refusal is on record", every=0.1)
    desk.later(timedelta(seconds=300))
    spend(desk, "BILL-2", 255_000, "产线看板")
    desk.swept()
    until(lambda: len(desk.slack.posts) == 2, "the other connections go on", every=0.1)
    assert calls(desk) == 1
    desk.later(timedelta(seconds=301))
    until(
        lambda: desk.jira.comments_on("APO-1") and desk.jira.comments_on("KB-1"), "both comments", every=0.1
    )
    assert len(desk.jira.comments_on("APO-1")) == 1


def test_what_cannot_be_done_is_a_dead_letter_until_someone_mends_it(desk: Desk) -> None:
    """The home issue is gone: 404 is not tried again. Once it is back, `accord redrive` writes the comment, once."""
    issue = desk.jira.issues.pop("APO-1")
    spend(desk, "BILL-1", 40_000)
    dead = becomes(desk, "comment", "dead")
    assert dead["tries"] == 1
    assert "404" in dead["reason"]
    refused = desk.stack.accord("redrive", "act_nobody")
    assert (refused.returncode, refused.stdout) == (1, "act_nobody: is not a dead letter\n")
    desk.jira.issues["APO-1"] = issue
    done = desk.stack.accord("redrive", "--dead")
    assert done.returncode == 0, done.stderr
    assert dead["id"] in done.stdout
    becomes(desk, "comment", "sent")
    assert len(desk.jira.comments_on("APO-1")) == 1
    assert "no dead letters" in desk.stack.accord("redrive", "--dead").stdout


def test_what_was_tried_to_the_end_is_given_up_and_said(desk: Desk) -> None:
    """A tracker that is down for a day: the tries end, the reason stays, and a person can send it all the same."""
    desk.jira.fail(status=503, times=100, matches=is_comment)
    spend(desk, "BILL-1", 40_000)

    def given_up() -> bool:
        desk.later(timedelta(hours=1, minutes=1))
        return bool(the(desk, "comment")["state"] == "dead")

    until(given_up, "the tries are over", 120, every=0.2)
    assert "given up after" in the(desk, "comment")["reason"]
    desk.jira.forgive()
    assert desk.stack.accord("redrive", the(desk, "comment")["id"]).returncode == 0
    desk.later(timedelta(hours=1, minutes=1))
    becomes(desk, "comment", "sent")
    assert len(desk.jira.comments_on("APO-1")) == 1


def test_an_unreadable_document_is_a_dead_read_until_it_can_be_read(desk: Desk) -> None:
    """The books answer 404 for the bill: the delivery shows `failed` with the reason; redriven, the money is there."""
    bill = desk.xero.bill("BILL-1", "Devices Inc", [line("Devices", 40_000, "Apollo")], CurrencyCode="USD")
    kept = desk.xero.records["Invoices"].pop(bill)
    told = desk.stack.settled(desk.tell_of(bill))
    assert told["state"] == "failed"
    assert "404" in told["problem"]["detail"]
    desk.xero.records["Invoices"][bill] = kept
    assert desk.stack.accord("redrive", "--dead").returncode == 0
    desk.wait_for_mail("bob@acme.example", "82.0 % of the budget is spent")
    assert desk.stack.get(f"deliveries/{told['id']}")["state"] == "decided"


def test_books_that_answer_slowly_or_wrongly_are_read_again(desk: Desk) -> None:
    """500, then half a body, then a body that is no JSON of theirs, then the bill: one alert."""
    desk.xero.fail(status=500)
    desk.xero.fail("half")
    bill = desk.xero.bill("BILL-1", "Devices Inc", [line("Devices", 40_000, "Apollo")], CurrencyCode="USD")
    told = desk.tell_of(bill)

    def read() -> bool:
        desk.later(timedelta(seconds=30))
        return bool(desk.stack.get(f"deliveries/{told}")["state"] == "decided")

    until(read, "the bill was read", every=0.5)
    desk.wait_for_mail("bob@acme.example", "82.0 % of the budget is spent")
    desk.stack.quiet()
    assert len(desk.mails_to("bob@acme.example")) == 1
