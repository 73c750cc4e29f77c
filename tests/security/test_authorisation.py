"""Every address of the application, held against one table of who may do what; objects of another client included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from werkzeug.routing import Rule

from service import links
from service.store import links as kept_links
from service.store.links import Link
from service.web import hooks
from tests.security.access import (
    API_TOKEN,
    KINDS,
    ROLES,
    ROOMS,
    Visitor,
    expected,
    fits,
    path_of,
    record_of,
    visitors,
)
from tests.support.conducted import conducted
from tests.support.lively import lively
from tests.support.seeding import NOW, Seed, close, csrf_of, opened

LOOKING = ("GET", "HEAD", "OPTIONS")


@dataclass
class Scene:
    """A lively record, the ids that stand in it, and everybody who knocks."""

    seed: Seed
    ids: dict[str, str]
    visitors: list[Visitor]

    @property
    def rules(self) -> list[Rule]:
        return sorted(
            [*self.seed.app.url_map.iter_rules(), hooks.ADDRESS], key=lambda rule: (rule.endpoint, rule.rule)
        )


@pytest.fixture
def seed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seed]:
    """An empty record of its own, with the API open to scripts that know its token."""
    made = opened(tmp_path_factory.mktemp("home"), ACCORD_API_TOKEN=API_TOKEN)
    yield made
    close(made)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A record that nobody may change."""
    made = opened(tmp_path_factory.mktemp("home"), ACCORD_API_TOKEN=API_TOKEN)
    ids = lively(made) | conducted(made)
    yield Scene(made, ids, visitors(made))
    close(made)


def token_of(visitor: Visitor) -> str:
    """A form token that holds for this visitor."""
    return csrf_of(visitor.client.get("/account" if visitor.role else "/sign-in").text)


def test_every_address_stands_in_the_table(scene: Scene) -> None:
    """A new address has to say who may use it; the table names none that is gone."""
    there = {rule.endpoint for rule in scene.rules}
    assert there - KINDS.keys() == set(), "say in tests/security/access.py who may do this"
    assert KINDS.keys() - there == set()


def test_looking_is_as_the_table_says_and_changes_nothing(scene: Scene) -> None:
    """GET, HEAD and OPTIONS of every address by everybody: the expected answer, and not one row of the record moves."""
    wrong = []
    before = record_of(scene.seed)
    for rule in scene.rules:
        path = path_of(rule, scene.ids)
        for visitor in scene.visitors:
            for method in LOOKING:
                answer = visitor.client.open(path, method=method, headers=visitor.headers)
                status = answer.status_code
                answer.close()
                offered = method in (rule.methods or ())
                right = (
                    status < 500
                    if method == "OPTIONS" or not offered
                    else _fits(rule, method, visitor, status)
                )
                if not right:
                    wrong.append((method, path, visitor.name, status))
        after = record_of(scene.seed)
        assert after == before, (
            f"looking at {rule.rule} changed {[t for t in after if after[t] != before[t]]}"
        )
    assert not wrong


def _fits(rule: Rule, method: str, visitor: Visitor, status: int) -> bool:
    return fits(KINDS[rule.endpoint], method, visitor, status)


def test_nobody_changes_what_they_may_not(scene: Scene) -> None:
    """POST and PUT of every address, with a right form token, by everybody whom the table refuses: nothing moves."""
    before = record_of(scene.seed)
    tokens = {visitor.name: token_of(visitor) for visitor in scene.visitors}
    tried = 0
    for rule in scene.rules:
        for method in sorted({"POST", "PUT", "PATCH", "DELETE"} & set(rule.methods or ())):
            kind = KINDS[rule.endpoint]
            for visitor in scene.visitors:
                if expected(kind, method, visitor) == 0:
                    continue
                path = path_of(rule, scene.ids)
                data = {"csrf_token": tokens[visitor.name], "decision": "approved", "name": "Ann Lee"}
                answer = visitor.client.open(path, method=method, data=data, headers=visitor.headers)
                assert _fits(rule, method, visitor, answer.status_code), (method, path, visitor.name)
                tried += 1
    assert tried > 200
    assert record_of(scene.seed) == before


def test_a_form_without_a_right_token_changes_nothing(scene: Scene) -> None:
    """Every posting address of the console and the door, by everybody who may: without the page's own token 400."""
    before = record_of(scene.seed)
    for rule in scene.rules:
        kind = KINDS[rule.endpoint]
        if "POST" not in (rule.methods or ()) or not (kind in ROOMS or rule.endpoint.startswith("door.")):
            continue
        for visitor in scene.visitors:
            other = next(v for v in scene.visitors if v.role not in (None, visitor.role))
            for data in ({}, {"csrf_token": "made-up"}, {"csrf_token": token_of(other)}):
                if expected(kind, "POST", visitor) not in (0, 410):
                    continue
                answer = visitor.client.post(path_of(rule, scene.ids), data=data)
                assert answer.status_code == 400, (rule.rule, visitor.name)
    assert record_of(scene.seed) == before


