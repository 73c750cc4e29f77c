"""`accord project`: where a project stands, and what two people or an approval settle about its baseline."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from service.cli import Invocation
from service.cli._books import BY, REASON, RefusedError, found, settled

if TYPE_CHECKING:
    from rules.facts.event import Record
    from rules.facts.project import Project
    from service.state import Figures


@click.group()
def command() -> None:
    """Show a project's figures, rebase it on its file, draw on its reserve, accept a questioned entry."""


@command.command("show")
@click.argument("project")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def show(invocation: Invocation, project: str, as_json: bool) -> None:
    """Where PROJECT stands: budget, forecast, earned value, retainer with its periods, KPIs."""
    from service.cli._open import opened
    from service.web.api.shapes import figures_shown

    with opened(invocation) as process:
        one = found(process, project)
        with process.context.database.reading() as connection:
            figures = process.context.figures(connection, one.id)
    if as_json:
        click.echo(json.dumps(figures_shown(figures), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_lines(one, figures)))


@command.command("rebase")
@click.argument("project")
@BY
@REASON
@click.pass_obj
def rebase(invocation: Invocation, project: str, by: str, reason: str) -> None:
    """Set the baseline of PROJECT to what its file says. The first person asks, a second one does it."""
    from rules.engine.effects.rebasing import differences
    from service.cli._open import opened
    from service.flow import books

    with opened(invocation) as process:
        one = found(process, project)
        with process.context.database.reading() as connection:
            differing = differences(one, process.context.state(connection).book)
        with settled(process):
            books.rebase(process.context, one, by, reason)
        with process.context.database.reading() as connection:
            left = differences(one, process.context.state(connection).book)
            baseline = process.context.state(connection).book.get("baseline", one.id) or {}
    for name, (kept, said) in differing.items():
        click.echo(f"  {name}: {kept if kept is not None else '-'} -> {said if said is not None else '-'}")
    if left:
        again = f"accord project rebase {one.id} --by SOMEBODY --reason ..."
        click.echo(f"{one.id}: asked for; a second person of the team agrees with: {again}")
    else:
        click.echo(f"{one.id}: rebased; the baseline is version {baseline['version']}")


@command.command("accept")
@click.argument("project")
@click.argument("entry")
@BY
@click.pass_obj
def accept(invocation: Invocation, project: str, entry: str, by: str) -> None:
    """Say that a questioned ENTRY of the ledger (an absurd amount, a far date) is meant as it stands: it counts."""
    from service.cli._open import opened
    from service.flow import books

    with opened(invocation) as process, settled(process):
        books.accept(process.context, found(process, project), entry, by)
    click.echo(f"{entry}: counts from now on")


@command.command("draw")
@click.argument("project")
@click.argument("amount")
@click.option("--risk", help="The id of the risk that it is for.")
@BY
@REASON
@click.pass_obj
def draw(invocation: Invocation, project: str, amount: str, risk: str | None, by: str, reason: str) -> None:
    """Ask to draw AMOUNT, such as "1500 USD", on the reserve of PROJECT; rules ask whoever has to agree."""
    from rules.facts.money import BadNumber, Money, UnknownCurrency
    from service.cli._open import opened
    from service.flow import books

    try:
        wanted = Money.parse(amount)
    except (BadNumber, UnknownCurrency) as error:
        raise RefusedError(str(error)) from None
    with opened(invocation) as process, settled(process):
        id = books.draw(process.context, found(process, project), wanted, by, reason, risk)
        click.echo(f"{id}: asked for; it is drawn when it is agreed to")


def _lines(project: Project, figures: Figures) -> Iterator[str]:
    yield f"{project.name} ({project.id}), {figures.status}, {figures.mode}"
    if figures.budget is None:
        yield "  not activated yet: there is no baseline"
        return
    yield from _budget(figures.budget, figures.forecast or {})
    yield from _earned(figures.earned)
    yield from _retainer(figures.retainer, figures.periods)
    yield from _kpis(figures.kpis)
    if figures.closed_until:
        yield f"books       closed up to {figures.closed_until}"


def _budget(budget: Record, forecast: Record) -> Iterator[str]:
    yield (
        f"budget      {_figure(budget['spent'])} of {_figure(budget['total'])} spent ({_share(budget['used'])}), "
        f"{_figure(budget['remaining'])} left, baseline {budget['version']}"
    )
    if budget["reserve"]:
        yield f"reserve     {_figure(budget['reserve_left'])} of {_figure(budget['reserve'])} left"
    if forecast.get("enough_data") and forecast.get("runway") is not None:
        yield f"forecast    {forecast['runway']} working days left, {_figure(forecast['at_completion'])} at completion"


def _earned(earned: Record | None) -> Iterator[str]:
    if earned is None:
        yield "earned      - (no milestone has a weight)"
        return
    yield f"earned      PV {_figure(earned['pv'])}  EV {_figure(earned['ev'])}  AC {_figure(earned['ac'])}"
    yield f"            CV {_figure(earned['cv'])}  SV {_figure(earned['sv'])}  {_share(earned['percent'])} done"
    yield f"            CPI {_figure(earned['cpi'])}  SPI {_figure(earned['spi'])}  TCPI {_figure(earned['tcpi'])}"
    yield f"            EAC {_figure(earned['eac'])} ({earned['method']})  VAC {_figure(earned['vac'])}"
    if earned["exhausted"]:
        yield "            the budget is exhausted and the work is not done"


def _retainer(now: Record | None, periods: Iterable[Record]) -> Iterator[str]:
    if now is None:
        return
    for closed in periods:
        billed = f", {_figure(closed['billed'])} billed" if closed["billed"] else ""
        ended = f"{_figure(closed['carry_on'])} carried on, {_figure(closed['forfeited'])} lost"
        used = f"{_figure(closed['used'])} of {_figure(closed['available'])} {now['unit']} used"
        yield f"retainer    {closed['period']}: {used}, {ended}, {_figure(closed['over'])} over{billed}"
    expiry = f", until {now['expires_on']}" if now["expires_on"] else ""
    yield (
        f"retainer    {now['period']}: {_figure(now['used'])} of {_figure(now['available'])} {now['unit']} used, "
        f"{_figure(now['left'])} left{expiry} (running)"
    )


def _kpis(kpis: Iterable[Record]) -> Iterator[str]:
    for kpi in kpis:
        target = "" if kpi["target"] is None else f", target {_figure(kpi['target'])}"
        state = "" if kpi["met"] is None else ", met" if kpi["met"] else ", not met"
        yield f"kpi         {kpi['name']} {_figure(kpi['value'])} ({kpi['trend']}{target}{state})"


def _figure(value: Any) -> str:
    """A figure as it is printed: money with its code, numbers with two decimals at most, nothing as "-"."""
    from rules.facts.money import Money, format_money

    if value is None:
        return "-"
    return format_money(value) if isinstance(value, Money) else f"{round(value, 2).normalize():f}"


def _share(ratio: Any) -> str:
    from rules.facts.money import format_percent

    return "-" if ratio is None else format_percent(ratio)
