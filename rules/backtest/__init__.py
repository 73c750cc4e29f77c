"""What other rules would have said: the stored journal through two rule sets over a virtual clock.

In: a workspace, two rule sets, the events that came from outside in the order of their time. Out: `Outcome`: for each
client the messages that come, go, or say something else. The engine and the stage of scenarios do it all; nothing is
ever sent, and nothing is stored.
"""

from rules.backtest.outcome import Change, Message, Outcome, Told, outcome
from rules.backtest.replay import Replay, Run

__all__ = ["Change", "Message", "Outcome", "Replay", "Run", "Told", "outcome"]
