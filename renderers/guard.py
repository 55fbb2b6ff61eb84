"""The guard against still video: what a model made is measured, and made again where it stands.

Image-to-video models like to hold their first picture still. Where a slot moves less than its
preset wants, it is tried again, each time with another seed, keyframes that hold less, a livelier
motion and a prompt that names motion; where no try moves, a renderer without a model makes it. The
recipe, and so the key, stays that of what was asked for; what became of it is told by `Made`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from . import assemble
from .base import (
    Frame,
    Motion,
    OnStep,
    Renderer,
    RendererError,
    Shot,
    UnavailableError,
    renderer_names,
)
from .flow import MotionMeter, Movement
from .planner import call_seed, is_unbounded

SETTING = "motion_guard"
"""The renderer's setting that changes what `PRESETS` says."""
FALLBACKS = "fallbacks"
"""The setting, written by `with_fallbacks`, that holds the settings of those who may step in."""
LESS_HOLD = 0.15
"""By how much a try's keyframes hold the picture less than the try's before."""
LEAST_HOLD = 0.5
MORE_STRENGTH = 0.2
MOTION_WORDS = (
    "continuous, clearly visible motion from the very first moment",
    "dynamic shot, everything in the picture moves at once and without a pause",
)
"""What is added to the prompt, try by try."""
STILL_WORDS = "still image, frozen, motionless, slideshow, worst quality, blurry, distorted"
"""What must not be seen, in place of a model's own words or beside the script's."""
GENTLE_MOVE = Motion(camera="push_in", amount=0.2)
"""What a fallback does with a shot whose camera was to stand: it has nothing else that moves."""
_WITHOUT_MODEL = ("parallax", "camera")
"""The renderers that need no model, the better first."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What is asked of a slot.

    Attributes:
        first_second, whole: the least motion, as `flow.Movement` has it.
        retries: tries after the first.
        fallback: ``auto`` for the best renderer without a model, the name of a renderer, or
            ``keep`` for the liveliest try.
    """

    first_second: float
    whole: float
    retries: int
    fallback: str = "auto"

    def share(self, seen: Movement) -> float:
        """How much of the wanted motion there is; 1 or more where it is enough."""
        wanted = ((seen.first_second, self.first_second), (seen.whole, self.whole))
        return min((there / least for there, least in wanted if least > 0), default=1.0)


PRESETS: Mapping[str, Guard] = {
    #                 first second  whole  retries
    "draft": Guard(0.3, 0.3, 1),
    "standard": Guard(0.3, 0.4, 2),
    "high": Guard(0.4, 0.5, 3),
}


@dataclass(frozen=True, slots=True)
class Try:
    """One time that a slot was made, and how it moved; ``failed`` says why it could not be."""

    renderer: str
    seed: int
    image_strength: float
    strength: float
    prompt: str
    first_second: float = 0.0
    whole: float = 0.0
    failed: str = ""

    def as_json(self) -> dict[str, Any]:
        """As sidecars and reports hold it."""
        return {
            "renderer": self.renderer,
            "seed": self.seed,
            "image_strength": round(self.image_strength, 3),
            "strength": round(self.strength, 3),
            "prompt": self.prompt,
            "first_second": round(self.first_second, 3),
            "whole": round(self.whole, 3),
            "failed": self.failed or None,
        }


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a slot that a model was to make.

    Attributes:
        tries: in order; the fallback, where it came to that, is the last.
        used: index of the one that was kept.
        moves: whether that one moves as much as is wanted.
    """

    tries: tuple[Try, ...]
    used: int
    moves: bool

    @property
    def renderer(self) -> str:
        """What made the media that were kept."""
        return self.tries[self.used].renderer

    @property
    def notice(self) -> str:
        """What the user should know, in a line; empty where all is as it was asked for."""
        asked = self.tries[0].renderer
        if self.renderer != asked:
            count = sum(one.renderer == asked for one in self.tries)
            return f"stood still in {_times(count)} with {asked}; {self.renderer} made it instead"
        if not self.moves:
            return f"stands nearly still in {_times(len(self.tries))} with {asked}; kept so"
        return ""

    def as_json(self) -> dict[str, Any]:
        """As sidecars and reports hold it."""
        return {
            "tries": [one.as_json() for one in self.tries],
            "used": self.used,
            "moves": self.moves,
        }


def made_from_json(document: Mapping[str, Any]) -> Made:
    """What `Made.as_json` wrote.

    Raises:
        KeyError, TypeError, IndexError: it is something else.
    """
    tries = tuple(Try(**{**one, "failed": one["failed"] or ""}) for one in document["tries"])
    made = Made(tries, int(document["used"]), bool(document["moves"]))
    made.tries[made.used]
    return made


Renderers: TypeAlias = Callable[[str, Shot], contextlib.AbstractContextManager[Renderer]]
"""Gives a renderer by its name, for a shot, while it is that shot's turn."""
Write: TypeAlias = Callable[[Iterator[Frame], Path], object]
"""Encodes frames to a file, whole or not at all."""


