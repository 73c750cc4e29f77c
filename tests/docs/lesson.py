"""Following a page as its reader would: files are written, commands are run, outputs are held against the page.

In: the blocks of a page and an empty folder. Out: a `Difference` wherever the page promises something else than what
happens. A block whose first line is `# NAME` is the whole file NAME; with ", added at the end" it goes below what is
there. A `console` block has commands after `$ ` and what they print; `...` stands for any text.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.markdown import Block

FILES = ("yaml", "sh")
_NAME = re.compile(r"# (?P<name>[\w./-]+)(?P<added>, added at the end)?\n")
Accord = Callable[[list[str], Path], str]
"""Runs an `accord` command line in a folder and gives everything that it prints."""


@dataclass(frozen=True)
class Difference:
    """What the page shows, and what is so. `line` is that of the page."""

    line: int
    command: str
    shown: str
    found: str

    def __str__(self) -> str:
        return f"line {self.line}: $ {self.command}\n--- the page shows\n{self.shown}\n--- it prints\n{self.found}"


@dataclass
class Lesson:
    """A reader with a folder. `written`: the files they have typed so far."""

    place: Path
    accord: Accord
    written: list[Path] = field(default_factory=list)

    def follow(self, block: Block) -> list[Difference]:
        """Do what one block says."""
        if block.language in FILES:
            self._write(block)
            return []
        if block.language == "console":
            return self._run(block)
        return []

    def _write(self, block: Block) -> None:
        named = _NAME.match(block.text)
        assert named is not None, (
            f"line {block.line}: a file to type begins with its name, such as `# rules/team.yaml`"
        )
        path = self.place / named["name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if named["added"] else ""
        path.write_text(before + block.text[named.end() :], encoding="utf-8")
        self.written.append(path)

    def _run(self, block: Block) -> list[Difference]:
        found = []
        parts = re.split(r"^\$ (.*)$", block.text, flags=re.MULTILINE)
        for command, shown in zip(parts[1::2], parts[2::2], strict=True):
            printed = self._command(command).strip()
            if not _fits(shown.strip(), printed):
                found.append(Difference(block.line, command, shown.strip(), printed))
        return found

    def _command(self, command: str) -> str:
        name, *words = shlex.split(command)
        if name == "cd":
            self.place = self.place / words[0]
            return ""
        if name == "rm":
            for path in [p for word in words for p in sorted(self.place.glob(word))]:
                path.unlink()
            return ""
        assert name == "accord", f"`{command}` is no command that this page may show"
        return self.accord(words, self.place)


def _fits(shown: str, printed: str) -> bool:
    # Alone on a line it stands for any lines.
    lines = [
        "(?s:.*)" if line == "..." else ".*".join(map(re.escape, line.split("...")))
        for line in shown.split("\n")
    ]
    return re.fullmatch("\n".join(lines), printed) is not None
