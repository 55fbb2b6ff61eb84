"""AnimateDiff's parts from single files: a checkpoint of Stable Diffusion 1.5, a motion module."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .local_weights import local_file
from .model_settings import ModelSetup
from .safetensors_header import safetensors_header
from .single_file import complete, read_tensors
from .weight_source import WeightSource

ENCODER_PREFIX = "cond_stage_model."


def has_text_encoder(source: WeightSource, setup: ModelSetup) -> bool:
    """Whether a checkpoint has a text encoder."""
    return any(
        name.startswith(ENCODER_PREFIX) for name in safetensors_header(local_file(source, setup))
    )


def load_text_encoder(source: WeightSource, folder: Path, setup: ModelSetup, dtype: Any) -> Any:
    """Load the text encoder of a checkpoint.

    Args:
        source: the checkpoint.
        folder: of the pipeline, for the encoder's configuration.
        setup: of the model.
        dtype: of its weights.

    Raises:
        RendererError: the checkpoint lacks some of its weights.
    """
    from accelerate import init_empty_weights  # noqa: PLC0415 - slow to import
    from transformers import CLIPTextConfig, CLIPTextModel  # noqa: PLC0415

    path = local_file(source, setup)
    config = CLIPTextConfig.from_pretrained(folder / "text_encoder", local_files_only=True)
    with init_empty_weights():
        model: Any = CLIPTextModel(config)
    prefix = f"{ENCODER_PREFIX}transformer.text_model."
    weights = {
        name.removeprefix(prefix): tensor.to(dtype)
        for name, tensor in read_tensors(path, (ENCODER_PREFIX,), dtype).items()
    }
    model.load_state_dict(weights, strict=False, assign=True)
    return complete(model, path, "text_encoder").requires_grad_(False).eval()


def load_motion_module(source: WeightSource, setup: ModelSetup, dtype: Any) -> Any:
    """Load a motion adapter from a file as AnimateDiff's authors publish it.

    Its configuration is the ``config.json`` beside it, or that of Stable Diffusion 1.5's adapters,
    which differ in their positions and in whether the middle block has motion.

    Raises:
        RendererError: it lacks some of its weights.
    """
    from accelerate import init_empty_weights  # noqa: PLC0415
    from diffusers import MotionAdapter  # noqa: PLC0415
    from diffusers.loaders.single_file_utils import (  # noqa: PLC0415
        convert_animatediff_checkpoint_to_diffusers,
    )

    path = local_file(source, setup)
    tensors = read_tensors(path, None, dtype)
    if (path.parent / "config.json").is_file():
        config: Mapping[str, Any] = MotionAdapter.load_config(path.parent, local_files_only=True)
    else:
        config = {
            "motion_max_seq_length": next(
                (tensor.shape[1] for name, tensor in tensors.items() if "pos_encoder" in name), 32
            ),
            "use_motion_mid_block": any(name.startswith("mid_block") for name in tensors),
        }
    with init_empty_weights():
        model = MotionAdapter.from_config(config)
    weights = {
        name: tensor.to(dtype)
        for name, tensor in convert_animatediff_checkpoint_to_diffusers(tensors).items()
    }
    model.load_state_dict(weights, strict=False, assign=True)
    return complete(model, path, "motion adapter").to(dtype).requires_grad_(False).eval()
