"""The word that was probably meant.

In: a word and those allowed. Out: hints such as "allowed: a, b; did you mean `a`?", always in the same manner.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

MOST_SHOWN = 24


def nearest(word: str, allowed: Iterable[str], most: int = 1) -> list[str]:
    """The allowed words that look like `word`, the closest first; a part or a different case counts as close."""
    known = sorted(set(allowed))
    by_form: dict[str, str] = {}
    for one in known:
        by_form.setdefault(_form(one), one)
    wanted = _form(word)[:200]
    if wanted in by_form:
        return [by_form[wanted]]
    head, dot, rest = wanted.rpartition(".")
    same_head = {f.rpartition(".")[2]: f for f in by_form if dot and f.rpartition(".")[0] == head}
    if same_head:
        close = get_close_matches(rest, list(same_head), n=most, cutoff=_cutoff(rest))
        return [by_form[same_head[one]] for one in close]
    close = get_close_matches(wanted, list(by_form), n=most, cutoff=_cutoff(wanted))
    last = [f for f in by_form if f.rpartition(".")[2] == rest and "." in f]
    ranked = close or sorted(last, key=lambda f: -SequenceMatcher(None, f, wanted).ratio())
    return [by_form[f] for f in ranked[:most]]


def _cutoff(word: str) -> float:
    """One letter of a short word is a larger share of it."""
    return 0.6 if len(word) <= 5 else 0.7


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """The question whether the nearest word was meant; empty when no word is near."""
    found = nearest(word, allowed)
    return f"did you mean `{found[0]}`?" if found else ""


def allowed_here(word: str, allowed: Iterable[str], called: str = "allowed") -> str:
    """The hint of a word that is not known here: what is allowed (all of it while the list is short) and the
    nearest.
    """
    known = list(dict.fromkeys(allowed))
    meant = did_you_mean(word, known)
    if len(known) > MOST_SHOWN and meant:
        return meant
    shown = ", ".join(known[:MOST_SHOWN]) + (", ..." if len(known) > MOST_SHOWN else "")
    return "; ".join(
        part for part in (f"{called}: {shown}" if shown else "there are none yet", meant) if part
    )


def _form(word: str) -> str:
    return word.strip().lower().replace("-", "_").replace(" ", "_")
