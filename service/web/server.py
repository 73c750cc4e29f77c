"""The web server: one process with threads, because the inbox has one writer.

In: a function that makes the WSGI application, called inside the serving process so that it may start threads.
Out: answers on the configured address until SIGTERM, which lets running requests finish.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker

from service import lifeline

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS: Final = 64
REQUEST_SECONDS: Final = 30.0
"""A request that has not arrived whole after this long is cut off: a slow client must not keep a thread."""
PRESSED_SECONDS: Final = 2.0
"""The same while every thread is taken: then slow clients would hold up all others."""
GRACE_SECONDS: Final = 20
NOT_LOADABLE: Final = 4
"""The exit code by which `make_app` says that trying again cannot help; gunicorn then gives up with it."""


def serve(make_app: Callable[[], WSGIApplication], host: str, port: int) -> int:
    """Serves on `host:port` until told to stop, and gives the server's exit code: 0, or what it gave up for."""
    try:
        _Application(make_app, f"[{host}]:{port}" if ":" in host else f"{host}:{port}").run()
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 1
    return 0


def taken(host: str, port: int) -> bool:
    """Whether something else listens there already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


class RecordLogger(Logger):  # type: ignore[misc] # gunicorn has no types
    """Hands the server's own records to the service's log; requests are logged by the application."""

    def setup(self, _cfg: Any) -> None:
        self.error_log.propagate = True
        self.error_log.setLevel(logging.getLogger().level)
        self.access_log.disabled = True

    def reopen_files(self) -> None:
        """Nothing to open again: records go to standard output."""


class GuardedWorker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Gunicorn's thread worker, which also cuts off clients that send their request drop by drop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._arriving: dict[TConn, float] = {}
        self._arriving_lock = threading.Lock()

    def handle(self, conn: TConn) -> Any:
        """Handles one request; since when is noted while it arrives."""
        with self._arriving_lock:
            self._arriving[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            with self._arriving_lock:
                self._arriving.pop(conn, None)

    def murder_pending(self) -> None:
        """Called about once a second: ends the reading side of what is overdue; an answer can still leave."""
        super().murder_pending()
        now = time.monotonic()
        with self._arriving_lock:
            patience = PRESSED_SECONDS if len(self._arriving) >= THREADS else REQUEST_SECONDS
            overdue = [conn for conn, began in self._arriving.items() if began + patience < now]
            for conn in overdue:
                del self._arriving[conn]
        for conn in overdue:
            try:
                conn.sock.shutdown(socket.SHUT_RD)
            except OSError:
                continue


class _Application(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    def __init__(self, make_app: Callable[[], WSGIApplication], bind: str) -> None:
        self._make_app = make_app
        self._bind = bind
        super().__init__()

    def load_config(self) -> None:
        wanted = {
            "bind": self._bind,
            "workers": 1,
            "worker_class": GuardedWorker,
            "threads": THREADS,
            "keepalive": 30,
            "timeout": 60,
            "graceful_timeout": GRACE_SECONDS,
            "umask": 0o077,
            "logger_class": RecordLogger,
            "post_fork": _tie_to_arbiter,
            # Its control socket is a second way in that nobody here uses.
            "control_socket_disable": True,
        }
        for name, value in wanted.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        return self._make_app()


def _tie_to_arbiter(_arbiter: Any, _worker: Any) -> None:
    lifeline.tie(os.getppid())
