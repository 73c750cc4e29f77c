"""Bad news is told: once with the mend, to whoever is responsible, and once more when it is over."""

from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from rules.facts.project import Tell
from service import jobs, troubles
from service.cli._health import MENDS
from service.flow import watch
from service.rulebook import Rulebook
from service.store import gates, journal, lists
from service.store.deliveries import Became
from service.store.lists import Wanted
from service.store.switches import beat, connection_state
from service.tools import Tools
from service.workspace import inspect
from tests.support.seeding import NOW, ON_BOTH, Seed, close, opened_for

DAY = timedelta(days=1)


@pytest.fixture
def seed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Seed]:
    made = opened_for(request, tmp_path)
    yield made
    close(made)


@pytest.fixture
def tools() -> Iterator[Tools]:
    made = Tools()
    yield made
    made.close()


def turn(seed: Seed, at: datetime) -> int:
    """What the clock does at that moment: look whether something is wrong, and tell."""
    seed.at(at)
    return watch.watch(seed.context)


def mails(seed: Seed, tools: Tools) -> list[tuple[str, str, str]]:
    """Everything that has left by now, as (to, subject, text), oldest first."""
    jobs.deliver_all(seed.context, tools, time.monotonic() + 20)
    found = sorted((seed.context.settings.var / "mail").glob("*.eml"), key=lambda f: f.stat().st_mtime_ns)
    read = [email.message_from_bytes(f.read_bytes(), policy=email.policy.default) for f in found]
    return [(str(m["To"]), str(m["Subject"]), m.get_body(("plain",)).get_content()) for m in read]  # type: ignore[union-attr]


def events(seed: Seed, kind: str) -> int:
    with seed.context.database.reading() as connection:
        return len(lists.events_page(connection, Wanted(), {"type": kind}).rows)


def heard(seed: Seed, at: datetime) -> None:
    seed.delivery("tracker", f'{{"at": "{at}"}}', Became("ignored"), seed.now - at)


def test_a_connection_that_falls_silent_is_told_to_its_owner_once(seed: Seed, tools: Tools) -> None:
    """Quiet for longer than two working days of Lin's calendar: one mail with the mend, however often one looks."""
    heard(seed, NOW)
    for days in (0, 1, 3):
        assert turn(seed, NOW + days * DAY) == 0, (
            "NOW is a Friday: Sunday and Monday are not two working days later"
        )
    assert turn(seed, NOW + 4 * DAY) == 1
    assert turn(seed, NOW + 5 * DAY) == 0
    ((to, subject, text),) = mails(seed, tools)
    assert "lin@northwind.example" in to
    assert "tracker" in subject
    assert "accord backfill tracker" in text
    assert events(seed, "connection.silent") == 1


def test_when_it_is_heard_again_who_heard_the_bad_hears_the_good(seed: Seed, tools: Tools) -> None:
    """One delivery ends the silence: an event, one mail, and the next silence is told anew."""
    heard(seed, NOW)
    turn(seed, NOW + 4 * DAY)
    mails(seed, tools)
    seed.now = NOW + 4 * DAY
    heard(seed, NOW + 4 * DAY)
    assert turn(seed, NOW + 4 * DAY + timedelta(minutes=1)) == 1
    assert len(mails(seed, tools)) == 2
    assert events(seed, "connection.back") == 1
    with seed.context.database.reading() as connection:
        assert connection_state(connection, "tracker")["silent_since"] is None
    assert turn(seed, NOW + 9 * DAY) == 1, "silent once more"


def test_one_that_was_never_heard_of_is_waited_for_from_the_first_look(seed: Seed) -> None:
    """A webhook that was never switched on is found out as well."""
    assert turn(seed, NOW) == 0
    assert turn(seed, NOW + 4 * DAY) == 1


def test_a_target_that_stays_away_is_told_and_one_that_stumbles_is_not(seed: Seed, tools: Tools) -> None:
    """Five failures in a row are the breaker's business; failing for five minutes is somebody's."""
    with seed.context.database.writing() as connection:
        for _ in range(5):
            gates.failed(connection, "code", "code: GET api.github.example answered 503", None, NOW)
    assert turn(seed, NOW + timedelta(minutes=4)) == 0
    assert turn(seed, NOW + timedelta(minutes=6)) == 1
    ((_, _, text),) = mails(seed, tools)
    assert "answered 503" in text
    with seed.context.database.writing() as connection:
        gates.answered(connection, "code", NOW + timedelta(minutes=9))
    assert turn(seed, NOW + timedelta(minutes=9)) == 1
    assert events(seed, "connection.failing") == events(seed, "connection.back") == 1


