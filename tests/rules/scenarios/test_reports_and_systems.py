"""Scenarios see reports, drafts, notes and rows as users write them: what is sent, to whom, with which figures."""

from __future__ import annotations

from tests.rules.scenarios.stories import messages, play

WEEKLY = """
- id: weekly-report
  every: {cron: "0 16 * * FRI", zone: client, for_each: project}
  do:
    - report: {period: week, to: client.sponsor, attach: xlsx}
"""
SYSTEMS = """
- id: large
  when: ledger.posted
  do:
    - create_issue: {connection: tracker, title: entry.number, text: {en: {subject: "{{ entry.number }}", body: Look.}}}
    - append_row: {connection: room, row: {day: today, amount: entry.amount}}
"""
BILL = (
    "{type: ledger.posted, project: apollo, data: {id: B1, number: BILL-91, amount: 4100.00, currency: USD}}"
)


def test_a_scenario_reads_a_report() -> None:
    """Subject, words and kind are compared like those of a mail; one that is not expected is told."""
    steps = f"""
    - event: {BILL}
      expect: none
    - until: 2026-09-25 16:00 America/New_York
      expect:
        - report:
            to: ann@acme.example
            subject: "Apollo: weekly report to 25 September 2026"
            contains: ["USD 4,100.00 of USD 100,000.00 is spent (4.1 %)", BILL-91, none]
            lacks: CPI
            period: week
            view: client
            attach: xlsx
    """
    assert messages(play(steps, rules=WEEKLY)) == []
    silent = steps.partition("      expect:\n        - report")[0] + "      expect: none\n"
    (told,) = messages(play(silent, rules=WEEKLY))
    assert "report to ann@acme.example" in told


def test_a_scenario_reads_what_goes_to_other_systems() -> None:
    """Issues by target and title, rows by the columns that are named."""
    steps = f"""
    - event: {BILL}
      expect:
        - create_issue: {{target: tracker/APO, title: BILL-91, contains: Look.}}
        - append_row: {{connection: room, row: {{amount: 4100.00 USD}}}}
    """
    assert messages(play(steps, rules=SYSTEMS)) == []
    wrong = steps.replace("4100.00 USD", "4000.00 USD")
    assert len(messages(play(wrong, rules=SYSTEMS))) == 1
