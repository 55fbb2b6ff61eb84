"""The header of a safetensors file: the names, dtypes and shapes of its tensors, and metadata."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def safetensors_header(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return the ``dtype`` and ``shape`` of a file's tensors, by name; empty for another file.

    The format: eight bytes with the length of a JSON header, which has every tensor's shape
    (https://github.com/huggingface/safetensors, "Format").
    """
    return {name: entry for name, entry in _header(path).items() if name != "__metadata__"}


def safetensors_metadata(path: Path) -> Mapping[str, Any]:
    """Return what the authors of a file wrote into its header; empty for another file."""
    found = _header(path).get("__metadata__", {})
    return found if isinstance(found, Mapping) else {}


def _header(path: Path) -> dict[str, Mapping[str, Any]]:
    try:
        with path.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > 100 << 20:
                return {}
            header: dict[str, Mapping[str, Any]] = json.loads(stream.read(length))
    except (OSError, ValueError, struct.error):
        return {}
    return header
