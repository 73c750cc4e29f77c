"""`accord audit export` and `verify`: what a client agreed to, in a file that they can check without us."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.cli import main
from tests.support.seeding import Seed, close, opened


@pytest.fixture
def seed(tmp_path: Path) -> Iterator[Seed]:
    made = opened(tmp_path)
    yield made
    close(made)


@pytest.fixture
def home(seed: Seed) -> str:
    return str(seed.context.settings.home)


def decide(seed: Seed) -> str:
    """Ann approves on her page; the confirmation that she sees."""
    seed.project("apollo")
    seed.change()
    seed.approval()
    client, path = seed.app.test_client(), "/a/" + seed.link("approval", "apr_export", "ann")
    nonce = client.get(path).text.partition('name="nonce" value="')[2].partition('"')[0]
    said = {"decision": "approved", "name": "Ann Lee", "statement": "yes", "nonce": nonce}
    return client.post(path, data=said, follow_redirects=True).text


def printed(said: str, word: str) -> str:
    return next(line.split()[1] for line in said.splitlines() if line.split()[:1] == [word])


def test_a_client_checks_the_file_against_their_confirmation(
    seed: Seed, home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Head and key stand in the confirmation; with both, the file is proven from outside of any workspace."""
    confirmation = decide(seed)
    file = tmp_path / "apollo.zip"
    assert main(["--home", home, "audit", "export", "apollo", str(file)]) == 0
    said = capsys.readouterr().out
    head, key = printed(said, "head"), printed(said, "key")
    assert head in confirmation
    assert key in confirmation
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert main(["audit", "verify", str(file), "--key", key, "--head", head]) == 0
    said = capsys.readouterr().out
    assert "nothing before it was changed" in said
    assert "not excluded" not in said


def test_without_anchors_it_is_said_what_is_not_known(
    seed: Seed, home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file alone proves that it fits together, and names the two things that it cannot prove."""
    decide(seed)
    file = tmp_path / "apollo.zip"
    main(["--home", home, "audit", "export", "apollo", str(file)])
    assert main(["audit", "verify", str(file)]) == 0
    said = capsys.readouterr().out
    assert "not excluded without --key" in said
    assert "not excluded without --head" in said


def test_a_changed_word_is_named(
    seed: Seed, home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, with the part that was changed."""
    decide(seed)
    file = tmp_path / "apollo.zip"
    main(["--home", home, "audit", "export", "apollo", str(file)])
    with zipfile.ZipFile(file) as archive:
        text = next(name for name in archive.namelist() if name.startswith("texts/"))
    file.write_bytes(file.read_bytes().replace(b"8,000.00", b"9,000.00"))
    assert main(["audit", "verify", str(file)]) == 1
    said = capsys.readouterr().err
    assert text in said or "damaged" in said


def test_evidence_replaces_no_file_and_knows_its_projects(
    seed: Seed, home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong use is told with the mend; a project without any record has evidence of exactly that."""
    seed.project("apollo")
    file = tmp_path / "empty.zip"
    assert main(["--home", home, "audit", "export", "appollo", str(file)]) == 2
    assert "apollo" in capsys.readouterr().err
    assert main(["--home", home, "audit", "export", "apollo", str(file)]) == 0
    assert main(["--home", home, "audit", "export", "apollo", str(file)]) == 2
    assert main(["audit", "verify", str(file), "--head", "short"]) == 2
    assert main(["audit", "verify", str(file), "--head", "0" * 64]) == 0
