"""A JSON Schema (draft 2020-12) as a function that says quickly whether a value conforms.

In: a schema. Out: value -> true when the schema allows it. False means "ask the full validator": it gives the reasons,
and has the last word on what is compared in a finer way than here. Most files conform, and a thousand rules are held
against their schema some twenty times faster this way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final

Conforms = Callable[[Any], bool]

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, Decimal),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
# Words that allow everything: they name, explain, or belong to a keyword beside them.
_SILENT: Final = frozenset(
    (
        "$schema",
        "$id",
        "$defs",
        "title",
        "description",
        "default",
        "patternErrorMessage",
        "typeErrorMessage",
        "x-meant",
        "x-later",
    )
)


def conforming(schema: Mapping[str, Any]) -> Conforms:
    """The test for a whole schema, `$defs` and all."""
    return _Compiler(schema).of("#")


class _Compiler:
    """Makes each subschema once; one that refers to itself is left to the full validator."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self.made: dict[str, Conforms] = {}

    def of(self, reference: str) -> Conforms:
        """The test for `#` or `#/$defs/name`."""
        if reference not in self.made:
            self.made[reference] = _never
            self.made[reference] = self.schema(_at(self.root, reference))
        return self.made[reference]

    def schema(self, schema: Any) -> Conforms:
        """The test for one subschema."""
        if isinstance(schema, bool):
            return lambda _: schema
        tests = [self.keyword(word, wanted, schema) for word, wanted in schema.items() if word not in _SILENT]
        return tests[0] if len(tests) == 1 else _every(tests)

    def keyword(self, word: str, wanted: Any, schema: Mapping[str, Any]) -> Conforms:
        """The test for one keyword; one that is not known here leaves every value to the full validator."""
        if word == "$ref":
            return self.of(wanted)
        if word == "properties":
            return _properties({name: self.schema(one) for name, one in wanted.items()})
        if word == "additionalProperties":
            return _others(frozenset(schema.get("properties", ())), self.schema(wanted))
        if word == "propertyNames":
            return _of_kind(dict, partial(_all, self.schema(wanted)))
        if word == "items":
            return _of_kind(list, partial(_all, self.schema(wanted)))
        made = _PLAIN.get(word)
        return _never if made is None else made(wanted)


def _at(root: Mapping[str, Any], reference: str) -> Any:
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        found = found[step] if step else found
    return found


def _never(_: Any) -> bool:
    return False


def _every(tests: list[Conforms]) -> Conforms:
    def conforms(value: Any) -> bool:
        for test in tests:  # noqa: SIM110 (a generator costs more than the tests)
            if not test(value):
                return False
        return True

    return conforms


def _all(test: Conforms, values: Any) -> bool:
    return all(map(test, values))


def _of_kind(kind: type, test: Conforms) -> Conforms:
    """A keyword says nothing about values of another type."""
    return lambda value: not isinstance(value, kind) or test(value)


def _properties(tests: Mapping[str, Conforms]) -> Conforms:
    def conforms(value: Any) -> bool:
        if isinstance(value, dict):
            for name, one in value.items():
                test = tests.get(name)
                if test is not None and not test(one):
                    return False
        return True

    return conforms


def _others(named: frozenset[str], test: Conforms) -> Conforms:
    """What stands under keys that the schema does not name."""
    return _of_kind(dict, lambda value: all(test(one) for name, one in value.items() if name not in named))


def _type(wanted: str | list[str]) -> Conforms:
    names = [wanted] if isinstance(wanted, str) else wanted
    kinds = tuple(kind for name in names for kind in _TYPES[name])
    # A bool is an int to Python and no number to a schema.
    return lambda value: isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds)


def _one_of(wanted: list[Any]) -> Conforms:
    """Texts are compared here, all else by the full validator."""
    texts = frozenset(one for one in wanted if isinstance(one, str))
    return lambda value: isinstance(value, str) and value in texts


def _const(wanted: Any) -> Conforms:
    return lambda value: type(value) is type(wanted) and bool(value == wanted)


def _pattern(wanted: str) -> Conforms:
    search = re.compile(wanted).search
    return _of_kind(str, lambda value: search(value) is not None)


def _unique(wanted: bool) -> Conforms:
    return lambda value: not wanted or not isinstance(value, list) or _different_texts(value)


def _different_texts(values: list[Any]) -> bool:
    return all(isinstance(one, str) for one in values) and len(set(values)) == len(values)


def _number(holds: Callable[[Any, Any], bool]) -> Callable[[Any], Conforms]:
    def made(bound: Any) -> Conforms:
        return lambda value: (
            not isinstance(value, int | Decimal) or isinstance(value, bool) or holds(value, bound)
        )

    return made


def _size(kind: type, holds: Callable[[int, int], bool]) -> Callable[[Any], Conforms]:
    return lambda bound: _of_kind(kind, lambda value: holds(len(value), bound))


def _least(found: Any, bound: Any) -> bool:
    return bool(found >= bound)


def _most(found: Any, bound: Any) -> bool:
    return bool(found <= bound)


def _over(found: Any, bound: Any) -> bool:
    return bool(found > bound)


def _required(wanted: list[str]) -> Conforms:
    return _of_kind(dict, lambda value: all(name in value for name in wanted))


_PLAIN: Final[Mapping[str, Callable[[Any], Conforms]]] = {
    "type": _type,
    "enum": _one_of,
    "const": _const,
    "pattern": _pattern,
    "required": _required,
    "uniqueItems": _unique,
    "minimum": _number(_least),
    "maximum": _number(_most),
    "exclusiveMinimum": _number(_over),
    "minLength": _size(str, _least),
    "maxLength": _size(str, _most),
    "minItems": _size(list, _least),
    "maxItems": _size(list, _most),
    "minProperties": _size(dict, _least),
    "maxProperties": _size(dict, _most),
}
