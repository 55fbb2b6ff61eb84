"""Bytes of a model's weights, from the headers of its files: nothing is loaded."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from pathlib import Path

from .local_weights import local_file, local_folder, pipeline_index
from .memory import Sizes
from .model_settings import ModelSetup
from .safetensors_header import safetensors_header
from .single_file import has_vae, tensor_shapes

SKIPPED = ("vocoder", "safety_checker")
"""Parts of a pipeline that are not loaded."""


def weight_sizes(
    folder: Path,
    setup: ModelSetup,
    denoisers: Iterable[str],
    dropped: Iterable[str],
    bytes_each: float,
    vae_bytes: float,
) -> Sizes:
    """Return the bytes of a pipeline's weights on the device.

    Args:
        folder: of the pipeline.
        setup: of the model.
        denoisers: names of its transformers or UNets.
        dropped: names of parts that are not loaded.
        bytes_each: of a number that is not quantised.
        vae_bytes: of a number of the VAE.
    """
    quantised = bytes_each if setup.quantization == "none" else 1.0
    parts = {
        name: _shapes(folder / name)
        for name, kind in pipeline_index(folder, setup).items()
        if isinstance(kind, list) and name not in {*SKIPPED, *dropped} and (folder / name).is_dir()
    }
    cores = [parts.pop(name) for name in denoisers if name in parts]
    vae = parts.pop("vae", [])
    singles = (setup.weights, setup.parts.get("weights_2"))
    for number, single in enumerate(singles[: len(cores)]):
        if single is not None:
            cores[number] = tensor_shapes(local_file(single, setup), vae=False)
    if setup.weights is not None and has_vae(setup.weights, setup):
        vae = tensor_shapes(local_file(setup.weights, setup), vae=True)
    for name in ("adapter", "controlnet"):
        source = setup.parts.get(name)
        if source is not None and cores:
            path = (local_file if source.is_file else local_folder)(source, setup)
            cores[0] = [*cores[0], *_shapes(path)]
    return Sizes(
        denoisers=tuple(int(sum(core) * quantised) for core in cores),
        layer=int(max((max(core, default=0) for core in cores), default=0) * quantised),
        vae=int(sum(vae) * vae_bytes),
        rest=int(sum(sum(part) for part in parts.values()) * bytes_each),
    )


def weights_bytes(path: Path, bytes_each: float) -> int:
    """Return the bytes of weights once loaded.

    Args:
        path: a ``.safetensors`` file, or a model's folder of them.
        bytes_each: of a number in memory.
    """
    return int(sum(_shapes(path)) * bytes_each)


def _shapes(path: Path) -> list[int]:
    """Return the numbers in each tensor of a file or folder."""
    found = sorted(path.glob("*.safetensors")) if path.is_dir() else [path]
    plain = [file for file in found if "." not in file.stem] or found
    return [prod(e["shape"]) for file in plain for e in safetensors_header(file).values()]
