"""Keys are identities: an object with another key is the same one where `was` says so."""

from __future__ import annotations

from rules.facts.project import Workspace
from rules.language.documents import read
from rules.language.loader import load_rules
from rules.language.model import RuleSet
from rules.language.workspace import build
from rules.packs import read_pack

FILE = """
version: 1
organisation: {name: Northwind, time_zone: Asia/Shanghai, locale: en, calendar: CN, from: "N <n@n.example>"}
people:
  linhao:
    was: lin
    name: Lin
    email: lin@n.example
    roles: [lead]
    away: [{from: 2026-12-01, to: 2026-12-02, delegate: wang}]
  wang: {name: Wang, email: wang@n.example, roles: [finance], successor: linhao}
clients:
  acmecorp:
    was: acme
    name: Acme
    locale: en
    time_zone: America/New_York
    calendar: US
    contacts: {anna: {was: ann, name: Ann Lee, email: ann@acme.example, roles: [sponsor, approver, billing]}}
projects:
  artemis:
    was: apollo
    client: acmecorp
    name: Artemis
    status: active
    lead: linhao
    roles: {approver: [anna]}
    currency: USD
    budget: {total: 1000.00}
"""
RULES = """
version: 1
use: [budget]
override: [{rule: budget/levels, scope: {projects: [artemis]}}]
rules:
  - id: look
    title: Look
    scope: {clients: acmecorp}
    when: ledger.posted
    do:
      - task: {to: linhao, text: "Look at {{ entry.id }}"}
      - email: {to: anna, not_to: wang, text: {en: {subject: A, body: B}}}
"""


def built(text: str) -> tuple[Workspace | None, list[str]]:
    document, problems = read(text, "accord.yaml")
    assert document is not None, problems
    found, problems = build([document])
    return found, [str(p) for p in problems]


def rules_of(text: str, workspace: Workspace) -> RuleSet:
    found, problems = load_rules([("rules.yaml", text)], [], workspace, read_pack)
    assert found is not None, problems
    return found


def test_whoever_has_a_new_key_is_the_one_the_record_knows() -> None:
    """Projects, clients, people and contacts, and everything in the files that names them."""
    found, problems = built(FILE)
    assert found is not None, problems
    assert (list(found.projects), list(found.clients), sorted(found.people)) == (
        ["apollo"],
        ["acme"],
        ["ann", "lin", "wang"],
    )
    project = found.projects["apollo"]
    assert (project.client, project.lead, project.roles["approver"]) == ("acme", "lin", ("ann",))
    assert found.people["wang"].successor == "lin"
    assert found.people["lin"].away[0].delegate == "wang"


def test_rules_name_the_new_key_and_keep_their_memory() -> None:
    """The rule set is the one of before, version and all."""
    renamed, _ = built(FILE)
    plain = FILE
    for new, old in (("linhao", "lin"), ("acmecorp", "acme"), ("anna", "ann"), ("artemis", "apollo")):
        plain = plain.replace(f"was: {old}, ", "").replace(f"    was: {old}\n", "").replace(new, old)
    before, problems = built(plain)
    assert renamed is not None
    assert before is not None, problems
    old_rules = RULES
    for new, old in (("linhao", "lin"), ("acmecorp", "acme"), ("anna", "ann"), ("artemis", "apollo")):
        old_rules = old_rules.replace(new, old)
    now = rules_of(RULES, renamed)
    assert now.version == rules_of(old_rules, before).version
    assert now.rules["look"].scope.clients == ("acme",)
    assert now.rules["budget/levels"].scope.projects == ("apollo",)


def test_two_objects_cannot_be_one_in_the_record() -> None:
    """Neither can one have been what is still there, nor two what one was; the place is that of `was`."""
    still = FILE.replace(
        "clients:\n", "  lin: {name: Other, email: o@n.example, roles: [member]}\nclients:\n", 1
    )
    assert built(still)[0] is None
    assert any("accord.yaml:6" in p and "`lin` is still there" in p for p in built(still)[1])
    twice = FILE.replace("  wang: {", "  wang: {was: lin, ")
    assert any("`lin` is what another key was" in p for p in built(twice)[1])
