"""A report as a tree of words and values, before any form: what mail, text, page and sheet are laid out from.

Texts are in the reader's language already. Cells of tables keep their values, with the kind of each column, so that a
page prints them and a sheet calculates with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from rules.language.wording import NOTHING, Wording

Kind = Literal["text", "money", "day", "share", "duration"]
FIGURES: Final = frozenset({"money", "share", "duration"})


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and the kind of the values below it."""

    title: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of values. foot: rows of sums below them. name: the sheet that it fills. more: a sentence below."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    foot: tuple[tuple[Any, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its length as a ratio of the longest, and the figure it stands for."""

    label: str
    length: Decimal
    figure: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars on a zero base. The title is what they show."""

    title: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One of the eight parts. One without sentences, charts and tables is empty, and says so."""

    name: str
    title: str
    says: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to say."""
        return not (self.says or self.items or self.charts or self.tables)


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report. lead: the finding in one sentence. small: what proves it."""

    subject: str
    title: str
    lead: str
    days: str
    parts: tuple[Part, ...]
    small: tuple[str, ...]
    none: str
    wording: Wording

    def lines(self) -> Iterator[str]:
        """Everything that a reader reads, line by line."""
        yield from (self.lead, self.days)
        for part in self.parts:
            yield part.title
            yield from (*part.says, *part.items)
            for chart in part.charts:
                yield chart.title
                yield from (f"{bar.label}: {bar.figure}" for bar in chart.bars)
            for table in part.tables:
                yield from self._rows(table)
            if part.empty:
                yield self.none
        yield from self.small

    def _rows(self, table: Table) -> Iterator[str]:
        yield table.title
        for row in (*table.rows, *table.foot):
            yield " | ".join(self.cell(v, c.kind) for v, c in zip(row, table.columns, strict=True))

    def cell(self, value: Any, kind: Kind) -> str:
        """A value of a table as it is read."""
        return shown(value, kind, self.wording)


def shown(value: Any, kind: Kind, wording: Wording) -> str:
    """A value in the manner of its column; nothing is a dash."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, str):
        return value
    if kind == "day" and isinstance(value, date):
        return value.isoformat()
    if kind == "share":
        return f"{value:.1f}%" if wording.chinese else f"{value:.1f} %"
    return wording.plain(value)
