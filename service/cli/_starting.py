"""What can keep a part from starting, told to the operator in words instead of a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from service.cli import WRONG_USE
from service.embedded_redis import EmbeddedRedisError
from service.rulebook import BrokenFiles
from service.settings import SettingsError
from service.store.database import StorageError
from service.store.schema import SchemaError
from service.supervisor import AlreadyRunningError


class CannotStartError(click.ClickException):
    """Nothing can run until someone mends what the message names."""

    exit_code = WRONG_USE


@contextmanager
def starting() -> Iterator[None]:
    """Turns every known reason into `CannotStartError`; what is unknown keeps its traceback."""
    try:
        yield
    except BrokenFiles as error:
        raise CannotStartError(f"the workspace cannot be used:\n{error}") from None
    except StorageError as error:
        raise CannotStartError(
            f"the database cannot be used: {error}; check DATABASE_URL and its rights."
        ) from None
    except SettingsError as error:
        raise CannotStartError("\n  ".join(["these settings cannot be used:", *error.problems])) from None
    except (AlreadyRunningError, EmbeddedRedisError, SchemaError) as error:
        raise CannotStartError(str(error)) from None
