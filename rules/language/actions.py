"""The actions of a rule: `do:` -> `ActionSpec`s.

In: the actions as written, what the rule may name, who is in reach. Out: specs with compiled expressions and checked
words, and the messages they send, whose texts are held against their readers afterwards (messages.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rules.facts.catalogue import OBJECTS, STANDING
from rules.facts.project import Project, Workspace
from rules.language.conditions import by_when, compile_at, value_at
from rules.language.expressions import Compiled
from rules.language.messages import Message, with_names
from rules.language.model import ActionSpec, Digest, Expression
from rules.language.names import Type, TypeEnv, names_of
from rules.language.nearest import allowed_here
from rules.language.noise import gathers
from rules.language.outside import (
    NAMES_A_CONNECTION,
    check_connection,
    check_estimate,
    check_system,
)
from rules.language.reach import in_reach
from rules.language.recipients import Audience, Recipient, read_recipients
from rules.language.report_check import check_report
from rules.language.sources import Source
from rules.language.text_files import TextSource, text_at
from rules.language.triggers import read_duration

# What an action makes known to those after it.
MAKES_KNOWN: Final = {
    "open_change": ("change",),
    "open_action_item": ("action_item",),
    "request_decision": ("approval",),
    "open_risk": ("risk",),
    "open_complaint": ("complaint",),
}

# Objects that somebody outside answers on a page of their own: their texts may name `link`.
WITH_PAGE: Final = ("approval", "survey", "meeting")

# Texts that are written into a tracker, and that a client who reads it reads.
IN_TRACKER: Final = ("comment", "create_issue")

# The key of a text is one word; anything else is the text itself.
_SENTENCE: Final = re.compile(r"\s|\{|[^\x00-\x7f]")

_VALUES: Final = ("tracker", "books", "body", "row", "fields", "with")
_AS_WRITTEN: Final = (
    "field",
    "about",
    "need",
    "reason",
    "merge_into",
    "change",
    "connection",
    "urgent",
    "confirms",
    "kind",
    "response",
    "party",
    "blocks",
    "period",
    "view",
    "attach",
)


@dataclass
class ActionReader:
    """Reads the actions of one rule, in order: what one makes known, the next may name.

    text_key: makes the key of a text from the one written (a pack's own, or the workspace's).
    """

    rule_id: str
    env: TypeEnv
    workspace: Workspace
    projects: list[Project]
    variables: Mapping[str, Any]
    text_key: Callable[[str], str]
    figures: frozenset[str] = frozenset()
    digest: Digest | None = None
    messages: list[Message] = field(default_factory=list)
    inline: dict[str, dict[str, TextSource]] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)

    def read(self, do: Source) -> tuple[ActionSpec, ...]:
        """Every action of `do:`."""
        found = [self._action(do.below(i)) for i in range(len(do.value or ()))]
        return tuple(spec for spec in found if spec is not None)

    def _action(self, entry: Source) -> ActionSpec | None:
        if not isinstance(entry.value, dict) or len(entry.value) != 1:
            return None
        kind = next(iter(entry.value))
        action = entry.below(kind)
        if not isinstance(action.value, dict):
            return None
        condition = compile_at(action.below("if"), self.env, ("bool",)) if "if" in action.value else None
        projects = self._projects(condition)
        audience = Audience(self.env, self.workspace, projects, self.variables)
        self._learn(kind, action.get("about"), before=True)
        recipients = self._recipients(action, kind, audience)
        self._owner(action, audience)
        check_system(action, kind, self.workspace, projects)
        if kind == "apply_change" and "books" in action.value:
            check_estimate(action.below("books"), self.workspace, projects)
        if kind == "report" or "attach" in action.value:
            check_report(action, kind, recipients, self.env)
        keys = self._keys(action, kind)
        spec_id = self._id(action, kind)
        spec = ActionSpec(
            kind=kind,
            id=spec_id,
            keys=keys,
            at=action.at(key=True),
            condition=condition,
            delay=read_duration(action.below("delay")),
            review=action.get("review"),
            send_in=action.get("send_in"),
        )
        self._text(action, spec, keys, recipients, projects)
        self._learn(kind, action.get("about"))
        return spec

    def _projects(self, condition: Compiled | None) -> list[Project]:
        conditions: list[Expression] = [condition] if condition is not None else []
        return in_reach(self.projects, conditions, self.workspace, self.variables)

    def _learn(self, kind: str, about: object, *, before: bool = False) -> None:
        """What a decision asks about is known in its own text; what an action opens, to the actions after it."""
        if before != (kind == "request_decision"):
            return
        objects = MAKES_KNOWN.get(kind, ())
        if kind == "request_decision" and about == "reserve":
            objects = (*objects, "reserve")  # A risk that costs money makes the request that is decided on.
        if objects:
            self.env = self.env.with_names(names_of(objects, self.env.currencies))

    def _recipients(self, action: Source, kind: str, audience: Audience) -> tuple[Recipient, ...]:
        found = read_recipients(action.below("to"), audience)
        read_recipients(action.below("not_to"), audience)
        if kind == "task":
            for one in found:
                if one.kind == "client_role" or (one.kind == "person" and one.client_reads):
                    hint = "ask a client by email or request_decision"
                    action.tell(f"a task is for the team, and `{one.word}` is the client's", hint, "to")
        if kind in ("email", "task", "report", "request_decision"):
            for one in found:
                if one.kind == "room":
                    hint = f"write `chat: {{to: {one.word}, ...}}`, or a role"
                    action.tell(f"`{one.word}` is a chat connection, and `{kind}` goes to people", hint, "to")
        if kind == "chat":
            for one in found:
                if one.kind == "room" and one.word in self.workspace.connections:
                    check_connection(action.below("to"), one.word, "chat", self.workspace)
        return found

    def _owner(self, action: Source, audience: Audience) -> None:
        """Whoever has to act stands on the side that is waited for."""
        for one in read_recipients(action.below("owner"), audience):
            side = "client" if one.kind == "client_role" or one.client_reads else "team"
            if one.kind == "room" or (
                action.get("party") in ("client", "team") and side != action.get("party")
            ):
                hint = f"name somebody of party: {action.get('party')}, or change the party"
                action.tell(f"`{one.word}` is not of the {action.get('party')}", hint, "owner")

    def _keys(self, action: Source, kind: str) -> dict[str, Any]:
        given = action.value
        keys: dict[str, Any] = {name: given[name] for name in _AS_WRITTEN if name in given}
        keys |= {
            name: _words(given[name]) for name in ("to", "not_to", "add", "remove", "owner") if name in given
        }
        for name in _VALUES:
            if name in given:
                part = action.below(name)
                keys[name] = {k: value_at(part.below(k), self.env) for k in given[name]}
        if "lines" in given:
            keys["lines"] = self._lines(action.below("lines"))
        for name in ("status", "value", "title", "score", "plan"):
            if name in given:
                by_locale = isinstance(given[name], dict)
                keys[name] = given[name] if by_locale else value_at(action.below(name), self.env)
        if "expires" in given:
            keys["expires"] = read_duration(action.below("expires"))
        if "due" in given:
            keys["due"] = by_when(action.below("due"), self.env)
        if "target" in given:
            keys["target"] = self._target(action.below("target"), kind)
        if "blocks" in given:
            keys["blocks"] = self._blocks(action.below("blocks"))
        self._check(action, kind)
        return keys

    def _blocks(self, blocks: Source) -> tuple[str, ...]:
        """Milestones of the projects in reach, or the one that the event knows."""
        words = _words(blocks.value)
        known = {m.id for p in self.projects for m in p.milestones}
        own = {"milestone"} if "milestone.id" in self.env.names else set()
        for word in words:
            if word not in known | own:
                blocks.tell(
                    f"there is no milestone `{word}`", allowed_here(word, sorted(known | own), "milestones")
                )
        return words

    def _lines(self, lines: Source) -> list[dict[str, Any]]:
        """The lines of a draft: what each says, and its money."""
        places = [lines.below(i) for i in range(len(lines.value or ()))]
        return [
            {
                "text": value_at(line.below("text"), self.env),
                "amount": compile_at(line.below("amount"), self.env, ("money",)),
            }
            for line in places
        ]

    def _target(self, target: Source, kind: str) -> str:
        """What is acted on: an issue (for a note a document) of the event or the project, or one named outright:
        connection/key. For a draft the connection alone.
        """
        word = str(target.value)
        if kind in NAMES_A_CONNECTION:
            return word
        if "/" in word:
            check_connection(target, word.partition("/")[0], kind, self.workspace)
            return word
        known, noun = (
            (_documents(self.env), "document") if kind == "book_note" else (_targets(self.env), "issue")
        )
        if word not in known:
            hint = allowed_here(word, [*known, "CONNECTION/KEY"], "targets")
            target.tell(f"`{word}` is no {noun} to act on", hint)
        return word

    def _check(self, action: Source, kind: str) -> None:
        given = action.value
        if kind == "label" and not ("add" in given or "remove" in given):
            action.tell("`label` neither adds nor removes", "write add: LABEL or remove: LABEL")
        needed = {
            "apply_change": "change",
            "open_change": given.get("about"),
            "open_complaint": given.get("about"),
            "open_action_item": given.get("about"),
            "request_decision": given.get("about"),
        }
        noun = needed.get(kind)
        if noun in OBJECTS and noun not in (*STANDING, "reserve") and f"{noun}.id" not in self.env.names:
            heads = sorted({n.partition(".")[0] for n in self.env.names})
            key = "change" if kind == "apply_change" else "about"
            action.tell(f"`{noun}` is not known {self.env.where}", f"known: {', '.join(heads)}", key)

    def _id(self, action: Source, kind: str) -> str:
        """The given id, or kind, text and ordinal among equals."""
        given, text = action.get("id"), action.get("text")
        keyed = isinstance(text, str) and not _SENTENCE.search(text)
        found = str(given) if given else f"{kind}:{text}" if keyed else kind
        self.taken[found] = count = self.taken.get(found, 0) + 1
        if given and count > 1:
            action.tell(
                f"two actions of this rule have the id `{given}`", "ids of actions are unique in a rule", "id"
            )
        return found if count == 1 else f"{found}:{count}"

    def _text(
        self,
        action: Source,
        spec: ActionSpec,
        keys: dict[str, Any],
        recipients: Iterable[Recipient],
        projects: list[Project],
    ) -> None:
        """The key of the entry's text joins its keys; its message those that are checked when all texts are read."""
        if spec.kind == "draft_invoice":
            self._shown_lines(action.below("lines"), keys, projects)
        if "text" not in action.value:
            return
        kind, place = spec.kind, action.below("text")
        names = self._text_names(kind, keys)
        reads = self._client_reads(kind, keys, recipients, projects)
        locales = self._locales(kind, recipients, projects, reads)
        keys["text"] = self._key_of(place, spec.id, locales)
        # In a text the level of `level.*` is an object with its fields.
        env = self.env.without(["level"] if "level.level" in self.env.names else []).with_names(names)
        given = tuple(v for v in keys.get("with", {}).values() if isinstance(v, Compiled))
        digest = self.digest if gathers(spec) else None
        self.messages.append(
            Message(
                place,
                self.rule_id,
                kind,
                keys["text"],
                env,
                locales,
                reads,
                projects,
                self.figures,
                given,
                digest,
            )
        )

    def _shown_lines(self, place: Source, keys: Mapping[str, Any], projects: list[Project]) -> None:
        """What the lines of an invoice show, its reader is the client."""
        given = [v for line in keys["lines"] for v in line.values() if isinstance(v, Compiled)]
        self.messages.append(
            Message(
                place,
                self.rule_id,
                "draft_invoice",
                "",
                self.env,
                {},
                True,
                projects,
                self.figures,
                tuple(given),
            )
        )

    def _key_of(self, place: Source, spec_id: str, locales: Iterable[str]) -> str:
        """The key of a text; one written inline becomes a text of its own, in each locale that it has or, without
        any, in each that is read.
        """
        plain = isinstance(place.value, str)
        if plain and not _SENTENCE.search(place.value):
            return self.text_key(place.value)
        key = f"{self.rule_id}#{spec_id}"
        at = dict.fromkeys(locales, place.path) if plain else {x: (*place.path, x) for x in place.value or {}}
        self.inline[key] = {locale: text_at(place.document, path, locale) for locale, path in at.items()}
        return key

    def _text_names(self, kind: str, keys: Mapping[str, Any]) -> dict[str, Type]:
        names = with_names(keys.get("with", {}))
        if kind == "request_decision" or any(f"{n}.id" in self.env.names for n in WITH_PAGE):
            names["link"] = Type("text")
        return names

    def _client_reads(
        self, kind: str, keys: Mapping[str, Any], recipients: Iterable[Recipient], projects: list[Project]
    ) -> bool:
        if kind in IN_TRACKER:
            word = str(keys.get("connection") or keys.get("target", ""))
            named = word if kind == "create_issue" else word.partition("/")[0] if "/" in word else None
            trackers = [t for p in projects for t in p.tracked_by]
            return any(t.client_can_read for t in trackers if named is None or t.connection == named)
        return any(one.client_reads for one in recipients)

    def _locales(
        self, kind: str, recipients: Iterable[Recipient], projects: list[Project], client_reads: bool
    ) -> dict[str, str]:
        """Each locale in which the text will be read, and by whom."""
        found: dict[str, str] = {}
        for one in recipients:
            for person in one.people:
                found.setdefault(person.locale, f"{person.name} ({one.word})")
        if kind in IN_TRACKER and client_reads:
            for project in projects:
                client = self.workspace.clients[project.client]
                found.setdefault(client.locale, f"client {client.name}")
        elif kind in (*IN_TRACKER, "book_note", "record") or any(one.kind == "room" for one in recipients):
            found.setdefault(self.workspace.locale, "the team")
        return found


def _targets(env: TypeEnv) -> list[str]:
    """The names that stand for issues here."""
    names = ["project.home"] if "project.home" in env.names else []
    heads = {"issue": "issue", "change": "change.issues", "entry": "entry.issue", "comment": "comment.on"}
    known = {n.partition(".")[0] for n in env.names}
    return [*names, *(target for head, target in heads.items() if head in known)]


def _documents(env: TypeEnv) -> list[str]:
    """The names that stand for documents of the books here."""
    known = {n.partition(".")[0] for n in env.names}
    return [noun for noun in ("invoice", "bill", "payment", "entry") if noun in known]


def _words(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else (value,)
