"""Plain data that may have any shape: what is of the right one, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, TypeGuard

from ..yaml_source import Path_


def is_number(value: object) -> TypeGuard[int | Fraction]:
    """Whether a value is a number as YAML is read here."""
    return isinstance(value, int | Fraction) and not isinstance(value, bool)


def entries(
    holder: Mapping[str, Any], key: str, path: Path_
) -> Iterator[tuple[dict[str, Any], Path_]]:
    """The mappings of a list, each with the path it stands at; none where there is no list.

    Args:
        holder: has the list under ``key``.
        key: of the list.
        path: of the holder.
    """
    found = holder.get(key)
    for index, entry in enumerate(found if isinstance(found, list) else []):
        if isinstance(entry, dict):
            yield entry, (*path, key, index)