def test_a_hundred_dead_letters_of_one_cause_are_one_piece_of_news(seed: Seed, tools: Tools) -> None:
    """By connection, with how many and why; what comes later is told again after a day, and its end once."""
    event = seed.event("issue.created", {"issue": {"id": "tracker/APO-1", "key": "APO-1"}})
    for n in range(100):
        more = {"connection": "tracker", "target": f"tracker/APO-{n}", "outcome": "tracker answered 404"}
        seed.action(event, "comment", "dead", **more)
    assert turn(seed, NOW) == 1
    ((_, subject, text),) = mails(seed, tools)
    assert "100" in subject
    assert "tracker answered 404" in text
    assert "accord redrive --connection tracker" in text
    seed.action(event, "comment", "dead", connection="tracker", target="tracker/APO-200")
    assert turn(seed, NOW + timedelta(hours=23)) == 0
    assert turn(seed, NOW + timedelta(hours=25)) == 1
    assert "101" in mails(seed, tools)[-1][1]


def test_what_is_tried_again_and_fails_again_is_the_same_trouble(seed: Seed) -> None:
    """Between the redrive and the next failure nobody is told that all is well."""
    event = seed.event("issue.created", {"issue": {"id": "tracker/APO-1", "key": "APO-1"}})
    id = seed.action(event, "comment", "dead", connection="tracker", target="tracker/APO-1")
    turn(seed, NOW)
    again = NOW + timedelta(minutes=1)
    with seed.context.database.writing() as connection:
        assert jobs.delivering.actions.redrive(connection, id, again)
    assert turn(seed, again) == 0
    assert turn(seed, NOW + timedelta(minutes=5)) == 0
    assert turn(seed, NOW + timedelta(minutes=12)) == 1, "ten minutes without one: it is over"


def test_an_event_that_is_set_aside_is_told_to_the_leads(seed: Seed, tools: Tools) -> None:
    """It belongs to no connection's owner: whoever leads is told, with the way to try it again."""
    seed.event("issue.created", {"issue": {"id": "x", "key": "x"}}, state="parked")
    assert turn(seed, NOW) == 1
    ((to, _, text),) = mails(seed, tools)
    assert "lin@northwind.example" in to
    assert "accord replay" in text


def test_a_refused_edit_is_told_with_its_place_and_taken_back_when_it_is_clean(
    seed: Seed, tools: Tools
) -> None:
    """The former rules stay in force; the mail names file and line; mending it is told too."""
    rules = seed.context.settings.home / "rules" / "team.yaml"
    before = rules.read_text() if rules.exists() else None
    rules.write_text("version: 1\nrules: [{id: broken, whem: issue.created}]\n")
    assert not seed.context.rulebook.refresh()
    assert turn(seed, NOW) == 1
    ((_, _, text),) = mails(seed, tools)
    assert "rules/team.yaml:2" in text
    rules.write_text(before) if before else rules.unlink()
    seed.context.rulebook.refresh()
    assert turn(seed, NOW + timedelta(minutes=1)) == 1
    assert events(seed, "rules.refused") == 1


def test_a_clock_that_stood_still_says_so_itself(seed: Seed, tools: Tools) -> None:
    """It was last heard of an hour ago: told when it comes back, because reminders are late; then that it runs."""
    with seed.context.database.writing() as connection:
        for role in ("clock", "decide"):
            beat(connection, f"{role}-1", role, NOW - timedelta(hours=1))
    assert turn(seed, NOW) == 1, "nobody rings for the others while the clock stands: only it is told"
    with seed.context.database.writing() as connection:
        for role in ("clock", "decide"):
            beat(connection, f"{role}-1", role, NOW)
    assert turn(seed, NOW + timedelta(seconds=5)) == 1
    first, second = mails(seed, tools)
    assert "clock" in first[1]
    assert first[1] != second[1]


