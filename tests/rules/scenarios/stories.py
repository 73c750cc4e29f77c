"""A small world for stories, and a short way to play one: `play(steps)` gives the differences."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from rules.facts.event import SourceEvent
from rules.packs import read_pack
from rules.scenarios import Normalise, Payload, PayloadError, Run, given_world, read_scenarios, run
from rules.scenarios.trace import Watch

WORLD = """\
version: 1
clock: {clock}
given:
  people:
    lin: {{name: Lin Hao, email: lin@northwind.example, roles: [lead], bill_rate: 150.00 USD}}
  connections: {{tracker: {{connector: jira}}, room: {{connector: slack}}}}
  clients:
    acme:
      name: Acme Ltd
      locale: en
      time_zone: America/New_York
      calendar: US
      contacts:
        ann: {{name: Ann Lee, email: ann@acme.example, roles: [sponsor, approver], approves_up_to: 20000 USD}}
        bob: {{name: Bob Ray, email: bob@acme.example, roles: [billing]}}
  projects:
    apollo:
      client: acme
      name: Apollo
      lead: lin
      currency: USD
      budget: {{total: 100000.00{opening}}}
{live_since}      tracked_by:
        - {{connection: tracker, project: APO, home: APO-1, changes: {{label: change-request}}, client_text: titles}}
      milestones: [{{id: m1, title: Prototype, due: 2026-12-04}}]
  use: [{packs}]
  rules:{rules}
scenarios:
  - name: a story
    steps:
{steps}
"""

LARGE = """
- id: large
  when: ledger.posted
  if: entry.amount > 1000 USD
  do:
    - email:
        to: client.billing
        text: {en: {subject: "{{ entry.amount | money }} booked", body: "For {{ project.name }}."}}
"""


def file_of(
    steps: str,
    *,
    rules: str = LARGE,
    packs: str = "",
    clock: str = "2026-09-21 10:00 America/New_York",
    opening: str = "",
    live_since: str = "",
) -> str:
    """The text of a scenario file with these steps."""
    return WORLD.format(
        clock=clock,
        opening=f", opening: {opening}" if opening else "",
        live_since=f"      live_since: {live_since}\n" if live_since else "",
        packs=packs,
        rules=" []" if rules == "[]" else "\n" + textwrap.indent(textwrap.dedent(rules).strip(), "    "),
        steps=textwrap.indent(textwrap.dedent(steps).strip(), "      "),
    )


def play(
    steps: str,
    *,
    normalise: Normalise | None = None,
    coverage: bool = False,
    watch: Watch | None = None,
    **world: str,
) -> Run:
    """Play one scenario with these steps; the file has to be right."""
    scenarios, problems = read_scenarios(file_of(steps, **world), "story.yaml")
    assert not problems, problems
    found, problems = given_world(scenarios[0].world, read_pack)
    assert found is not None, problems
    return run(
        scenarios[0],
        found.workspace,
        found.rules,
        normalise,
        own_modes=found.own_modes,
        every_verdict=coverage,
        watch=watch,
    )


def messages(played: Run) -> list[str]:
    """What differed, a line each."""
    return [d.message for d in played.differences]


def problems_of(text: str) -> list[str]:
    """What is wrong in a file, as it is told."""
    return [str(p) for p in read_scenarios(text, "story.yaml")[1]]


def bill(key: str, amount: str, at: datetime, version: str = "1") -> SourceEvent:
    """A bill of the tracker's project, as a connector would make it."""
    fields = {
        "id": key,
        "number": key,
        "amount": Decimal(amount),
        "currency": "USD",
        "total": Decimal(amount),
    }
    return SourceEvent(
        "bill.received", at, key, version, {"project": "APO"}, {**fields, "issued_on": at.date()}
    )


def source(*events: tuple[str, str]) -> Normalise:
    """A stand-in for the connectors: file name -> one bill; a file that is not among them is refused."""
    known = dict(events)

    def normalise(payload: Payload) -> Iterable[SourceEvent]:
        if payload.file not in known:
            raise PayloadError(f"{payload.file} cannot be read: no such file")
        return [bill(payload.file, known[payload.file], payload.received_at)]

    return normalise
