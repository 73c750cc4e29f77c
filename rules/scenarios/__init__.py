"""Scenarios: unit tests of rules, played with the real engine over a virtual clock.

In: the text of a scenario file, a world (workspace and rule set), a function that takes recorded webhooks through their
connector. Out: `Difference`s between what a scenario expects and what the rules do. No network, no database, no files.
"""

from rules.scenarios.compare import Difference
from rules.scenarios.payloads import Normalise, Payload, PayloadError
from rules.scenarios.reading import Scenario, Step, read_scenarios
from rules.scenarios.run import Run, run
from rules.scenarios.worlds import World, given_world

__all__ = [
    "Difference",
    "Normalise",
    "Payload",
    "PayloadError",
    "Run",
    "Scenario",
    "Step",
    "World",
    "given_world",
    "read_scenarios",
    "run",
]
