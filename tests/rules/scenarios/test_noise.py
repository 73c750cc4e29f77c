"""Few messages: caps, digests, review, and what waits said as one, by the very step that production takes."""

from __future__ import annotations

import textwrap

from rules.packs import read_pack
from rules.scenarios import given_world, read_scenarios, run

WORLD = """\
version: 1
clock: 2026-09-21 10:00 America/New_York
given:
  people:
    lin: {name: Lin Hao, email: lin@northwind.example, roles: [lead], time_zone: America/New_York, calendar: US}
    wang: {name: Wang Min, email: wang@northwind.example, roles: [deputy], locale: zh-CN, time_zone: America/New_York}
  connections: {tracker: {connector: jira}}
  clients:
    acme:
      name: Acme Ltd
      locale: en
      time_zone: America/New_York
      calendar: US
@MESSAGES@
      contacts:
        ann: {name: Ann Lee, email: ann@acme.example, roles: [sponsor, approver], approves_up_to: 20000 USD}
        bob: {name: Bob Ray, email: bob@acme.example, roles: [billing]}
  projects:
    apollo:
      client: acme
      name: Apollo
      lead: lin
      deputy: wang
      currency: USD
      budget: {total: 100000.00}
      tracked_by: [{connection: tracker, project: APO, home: APO-1, client_text: titles}]
  rules:
@RULES@
scenarios:
  - name: a story
    steps:
@STEPS@
"""

NOTE = '{en: {subject: "{{ entry.base_amount | money }}", body: "Booked."}}'
EACH = "{% for one in items %}{{ one.entry.base_amount | money }} {% endfor %}"
GATHERED = f'{{en: {{subject: "{{{{ items | length }}}} booked", body: "{EACH}"}}}}'
LARGE = '{en: {subject: "Large: {{ entry.base_amount | money }}", body: Look.}}'
DECIDE = '{en: {subject: Decide, body: "[Decide]({{ link }})"}}'


def played(rules: str, steps: str, messages: str = "") -> list[str]:
    """The differences of a story in that world."""
    text = WORLD
    for place, part, depth in (("@MESSAGES@", messages, 6), ("@RULES@", rules, 4), ("@STEPS@", steps, 6)):
        text = text.replace(place, textwrap.indent(textwrap.dedent(part).strip(), " " * depth))
    scenarios, problems = read_scenarios(text, "noise.yaml")
    assert problems == [], [str(p) for p in problems]
    world, problems = given_world(scenarios[0].world, read_pack)
    assert world is not None, [str(p) for p in problems]
    return [str(d) for d in run(scenarios[0], world.workspace, world.rules).differences]


def spent(id: str, amount: int) -> str:
    return f"event: {{type: ledger.posted, project: apollo, data: {{id: {id}, amount: {amount}.00}}}}"


DIGEST = f"""
- id: booked
  when: ledger.posted
  digest: {{key: project.id, after: 2h}}
  do:
    - email: {{to: client.billing, text: {GATHERED}}}
"""


def test_a_digest_leaves_so_long_after_the_first_of_it() -> None:
    """Three entries within two hours are one message, two hours after the first; the next one begins a new digest."""
    assert (
        played(
            DIGEST,
            f"""
        - {spent("E1", 100)}
          expect: none
          waiting: [{{email: {{to: bob, waits: digest, subject: 1 booked}}}}]
        - wait: 1h
          expect: none
        - {spent("E2", 200)}
          expect: none
        - wait: 59m
          expect: none
        - wait: 1m
          expect: [{{email: {{to: bob, subject: 2 booked, contains: USD 100.00 USD 200.00}}}}]
        - {spent("E3", 300)}
          expect: none
        - wait: 2h
          expect: [{{email: {{to: bob, subject: 1 booked}}}}]
        - wait: 1d
          expect: none
    """,
        )
        == []
    )


