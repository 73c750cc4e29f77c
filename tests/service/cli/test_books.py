"""A project's money at the command line: its ledger with versions, its figures, its books, and calendars."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rules.facts.event import Event
from rules.facts.money import Money
from service.flow import decide
from service.process import Process
from service.store import journal, records
from tests.service.cli.places import Accord, accord, begun, edit, home, parsed

__all__ = ["accord", "begun", "home"]
AT = datetime(2026, 9, 21, 15, 0, tzinfo=UTC)


def bill(
    process: Process, version: str, amount: str, day: date = date(2026, 9, 21), key: str = "981"
) -> None:
    """A state of one bill is told by the books and decided."""
    money = Money(Decimal(amount), "CNY")
    entry = {"number": "BILL-91", "class": "material", "amount": money, "work_date": day}
    event = Event(
        f"evt_{key}_{version}", "bill.received", AT, AT, {"entry": entry}, "kanban", "hengtai", "books",
        f"bill/{key}", version,
    )  # fmt: skip
    with process.context.database.writing() as connection:
        journal.add(connection, [event])
    decide.decide_waiting(process.context)


def answer(out: str) -> Any:
    """The JSON at the end of what was printed; before it stands the log of this process."""
    return parsed(out[out.index("\n{\n") :] if "\n{\n" in out else out[out.index("{\n") :])


def test_a_ledger_shows_its_entries_and_each_version_of_one(
    begun: Process, home: Path, accord: Accord
) -> None:
    """The sum of the lines, and of one entry all its states, found by its number."""
    bill(begun, "1", "1500.00")
    bill(begun, "2", "1450.50")
    code, out, _ = accord("--home", home, "ledger", "kanban")
    assert code == 0
    assert "incurred         CNY 1,450.50" in out
    assert "BILL-91  (version 2)" in out
    _, out, _ = accord("--home", home, "ledger", "kanban", "--entry", "BILL-91")
    versions = [line for line in out.splitlines() if "posted" in line and "UTC" in line]
    assert ["CNY 1,500.00" in versions[0], "CNY 1,450.50" in versions[1]] == [True, True]
    _, out, _ = accord("--home", home, "ledger", "kanban", "--json")
    found = answer(out)
    assert found["sums"]["spent.incurred.material"] == "1450.50"
    assert [v["version"] for v in found["entries"][0]["versions"]] == ["1", "2"]
    assert accord("--home", home, "ledger", "kanban", "--entry", "BILL-92")[0] == 1


def test_the_printed_lines_add_up_to_the_printed_sum(begun: Process, home: Path, accord: Accord) -> None:
    """What is void or waits for a word stands in brackets, and is in no sum; the same as JSON."""
    states = [("1", "1", "1500.00"), ("2", "1", "0.05"), ("3", "1", "99999999.00"), ("2", "2", "20.15")]
    for key, version, amount in states:
        bill(begun, version, amount, key=key)
    voided = Event(
        "evt_void", "bill.voided", AT, AT, {"entry": {}}, "kanban", "hengtai", "books", "bill/1", "2"
    )  # fmt: skip
    with begun.context.database.writing() as connection:
        journal.add(connection, [voided])
    bill(begun, "1", "-7.20", key="4")
    out = accord("--home", home, "ledger", "kanban")[1]
    lines = [line for line in out.splitlines() if "incurred/material" in line]
    assert len(lines) == 4
    plain = [line.split("CNY ")[1].split()[0].replace(",", "") for line in lines if "[CNY" not in line]
    assert sum(map(Decimal, plain)) == Decimal("12.95")
    assert "incurred            CNY 12.95" in out
    assert sum("[CNY" in line for line in lines) == 2, "one is void, one is absurd and waits"


def test_a_project_that_is_not_there_is_wrong_use(begun: Process, home: Path, accord: Accord) -> None:
    """The nearest name is said."""
    code, _, said = accord("--home", home, "ledger", "kanbn")
    assert (code, "kanban" in said) == (2, True)


def test_books_are_closed_and_take_two_people_to_open(begun: Process, home: Path, accord: Accord) -> None:
    """A correction of August is adjusted today; opening the books again is asked of a second person."""
    bill(begun, "1", "1500.00", date(2026, 8, 20))
    code, out, _ = accord("--home", home, "period", "close", "kanban", "2026-08", "--by", "wang")
    assert (code, "kanban: closed up to 2026-08-31" in out) == (0, True)
    bill(begun, "2", "1200.00", date(2026, 8, 20))
    out = accord("--home", home, "ledger", "kanban")[1]
    assert "CNY 1,500.00" in out
    assert "CNY -300.00" in out
    assert "books closed up to 2026-08-31" in out

    def reopen(by: str) -> tuple[int, str, str]:
        words = ("period", "reopen", "kanban", "2026-08", "--by", by, "--reason", "a bill was missing")
        return accord("--home", home, *words)

    out = reopen("wang")[1]
    assert "asked for, in the name of wang" in out
    assert "who may agree: lin, signed in, never wang" in out
    code, _, said = reopen("wang")
    assert (code, "a second person of the team has to" in said) == (1, True)
    assert reopen("liwei")[0] == 1, "a contact has no say in the books"
    assert reopen("lin")[0] == 1, "what a command declares is nobody's agreement"
    assert "books closed up to 2026-08-31" in accord("--home", home, "ledger", "kanban")[1]
    with begun.context.database.reading() as connection:
        (question,) = begun.context.state(connection).book.find("approval", "kanban")
    (text,) = question["texts"].values()
    assert "在命令行中声明，未核实身份" in text["text"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("close", "kanban", "2099-01", "--by", "wang"), "is not over"),
        (("close", "kanban", "August", "--by", "wang"), "is no period"),
        (("close", "kanban", "2026-08", "--by", "nobody"), "is nobody of the team"),
        (("reopen", "kanban", "2026-08", "--by", "wang", "--reason", "x"), "are not closed"),
    ],
)
def test_what_cannot_be_said_about_books_is_refused(
    begun: Process, home: Path, accord: Accord, words: tuple[str, ...], message: str
) -> None:
    """With the reason, and nothing changes."""
    code, _, said = accord("--home", home, "period", *words)
    assert (code, message in said) == (1, True)


def test_a_rebase_that_is_asked_for_waits_for_a_second_person(
    begun: Process, home: Path, accord: Accord
) -> None:
    """The differences are listed, and where the second person decides; nothing moves before."""
    assert accord("--home", home, "project", "rebase", "kanban", "--by", "lin", "--reason", "x")[0] == 1
    file = home / "projects" / "kanban.yaml"
    text = file.read_text(encoding="utf-8")
    due = next(line for line in text.splitlines() if "due:" in line)
    edit(file, due, due.replace("2026-", "2027-"))
    words = ("project", "rebase", "kanban", "--reason", "a mistyped year")
    first = accord("--home", home, *words, "--by", "lin")[1]
    assert "2026-" in first
    assert "who may agree: wang, signed in, never lin" in first
    assert "/approvals/apr_" in first
    with begun.context.database.reading() as connection:
        baseline = begun.context.state(connection).book.get("baseline", "kanban") or {}
    assert baseline["version"] == 1


def test_where_a_project_stands(begun: Process, home: Path, accord: Accord) -> None:
    """Budget, earned value and KPIs, as text and as JSON; what cannot be given is a dash."""
    code, out, _ = accord("--home", home, "project", "show", "apollo")
    assert code == 0
    assert "CPI" in out
    assert "EV USD 0.00" in out
    found = answer(accord("--home", home, "project", "show", "apollo", "--json")[1])
    assert found["earned"]["bac"] == {"amount": "100000.00", "currency": "USD"}
    assert found["retainer"] is None


def test_a_draw_on_the_reserve_waits_for_agreement(begun: Process, home: Path, accord: Accord) -> None:
    """It is asked for in the project's currency, and draws nothing by itself."""
    words = ("project", "draw", "apollo", "--by", "lin", "--reason", "a second server")
    assert accord("--home", home, *words, "1500 CNY")[0] == 1
    assert accord("--home", home, *words, "1500")[0] == 1
    code, out, _ = accord("--home", home, *words, "1500 USD")
    assert (code, "asked for" in out) == (0, True)
    with begun.context.database.reading() as connection:
        (draw,) = begun.context.state(connection).book.find("reserve", "apollo")
    assert (draw["status"], draw["by"], draw["amount"]) == ("asked", "lin", Money(Decimal(1500), "USD"))


