"""The money part in words: sentences, charts whose titles are what they show, and tables that add up.

Every table has all of its lines; whoever prints only the first of many prints what the others come to.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rules.facts.event import Record
from rules.facts.money import Money
from rules.language.reports.document import Bar, Chart, Column, Kind, Table
from rules.language.reports.words import Words


def part(figures: Record, say: Words) -> Mapping[str, Any]:
    """The money of a snapshot, as far as it was taken down for this reader."""
    money = figures["money"]
    if money["shown"] == "nothing":
        return {"says": [say("money.nothing")]}
    if money["shown"] == "price":
        return {"says": [say("money.price", **{k: money[k] for k in ("total", "billed", "collected")})]}
    charts = [_budget(money, say), *([_classes(money, say)] if money["period"].amount > 0 else [])]
    return {
        "says": _sentences(money, figures, say),
        "charts": charts,
        "tables": [_class_table(money, say), *([_line_table(money, figures, say)] if money["lines"] else [])],
    }


def _sentences(money: Record, figures: Record, say: Words) -> list[str]:
    used = say.wording.percent(money["used"])
    forecast = money["forecast"]
    said = [
        say(
            "money.spent", spent=money["spent"], total=money["total"], used=used, remaining=money["remaining"]
        ),
        say("money.period", period=money["period"]),
    ]
    if money["reserve"]:
        said.append(say("money.reserve", reserve=money["reserve"], left=money["reserve_left"]))
    earned = money["earned"]
    if earned["pv"]:
        said.append(say("money.earned", pv=earned["pv"], ev=earned["ev"]))
    if figures["view"] == "team" and (earned["cpi"] is not None or earned["spi"] is not None):
        said.append(say("money.indices", **{k: say.wording.number(earned[k], 2) for k in ("cpi", "spi")}))
    if forecast["exhausted_on"] and forecast["overrun"]:
        said.append(say("money.pace", on=forecast["exhausted_on"]))
    if forecast["at_completion"]:
        said.append(say("money.ends", at=forecast["at_completion"]))
    elif not forecast["enough_data"]:
        said.append(say("money.no_forecast"))
    return said


def _budget(money: Record, say: Words) -> Chart:
    """Budget, spending and where it is heading, on one scale."""
    bars = [("total", money["total"]), ("spent", money["spent"])]
    forecast = money["forecast"]["at_completion"]
    title = say("money.chart_spent", used=say.wording.percent(money["used"]))
    if forecast:
        bars.append(("forecast", forecast))
        if money["total"]:
            title = say("money.chart_ends", share=say.wording.percent(forecast / money["total"]))
    longest = max(amount.amount for _, amount in bars)
    return Chart(
        title,
        tuple(Bar(say(f"money.bar.{n}"), _length(a, longest), say.wording.money(a)) for n, a in bars),
    )


def _classes(money: Record, say: Words) -> Chart:
    shown = [c for c in money["classes"] if c["period"].amount > 0]
    largest = max(shown, key=lambda c: c["period"].amount)
    share = _share(largest["share"], say)
    title = say("money.chart_classes", name=say.named("class", largest["class"]), share=share)
    longest = largest["period"].amount
    return Chart(
        title,
        tuple(
            Bar(
                say.named("class", c["class"]),
                _length(c["period"], longest),
                _with_share(c, say),
            )
            for c in shown
        ),
    )


def _class_table(money: Record, say: Words) -> Table:
    kinds: tuple[tuple[str, Kind], ...] = (
        ("class", "text"),
        ("period", "money"),
        ("share", "share"),
        ("spent", "money"),
        ("total", "money"),
    )
    rows = tuple(
        (say.named("class", c["class"]), c["period"], c["share"], c["spent"], c["total"])
        for c in money["classes"]
    )
    foot: list[tuple[Any, ...]] = []
    if money["opening"]:
        foot.append((say("money.opening"), None, None, money["opening"], None))
    if money["reserve"] and any(c["total"] is not None for c in money["classes"]):
        foot.append((say("money.reserve_line"), None, None, None, money["reserve"]))
    whole = Decimal("100.0") if money["period"] else None
    foot.append((say("money.sum"), money["period"], whole, money["spent"], money["total"]))
    columns = tuple(Column(say(f"money.col.{name}"), kind) for name, kind in kinds)
    return Table("classes", say("money.classes"), columns, rows, tuple(foot))


def _line_table(money: Record, figures: Record, say: Words) -> Table:
    kinds: list[tuple[str, Kind]] = [
        ("on", "day"),
        ("class", "text"),
        ("what", "text"),
        ("who", "text"),
        ("reason", "text"),
        ("amount", "money"),
    ]
    timed = any(line["hours"] is not None for line in money["lines"])
    if timed:
        kinds.insert(5, ("hours", "duration"))
    rows = tuple(tuple(_cell(line, name, say) for name, _ in kinds) for line in money["lines"])
    columns = tuple(Column(say(f"money.col.{name}"), kind) for name, kind in kinds)
    blank: tuple[Any, ...] = (None,) * (len(kinds) - 2)
    sums = [(say("money.sum"), money["period"])]
    sums += [(say("money.before", **{"from": figures["from"]}), money["before"])] if money["before"] else []
    sums += [(say("money.after", until=figures["until"]), money["after"])] if money["after"] else []
    sums += [(say("money.in_all"), money["spent"])] if len(sums) > 1 else []
    foot = tuple((label, *blank, amount) for label, amount in sums)
    return Table("spend", say("money.lines"), columns, rows, foot)


def _cell(line: Record, name: str, say: Words) -> Any:
    if name == "class":
        return say.named("class", line["class"])
    if name == "what":
        return line["what"] or say.named("entry", line["kind"])
    if name == "reason":
        return line["reason"] or say("money.no_reason")
    return line[name]


def _share(share: Decimal, say: Words) -> str:
    return f"{share}%" if say.wording.chinese else f"{share} %"


def _with_share(cost_class: Record, say: Words) -> str:
    amount, share = say.wording.money(cost_class["period"]), _share(cost_class["share"], say)
    return f"{amount}（{share}）" if say.wording.chinese else f"{amount} ({share})"


def _length(amount: Money, longest: Decimal) -> Decimal:
    if longest <= 0:
        return Decimal(0)
    return max(Decimal(0), (amount.amount / longest).quantize(Decimal("0.001")))
