"""Pipelines and their parts off the disk: safetensors alone, nobody's code, no network.

Nothing is fetched while rendering: what is not here is named, with the command that fetches it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from ..base import RendererError, UnavailableError
from .memory import Sizes, header, weights_bytes
from .setup import SAFE_SUFFIX, Setup, Source, refuse_pickle, setup_of, table

Pipeline: TypeAlias = Any
"""A ``diffusers.DiffusionPipeline``."""
Tensor: TypeAlias = Any
"""A ``torch.Tensor``."""

ENCODERS = ("text_encoder", "tokenizer")
"""Parts that turn a prompt into numbers; they leave before the rest comes."""
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


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


def device_of(setup: Setup) -> str:
    """The device to run on.

    Raises:
        UnavailableError: this machine has no such device.
    """
    import torch  # noqa: PLC0415 - slow to import

    there = {
        "cuda": torch.cuda.is_available(),
        "xpu": hasattr(torch, "xpu") and torch.xpu.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if setup.device == "auto":
        return next(name for name, is_there in there.items() if is_there)
    if not there[setup.device]:
        raise UnavailableError(
            f"{setup.renderer}: this machine has no {setup.device} device; set device: auto"
        )
    return setup.device


def dtype_of(setup: Setup, device: str, half: str) -> Any:
    """The numbers to compute with: as configured, else 16 bits on an accelerator and 32 off it."""
    import torch  # noqa: PLC0415

    default = "float32" if device == "cpu" else "float16" if device == "mps" else half
    return getattr(torch, setup.dtype or default)


def folder_of(source: Source, setup: Setup) -> Path:
    """The folder of a model on this machine.

    Raises:
        UnavailableError: it is not here.
    """
    if source.path is not None:
        if not source.path.is_dir():
            raise UnavailableError(f"{source.path}: there is no such folder of a model")
        return source.path
    found = snapshot_of(source)
    if found is None:
        raise _missing(source, setup)
    return found


def snapshot_of(source: Source) -> Path | None:
    """The folder of a repository in the hub's cache, however much of it is there; None for none.

    ``snapshot_download`` would take a repository of which only what is needed was fetched for a
    broken one. The cache's layout:
    https://huggingface.co/docs/huggingface_hub/guides/manage-cache
    """
    from huggingface_hub import constants  # noqa: PLC0415 - slow to import
    from huggingface_hub.file_download import repo_folder_name  # noqa: PLC0415

    name = repo_folder_name(repo_id=source.model, repo_type="model")
    storage = Path(constants.HF_HUB_CACHE) / name
    revision = source.revision or "main"
    reference = storage / "refs" / revision
    try:
        commit = reference.read_text(encoding="utf-8").strip() if reference.is_file() else revision
    except OSError:
        return None
    folder = storage / "snapshots" / commit
    return folder if folder.is_dir() else None


def file_of(source: Source, setup: Setup) -> Path:
    """A single file of weights on this machine.

    Raises:
        UnavailableError: it is not here.
        RendererError: it is a pickle, or there are several and none is named.
    """
    if source.path is not None and source.path.suffix:
        refuse_pickle(source.path.name)
        if not source.path.is_file():
            raise UnavailableError(f"{source.path}: there is no such file")
        return source.path
    folder = folder_of(source, setup)
    if source.file is None:
        found = sorted(folder.glob(f"*{SAFE_SUFFIX}"))
        if len(found) != 1:
            refuse_pickles(folder)
            raise RendererError(f"{source}: {len(found)} files of weights there; name one of them")
        return found[0]
    if not (folder / source.file).is_file():
        raise _missing(source, setup)
    return folder / source.file


def _missing(source: Source, setup: Setup) -> UnavailableError:
    return UnavailableError(
        f"{source} is not on this machine; fetch it: otio-gvideo models pull {setup.renderer}"
    )


def refuse_pickles(folder: Path) -> None:
    """Raise for a model's folder that has pickles alone.

    Raises:
        RendererError: a part has weights, and none of them are safetensors.
    """
    for part in (folder, *sorted(path for path in folder.iterdir() if path.is_dir())):
        pickles = sorted(path for kind in _PICKLES for path in part.glob(kind))
        if pickles and not any(part.glob(f"*{SAFE_SUFFIX}")):
            refuse_pickle(str(pickles[0]))


def pinned(renderer: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with the commits of the model that are on this machine, where none are stated: what
    is fetched later under the same name makes another recipe.

    Raises:
        RendererError: a setting is wrong.
    """
    made = dict(settings)
    if renderer not in table():
        return made
    setup = setup_of(renderer, settings, "standard")
    model, weights = setup.model, setup.weights
    if model.path is None and model.revision is None:
        found = snapshot_of(model)
        if found is not None:
            made["revision"] = found.name
    if weights is not None and weights.path is None and weights.revision is None:
        found = snapshot_of(weights)
        if found is not None:
            made["weights"] = {
                "model": weights.model,
                "revision": found.name,
                "file": weights.file,
            }
    return made


def index_of(folder: Path, setup: Setup) -> dict[str, Any]:
    """The index of a pipeline's folder: its parts by name, and their classes.

    Raises:
        RendererError: it is not the folder of a pipeline.
        UnavailableError: it is, but not all of it is here.
    """
    try:
        found = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        if setup.model.path is None:
            raise _missing(setup.model, setup) from error
        raise RendererError(
            f"{folder}: no model_index.json: not a folder of a diffusers pipeline"
        ) from error
    return dict(found)


def load_pipeline(
    kind: str,
    folder: Path,
    setup: Setup,
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
            raise _missing(setup.model, setup) from error
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


def load_part(kind: Any, source: Source, setup: Setup, dtype: Any, **more: Any) -> Any:
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
    kind: str, source: Source, folder: Path, part: str, setup: Setup, dtype: Any
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


def holds_vae(source: Source, setup: Setup) -> bool:
    """Whether a single file carries a VAE beside its denoiser."""
    return any(name.startswith("vae.") for name in header(file_of(source, setup)))


def sizes_of(folder: Path, setup: Setup, denoiser: str, bytes_each: float) -> Sizes:
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
