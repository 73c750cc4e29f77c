"""What was in force when, what was refused, and the way back.

In: the record: kept rule sets, the events that tell of edits, the chain of evidence of the organisation. Out: `Turn`s,
the newest first; and `roll_back`, which writes the files of an earlier set back and puts who did it and why on record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from rules.language.model import Problem, RuleSet
from service.log import get
from service.rulebook import Rulebook, Sources, compile_sources
from service.store import evidence, journal
from service.store.database import Connection, Database, from_iso, iso
from service.store.switches import kept_versions, version_data

log = get("versions")
ROLLED_BACK: Final = "rules.rolled_back"
# A process takes edited files over within seconds; one that was down tells it when it starts.
_FOLLOWS_WITHIN: Final = timedelta(minutes=10)
_WORDS: Final = ("added", "changed", "removed", "reset")


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of what is in force. kind: "first" (the first set on record), "edited", "rolled_back" or "refused".

    version: in force after it.  changes: ids of rules under added, changed, removed, reset.  problems: of an edit that
    was refused.  by, reason: who went back and why; an edit of files has nobody's name.
    """

    kind: Literal["first", "edited", "rolled_back", "refused"]
    version: str
    at: datetime
    changes: Mapping[str, list[str]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    by: str = ""
    reason: str = ""


class NoSuchVersion(LookupError):
    """A rule set that is not kept, or a beginning that several share (`several`)."""

    def __init__(self, version: str, several: list[str]) -> None:
        super().__init__(version)
        self.several = several


class DoesNotFit(Exception):
    """A rule set that is no longer valid in the workspace of today. `problems` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def turns(connection: Connection, limit: int = 50) -> list[Turn]:
    """What was in force and what was refused, the newest first."""
    told = [*_told(connection, "rules.reloaded", limit), *_told(connection, "rules.refused", limit)]
    backs = _rolled_back(connection)
    found = [_by_person(turn, backs) for turn in told]
    found += [back for back in backs if not any(_is_of(turn, back) for turn in told)]
    known = {turn.version for turn in found if turn.kind != "refused"}
    found += [
        Turn("first", one.version, from_iso(one.at))
        for one in kept_versions(connection, "rules", limit)
        if one.version not in known
    ]
    return sorted(found, key=lambda turn: turn.at, reverse=True)[:limit]


def before(found: list[Turn], turn: Turn) -> str | None:
    """The version that was in force before a turn, none for the first."""
    earlier = (one.version for one in found if one.at < turn.at and one.kind != "refused")
    return next(earlier, None)


def in_force(connection: Connection) -> str | None:
    """The version that was in force last, as far as is on record."""
    return next((turn.version for turn in turns(connection, 20) if turn.kind != "refused"), None)


def sources_of(connection: Connection, version: str) -> tuple[str, Sources]:
    """The one kept version that is named or begins so, and its texts. Raises NoSuchVersion."""
    names = [one.version for one in kept_versions(connection, "rules", 10_000)]
    meant = [name for name in names if name == version] or [n for n in names if n.startswith(version)]
    text = version_data(connection, "rules", meant[0]) if len(meant) == 1 else None
    if text is None:
        raise NoSuchVersion(version, meant)
    return meant[0], Sources.from_json(text)


def fitting(sources: Sources, rulebook: Rulebook) -> RuleSet:
    """The rule set of these texts in the workspace of today. Raises DoesNotFit."""
    found, problems = compile_sources(sources, rulebook.workspace)
    if found is None:
        raise DoesNotFit(problems)
    return found


def roll_back(
    database: Database, place: tuple[Path, Path], sources: Sources, back: Turn, former: str | None
) -> Path:
    """Write these texts in the place of those of now; gives the folder that keeps what stood there.

    place: the workspace and its `var`.  back: version, moment, who and why, which goes on record.  former: what was in
    force.  Raises OSError where the workspace cannot be written; then nothing is on record.
    """
    home, var = place
    aside = var / "rolled-back" / back.at.strftime("%Y-%m-%dT%H%M%SZ")
    sources.write(home, aside)
    record = {
        "event": ROLLED_BACK,
        "version": back.version,
        "former": former,
        "by": back.by,
        "reason": back.reason,
        "at": iso(back.at),
    }
    with database.writing() as connection:
        evidence.append(connection, evidence.ORGANISATION, record, back.at)
    log.info("rules rolled back", ruleset=back.version, by=back.by)
    return aside


def _told(connection: Connection, kind: str, limit: int) -> list[Turn]:
    """The turns that events tell of."""
    found = journal.of_the_house(connection, kind, limit)
    return [_turn(kind, event.at, event.objects["rules"]) for event in found]


def _turn(kind: str, at: datetime, rules: Mapping[str, Any]) -> Turn:
    if kind == "rules.refused":
        return Turn("refused", str(rules["version"]), at, problems=tuple(rules.get("problems") or ()))
    changed = {word: list(rules.get(word) or ()) for word in _WORDS}
    return Turn("edited", str(rules["version"]), at, {w: ids for w, ids in changed.items() if ids})


def _rolled_back(connection: Connection) -> list[Turn]:
    """Every way back on record, the newest first."""
    found = [
        Turn("rolled_back", r["version"], from_iso(r["at"]), by=r["by"], reason=r["reason"])
        for r in (link["record"] for link in evidence.chain_of(connection, evidence.ORGANISATION))
        if r.get("event") == ROLLED_BACK
    ]
    return found[::-1]


def _is_of(turn: Turn, back: Turn) -> bool:
    """Whether a turn is what became of a way back."""
    follows = turn.kind == "edited" and turn.version == back.version
    return follows and timedelta(0) <= turn.at - back.at <= _FOLLOWS_WITHIN


def _by_person(turn: Turn, backs: list[Turn]) -> Turn:
    found = next((back for back in backs if _is_of(turn, back)), None)
    return replace(turn, kind="rolled_back", by=found.by, reason=found.reason) if found else turn