def test_a_recount_gives_the_sums_of_the_entries(begun: Process, home: Path, accord: Accord) -> None:
    """Whatever the sums had become."""
    bill(begun, "1", "1500.00")
    with begun.context.database.writing() as connection:
        book = begun.context.state(connection).book
        sums = book.get("sums", "kanban") or {}
        records.save(connection, {("sums", "kanban"): {**sums, "spent.incurred.material": Decimal(1)}}, AT)
    assert "CNY 1.00" in accord("--home", home, "ledger", "kanban")[1]
    assert "incurred         CNY 1,500.00" in accord("--home", home, "ledger", "kanban", "--recount")[1]


def test_a_chinese_and_an_american_calendar(home: Path, accord: Accord) -> None:
    """Days off, make-up workdays, the number of working days; a year nobody confirmed says so."""
    code, out, _ = accord("--home", home, "calendar", "CN", "--year", "2026")
    assert code == 0
    assert "2026-02-14 Sat" in out.split("make-up workdays:")[1]
    assert "2026-02-16 Mon to Fri 02-20" in out
    found = parsed(accord("--home", home, "calendar", "US", "--year", "2026", "--json")[1])
    assert found["make_up_workdays"] == []
    assert {"2026-11-26", "2026-12-25"} <= set(found["days_off"])
    assert found["confirmed"] is True
    assert "not known yet" in accord("--home", home, "calendar", "CN", "--year", "2099")[1]
    code, _, said = accord("--home", home, "calendar", "XX")
    assert (code, "has no calendar" in said) == (2, True)


