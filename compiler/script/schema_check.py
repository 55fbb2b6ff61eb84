"""Check a document against its JSON Schema; a document that was valid is not checked again."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import Any

from ... import schemas
from ...renderers.files.json_cache import remembered
from ..errors import InputError, Problem
from .yaml_source import YamlSource

_KEPT = 256
"""Valid documents that are remembered."""
_METHOD = 1
"""Raised whenever `schema_violations` finds more in the same document."""


def check_schema(
    source: YamlSource, name: str, known: Mapping[str, Collection[str]] | None = None
) -> list[Problem]:
    """Return all schema violations of a document, in file order.

    Args:
        source: the document.
        name: of the schema.
        known: values that replace an ``enum`` of the schema, by its title.
    """
    schema = _exact(schemas.load(name), known or {})

    def is_valid() -> bool:
        from .schema_violations import schema_violations  # noqa: PLC0415 - a tenth of a start

        if problems := schema_violations(source, schema):
            raise InputError(problems)
        return True

    content = repr((_METHOD, schema, source.data)).encode(errors="surrogatepass")
    try:
        remembered("valid_documents.json", hashlib.sha256(content).hexdigest(), is_valid, _KEPT)
    except InputError as error:
        return list(error.problems)
    return []


def _exact(schema: Any, known: Mapping[str, Collection[str]]) -> Any:
    """Return a schema with exact bounds and replaced enums; values of the schema come first.

    A document's 0.05 is 1/20, which is less than the float 0.05.
    """
    if isinstance(schema, list):
        return [_exact(entry, known) for entry in schema]
    if isinstance(schema, float):
        return Fraction(str(schema))
    if not isinstance(schema, Mapping):
        return schema
    copy = {key: _exact(value, known) for key, value in schema.items()}
    title = schema.get("title")
    if "enum" in schema and isinstance(title, str) and title in known:
        own = [value for value in schema["enum"] if value in known[title]]
        copy["enum"] = [*own, *sorted(set(known[title]) - set(own))]
    return copy
