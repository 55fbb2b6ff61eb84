"""Run a renderer for a shot, and convert its frames to those of the slot's media.

    calls -> joined chunks -> frame rate -> crop, scale, planar YUV

Every step is lazy: memory does not grow with the length of a slot.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

from ..base import Frame, OnStep, Renderer, RendererError, Shot
from ..files.speeds import Stopwatch, processor, remember_rate
from .chunks import native_frames
from .interpolate import Interpolator, interpolator_for, retime
from .planner import SlotPlan, plan
from .scale import finish_frame

MODEL_SHARE = 0.8
"""Share of a call's progress for the model's steps; the rest is for decoded frames."""
Watch: TypeAlias = Callable[[Iterator[Frame], Fraction], Iterator[Frame]]
"""Passes frames at a rate through."""


def frames(
    renderer: Renderer,
    shot: Shot,
    on_step: OnStep,
    *,
    chunks: Path | None = None,
    watch: Watch | None = None,
) -> Iterator[Frame]:
    """Yield exactly ``shot.frames`` frames of ``shot.width`` x ``shot.height``, lazily.

    Frames of a renderer without limits pass unchanged; others are converted to I420.

    Args:
        renderer: the renderer.
        shot: the slot.
        on_step: called with (frames rendered, all frames); a model's steps count as frames.
        chunks: a folder for finished chunks of a long slot, kept until the slot is finished.
        watch: sees the renderer's own frames, before interpolation adds motion between them.

    Raises:
        RendererError: the renderer failed, or returned a wrong number or size of frames.
    """
    limits = renderer.limits
    slot_plan = plan(shot, limits)
    if limits.is_unbounded:
        checked = _checked(renderer, shot, slot_plan, on_step)
        return checked if watch is None else watch(checked, shot.fps)
    return _converted(renderer, shot, slot_plan, on_step, chunks, watch)


def _checked(
    renderer: Renderer, shot: Shot, slot_plan: SlotPlan, on_step: OnStep
) -> Iterator[Frame]:
    (call,) = slot_plan.calls
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
        raise RendererError(f"{renderer.name} made {count} frames in place of {call.frames}")


def _converted(
    renderer: Renderer,
    shot: Shot,
    slot_plan: SlotPlan,
    on_step: OnStep,
    chunks: Path | None,
    watch: Watch | None,
) -> Iterator[Frame]:
    progress = _CallProgress(slot_plan, on_step)
    rendering, started = Stopwatch(), time.perf_counter()
    made = native_frames(renderer, shot, slot_plan, progress.of_call, chunks)
    native = rendering.each(made)
    fps = slot_plan.calls[0].fps
    watched = native if watch is None else watch(native, fps)
    rated = watched
    if fps != slot_plan.fps:
        chosen: Interpolator = interpolator_for(_rife(shot))
        rated = retime(watched, fps, slot_plan.fps, slot_plan.frames, chosen)
    count = 0
    try:
        for frame in itertools.islice(rated, slot_plan.frames):
            yield finish_frame(frame, slot_plan)
            count += 1
            progress.of_frames(count)
        # Let the renderer end its call, and delete the kept chunks.
        for _ in native:
            pass
    finally:
        for source in (rated, watched, native, made):
            close = getattr(source, "close", None)
            if close is not None:
                close()
    if count != slot_plan.frames:
        raise RendererError(f"{renderer.name} made {count} frames in place of {slot_plan.frames}")
    finishing_s = time.perf_counter() - started - rendering.seconds
    remember_rate(processor(), finishing_work(slot_plan), shot_megapixels(shot), finishing_s)


def finishing_work(slot_plan: SlotPlan) -> str:
    """Return the kind of work that finishes a model's frames: to rate and size, and to a file."""
    retimed = slot_plan.calls[0].fps != slot_plan.fps
    return "finish interpolated" if retimed else "finish"


def shot_megapixels(shot: Shot) -> float:
    """Return the pixels of a shot's frames, in millions."""
    return shot.frames * shot.width * shot.height / 1e6


def _rife(shot: Shot) -> Path | None:
    """Return the configured ONNX file, unless the preset asks for optical flow."""
    found = shot.settings.get("rife")
    preset = shot.settings.get("presets", {}).get(shot.quality, {})
    return None if found is None or preset.get("interpolation") == "flow" else Path(str(found))


class _CallProgress:
    """Combines steps and frames into a count of frames that never decreases."""

    def __init__(self, slot_plan: SlotPlan, on_step: OnStep):
        self._plan, self._on_step, self._most = slot_plan, on_step, 0

    def of_call(self, index: int, share: float) -> None:
        done = (index + MODEL_SHARE * share) / len(self._plan.calls)
        self._report(int(done * self._plan.frames))

    def of_frames(self, count: int) -> None:
        self._report(count)

    def _report(self, count: int) -> None:
        # Always called: the callback may cancel the work.
        self._most = min(max(self._most, count), self._plan.frames)
        self._on_step(self._most, self._plan.frames)
