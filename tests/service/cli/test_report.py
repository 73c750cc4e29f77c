"""`accord report`: the report of now from the record of a running installation, in each form."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.process import Process
from tests.service.cli.places import Accord, accord, begun, home, parsed
from tests.service.cli.test_explain import book

__all__ = ["accord", "begun", "home"]


@pytest.fixture
def booked(begun: Process) -> Process:
    """Apollo with a bill."""
    book(begun, "B1", 4100)
    return begun


def test_text_is_what_the_client_would_read(booked: Process, home: Path, accord: Accord) -> None:
    """By default the week, as the client would get it, in the client's language."""
    code, said, _ = accord("--home", home, "report", "apollo")
    assert code == 0
    assert "## Waiting on you" in said
    assert "USD 46,100.00 of USD 100,000.00 is spent (46.1 %)" in said


def test_view_language_and_form_can_be_chosen(
    booked: Process,
    home: Path,
    accord: Accord,
    tmp_path: Path,
) -> None:
    """The team's view in Chinese as HTML; a sheet as a file; the figures as JSON."""
    code, said, _ = accord(
        "--home", home, "report", "apollo", "--view", "team", "--locale", "zh-CN", "--format", "html"
    )
    assert code == 0
    assert "待客户处理" in said
    assert said.lower().startswith("<!doctype html>")
    sheet = tmp_path / "apollo.xlsx"
    assert accord("--home", home, "report", "apollo", "--format", "xlsx", "-o", sheet)[0] == 0
    assert sheet.read_bytes()[:2] == b"PK"
    figures = parsed(accord("--home", home, "report", "apollo", "--period", "month", "--json")[1])
    assert (figures["period"], figures["figures"]["money"]["spent"]["amount"]) == ("month", "46100.00")


def test_what_is_not_there_is_named(booked: Process, home: Path, accord: Accord) -> None:
    """An unknown project is wrong use, with the ones there are; an unknown report is a finding."""
    code, _, told = accord("--home", home, "report", "apolo")
    assert code == 2
    assert "there is no project apolo" in told
    assert "did you mean `apollo`?" in told
    code, _, told = accord("--home", home, "report", "apollo", "--id", "rep_0")
    assert (code, told.strip()) == (1, "there is no report rep_0 of apollo on record")
