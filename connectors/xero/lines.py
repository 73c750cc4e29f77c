"""The lines of a Xero document, put together by project and cost class.

In: a document with its `LineItems`, the connection's settings. Out: `Part`s that add up to the document. Amounts are
without tax unless the setting `tax` says `inclusive` or the document is cash.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from connectors.base import Settings
from connectors.foreign import Foreign
from connectors.operations import refused
from connectors.xero.values import text_or_none
from rules.facts.catalogue import COST_CLASSES
from rules.facts.money import EXACT


@dataclass(frozen=True, slots=True)
class Part:
    """Lines that share tracking options and cost class: their sum, and the first description among them."""

    tags: tuple[str, ...]
    cost_class: str
    amount: Decimal
    title: str | None

    @property
    def name(self) -> str:
        """What tells it from the other parts of its document."""
        return f"{' + '.join(self.tags) or '-'}/{self.cost_class}"


def split(document: Foreign, settings: Settings, *, cash: bool = False) -> list[Part]:
    """The parts of a document, in the order of its lines. Without lines: the whole of it, without a project."""
    with_tax = cash or _with_tax(settings)
    groups: dict[tuple[tuple[str, ...], str], list[Foreign]] = {}
    lines = document.get("LineItems")
    for line in lines.each() if lines else ():
        # Lines of mere text carry neither amount nor project.
        if (amount := line.get("LineAmount")) and amount.number():
            groups.setdefault((_tags(line, settings), _cost_class(line, settings)), []).append(line)
    if not groups:
        whole = document["Total" if with_tax else "SubTotal"].number()
        return [Part((), _default_class(settings), whole, text_or_none(document.get("Reference")))]
    return [
        Part(tags, cost_class, _sum(_amount(line, document, with_tax) for line in found), _title(found))
        for (tags, cost_class), found in groups.items()
    ]


def _tags(line: Foreign, settings: Settings) -> tuple[str, ...]:
    """The tracking options of a line: all of them, or those of the category that holds projects."""
    wanted = settings.get("tracking_category")
    found = line.get("Tracking")
    return tuple(
        option["Option"].text()
        for option in (found.each() if found else ())
        if wanted is None or option["Name"].text() == wanted
    )


def _cost_class(line: Foreign, settings: Settings) -> str:
    account = line.get("AccountCode")
    found = _classes(settings).get(account.id()) if account else None
    return _known(found, "class_by_account", settings) if found else _default_class(settings)


def _classes(settings: Settings) -> dict[str, object]:
    given = settings.get("class_by_account") or {}
    if not isinstance(given, Mapping):
        raise refused(settings, "`class_by_account` must look like {429: material}")
    return {str(code): word for code, word in given.items()}


def _default_class(settings: Settings) -> str:
    return _known(settings.get("default_class", "other"), "default_class", settings)


def _known(word: object, where: str, settings: Settings) -> str:
    if word not in COST_CLASSES:
        raise refused(settings, f"`{where}` names {word!r}, known are {', '.join(COST_CLASSES)}")
    return str(word)


def _with_tax(settings: Settings) -> bool:
    word = settings.get("tax", "exclusive")
    if word not in ("exclusive", "inclusive"):
        raise refused(settings, f"`tax` is {word!r}, exclusive or inclusive expected")
    return bool(word == "inclusive")


def _amount(line: Foreign, document: Foreign, with_tax: bool) -> Decimal:
    """A line's amount with or without tax, whichever way the document writes its lines."""
    number, tax = line["LineAmount"].number(), line.get("TaxAmount")
    written = document.get("LineAmountTypes")
    written_with_tax = written is not None and written.text() == "Inclusive"
    if tax is None or written_with_tax == with_tax:
        return number
    return number + tax.number() if with_tax else number - tax.number()


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def _title(lines: Iterable[Foreign]) -> str | None:
    texts = (text_or_none(line.get("Description")) for line in lines)
    return next((text for text in texts if text), None)
