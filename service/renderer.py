"""Texts are rendered in a child process with limits of time and memory: a template that eats either harms nobody.

In: a text, its names, a locale and a zone. Out: the rendered text, or `RenderError` in plain words.
Run as a module this file is the child: one request a line in, one answer a line out, in the codec's JSON.
"""

from __future__ import annotations

import contextlib
import resource
import select
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any

from rules.facts import codec
from rules.language.model import Position, Text
from rules.language.texts import Rendered, TextError, render

SECONDS = 3.0
MEMORY = 512 * 1024 * 1024
NOWHERE = Position("", 0, 0)


class RenderError(Exception):
    """A text could not be rendered; the message names what is wrong in it."""


class Renderer:
    """Owns the child, starts it when first needed and again after it was ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def render(self, text: Text, names: Mapping[str, Any], locale: str, zone: str) -> Rendered:
        """The text with its names filled in. Raises RenderError."""
        asked = codec.dumps(
            {
                "subject": text.subject,
                "body": text.body,
                "short": text.short,
                "names": names,
                "locale": locale,
                "zone": zone,
            }
        )
        with self._lock:
            answer = codec.loads(self._ask(asked.encode() + b"\n"))
        if "error" in answer:
            raise RenderError(f"{text.at}: {answer['error']}")
        return Rendered(answer["subject"], answer["body"], answer["short"])

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _ask(self, line: bytes) -> str:
        child = self._child
        if child is None or child.poll() is not None:
            child = self._child = subprocess.Popen(
                [sys.executable, "-m", "service.renderer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        if child.stdin is None or child.stdout is None:
            raise RenderError("the renderer did not start")
        try:
            child.stdin.write(line)
            child.stdin.flush()
            # Not select(): it knows no descriptor beyond 1,023, and a busy web process has more of them open.
            answered = select.poll()
            answered.register(child.stdout, select.POLLIN)
            answer = child.stdout.readline() if answered.poll(SECONDS * 3000) else b""
        except BrokenPipeError:
            answer = b""
        if not answer:
            self._end()
            raise RenderError("the text took more time or memory than a text may; make it simpler")
        return answer.decode()

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            for pipe in (self._child.stdin, self._child.stdout):
                with contextlib.suppress(OSError):
                    if pipe:
                        pipe.close()
            self._child = None


def serve() -> None:
    """Answer requests until the parent closes the pipe."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for line in sys.stdin.buffer:
        # The limit of processor time is moved on with each request: it bounds one text, not the child's life.
        used = resource.getrusage(resource.RUSAGE_SELF)
        limit = int(used.ru_utime + used.ru_stime + SECONDS) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        sys.stdout.write(codec.dumps(_answer(codec.loads(line.decode()))) + "\n")
        sys.stdout.flush()


def _answer(asked: dict[str, Any]) -> dict[str, str]:
    text = Text(asked["subject"], asked["body"], asked["short"], NOWHERE)
    try:
        made = render(text, asked["names"], asked["locale"], asked["zone"])
    except TextError as problem:
        return {"error": str(problem)}
    except MemoryError:
        return {"error": "the text takes more memory than a text may"}
    return {"subject": made.subject, "body": made.body, "short": made.short}


if __name__ == "__main__":
    serve()
