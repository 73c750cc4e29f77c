"""`accord test` over a workspace of 1,000 rules and 100 scenarios: the whole command, from its start to its end.

The workspace is the example agency with ten more files of a hundred rules and ten of ten scenarios. Half of the rules
compare the amount of an entry, half the status and a label of an issue, and each writes a mail from a text of its own.
A scenario posts two entries, of which one fires a rule, changes an issue, which fires another, and waits a day.
"""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from service import cores

RULES, A_FILE = 1_000, 100
SCENARIOS, PER_FILE = 100, 10
TIMES = 3
HOME = Path(__file__).resolve().parents[1] / "examples" / "agency"


def run() -> None:
    """Measure and print the table: seconds on the wall, and of the processors; on a busy machine only these compare."""
    with tempfile.TemporaryDirectory(prefix="accord-bench-") as place:
        home = _workspace(Path(place) / "agency")
        print(f"{'accord test':<28}{'seconds':>9}{'of processors':>15}")
        _row("the command line alone", "--version")
        for jobs in dict.fromkeys((1, cores.count())):
            _row(f"{RULES} x {SCENARIOS}, {jobs} jobs", "test", str(home), "--jobs", str(jobs))


def _row(name: str, *arguments: str) -> None:
    found = [_seconds(arguments) for _ in range(TIMES)]
    wall, work = (statistics.median(one) for one in zip(*found, strict=True))
    print(f"{name:<28}{wall:>9.2f}{work:>15.2f}")


def _seconds(arguments: tuple[str, ...]) -> tuple[float, float]:
    """How long a command took, and how long processors worked for it."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "service", *arguments], capture_output=True, text=True, check=False
    )
    took, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(done.stdout[-2_000:] + done.stderr[-2_000:])
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _workspace(home: Path) -> Path:
    shutil.copytree(HOME, home, ignore=shutil.ignore_patterns("var", ".env", "scenarios"))
    for folder in ("scenarios", "texts"):
        (home / folder).mkdir(exist_ok=True)
    for n in range(0, RULES, A_FILE):
        (home / "rules" / f"bench-{n}.yaml").write_text(
            "version: 1\nrules:\n" + "".join(_rule(i) for i in range(n, n + A_FILE)), encoding="utf-8"
        )
    for locale in ("en", "zh-CN"):
        texts = "version: 1\ntexts:\n" + "".join(_text(n) for n in range(RULES))
        (home / "texts" / f"{locale}.yaml").write_text(texts, encoding="utf-8")
    for n in range(0, SCENARIOS, PER_FILE):
        head = "version: 1\nworkspace: ../accord.yaml\nscenarios:\n"
        body = "".join(_scenario(i) for i in range(n, n + PER_FILE))
        (home / "scenarios" / f"bench-{n}.yaml").write_text(head + body, encoding="utf-8")
    return home


def _rule(n: int) -> str:
    if n % 2:
        when, test = "issue.changed", f'issue.status == "S{n}" and "urgent" in issue.labels'
    else:
        when, test = "ledger.posted", f"entry.amount > {n * 4} USD and entry.amount <= {n * 4 + 8} USD"
    return (
        f"  - id: r{n}\n    title: {{en: Rule {n}, zh-CN: 规则 {n}}}\n    scope: {{clients: [acme]}}\n"
        f"    when: {when}\n    if:\n      - '{test}'\n      - project.status == \"active\"\n"
        f"    do:\n      - email: {{to: project.lead, text: bench_{n}}}\n"
    )


def _text(n: int) -> str:
    return (
        f"  bench_{n}:\n    subject: '{{{{ project.name }}}}: {n}'\n"
        f"    body: |\n      Rule {n} has something to say about {{{{ project.name }}}}.\n"
    )


def _scenario(n: int) -> str:
    rule = n * 10
    return f"""\
  - name: rules {rule} and {rule + 1} speak, and no other
    clock: 2026-11-23 10:00 America/New_York
    steps:
      - event:
          type: ledger.posted
          project: apollo
          data: {{id: E{n}, amount: {rule * 4 + 5}.00, currency: USD, class: other}}
        expect:
          - email: {{to: lin@northwind.example, subject: "Apollo: {rule}"}}
      - event:
          type: ledger.posted
          project: apollo
          data: {{id: F{n}, amount: 5000.00, currency: USD, class: staff}}
      - event: {{type: issue.changed, project: apollo, data: {{key: APO-{n}, status: S{rule + 1}, labels: [urgent]}}}}
        expect:
          - email: {{to: lin@northwind.example, subject: "Apollo: {rule + 1}"}}
      - wait: 1d
        expect: none
"""
