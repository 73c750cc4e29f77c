"""A report as an XLSX file: one sheet of words, one for each table with figures that calculate.

In: the record of a report and its `Document`. Out: the file's bytes, the same for the same report. Money is a number
with its currency in the format; a text that begins like a formula is written as text.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from rules.facts.event import Record
from rules.facts.money import MINOR_UNITS, Money
from rules.language.reports import Document, Table
from rules.language.reports.words import words

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_WIDTHS: Final = {"money": 18, "day": 12, "share": 10, "duration": 12, "text": 28}


def sheet(report: Record, read: Document) -> bytes:
    """The whole file."""
    out = BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    # Every part of the service can make a sheet and hardly ever does: the library comes into memory with the first.
    with importlib.import_module("xlsxwriter").Workbook(out, options) as book:
        made = report["made_at"].replace(tzinfo=None)
        book.set_properties({"title": read.subject, "author": report["_figures"]["sender"], "created": made})
        pages = _Pages(book)
        say = words(read.wording.locale, read.wording.zone)
        _words(pages, say("sheet.report"), read)
        for part in read.parts:
            for table in part.tables:
                _table(pages, say(f"sheet.{table.name}"), table, read)
    return out.getvalue()


def plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula, also after it is saved as CSV."""
    return f"'{text}" if text.startswith(_FORMULA) else text


class _Pages:
    """A workbook with its formats, each made once."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self._formats: dict[tuple[Any, ...], Format] = {}

    def format(self, number: str = "", *, bold: bool = False, size: int = 11) -> Format:
        """The format of that kind."""
        key = (number, bold, size)
        if key not in self._formats:
            wanted = {
                "bold": bold,
                "font_size": size,
                "valign": "top",
                **({"num_format": number} if number else {}),
            }
            self._formats[key] = self.book.add_format(wanted)
        return self._formats[key]


def _words(pages: _Pages, name: str, read: Document) -> None:
    """All that is said, a line each."""
    page = pages.book.add_worksheet(name)
    page.set_column(0, 0, 100)
    lines: list[tuple[str, bool]] = [(read.subject, True), (read.lead, False), (read.days, False)]
    for part in read.parts:
        lines += [("", False), (part.title, True)]
        charts = [f"{bar.label}: {bar.figure}" for chart in part.charts for bar in chart.bars]
        said = [*part.says, *part.items, *charts]
        lines += [(one, False) for one in said] or ([(read.none, False)] if part.empty else [])
    lines += [("", False), *((one, False) for one in read.small)]
    for row, (text, bold) in enumerate(lines):
        page.write_string(row, 0, plain(text), pages.format(bold=bold, size=14 if row == 0 else 11))


def _table(pages: _Pages, name: str, table: Table, read: Document) -> None:
    page = pages.book.add_worksheet(name)
    for column, heading in enumerate(table.columns):
        page.set_column(column, column, _WIDTHS[heading.kind])
        page.write_string(0, column, plain(heading.title), pages.format(bold=True))
    page.freeze_panes(1, 0)
    for number, row in enumerate((*table.rows, *table.foot), start=1):
        _row(pages, page, number, row, (table, read))


def _row(pages: _Pages, page: Worksheet, number: int, row: Sequence[Any], of: tuple[Table, Document]) -> None:
    table, read = of
    bold = number > len(table.rows)
    for column, value in enumerate(row):
        kind = table.columns[column].kind
        if value is None:
            continue
        if isinstance(value, Money):
            digits = MINOR_UNITS[value.currency]
            shape = f'"{value.currency}" #,##0' + (f".{'0' * digits}" if digits else "")
            page.write_number(number, column, float(value.amount), pages.format(shape, bold=bold))
        elif isinstance(value, date):
            page.write_datetime(number, column, value, pages.format("yyyy-mm-dd", bold=bold))
        elif kind == "share" and not isinstance(value, str):
            page.write_number(number, column, float(value), pages.format("0.0", bold=bold))
        else:
            page.write_string(number, column, plain(read.cell(value, kind)), pages.format(bold=bold))
