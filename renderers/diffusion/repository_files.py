"""Choose the files of a repository that a renderer loads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from .missing_weights import DENOISERS
from .model_settings import ModelSetup
from .weight_files import INDEX, pipeline_parts, reject_pickles, variant_files
from .weight_source import SAFE_SUFFIX, WeightSource

TEXT_SUFFIXES = (".json", ".txt", ".model", ".jinja")
"""Suffixes of configurations, vocabularies and tokenizers."""


def needed_files(
    source: WeightSource,
    setup: ModelSetup,
    files: Iterable[str],
    index: Mapping[str, Any],
    *,
    has_vae: bool = False,
) -> list[str]:
    """Return the files of a repository that a renderer loads.

    Args:
        source: the repository, or a single file in it.
        setup: of the model they belong to. Of a pipeline, the denoiser is skipped if a single file
            replaces it, all variants but one, and what its index does not name.
        files: all files of the repository.
        index: the content of a pipeline's ``model_index.json``.
        has_vae: whether the single file replaces the VAE as well.

    Raises:
        RendererError: a part has pickles but no safetensors.
    """
    listed = sorted(files)
    if source == setup.model and source.file is None:
        return _pipeline_files(setup, listed, index, has_vae=has_vae)
    if source.file is not None and source != setup.parts.get("ip_adapter"):
        return [source.file]
    if source.file is not None:
        # The adapter is one of many in its repository, all with one image encoder.
        encoders = ("image_encoder/", "models/image_encoder/")
        inside = [name for name in listed if name.startswith(encoders)]
        own = [name for name in inside if name.endswith(TEXT_SUFFIXES)]
        return [source.file, *own, *_weights(inside, None)]
    plain = [name for name in listed if name.endswith((SAFE_SUFFIX, *TEXT_SUFFIXES))]
    if not any(name.endswith(SAFE_SUFFIX) for name in plain):
        reject_pickles(listed)
    if source == setup.parts.get("upsampler"):
        return [name for name in plain if name.startswith("latent_upsampler/")]
    if source == setup.prompt_model:
        plain = [name for name in plain if "/" not in name]
    if source in (*map(setup.parts.get, ("adapter", "controlnet")), setup.prompt_model):
        return [name for name in plain if name.endswith(TEXT_SUFFIXES)] + _weights(plain, None)
    return plain


def _pipeline_files(
    setup: ModelSetup, listed: Sequence[str], index: Mapping[str, Any], *, has_vae: bool
) -> list[str]:
    replaced = {"transformer_2"} if "weights_2" in setup.parts else set()
    if setup.weights is not None:
        replaced |= {*DENOISERS, *(["vae"] if has_vae else [])}
    needed = [INDEX]
    for part, has_weights in pipeline_parts(index).items():
        inside = [name for name in listed if name.startswith(f"{part}/")]
        needed += [name for name in inside if name.endswith(TEXT_SUFFIXES)]
        if not has_weights or part in replaced:
            continue
        weights = _weights(inside, setup.variant)
        if not weights:
            reject_pickles(inside)
        needed += weights
    return needed


def _weights(names: Sequence[str], variant: str | None) -> list[str]:
    """Return the safetensors of a part in one variant; not those in folders inside it."""
    safe = [name for name in names if name.endswith(SAFE_SUFFIX)]
    depth = min((len(PurePosixPath(name).parts) for name in safe), default=0)
    return variant_files([n for n in safe if len(PurePosixPath(n).parts) == depth], variant)
