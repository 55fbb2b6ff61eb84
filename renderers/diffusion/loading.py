"""Pipelines and their parts off the disk: safetensors alone, nobody's code, no network."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from ..base import RendererError, UnavailableError
from .local_weights import file_of, folder_of, index_of, missing, refuse_pickles
from .memory import Sizes, header, weights_bytes
from .model_settings import ModelSetup, WeightSource

Pipeline: TypeAlias = Any
"""A ``diffusers.DiffusionPipeline``."""
Tensor: TypeAlias = Any
"""A ``torch.Tensor``."""

ENCODERS = ("text_encoder", "tokenizer")
"""Parts that turn a prompt into numbers; they leave before the rest comes."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep diffusers and transformers from warnings and bars of their own.

    diffusers warns at every call of ``LTXConditionPipeline`` about the schedule that the pipeline
    passes to itself; transformers does at import about torchvision, which nothing here needs.
    """
    from diffusers.utils import logging as of_diffusers  # noqa: PLC0415 - slow to import
    from transformers.utils import logging as of_transformers  # noqa: PLC0415

    libraries = (of_diffusers, of_transformers)
    levels = [library.get_verbosity() for library in libraries]
    for library in libraries:
        library.set_verbosity_error()
        library.disable_progress_bar()
    try:
        yield
    finally:
        for library, level in zip(libraries, levels, strict=True):
            library.set_verbosity(level)
            library.enable_progress_bar()


def dtype_of(setup: ModelSetup, device: str, half: str) -> Any:
    """The numbers to compute with: as configured, else 16 bits on an accelerator and 32 off it."""
    import torch  # noqa: PLC0415

    default = "float32" if device == "cpu" else "float16" if device == "mps" else half
    return getattr(torch, setup.dtype or default)


def load_pipeline(
    kind: str,
    folder: Path,
    setup: ModelSetup,
    dtype: Any,
    parts: Mapping[str, Any],
    denoiser: str | None = None,
) -> Pipeline:
    """A pipeline of a class of diffusers.

    Args:
        kind: the class; what the folder's own index says is often another one.
        folder: as ``save_pretrained`` wrote it.
        setup: whose pipeline it is.
        dtype: of its numbers.
        parts: that are given, or left out by None.
        denoiser: the part that is quantized, where the setup wants that.

    Raises:
        RendererError: the folder does not hold such a pipeline, or holds pickles.
        UnavailableError: files are missing.
    """
    import diffusers  # noqa: PLC0415 - seconds to import

    refuse_pickles(folder)
    index_of(folder, setup)
    if setup.quantization == "int8" and denoiser is not None and denoiser not in parts:
        config = diffusers.PipelineQuantizationConfig(quant_mapping={denoiser: _int8()})
        parts = {**parts, "quantization_config": config}
    try:
        with quiet():
            made = getattr(diffusers, kind).from_pretrained(
                folder,
                dtype=dtype,
                variant=setup.variant,
                use_safetensors=True,
                local_files_only=True,
                **parts,
            )
    except MemoryError:
        raise
    except (OSError, ValueError, TypeError, ImportError) as error:
        what = " ".join(str(error).split())
        if setup.model.path is None and isinstance(error, OSError):
            raise missing(setup.model, setup) from error
        raise RendererError(f"{setup.model} cannot be loaded as {kind}: {what[:300]}") from error
    made.set_progress_bar_config(disable=True)
    return made


def _int8() -> Any:
    """What quantizes a model's weights to 8 bits while it is loaded.

    Raises:
        UnavailableError: torchao is not installed.
    """
    if find_spec("torchao") is None:
        raise UnavailableError("quantization int8 needs torchao: pip install torchao")
    from diffusers import TorchAoConfig  # noqa: PLC0415
    from torchao.quantization import Int8WeightOnlyConfig  # noqa: PLC0415

    return TorchAoConfig(Int8WeightOnlyConfig())


def load_part(kind: Any, source: WeightSource, setup: ModelSetup, dtype: Any, **more: Any) -> Any:
    """A model of a class of diffusers, from a folder of its own.

    Raises:
        RendererError: it cannot be loaded.
    """
    folder = folder_of(source, setup)
    refuse_pickles(folder)
    try:
        with quiet():
            return kind.from_pretrained(
                folder, dtype=dtype, use_safetensors=True, local_files_only=True, **more
            )
    except (OSError, ValueError, TypeError) as error:
        what = " ".join(str(error).split())
        raise RendererError(
            f"{source} cannot be loaded as {kind.__name__}: {what[:300]}"
        ) from error


def from_single_file(
    kind: str, source: WeightSource, folder: Path, part: str, setup: ModelSetup, dtype: Any
) -> Any:
    """One model of a pipeline from a checkpoint in the original format, over a folder's layout.

    Raises:
        RendererError: it cannot be loaded.
    """
    import diffusers  # noqa: PLC0415

    path = file_of(source, setup)
    is_small = setup.quantization == "int8" and part != "vae"
    more = {"quantization_config": _int8()} if is_small else {}
    try:
        with quiet():
            return getattr(diffusers, kind).from_single_file(
                str(path),
                config=str(folder),
                subfolder=part,
                dtype=dtype,
                local_files_only=True,
                **more,
            )
    except (OSError, ValueError, TypeError, KeyError) as error:
        what = " ".join(str(error).split())
        raise RendererError(f"{path} cannot be loaded as a {part}: {what[:300]}") from error


def holds_vae(source: WeightSource, setup: ModelSetup) -> bool:
    """Whether a single file carries a VAE beside its denoiser."""
    return any(name.startswith("vae.") for name in header(file_of(source, setup)))


def sizes_of(folder: Path, setup: ModelSetup, denoiser: str, bytes_each: float) -> Sizes:
    """What a pipeline's weights take on the device, its text encoder not counted."""
    parts = [path for path in folder.iterdir() if path.is_dir() and path.name not in ENCODERS]
    own = bytes_each if setup.quantization == "none" else 1.0
    found = {
        path.name: weights_bytes(path, own if path.name.startswith(denoiser) else bytes_each)
        for path in parts
    }
    core = sum(n for name, n in found.items() if name.startswith(denoiser))
    others = sum(n for name, n in found.items() if not name.startswith(denoiser))
    return Sizes(core, others)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is no more memory: of a card, or of the machine."""
    import torch  # noqa: PLC0415

    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    # MPS and the CPU's allocator raise plain RuntimeErrors.
    said = str(error)
    return isinstance(error, RuntimeError) and (
        "out of memory" in said or "can't allocate memory" in said
    )
