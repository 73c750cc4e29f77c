"""From an intention to a call: which connector executes it, what it says, and to whom.

In: a `Planned` action and the rule set that decided it. Out: the connector's operation and the rendered message,
or a `Refusal` that names the mend.
"""

from __future__ import annotations

from dataclasses import replace

from connectors.base import Connector, Message, Operation, Outward
from connectors.base import Settings as ConnectionSettings
from rules.engine.verdicts import Planned
from rules.facts.event import Record
from rules.language.model import Position, Text
from rules.language.texts import Rendered, joined
from rules.language.way_in import with_way_in
from rules.language.wording import choose
from service import codes, links
from service.reports import mail
from service.reports import report as reporting
from service.state import Context
from service.store import codes as kept_codes
from service.store.actions import BY_MAIL
from service.store.codes import Whose
from service.store.links import Link, newest
from service.tools import Tools

WITH_TEXT = ("email", "task", "comment", "chat", "create_issue", "book_note")
INLINE = Position("(inline text)", 1, 1)


class Refusal(Exception):
    """Why an action cannot be executed at all, and the mend."""

    @property
    def reason(self) -> str:
        """The sentence."""
        return str(self)


def connection_of(context: Context, planned: Planned) -> str:
    """The connection by which the action leaves; its kind where it names none and is no mail."""
    return planned.connection or (
        context.rulebook.mail_connection if planned.kind in BY_MAIL else planned.kind
    )


def address_of(context: Context, planned: Planned) -> tuple[Connector, ConnectionSettings, Outward] | Refusal:
    """Who executes the action."""
    name = connection_of(context, planned)
    found = context.connection(name)
    if found is None:
        return Refusal(f"the workspace has no connection {name}; add it, then send again")
    connector, settings = found
    kind = "email" if planned.kind in BY_MAIL else planned.kind
    if kind not in connector.operations:
        return Refusal(f"{connector.title} cannot do {kind}; change the rule {planned.rule}")
    return connector, settings, connector.operations[kind]


def message_of(
    context: Context, tools: Tools, planned: Planned, ruleset: str, connector: Connector
) -> Message:
    """The rendered text of the action. Raises RenderError or Refusal."""
    if planned.kind == "report":
        return reporting.mail_of(
            _report(context, planned),
            planned.locale,
            _zone(context, planned),
            test_for=_test_for(context, planned),
            attach=planned.keys.get("attach") or (),
        )
    if planned.kind not in WITH_TEXT:
        return Message()
    if "link" in planned.keys:
        planned = replace(planned, names={**planned.names, "link": _address(context, planned, connector)})
    if "code" in planned.keys:
        planned = replace(planned, names={**planned.names, "code": code_of(context, planned)})
    made = words_of(context, tools, planned, ruleset)
    if planned.kind not in BY_MAIL:
        short = made.short or made.body
        return Message(subject=made.subject, body=_marked(made.body, planned), short=_marked(short, planned))
    composed = mail.compose(
        made,
        locale=planned.locale,
        sender=context.rulebook.workspace.name,
        project=_project(context, planned),
        test_for=_test_for(context, planned),
    )
    if not planned.keys.get("attach"):
        return composed
    sheet = reporting.sheet_of(_report(context, planned), planned.locale, _zone(context, planned))
    return replace(composed, attachments=(sheet,))


def code_of(context: Context, planned: Planned) -> str:
    """The code that the message says, "" for one without. Raises Refusal when it proves nothing any more."""
    if "code" not in planned.keys:
        return ""
    asked, key = planned.keys["code"], context.settings.secret_key
    whose = Whose(asked["approval"], int(asked["version"]), str(planned.recipient))
    with context.database.reading() as connection:
        known = kept_codes.newest(connection, whose)
    if not codes.is_good(known, int(asked["serial"]), context.now()):
        raise Refusal("the code was used or ran out before it could be sent; its reader asks for a new one")
    return codes.derived(key, whose, int(asked["serial"]))


def words_of(context: Context, tools: Tools, planned: Planned, ruleset: str) -> Rendered:
    """What the message says, in its reader's language. Raises RenderError or Refusal."""
    text = _text(context, planned, ruleset)
    if "link" in planned.keys:
        text = with_way_in(text, planned.locale)
    made = tools.renderer.render(text, planned.names, planned.locale, _zone(context, planned))
    return joined(made, planned.parts) if planned.parts else made


def operation_of(context: Context, planned: Planned, message: Message) -> Operation:
    """The call to make for it. A task reaches its owner by mail."""
    kind = "email" if planned.kind in BY_MAIL else planned.kind
    keys = {k: v for k, v in planned.keys.items() if k not in ("link", "code")}
    return Operation(kind=kind, key=planned.id, target=_target(context, planned), message=message, keys=keys)


def _report(context: Context, planned: Planned) -> Record:
    """The snapshot that every copy is made from."""
    with context.database.reading() as connection:
        found = context.state(connection).book.get("report", str(planned.keys["report"]))
    if found is None:
        raise Refusal("its report is no longer on record; the rule makes a new one")
    return found


def _target(context: Context, planned: Planned) -> str | None:
    owner = context.rulebook.workspace.people.get(planned.recipient or "") if planned.kind == "task" else None
    return owner.email if owner else planned.address


def _text(context: Context, planned: Planned, ruleset: str) -> Text:
    if isinstance(planned.text, dict):
        by_locale = planned.text["inline"]
        given = choose(by_locale, planned.locale) or {}
        return Text(given.get("subject", ""), given.get("body", ""), given.get("short", ""), INLINE)
    texts = context.rulebook.of(ruleset).texts.get(str(planned.text), {})
    text = choose(texts, planned.locale)
    if text is None:
        raise Refusal(
            f"there is no text {planned.text}; write it in texts/{planned.locale}.yaml, then send again"
        )
    return text


def _address(context: Context, planned: Planned, connector: Connector) -> str:
    """The link's address for this recipient. A client is never sent a link that cannot be followed."""
    name = connection_of(context, planned)
    leaves = bool(context.rulebook.connections[name].get("url"))
    if (
        leaves
        and planned.client_facing
        and not planned.observed
        and not links.reaches_outside(context.settings)
    ):
        raise Refusal(
            f"{connector.title} would send a link that nobody outside can follow: PUBLIC_URL is not set to a public "
            "address; set it, restart, then send again"
        )
    asked = planned.keys["link"]
    now = context.now()
    with context.database.writing() as connection:
        kind = next(k for k in links.PATHS if k in asked)
        last = newest(connection, kind, asked[kind], asked["person"])
        link = Link(
            kind,
            asked[kind],
            int(asked.get("version", 1)),
            asked["person"],
            last.serial if last else 1,
            links.until(
                context.rulebook.workspace, context.state(connection).book.get(kind, asked[kind]), now
            ),
            revoked=False,
        )
        return links.make(connection, context.settings, link, now)


def _project(context: Context, planned: Planned) -> str:
    project = context.rulebook.workspace.projects.get(planned.project or "")
    return project.name if project else ""


def _zone(context: Context, planned: Planned) -> str:
    person = context.rulebook.workspace.people.get(planned.recipient or "")
    return person.time_zone if person else context.rulebook.workspace.time_zone


def _test_for(context: Context, planned: Planned) -> str | None:
    """Whom the message would have reached, when the project is only observed."""
    if not planned.observed:
        return None
    person = context.rulebook.workspace.people.get(str(planned.names.get("meant_for", "")))
    return person.name if person else "the client"


def _marked(text: str, planned: Planned) -> str:
    return f"[TEST] {text}" if planned.observed else text
