"""The door: the first person gets in by a link, others by password; guessing gets slower; what ended stays ended."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.store import accounts, tries
from service.web import auth
from tests.support.seeding import NOW, PASSWORD, Seed, csrf_of, post

FORM = {"name": "Lin Hao", "email": "Lin@Northwind.example", "password": PASSWORD, "again": PASSWORD}


def first_link(seed: Seed) -> Path:
    return seed.context.settings.var / "first-sign-in.txt"


def first_path(seed: Seed) -> str:
    address = first_link(seed).read_text().strip()
    assert address.startswith(seed.context.settings.local_url + "/welcome/")
    return address.removeprefix(seed.context.settings.local_url)


def try_in(client: FlaskClient, email: str, password: str, **more: str) -> int:
    return int(post(client, "/sign-in", "/sign-in", email=email, password=password, **more).status_code)


def test_the_first_person_chooses_a_password_by_a_link_only_its_owner_can_read(seed: Seed) -> None:
    """The link is in a file of mode 0600; looking uses nothing up; using it makes the owner and ends it."""
    path, client = first_path(seed), seed.app.test_client()
    assert stat.S_IMODE(first_link(seed).stat().st_mode) == 0o600
    for method in ("get", "head", "get"):
        assert getattr(client, method)(path).status_code == 200
    assert post(client, path, path, **FORM).status_code == 303
    assert "Nothing has happened yet" in client.get("/", headers={"Accept-Language": "en"}).text
    with seed.context.database.reading() as connection:
        (owner,) = accounts.everyone(connection)
    assert (owner.name, owner.email, owner.role) == ("Lin Hao", "lin@northwind.example", "owner")
    assert not first_link(seed).exists()
    assert seed.app.test_client().get(path).status_code == 410
    auth.offer_first_sign_in(seed.context)
    assert not first_link(seed).exists()


def test_the_first_link_lasts_a_day_and_is_made_anew_at_start(seed: Seed) -> None:
    """After 24 hours it opens nothing; the next start makes another one while nobody has an account."""
    path = first_path(seed)
    seed.at(NOW + timedelta(hours=24))
    assert seed.app.test_client().get(path).status_code == 410
    auth.offer_first_sign_in(seed.context)
    assert first_path(seed) != path
    assert seed.app.test_client().get(first_path(seed)).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"password": "short words", "again": "short words"}, "has 11 characters"),
        ({"password": "aaaaaaaaaaaaaaa", "again": "aaaaaaaaaaaaaaa"}, "lists of stolen passwords"),
        ({"again": "heron copper window ten"}, "The two passwords differ"),
        ({"name": " "}, "Your name is needed"),
        ({"email": "lin"}, "Give a mail address"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(seed: Seed, wrong: dict[str, str], says: str) -> None:
    """Nothing is made, the link still works, and what was typed (but passwords) is still there."""
    client, path = seed.app.test_client(), first_path(seed)
    client.set_cookie("locale", "en")
    answer = post(client, path, path, **{**FORM, **wrong})
    assert answer.status_code == 422
    assert says in answer.text
    assert PASSWORD not in answer.text
    with seed.context.database.reading() as connection:
        assert not accounts.anyone(connection)


def test_signing_in_begins_a_new_session_and_leads_back(seed: Seed) -> None:
    """The cookie changes, carries no script access, and the page that was wanted opens."""
    seed.user("lead")
    client = seed.app.test_client()
    asked = client.get("/events?state=parked")
    assert asked.status_code == 302
    assert asked.location == "/sign-in?next=/events?state%3Dparked"
    token = csrf_of(client.get(asked.location).text)
    before = client.get_cookie("accord")
    fields = {"email": "LEAD@northwind.example", "password": PASSWORD, "next": "/events?state=parked"}
    answer = client.post("/sign-in", data={**fields, "csrf_token": token})
    assert (answer.status_code, answer.location) == (303, "/events?state=parked")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    after = client.get_cookie("accord")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert client.get("/events").status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_signing_in_never_leads_elsewhere(seed: Seed, elsewhere: str) -> None:
    """A `next` that is no path of ours leads to the first page."""
    seed.user("lead")
    client = seed.app.test_client()
    answer = post(
        client, "/sign-in", "/sign-in", email="lead@northwind.example", password=PASSWORD, next=elsewhere
    )
    assert answer.location == "/"


def test_wrong_password_and_unknown_address_look_the_same(seed: Seed) -> None:
    """Nobody learns which addresses have an account."""
    seed.user("lead")
    client = seed.app.test_client()
    pages = []
    for email in ("lead@northwind.example", "nobody@northwind.example"):
        answer = post(client, "/sign-in", "/sign-in", email=email, password="not the password")
        assert answer.status_code == 401
        pages.append(answer.text.replace(email, "").replace(csrf_of(answer.text), ""))
    assert pages[0] == pages[1]


def test_after_five_failures_the_account_rests_longer_each_time(seed: Seed) -> None:
    """Locked for a minute, then two, then four; the right password does not help meanwhile, and helps afterwards."""
    seed.user("lead")
    client, email = seed.app.test_client(), "lead@northwind.example"
    assert [try_in(client, email, "wrong") for _ in range(5)] == [401] * 5
    assert try_in(client, email, PASSWORD) == 429
    seed.at(NOW + timedelta(seconds=59))
    assert try_in(client, email, PASSWORD) == 429
    seed.at(NOW + timedelta(seconds=61))
    assert try_in(client, email, "wrong") == 401
    seed.at(NOW + timedelta(seconds=61 + 119))
    assert try_in(client, email, PASSWORD) == 429
    seed.at(NOW + timedelta(seconds=61 + 121))
    assert try_in(client, email, PASSWORD) == 303
    with seed.context.database.reading() as connection:
        assert tries.pause_of(connection, email, NOW) is None


def test_nobody_is_locked_out_by_a_stranger(seed: Seed) -> None:
    """Whoever signed in with this browser before signs in while strangers have to wait; a copied name opens nothing."""
    seed.user("lead")
    client, stranger, email = seed.app.test_client(), seed.app.test_client(), "lead@northwind.example"
    assert try_in(client, email, PASSWORD) == 303
    post(client, "/account", "/sign-out")
    assert [try_in(stranger, email, "wrong") for _ in range(6)] == [401] * 5 + [429]
    stranger.set_cookie("accord-known", "made-up")
    assert try_in(stranger, email, PASSWORD) == 429
    known = client.get_cookie("accord-known")
    assert known is not None
    assert known.http_only
    assert try_in(client, email, PASSWORD) == 303
    other = seed.app.test_client()
    other.set_cookie("accord-known", known.value)
    assert other.get("/events").status_code == 302, "by itself it opens nothing"
    seed.user("viewer")
    assert [try_in(other, "viewer@northwind.example", "wrong") for _ in range(6)] == [401] * 5 + [429]
    assert try_in(other, "viewer@northwind.example", PASSWORD) == 429, "it is known for its own person only"


def test_a_pause_does_not_tell_whether_there_is_such_an_account(seed: Seed) -> None:
    """An address that nobody has rests after as many failures as one that somebody has."""
    seed.user("lead")
    client = seed.app.test_client()
    told = [
        [try_in(client, email, "wrong") for _ in range(7)]
        for email in ("lead@northwind.example", "nobody@northwind.example")
    ]
    assert told[0] == told[1] == [401] * 5 + [429] * 2


def test_signing_out_ends_the_session_in_the_database_too(seed: Seed) -> None:
    """A copy of the cookie opens nothing after signing out."""
    client = seed.signed_in("lead")
    kept = client.get_cookie("accord")
    assert kept is not None
    post(client, "/account", "/sign-out")
    thief = seed.app.test_client()
    thief.set_cookie("accord", kept.value)
    assert thief.get("/events").status_code == 302


def test_a_session_ends_after_twelve_idle_hours_and_goes_on_while_it_is_used(seed: Seed) -> None:
    """Use within the time prolongs it; a long pause leads to the door with a word about it."""
    client = seed.signed_in("lead")
    for step in range(1, 4):
        seed.at(NOW + timedelta(hours=8 * step))
        assert client.get("/rules").status_code == 200
    seed.at(NOW + timedelta(hours=24 + 13))
    ended = client.get("/rules", follow_redirects=True, headers={"Accept-Language": "en"})
    assert "You were signed out after a long pause" in ended.text


def test_somebody_new_comes_in_by_a_link_that_is_shown_once(seed: Seed) -> None:
    """An owner makes the account; the link sets its password once; a second one ends the first."""
    owner = seed.signed_in("owner")
    seed.app.test_client()
    fields = {"name": "Wang Jing", "email": "wang@northwind.example", "role": "member"}
    page = post(owner, "/people", "/people", **fields).text
    token = page.partition("/welcome/")[2].partition("<")[0]
    with seed.context.database.reading() as connection:
        user = accounts.of_email(connection, "wang@northwind.example")
    assert user is not None
    assert not user.ready
    again = post(owner, "/people", f"/people/{user.id}/link").text.partition("/welcome/")[2].partition("<")[0]
    fresh = seed.app.test_client()
    assert fresh.get(f"/welcome/{token}").status_code == 410
    chosen = {"name": "Wang Jing", "password": "quite another few words", "again": "quite another few words"}
    assert post(fresh, f"/welcome/{again}", f"/welcome/{again}", **chosen).status_code == 303
    assert fresh.get("/rules").status_code == 200
    assert seed.app.test_client().get(f"/welcome/{again}").status_code == 410


def test_one_owner_always_stays(seed: Seed) -> None:
    """The last owner can neither be removed nor made something else."""
    owner = seed.signed_in("owner")
    with seed.context.database.reading() as connection:
        me = accounts.of_email(connection, "owner@northwind.example")
    assert me is not None
    assert post(owner, "/people", f"/people/{me.id}/remove").status_code == 422
    assert post(owner, "/people", f"/people/{me.id}/role", role="viewer").status_code == 422


def test_another_password_ends_every_other_session(seed: Seed) -> None:
    """Who changes their password stays in; a second browser is out; the old password opens nothing."""
    here, there = seed.signed_in("lead"), seed.signed_in("lead")
    fields = {"old": PASSWORD, "password": "words that nobody knows", "again": "words that nobody knows"}
    assert post(here, "/account", "/account", **{**fields, "old": "wrong"}).status_code == 422
    assert post(here, "/account", "/account", **fields).status_code == 303
    assert here.get("/rules").status_code == 200
    assert there.get("/rules").status_code == 302
    assert try_in(seed.app.test_client(), "lead@northwind.example", PASSWORD) == 401


def test_a_removed_person_is_out_at_once(seed: Seed) -> None:
    """Their session opens nothing any more."""
    owner, member = seed.signed_in("owner"), seed.signed_in("member")
    with seed.context.database.reading() as connection:
        user = accounts.of_email(connection, "member@northwind.example")
    assert user is not None
    assert post(owner, "/people", f"/people/{user.id}/remove").status_code == 303
    assert member.get("/rules").status_code == 302


def test_language_and_theme_are_kept_and_lead_back(seed: Seed) -> None:
    """The reader's choice wins over the browser's wish; without either the workspace's language is used."""
    client = seed.app.test_client()
    assert '<html lang="zh-CN"' in client.get("/sign-in").text
    english = client.get("/sign-in", headers={"Accept-Language": "en-GB,en;q=0.8"}).text
    assert '<html lang="en"' in english
    answer = post(client, "/sign-in", "/preferences", locale="en", theme="dark", next="/sign-in")
    assert answer.location == "/sign-in"
    page = client.get("/sign-in", headers={"Accept-Language": "zh"}).text
    assert '<html lang="en" data-theme="dark"' in page
    post(client, "/sign-in", "/preferences", locale="xx", theme="pink", next="/sign-in")
    assert '<html lang="en" data-theme="dark"' in client.get("/sign-in").text
