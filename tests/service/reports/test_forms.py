"""The forms of a report: mail, plain text and sheet say the same, and the sheet does nothing by itself."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from connectors.base import Operation, Settings
from connectors.email.compose import compose
from rules.engine.names import Facts
from rules.engine.reports.snapshot import report
from rules.facts.event import Record
from rules.language.reports import document
from service.reports.report import MOST_ROWS, mail_of, sheet_of
from service.reports.sheet import plain
from tests.support.worlds import World

CELL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
EVIL = '=HYPERLINK("https://evil.example","x")'


def made(lines: int = 3, **project: Any) -> Record:
    """A client's weekly report with that many lines, the first of which gives a formula as its reason."""
    world = World(
        "", {"projects": {"apollo": {"budget": {"total": 100_000}, **project}}}, now="2026-09-07 14:00"
    )
    for number in range(lines):
        reason = EVIL if number == 0 else f"Reason {number}"
        entry = {"class": "material", "number": f"BILL-{number}", "reason": reason}
        world.spend(f"B{number}", "10.10", work_date=date(2026, 9, 15), entry=entry)
    world.clock("2026-09-18 20:00")
    event = replace(world.event("slot.due"), id="evt_fixed")
    return {**report(Facts(event, world.book, world.state), world.book, "week", "client"), "anchor": None}


def texts_of(content: bytes) -> list[str]:
    """Every text of a sheet, and that it has no formula."""
    with zipfile.ZipFile(BytesIO(content)) as file:
        sheets = [file.read(n) for n in file.namelist() if n.startswith("xl/worksheets/sheet")]
        assert not any(b"<f>" in sheet for sheet in sheets), "a sheet holds a formula"
        shared = ET.fromstring(file.read("xl/sharedStrings.xml"))  # noqa: S314 (our own file)
        return ["".join(t.text or "" for t in item.iter(f"{CELL}t")) for item in shared.iter(f"{CELL}si")]


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_html_and_text_say_the_same(locale: str) -> None:
    """Every sentence, item and figure of the report stands in both parts of the mail."""
    record = made()
    mail = mail_of(record, locale, "America/New_York")
    assert mail.html is not None
    bare = (
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", mail.html)).replace("&#34;", '"').replace("&quot;", '"')
    )
    read = document(record, locale, "America/New_York")
    for part in read.parts:
        for said in (part.title, *part.says, *part.items):
            assert said in bare
            assert said in mail.body
        for table in part.tables:
            for row in (*table.rows, *table.foot):
                for value, column in zip(row, table.columns, strict=True):
                    if value is not None:
                        assert read.cell(value, column.kind) in bare
                        assert read.cell(value, column.kind) in mail.body


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_the_subject_is_short_and_begins_with_the_project(locale: str) -> None:
    """A reader of a list of mails sees whose report it is."""
    subject = mail_of(made(), locale, "UTC").subject
    assert subject.startswith("Apollo")
    assert len(subject) < 60


def test_a_test_is_marked() -> None:
    """What an observed project would have sent says so in subject and banner."""
    mail = mail_of(made(), "en", "UTC", test_for="Ann Lee")
    assert mail.subject.startswith("[TEST] Apollo")
    assert "Ann Lee" in mail.body


def test_making_a_form_again_gives_the_same_bytes() -> None:
    """A resend is the same mail with the same file, down to the byte."""
    record = made()
    first = mail_of(record, "en", "UTC", attach=["xlsx"])
    assert first == mail_of(record, "en", "UTC", attach=["xlsx"])
    assert first.attachments[0].content == sheet_of(record, "en", "UTC").content


def test_a_long_table_is_summed_up_in_the_mail_and_whole_in_the_sheet() -> None:
    """The mail prints so many lines and what the rest comes to; the sheet has every one."""
    record = made(MOST_ROWS + 25)
    body = mail_of(record, "en", "UTC").body
    assert "25 further lines: USD 252.50" in body
    assert len(re.findall(r"What BILL-\d+", body)) == MOST_ROWS
    numbers = {text for text in texts_of(sheet_of(record, "en").content) if text.startswith("BILL-")}
    assert len(numbers) == MOST_ROWS + 25


def test_a_text_that_looks_like_a_formula_stays_a_text() -> None:
    """What somebody typed into the books never becomes a formula on a reader's machine."""
    content = sheet_of(made(), "en").content
    assert f"'{EVIL}" in texts_of(content)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_each_beginning_of_a_formula_is_escaped(text: str) -> None:
    """All six signs that spreadsheets take for the beginning of a formula; other texts are left alone."""
    assert plain(text) == f"'{text}"
    assert plain(f"a{text}") == f"a{text}"


def test_money_in_the_sheet_is_a_number_with_its_currency() -> None:
    """A reader can calculate with it."""
    with zipfile.ZipFile(BytesIO(sheet_of(made(), "en").content)) as file:
        styles = file.read("xl/styles.xml").decode()
        spend = file.read("xl/worksheets/sheet3.xml").decode()
    assert "USD" in styles
    assert "<v>10.1</v>" in spend


def test_the_file_goes_with_the_mail() -> None:
    """A mail with a sheet has its text, its HTML and the file with name and type; the same bytes on every try."""
    message = mail_of(made(), "en", "UTC", attach=["xlsx"])
    operation = Operation("email", "act_1", "bob@acme.example", message)
    where = Settings("mail", {"from": "Northwind <p@northwind.example>"})
    at = datetime(2026, 9, 18, 20, tzinfo=UTC)
    mail = compose(operation, where, at).message
    (file,) = mail.iter_attachments()
    assert file.get_filename() == "apollo-week-2026-09-18.xlsx"
    assert file.get_content() == message.attachments[0].content
    assert [p.get_content_type() for p in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ]
    assert mail.as_bytes() == compose(operation, where, at).message.as_bytes()


def test_the_chain_of_evidence_is_named_where_there_is_one() -> None:
    """Number and head of the newest record, so that the client can hold us to it later."""
    record = {**made(), "anchor": {"sequence": 12, "head": "ab" * 32}}
    for locale in ("en", "zh-CN"):
        assert "ab" * 32 in mail_of(record, locale, "UTC").body
    assert "ab" * 32 not in mail_of(made(), "en", "UTC").body
