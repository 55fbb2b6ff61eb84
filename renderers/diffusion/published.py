"""Facts about published weights, known without the network (``published.toml``)."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from .weight_source import WeightSource


def is_gated(source: WeightSource) -> bool:
    """Whether a repository is known to need an accepted licence and a token."""
    return bool(_facts(source).get("gated", False))


def download_gb(source: WeightSource) -> float | None:
    """Return the approximate size of what `download` fetches of a source; None if unknown."""
    size = _facts(source).get("gb")
    return None if size is None else float(size)


def _facts(source: WeightSource) -> Mapping[str, Any]:
    name = source.model if source.file is None else f"{source.model}/{source.file}"
    return _table().get(name, _table().get(source.model, {}) if source.file is None else {})


@functools.cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    text = files(__package__).joinpath("published.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
