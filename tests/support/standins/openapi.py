"""Checks requests against OpenAPI documents: the vendor's own where they lie beside the repository, else a small table.

In: documents (parsed YAML or JSON) and requests as a stand-in saw them. Out: what is wrong with a request, or nothing:
an unknown path or method, a missing or unknown query parameter or one of a wrong type, a body that breaks its schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import jsonschema
import pytest
import yaml

from tests.support.shared import shared_path
from tests.support.standins.server import Seen

_TYPES = {"integer": r"-?[0-9]+", "number": r"-?[0-9.]+", "boolean": "true|false"}


@cache
def published(name: str) -> Mapping[str, Any]:
    """A vendor's document of the shelf, or an empty one where the shelf is absent."""
    try:
        text = shared_path(f"openapi/{name}").read_text("utf-8")
    except pytest.skip.Exception:
        return {}
    loaded: Mapping[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return loaded


class Api:
    """The operations of several documents; where two describe the same one, the first counts."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        self._schemas: dict[str, Any] = {}
        self._paths: dict[str, tuple[re.Pattern[str], Mapping[str, Any]]] = {}
        for document in documents:
            for name, schema in document.get("components", {}).get("schemas", {}).items():
                self._schemas.setdefault(name, _plain_schema(schema))
            for template, operations in document.get("paths", {}).items():
                pattern = re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(template))
                self._paths.setdefault(template, (re.compile(pattern), operations))

    def problem(self, seen: Seen, path: str | None = None) -> str | None:
        """What is wrong with a request; `path` stands in for its own, e.g. without a prefix."""
        found = self._operation(seen.method, path or seen.path)
        if isinstance(found, str):
            return found
        return self._query_problem(found, seen) or self._body_problem(found, seen)

    def _operation(self, method: str, path: str) -> Mapping[str, Any] | str:
        # A template without parameters is the closer match: /issue/bulk is no issue called bulk.
        fitting = sorted(
            (t for t, (p, _) in self._paths.items() if p.fullmatch(path)), key=lambda t: t.count("{")
        )
        if not fitting:
            return f"no document knows the path {path}"
        operations = self._paths[fitting[0]][1]
        found: Mapping[str, Any] | None = operations.get(method.lower())
        return f"{fitting[0]} has no method {method}" if found is None else found

    def _query_problem(self, operation: Mapping[str, Any], seen: Seen) -> str | None:
        known = {p["name"]: p for p in operation.get("parameters", ()) if p.get("in") == "query"}
        missing = [name for name, p in known.items() if p.get("required") and name not in seen.query]
        unknown = [name for name in seen.query if name not in known]
        if missing or unknown:
            return f"query parameters missing: {missing}, unknown: {unknown}"
        for name, value in seen.query.items():
            schema = known[name].get("schema", {})
            fits = re.fullmatch(_TYPES.get(schema.get("type", ""), ".*"), value, re.DOTALL)
            if not fits or value not in schema.get("enum", [value]):
                return f"query parameter {name} is {value!r}, {schema} expected"
        return None

    def _body_problem(self, operation: Mapping[str, Any], seen: Seen) -> str | None:
        body = operation.get("requestBody")
        if body is None:
            return f"a body is sent where none belongs: {seen.body[:80]!r}" if seen.body else None
        if not seen.body:
            return "the body is missing" if body.get("required") else None
        if not seen.headers.get("content-type", "").startswith("application/json"):
            return f"content type {seen.headers.get('content-type')}, application/json expected"
        schema = _plain_schema(body["content"]["application/json"].get("schema", {}))
        whole = {"allOf": [self._known(schema)], "components": {"schemas": self._known(self._schemas)}}
        found = jsonschema.exceptions.best_match(jsonschema.Draft7Validator(whole).iter_errors(seen.json))
        return f"body, {found.json_path}: {found.message}" if found else None

    def _known(self, schema: Any) -> Any:
        """Without references to schemas that no document has: the published split leaves some out."""
        if isinstance(schema, Mapping):
            target = str(schema.get("$ref", "")).rpartition("/")[2]
            if target and target not in self._schemas:
                return {}
            return {name: self._known(below) for name, below in schema.items()}
        return [self._known(below) for below in schema] if isinstance(schema, list) else schema


def _plain_schema(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(schema, list):
        return [_plain_schema(below) for below in schema]
    if not isinstance(schema, Mapping):
        return schema
    plain = {name: _plain_schema(below) for name, below in schema.items()}
    if plain.pop("nullable", False) is True and isinstance(plain.get("type"), str):
        plain["type"] = [plain["type"], "null"]
    return plain
