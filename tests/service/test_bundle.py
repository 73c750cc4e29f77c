"""Evidence in one file: it proves itself, a byte changed anywhere is found, and hostile files are refused unread."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from rules.facts.evidence import ZERO, commitment, link, text_hash
from service import bundle, signing
from service.bundle import BadBundle, check, make

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
OWN, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
TEXT = "变更内容：增加导出功能\n影响：+5 个工作日，+CNY 8,000.00\n调整后里程碑：M2 2026-10-15\n"
SENT = [{"id": "act_1", "address": "ann@acme.example", "attempts": [{"outcome": "sent", "status": 250}]}]


NAME = {"salt": "5a17" * 8, "value": "Ann Lee"}
ASKED = {
    "event": "approval.answered",
    "decision": "approved",
    "text": TEXT,
    "text_sha256": text_hash(TEXT),
    "personal": {"name": commitment("name", **NAME)},
}


def chain(*records: dict[str, Any]) -> list[dict[str, Any]]:
    """Links as the store gives them, each with the name that it was made with."""
    found, head = [], ZERO
    for number, record in enumerate(records, 1):
        head = link(head, record)
        opened = {"name": NAME} if "personal" in record else {}
        at = "2026-11-20T09:30:00.000000Z"
        found.append({"sequence": number, "at": at, "hash": head, "record": record, "opened": opened})
    return found


LINKS = chain(ASKED, {"event": "milestone.deemed", "clause": "7.2"}, {**ASKED, "decision": "rejected"})
WHOLE = make("apollo", LINKS, SENT, OWN, AT)
KEY = signing.fingerprint(signing.public_pem(OWN))
HEAD = str(LINKS[-1]["hash"])


def found_out(changed: bytes, key: str | None = KEY, head: str | None = HEAD) -> bool:
    """Whether the change is told, as a fault or as no evidence at all."""
    try:
        return check(changed, key, head).problems != ()
    except BadBundle:
        return True


def test_an_untouched_file_says_what_it_holds() -> None:
    """Records, decisions, messages, head and key; each decided text is there byte for byte, named by its sum."""
    checked = check(WHOLE, KEY, HEAD)
    assert checked.problems == ()
    assert (checked.length, checked.decisions, checked.sent, checked.known) == (3, 2, 1, 3)
    assert (checked.head, checked.key) == (HEAD, KEY)
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as archive:
        assert archive.read(f"texts/{text_hash(TEXT)}.txt").decode() == TEXT


def test_what_was_erased_is_missing_and_the_rest_proves_itself() -> None:
    """The same chain and head without the name: nothing is wrong, one value is told to be gone, its decision stands."""
    bare = [{**one, "opened": {}} if one["sequence"] == 1 else one for one in LINKS]
    checked = check(make("apollo", bare, SENT, OWN, AT), KEY, HEAD)
    assert checked.problems == ()
    assert (checked.erased, checked.decisions, checked.known) == (1, 2, 3)
    assert check(WHOLE).erased == 0
    with zipfile.ZipFile(io.BytesIO(make("apollo", bare, SENT, OWN, AT))) as archive:
        first, last = map(json.loads, archive.read("decisions.jsonl").splitlines())
    assert (first["name"], last["name"]) == (None, "Ann Lee")


@pytest.mark.parametrize("forged", [{**NAME, "value": "Bob Ray"}, {**NAME, "salt": "00" * 16}])
def test_a_name_that_was_not_there_is_found(forged: dict[str, str]) -> None:
    """Whoever has the key can sign another name beside the chain; the record was made with the true one."""
    other = make(
        "apollo", [{**one, "opened": {"name": forged}} for one in LINKS if one["sequence"] < 2], [], OWN, AT
    )
    assert "record 1: 'name' is not what the record was made with" in check(other, KEY).problems


def test_the_same_evidence_is_the_same_file() -> None:
    """Nothing in it hangs on where or when it was packed, so one byte can be held against another."""
    assert make("apollo", LINKS, SENT, OWN, AT) == WHOLE


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_a_byte_changed_anywhere_is_found(where: int, by: int) -> None:
    """In a record, a text, the signature, the key, or in what the zip says around them."""
    changed = bytearray(WHOLE)
    changed[where] ^= by
    assert found_out(bytes(changed))


def test_one_bit_of_every_byte_is_looked_at() -> None:
    """Each byte of each part of the file in turn, in steps that reach every part many times."""
    for where in range(0, len(WHOLE), 7):
        changed = bytearray(WHOLE)
        changed[where] ^= 1 << (where % 8)
        assert found_out(bytes(changed)), where


@given(st.integers(0, len(WHOLE) - 1))
def test_a_file_cut_short_is_found(length: int) -> None:
    """Wherever it ends."""
    assert found_out(WHOLE[:length])


@pytest.mark.parametrize("changed", [WHOLE + b"x", b"x" + WHOLE, bundle._zipped({})])
def test_what_is_added_around_it_is_found(changed: bytes) -> None:
    """Bytes before or after, and a zip with nothing in it."""
    assert found_out(changed)


def test_another_key_is_found_only_by_who_knows_the_true_one() -> None:
    """A history rewritten and signed again is whole in itself: the fingerprint that the reader holds tells."""
    forged = make("apollo", chain(*(link["record"] for link in LINKS[:2])), SENT, OTHER, AT)
    assert not found_out(forged, None, None)
    assert found_out(forged, KEY, None)
    assert found_out(forged, None, HEAD)


def test_a_history_cut_by_who_has_the_key_is_found_by_a_head() -> None:
    """The last record left out, signed with the true key: only a head that was printed later tells."""
    cut = make("apollo", LINKS[:2], SENT, OWN, AT)
    assert not found_out(cut, KEY, None)
    assert found_out(cut, KEY, HEAD)


def test_a_head_of_earlier_vouches_for_what_came_before_it() -> None:
    """A confirmation of months ago still counts: it names the record up to which all is as it was."""
    assert check(WHOLE, KEY, str(LINKS[1]["hash"])).known == 2


def zipped(files: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return whole.getvalue()


@pytest.mark.parametrize(
    ("hostile", "why"),
    [
        (zipped({"../../etc/cron.d/x": b"x"}), "does not belong"),
        (zipped({"texts/../../x.txt": b"x"}), "does not belong"),
        (zipped({"chain.jsonl": b"0" * 10_000_000}, zipfile.ZIP_DEFLATED), "packed"),
        (zipped({"chain.jsonl": b""}), "has no manifest.json"),
        (b"no zip", "no zip"),
        (zipped({f"texts/{n:064x}.txt": b"" for n in range(3)})[:-12] + b"\xff" * 12, "no zip"),
    ],
)
def test_hostile_files_are_refused_by_name(hostile: bytes, why: str) -> None:
    """Paths that lead out, packed bombs, forged lists: nothing of it is read, let alone written."""
    with pytest.raises(BadBundle, match=why):
        check(hostile)


@pytest.mark.parametrize("manifest", [b"[" * 100_000, b"{}", b"null", b'{"files": 1}', b"\xff"])
def test_a_manifest_that_is_none_is_refused(manifest: bytes) -> None:
    """Whatever lies in the place of the manifest, the answer is a sentence."""
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with pytest.raises(BadBundle, match="cannot be read"):
        check(bundle._zipped({**files, "manifest.json": manifest}))
