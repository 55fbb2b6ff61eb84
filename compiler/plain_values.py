"""Dataclasses as JSON values and back, exactly: for caches, which only this version reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from .notices import Notice

_T = TypeVar("_T")
_LEAVES: dict[Any, Callable[[Any], Any]] = {
    Fraction: Fraction,
    Path: Path,
    Notice: lambda plain: Notice(*plain),
}


def to_plain(value: Any) -> Any:
    """Return a value as JSON values; a dataclass as the list of its fields."""
    if isinstance(value, Notice):
        return [value.code, str(value)]
    if isinstance(value, Fraction | Path):
        return str(value)
    if isinstance(value, Mapping):
        return {key: to_plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(entry) for entry in value]
    if is_dataclass(value):
        return [to_plain(getattr(value, field.name)) for field in fields(value)]
    return value


def from_plain(kind: type[_T], plain: Any) -> _T:
    """Return the value of a type that `to_plain` gave.

    Raises:
        ValueError, TypeError: it is of another type.
    """
    any_kind: Any = kind
    made: _T = _reader(any_kind)(plain)
    return made


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    """Return what makes values of a type; those of JSON stay."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is UnionType:  # With None.
        one = _reader(args[0])
        return lambda plain: None if plain is None else one(plain)
    if origin is list or (origin is tuple and args[-1] is ...):
        one = _reader(args[0])
        return lambda plain: origin(map(one, plain))
    if origin is tuple:
        return _row(tuple, args)
    if origin in (dict, Mapping):
        one = _reader(args[1])
        return lambda plain: {key: one(entry) for key, entry in plain.items()}
    if is_dataclass(kind):
        build: Any = kind
        hints = get_type_hints(kind)
        make = _row(list, [hints[field.name] for field in fields(kind)])
        return lambda plain: build(*make(plain))
    return _LEAVES.get(kind, lambda plain: plain)


def _row(origin: Callable[[Any], Any], kinds: Any) -> Callable[[Any], Any]:
    readers = [_reader(kind) for kind in kinds]
    return lambda plain: origin(read(entry) for read, entry in zip(readers, plain, strict=True))