def test_an_audit_names_what_it_found_and_ends_with_one_while_findings_are_open(
    begun: Process, home: Path, accord: Accord
) -> None:
    """The same bill twice: the finding, its paper and sum, who looks at it and by when; the same again as JSON."""
    money = Money(Decimal("1500.00"), "CNY")
    for key in ("1", "2"):
        entry = {
            "number": "BILL-91",
            "class": "material",
            "amount": money,
            "party": "Delta",
            "work_date": AT.date(),
        }
        event = Event(
            f"evt_{key}", "bill.received", AT, AT, {"entry": entry}, "kanban", "hengtai", "books", f"bill/{key}", "1"
        )  # fmt: skip
        with begun.context.database.writing() as connection:
            journal.add(connection, [event])
    decide.decide_waiting(begun.context)
    code, out, _ = accord("--home", home, "audit", "run", "kanban", "--period", "2026-q3")
    assert code == 1
    assert "kanban 2026-Q3: 2 entries looked at" in out
    (line,) = [text for text in out.splitlines() if text.startswith("  duplicate_invoice")]
    assert all(word in line for word in ("BILL-91", "Delta", "CNY 1,500.00", "wang by 20"))
    found = answer(accord("--home", home, "audit", "run", "kanban", "--period", "2026-Q3", "--json")[1])
    assert (found["audit"]["checked"], found["audit"]["open"]) == (2, 1)
    assert [f["kind"] for f in found["findings"]] == ["duplicate_invoice"]
    clean = accord("--home", home, "audit", "run", "kanban", "--period", "2026-01")
    assert (clean[0], "0 entries looked at" in clean[1]) == (1, True), "what is open stays open"


def test_an_audit_without_findings_ends_with_nought(begun: Process, home: Path, accord: Accord) -> None:
    """And says that it looked; a period that is none and a project that is not there are wrong use."""
    code, out, _ = accord("--home", home, "audit", "run", "apollo")
    assert (code, "apollo 20" in out, "0 new findings" in out) == (0, True, True)
    code, _, said = accord("--home", home, "audit", "run", "apollo", "--period", "autumn")
    assert (code, "write 2026-Q3, 2026-09 or 2026" in said) == (2, True)
    code, _, said = accord("--home", home, "audit", "run", "appollo")
    assert (code, "apollo" in said) == (2, True)


def test_a_closing_is_read_as_of_now_and_once_closed_as_it_stands(
    begun: Process, home: Path, accord: Accord
) -> None:
    """Four sides, the retrospective, the pulse of the team; what nobody recorded is a dash and never a nought."""
    code, out, _ = accord("--home", home, "closing", "apollo")
    assert (code, "apollo: as of now" in out) == (0, True)
    schedule = next(line for line in out.splitlines() if line.startswith("  schedule"))
    assert "on_time -" in schedule
    cost = next(line for line in out.splitlines() if line.startswith("  cost"))
    assert "total USD 100,000.00" in cost
    sides = answer(accord("--home", home, "closing", "apollo", "--json")[1])
    assert set(sides) == {"scorecard", "retrospective", "team_pulse"}
    assert set(sides["scorecard"]) == {"schedule", "quality", "cost", "satisfaction"}
    for verb in ("closing", "closed"):
        event = Event(
            f"evt_{verb}", f"project.{verb}", AT, AT, {"project": {"id": "apollo"}}, "apollo", "acme"
        )
        with begun.context.database.writing() as connection:
            journal.add(connection, [event])
        decide.decide_waiting(begun.context)
    assert "apollo: closed" in accord("--home", home, "closing", "apollo")[1]
    assert accord("--home", home, "closing", "nowhere")[0] == 2
