"""The evidence of one project in one file that proves itself: a zip of plain files with a signed list of their sums.

In: a chain of evidence with what is kept beside it, the log of what was sent, a key. Out: the bytes of the file; and of
such bytes, what they hold and everything that is wrong with them, without anything else at hand. The zip has one form
only, stored and in order, so a byte changed anywhere is found. Nothing is unpacked to a disk, and what is read is
bounded.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rules.facts.codec import iso_utc, write_json
from rules.facts.evidence import PERSONAL, ZERO, unfit, verify_chain
from service import signing

FORMAT: Final = "accord evidence 2"
LARGEST: Final = 256 << 20
MOST_FILES: Final = 50_000
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
KEY: Final = "key.pem"
CHAIN: Final = "chain.jsonl"
OPENED: Final = "personal.jsonl"
DECISIONS: Final = "decisions.jsonl"
SENT: Final = "sent.jsonl"
README: Final = "README.txt"
_FIXED: Final = (MANIFEST, SIGNATURE, KEY, README, CHAIN, OPENED, DECISIONS, SENT)
_TEXT: Final = re.compile(r"texts/[0-9a-f]{64}\.txt")
_END: Final = b"PK\x05\x06"
_END_64: Final = b"PK\x06\x07"
_LONGEST_NAME: Final = 74
_HOW: Final = b"""Evidence of what was asked, decided and sent in one project.

chain.jsonl      one record a line, in order; each hash = SHA-256(hash of the line before + the record as JSON with
                 sorted keys, no spaces, UTF-8 not escaped); before the first one stand 64 zeros
personal.jsonl   what is personal in these records, with the salt it was committed to: `personal` of a record holds
                 SHA-256({"name":...,"salt":...,"value":...}), written in the same way; a value that is not here was
                 erased, and nothing else of its record can have been changed
decisions.jsonl  the decisions among them: who, what, when, and the text it was about
texts/           those texts, byte for byte; each is named by its SHA-256
sent.jsonl       the messages that went to the client, with every attempt and its outcome
manifest.json    SHA-256 of each file, length and head of the chain; signed in manifest.sig with the key in key.pem

