"""The chain of evidence: records in, hashes and a list of what does not fit out.

Each hash covers the one before it and the record's canonical JSON: h(n) = SHA-256(hex(h(n-1)) + canonical JSON), with
h(0) = 64 zeros. Keys are sorted by code point, there are no spaces, and UTF-8 is not escaped, so anybody can check a
chain with any SHA-256 at hand.

What is personal stands beside a record: the record holds `personal`, name -> commitment, and whoever has the value with
its salt can open it. Without both nothing can be told of the value, so it can be erased and the chain still verifies.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rules.facts.codec import to_plain, write_json

ZERO: Final = "0" * 64
PERSONAL: Final = "personal"
_HASH: Final = re.compile(r"[0-9a-f]{64}")


def canonical(record: Mapping[str, Any]) -> bytes:
    """The bytes of a record that are hashed; CodecError for floats and for what has no plain form."""
    return write_json(to_plain(record)).encode()


def link(prev_hex: str, record: Mapping[str, Any]) -> str:
    """The hash of a record that follows the one with hash `prev_hex` (ZERO for the first), as 64 hex digits."""
    if not _HASH.fullmatch(prev_hex):
        raise ValueError(f"{prev_hex[:70]!r} is no hash: expected 64 hex digits in lower case")
    return hashlib.sha256(prev_hex.encode() + canonical(record)).hexdigest()


def commitment(name: str, salt: str, value: Any) -> str:
    """What a record holds in the place of a personal value: SHA-256 over the canonical JSON of name, salt and value."""
    return hashlib.sha256(canonical({"name": name, "salt": salt, "value": value})).hexdigest()


def unfit(record: Mapping[str, Any], opened: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The names whose opening, {"salt", "value"}, is not what the record was made with."""
    held = record.get(PERSONAL) or {}
    return [n for n, o in opened.items() if held.get(n) != commitment(n, str(o["salt"]), o["value"])]


def verify_chain(
    links: Iterable[tuple[Mapping[str, Any], str]], start: str = ZERO, head: str | None = None
) -> list[str]:
    """What is wrong with a chain of (record, stored hash) in order: nothing when the list is empty.

    head: the last hash as printed in a confirmation; only with it can a chain cut short or rewritten whole be found.
    After a record that does not fit, checking goes on from the stored hash, so that each fault is named once.
    """
    problems: list[str] = []
    previous, number = start, 0
    for number, (record, stored) in enumerate(links, 1):
        if not _HASH.fullmatch(stored):
            problems.append(f"record {number}: {stored[:70]!r} is no hash")
            previous = _computed(previous, record) or previous
            continue
        computed = _computed(previous, record)
        if computed is None:
            problems.append(f"record {number}: the record cannot be written as canonical JSON")
        elif computed != stored:
            problems.append(
                f"record {number}: its hash should be {computed} after the record before it, it is {stored}"
            )
        previous = stored
    if head is not None and previous != head:
        problems.append(f"the chain ends after {number} records at {previous}, not at the known head {head}")
    return problems


def canonical_text(text: str) -> str:
    """The exact text that is shown and hashed: Unicode NFC, lines ended by LF."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def text_hash(text: str) -> str:
    """SHA-256 of the canonical text in UTF-8, as 64 hex digits."""
    return hashlib.sha256(canonical_text(text).encode()).hexdigest()


def _computed(previous: str, record: Mapping[str, Any]) -> str | None:
    try:
        return link(previous, record)
    except ValueError:
        return None
