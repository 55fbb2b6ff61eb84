"""Running a renderer for a shot: exactly the frames that the slot's media hold."""

from __future__ import annotations

from collections.abc import Iterator

from .base import Call, Frame, OnStep, Renderer, RendererError, Shot


def frames(renderer: Renderer, shot: Shot, on_step: OnStep) -> Iterator[Frame]:
    """Yield exactly ``shot.frames`` frames of ``shot.width`` x ``shot.height``, lazily.

    Args:
        renderer: what makes them.
        shot: what they are to show.
        on_step: called with (frames made, all frames).

    Raises:
        RendererError: the renderer failed, or returned another number or size of frames.
    """
    call = whole_call(shot)
    sizes = {(shot.height * 3 // 2, shot.width), (shot.height, shot.width, 3)}
    made = 0
    for frame in renderer.generate(shot, call, [], lambda *_: None):
        if frame.shape not in sizes:
            raise RendererError(f"{renderer.name} made a frame of shape {frame.shape}")
        made += 1
        if made <= call.frames:
            yield frame
            on_step(made, call.frames)
    if made != call.frames:
        raise RendererError(
            f"{renderer.name} made {made} frames where {call.frames} were asked for"
        )


def whole_call(shot: Shot) -> Call:
    """The one call that makes a whole shot at its own size and rate."""
    return Call(
        width=shot.width,
        height=shot.height,
        fps=shot.fps,
        frames=shot.frames,
        first=0,
        keyframes=shot.keyframes,
        overlap=0,
        seed=shot.seed,
    )
