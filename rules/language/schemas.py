"""A document held against a JSON Schema (draft 2020-12), told in plain words at the place to mend.

In: a `Document` and the name of a schema that this package publishes. Out: one `Problem` for each thing wrong, in the
order of the file. Three words beyond the standard are understood in a schema: `patternErrorMessage` (what a text must
look like, in words; editors show it too), `x-later` (keys of the language that this version has not) and `x-meant`
(a key -> the one that is meant by it).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from rules.language.conforming import Conforms, conforming
from rules.language.documents import Document, Path
from rules.language.model import Problem
from rules.language.nearest import allowed_here, nearest

MOST_PROBLEMS = 200

Published = Literal["rules", "scenarios", "texts", "workspace"]

_TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping of keys to values",
    "null": "nothing",
}


@cache
def published(name: Published) -> dict[str, Any]:
    """The JSON Schema of that name, as `accord schema NAME` prints it."""
    text = files("rules.language").joinpath(f"schema/{name}.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def check_schema(document: Document, name: Published) -> list[Problem]:
    """Everything in the document that the schema does not allow, at most `MOST_PROBLEMS`, in file order."""
    if _test(name)(document.value):
        return []
    found: dict[tuple[Any, str], Problem] = {}
    for error in Draft202012Validator(published(name)).iter_errors(document.value):
        for problem in _explain(document, error):
            found.setdefault((problem.at, problem.message), problem)
        if len(found) >= MOST_PROBLEMS:
            break
    return sorted(found.values(), key=lambda p: (p.at.line, p.at.column))


@cache
def _test(name: Published) -> Conforms:
    return conforming(published(name))


def _explain(document: Document, error: ValidationError) -> Iterable[Problem]:
    error = _most_telling(error)
    path: Path = tuple(error.absolute_path)
    if path in document.flagged:
        return
    if error.validator in ("additionalProperties", "unevaluatedProperties"):
        yield from _unknown_keys(document, error, path)
        return
    if error.validator == "required":
        yield from _missing_keys(document, error, path)
        return
    if "propertyNames" in error.absolute_schema_path and (*path, str(error.instance)) in document.flagged:
        return
    tell = _EXPLAINED.get(str(error.validator), _otherwise)
    message, hint = tell(error, _named(document, path))
    key_is_meant = "propertyNames" in error.absolute_schema_path
    at = document.at((*path, str(error.instance)), key=True) if key_is_meant else document.at(path)
    yield Problem(at, message, hint)


def _most_telling(error: ValidationError) -> ValidationError:
    """Of alternatives, the complaint of the one that was meant: the one whose type fits, and deepest in."""
    while error.validator in ("anyOf", "oneOf") and error.context:
        fitting = [e for e in error.context if not (e.validator == "type" and not e.path)]
        if not fitting:
            return error
        error = max(fitting, key=lambda e: (len(e.path), e.validator != "additionalProperties"))
    return error


def _unknown_keys(document: Document, error: ValidationError, path: Path) -> Iterable[Problem]:
    schema = error.schema if isinstance(error.schema, dict) else {}
    allowed, later, meant = (
        list(schema.get("properties", {})),
        schema.get("x-later", []),
        schema.get("x-meant", {}),
    )
    patterns = schema.get("patternProperties", {})
    unknown = [k for k in _keys(error) if k not in allowed and not _matches(patterns, k)]
    free = [k for k in allowed if k not in _keys(error)] or allowed
    of = f" of {_named(document, path)}" if path else ""
    for key in unknown:
        at = document.at((*path, key), key=True)
        if (*path, key) in document.flagged:
            continue
        if key in later:
            yield Problem(
                at, f"`{key}` is not available in this version", allowed_here("", allowed, "available")
            )
        elif key in meant:
            yield Problem(at, f"`{key}` is no key{of}", f"did you mean `{meant[key]}`?")
        elif key == "on":
            hint = "YAML 1.1 readers take it for true; " + allowed_here(key, free)
            yield Problem(at, f"`on` is no key{of}", hint)
        else:
            yield Problem(at, f"`{key}` is no key{of}", allowed_here(key, free))


def _matches(patterns: Mapping[str, Any], key: str) -> bool:
    valid = Draft202012Validator({"patternProperties": dict.fromkeys(patterns, False)})
    return bool(patterns) and not valid.is_valid({key: None})


def _missing_keys(document: Document, error: ValidationError, path: Path) -> Iterable[Problem]:
    wanted = error.validator_value if isinstance(error.validator_value, list) else []
    given = _keys(error)
    known = _subschemas(error)
    meant = error.schema.get("x-meant", {}) if isinstance(error.schema, dict) else {}
    for key in wanted:
        misspelt = any(
            meant.get(k) == key or nearest(k, [w for w in known if w not in given]) == [key]
            for k in given
            if k not in known
        )
        if key not in given and f"'{key}'" in error.message and not misspelt:
            meaning = str(known.get(key, {}).get("description", ""))
            within = f" in {_named(document, path)}" if path else ""
            yield Problem(document.at(path), f"`{key}` is missing{within}", meaning[:1].lower() + meaning[1:])


def _subschemas(error: ValidationError) -> Mapping[str, Any]:
    schema = error.schema if isinstance(error.schema, dict) else {}
    return {key: s for key, s in schema.get("properties", {}).items() if isinstance(s, dict)}


def _keys(error: ValidationError) -> list[str]:
    given: Any = error.instance
    return list(given) if isinstance(given, dict) else []


def _named(document: Document, path: Path) -> str:
    """The thing at a path as a person calls it: rule `forecast-overrun`, entry 2 of `do`, `crosses`."""
    if not path:
        return "the file"
    if not isinstance(path[-1], int):
        return f"`{path[-1]}`"
    above = next((p for p in reversed(path) if isinstance(p, str)), "the list")
    own = document.get((*path, "id"))
    return (
        f"{above.removesuffix('s')} `{own}`"
        if isinstance(own, str) and own
        else f"entry {path[-1] + 1} of `{above}`"
    )


def _type(error: ValidationError, name: str) -> tuple[str, str]:
    wanted = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    words = " or ".join(_TYPE_WORDS.get(str(w), str(w)) for w in wanted)
    number = "string" in wanted and isinstance(error.instance, int | Decimal)
    schema = error.schema if isinstance(error.schema, dict) else {}
    if number and not re.search(str(schema.get("pattern", "")), str(error.instance)):
        return f"{name} cannot be `{error.instance}`", str(schema.get("patternErrorMessage", ""))
    hint = "write it in quotes" if number else str(schema.get("typeErrorMessage", ""))
    return f"{name} must be {words}, not {shown(error.instance)}", hint


def shown(value: Any) -> str:
    """A value as a message quotes it: its kind, and itself while it is short."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping of keys to values"
    if isinstance(value, list):
        return "a list"
    kind = "text" if isinstance(value, str) else "the number"
    return f"{kind} `{str(value)[:60]}`"


