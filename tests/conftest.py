"""Fixtures that every folder of tests may use, and how hypothesis plays here."""

from hypothesis import settings

from tests.support.databases import database, postgres

__all__ = ["database", "postgres"]

# How long one example takes says more about the machine than about the code.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
