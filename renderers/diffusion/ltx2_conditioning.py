"""Where diffusers' pipeline for LTX-2 treats conditioned tokens unlike Lightricks' own.

Checked against https://github.com/Lightricks/LTX-2 (``X0Model`` and
``MultiModalTransformerArgsPreprocessor`` of ltx-core).
"""

from __future__ import annotations

from typing import Any

from .loading import Pipeline, Tensor


def denoise_by_token(pipe: Pipeline) -> None:
    """Make a pipeline estimate the clean latents of each token by the token's own noise.

    A token conditioned at a strength has ``1 - strength`` of the step's noise, and the transformer
    is told so. The pipeline takes its estimate by the whole noise instead, which leaves noise in
    the video at keyframes of a strength below 1.
    """
    prepare, estimate = pipe.prepare_latents, pipe.convert_velocity_to_x0
    noise: list[Any] = [1.0]

    def prepared(*args: Any, **more: Any) -> Any:
        found = prepare(*args, **more)
        noise[0] = 1 - found[1]
        return found

    def estimated(sample: Tensor, velocity: Tensor, step: int, scheduler: Any) -> Tensor:
        own = velocity * noise[0] if scheduler is pipe.scheduler else velocity
        return estimate(sample, own, step, scheduler)

    pipe.prepare_latents, pipe.convert_velocity_to_x0 = prepared, estimated


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
