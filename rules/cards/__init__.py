"""Rules as one plain sentence each, with a sample of what they send: for people who do not read YAML, and for clients.

In: a rule set, the workspace, a language. Out: `Card`s in the order of the files, in English or Chinese.
"""

from rules.cards.cards import Card, cards
from rules.cards.edits import Edit, edits

__all__ = ["Card", "Edit", "cards", "edits"]