def test_a_year_without_its_holiday_notice_is_told_a_month_before(seed: Seed) -> None:
    """China announces its make-up days each November: a far year has none, and its dates may still move."""
    far = datetime.fromisoformat("2035-11-20T09:00:00+00:00")
    assert turn(seed, far) >= 1
    assert events(seed, "calendar.unconfirmed") >= 1
    here = {(t.kind, t.subject) for t in now(seed)}
    assert ("calendar_unconfirmed", "CN:2035") in here
    assert ("calendar_unconfirmed", "CN:2036") not in here, "2036 is more than a month away"


def now(seed: Seed) -> list[troubles.Trouble]:
    with seed.context.database.reading() as connection:
        return troubles.found(seed.context, connection, lambda _: None)


def test_the_route_is_what_the_organisation_says(seed: Seed, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tell` names people and a room: they hear it instead of the leads; the owner of a connection always does."""
    chosen = replace(seed.context.rulebook.workspace, tell=Tell(("wang",), "room"))
    monkeypatch.setattr(Rulebook, "workspace", property(lambda _: chosen))
    seed.event("issue.created", {"issue": {"id": "x", "key": "x"}}, state="parked")
    heard(seed, NOW)
    assert turn(seed, NOW + 4 * DAY) == 2
    with seed.context.database.reading() as connection:
        rows = lists.actions_page(connection, Wanted(), {"rule": troubles.OWN_RULE}).rows
    reached = sorted((r["kind"], r["recipient"] or r["connection"]) for r in rows)
    assert reached == [
        ("chat", "room"),
        ("chat", "room"),
        ("email", "lin"),
        ("email", "wang"),
        ("email", "wang"),
    ]


@ON_BOTH
def test_clocks_that_look_at_once_tell_it_once(seed: Seed) -> None:
    """Four find it at the same time; what one has told no other tells again, then or later."""
    heard(seed, NOW)
    seed.at(NOW + 4 * DAY)
    with ThreadPoolExecutor(4) as clocks:
        assert sum(clocks.map(watch.watch, [seed.context] * 4)) == 1
    assert watch.watch(seed.context) == 0
    assert events(seed, "connection.silent") == 1


def test_what_is_told_is_an_event_that_rules_can_answer(seed: Seed) -> None:
    """It waits to be decided like any other, with the connection's fields."""
    heard(seed, NOW)
    turn(seed, NOW + 4 * DAY)
    with seed.context.database.reading() as connection:
        waiting = journal.next_waiting(connection, journal.NO_PARTITION)
    assert waiting is not None
    told = waiting.event.objects["connection"]
    assert (told["id"], told["owner"], told["status"]) == ("tracker", "lin", "silent")
    assert told["last_delivery_at"] == NOW


def test_every_kind_of_bad_news_has_its_words_and_its_mend(seed: Seed) -> None:
    """Told and over, in both languages; and the doctor knows what to do about each."""
    kinds = {
        name.removeprefix("trouble_").removesuffix("_over")
        for name in seed.context.rulebook.rules.texts
        if name.startswith("trouble_")
    }
    assert set(MENDS) == kinds
    for kind in kinds:
        for name in (f"trouble_{kind}", f"trouble_{kind}_over"):
            assert set(seed.context.rulebook.rules.texts[name]) == {"en", "zh-CN"}


def test_a_route_that_leads_nowhere_is_refused_with_its_place(seed: Seed) -> None:
    """Nobody of the team, no such connection, or one that takes no chat messages: told before it is needed."""
    home = seed.context.settings.home
    file = home / "accord.yaml"
    before = file.read_text()
    for tell, told in (
        ("{to: [ann]}", "`ann` is nobody of the team"),
        ("{chat: rooom}", "there is no `rooom` here"),
        ("{chat: tracker}", "`tracker` takes no chat messages"),
    ):
        file.write_text(before.replace("organisation:\n", f"organisation:\n  tell: {tell}\n", 1))
        _, problems = inspect(home, seed.context.connectors)
        assert any(told in str(p) and str(p).startswith("accord.yaml:") for p in problems), problems
    file.write_text(before.replace("organisation:\n", "organisation:\n  tell: {to: [wang], chat: room}\n", 1))
    found, problems = inspect(home, seed.context.connectors)
    assert found is not None, problems
    assert (found.workspace.tell.to, found.workspace.tell.chat) == (("wang",), "room")
