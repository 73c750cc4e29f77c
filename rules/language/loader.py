"""Files -> `RuleSet`: everything that the rules and texts of a workspace say, checked as one.

In: the rule files as (path, text), the text files as (path, locale, text), the workspace, the shipped packs. Out: the
rule set, or none with every problem; warnings are given beside it. The same content gives the same version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

from rules.facts import codec
from rules.facts.project import Workspace
from rules.language.cycles import circles
from rules.language.documents import Document, read
from rules.language.lint import same_message_twice, unique_ids
from rules.language.messages import CORRECTION_NAMES, check_message
from rules.language.model import Problem, Rule, RuleSet, Text, When
from rules.language.own_texts import check_own_texts
from rules.language.pack_rules import (
    Overrides,
    only_rules,
    packs_in_use,
    read_overrides,
    undeclared_vars,
    variables,
)
from rules.language.packs import Pack, ReadPack
from rules.language.renames import Renames
from rules.language.rule_reader import Built, Setting, read_rule
from rules.language.schemas import check_schema
from rules.language.sources import Findings, Source
from rules.language.text_files import TextSource, check_template, read_texts

STANDARD_LOCALES = ("en", "zh-CN")


@dataclass(frozen=True, slots=True)
class _Files:
    """What was read: documents of the workspace, of each pack, and all texts by key and locale."""

    own: tuple[Document, ...]
    packs: Mapping[str, tuple[Document, ...]]
    texts: dict[str, dict[str, TextSource]]


def load_rules(
    rules: Sequence[tuple[str, str]],
    texts: Sequence[tuple[str, str, str]],
    workspace: Workspace,
    packs: ReadPack,
) -> tuple[RuleSet | None, list[Problem]]:
    """The rule set of a workspace, and every problem found; none when any of them is an error."""
    findings = Findings()
    read_files = _read(rules, texts, packs, findings, Renames(workspace.renamed))
    if findings.broken():
        return None, findings.problems
    built = _build(read_files, workspace, findings)
    all_texts = {
        **read_files.texts,
        **{key: dict(found) for one in built for key, found in one.inline.items()},
    }
    for one in built:
        _check_messages(one, all_texts, workspace, findings)
    found = unique_ids((one.rule for one in built), findings)
    same_message_twice(found.values(), findings)
    circles(found.values(), findings)
    if findings.broken():
        return None, findings.problems
    plain = {key: {locale: s.text for locale, s in by.items()} for key, by in all_texts.items()}
    return _rule_set(found, plain, _version(read_files)), findings.problems


def _read(
    rules: Sequence[tuple[str, str]],
    texts: Sequence[tuple[str, str, str]],
    packs: ReadPack,
    findings: Findings,
    renamed: Renames,
) -> _Files:
    own = tuple(renamed.applied(document) for document in _documents(rules, findings))
    for document in own:
        undeclared_vars(document, findings)
    in_use = packs_in_use(own, packs, findings)
    of_packs = {name: _pack_documents(pack, findings) for name, pack in in_use.items()}
    found: dict[str, dict[str, TextSource]] = {}
    shipped = read_texts(_standard(), findings)
    layers = [read_texts(pack.texts, findings, name) for name, pack in in_use.items()]
    for layer in (shipped, *layers, read_texts(texts, findings)):
        for key, by_locale in layer.items():
            found.setdefault(key, {}).update(by_locale)
    check_own_texts(shipped, found, findings)
    return _Files(own, of_packs, found)


def _documents(sources: Iterable[tuple[str, str]], findings: Findings) -> tuple[Document, ...]:
    found: list[Document] = []
    for path, text in sources:
        document, problems = read(text, path)
        findings.add(*problems)
        if document is None:
            continue
        if document.value is None:
            findings.add(
                Problem(document.at(), "the file is empty", "begin with version: 1 and rules:", "warning")
            )
            continue
        findings.add(*check_schema(document, "rules"))
        # A file that is a text or a list as a whole is told by its schema; there is nothing in it to read.
        if isinstance(document.value, Mapping):
            found.append(document)
    return tuple(found)


def _pack_documents(pack: Pack, findings: Findings) -> tuple[Document, ...]:
    documents = _documents(pack.rules, findings)
    for document in documents:
        only_rules(document, findings)
    return documents


def _standard() -> list[tuple[str, str, str]]:
    """The texts that stand in where a rule has none of its own."""
    folder = files("rules.language").joinpath("standard")
    return [
        (f"standard/{x}.yaml", x, folder.joinpath(f"{x}.yaml").read_text(encoding="utf-8"))
        for x in STANDARD_LOCALES
    ]


def _build(read_files: _Files, workspace: Workspace, findings: Findings) -> list[Built]:
    of_packs = {
        f"{name}/{document.get(('rules', i, 'id'))}": Source(document, ("rules", i), findings)
        for name, documents in read_files.packs.items()
        for document in documents
        for i in range(len(document.get(("rules",), ())))
    }
    overrides = read_overrides(read_files.own, of_packs, findings)
    declared = [d for documents in read_files.packs.values() for d in documents]
    setting = Setting(workspace, *variables(declared, workspace, findings))
    found = [
        _pack_rule(rule_id, source, overrides, setting, read_files) for rule_id, source in of_packs.items()
    ]
    own = [
        Source(d, ("rules", i), findings) for d in read_files.own for i in range(len(d.get(("rules",), ())))
    ]
    found += [read_rule(source, setting, lambda key: key) for source in own]
    return [one for one in found if one is not None]


def _pack_rule(
    rule_id: str, source: Source, overrides: Overrides, setting: Setting, read_files: _Files
) -> Built | None:
    pack = rule_id.partition("/")[0]
    laid = {(*source.path, *place): at for place, at in overrides.laid.get(rule_id, {}).items()}
    own = Source(source.document, source.path, source.findings, laid)
    built = read_rule(
        own, setting, lambda key: f"{pack}/{key}" if f"{pack}/{key}" in read_files.texts else key, pack
    )
    if built is None or rule_id not in overrides.disabled:
        return built
    return replace(built, rule=replace(built.rule, disabled=True), messages=())


def _check_messages(
    built: Built, texts: dict[str, dict[str, TextSource]], workspace: Workspace, findings: Findings
) -> None:
    for by_locale in built.inline.values():
        for source in by_locale.values():
            check_template(source, findings)
    for message in built.messages:
        check_message(message, texts, workspace)
        if built.rule.crosses is not None and message.key:
            key = _correction(message.key, texts)
            check_message(message.named(key, CORRECTION_NAMES), texts, workspace)


def _correction(key: str, texts: dict[str, dict[str, TextSource]]) -> str:
    """The key of a text's correction note; a pack's own, or the standard one, stands in where there is none."""
    own = f"{key}_corrected"
    if own not in texts:
        pack = f"{key.rpartition('/')[0]}/corrected"
        texts[own] = texts[pack if pack in texts else "corrected"]
    return own


def _rule_set(rules: Mapping[str, Rule], texts: Mapping[str, Mapping[str, Text]], version: str) -> RuleSet:
    by_type: dict[str, list[Rule]] = {}
    at_work = [rule for rule in rules.values() if not rule.disabled]
    for rule in at_work:
        for name in rule.trigger.types if isinstance(rule.trigger, When) else ():
            by_type.setdefault(name, []).append(rule)
    return RuleSet(
        version=version,
        rules=rules,
        by_type={name: tuple(found) for name, found in by_type.items()},
        scheduled=tuple(rule for rule in at_work if not isinstance(rule.trigger, When)),
        texts=texts,
    )


def _version(read_files: _Files) -> str:
    """The hash of what the files say: comments, spaces and the order of keys do not count; the order of rules does."""
    texts = {
        key: {locale: [s.text.subject, s.text.body, s.text.short] for locale, s in by_locale.items()}
        for key, by_locale in read_files.texts.items()
    }
    said = {
        "rules": [document.value for document in read_files.own],
        "packs": {name: [d.value for d in documents] for name, documents in read_files.packs.items()},
        "texts": texts,
    }
    return hashlib.sha256(codec.dumps(said).encode()).hexdigest()[:16]
