"""Parts of a pipeline from one checkpoint file, in its authors' or in diffusers' layout.

8-bit floats are read in both ways they are stored: cast, or scaled so that they use the format's
whole range. Scaled ones follow https://github.com/comfyanonymous/ComfyUI/blob/master/QUANTIZATION.md
and its older form: beside ``X.weight`` lies ``X.weight_scale`` or ``X.scale_weight``, a factor for
the tensor or for each row. Scales of activations are left out, as the computation is in 16 bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

from ..base import RendererError
from ..error_text import one_line
from .local_weights import local_file
from .memory import is_out_of_memory
from .model_settings import ModelSetup
from .safetensors_header import safetensors_header
from .svd_names import diffusers_names
from .weight_source import WeightSource

FP8 = ("F8_E4M3", "F8_E5M2")
"""Names of 8-bit floats in the header of a safetensors file."""
PLAIN = (*FP8, "BF16", "F16", "F32", "F64")
SCALES = ("weight_scale", "scale_weight")
UNUSED = ("input_scale", "scale_input", "scaled_fp8", "comfy_quant")
"""Last words of the names of tensors that have no use here."""
VAE_PREFIXES = ("vae.", "first_stage_model.")
VAE_RENDERERS = ("ltx", "ltx2", "animatediff")
"""Renderers whose single files have a VAE of their own; others use the folder's."""
OTHER_PREFIXES = (
    *VAE_PREFIXES,
    "audio_vae.",
    "vocoder.",
    "text_encoders.",
    "cond_stage_model.",
    "conditioner.",
)
"""Of tensors that are not the denoiser's."""


