"""Event types as a rule names them: one, several, a family such as `issue.*`.

In: the words of a file. Out: types of the catalogue; a word that is none is told with the nearest.
"""

from __future__ import annotations

from rules.facts.catalogue import EVENTS
from rules.language.nearest import MOST_SHOWN, nearest
from rules.language.sources import Source


def event_types(source: Source) -> tuple[str, ...]:
    """The event types that stand at a place, families expanded."""
    several = isinstance(source.value, list)
    places = [source.below(i) for i in range(len(source.value))] if several else [source]
    found = [t for place in places for t in _types(place)]
    return tuple(dict.fromkeys(found))


def _types(source: Source) -> tuple[str, ...]:
    word = source.value
    if not isinstance(word, str) or source.flagged:
        return ()
    if word in EVENTS:
        return (word,)
    family, _, verb = word.partition(".")
    members = tuple(name for name in EVENTS if name.startswith(family + "."))
    if verb == "*" and members:
        return members
    source.tell(f"there is no event `{word}`", _hint(word, members))
    return ()


def _hint(word: str, members: tuple[str, ...]) -> str:
    if members:
        shown = ", ".join((f"{members[0].partition('.')[0]}.*", *members)[:MOST_SHOWN])
        meant = nearest(word, members)
        return f"events: {shown}" + (f"; did you mean `{meant[0]}`?" if meant else "")
    meant = nearest(word, EVENTS)
    return f"did you mean `{meant[0]}`?" if meant else f"families: {', '.join(_families())}"


def _families() -> list[str]:
    return sorted({name.partition(".")[0] for name in EVENTS})
