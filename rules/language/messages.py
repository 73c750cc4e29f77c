"""The texts that an action sends, held against who reads them.

In: an action with its recipients and text, the names in reach, the texts by locale. Out: problems: a locale that a
reader has and the text has not, a mail without a subject, names that do not exist, fields that a client must never see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from rules.facts.catalogue import OBJECTS, Field
from rules.facts.project import Project, Workspace
from rules.language.model import Digest, Expression, Problem
from rules.language.names import ANY, Type, TypeEnv, fields_of
from rules.language.nearest import did_you_mean
from rules.language.noise import ITEMS, outside_items
from rules.language.sources import Source
from rules.language.text_check import Used, inspect
from rules.language.text_files import TextSource, TextSources
from rules.language.wording import choose

# What shows cost: never for a client who is not to see spending (`client_sees`), nor on a fixed price.
COST: Final = (
    "budget.spent",
    "budget.committed",
    "budget.remaining",
    "budget.used",
    "budget.lines.",
    "forecast.",
    "earned.",
    "entry.",
)

# What a correction note knows besides the names of its rule.
CORRECTION_NAMES: Final[Mapping[str, Type]] = {
    "told.value": ANY,
    "told.day": Type("date"),
    "next.level": ANY,
    "next.again_level": ANY,
    "next.rearm_below": ANY,
}

_WRITTEN_NEEDS: Final = {"title": ("titles", "marked_comments"), "text": ("marked_comments",)}


@dataclass(frozen=True, slots=True)
class Message:
    """One text on its way to readers.

    place: where the rule names the text.  locales: locale -> who reads it, in words.  client_reads: a client may be
    among the readers.  projects: those in reach of the action.  figures: names of the rule that stand for a figure of
    cost ("value" and "level" of a ladder on spending).  given: the expressions of `with:`, which the text can show too.
    key: empty where only expressions are shown, as on the lines of a draft invoice.
    digest: the text says several such messages at once: its `items`, each with the names of its own.
    """

    place: Source
    rule: str
    kind: str
    key: str
    env: TypeEnv
    locales: Mapping[str, str]
    client_reads: bool
    projects: Sequence[Project]
    figures: frozenset[str] = frozenset()
    given: tuple[Expression, ...] = ()
    digest: Digest | None = None

    def named(self, key: str, more: Mapping[str, Type]) -> Message:
        """A message of its own with another text and further names."""
        return replace(self, key=key, env=self.env.with_names(more), digest=None)


def check_message(message: Message, texts: TextSources, workspace: Workspace) -> None:
    """Everything about a message that can be known before it is sent."""
    for expression in message.given:
        for name in sorted(expression.names):
            told, hint = _secret(message, Used(name, 0), workspace) or ("", "")
            if told:
                message.place.findings.add(Problem(expression.at, told, hint))
    if not message.key:
        return
    found = texts.get(message.key)
    if found is None:
        hint = did_you_mean(message.key, texts) or "write it in texts/LOCALE.yaml: subject, body, short"
        message.place.tell(f"there is no text `{message.key}`", hint)
        return
    for locale, reader in message.locales.items():
        if choose(found, locale) is None:
            hint = f"write it in texts/{locale}.yaml; it exists in {', '.join(sorted(found))}"
            message.place.tell(f"the text `{message.key}` is missing in {locale}, which {reader} reads", hint)
    for source in found.values():
        _check_text(message, source, workspace)


def _check_text(message: Message, source: TextSource, workspace: Workspace) -> None:
    if message.kind in ("email", "request_decision") and not source.text.subject.strip():
        told = f"the text `{message.key}` has no subject, and rule `{message.rule}` sends it as a mail"
        message.place.findings.add(Problem(source.text.at, told, "write `subject:`, one line"))
    parts = [(text, path, inspect(text)[0]) for text, path in source.parts()]
    if message.digest and not any(u.name == ITEMS for _, _, names in parts for u in names):
        gathers = f"rule `{message.rule}` gathers several messages in it"
        told = f"the text `{message.key}` does not name `items`, and {gathers}"
        hint = "write a line for each: {% for item in items %} ... {{ item.project.name }} ... {% endfor %}"
        message.place.findings.add(Problem(source.text.at, told, hint))
    outside = replace(message, env=outside_items(message.env, message.digest)) if message.digest else message
    for _, path, names in parts:
        guarded = {u.name for u in names if u.tested}
        for used in names:
            own, meant = (message, used.inside) if message.digest and used.of == ITEMS else (outside, used)
            told, hint = _name_fault(own, meant, guarded) or _secret(own, meant, workspace) or ("", "")
            if told:
                at = source.place(path, used.offset)
                message.place.findings.add(Problem(at, f"{told} (sent by rule `{message.rule}`)", hint))


def _name_fault(message: Message, used: Used, guarded: set[str]) -> tuple[str, str] | None:
    """A name that cannot exist. One that a text asks for first (`entry is defined`) may come with other rules."""
    if used.item or used.name in message.env.names:
        return None
    known = used.name in OBJECTS or used.name in fields_of(OBJECTS)
    if known and (used.tested or used.name.partition(".")[0] in guarded or used.name in guarded):
        return None
    return message.env.explain_unknown(used.name)


def _secret(message: Message, used: Used, workspace: Workspace) -> tuple[str, str] | None:
    if not message.client_reads or used.tested:
        return None
    fields = _fields_behind(used)
    if any(f.internal for f in fields):
        return (
            f"`{used.name}` is internal, and a client reads this text",
            "leave it out, or send it to the team only",
        )
    if any(f.written for f in fields) and (closed := _closed_to(used, message.projects)):
        needs = " or ".join(_needs(used))
        told = f"`{used.name}` is what people wrote in the tracker of `{closed.id}`, and a client reads this text"
        return told, f"leave it out, or allow it in `tracked_by`: `client_text: {needs}`"
    return _cost(message, used, workspace)


def _cost(message: Message, used: Used, workspace: Workspace) -> tuple[str, str] | None:
    if not (used.name.startswith(COST) or used.name in message.figures):
        return None
    blind = next(
        (p for p in message.projects if p.billing_kind == "fixed_price" or p.client_sees != "spend"), None
    )
    if blind is None:
        return None
    client = workspace.clients[blind.client].name
    why = (
        "has a fixed price"
        if blind.billing_kind == "fixed_price"
        else f"shows the client {blind.client_sees}"
    )
    told = f"`{used.name}` shows cost, and project `{blind.id}` of {client} {why}"
    return (
        told,
        'add the condition project.billing.client_sees == "spend", or leave the project out with `scope`',
    )


def _fields_behind(used: Used) -> list[Field]:
    known = fields_of(OBJECTS)
    if not used.item:
        return [known[used.name]] if used.name in known else []
    last = used.name.partition(".")[2]
    return [f for f in known.values() if f.name == last and f.internal]


def _closed_to(used: Used, projects: Iterable[Project]) -> Project | None:
    """The first project whose trackers keep such text to the team."""
    return next((p for p in projects if any(t.client_text not in _needs(used) for t in p.tracked_by)), None)


def _needs(used: Used) -> tuple[str, ...]:
    return _WRITTEN_NEEDS.get(used.name.rpartition(".")[2], ("marked_comments",))


def with_names(given: Mapping[str, Any]) -> dict[str, Type]:
    """The names that `with:` adds."""
    return dict.fromkeys(given, ANY)
