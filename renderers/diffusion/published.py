"""Facts about published weights, known without the network (``published.toml``)."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from .memory import GB, Sizes
from .weight_source import WeightSource


def is_gated(source: WeightSource) -> bool:
    """Whether a repository is known to need an accepted licence and a token."""
    return bool(_facts(source).get("gated", False))


def download_gb(source: WeightSource) -> float | None:
    """Return the approximate size of what `download` fetches of a source; None if unknown."""
    size = _facts(source).get("gb")
    return None if size is None else float(size)


def published_sizes(source: WeightSource, bytes_each: float, vae_bytes: float) -> Sizes | None:
    """Return the bytes of a published pipeline's weights on the device; None if unknown.

    Args:
        source: the pipeline.
        bytes_each: of a number of the denoiser.
        vae_bytes: of a number of the VAE.
    """
    facts = _facts(source)
    if "denoiser" not in facts:
        return None
    return Sizes(
        denoisers=(int(facts["denoiser"] * 1e9 * bytes_each),),
        layer=int(facts["layer"] * 1e9 * bytes_each),
        vae=int(facts["vae"] * 1e9 * vae_bytes),
        rest=int(facts.get("rest", 0) * 2e9),
    )


def published_memory_gb(source: WeightSource) -> float:
    """Return the main memory that a published pipeline takes on the CPU, in 32 bits."""
    facts = _facts(source)
    rest = sum(facts.get(name, 0) for name in ("denoiser", "vae", "rest"))
    return float(max(rest, facts.get("encoder", 0)) * 4e9 / GB)


def _facts(source: WeightSource) -> Mapping[str, Any]:
    name = source.model if source.file is None else f"{source.model}/{source.file}"
    return _table().get(name, _table().get(source.model, {}) if source.file is None else {})


@functools.cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    text = files(__package__).joinpath("published.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
