"""JSON Schemas (draft 2020-12), one per format."""

from __future__ import annotations

import functools
import json
from importlib.resources import files
from typing import Any

_SUFFIX = ".schema.json"


@functools.cache
def names() -> tuple[str, ...]:
    """The formats that have a schema, sorted: ``config``, ``report``, ``script``, …"""
    return tuple(
        sorted(
            entry.name.removesuffix(_SUFFIX)
            for entry in files(__name__).iterdir()
            if entry.name.endswith(_SUFFIX)
        )
    )


@functools.cache
def load(name: str) -> dict[str, Any]:
    """The schema of a format. Callers share it: don't change it.

    Raises:
        KeyError: there is no such format.
    """
    if name not in names():
        raise KeyError(name)
    schema: dict[str, Any] = json.loads(files(__name__).joinpath(name + _SUFFIX).read_text("utf-8"))
    return schema
