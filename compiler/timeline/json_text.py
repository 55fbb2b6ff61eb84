"""Check a timeline's JSON before OpenTimelineIO parses it.

OpenTimelineIO's parser is recursive, and some texts end the process: `SIGSEGV` for a `Clip.1` whose
media reference is none, ``exit`` for an `UnknownSchema`.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import opentimelineio as otio

DEEPEST = 100
"""Levels of JSON, about two for each composition; editors write up to 20."""
_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)', re.DOTALL)
_INF = re.compile(r'("(?:[^"\\]++|\\.)*+(?:"|\Z))|\bInf\b', re.DOTALL)
"""A string, or the infinity of RapidJSON that Python does not read."""
_BLOCK = 1 << 20
_SCHEMA = re.compile(r"(\w+)\.([0-9]{1,9})", re.ASCII)
_REFERENCE = re.compile(r"\w+Reference\.", re.ASCII)
_INTERNAL = ("UnknownSchema", "SerializableObjectRef", "Test")
"""Schemas that are not for files; with a reference, a composition could contain itself."""


def parse(text: str) -> otio.core.SerializableObject:
    """Parse the text of an ``.otio`` file.

    Raises:
        ValueError, otio.exceptions.OTIOError, KeyError: the text is invalid, or nested more than
            `DEEPEST` levels deep.
    """
    depth = depth_of(text.encode("utf-8"))
    if depth > DEEPEST:
        raise ValueError(f"it is nested {depth} levels deep; the most is {DEEPEST}")
    _check(text)
    return otio.adapters.read_from_string(text, "otio_json")


def depth_of(text: bytes) -> int:
    r"""Return the nesting depth of a JSON text.

    >>> depth_of(rb'{"a": [1, "[[[\"["]}')
    2
    """
    brackets = np.frombuffer(_STRINGS.sub(b"", text), dtype=np.uint8)
    deepest = now = 0
    for start in range(0, len(brackets), _BLOCK):
        block = brackets[start : start + _BLOCK] | 0x20  # The code of `[` becomes that of `{`.
        steps = (block == ord("{")).astype(np.int64) - (block == ord("}"))
        depths = np.cumsum(steps) + now
        deepest, now = max(deepest, int(depths.max())), int(depths[-1])
    return deepest


def _check(text: str) -> None:
    def load(checked: str) -> None:
        # OpenTimelineIO parses the numbers; Python would limit the digits of integers.
        json.loads(checked, object_pairs_hook=_check_object, parse_int=float, strict=False)

    try:
        load(text)
    except json.JSONDecodeError:
        if "Inf" not in text:
            raise
        load(_INF.sub(lambda found: found[1] or "Infinity", text))


def _check_object(pairs: list[tuple[str, Any]]) -> object:
    """Reject an object that the parser misreads; return the schema of others, or False."""
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} stands twice in an object")
    schema = next((value for key, value in pairs if key == "OTIO_SCHEMA"), None)
    if isinstance(schema, str):
        found = _SCHEMA.fullmatch(schema)
        if found is None or found[1] in _INTERNAL:
            raise ValueError(f"{schema[:60]!r} is not a schema of a file")
        if found[1] == "Timeline" and dict(pairs).get("tracks", "") is None:
            raise ValueError("a timeline has no tracks")
        if found[1] == "Clip" and int(found[2]) < 2:
            if "media_references" in keys:
                raise ValueError(f"a clip is {schema!r}, but has the media_references of a Clip.2")
            media = dict(pairs).get("media_reference")
            if media is not None and not (isinstance(media, str) and _REFERENCE.match(media)):
                raise ValueError("the media_reference of a clip is none")
    return schema if isinstance(schema, str) else False