def test_each_item_is_checked_again_and_an_empty_digest_is_not_sent() -> None:
    """What is no longer true at the digest's time is left out of it; when nothing is left, nothing is sent."""
    rules = DIGEST.replace("when: ledger.posted", 'when: ledger.posted\n  if: entry.status != "void"')
    assert (
        played(
            rules,
            f"""
        - {spent("E1", 100)}
        - {spent("E2", 200)}
        - event: {{type: ledger.voided, project: apollo, data: {{id: E1}}}}
          expect: none
        - wait: 2h
          expect: [{{email: {{to: bob, subject: 1 booked, contains: USD 200.00}}}}]
        - {spent("E3", 300)}
        - event: {{type: ledger.voided, project: apollo, data: {{id: E3}}}}
        - wait: 1d
          expect: none
    """,
        )
        == []
    )


def test_a_digest_at_a_time_is_that_of_the_reader_on_a_working_day() -> None:
    """Friday's entries after 17:00 in New York come on Monday at 17:00."""
    rules = DIGEST.replace("after: 2h", 'at: "17:00"')
    assert (
        played(
            rules,
            f"""
        - {spent("E1", 100)}
        - until: 2026-09-21 17:00 America/New_York
          expect: [{{email: {{to: bob, subject: 1 booked}}}}]
        - until: 2026-09-25 17:30 America/New_York
          expect: none
        - {spent("E2", 200)}
        - until: 2026-09-28 16:59 America/New_York
          expect: none
        - wait: 1m
          expect: [{{email: {{to: bob, subject: 1 booked}}}}]
    """,
        )
        == []
    )


def test_a_cap_of_a_rule_leaves_the_rest_out_for_each_reader() -> None:
    """Twice a day and no more; from the moment the first is a day old there is room again."""
    rules = f"""
        - id: booked
          when: ledger.posted
          at_most: {{times: 2, per: 1d, key: project.id}}
          do:
            - email: {{to: [client.billing, project.lead], send_in: anytime, text: {NOTE}}}
    """
    assert (
        played(
            rules,
            f"""
        - {spent("E1", 100)}
          expect: [{{email: {{to: [bob, lin]}}}}]
        - wait: 1h
        - {spent("E2", 200)}
          expect: [{{email: {{to: [bob, lin]}}}}]
        - {spent("E3", 300)}
          expect: none
          waiting: none
        - wait: 22h
        - {spent("E4", 400)}
          expect: none
        - wait: 1h
        - {spent("E5", 500)}
          expect: [{{email: {{to: [bob, lin], subject: USD 500.00}}}}]
    """,
        )
        == []
    )


def test_the_rest_over_a_cap_goes_to_the_digest_where_the_rule_has_one() -> None:
    """The first two leave at once; what is over the cap is gathered and leaves as one at its time."""
    rules = f"""
        - id: booked
          when: ledger.posted
          at_most: {{times: 2, per: 1d}}
          digest: {{at: "17:00"}}
          do:
            - email: {{to: client.billing, text: {GATHERED}}}
    """
    assert (
        played(
            rules,
            f"""
        - {spent("E1", 100)}
          expect: [{{email: {{to: bob, subject: 1 booked}}}}]
        - {spent("E2", 200)}
          expect: [{{email: {{to: bob, subject: 1 booked}}}}]
        - {spent("E3", 300)}
          expect: none
          waiting: [{{email: {{to: bob, waits: digest}}}}]
        - {spent("E4", 400)}
          expect: none
        - until: 2026-09-21 17:00 America/New_York
          expect: [{{email: {{to: bob, subject: 2 booked, contains: USD 300.00 USD 400.00}}}}]
    """,
        )
        == []
    )


TWO_RULES = f"""
- id: booked
  when: ledger.posted
  do:
    - email: {{to: client.billing, text: {NOTE}}}
- id: large
  when: ledger.posted
  if: entry.base_amount > 150 USD
  do:
    - email: {{to: client.billing, text: {LARGE}}}
"""


def test_a_clients_cap_holds_over_all_rules_and_its_digest_has_the_rest() -> None:
    """Three a day to one contact; the fourth and fifth come together at 17:00, each under its own subject."""
    assert (
        played(
            TWO_RULES,
            f"""
        - {spent("E1", 100)}
          expect: [{{email: {{to: bob, subject: USD 100.00}}}}]
        - {spent("E2", 200)}
          expect: [{{email: {{to: bob, subject: USD 200.00}}}}, {{email: {{to: bob, subject: "Large: USD 200.00"}}}}]
        - {spent("E3", 300)}
          expect: none
          waiting:
            - email: {{to: bob, waits: cap, subject: USD 300.00}}
            - email: {{to: bob, waits: cap, subject: "Large: USD 300.00"}}
        - until: 2026-09-21 17:00 America/New_York
          expect:
            - email:
                to: bob
                subject: "Acme Ltd: 2 messages in one"
                contains: ["1. USD 300.00", "2. Large: USD 300.00"]
          waiting: none
    """,
            'messages: {at_most: {times: 3, per: 1d}, digest: "17:00"}',
        )
        == []
    )


