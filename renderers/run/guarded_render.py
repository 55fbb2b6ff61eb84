"""Making a slot's media, guarded where a model makes them.

Where a slot stands still it is made again as `guard.tries_of` has it; where no try moves, a
renderer without a model makes it. The recipe, and so the key, stays that of what was asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from ..base import FALLBACKS, Frame, Motion, OnStep, Renderer, RendererError, Shot, UnavailableError
from ..files.replace import replace_file
from ..fit import run_renderer
from ..registry import renderer_names
from .attempts import Attempt, AttemptLog
from .motion_guard import Guard, guard_of, stand_ins, tries_of
from .motion_measure import MotionMeter, Movement

GENTLE_MOVE = Motion(camera="push_in", amount=0.2)
"""What a fallback does with a shot whose camera was to stand: it has nothing else that moves."""
Renderers: TypeAlias = Callable[[str, Shot], contextlib.AbstractContextManager[Renderer]]
"""Gives a renderer by its name, for a shot, while it is that shot's turn."""
Write: TypeAlias = Callable[[Iterator[Frame], Path], object]
"""Encodes frames to a file in a scratch folder, and reads it back."""


def make_media(
    name: str,
    shot: Shot,
    path: Path,
    renderers: Renderers,
    write: Write,
    on_step: OnStep,
    *,
    chunks: Path | None = None,
) -> AttemptLog | None:
    """Make a slot's media, guarded where a model makes them.

    Args:
        name: of the renderer.
        shot: the slot.
        path: of the media, in a scratch folder.
        renderers: where renderers come from.
        write: the encoder.
        on_step: progress in frames; it stands where a try is made again.
        chunks: a folder where finished chunks are kept, as `assemble.frames` takes it.

    Returns:
        What became of it; None where no guard was wanted.

    Raises:
        RendererError: the first try failed; or the fallback that was asked for by name did.
    """
    most = 0

    def rising(done: int, total: int) -> None:
        nonlocal most
        most = max(most, done)
        on_step(most, total)

    made = _Making(path, write, rising, chunks)
    failure: RendererError | None = None
    try:
        with renderers(name, shot) as renderer:
            guard = None if renderer.limits.is_unbounded else guard_of(shot)
            if guard is None:
                write(run_renderer.frames(renderer, shot, rising, chunks=chunks), path)
                return None
            for attempt in tries_of(shot):
                if made.make(name, renderer, attempt, guard) >= 1:
                    return made.result(guard)
    except RendererError as error:
        if not made.tries or isinstance(error, UnavailableError):
            raise
        failure = error
    assert guard is not None
    if failure is not None:
        attempt = tries_of(shot)[len(made.tries)]
        made.tries.append(replace(_described(name, attempt), failed=_line(failure)))
    _fall_back(made, shot, guard, renderers)
    return made.result(guard)


class _Making:
    """The tries at one slot; the best so far lies at the path."""

    def __init__(self, path: Path, write: Write, on_step: OnStep, chunks: Path | None):
        self.tries: list[Attempt] = []
        self._path, self._write, self._on_step, self._chunks = path, write, on_step, chunks
        self._best, self._used = -1.0, 0

    def make(self, name: str, renderer: Renderer, shot: Shot, guard: Guard) -> float:
        """Make it once, keep it where it is the best so far, and say how much of what is wanted
        moves."""
        meter = MotionMeter(shot.fps)
        part = self._path.with_name(f"attempt-{self._path.name}")
        try:
            frames = run_renderer.frames(renderer, shot, self._on_step, chunks=self._chunks)
            self._write(meter.watch(frames), part)
            seen = meter.movement()
            share = guard.share(seen)
            if share > self._best:
                replace_file(part, self._path)
                self._best, self._used = share, len(self.tries)
        finally:
            part.unlink(missing_ok=True)
        self.tries.append(
            replace(_described(name, shot), first_second=seen.first_second, whole=seen.whole)
        )
        return share

    def use_last(self) -> None:
        """Let the next try be kept, whatever the ones before were."""
        self._best = -1.0

    def result(self, guard: Guard) -> AttemptLog:
        """What became of it."""
        used = self.tries[self._used]
        moves = guard.share(Movement(used.first_second, used.whole)) >= 1
        return AttemptLog(tuple(self.tries), self._used, moves)


def _fall_back(made: _Making, shot: Shot, guard: Guard, renderers: Renderers) -> None:
    known = renderer_names()
    # One that is asked for by name and is not there is an error.
    names = [name for name in stand_ins(guard) if name in known or guard.fallback != "auto"]
    settings = shot.settings.get(FALLBACKS, {})
    moving = shot
    if shot.motion.camera == "static" or not shot.motion.amount:
        moving = replace(
            moving,
            motion=replace(shot.motion, camera=GENTLE_MOVE.camera, amount=GENTLE_MOVE.amount),
        )
    for name in names:
        own = replace(moving, settings=settings.get(name, {}))
        try:
            with renderers(name, own) as renderer:
                made.use_last()
                made.make(name, renderer, own, guard)
            return
        except RendererError:
            if name == names[-1]:
                raise


def _described(name: str, shot: Shot) -> Attempt:
    return Attempt(name, shot.seed, shot.image_strength, shot.motion.strength, shot.prompt)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
