"""Connectors are found by folder: every package under `connectors/` has an attribute `connector`.

In: a name, or nothing. Out: `Connector`s. There is no table to edit; a folder that breaks the rule is an error that
names it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

import connectors
from connectors.base import Connector


def names() -> tuple[str, ...]:
    """The names of all connectors, sorted, without importing them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(connectors.__path__) if module.ispkg))


@cache
def load(name: str) -> Connector:
    """The connector of that name. LookupError names the ones there are."""
    if name not in names():
        raise LookupError(f"there is no connector `{name}`; there are: {', '.join(names())}")
    found = getattr(importlib.import_module(f"connectors.{name}"), "connector", None)
    if not isinstance(found, Connector) or found.name != name:
        raise LookupError(
            f"connectors/{name}/__init__.py must have `connector = Connector(name={name!r}, ...)`"
        )
    return found


def everything() -> Mapping[str, Connector]:
    """Every connector by name."""
    return {name: load(name) for name in names()}
