"""A small workspace for the tests of the language: two clients, three projects, one pack, a few texts."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from rules.facts.project import Workspace
from rules.language.documents import read
from rules.language.loader import load_rules
from rules.language.model import Problem, RuleSet
from rules.language.packs import Pack
from rules.language.workspace import build

WORKSPACE = """
version: 1
organisation:
  {name: Northwind, time_zone: Asia/Shanghai, locale: zh-CN, calendar: CN, from: "Northwind <p@northwind.example>"}
vars: {team_room: room}
connections:
  tracker: {connector: jira, base_url: "https://northwind.example"}
  room: {connector: slack, url: "https://chat.example/x"}
  books: {connector: xero}
  ledger: {connector: stripe}
  sheet: {connector: webhook, url: "https://sheet.example/x"}
people:
  lin: {name: Lin Hao, email: lin@northwind.example, roles: [lead]}
  wang: {name: Wang Jing, email: wang@northwind.example, roles: [finance, deputy, member]}
clients:
  acme:
    name: Acme Ltd
    locale: en
    time_zone: America/New_York
    calendar: US
    contacts:
      ann: {name: Ann Lee, email: ann@acme.example, roles: [sponsor, approver]}
      bob: {name: Bob Ray, email: bob@acme.example, roles: [billing]}
  hengtai:
    name: 恒泰制造
    locale: zh-CN
    time_zone: Asia/Shanghai
    calendar: CN
    contacts:
      liwei: {name: 李伟, email: li.wei@hengtai.example, roles: [sponsor, approver]}
      zhao: {name: 赵敏, email: zhao.min@hengtai.example, roles: [billing]}
projects:
  apollo:
    client: acme
    name: Apollo
    status: active
    lead: lin
    deputy: wang
    currency: USD
    tags: [web]
    budget: {total: 100000}
    tracked_by: [{connection: tracker, project: APO, home: APO-1}]
    booked_in: [{connection: books, customer: "42"}]
    reports: {weekly: {cron: "0 16 * * FRI", zone: client, to: [client.sponsor]}}
  hermes:
    client: acme
    name: Hermes
    status: active
    lead: lin
    deputy: wang
    currency: USD
    budget: {total: 20000}
  fixed:
    client: hengtai
    name: 固定价
    status: active
    lead: lin
    deputy: wang
    currency: USD
    billing: {kind: fixed_price}
    budget: {total: 50000}
    vars: {budget_levels: [90%, 100%]}
"""

TEXTS = {
    "zh-CN": """
version: 1
texts:
  note: {subject: "{{ project.name }}：提醒", body: "{{ project.name }} 有一件事需要处理。"}
  no_subject: {body: "{{ project.name }} 有一件事需要处理。"}
  internal: {subject: 内部, body: "{{ entry.cost_amount | money }}"}
  written: {subject: 标题, body: "{{ issue.title }}"}
  cost: {subject: 费用, body: "已支出 {{ budget.spent }}"}
  level: {subject: 档位, body: "已达 {{ level | percent }}"}
""",
    "en": """
version: 1
texts:
  note: {subject: "{{ project.name }}: a note", body: "{{ project.name }} needs a look."}
  no_subject: {body: "{{ project.name }} needs a look."}
  english_only: {subject: "{{ project.name }}: a note", body: "{{ project.name }} needs a look."}
  internal: {subject: Inside, body: "{{ entry.cost_amount | money }}"}
  written: {subject: Title, body: "{{ issue.title }}"}
  cost: {subject: Spending, body: "Spent {{ budget.spent }}"}
  level: {subject: A level, body: "Reached {{ level | percent }}"}
""",
}

PACK = """
version: 1
vars:
  budget_levels: {type: list, default: [50%, 80%, 100%], help: Shares of the budget}
  team_room: {type: recipient, default: none}
rules:
  - id: levels
    title: {en: Spending reaches a level, zh-CN: 支出达到档位}
    when: [ledger.posted, ledger.voided]
    crosses: {value: budget.used, levels: vars.budget_levels}
    do:
      - task: {to: project.lead, text: level}
      - chat: {to: vars.team_room, text: level}
  - id: extra
    when: ledger.posted
    do:
      - task: {to: project.lead, text: level_less}
"""

PACK_TEXTS = {
    "en": 'version: 1\ntexts:\n  level_less: {subject: Extra, body: "{{ project.name }}"}\n',
    "zh-CN": 'version: 1\ntexts:\n  level_less: {subject: 额外, body: "{{ project.name }}"}\n',
}


def read_pack(name: str) -> Pack | None:
    """The one pack there is."""
    if name != "sample":
        return None
    texts = tuple((f"packs/sample/texts/{x}.yaml", x, text) for x, text in PACK_TEXTS.items())
    return Pack(name, (("packs/sample/rules.yaml", PACK),), texts)


OPERATIONS = {
    "jira": frozenset({"comment", "transition", "set_field", "label", "create_issue"}),
    "slack": frozenset({"chat"}),
    "xero": frozenset({"book_note", "draft_invoice", "draft_estimate"}),
    "stripe": frozenset[str](),
    "webhook": frozenset({"webhook", "append_row"}),
}


@cache
def workspace() -> Workspace:
    """The workspace, built from its YAML."""
    document, problems = read(WORKSPACE, "accord.yaml")
    assert document is not None
    found, more = build([document])
    assert found is not None, [str(p) for p in (*problems, *more)]
    return replace(found, operations=OPERATIONS)


def load(
    rules: str, path: str = "rules.yaml", texts: dict[str, str] | None = None
) -> tuple[RuleSet | None, list[Problem]]:
    """Load one rule file into the workspace."""
    sources = [(f"texts/{x}.yaml", x, text) for x, text in (texts or TEXTS).items()]
    return load_rules([(path, rules)], sources, workspace(), read_pack)
