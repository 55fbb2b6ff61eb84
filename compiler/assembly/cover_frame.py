"""The cover of a reel: from its time in the script to a frame."""

from __future__ import annotations

from ..errors import InputError, Problem
from ..progress_clock import count
from ..script.scene_place import ScenePlace, ScriptCover
from ..script.shown_values import nearest, show
from ..script.tokens import bare
from ..sync import edit
from ..sync.frames import nearest_frame
from .scene_positions import frame_in_range


def cover_frame(cover: ScriptCover, schedule: edit.Schedule) -> int:
    """Return the frame of a cover: of a scene that at its middle, of a word that at its start.

    Raises:
        InputError: there is no such scene or word, or the reel ends before.
    """
    names = [scene.id for scene in schedule.scenes]
    if cover.at in names:
        scene = schedule.scenes[names.index(str(cover.at))]
        return (scene.start + scene.end) // 2
    try:
        at = ScenePlace.parse(cover.at)
    except (ValueError, ZeroDivisionError) as error:
        what = f"{show(cover.at)} is no scene, and no time such as 2.5, 40% or word:storm"
        raise InputError(Problem.at(cover.place, what, nearest(cover.at, names))) from error
    frame = frame_in_range(at, schedule.frames, schedule.fps)
    if frame is None:
        frame = _word_frame(at, cover, schedule)
    if not 0 <= frame < schedule.frames:
        length = float(schedule.frames / schedule.fps)
        what = f"{show(cover.at)} is not in the reel, which lasts {length:.2f} s"
        raise InputError(Problem.at(cover.place, what))
    return frame


def _word_frame(at: ScenePlace, cover: ScriptCover, schedule: edit.Schedule) -> int:
    words = [word for scene in schedule.scenes for word in scene.words]
    starts = [word.start for word in words if bare(word.text) == bare(at.word)]
    if at.value < len(starts):
        return nearest_frame(starts[int(at.value)], schedule.fps)
    if starts:
        what, hint = f"{at.word!r} is said only {count(len(starts), 'time')}", ""
    else:
        known = list(dict.fromkeys(bare(word.text) for word in words))
        what, hint = f"the reel has no word {at.word!r}", nearest(bare(at.word), known)
    raise InputError(Problem.at(cover.place, what, hint))
