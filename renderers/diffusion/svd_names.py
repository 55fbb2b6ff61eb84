"""Names of Stable Video Diffusion's UNet in its authors' checkpoints, as those of diffusers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

PREFIX = "model.diffusion_model."
OUTER = {
    "time_embed.0": "time_embedding.linear_1",
    "time_embed.2": "time_embedding.linear_2",
    "label_emb.0.0": "add_embedding.linear_1",
    "label_emb.0.2": "add_embedding.linear_2",
    "input_blocks.0.0": "conv_in",
    "out.0": "conv_norm_out",
    "out.2": "conv_out",
}
RESNET = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}
ATTENTION = {
    "time_stack": "temporal_transformer_blocks",
    "time_pos_embed.0": "time_pos_embed.linear_1",
    "time_pos_embed.2": "time_pos_embed.linear_2",
}
MIDDLE = ("resnets.0", "attentions.0", "resnets.1")


def diffusers_names(config: Mapping[str, Any], checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tensors of a checkpoint under diffusers' names.

    Source: ``VideoUNet`` of https://github.com/Stability-AI/generative-models
    (``sgm/modules/diffusionmodules/video_model.py``).

    Args:
        config: of ``UNetSpatioTemporalConditionModel``.
        checkpoint: its tensors, by name.
    """
    layers = config["layers_per_block"]
    names = {name: name.removeprefix(PREFIX) for name in checkpoint}
    return {_renamed(short, layers): checkpoint[name] for name, short in names.items()}


def _renamed(name: str, layers: int) -> str:
    for old, new in OUTER.items():
        if name.startswith(f"{old}."):
            return new + name.removeprefix(old)
    found = re.match(r"(input_blocks|middle_block|output_blocks)\.(\d+)\.(.*)", name)
    if found is None:
        return name
    side, number, rest = found[1], int(found[2]), found[3]
    if side == "middle_block":
        module = f"mid_block.{MIDDLE[number]}"
        return f"{module}.{_inner(rest, is_resnet=number != 1)}"
    part, rest = rest.split(".", 1)
    if side == "input_blocks":
        block, layer = divmod(number - 1, layers + 1)
        place = f"down_blocks.{block}"
        if rest.startswith("op."):
            return f"{place}.downsamplers.0.conv.{rest.removeprefix('op.')}"
    else:
        block, layer = divmod(number, layers + 1)
        place = f"up_blocks.{block}"
        if rest.startswith("conv."):
            return f"{place}.upsamplers.0.{rest}"
    is_resnet = part == "0"
    kind = "resnets" if is_resnet else "attentions"
    return f"{place}.{kind}.{layer}.{_inner(rest, is_resnet=is_resnet)}"


def _inner(name: str, *, is_resnet: bool) -> str:
    """Return a name within a resnet or an attention."""
    if not is_resnet:
        for old, new in ATTENTION.items():
            if name.startswith(f"{old}."):
                return new + name.removeprefix(old)
        return name
    if name.startswith("time_mixer."):
        return name
    stack, rest = (
        ("temporal_res_block", name.removeprefix("time_stack."))
        if name.startswith("time_stack.")
        else ("spatial_res_block", name)
    )
    for old, new in RESNET.items():
        if rest.startswith(f"{old}."):
            return f"{stack}.{new}{rest.removeprefix(old)}"
    return name
