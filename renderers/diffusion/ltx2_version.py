"""The versions of LTX-2 that `ltx2` renders; others are refused before any work.

Later ones have another text encoder, a guess of the length, and a sampler of their own.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ..base import RendererError
from .safetensors_header import safetensors_metadata
from .weight_source import WeightSource

SUPPORTED = (0, 3)
"""Minor versions."""
_LATER_CONFIG = {"use_keyframes_abs_pos_embedding": True, "ff_bias": False}
"""Of a transformer since 2.5, in diffusers' configurations."""
_LATER_PARTS = ("duration_head", "prompt_enhancer")
_NAMED = re.compile(r"ltx-?2\.(\d+)", re.IGNORECASE)


def refuse_other_versions(source: WeightSource, path: Path | None) -> None:
    """Reject a model of a version that is not supported.

    Args:
        source: a pipeline, or a single file.
        path: its folder or file on this machine; None if it is not here.

    Raises:
        RendererError: it is of another version, by its name, metadata or configuration.
    """
    named = _NAMED.search((source.file or source.model).rsplit("/", maxsplit=1)[-1])
    version = f"2.{named[1]}" if named else ""
    if path is not None and path.is_file():
        version = str(safetensors_metadata(path).get("model_version", version))
    numbers = re.match(r"v?(\d+)(?:\.(\d+))?", version)
    if numbers and (numbers[1] != "2" or int(numbers[2] or 0) not in SUPPORTED):
        raise _refusal(source, f"is LTX {numbers[0]}")
    if path is not None and path.is_dir() and _is_later(path):
        raise _refusal(source, "is of a later version than LTX-2.3")


def _refusal(source: WeightSource, what: str) -> RendererError:
    return RendererError(f"{source} {what}; supported are LTX-2 and LTX-2.3")


def _is_later(folder: Path) -> bool:
    """Whether a pipeline's folder has parts or settings of later versions."""
    index = _json(folder / "model_index.json")
    config = _json(folder / "transformer" / "config.json")
    has_parts = any(isinstance(index.get(n), list) and index[n][1] for n in _LATER_PARTS)
    return has_parts or any(config.get(n) is value for n, value in _LATER_CONFIG.items())


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # A missing file is reported as such.
    return found if isinstance(found, dict) else {}
