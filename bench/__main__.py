"""`python -m bench [NAME...]`: run all measurements, or those named."""

from __future__ import annotations

import sys

from bench import backtest, decide, ingest, ledger, rules, scenarios

ALL = {
    "ingest": ingest.run,
    "decide": decide.run,
    "rules": rules.run,
    "scenarios": scenarios.run,
    "backtest": backtest.run,
    "ledger": ledger.run,
}

for name in sys.argv[1:] or ALL:
    if name not in ALL:
        sys.exit(f"there is no measurement {name}; there are {', '.join(ALL)}")
    ALL[name]()
    print()
