"""Every address of the application, held against one table of who may do what; objects of another client included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from werkzeug.routing import Rule

from service import links
from service.store import links as kept_links
from service.store.links import Link
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
        return sorted(self.seed.app.url_map.iter_rules(), key=lambda rule: (rule.endpoint, rule.rule))


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
    ids = lively(made)
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
    ids = lively(seed)
    for visitor in visitors(seed):
        for rule in scene.rules:
            kind = KINDS[rule.endpoint]
            if "POST" in (rule.methods or ()) and kind in ROOMS and expected(kind, "POST", visitor) == 0:
                data = {"csrf_token": token_of(visitor)}
                answer = visitor.client.post(path_of(rule, ids), data=data)
                assert fits(kind, "POST", visitor, answer.status_code), (rule.rule, visitor.name)


# --- another client's objects ---------------------------------------------------------------------------------


def opens(seed: Seed, path: str) -> set[int]:
    """What looking and deciding at a client's address answer; a refusal tells nothing of the project."""
    client = seed.app.test_client()
    looked = client.get(path)
    form = {"decision": "approved", "name": "Ann Lee", "statement": "yes", "nonce": nonce_of(looked.text)}
    posted = client.post(path, data=form)
    for answer in (looked, posted):
        if answer.status_code != 200:
            for told in ("Apollo", "Kanban", "看板", "100,000", "spreadsheet", "恒泰"):
                assert told not in answer.text
    return {looked.status_code, posted.status_code}


def nonce_of(html: str) -> str:
    return html.partition('name="nonce" value="')[2].partition('"')[0]


def made(seed: Seed, kind: str, subject: str, person: str, **more: object) -> str:
    """A link straight into the record, whoever it is for and whenever it ends."""
    link = Link(kind, subject, 1, person, 7, more.get("until"), revoked=False)  # type: ignore[arg-type]
    token = links.token_for(seed.context.settings.secret_key, link)
    with seed.context.database.writing() as connection:
        kept_links.add(connection, links.hash_of(token), link, NOW)
    return token


@pytest.mark.parametrize("person", ["liwei", "zhao", "nobody"])
@pytest.mark.parametrize(
    ("kind", "path", "subject"), [("approval", "a", "apr_export"), ("project", "c", "apollo")]
)
def test_a_link_of_another_clients_person_opens_nothing(
    seed: Seed, person: str, kind: str, path: str, subject: str
) -> None:
    """Even if such a link was made: who is of another client, or has left, sees nothing and decides nothing."""
    lively(seed)
    token = made(seed, kind, subject, person)
    before = record_of(seed)
    assert opens(seed, f"/{path}/{token}") <= {404}
    assert record_of(seed) == before


@pytest.mark.parametrize(
    ("kind", "path", "subject"), [("approval", "a", "apr_export"), ("project", "c", "apollo")]
)
def test_a_link_ends(seed: Seed, kind: str, path: str, subject: str) -> None:
    """Revoked or past its time, it opens nothing; until then it does."""
    lively(seed)
    client = seed.app.test_client()
    lasting = made(seed, kind, subject, "ann", until=NOW + timedelta(seconds=1))
    assert client.get(f"/{path}/{lasting}").status_code == 200
    seed.at(NOW + timedelta(seconds=1))
    assert opens(seed, f"/{path}/{lasting}") <= {404}
    seed.at(NOW)
    seed.revoke(kind, subject, "ann")
    assert opens(seed, f"/{path}/{lasting}") <= {404}


def test_a_link_opens_its_own_kind_of_page_only(seed: Seed) -> None:
    """A decision's link opens no project and no account, a project's no decision, an account's neither."""
    lively(seed)
    tokens = {
        "a": made(seed, "approval", "apr_export", "ann"),
        "c": made(seed, "project", "apollo", "ann"),
        "welcome": made(seed, "sign_in", "first", "first", until=NOW + timedelta(hours=1)),
    }
    client = seed.app.test_client()
    for own, token in tokens.items():
        for path in tokens:
            status = client.get(f"/{path}/{token}").status_code
            assert (status in (404, 410)) is (path != own), (own, path, status)


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
def test_what_stands_under_one_project_is_not_found_under_another(seed: Seed, role: str) -> None:
    """A change, a task, a milestone or a report of Apollo, asked for under another client's project: 404."""
    lively(seed)
    visitor = seed.signed_in(role)
    assert visitor.get("/projects/apollo/changes/chg_export").status_code == 200
    for path in (
        "changes/chg_export",
        "changes/chg_filter/assess",
        "items/any",
        "milestones/m2",
        "report?id=rpt_any",
    ):
        answer = visitor.get(f"/projects/kanban/{path}")
        assert "spreadsheet" not in answer.text
        assert "cost centre" not in answer.text
        if "changes" in path:
            assert answer.status_code in (403, 404), path
