"""An audit finds what a look at every paper finds, and reads only the papers that time can have changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine import effects
from rules.engine.effects import control, filing
from rules.engine.effects.shapes import Act
from rules.engine.state import Draft, MemoryBook
from rules.facts import audit
from rules.facts.event import Record
from tests.rules.effects.world import APOLLO, LIN, MONDAY, World, usd

YEARS = ("2025", "2026")


def tell(world: World, paper: dict[str, Any]) -> None:
    """One state of one paper, from the books or as an expense; history is what was read back."""
    given = dict(paper)
    key, version, verb, history = (given.pop(k) for k in ("key", "version", "verb", "history"))
    noun = "expense" if key.startswith("e") else "bill"
    verbs = {
        "new": "submitted" if noun == "expense" else "received",
        "void": "rejected" if noun == "expense" else "voided",
    }
    entry = {"kind": noun, "class": "material", "status": "posted", **given}
    if verb == "void":
        entry["status"] = "void"
    world.tell(
        f"{noun}.{verbs[verb]}",
        f"{noun}/{key}",
        connection="books",
        version=str(version),
        entry=entry,
        history=history,
    )


papers = st.fixed_dictionaries(
    {
        "key": st.sampled_from(["b1", "b2", "b3", "e1", "e2", "e3"]),
        "version": st.integers(1, 4),
        "verb": st.sampled_from(["new", "new", "new", "void"]),
        "history": st.booleans(),
        "amount": st.sampled_from([usd(300), usd(400), usd(900)]),
        "party": st.sampled_from(["Delta", "Echo", None]),
        "number": st.sampled_from(["INV-1", "INV-2", None]),
        "submitter": st.sampled_from(["wang", "lin"]),
        "receipt": st.sampled_from(["sha256:1", None]),
        "work_date": st.sampled_from(
            [date(2026, 8, 3), date(2026, 9, 2), date(2026, 9, 18), date(2025, 12, 30)]
        ),
    }
)


def shown(found: Iterable[tuple[str, Iterable[str]]]) -> set[tuple[str, tuple[str, ...]]]:
    return {(kind, tuple(sorted(entries))) for kind, entries in found}


@given(st.lists(papers, max_size=10))
@settings(deadline=None, max_examples=25)
def test_an_audit_finds_what_a_look_at_every_paper_finds(told: list[dict[str, Any]]) -> None:
    """Whatever arrived, in whatever order, as news or as history, corrected, voided and moved to other days."""
    world = World(APOLLO, replace(LIN, approves_up_to=usd(500)))
    for paper in told:
        tell(world, paper)
    results = [e.objects["audit"] for y in YEARS for e in world.tell("audit.run", audit={"period": y})[:1]]
    every = [e for e in world.all("entry") if e.get("work_date") is not None]
    act = Act(world.event("slot.due"), Draft(world.book), world.state)
    naive = [
        *audit.duplicates(every),
        *audit.splits(every, control.limits(act, world.project)),
        *audit.self_approved(every),
        *control._without_receipt(act, world.project, every),
    ]
    standing = [f for f in world.all("finding") if f["status"] == "open" and f["kind"] != "over_line"]
    assert shown((f["kind"], f["entries"]) for f in standing) == shown((s.kind, s.entries) for s in naive)
    assert sum(r["checked"] for r in results) == sum(map(audit.concerns, every))


class NoLedger(MemoryBook):
    """A book whose ledger nobody may read as a whole."""

    def find(self, kind: str, project: str, status: str | None = None) -> list[Record]:
        assert kind != "entry", "the whole ledger was read"
        return super().find(kind, project, status)


def test_an_audit_never_reads_the_whole_ledger() -> None:
    """It reads the days of its period, and the papers they name; twice, the second time without what was seen."""
    world = World()
    for number in range(30):
        paper = {
            "amount": usd(10 + number),
            "party": f"P{number}",
            "submitter": "wang",
            "receipt": "sha256:1",
        }
        paper |= {"work_date": date(2026, 7, 1) + timedelta(days=number), "history": number < 3}
        tell(world, {"key": f"b{number}", "version": 1, "verb": "new", **paper})
    book = NoLedger(world.book.records)
    looked = []
    for _ in range(2):
        draft = Draft(book)
        world.book = book
        done = effects.apply(world.event("audit.run", audit={"period": "2026-Q3"}), draft, world.state)
        act = Act(done.event, draft, world.state)
        days = list(filing.days(act, world.project, date(2026, 7, 1), date(2026, 9, 30)))
        looked.append(sum(len(day["unseen"]) for day in days))
        assert done.event.objects["audit"]["checked"] == 30
        book.store(draft.puts)
    assert looked == [0, 0]


def test_a_ledger_from_before_is_filed_by_its_first_audit() -> None:
    """Papers that were booked before there was the index are looked at once, and filed from then on."""
    world = World()
    for key in ("b1", "b2"):
        paper = {
            "amount": usd(100),
            "party": "Delta",
            "number": "INV-7",
            "submitter": "wang",
            "receipt": None,
        }
        tell(
            world,
            {"key": key, "version": 1, "verb": "new", "history": True, "work_date": MONDAY.date(), **paper},
        )
    before = {k: r for k, r in world.book.records.items() if k[0] not in ("filed", "trail")}
    for key, record in before.items():
        before[key] = {k: v for k, v in record.items() if k != "_filed"}
    world.book = MemoryBook(before)
    told = world.tell("audit.run", audit={"period": "2026-Q3"})
    assert [e.type for e in told] == ["audit.run", "finding.opened"]
    assert world.get("filed")["since"] == world.now
    assert world.get("filed", f"apollo/{MONDAY.date()}")["count"] == 2
