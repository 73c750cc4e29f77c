"""`accord erase WHO`: take what is personal of somebody out of the record."""

from __future__ import annotations

import click

from service.cli import Invocation

STAYS = (
    "what stays: that something happened, amounts and dates, what was decided and the exact text of it; "
    "the chain of evidence still verifies"
)


@click.command()
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do it. Without this it only says whom it would concern.")
@click.pass_obj
def command(invocation: Invocation, who: str, yes: bool) -> None:
    """Erase what is personal of WHO, a person or a client with all its contacts, by key. This cannot be undone.

    Their names and addresses wherever they stand in the record, what they wrote and what was sent to them, the webhook
    calls it came in, name, remark, address and browser of their decisions, and every link of theirs. Take them out of
    the workspace files (`until:`) as well, and out of backups.
    """
    from service.cli._open import opened
    from service.flow import forget

    with opened(invocation) as process:
        try:
            people, clients = forget.people_behind(process.context.rulebook.workspace, who)
        except LookupError as error:
            raise click.UsageError(str(error)) from None
        if not yes:
            click.echo(f"this would erase {', '.join(people)} for good; {STAYS}")
            click.echo(f"to do it: accord erase {who} --yes")
            return
        found = forget.erase(process.context, who, people, clients)
    named = found["named_still"]
    click.echo("erased: " + ", ".join(f"{n} {what}" for what, n in found.items() if what != "named_still"))
    click.echo(STAYS)
    if named:
        click.echo(
            f"{named} records of the chain name them for good: in a text that both sides agreed on, or because they "
            "were made by version 0.1.0"
        )
