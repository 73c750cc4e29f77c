"""A risk of a project and when it has to have a plan.

open -> mitigating -> triggered -> closed. The score is probability times effect, each from 1 to 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

KINDS: Final = ("technical", "financial", "schedule", "resource", "market", "other")
RESPONSES: Final = ("avoid", "reduce", "transfer", "accept")
LIVE: Final = frozenset({"open", "mitigating", "triggered"})
LOWEST, HIGHEST = 1, 25
LIMIT: Final = 12


def needs_plan(risk: Mapping[str, Any], limit: int = LIMIT) -> bool:
    """Whether the risk is alive, its score reaches the limit, and nobody wrote down what to do."""
    return risk.get("status") in LIVE and int(risk.get("score") or 0) >= limit and not risk.get("plan")