def test_whoever_may_is_let_in(scene: Scene, seed: Seed) -> None:
    """The table is no wall for those it allows: every form answers them, if only that something is missing in it."""
    ids = lively(seed) | conducted(seed)
    for visitor in visitors(seed):
        for rule in scene.rules:
            kind = KINDS[rule.endpoint]
            if "POST" in (rule.methods or ()) and kind in ROOMS and expected(kind, "POST", visitor) == 0:
                data = {"csrf_token": token_of(visitor)}
                answer = visitor.client.post(path_of(rule, ids), data=data)
                assert fits(kind, "POST", visitor, answer.status_code), (rule.rule, visitor.name)


# --- another client's objects ---------------------------------------------------------------------------------

OPENS = {"approval": "a", "project": "c", "survey": "s", "meeting": "m"}
"""Kind of link -> the letter of its pages."""
TELLS = (
    "Apollo",
    "Kanban",
    "看板",
    "100,000",
    "spreadsheet",
    "恒泰",
    "Test data",
    "the export comes first",
    "satisfied",
)


def subjects(ids: dict[str, str]) -> dict[str, str]:
    """Kind of link -> something of Apollo that it opens."""
    return {
        "approval": "apr_export",
        "project": "apollo",
        "survey": ids["survey"],
        "meeting": ids["meeting"],
    }


def opens(seed: Seed, path: str) -> set[int]:
    """What looking and deciding at a client's address answer; a refusal tells nothing of the project."""
    client = seed.app.test_client()
    looked = client.get(path)
    answers = {"csat": "2", "nps": "6", "objection": "No", "item": "itm_1"}
    form = {"decision": "approved", "name": "Ann Lee", "statement": "yes", "nonce": nonce_of(looked.text)}
    posted = client.post(path, data={**form, **answers})
    for answer in (looked, posted):
        if answer.status_code != 200:
            for told in TELLS:
                assert told not in answer.text
    return {looked.status_code, posted.status_code}


def nonce_of(html: str) -> str:
    return html.partition('name="nonce" value="')[2].partition('"')[0]


def made(seed: Seed, kind: str, subject: str, person: str, until: timedelta = timedelta(days=90)) -> str:
    """A link straight into the record, whoever it is for and whenever it ends."""
    link = Link(kind, subject, 1, person, 7, NOW + until, revoked=False)
    token = links.token_for(seed.context.settings.secret_key, link)
    with seed.context.database.writing() as connection:
        kept_links.add(connection, links.hash_of(token), link, NOW)
    return token


@pytest.mark.parametrize("person", ["liwei", "zhao", "nobody"])
@pytest.mark.parametrize("kind", OPENS)
def test_a_link_of_another_clients_person_opens_nothing(scene: Scene, person: str, kind: str) -> None:
    """Even if such a link was made: who is of another client, or has left, sees nothing and decides nothing."""
    token = made(scene.seed, kind, subjects(scene.ids)[kind], person)
    before = record_of(scene.seed)
    assert opens(scene.seed, f"/{OPENS[kind]}/{token}") <= {404}
    assert record_of(scene.seed) == before


@pytest.mark.parametrize("kind", OPENS)
def test_a_link_ends(seed: Seed, kind: str) -> None:
    """Past its time or revoked it opens nothing; until then it does."""
    subject = subjects(lively(seed) | conducted(seed))[kind]
    client, lasting = seed.app.test_client(), made(seed, kind, subject, "ann", timedelta(seconds=1))
    assert client.get(f"/{OPENS[kind]}/{lasting}").status_code == 200
    seed.at(NOW + timedelta(seconds=1))
    before = record_of(seed)
    assert opens(seed, f"/{OPENS[kind]}/{lasting}") == {410}
    seed.at(NOW)
    seed.revoke(kind, subject, "ann")
    assert opens(seed, f"/{OPENS[kind]}/{lasting}") == {404}
    assert before.keys() == record_of(seed).keys()
    assert {t for t, rows in record_of(seed).items() if rows != before[t]} == {"links"}, (
        "revoked, and no more"
    )


