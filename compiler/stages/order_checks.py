"""Checks that need word times: whether the times in a script are in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from ..assembly.scene_positions import frame_in_scene
from ..errors import Problem
from ..script.model import Script, ScriptScene
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
    """Yield keyframes and sounds past the end of their scene, and keyframes out of order."""
    fps = schedule.fps
    for scene, placed in zip(script.scenes, schedule.scenes, strict=True):
        length = placed.end - placed.start
        before = 0
        for kind, ats in (
            ("keyframes", [keyframe.at for keyframe in scene.keyframes]),
            ("sounds", [sound.at for sound in scene.sounds]),
        ):
            for index, at in enumerate(ats):
                frame = max(0, frame_in_scene(at, placed, fps))
                where = f"{kind}[{index}].at"
                if frame > length:
                    what = f"{float(frame / fps):.2f} s is past the end of the scene"
                    yield _at(scene, where, f"{what}, which lasts {float(length / fps):.2f} s")
                elif kind == "keyframes" and frame < before:
                    what = f"is reached at {float(frame / fps):.2f} s"
                    yield _at(
                        scene,
                        where,
                        f"{what}, before the keyframe before it, at {float(before / fps):.2f} s",
                        "put keyframes in order of their places",
                    )
                before = max(before, frame)


def _at(scene: ScriptScene, where: str, what: str, hint: str = "") -> Problem:
    return Problem.at(scene.place_of(where), what, hint)