def load_single_file(
    kind: str,
    source: WeightSource,
    folder: Path,
    part: str,
    setup: ModelSetup,
    dtype: Any,
    quantization: Mapping[str, Any] | None = None,
) -> Any:
    """Load one part of a pipeline from a checkpoint.

    Args:
        kind: its class in diffusers.
        source: the checkpoint.
        folder: of the pipeline, for the part's configuration.
        part: its name in the pipeline.
        setup: of the model.
        dtype: of its weights; those that the class keeps in 32 bits stay so.
        quantization: an argument of diffusers' loader that quantises while it loads.

    Raises:
        RendererError: it cannot be loaded, or has no such part.
    """
    import diffusers  # noqa: PLC0415 - slow to import

    path = local_file(source, setup)
    tensors = read_tensors(path, VAE_PREFIXES if part == "vae" else None, dtype)
    if not tensors:
        raise RendererError(f"{path} has no weights of a {part}")
    model_class = getattr(diffusers, kind)
    try:
        if quantization:
            model = model_class.from_single_file(
                tensors,
                config=str(folder),
                subfolder=part,
                dtype=dtype,
                local_files_only=True,
                **quantization,
            )
        else:
            config = model_class.load_config(folder, subfolder=part, local_files_only=True)
            model = _made(model_class, config, tensors, dtype)
    except (OSError, ValueError, TypeError, KeyError, IndexError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        what = one_line(error)[:300]
        raise RendererError(f"{path} cannot be loaded as a {part}: {what}") from error
    return complete(model, path, part)


def complete(model: Any, path: Path, part: str) -> Any:
    """Return a model that was loaded from a file.

    Raises:
        RendererError: the file lacked some of its weights.
    """
    missing = [name for name, tensor in model.named_parameters() if tensor.is_meta]
    if missing:
        raise RendererError(
            f"{path} lacks {len(missing)} weights of the {part}, such as {missing[0]}: it is of "
            "another model or size than the folder"
        )
    return model


def _made(model_class: Any, config: Any, tensors: dict[str, Any], dtype: Any) -> Any:
    """Make a model of tensors under its own names or its authors'.

    diffusers' ``from_single_file`` does the same, but casts all weights, also those that
    ``_keep_in_fp32_modules`` names, and that its ``from_pretrained`` keeps.
    """
    import torch  # noqa: PLC0415
    from accelerate import init_empty_weights  # noqa: PLC0415
    from diffusers.loaders.single_file_model import (  # noqa: PLC0415
        SINGLE_FILE_LOADABLE_CLASSES,
    )

    with init_empty_weights():
        model = model_class.from_config(config)
    if not model.state_dict().keys() <= tensors.keys():
        name = model_class.__name__
        convert = (
            diffusers_names
            if name == "UNetSpatioTemporalConditionModel"
            else SINGLE_FILE_LOADABLE_CLASSES[name]["checkpoint_mapping_fn"]
        )
        tensors = convert(config=config, checkpoint=tensors)
    precise = set(model_class._keep_in_fp32_modules or ())
    weights = {
        name: tensor.to(torch.float32 if precise & set(name.split(".")) else dtype)
        for name, tensor in tensors.items()
    }
    model.load_state_dict(weights, strict=False, assign=True)
    for name, buffer in model.named_buffers():
        # As `from_pretrained`, except that a buffer of a part in 32 bits stays in 32 bits.
        if buffer.is_floating_point() and not precise & set(name.split(".")):
            buffer.data = buffer.data.to(dtype)
    return model.requires_grad_(False).eval()


def has_vae(source: WeightSource, setup: ModelSetup) -> bool:
    """Whether a single file has a VAE beside its denoiser, which replaces the folder's."""
    return names_vae(_header(local_file(source, setup)), setup)


def names_vae(names: Iterable[str], setup: ModelSetup) -> bool:
    """Whether these names of tensors are those of a file with a VAE that is used."""
    return setup.renderer in VAE_RENDERERS and any(name.startswith(VAE_PREFIXES) for name in names)


def as_stored(setup: ModelSetup, device: str) -> ModelSetup:
    """Return a setup that keeps 8-bit weights in 8 bits, if the single file has such.

    Scaled ones, which would lose small values without their scales, are kept so only if the
    configuration says it. MPS has no 8-bit floats.
    """
    if setup.weights is None or setup.quantization != "none" or device == "mps":
        return setup
    header = _header(local_file(setup.weights, setup))
    is_scaled = any(name.endswith(SCALES) for name in header)
    is_cast = any(entry["dtype"] == FP8[0] for entry in header.values())
    return replace(setup, quantization="fp8") if is_cast and not is_scaled else setup


def tensor_shapes(path: Path, *, vae: bool) -> list[int]:
    """Return the numbers in each tensor of a single file's VAE, or of its denoiser."""
    header = safetensors_header(path)
    names = _chosen(header, VAE_PREFIXES if vae else None)
    return [prod(header[name]["shape"]) for name in names if not _is_scale(name)]


def read_tensors(path: Path, prefixes: tuple[str, ...] | None, dtype: Any) -> dict[str, Any]:
    """Return the tensors of one part of a checkpoint, by name.

    Args:
        path: of the checkpoint.
        prefixes: of the part's names; None for the denoiser, the tensors of no other part.
        dtype: to read 8-bit floats in; others keep theirs.

    Raises:
        RendererError: it is no safetensors file, or is quantised in another way.
    """
    from safetensors import safe_open  # noqa: PLC0415

    header = _header(path)
    names = list(_chosen(header, prefixes))
    for name in names:
        kind = header[name]["dtype"]
        if kind not in PLAIN and name.endswith("weight"):
            raise RendererError(
                f"{path} is quantised to {kind}, which cannot be loaded; use a file in bf16, fp16 "
                "or fp8"
            )
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in names}
    return {
        _with_prefix(name): _unscaled(name, tensor, tensors, path, dtype)
        if header[name]["dtype"] in FP8
        else tensor
        for name, tensor in tensors.items()
        if not _is_scale(name)
    }


def _unscaled(name: str, tensor: Any, tensors: Mapping[str, Any], path: Path, dtype: Any) -> Any:
    """Return an 8-bit tensor in another dtype, multiplied by its scale if it has one."""
    stem = name.removesuffix("weight")
    scale = next((tensors[stem + word] for word in SCALES if stem + word in tensors), None)
    if scale is None or not name.endswith("weight"):
        return tensor.to(dtype)
    if scale.numel() not in (1, tensor.shape[0]):
        raise RendererError(
            f"{path}: {name} is scaled by blocks, which cannot be loaded; use a file in bf16, fp16 "
            "or fp8 with a scale for each tensor"
        )
    shape = (-1, *[1] * (tensor.ndim - 1)) if scale.numel() > 1 else ()
    return (tensor.float() * scale.float().reshape(shape)).to(dtype)


def _is_scale(name: str) -> bool:
    return name.endswith((*SCALES, *UNUSED))


def _chosen(header: Iterable[str], prefixes: tuple[str, ...] | None) -> Iterable[str]:
    for name in header:
        if name.startswith(prefixes) if prefixes else not name.startswith(OTHER_PREFIXES):
            yield name


def _with_prefix(name: str) -> str:
    """Return a name with the prefix that diffusers knows, of those that denoisers have."""
    return f"model.{name}" if name.startswith("diffusion_model.") else name


def _header(path: Path) -> Mapping[str, Mapping[str, Any]]:
    header = safetensors_header(path)
    if not header:
        raise RendererError(f"{path} is not a whole .safetensors file")
    return header
