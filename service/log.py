"""Structured logs on standard output: JSON a line for machines, readable colours on a terminal.

In: events with fields, from structlog and from every library that uses `logging`.
Out: the same records, each passed through one redaction: no registered secret leaves the process.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TextIO
from urllib.parse import quote

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED: Final = "[secret]"
# Shorter values would blank out ordinary words and numbers, which hides more than it protects.
SHORTEST_SECRET: Final = 6
# These libraries write a record for every call or poll; theirs are wanted only from this level on.
QUIETER: Final = dict.fromkeys(("alembic", "gunicorn.access", "rq", "urllib3"), logging.WARNING)

_secrets: set[str] = set()


def register_secret(value: str | None) -> None:
    """Makes `value` unreadable in every record from now on, also where it is percent-encoded in an address."""
    if value is None or len(value.strip()) < SHORTEST_SECRET:
        return
    _secrets.update({value, value.strip(), quote(value, safe="")})


def redact(text: str) -> str:
    """`text` with every registered secret replaced; for errors and pages as well as for records."""
    # Longest first: a secret that contains another one must not leave its remainder behind.
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return text


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A logger for one part of the service, e.g. `log.get("supervisor")`; fields are keyword arguments."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def bind(**fields: str) -> None:
    """Adds fields (request id, delivery id) to every record of the current thread or request until `unbind`."""
    structlog.contextvars.bind_contextvars(**fields)


@contextmanager
def bound(**fields: str | None) -> Iterator[None]:
    """Adds fields to every record of the block; what is none is left out, and what stood there before comes back."""
    with structlog.contextvars.bound_contextvars(**{k: v for k, v in fields.items() if v is not None}):
        yield


def unbind() -> None:
    """Forgets the fields that `bind` added."""
    structlog.contextvars.clear_contextvars()


def configure(level: str = "info", *, role: str = "", stream: TextIO | None = None) -> None:
    """Sends structlog and the standard library's records to `stream` (standard output) in one shape.

    level: debug, info, warning or error.  role: the part of the service this process plays, a field of every record.
    """
    out = stream if stream is not None else sys.stdout
    chain = _chain(role, for_people=out.isatty())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *chain,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = _Output(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_ending(out)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for name, quieter in QUIETER.items():
        logging.getLogger(name).setLevel(max(quieter, root.level))


class _Output(logging.Handler):
    """Writes to the given stream, else to whatever standard output is at that moment."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        out = self._stream or sys.stdout
        try:
            out.write(self.format(record) + "\n")
            out.flush()
        except (OSError, ValueError):
            # The reader of our output has gone; that must not stop the work.
            return
        except Exception:  # noqa: BLE001 (the standard library's way: a record that cannot be written is told apart)
            self.handleError(record)


def _chain(role: str, *, for_people: bool) -> list[Processor]:
    def add_role(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if role:
            event.setdefault("role", role)
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if for_people else "iso", utc=not for_people),
        add_role,
        _exception_as_text,
        _redacted,
    ]


def _ending(out: TextIO) -> list[Processor]:
    if out.isatty():
        return [structlog.dev.ConsoleRenderer(colors=True, pad_event_to=32)]
    return [structlog.processors.JSONRenderer(ensure_ascii=False, default=str)]


def _exception_as_text(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A traceback is made text before redaction, and without the values of local variables."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, BaseException):
        raised = (type(raised), raised, raised.__traceback__)
    if isinstance(raised, tuple) and raised[0] is not None:
        event["exception"] = "".join(traceback.format_exception(*raised)).rstrip()
    return event


def _redacted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # `_record` and its kin are how structlog and logging find each other again; the renderer never sees them.
    return {key: value if key.startswith("_") else _without_secrets(value) for key, value in event.items()}


def _without_secrets(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {redact(str(key)): _without_secrets(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_secrets(inner) for inner in value]
    return redact(value if isinstance(value, str) else str(value))
