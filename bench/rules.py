"""Which of many rules hold on an event: the engine against libraries of rules and against code.

One run, one process, the same events for all: entries of the ledger. `ranges` compare amounts only, so that each rule
has to be looked at, and one in a hundred holds; `selective` rules compare a field with a constant, so that an index can
find them, and equally many hold however many there are. What is measured is finding the rules, not carrying them out.
`make bench ARGS=rules`; the rivals come with `pip install --require-hashes -r requirements.bench.lock`, and one that is
absent is named.
"""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from bench.decide import workspace
from rules.engine.candidates import index_of
from rules.engine.names import Facts
from rules.engine.state import MemoryBook, State
from rules.facts.event import Event
from rules.facts.money import Money
from rules.facts.project import Workspace
from rules.language.loader import load_rules
from rules.language.model import RuleSet
from rules.packs import read_pack

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SIZES = (10, 100, 1_000, 10_000)
SECONDS = 0.05
TURNS = 7
EVENTS = 200
A_FILE = 1_000
# Slow rivals are not asked for so many rules that one event takes seconds.
MOST_SLOW = 1_000

Finder = Callable[[int], int]
"""How many rules hold on the event of that number."""


def run() -> None:
    """Measure and print both tables."""
    known = workspace()
    for kind in ("ranges", "selective"):
        columns = [_column(kind, size, known) for size in SIZES]
        print(f"{kind}: events a second, and as a part of generated code")
        print(f"{'':<24}" + "".join(f"{size:>18,}" for size in SIZES))
        for name, _, _ in _FINDERS:
            print(f"{name:<24}" + "".join(_cell(column, name) for column in columns))
        print()


def _cell(column: Mapping[str, float | str], name: str) -> str:
    rate, floor = column[name], column["generated code"]
    if isinstance(rate, str) or isinstance(floor, str):
        return f"{rate:>18}"
    return f"{rate:>12,.0f}{rate / floor:>6.2f}"


def _column(kind: str, size: int, known: Workspace) -> Mapping[str, float | str]:
    """Events a second of each finder, in turns, so that what else the machine does hits all alike."""
    found: dict[str, float | str] = {}
    finders: dict[str, Finder] = {}
    for name, make, most in _FINDERS:
        if size > most:
            found[name] = "-"
            continue
        try:
            finders[name] = find = make(kind, size, known)
        except ImportError:
            found[name] = "not installed"
            continue
        wanted = [_hold(kind, size, n) for n in range(5)]
        if (told := [find(n) for n in range(5)]) != wanted:
            raise RuntimeError(f"{name} finds {told} of {size} rules where {wanted} hold")
        for number in range(EVENTS if most > MOST_SLOW else 0):
            find(number)  # What is made when it is first asked for is made by now.
    turns = [{name: _rate(find) for name, find in finders.items()} for _ in range(TURNS)]
    return found | {name: max(turn[name] for turn in turns) for name in finders}


def _rate(find: Finder) -> float:
    """In processor time: the time of others is no property of the code."""
    started, count = time.process_time(), 0
    while (took := time.process_time() - started) < SECONDS:
        find(count)
        count += 1
    return count / took


# --- the rules, and the events: number n of the rules holds where its figures say so -----------------------


