"""Running a renderer for a shot: exactly the frames that the slot's media hold.

    calls -> chunks joined -> rate converted -> cropped, scaled, planar YUV

Every step is lazy: memory does not grow with the length of a slot.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from ..base import Frame, OnStep, Renderer, RendererError, Shot
from .chunks import native_frames
from .interpolate import Interpolator, interpolator_for, retime
from .planner import SlotPlan, plan
from .scale import finish

MODEL_SHARE = 0.8
"""Share of a call's progress that its model's steps are; the rest is its frames coming out."""


def frames(
    renderer: Renderer, shot: Shot, on_step: OnStep, *, chunks: Path | None = None
) -> Iterator[Frame]:
    """Yield exactly ``shot.frames`` frames of ``shot.width`` x ``shot.height``, lazily.

    Frames of a renderer without limits pass through as they are; all others come as I420.

    Args:
        renderer: what makes them.
        shot: what they are to show.
        on_step: called with (frames made, all frames). Of a model that works in steps these are
            the frames that the steps done are worth.
        chunks: a folder where finished chunks of a long slot are kept until the slot is done.

    Raises:
        RendererError: the renderer failed, or returned another number or size of frames.
    """
    limits = renderer.limits
    made = plan(shot, limits)
    if limits.is_unbounded:
        return _passed_on(renderer, shot, made, on_step)
    return _converted(renderer, shot, made, on_step, chunks)


def _passed_on(renderer: Renderer, shot: Shot, made: SlotPlan, on_step: OnStep) -> Iterator[Frame]:
    (call,) = made.calls
    sizes = {(shot.height * 3 // 2, shot.width), (shot.height, shot.width, 3)}
    count = 0
    for frame in renderer.generate(shot, call, [], lambda *_: None):
        if frame.shape not in sizes:
            raise RendererError(f"{renderer.name} made a frame of shape {frame.shape}")
        count += 1
        if count <= call.frames:
            yield frame
            on_step(count, call.frames)
    if count != call.frames:
        raise RendererError(
            f"{renderer.name} made {count} frames where {call.frames} were asked for"
        )


def _converted(
    renderer: Renderer, shot: Shot, made: SlotPlan, on_step: OnStep, chunks: Path | None
) -> Iterator[Frame]:
    progress = _CallProgress(made, on_step)
    native = native_frames(renderer, shot, made, progress.of_call, chunks)
    fps = made.calls[0].fps
    rated = native
    if fps != made.fps:
        chosen: Interpolator = interpolator_for(_rife(shot))
        rated = retime(native, fps, made.fps, made.frames, chosen)
    count = 0
    try:
        for frame in itertools.islice(rated, made.frames):
            yield finish(frame, made)
            count += 1
            progress.of_frames(count)
        # Lets the renderer end its call, and the chunks that were kept be deleted.
        for _ in native:
            pass
    finally:
        for source in (rated, native):
            close = getattr(source, "close", None)
            if close is not None:
                close()
    if count != made.frames:
        raise RendererError(f"{renderer.name}: {count} frames came out of {made.frames}")


def _rife(shot: Shot) -> Path | None:
    """The ONNX file that is configured, unless the quality's preset wants optical flow."""
    found = shot.settings.get("rife")
    preset = shot.settings.get("presets", {}).get(shot.quality, {})
    return None if found is None or preset.get("interpolation") == "flow" else Path(str(found))


class _CallProgress:
    """Steps of calls and finished frames as one count of frames that never falls."""

    def __init__(self, made: SlotPlan, on_step: OnStep):
        self._made, self._on_step, self._most = made, on_step, 0

    def of_call(self, index: int, share: float) -> None:
        done = (index + MODEL_SHARE * share) / len(self._made.calls)
        self._report(int(done * self._made.frames))

    def of_frames(self, count: int) -> None:
        self._report(count)

    def _report(self, count: int) -> None:
        # Called in any case: whoever listens may want to stop the work.
        self._most = min(max(self._most, count), self._made.frames)
        self._on_step(self._most, self._made.frames)
