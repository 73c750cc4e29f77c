"""`accord send CONNECTION FILE`: post a payload to the running service as that system would."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

import click

from service.cli import FINDINGS, FINE, Invocation


@click.command()
@click.argument("connection")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--now", "fresh", is_flag=True, help="Let the payload's own times be today: useful for examples."
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.pass_obj
def command(invocation: Invocation, connection: str, file: Path, fresh: bool, as_json: bool) -> int:
    """Sign FILE as the system behind CONNECTION would, post it to the running service, print the answer."""
    from connectors import registry
    from service import clock
    from service.payloads import refreshed
    from service.workspace import WorkspaceError, load

    settings = invocation.settings()
    try:
        loaded = load(settings.home, registry.everything())
    except WorkspaceError as broken:
        raise click.ClickException("\n".join(str(p) for p in broken.problems)) from None
    known = loaded.workspace.connections.get(connection)
    if known is None:
        names = ", ".join(sorted(loaded.workspace.connections))
        raise click.UsageError(f"the workspace has no connection {connection}; it has {names}")
    connector = registry.load(known.connector)
    if connector.sign is None:
        raise click.UsageError(f"{connector.title} sends no webhooks")
    body = refreshed(file.read_bytes(), clock.now()) if fresh else file.read_bytes()
    signed = connector.sign(body, loaded.settings[connection], clock.now(), file.stem)
    headers = {"Content-Type": "application/json", **signed}
    status, answer = _post(settings.host, settings.port, f"/hooks/{connection}", body, headers)
    if as_json:
        click.echo(json.dumps({"status": status, "answer": answer}))
    else:
        click.echo(f"{status} {answer}")
    return FINE if status < 300 else FINDINGS


def _post(host: str, port: int, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    call = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, port, timeout=15)  # noqa: S104
    try:
        call.request("POST", path, body, headers)
        answer = call.getresponse()
        return answer.status, answer.read(4000).decode("utf-8", "replace").strip()
    except OSError as error:
        raise click.ClickException(
            f"nothing answers on {host}:{port} ({error}); start it with `accord up`, or set PORT"
        ) from None
    finally:
        call.close()
