"""Where diffusers' motion modules differ from AnimateDiff's own: the norm at their entry.

The authors' ``TemporalTransformer3DModel`` normalises each frame by itself, diffusers all frames of
a call together: https://github.com/guoyww/AnimateDiff, ``animatediff/models/motion_module.py``.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from .loading import Tensor


def normalize_by_frame(model: Any) -> None:
    """Let the motion modules of a UNet or a SparseCtrl model normalise each frame by itself."""
    from diffusers.models.unets.unet_motion_model import (  # noqa: PLC0415 - slow to import
        AnimateDiffTransformer3D,
    )

    for module in model.modules():
        if isinstance(module, AnimateDiffTransformer3D):
            module.norm.forward = partial(_by_frame, module.norm)


def _by_frame(norm: Any, states: Tensor) -> Tensor:
    """Return normalised states of shape ``(batch, channels, frames, height, width)``."""
    import torch  # noqa: PLC0415 - slow to import

    frames = states.transpose(1, 2)
    normal = torch.nn.functional.group_norm(
        frames.flatten(0, 1), norm.num_groups, norm.weight, norm.bias, norm.eps
    )
    return normal.unflatten(0, frames.shape[:2]).transpose(1, 2)