@pytest.mark.parametrize("kind", OPENS)
def test_no_link_is_without_an_end(seed: Seed, kind: str) -> None:
    """One that the version before made without an end lasts as long as others do, from when it was made."""
    subject = subjects(lively(seed) | conducted(seed))[kind]
    token = made(seed, kind, subject, "ann")
    with seed.context.database.writing() as connection:
        connection.execute(text("UPDATE links SET expires_at = NULL"))
    client = seed.app.test_client()
    assert client.get(f"/{OPENS[kind]}/{token}").status_code == 200
    seed.at(NOW + timedelta(days=90))
    assert client.get(f"/{OPENS[kind]}/{token}").status_code == 410


def test_a_link_opens_its_own_kind_of_page_only(scene: Scene) -> None:
    """A decision's link opens no project and no account, a survey's no minutes, an account's neither."""
    seed = scene.seed
    tokens = {OPENS[kind]: made(seed, kind, subject, "ann") for kind, subject in subjects(scene.ids).items()}
    tokens["welcome"] = made(seed, "sign_in", "first", "first")
    client = seed.app.test_client()
    for own, token in tokens.items():
        for path in tokens:
            status = client.get(f"/{path}/{token}").status_code
            assert (status == 200) is (path == own and own != "welcome"), (own, path, status)


def test_the_form_of_one_link_decides_nothing_at_another(scene: Scene) -> None:
    """A token that a page handed out to one of the client's people is worth nothing at the page of the next."""
    seed = scene.seed
    for kind, subject in subjects(scene.ids).items():
        client = seed.app.test_client()
        own, other = (f"/{OPENS[kind]}/{made(seed, kind, subject, person)}" for person in ("bob", "ann"))
        before = record_of(seed)
        form = {"decision": "approved", "name": "Ann Lee", "statement": "yes", "csat": "2", "nps": "6"}
        form |= {"objection": "No", "item": scene.ids["action_item"], "nonce": nonce_of(client.get(own).text)}
        assert client.post(other, data=form).status_code in (400, 422), kind
        assert record_of(seed) == before


def test_with_another_secret_key_no_link_and_no_session_of_before_opens_anything(seed: Seed) -> None:
    """Whoever may have read the key is shut out by replacing it; addresses that are sent anew open again."""
    given = subjects(lively(seed) | conducted(seed))
    paths = [f"/{OPENS[kind]}/{made(seed, kind, subject, 'ann')}" for kind, subject in given.items()]
    owner, client = seed.signed_in("owner"), seed.app.test_client()
    assert {client.get(path).status_code for path in paths} == {200}
    web = seed.app.extensions["accord"]
    seed.app.config["SECRET_KEY"] = "another-key-of-forty-characters-or-so-01"
    changed = replace(seed.context.settings, secret_key=seed.app.config["SECRET_KEY"])
    web.context = replace(web.context, settings=changed)
    for path in paths:
        assert opens(seed, path) == {404}
    assert owner.get("/").status_code == 302
    paths = [f"/{OPENS[kind]}/{made(seed, kind, subject, 'ann')}" for kind, subject in given.items()]
    assert {client.get(path).status_code for path in paths} == {200}


def test_a_project_that_is_no_longer_planned_opens_nothing(seed: Seed) -> None:
    """Its file is taken away: links to it and to its decisions say so instead of breaking."""
    lively(seed)
    tokens = {"a": made(seed, "approval", "apr_export", "ann"), "c": made(seed, "project", "apollo", "ann")}
    (seed.context.settings.home / "projects" / "apollo.yaml").unlink()
    assert seed.context.rulebook.refresh() or seed.context.rulebook.refused
    for path, token in tokens.items():
        status = seed.app.test_client().get(f"/{path}/{token}").status_code
        assert status == (200 if seed.context.rulebook.refused else 404)


@pytest.mark.parametrize("role", ROLES)
def test_what_stands_under_one_project_is_not_found_under_another(scene: Scene, role: str) -> None:
    """Whatever of Apollo has an address below its project, asked for and posted to below another client's project: not
    found by anybody who may, and nothing moves.
    """
    visitor = next(v for v in scene.visitors if v.role == role)
    token, before, tried = token_of(visitor), record_of(scene.seed), 0
    for rule in scene.rules:
        if "<project>" not in rule.rule or not {"id", "key", "entry"} & rule.arguments:
            continue
        path = path_of(rule, scene.ids).replace("/apollo/", "/kanban/").replace("/m2", "/beta")
        for method in sorted({"GET", "POST"} & set(rule.methods or ())):
            answer = visitor.client.open(
                path, method=method, data={"csrf_token": token, "of": scene.ids["risk"]}
            )
            assert answer.status_code in (403, 404), (method, path, answer.status_code)
            tried += answer.status_code == 404
    assert tried >= (8 if role == "owner" else 3)
    assert record_of(scene.seed) == before
