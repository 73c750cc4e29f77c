"""One run of a story in which faults strike at named moments.

In: moment -> fault. The story says where it is (`meet`), or which calls its next step leads to (`meeting`), so that a
fault can strike while they are under way. Out: `struck`, what did happen.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.faults.desk import Desk
from tests.faults.faults import FAULTS
from tests.support.standins.holding import Hold
from tests.support.wait import until

Places = Mapping[str, Callable[[], list[Hold]]]
"""Moment -> the calls to hold so that it can be met."""


@dataclass
class Scene:
    """faults: moment -> the name of what happens at it."""

    desk: Desk
    faults: Mapping[str, str] = field(default_factory=dict)
    struck: dict[str, str] = field(default_factory=dict, init=False)
    met: list[str] = field(default_factory=list, init=False)
    _holds: list[Hold] = field(default_factory=list, init=False)

    def meet(self, moment: str) -> None:
        """The story is at a moment."""
        self.met.append(moment)
        if moment in self.faults:
            self._strike(moment, [])

    @contextlib.contextmanager
    def meeting(self, places: Places) -> Iterator[None]:
        """What happens inside leads to calls; at each moment of `places` some of them are under way."""
        self.met += places
        moment = next((m for m in places if m in self.faults), None)
        holds = places[moment]() if moment else []
        self._holds += holds
        yield
        if moment:
            for hold in holds:
                hold.wait()
            self._strike(moment, holds)

    def _strike(self, moment: str, holds: list[Hold]) -> None:
        fault = FAULTS[self.faults[moment]]
        with contextlib.ExitStack() as over:
            over.callback(_let_go, holds, severs=fault.severs)
            survive(self.desk, fault.name, lambda: _let_go(holds, severs=fault.severs))
        self.desk.exhausted(held=lambda: any(hold.calls and not hold.over for hold in self._holds))
        self.struck[moment] = fault.name


def survive(desk: Desk, name: str, meanwhile: Callable[[], None] = lambda: None) -> None:
    """The fault begins, `meanwhile` happens, it ends; everything runs again, and time has gone on past every lease."""
    fault = FAULTS[name]
    with fault.strike(desk):
        meanwhile()
    until(desk.running, f"everything runs again after: {name}", every=0.1)
    desk.later(fault.after)


def _let_go(holds: list[Hold], *, severs: bool) -> None:
    """What is held goes on, or never was."""
    for hold in holds:
        if not hold.over:
            (hold.drop if severs else hold.release)()
