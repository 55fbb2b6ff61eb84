"""The schedule of a reel in whole frames: scenes, cuts, pauses, transitions and slots.

`make_schedule` is the only place where times become frames. Its rules are explained in
``docs/sync.md`` and tested by ``tests/properties``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from operator import attrgetter

from .cuts import Cut, cut_in_pause
from .edit import (
    Adjustment,
    Gap,
    SceneInput,
    Schedule,
    ScheduledScene,
    ScheduledTransition,
    ScheduleError,
    SilencePolicy,
    VoiceSource,
)
from .frames import clamp, frame_at_or_after, frame_at_or_before, frame_time, nearest_frame
from .silences import cut_pause, pauses_between, surplus
from .slots import LONGEST_SLOT, slots_of
from .timemap import Insertion, TimeMap, build_time_map
from .transitions import fit_transitions, frames_after, frames_before
from .types import Interval, Word
from .voice_clips import voice_clips

HOLD = SilencePolicy()


def lay_end_to_end(durations: Iterable[Fraction], fps: Fraction) -> tuple[VoiceSource, ...]:
    """Place voice files one after another on the narration's axis, each at a whole frame.

    >>> lay_end_to_end([Fraction(1), Fraction(3, 2)], Fraction(24000, 1001))[1]
    VoiceSource(start=24, duration=Fraction(3, 2))
    """
    sources = []
    start = 0
    for duration in durations:
        sources.append(VoiceSource(start, duration))
        start += frame_at_or_after(duration, fps)
    return tuple(sources)


def make_schedule(
    scenes: Sequence[SceneInput],
    sources: Sequence[VoiceSource],
    fps: Fraction,
    silences: SilencePolicy = HOLD,
) -> Schedule:
    """Compute the schedule of a reel.

    Args:
        scenes: in order, with their words in narration order.
        sources: the voice files on the narration's axis; none for a reel of beats alone.
        fps: frames a second.
        silences: the policy for pauses.

    Raises:
        ScheduleError: a scene would have no frame of its own.
    """
    spoken = [scene for scene in scenes if scene.beat is None]
    frames = 0
    if spoken:
        frames = max((s.start + frame_at_or_after(s.duration, fps) for s in sources), default=0)
        if frames < len(spoken):
            raise ScheduleError(
                spoken[-1].id,
                f"{len(spoken)} scenes don't fit into {frames} frames of narration",
                "is this the right audio file?",
            )
    cuts = _spoken_cuts(spoken, frames, fps)
    removed = _removed(spoken, fps, silences) if silences.policy == "tighten" else []
    cuts = [_out_of_removed(cut, removed, fps) for cut in cuts]
    inserted = _insertions(scenes, cuts, frames, fps)
    time_map = build_time_map(frames, fps, removed, list(inserted.values()))

    starts, meant = _starts(scenes, cuts, inserted, time_map)
    following = [*starts[1:], time_map.frames]
    for scene, start, end in zip(scenes, starts, following, strict=True):
        if end <= start:
            raise ScheduleError(
                scene.id, "the scene has no frame of its own", "join it to its neighbour"
            )
    ends = list(following)
    if silences.policy == "gap":
        ends = _ends_before_gaps(scenes, starts, following, cuts, fps, silences)
    gaps = [Gap(end, start) for end, start in zip(ends, following, strict=True) if end < start]
    granted, notices = _grant_transitions(scenes, starts, ends, following, fps)

    placed = []
    for index, scene in enumerate(scenes):
        words = _place_words(scene, inserted.get(index - 1), inserted.get(index + 1), time_map)
        meets_next = ends[index] == following[index] and index + 1 < len(scenes)
        sounds = [
            Interval(time_map.start_of(sound.start), time_map.end_of(sound.end))
            for sound in _sounds(scene)
        ]
        unsplit = ScheduledScene(
            scene.id, starts[index], ends[index], meant[index], words, (), scene.confidence
        )
        slots = slots_of(
            scene,
            unsplit,
            list(pauses_between(sounds)),
            head=frames_before(granted[index]),
            tail=frames_after(granted[index + 1]) if meets_next else 0,
            fps=fps,
        )
        placed.append(replace(unsplit, slots=slots))
    return Schedule(
        fps=fps,
        frames=time_map.frames,
        scenes=tuple(placed),
        gaps=tuple(gaps),
        transitions=tuple(
            ScheduledTransition(scene.id, start, frames_before(n), frames_after(n))
            for scene, start, n in zip(scenes, starts, granted, strict=True)
            if n
        ),
        voice=voice_clips(time_map, sources, fps),
        time_map=time_map,
        notices=tuple(notices),
    )


def _spoken_cuts(spoken: Sequence[SceneInput], frames: int, fps: Fraction) -> list[Cut]:
    """Return the cuts between spoken scenes on the narration's axis, at least a frame apart."""
    cuts: list[Cut] = []
    for before, after in pairwise(spoken):
        if after.time is not None:
            pause = Interval(after.time.start, after.time.start)
        elif before.time is not None:
            pause = Interval(before.time.end, before.time.end)
        else:
            pause = cut_pause(before.speech[-1], after.unscripted, after.speech[0])
        cuts.append(cut_in_pause(pause, fps))
    apart: list[Cut] = []
    for index, cut in enumerate(cuts):
        least = apart[-1].frame + 1 if apart else 1
        most = frames - (len(cuts) - index)
        frame = min(max(cut.frame, least), most)
        half = Fraction(1, 2)
        apart.append(Cut(clamp(cut.time, (frame - half) / fps, (frame + half) / fps), frame))
    return apart


