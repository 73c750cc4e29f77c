"""A report laid out: the record of a snapshot in, mail, plain text or page blocks out.

In: the record and a locale. Out: a `Message`, or the blocks that mail and page share. Every form says the same; what is
too long for a mail is summed up in one line there, and stands whole in the sheet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from connectors.base import Attachment, Message
from rules.facts.event import Record
from rules.facts.money import Money
from rules.language.reports import Chart, Document, Part, Table, document
from rules.language.reports.document import FIGURES
from rules.language.reports.words import words
from service.reports.mail import Frame, framed
from service.reports.sheet import MEDIA_TYPE, sheet

MOST_ROWS: Final = 40
Block = Mapping[str, Any]


def mail_of(
    report: Record,
    locale: str,
    zone: str,
    *,
    test_for: str | None = None,
    attach: Sequence[str] = (),
) -> Message:
    """The report as a mail to one reader. attach: "xlsx" for the sheet."""
    read = document(report, locale, zone)
    figures = report["_figures"]
    frame = Frame(read.wording.locale, figures["sender"], figures["project"], test_for, read.small)
    return framed(
        read.subject,
        read.lead,
        list(blocks_of(read)),
        frame,
        short=read.lead,
        attachments=[sheet_of(report, locale, zone)] if "xlsx" in attach else (),
    )


def sheet_of(report: Record, locale: str, zone: str | None = None) -> Attachment:
    """The report as an XLSX file, the same bytes each time."""
    until = report["ends_on"].isoformat()
    name = f"{report['project']}-{report['period']}-{until}.xlsx"
    return Attachment(name, MEDIA_TYPE, sheet(report, document(report, locale, zone)))


def blocks_of(read: Document, most: int = MOST_ROWS) -> Iterator[Block]:
    """The blocks of the eight parts, in their order."""
    yield {"kind": "text", "text": read.days}
    for part in read.parts:
        yield {"kind": "heading", "text": part.title}
        yield from _part(part, read, most)


def _part(part: Part, read: Document, most: int) -> Iterator[Block]:
    if part.says:
        yield {"kind": "text", "text": "\n".join(part.says)}
    if part.items or part.empty:
        yield {"kind": "list", "items": list(part.items)}
    for chart in part.charts:
        yield _bars(chart)
    for table in part.tables:
        yield _table(table, read, most)


def _bars(chart: Chart) -> Block:
    rows = [(bar.label, float(bar.length * 100), bar.figure) for bar in chart.bars]
    return {"kind": "bars", "title": chart.title, "rows": rows}


def _table(table: Table, read: Document, most: int) -> Block:
    rows, left = table.rows[:most], table.rows[most:]
    foot = [*([_rest(left, table, read)] if left else []), *table.foot]
    return {
        "kind": "table",
        "title": table.title,
        "columns": [column.title for column in table.columns],
        "words": [i for i, column in enumerate(table.columns) if column.kind not in FIGURES],
        "rows": [[read.cell(v, c.kind) for v, c in zip(r, table.columns, strict=True)] for r in rows],
        "foot": [
            ["" if v is None else read.cell(v, c.kind) for v, c in zip(r, table.columns, strict=True)]
            for r in foot
        ],
    }


def _rest(left: Sequence[Sequence[Any]], table: Table, read: Document) -> Sequence[Any]:
    """One line for all that are not printed, with what they come to, so that the table still adds up."""
    say = words(read.wording.locale, read.wording.zone)
    amounts = [row[-1] for row in left if isinstance(row[-1], Money)]
    whole = sum(amounts[1:], start=amounts[0]) if amounts else None
    blank = (None,) * (len(table.columns) - 2)
    return (say("money.rest", len(left)), *blank, whole)
