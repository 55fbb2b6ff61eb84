"""Render a slot's media, with retries if a model's video stands still.

Retries follow `motion_guard.attempt_shots`, and end early if two in a row have less motion than the
best one so far. If none has enough motion, a renderer without a model takes over. The recipe, and
so the key, stays the requested one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

from ..base import FALLBACKS, Frame, Motion, OnStep, Renderer, RendererError, Shot, UnavailableError
from ..error_text import one_line
from ..files.replace import replace_file
from ..fit import run_renderer
from ..registry import renderer_names
from .attempts import Attempt, AttemptLog
from .motion_guard import Guard, attempt_shots, fallback_renderers, guard_of
from .motion_measure import MotionMeter, Movement

MOST_WORSE = 2
"""Attempts in a row with less motion than the best one after which no other follows."""
GENTLE_MOVE = Motion(camera="push_in", amount=0.2)
"""The camera move of a fallback if the shot asks for none: nothing else moves without a model."""
Renderers: TypeAlias = Callable[[str, Shot], contextlib.AbstractContextManager[Renderer]]
"""Returns a renderer by name, exclusively for one shot within the context."""
Write: TypeAlias = Callable[[Iterator[Frame], Path], object]
"""Encodes frames to a file in a scratch folder, and reads it back."""


def guarded_render(
    name: str,
    shot: Shot,
    path: Path,
    renderers: Renderers,
    write: Write,
    on_step: OnStep,
    *,
    chunks: Path | None = None,
) -> AttemptLog | None:
    """Render a slot's media.

    Args:
        name: of the renderer.
        shot: the slot.
        path: the media file to write, in a scratch folder.
        renderers: returns renderers.
        write: the encoder.
        on_step: progress in frames; never decreases, also across retries.
        chunks: a folder for finished chunks, as in `run_renderer.frames`.

    Returns:
        The attempts; None if the shot has no guard.

    Raises:
        RendererError: the first attempt failed, or the last fallback did.
    """
    most = 0

    def rising(done: int, total: int) -> None:
        nonlocal most
        most = max(most, done)
        on_step(most, total)

    run = _Attempts(path, write, rising, chunks)
    failure: RendererError | None = None
    try:
        with renderers(name, shot) as renderer:
            guard = None if renderer.limits.is_unbounded else guard_of(shot)
            if guard is None:
                write(run_renderer.frames(renderer, shot, rising, chunks=chunks), path)
                return None
            shots = attempt_shots(shot)
            for attempt in shots:
                if run.render(name, renderer, attempt, guard) >= 1:
                    return run.log(guard)
                if run.worse == MOST_WORSE:
                    run.stopped = len(run.attempts) < len(shots)
                    break
    except RendererError as error:
        if not run.attempts or isinstance(error, UnavailableError):
            raise
        failure = error
    assert guard is not None
    if failure is not None:
        attempt = attempt_shots(shot)[len(run.attempts)]
        run.attempts.append(replace(_attempt_of(name, attempt), failed=one_line(failure)))
    _fall_back(run, shot, guard, renderers)
    return run.log(guard)


class _Attempts:
    """The attempts at one slot; the file at ``path`` is the best one so far."""

    def __init__(self, path: Path, write: Write, on_step: OnStep, chunks: Path | None):
        self.attempts: list[Attempt] = []
        self.worse = 0
        """Attempts in a row with less motion than the best one."""
        self.stopped = False
        self._path, self._write, self._on_step, self._chunks = path, write, on_step, chunks
        self._best, self._used = -1.0, 0

    def render(self, name: str, renderer: Renderer, shot: Shot, guard: Guard) -> float:
        """Render once, keep the file if it is the best so far, and return `Guard.ratio`."""
        meters: list[MotionMeter] = []

        def watch(frames: Iterator[Frame], fps: Fraction) -> Iterator[Frame]:
            meters.append(MotionMeter(fps))
            return meters[-1].watch(frames)

        part = self._path.with_name(f"attempt-{self._path.name}")
        try:
            frames = run_renderer.frames(
                renderer, shot, self._on_step, chunks=self._chunks, watch=watch
            )
            self._write(frames, part)
            movement = meters[-1].movement()
            ratio = guard.ratio(movement)
            self.worse = self.worse + 1 if ratio < self._best else 0
            if ratio > self._best:
                replace_file(part, self._path)
                self._best, self._used = ratio, len(self.attempts)
        finally:
            part.unlink(missing_ok=True)
        attempt = _attempt_of(name, shot)
        self.attempts.append(
            replace(attempt, first_second=movement.first_second, whole=movement.whole)
        )
        return ratio

    def discard_best(self) -> None:
        """Keep the next attempt, whatever its motion."""
        self._best = -1.0

    def log(self, guard: Guard) -> AttemptLog:
        """Return the attempts so far."""
        used = self.attempts[self._used]
        moves = guard.ratio(Movement(used.first_second, used.whole)) >= 1
        return AttemptLog(tuple(self.attempts), self._used, moves, self.stopped)


def _fall_back(run: _Attempts, shot: Shot, guard: Guard, renderers: Renderers) -> None:
    known = renderer_names()
    # A fallback that is configured by name must exist; those of "auto" are optional.
    names = [
        name for name in fallback_renderers(guard) if name in known or guard.fallback != "auto"
    ]
    settings = shot.settings.get(FALLBACKS, {})
    moving = shot
    if shot.motion.camera == "static" or not shot.motion.amount:
        gentle = replace(shot.motion, camera=GENTLE_MOVE.camera, amount=GENTLE_MOVE.amount)
        moving = replace(moving, motion=gentle)
    for name in names:
        own = replace(moving, settings=settings.get(name, {}))
        try:
            with renderers(name, own) as renderer:
                run.discard_best()
                run.render(name, renderer, own, guard)
            return
        except RendererError:
            if name == names[-1]:
                raise


def _attempt_of(name: str, shot: Shot) -> Attempt:
    return Attempt(name, shot.seed, shot.image_strength, shot.motion.strength, shot.prompt)
