"""The packs that ship: a folder each with its rules, texts in every locale, scenarios and README.

In: a pack's name. Out: its sources for the loader. Adding a pack is adding a folder.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from rules.language.packs import Pack

FOLDER = Path(str(files(__name__)))


def names() -> list[str]:
    """The packs there are."""
    return sorted(p.parent.name for p in FOLDER.glob("*/rules.yaml"))


@cache
def read_pack(name: str) -> Pack | None:
    """The sources of a pack, with paths as problems show them; none where there is none."""
    if name not in names():
        return None
    place = FOLDER / name
    texts = [(f"packs/{name}/texts/{p.name}", p.stem, _text(p)) for p in sorted(place.glob("texts/*.yaml"))]
    return Pack(name, ((f"packs/{name}/rules.yaml", _text(place / "rules.yaml")),), tuple(texts))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
