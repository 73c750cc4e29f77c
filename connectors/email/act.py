"""The `email` operation: one mail to one person, by SMTP, or as a file while no SMTP server is set.

In: an `Operation` of kind `email`. Out: `Done` with the Message-ID as receipt, or `ConnectorError`. SMTP knows no
key that makes a second try harmless, so a mail whose outcome is unknown is not sent again by machine; the Message-ID
is the same on every try, so that a copy sent by a person's decision folds into the first one.
"""

from __future__ import annotations

from datetime import UTC, datetime

from connectors.base import Done, Http, Operation, Settings
from connectors.email import outbox
from connectors.email.compose import compose
from connectors.email.inbox import look
from connectors.email.server import Server
from connectors.email.smtp import deliver, greet
from connectors.operations import refused


def send(operation: Operation, settings: Settings, _http: Http) -> Done:
    """Send the mail once."""
    mail = compose(operation, settings, datetime.now(UTC))
    if settings.get("url"):
        return Done(receipt=mail.id, detail=deliver(Server.of(settings), mail))
    _directory(settings)
    new = outbox.write(settings, operation.key, mail)
    return Done(receipt=mail.id, detail=f"{operation.key}.eml", found=not new)


def check(settings: Settings, _http: Http) -> str:
    """Log in to the SMTP server without sending, or say where the files go; log in to the inbox without reading."""
    out = (
        greet(Server.of(settings))
        if settings.get("url")
        else f"no `url` is set: mails are written to {_directory(settings)}"
    )
    return f"{out}; {look(settings)}" if settings.get("inbox") else f"{out}; no `inbox` is read"


def _directory(settings: Settings) -> str:
    directory = settings.get("directory")
    if not directory:
        raise refused(settings, "set `url` to your SMTP server, or `directory` to write mails as files")
    return str(directory)