def test_without_a_digest_what_is_over_a_clients_cap_waits_until_there_is_room() -> None:
    """The second message leaves when the first is a day old: nothing is lost for having come too early."""
    assert (
        played(
            TWO_RULES,
            f"""
        - {spent("E1", 100)}
          expect: [{{email: {{to: bob, subject: USD 100.00}}}}]
        - wait: 3h
        - {spent("E2", 120)}
          expect: none
          waiting: [{{email: {{to: bob, waits: cap}}}}]
        - wait: 20h
          expect: none
        - wait: 1h
          expect: [{{email: {{to: bob, subject: USD 120.00}}}}]
    """,
            "messages: {at_most: {times: 1, per: 1d}}",
        )
        == []
    )


def test_a_decision_passes_a_clients_cap_and_is_not_counted() -> None:
    """Who is asked to decide is asked now, however much was said today."""
    rules = (
        TWO_RULES
        + f"""
- id: ask
  when: change.assessed
  do:
    - request_decision: {{about: change, to: client.approver, text: {DECIDE}}}
- id: told
  when: ledger.posted
  do:
    - email: {{to: client.approver, text: {NOTE}}}
"""
    )
    assert (
        played(
            rules,
            f"""
        - {spent("E1", 100)}
          expect: [{{email: {{to: bob}}}}, {{email: {{to: ann, subject: USD 100.00}}}}]
        - event: {{type: change.assessed, project: apollo, data: {{number: CR-1, title: Export, status: assessed}}}}
          expect: [{{email: {{to: ann, subject: Decide}}}}]
    """,
            "messages: {at_most: {times: 1, per: 1d}}",
        )
        == []
    )


LADDER = """
- id: levels
  when: [ledger.posted, ledger.corrected]
  crosses: {value: budget.used, levels: [50%, 80%]}
  at_most: {times: 1, per: 1d}
  do:
    - email: {to: client.billing, text: {en: {subject: "{{ level | percent }}", body: "Spent."}}}
"""


def test_a_level_that_a_cap_left_out_can_still_be_told() -> None:
    """A suppressed alert gives its level back: the next entry tells it, as soon as the cap allows it."""
    assert (
        played(
            LADDER,
            f"""
        - {spent("E1", 55000)}
          expect: [{{email: {{to: bob, subject: 50.0 %}}}}]
        - {spent("E2", 30000)}
          expect: none
        - wait: 1d
          expect: none
        - {spent("E3", 100)}
          expect: [{{email: {{to: bob, subject: 80.0 %}}}}]
    """,
        )
        == []
    )


def test_what_is_not_released_in_time_is_told_to_the_deputy_and_still_waits() -> None:
    """Two of the lead's working hours pass overnight: the deputy hears of everything at once, once, in Chinese."""
    rules = f"""
        - id: booked
          title: {{en: An entry was booked, zh-CN: 有新的支出入账}}
          when: ledger.posted
          review: 1
          release_within: 2h
          do:
            - email: {{to: [client.billing, client.sponsor], text: {NOTE}}}
    """
    assert (
        played(
            rules,
            f"""
        - until: 2026-09-21 17:00 America/New_York
        - {spent("E1", 100)}
          expect: [{{email: {{to: ann}}}}]
          waiting: [{{email: {{to: bob, waits: review}}}}]
        - until: 2026-09-22 09:59 America/New_York
          expect: none
        - until: 2026-09-22 10:00 America/New_York
          expect:
            - email: {{to: wang, subject: "Apollo：1 条对客户的消息待放行", contains: 有新的支出入账，收件人Bob Ray}}
          waiting: [{{email: {{to: bob, waits: review}}}}]
        - wait: 3d
          expect: none
    """,
        )
        == []
    )