def _enum(error: ValidationError, name: str) -> tuple[str, str]:
    allowed = [str(v) for v in error.validator_value] if isinstance(error.validator_value, list) else []
    return f"{name} cannot be {shown(error.instance)}", allowed_here(str(error.instance), allowed)


def _pattern(error: ValidationError, name: str) -> tuple[str, str]:
    schema = error.schema if isinstance(error.schema, dict) else {}
    return f"{name} cannot be `{str(error.instance)[:60]}`", str(schema.get("patternErrorMessage", ""))


def _size(words: str) -> Callable[[ValidationError, str], tuple[str, str]]:
    def tell(error: ValidationError, name: str) -> tuple[str, str]:
        value = error.validator_value
        return f"{name} {words.format(value, 's' if value != 1 else '')}", ""

    return tell


def _short(error: ValidationError, name: str) -> tuple[str, str]:
    given: Any = error.instance
    return (
        f"{name} has {len(given)} of at least {error.validator_value} entries"
        if given
        else f"{name} is empty"
    ), ""


def _too_few(error: ValidationError, name: str) -> tuple[str, str]:
    schema = error.schema if isinstance(error.schema, dict) else {}
    hint = allowed_here("", schema.get("properties", {})) if schema.get("properties") else ""
    return f"{name} is empty", hint


def _too_many(error: ValidationError, name: str) -> tuple[str, str]:
    given = _keys(error)
    keys, most = ", ".join(f"`{k}`" for k in given[:4]), error.validator_value
    return f"{name} has {len(given)} keys ({keys}) where {most} may stand", "start a new entry with `- `"


def _const(error: ValidationError, name: str) -> tuple[str, str]:
    return f"{name} must be `{error.validator_value}`, not {shown(error.instance)}", ""


def _alternatives(error: ValidationError, name: str) -> tuple[str, str]:
    kinds = [k for e in error.context or () if e.validator == "type" for k in _listed(e.validator_value)]
    words = " or ".join(dict.fromkeys(_TYPE_WORDS.get(k, k) for k in kinds))
    return f"{name} must be {words or 'of another form'}, not {shown(error.instance)}", ""


def _listed(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


def _otherwise(error: ValidationError, name: str) -> tuple[str, str]:
    schema = error.schema if isinstance(error.schema, dict) else {}
    return f"{name} is not allowed: {error.message[:200]}", str(schema.get("description", ""))


_EXPLAINED: dict[str, Callable[[ValidationError, str], tuple[str, str]]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "pattern": _pattern,
    "anyOf": _alternatives,
    "oneOf": _alternatives,
    "minItems": _short,
    "maxItems": _size("has more than {} entries"),
    "minLength": _size("may not be empty"),
    "maxLength": _size("is longer than {} characters"),
    "minimum": _size("must be at least {}"),
    "maximum": _size("must be at most {}"),
    "exclusiveMinimum": _size("must be over {}"),
    "uniqueItems": _size("names something twice"),
    "minProperties": _too_few,
    "maxProperties": _too_many,
}