def _sounds(scene: SceneInput) -> list[Interval]:
    """Return the speech of a scene, also that outside the script, in order."""
    return sorted((*scene.unscripted, *scene.speech), key=attrgetter("start"))


def _removed(
    spoken: Sequence[SceneInput], fps: Fraction, silences: SilencePolicy
) -> list[tuple[int, int]]:
    """Return the frame ranges of the narration that ``tighten`` removes."""
    removed = []
    for pause in pauses_between(sound for scene in spoken for sound in _sounds(scene)):
        extra = surplus(pause, silences.longer_than, silences.keep)
        if extra is not None:
            start = frame_at_or_after(extra.start, fps)
            end = frame_at_or_before(extra.end, fps)
            if start < end:
                removed.append((start, end))
    return removed


def _out_of_removed(cut: Cut, removed: Sequence[tuple[int, int]], fps: Fraction) -> Cut:
    """Move a cut in a removed range to its end, which is the same frame of the reel."""
    index = bisect_right(removed, cut.frame, key=lambda stretch: stretch[0]) - 1
    if index < 0 or cut.frame >= removed[index][1]:
        return cut
    end = removed[index][1]
    return Cut(cut.time + frame_time(end - cut.frame, fps), end)


def _insertions(
    scenes: Sequence[SceneInput], cuts: Sequence[Cut], frames: int, fps: Fraction
) -> dict[int, Insertion]:
    """Return the silence of each beat by index; rounded from the sum, so errors do not add up."""
    inserted = {}
    spoken = 0
    total, total_frames = Fraction(0), 0
    for index, scene in enumerate(scenes):
        if scene.beat is None:
            spoken += 1
            continue
        at = 0 if spoken == 0 else cuts[spoken - 1].frame if spoken <= len(cuts) else frames
        total += scene.beat
        length = max(1, nearest_frame(total, fps) - total_frames)
        total_frames += length
        inserted[index] = Insertion(at, length)
    return inserted


def _starts(
    scenes: Sequence[SceneInput],
    cuts: Sequence[Cut],
    inserted: Mapping[int, Insertion],
    time_map: TimeMap,
) -> tuple[list[int], list[Fraction]]:
    """Return the first frame of each scene in the reel, and the ideal time of its cut."""
    fps = time_map.fps
    starts: list[int] = []
    meant: list[Fraction] = []
    spoken = 0
    for index, scene in enumerate(scenes):
        cut = cuts[spoken - 1] if 0 < spoken <= len(cuts) else None
        if scene.beat is None:
            start = int(time_map.start_of(cut.time_of_frame(fps) if cut else Fraction(0)) * fps)
            spoken += 1
        elif index - 1 in inserted:
            start = starts[-1] + inserted[index - 1].frames
        else:
            start = int(time_map.end_of(frame_time(inserted[index].at, fps)) * fps)
        starts.append(start)
        meant.append(frame_time(start, fps) + (cut.error(fps) if cut else 0))
    return starts, meant


def _place_words(
    scene: SceneInput, before: Insertion | None, after: Insertion | None, time_map: TimeMap
) -> tuple[Word, ...]:
    """Map the words of a scene; those that a beat before or after it splits, on the scene's side.

    Without a pause there, the frame of the beat may be in a word.
    """
    first = frame_time(before.at if before else 0, time_map.fps)
    last = frame_time(after.at, time_map.fps) if after else None
    return tuple(
        replace(
            word,
            start=time_map.start_of(max(word.start, first) if word.end > first else word.start),
            end=time_map.end_of(min(word.end, last) if last and word.start < last else word.end),
        )
        for word in scene.words
    )


def _ends_before_gaps(
    scenes: Sequence[SceneInput],
    starts: Sequence[int],
    following: Sequence[int],
    cuts: Sequence[Cut],
    fps: Fraction,
    silences: SilencePolicy,
) -> list[int]:
    """Return the end frame of each scene, with long pauses between scenes as gaps."""
    ends = list(following)
    spoken = 0
    for index, (before, after) in enumerate(pairwise(scenes)):
        spoken += before.beat is None
        if before.beat is not None or after.beat is not None:
            continue
        pause = cut_pause(before.speech[-1], after.unscripted, after.speech[0])
        extra = surplus(pause, silences.longer_than, silences.keep)
        if extra is not None:
            gap = cuts[spoken - 1].frame - nearest_frame(extra.start, fps)
            ends[index] -= max(0, min(gap, ends[index] - starts[index] - 1))
    return ends


def _grant_transitions(
    scenes: Sequence[SceneInput],
    starts: Sequence[int],
    ends: Sequence[int],
    following: Sequence[int],
    fps: Fraction,
) -> tuple[list[int], list[Adjustment]]:
    """Return the frames of the transition into each scene, and a notice for each shortened one."""
    lengths: list[int] = []
    wanted: list[int] = []
    places = []
    for scene, start, end, after in zip(scenes, starts, ends, following, strict=True):
        places.append(len(lengths))
        lengths.append(end - start)
        wanted.append(nearest_frame(min(scene.transition, LONGEST_SLOT), fps))
        if end < after:
            lengths.append(after - end)
            wanted.append(0)
    fitted = fit_transitions(lengths, wanted)
    granted = [fitted[place] for place in places]
    notices = [
        Adjustment(
            scene.id,
            f"the transition into it takes {granted[index]} frames instead of {wanted[place]}: "
            "its neighbours are too short for more",
        )
        for index, (scene, place) in enumerate(zip(scenes, places, strict=True))
        if index and granted[index] < wanted[place]
    ]
    return granted, notices
