"""The example agency's record for tests of pages: empty for those that change it, filled once for those that look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.lively import lively
from tests.support.seeding import Seed, close, opened


@pytest.fixture
def seed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seed]:
    """An empty record of its own."""
    made = opened(tmp_path_factory.mktemp("home"))
    yield made
    close(made)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Seed, dict[str, str]]]:
    """A lively record that nobody changes, with the ids to open."""
    made = opened(tmp_path_factory.mktemp("home"))
    ids = lively(made)
    for role in ("owner", "lead", "member", "viewer"):
        made.user(role)
    yield made, ids
    close(made)