def _tests(kind: str, size: int) -> list[tuple[str, int, int]]:
    """(class, least, most) of each rule: a class of 100 for `selective`, a hundredth of the amounts for `ranges`."""
    if kind == "selective":
        # Equally many hold however many rules there are: a class for each tenth of a rule.
        return [(f"T{n % max(size // 10, 1)}", n, 100_000) for n in range(size)]
    return [("", n * 100_000 // size, n * 100_000 // size + 1_000) for n in range(size)]


def _amount(number: int) -> int:
    return (number * 7_919 + 500) % 100_000


def _title(kind: str, size: int, number: int) -> str:
    return f"T{number % max(size // 10, 1)}" if kind == "selective" else ""


def _hold(kind: str, size: int, number: int) -> int:
    amount, title = _amount(number), _title(kind, size, number)
    return sum(low < amount <= high and wanted in ("", title) for wanted, low, high in _tests(kind, size))


def _record(kind: str, size: int, number: int) -> dict[str, Any]:
    return {"status": _title(kind, size, number), "amount": _amount(number), "receipt": None}


# --- the engine -------------------------------------------------------------------------------------------


def _ours(kind: str, size: int, known: Workspace) -> Finder:
    index = index_of(_rule_set(kind, size, known))
    state = State(NOW, known, MemoryBook())

    events = [_event(kind, size, number) for number in range(EVENTS)]
    return lambda number: len(index.asked(Facts(events[number % EVENTS], state.book, state)))


def _rule_set(kind: str, size: int, known: Workspace) -> RuleSet:
    files: list[list[str]] = [[] for _ in range(0, size, A_FILE)]
    for n, (wanted, low, high) in enumerate(_tests(kind, size)):
        also = f'\n      - entry.status == "{wanted}"' if wanted else ""
        files[n // A_FILE].append(
            f"  - id: r{n}\n    title: {{en: rule {n}}}\n    when: ledger.posted\n    if:\n"
            f"      - entry.amount > {low} USD\n      - entry.amount <= {high} USD{also}\n"
            "    do:\n      - record: {text: seen}\n"
        )
    texts = "version: 1\ntexts:\n  seen: {subject: Seen, body: Seen}\n"
    found, problems = load_rules(
        [(f"bench-{n}.yaml", "version: 1\nrules:\n" + "".join(parts)) for n, parts in enumerate(files)],
        [(f"texts/{locale}.yaml", locale, texts) for locale in ("en", "zh-CN")],
        known,
        read_pack,
    )
    if found is None:
        raise RuntimeError("\n".join(str(p) for p in problems[:5]))
    return found


def _event(kind: str, size: int, number: int) -> Event:
    given = _record(kind, size, number)
    entry = {
        **given,
        "id": "e",
        "amount": Money(Decimal(given["amount"]), "USD"),
        "work_date": date(2026, 11, 20),
    }
    return Event("evt_bench", "ledger.posted", NOW, NOW, {"entry": entry}, "apollo", "acme")


# --- code, and the libraries ------------------------------------------------------------------------------


def _generated(kind: str, size: int, _: Workspace) -> Finder:
    """What nobody could write faster in Python: one function, each path read once, decimals."""
    lines = ["def match(entry, out):", "    amount, status = entry['amount'], entry['status']"]
    constants: dict[str, Decimal] = {}
    for n, (wanted, low, high) in enumerate(_tests(kind, size)):
        constants |= {f"a{n}": Decimal(low), f"b{n}": Decimal(high)}
        also = f" and status == {wanted!r}" if wanted else ""
        lines.append(f"    if amount > a{n} and amount <= b{n}{also}: out({n})")
    exec("\n".join(lines), constants)  # noqa: S102 (made of numbers, above)
    match: Any = constants["match"]
    events = _decimals(kind, size)

    def find(number: int) -> int:
        found: list[int] = []
        match(events[number % EVENTS], found.append)
        return len(found)

    return find


def _by_hand(kind: str, size: int, _: Workspace) -> Finder:
    tests = [(w, Decimal(low), Decimal(high)) for w, low, high in _tests(kind, size)]
    holds = [
        lambda e, w=w, a=a, b=b: e["amount"] > a and e["amount"] <= b and (not w or e["status"] == w)
        for w, a, b in tests
    ]
    events = _decimals(kind, size)

    def find(number: int) -> int:
        entry = events[number % EVENTS]
        return sum(hold(entry) for hold in holds)

    return find


def _cel_google(kind: str, size: int, _: Workspace) -> Finder:
    cel = importlib.import_module("cel_expr_python.cel")
    env = cel.NewEnv(variables={"amount": cel.Type.INT, "status": cel.Type.STRING})
    compiled = [env.compile(text) for text in _texts(kind, size, "&&")]
    events = [{name: record[name] for name in ("amount", "status")} for record in _records(kind, size)]

    def find(number: int) -> int:
        known = events[number % EVENTS]
        return sum(one.eval(data=known).value() is True for one in compiled)

    return find


def _cel_rust(kind: str, size: int, _: Workspace) -> Finder:
    cel = importlib.import_module("cel")
    compiled = [cel.compile(text) for text in _texts(kind, size, "&&")]
    events = _records(kind, size)

    def find(number: int) -> int:
        context = cel.Context(variables=events[number % EVENTS])
        return sum(one.execute(context) is True for one in compiled)

    return find


def _zen(kind: str, size: int, _: Workspace) -> Finder:
    zen = importlib.import_module("zen")
    compiled = [zen.compile_expression(text) for text in _texts(kind, size, "and")]
    events = _records(kind, size)
    return lambda number: sum(one.evaluate(events[number % EVENTS]) is True for one in compiled)


def _rule_engine(kind: str, size: int, _: Workspace) -> Finder:
    engine = importlib.import_module("rule_engine")
    compiled = [engine.Rule(text) for text in _texts(kind, size, "and")]
    events = _records(kind, size)
    return lambda number: sum(one.matches(events[number % EVENTS]) for one in compiled)


def _json_logic(kind: str, size: int, _: Workspace) -> Finder:
    logic = importlib.import_module("json_logic").jsonLogic
    trees = []
    for wanted, low, high in _tests(kind, size):
        amount: dict[str, Any] = {"var": "amount"}
        parts: list[Any] = [{">": [amount, low]}, {"<=": [amount, high]}]
        trees.append({"and": parts + ([{"==": [{"var": "status"}, wanted]}] if wanted else [])})
    events = _records(kind, size)
    return lambda number: sum(logic(tree, events[number % EVENTS]) is True for tree in trees)


def _texts(kind: str, size: int, also: str) -> Iterator[str]:
    for wanted, low, high in _tests(kind, size):
        status = f" {also} status == {json.dumps(wanted)}" if wanted else ""
        yield f"amount > {low} {also} amount <= {high}{status}"


def _decimals(kind: str, size: int) -> list[Mapping[str, Any]]:
    records = [_record(kind, size, number) for number in range(EVENTS)]
    return [{**record, "amount": Decimal(record["amount"])} for record in records]


def _records(kind: str, size: int) -> list[dict[str, Any]]:
    return [_record(kind, size, number) for number in range(EVENTS)]


Maker = Callable[[str, int, Workspace], Finder]

_FINDERS: tuple[tuple[str, Maker, int], ...] = (
    ("generated code", _generated, SIZES[-1]),
    ("accord", _ours, SIZES[-1]),
    ("lambdas by hand", _by_hand, SIZES[-1]),
    ("cel-expr-python", _cel_google, MOST_SLOW),
    ("python-cel (Rust)", _cel_rust, MOST_SLOW),
    ("zen-engine", _zen, MOST_SLOW),
    ("rule-engine", _rule_engine, MOST_SLOW),
    ("panzi-json-logic", _json_logic, MOST_SLOW),
)
