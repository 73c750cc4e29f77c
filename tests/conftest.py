"""Fixtures that every folder of tests may use."""

from tests.support.databases import database, postgres

__all__ = ["database", "postgres"]