def guard_of(shot: Shot) -> Guard | None:
    """The guard of a shot by its quality and settings; None where none is wanted.

    ``motion_guard`` may be false, or change fields of the preset's, for all qualities and, under a
    quality's own name, for that one. A shot whose ``motion.strength`` is 0 is to stand still.
    """
    return _guard(shot.settings, shot.quality) if shot.motion.strength else None


def _guard(settings: Mapping[str, Any], quality: str) -> Guard | None:
    changes = settings.get(SETTING, {})
    if changes is False:
        return None
    if changes is True:
        changes = {}
    fields = {name: value for name, value in changes.items() if name not in PRESETS}
    fields |= changes.get(quality, {})
    return replace(PRESETS[quality], **fields)


def with_fallbacks(
    settings: Mapping[str, Any], renderers: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """A renderer's settings with those of the renderers that may make its slots in its place.

    They decide pixels then, and so belong to the recipe. Without such settings nothing changes.

    Args:
        settings: of the renderer that runs a model.
        renderers: the configured settings of all renderers, by name.
    """
    guards = (_guard(settings, quality) for quality in PRESETS)
    names = {name for guard in guards if guard for name in _stand_ins(guard)}
    found = {name: dict(renderers[name]) for name in sorted(names) if renderers.get(name)}
    return {**settings, FALLBACKS: found} if found else dict(settings)


def _stand_ins(guard: Guard) -> Sequence[str]:
    """Who is asked, in this order, where no try moves."""
    if guard.fallback == "keep":
        return ()
    return _WITHOUT_MODEL if guard.fallback == "auto" else (guard.fallback,)


def without_fallback(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A renderer's settings with which it is never replaced: its liveliest try is kept."""
    changes = settings.get(SETTING, {})
    if changes is False:
        return dict(settings)
    kept = {**(changes if isinstance(changes, Mapping) else {}), "fallback": "keep"}
    for quality in kept.keys() & PRESETS.keys():
        kept[quality] = {**kept[quality], "fallback": "keep"}
    return {**settings, SETTING: kept}


def tries_of(shot: Shot) -> tuple[Shot, ...]:
    """The shot, and what is asked for in its place when it stands still: try by try."""
    guard = guard_of(shot)
    return tuple(_livelier(shot, number) for number in range(1 + (guard.retries if guard else 0)))


def _livelier(shot: Shot, number: int) -> Shot:
    if number == 0:
        return shot
    words = MOTION_WORDS[min(number, len(MOTION_WORDS)) - 1]
    return replace(
        shot,
        seed=call_seed(shot.seed, -number),
        image_strength=max(LEAST_HOLD, 1 - LESS_HOLD * number) * shot.image_strength,
        motion=replace(
            shot.motion, strength=min(1.0, shot.motion.strength + MORE_STRENGTH * number)
        ),
        prompt=f"{shot.prompt.rstrip(' .,')}, {words}" if shot.prompt.strip() else words,
        negative_prompt=", ".join(part for part in (shot.negative_prompt, STILL_WORDS) if part),
    )


def make_media(
    name: str,
    shot: Shot,
    path: Path,
    renderers: Renderers,
    write: Write,
    on_step: OnStep,
    *,
    chunks: Path | None = None,
) -> Made | None:
    """Make a slot's media, guarded where a model makes them.

    Args:
        name: of the renderer.
        shot: the slot.
        path: of the media.
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
            guard = None if is_unbounded(renderer.limits) else guard_of(shot)
            if guard is None:
                write(assemble.frames(renderer, shot, rising, chunks=chunks), path)
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
        self.tries: list[Try] = []
        self._path, self._write, self._on_step, self._chunks = path, write, on_step, chunks
        self._best, self._used = -1.0, 0

    def make(self, name: str, renderer: Renderer, shot: Shot, guard: Guard) -> float:
        """Make it once, keep it where it is the best so far, and say how much of what is wanted
        moves."""
        meter = MotionMeter(shot.fps)
        part = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        try:
            frames = assemble.frames(renderer, shot, self._on_step, chunks=self._chunks)
            self._write(meter.watch(frames), part)
            seen = meter.movement()
            share = guard.share(seen)
            if share > self._best:
                part.replace(self._path)
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

    def result(self, guard: Guard) -> Made:
        """What became of it."""
        used = self.tries[self._used]
        moves = guard.share(Movement(used.first_second, used.whole)) >= 1
        return Made(tuple(self.tries), self._used, moves)


def _fall_back(made: _Making, shot: Shot, guard: Guard, renderers: Renderers) -> None:
    known = renderer_names()
    # One that is asked for by name and is not there is an error.
    names = [name for name in _stand_ins(guard) if name in known or guard.fallback != "auto"]
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


def _described(name: str, shot: Shot) -> Try:
    return Try(name, shot.seed, shot.image_strength, shot.motion.strength, shot.prompt)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _times(count: int) -> str:
    return "its only try" if count == 1 else f"all of {count} tries"
