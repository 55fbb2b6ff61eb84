"""Load pipelines and their parts from disk: only safetensors, no remote code, no network."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from ..base import RendererError, UnavailableError
from ..error_text import one_line
from .local_weights import (
    local_folder,
    missing_weights,
    pipeline_index,
    reject_pickle_folders,
)
from .model_settings import ModelSetup
from .weight_source import WeightSource

Pipeline: TypeAlias = Any
"""A ``diffusers.DiffusionPipeline``."""
Tensor: TypeAlias = Any
"""A ``torch.Tensor``."""

ENCODERS = ("text_encoder", "tokenizer")
"""Parts that encode prompts; they are unloaded before the rest is loaded."""


@contextlib.contextmanager
def silenced_libraries() -> Iterator[None]:
    """Silence warnings and progress bars of diffusers and transformers.

    diffusers warns at every call of ``LTXConditionPipeline`` about the schedule that the pipeline
    passes to itself; transformers does at import about torchvision, which nothing here needs.
    """
    from diffusers.utils import logging as diffusers_logging  # noqa: PLC0415 - slow to import
    from transformers.utils import logging as transformers_logging  # noqa: PLC0415

    libraries = (diffusers_logging, transformers_logging)
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


def pick_dtype(setup: ModelSetup, device: str, half: str) -> Any:
    """Return the configured dtype; by default ``half`` on an accelerator and 32 bits on the CPU.

    Also on MPS: a model trained in bfloat16 overflows in float16.

    Args:
        setup: of the model.
        device: that it runs on.
        half: the 16-bit dtype that its weights were trained in.
    """
    import torch  # noqa: PLC0415 - slow to import

    return getattr(torch, setup.dtype or ("float32" if device == "cpu" else half))


def load_pipeline(
    kind: str,
    folder: Path,
    setup: ModelSetup,
    dtype: Any,
    parts: Mapping[str, Any],
    denoisers: tuple[str, ...] = (),
    precise: tuple[str, ...] = (),
) -> Pipeline:
    """Load a pipeline into RAM.

    Args:
        kind: its class in diffusers; the folder's own index often names another.
        folder: as ``save_pretrained`` wrote it.
        setup: of the model.
        dtype: of its weights.
        parts: parts to use instead of the folder's; None leaves a part out.
        denoisers: the parts to quantise, if the setup asks for that.
        precise: parts that are loaded in 32 bits whatever the dtype.

    Raises:
        RendererError: the folder does not hold such a pipeline, or holds pickles.
        UnavailableError: files are missing.
    """
    import diffusers  # noqa: PLC0415 - seconds to import
    import torch  # noqa: PLC0415

    reject_pickle_folders(folder)
    pipeline_index(folder, setup)
    if setup.quantization == "int8":
        wanted = {name: _int8_config() for name in denoisers if name not in parts}
        if wanted:
            config = diffusers.PipelineQuantizationConfig(quant_mapping=wanted)
            parts = {**parts, "quantization_config": config}
    dtypes = {"default": dtype, **dict.fromkeys(precise, torch.float32)}
    try:
        with silenced_libraries():
            pipe = getattr(diffusers, kind).from_pretrained(
                folder,
                dtype=dtypes if precise else dtype,
                variant=setup.variant,
                use_safetensors=True,
                local_files_only=True,
                **parts,
            )
    except MemoryError:
        raise
    except (OSError, ValueError, TypeError, ImportError) as error:
        what = one_line(error)
        if setup.model.path is None and isinstance(error, OSError):
            raise missing_weights(setup.model, setup) from error
        raise RendererError(f"{setup.model} cannot be loaded as {kind}: {what[:300]}") from error
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _int8_config() -> Any:
    """Return the configuration that quantises weights to 8 bits while they are loaded.

    Raises:
        UnavailableError: torchao is not installed.
    """
    if find_spec("torchao") is None:
        raise UnavailableError("quantization int8 needs torchao: pip install torchao")
    from diffusers import TorchAoConfig  # noqa: PLC0415
    from torchao.quantization import Int8WeightOnlyConfig  # noqa: PLC0415

    return TorchAoConfig(Int8WeightOnlyConfig())


def load_part(kind: Any, source: WeightSource, setup: ModelSetup, dtype: Any, **more: Any) -> Any:
    """Load a model of a class of diffusers from a folder of its own.

    Raises:
        RendererError: it cannot be loaded.
    """
    folder = local_folder(source, setup)
    reject_pickle_folders(folder)
    try:
        with silenced_libraries():
            return kind.from_pretrained(
                folder, dtype=dtype, use_safetensors=True, local_files_only=True, **more
            )
    except (OSError, ValueError, TypeError) as error:
        what = one_line(error)
        raise RendererError(
            f"{source} cannot be loaded as {kind.__name__}: {what[:300]}"
        ) from error


def quantization_of(setup: ModelSetup) -> dict[str, Any]:
    """Return the argument of a loader that quantises a denoiser while it is loaded, if any."""
    return {"quantization_config": _int8_config()} if setup.quantization == "int8" else {}