With Accord:     accord audit verify FILE --key FINGERPRINT --head HASH
Without:         openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in manifest.json -sigfile manifest.sig
                 openssl pkey -pubin -in key.pem -outform DER | sha256sum
                 sha256sum chain.jsonl decisions.jsonl sent.jsonl texts/*

The fingerprint of the key and a head of the chain are printed in confirmations and weekly reports. Hold this file
against one of your own: without them nobody can tell a history that was rewritten and signed again from a true one.
"""
Link = Mapping[str, Any]


class BadBundle(ValueError):
    """A file that is no evidence at all; says why."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file says of itself, and what is wrong with it. known: number of the record with the head asked about;
    erased: how many personal values are in its records no longer.
    """

    project: str
    made_at: str
    length: int
    head: str
    key: str
    decisions: int
    sent: int
    erased: int
    known: int | None
    problems: tuple[str, ...]


def make(
    project: str,
    links: Sequence[Link],
    sent: Sequence[Mapping[str, Any]],
    key: Ed25519PrivateKey,
    at: datetime,
) -> bytes:
    """The bytes of the file. links: as `store.evidence.chain_of` gives them. Raises BadBundle past its bounds."""
    beside = [
        {"sequence": one["sequence"], "name": name, **value}
        for one in links
        for name, value in sorted(one["opened"].items())
        if name in one["record"].get(PERSONAL, {})
    ]
    chain = [{k: v for k, v in one.items() if k != "opened"} for one in links]
    derived = _decided(chain, _opened(chain, _lines(beside))[0])
    files = {README: _HOW, CHAIN: _lines(chain), OPENED: _lines(beside), **derived, SENT: _lines(sent)}
    manifest = {
        "format": FORMAT,
        "project": project,
        "made_at": iso_utc(at),
        "length": len(links),
        "head": links[-1]["hash"] if links else ZERO,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    said = (json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
    made = _zipped({MANIFEST: said, SIGNATURE: key.sign(said), KEY: signing.public_pem(key), **files})
    if len(made) > LARGEST or len(files) > MOST_FILES:
        raise BadBundle(f"this project's evidence is over {LARGEST >> 20} MB or {MOST_FILES} texts")
    return made


def check(given: bytes, key: str | None = None, head: str | None = None) -> Checked:
    """Look through a file. key, head: what the reader knows from elsewhere. Raises BadBundle for what is no bundle."""
    files = _unzipped(given)
    try:
        manifest = json.loads(files[MANIFEST])
        links = [json.loads(line) for line in files[CHAIN].splitlines()]
        pairs = [(link["record"], str(link["hash"])) for link in links]
        opened, strange = _opened(links, files[OPENED])
        derived = _decided(links, opened)
        print_ = signing.fingerprint(files[KEY])
        signed = signing.signed_by(files[KEY], files[SIGNATURE], files[MANIFEST])
        listed: Mapping[str, str] = dict(manifest["files"])
        said = {name: manifest[name] for name in ("project", "made_at", "length", "head")}
        end = pairs[-1][1] if pairs else ZERO
        numbered = all(link["sequence"] == n for n, link in enumerate(links, 1))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise BadBundle(f"its parts cannot be read ({type(problem).__name__})") from None
    problems = [] if signed else ["the manifest is not signed by the key that lies beside it"]
    problems += _sums(files, listed)
    problems += verify_chain(pairs)
    problems += strange
    problems += [f"{n}: does not say what the chain says" for n in derived if files.get(n) != derived[n]]
    if (said["length"], said["head"]) != (len(links), end) or not numbered:
        problems.append(f"the chain has {len(links)} records and ends at {end}; the manifest says otherwise")
    if _zipped(files) != given:
        problems.append("the file was changed outside of what it holds")
    if key is not None and key != print_:
        problems.append(f"it is signed by the key {print_}, not by {key}")
    heads = [ZERO, *(stored for _, stored in pairs)]
    known = heads.index(head) if head in heads else None
    if head is not None and known is None:
        problems.append(f"the head {head} is nowhere in its chain: records were changed or are missing")
    return Checked(
        project=str(said["project"]), made_at=str(said["made_at"]), length=len(links), head=end, key=print_,
        decisions=files[DECISIONS].count(b"\n"), sent=files[SENT].count(b"\n"), known=known,
        erased=sum(len(record.get(PERSONAL) or {}) for record, _ in pairs) - sum(map(len, opened.values())),
        problems=tuple(problems),
    )  # fmt: skip


def _opened(links: Sequence[Link], content: bytes) -> tuple[dict[int, dict[str, Any]], list[str]]:
    """What is known of the personal in each record, sequence -> name -> value; and what no record was made with."""
    records = {int(link["sequence"]): link["record"] for link in links}
    found: dict[int, dict[str, Any]] = {}
    strange: list[str] = []
    for one in map(json.loads, content.splitlines()):
        number, name = int(one["sequence"]), str(one["name"])
        if name in found.setdefault(number, {}) or unfit(records.get(number, {}), {name: one}):
            strange.append(f"record {number}: {name[:_LONGEST_NAME]!r} is not what the record was made with")
        found[number][name] = one["value"]
    return found, strange


def _decided(links: Sequence[Link], values: Mapping[int, Mapping[str, Any]]) -> dict[str, bytes]:
    """The decisions of a chain, with what is still known of whom, and the texts they were about, by file name."""
    found, texts = [], {}
    for link in links:
        record = link["record"]
        if "text" in record:
            content = str(record["text"]).encode()
            texts[f"texts/{hashlib.sha256(content).hexdigest()}.txt"] = content
            kept = {k: v for k, v in record.items() if k not in ("text", PERSONAL)}
            kept |= {**dict.fromkeys(record.get(PERSONAL) or {}), **values.get(link["sequence"], {})}
            found.append({"sequence": link["sequence"], **kept})
    return {DECISIONS: _lines(found), **dict(sorted(texts.items()))}


def _sums(files: Mapping[str, bytes], listed: Mapping[str, str]) -> list[str]:
    signed = {
        n: hashlib.sha256(c).hexdigest() for n, c in files.items() if n not in (MANIFEST, SIGNATURE, KEY)
    }
    found = [f"{n}: is not what was signed" for n in signed if n in listed and listed[n] != signed[n]]
    found += [f"{n[:_LONGEST_NAME]}: was signed and is missing" for n in listed if n not in signed]
    return found + [f"{n}: was not signed" for n in signed if n not in listed]


def _lines(values: Sequence[Mapping[str, Any]]) -> bytes:
    return "".join(write_json(dict(value)) + "\n" for value in values).encode()


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """The one form that these files have as a zip."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files, key=_place):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, files[name])
    return whole.getvalue()


def _place(name: str) -> tuple[int, str]:
    return (_FIXED.index(name) if name in _FIXED else len(_FIXED), name)


def _unzipped(given: bytes) -> dict[str, bytes]:
    """The files of a zip by name, all of them ours. Raises BadBundle before anything large is read."""
    if len(given) > LARGEST:
        raise BadBundle(f"it is larger than {LARGEST >> 20} MB")
    # The end is read by hand first: a forged one makes the reader of zips list millions of files.
    end = given[-22:]
    count, listed = int.from_bytes(end[10:12], "little"), int.from_bytes(end[12:16], "little")
    if end[:4] != _END or given[-42:-38] == _END_64 or count > MOST_FILES + len(_FIXED):
        raise BadBundle("it is no zip as `accord audit export` writes it")
    if listed > count * (46 + _LONGEST_NAME):
        raise BadBundle("its list of files is longer than the files it has")
    try:
        with zipfile.ZipFile(io.BytesIO(given)) as archive:
            entries = archive.infolist()
            _refuse_foreign(entries, len(given))
            files = {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as problem:
        raise BadBundle(
            str(problem) if isinstance(problem, BadBundle) else f"its zip is damaged: {problem}"
        ) from None
    if missing := [name for name in _FIXED if name not in files]:
        raise BadBundle(f"it has no {missing[0]}")
    return files


def _refuse_foreign(entries: Sequence[zipfile.ZipInfo], size: int) -> None:
    names = [entry.filename for entry in entries]
    strange = [name for name in names if name not in _FIXED and not _TEXT.fullmatch(name)]
    if strange or len(set(names)) != len(names):
        raise BadBundle(f"it holds what does not belong into evidence: {(strange or names)[0][:60]!r}")
    packed = any(e.compress_type != zipfile.ZIP_STORED or e.flag_bits for e in entries)
    if packed or sum(e.file_size for e in entries) > size:
        raise BadBundle("its files are packed; evidence is stored as it is")
