"""Where diffusers' LTX-2 differs from Lightricks' own: conditioned tokens, the perturbed pass.

Checked against https://github.com/Lightricks/LTX-2 (``X0Model``,
``MultiModalTransformerArgsPreprocessor`` and ``GuidedDenoiser``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .loading import Pipeline, Tensor


def denoise_by_token(pipe: Pipeline) -> None:
    """Make a pipeline estimate the clean latents of each token by the token's own noise.

    A token conditioned at a strength has ``1 - strength`` of the step's noise, and the transformer
    is told so. The pipeline takes its estimate by the whole noise instead, which leaves noise in
    the video at keyframes of a strength below 1.

    A second pass starts such a token from its condition, its noise and, for the rest, the latents
    given: none of a token that is appended. The pipeline has the condition for the rest, too.
    """
    prepare, estimate = pipe.prepare_latents, pipe.convert_velocity_to_x0
    noise: list[Any] = [1.0]

    def prepared(*args: Any, **more: Any) -> Any:
        found = prepare(*args, **more)
        noise[0] = 1 - found[1]
        given = more.get("latents")
        return found if given is None else (_started(found, packed(given), more), *found[1:])

    def packed(latents: Tensor) -> Tensor:
        vae = pipe.vae
        scale = vae.config.scaling_factor
        latents = pipe._normalize_latents(latents, vae.latents_mean, vae.latents_std, scale)
        sizes = pipe.transformer_spatial_patch_size, pipe.transformer_temporal_patch_size
        return pipe._pack_latents(latents, *sizes)

    def estimated(sample: Tensor, velocity: Tensor, step: int, scheduler: Any) -> Tensor:
        own = velocity * noise[0] if scheduler is pipe.scheduler else velocity
        return estimate(sample, own, step, scheduler)

    pipe.prepare_latents, pipe.convert_velocity_to_x0 = prepared, estimated


def _started(found: tuple[Any, ...], given: Tensor, more: Mapping[str, Any]) -> Tensor:
    """Return the first latents of a pass with the given ones under conditioned tokens.

    Args:
        found: the pipeline's own, with mask and conditions.
        given: packed, without the tokens that conditions append.
        more: arguments of the pipeline's ``prepare_latents``.
    """
    import torch  # noqa: PLC0415 - slow to import

    latents, mask, clean, _ = found
    appended = latents.shape[1] - given.shape[1]
    under = torch.nn.functional.pad(given, (0, 0, 0, appended))
    rest = (1 - mask) * (1 - more["noise_scale"])
    return torch.where(mask > 0, latents + rest * (under - clean), latents)


def gate_by_step(transformer: Any) -> None:
    """Make the gate between sound and video see the noise of the step, in every token.

    The layers before the gate see the noise of the token. ``use_cross_timestep`` sets both alike:
    to the token's if it is false, which is what they are given here.
    """

    def of_step(_: Any, args: tuple[Any, ...], more: dict[str, Any]) -> Any:
        # All calls of a batch are at the same step, and some tokens are not conditioned.
        return (args[0].amax().expand(more["batch_size"]), *args[1:]), more

    gate = transformer.av_cross_attn_video_a2v_gate
    gate.register_forward_pre_hook(of_step, with_kwargs=True)


def let_perturb(transformer: Any) -> None:
    """Let spatio-temporal guidance skip the self-attention of a block.

    diffusers does for models that say ``perturbed_attn``, 2.3 and later. For LTX-2 itself its
    perturbed pass would equal the plain one, and guidance by it do nothing.
    """
    from diffusers.models.transformers.transformer_ltx2 import (  # noqa: PLC0415
        LTX2PerturbedAttnProcessor,
    )

    for block in transformer.transformer_blocks:
        if not block.perturbed_attn:
            block.perturbed_attn = True
            for attention in (block.attn1, block.audio_attn1):
                attention.set_processor(LTX2PerturbedAttnProcessor())
