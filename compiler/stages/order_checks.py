"""Checks that need word times: whether the times in a script are in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from ..assembly.scene_positions import frame_in_scene
from ..errors import Place, Problem
from ..script.model import Script, ScriptScene
from ..script.pictures import ScriptClip
from ..speech.align_narration import Speech
from ..sync import edit
from ..sync.types import Word


def times_out_of_order(script: Script, speech: Speech) -> Iterator[Problem]:
    """Yield scenes with a ``time`` that overlaps most words of the scene before or after.

    An overlap with fewer words is allowed.
    """
    spoken = [scene for scene in script.scenes if scene.duration is None]
    for before, after in pairwise(spoken):
        if speech.voice_of.get(before.id) != speech.voice_of.get(after.id):
            continue
        if after.time is not None and before.text is not None:
            edge, words = after.time[0], speech.words.get(before.id, ())
            if _share_before(edge, words) < Fraction(1, 2):
                yield _at(
                    after,
                    "time",
                    f"{float(edge):g} s is too early for scene {before.id!r}, {_said(words)}",
                )
        elif before.time is not None and after.text is not None:
            edge, words = before.time[1], speech.words.get(after.id, ())
            if _share_before(edge, words) > Fraction(1, 2):
                yield _at(
                    before,
                    "time",
                    f"{float(edge):g} s is too late for scene {after.id!r}, {_said(words)}",
                )


def _share_before(edge: Fraction, words: Sequence[Word]) -> Fraction:
    """Return the share of words before a time, 0 to 1; a half if there are no words."""
    if not words:
        return Fraction(1, 2)
    return Fraction(sum((word.start + word.end) / 2 < edge for word in words), len(words))


def _said(words: Sequence[Word]) -> str:
    return f"which is said from {float(words[0].start):.2f} to {float(words[-1].end):.2f} s"


def places_out_of_order(script: Script, schedule: edit.Schedule) -> Iterator[Problem]:
    """Yield pictures and sounds past the end of their scene, and pictures out of order."""
    fps = schedule.fps
    for scene, placed in zip(script.scenes, schedule.scenes, strict=True):
        for index, sound in enumerate(scene.sounds):
            yield from _past_end(
                scene.place_of(f"sounds[{index}].at"),
                frame_in_scene(sound.at, placed, fps),
                placed,
                fps,
            )
        pictures = scene.pictures
        frames = [max(0, frame_in_scene(one.at, placed, fps)) for one in pictures]
        for one, frame in zip(pictures, frames, strict=True):
            place = one.place or scene.place_of()
            yield from _past_end(place, frame, placed, fps)
            if isinstance(one, ScriptClip) and frame == placed.end - placed.start:
                what = "has no time to play at the end of the scene"
                yield Problem.at(place, what, "let it begin earlier")
        for before, after, (one, other) in zip(
            frames, frames[1:], pairwise(pictures), strict=False
        ):
            place = other.place or scene.place_of()
            if after < before:
                what = f"is reached at {float(after / fps):.2f} s, before the keyframe before it"
                what = f"{what}, at {float(before / fps):.2f} s"
                yield Problem.at(place, what, "put keyframes in order of their places")
            elif after == before and ScriptClip in (type(one), type(other)):
                what = f"is reached at {float(after / fps):.2f} s, as the one before it is"
                yield Problem.at(place, what, "leave one of them out, or move it")


def _past_end(
    place: Place, frame: int, placed: edit.ScheduledScene, fps: Fraction
) -> Iterator[Problem]:
    length = placed.end - placed.start
    if frame > length:
        what = f"{float(frame / fps):.2f} s is past the end of the scene"
        yield Problem.at(place, f"{what}, which lasts {float(length / fps):.2f} s")


def _at(scene: ScriptScene, where: str, what: str, hint: str = "") -> Problem:
    return Problem.at(scene.place_of(where), what, hint)
