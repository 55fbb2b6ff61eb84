"""Access plain data of any shape: numbers, and mappings in lists with their paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, TypeGuard

from ..yaml_source import KeyPath


def is_number(value: object) -> TypeGuard[int | Fraction]:
    """Whether a value is a number as `read_yaml` returns it."""
    return isinstance(value, int | Fraction) and not isinstance(value, bool)


def entries(
    holder: Mapping[str, Any], key: str, path: KeyPath
) -> Iterator[tuple[dict[str, Any], KeyPath]]:
    """Yield the mappings of a list with their paths; none if there is no list.

    Args:
        holder: has the list under ``key``.
        key: of the list.
        path: of the holder.
    """
    found = holder.get(key)
    for index, entry in enumerate(found if isinstance(found, list) else []):
        if isinstance(entry, dict):
            yield entry, (*path, key, index)
