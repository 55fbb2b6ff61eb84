"""The picture of an OTIO timeline as spans: tracks, transitions, nested timelines, retimes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import opentimelineio as otio

from ..errors import InputError, Problem, WorkError
from .ffmpeg import ffmpeg_path
from .probe import MediaInfo, VideoInfo, probe
from .reading import is_active, media_path, ours, seconds, source_start, to_frames
from .segments import Clear, Cut, Item, Picture, Span, Still, Video, later, lay_track, over, trim
from .transitions import LONGEST_S, transition_names

_PROBES = 4


@dataclass(frozen=True, slots=True)
class Reading:
    """What is to be seen.

    Attributes:
        spans: in order, without holes, from frame 0 to the end of the timeline.
        media: what is known of every file in them.
        warnings: what is shown otherwise than the timeline says, one line each.
    """

    spans: tuple[Span, ...]
    media: dict[Path, MediaInfo]
    warnings: tuple[str, ...]


def timeline_frames(timeline: otio.schema.Timeline, fps: Fraction) -> int:
    """Length of a timeline in frames: of its longest track, the last frame rounded to the nearest.

    Transitions at the very ends of a track add nothing: there is no picture on their other side.
    """
    return round(_length(timeline.tracks) * fps)


def _length(item: otio.core.Composable) -> Fraction:
    if isinstance(item, otio.schema.Stack | otio.schema.Track):
        if item.source_range is not None:
            return seconds(item.source_range.duration)
        lengths = [_length(c) for c in item if not isinstance(c, otio.schema.Transition)]
        if isinstance(item, otio.schema.Stack):
            return max(lengths, default=Fraction(0))
        return sum(lengths, Fraction(0))
    return seconds(item.duration())


def read_picture(timeline: otio.schema.Timeline, root: Path, fps: Fraction) -> Reading:
    """Resolve everything that a timeline shows.

    Args:
        timeline: what to show.
        root: the folder that relative media are named from.
        fps: the reel's rate.

    Raises:
        InputError: something in it cannot be rendered, or media are missing; names every such
            thing.
    """
    reader = _Reader(root, fps)
    reader.probe_all(timeline.tracks)
    spans = reader.spans(timeline.tracks, Fraction(0), (0, timeline_frames(timeline, fps)))
    if reader.problems:
        raise InputError(dict.fromkeys(reader.problems))
    media = {path: info for path, info in reader.media.items() if isinstance(info, MediaInfo)}
    return Reading(tuple(spans), media, tuple(dict.fromkeys(reader.warnings)))


@dataclass
class _Reader:
    root: Path
    fps: Fraction
    media: dict[Path, MediaInfo | WorkError] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def refuse(self, where: str, what: str, hint: str = "") -> None:
        self.problems.append(Problem("", 0, 0, where, what, hint))

    def probe_all(self, stack: otio.schema.Stack) -> None:
        """Read the headers of all media, several at a time."""
        paths = {
            path
            for clip in stack.find_clips()
            if isinstance(clip.media_reference, otio.schema.ExternalReference)
            and (path := media_path(clip.media_reference, self.root)) is not None
            and path.is_file()
            and not _is_sound(clip)
        }

        def read(path: Path) -> MediaInfo | WorkError:
            try:
                return probe(path)
            except WorkError as error:
                return error

        with ThreadPoolExecutor(_PROBES) as pool:
            self.media = dict(zip(paths, pool.map(read, paths), strict=True))

    def spans(
        self, item: otio.core.Composable, at: Fraction, window: tuple[int, int]
    ) -> list[Span]:
        """What an item shows in the frames of a window, clear where it shows nothing.

        Args:
            item: any child of a composition.
            at: reel seconds of the first instant that it shows.
            window: frames of the reel, half-open; may reach beyond the item for its handles.
        """
        clear = [Span(*window, Clear())]
        if isinstance(item, otio.schema.Gap) or not item.enabled:
            return clear
        if isinstance(item, otio.schema.Clip):
            picture = self._picture(item)
            began = round(at * self.fps)
            return [Span(*window, later(picture, window[0] - began, self.fps))]
        if not isinstance(item, otio.schema.Stack | otio.schema.Track):
            self.refuse(str(item.name), f"a {type(item).__name__} cannot be shown")
            return clear
        for effect in item.effects:
            if is_active(effect):
                what = f"the effect {_kind(effect)} on a {type(item).__name__} cannot be rendered"
                self.refuse(str(item.name), what)
        if item.source_range is not None:
            at -= seconds(item.source_range.start_time)
        if isinstance(item, otio.schema.Track):
            return self._track(item, at, window)
        return self._stack(item, at, window)

    def _stack(self, stack: otio.schema.Stack, at: Fraction, window: tuple[int, int]) -> list[Span]:
        shown = [Span(*window, Clear())]
        for child in stack:
            if isinstance(child, otio.schema.Track):
                if child.kind == otio.schema.TrackKind.Audio:
                    continue
                if child.kind != otio.schema.TrackKind.Video and len(child):
                    self.refuse(str(child.name), f"a track of kind {child.kind!r} cannot be shown")
            end = round((at + _length(child)) * self.fps)
            first, last = max(window[0], round(at * self.fps)), min(window[1], end)
            if first < last:
                upper = self.spans(child, at, (first, last))
                shown = over(self._padded(upper, window), shown, self.fps)
        return shown

    def _padded(self, spans: Iterable[Span], window: tuple[int, int]) -> list[Span]:
        inside = list(trim(list(spans), *window, self.fps))
        if not inside:
            return [Span(*window, Clear())]
        before = Span(window[0], inside[0].start, Clear())
        after = Span(inside[-1].end, window[1], Clear())
        return [span for span in (before, *inside, after) if span.frames]

    def _track(self, track: otio.schema.Track, at: Fraction, window: tuple[int, int]) -> list[Span]:
        children: list[otio.core.Composable] = []
        cuts = [Cut()]
        # Every place from the exact sum of what is before it, so that nothing accumulates.
        places = [at]
        for child in track:
            if isinstance(child, otio.schema.Transition):
                cuts[-1] = self._cut(child, round(places[-1] * self.fps))
                continue
            children.append(child)
            places.append(places[-1] + _length(child))
            cuts.append(Cut())
        edges = [round(place * self.fps) for place in places]
        self._check_cuts(track, children, edges, cuts)
        if self.problems:
            cuts = [Cut() for _ in cuts]
        items = []
        for index, child in enumerate(children):
            start, end = edges[index], edges[index + 1]
            reach = (start - cuts[index].before, end + cuts[index + 1].after)
            if isinstance(child, otio.schema.Clip):
                self._check_range(child, end - start, start - reach[0], reach[1] - end)
            items.append(Item(start, end, tuple(self.spans(child, places[index], reach))))
        return self._padded(lay_track(items, cuts, self.fps), window)

    def _check_cuts(
        self,
        track: otio.schema.Track,
        children: list[otio.core.Composable],
        edges: list[int],
        cuts: list[Cut],
    ) -> None:
        """Refuse transitions that reach beyond their neighbours, or into each other."""
        for child, (start, end), (into, out) in zip(
            children, pairwise(edges), pairwise(cuts), strict=True
        ):
            if into.after + out.before > end - start:
                self.refuse(
                    str(child.name) or f"{track.name} at frame {start}",
                    f"its transitions need {into.after + out.before} frames of its {end - start}",
                    "shorten them",
                )

    def _cut(self, transition: otio.schema.Transition, frame: int) -> Cut:
        kinds = otio.schema.TransitionTypes
        wanted = ours(transition).get("transition") or transition.name
        name = "dissolve" if transition.transition_type == kinds.SMPTE_Dissolve else str(wanted)
        before = to_frames(transition.in_offset, self.fps)
        after = to_frames(transition.out_offset, self.fps)
        where = f"transition at frame {frame}"
        if name == "cut" or not before + after:
            return Cut()
        if name not in transition_names(ffmpeg_path()):
            kind = name or transition.transition_type
            self.refuse(where, f"{kind!r} is not a known transition", "make it a dissolve")
        elif (before + after + 1) / self.fps > LONGEST_S:
            self.refuse(where, f"it is longer than {LONGEST_S} s", "shorten it")
        elif min(before, after) < 0:
            self.refuse(where, "it has a negative offset")
        else:
            return Cut(name, before, after)
        return Cut()

    def _picture(self, clip: otio.schema.Clip) -> Picture:
        """What a clip shows from its first frame on."""
        name = str(clip.name)
        speed = self._speed(clip)
        info = self._info(clip)
        if info is None or info.video is None:
            return Clear()
        if info.still:
            return Still(info.path)
        if not info.video.fps or not info.video.frames:
            self.refuse(name, f"its media {info.path} state no frame rate")
            return Clear()
        return Video(info.path, source_start(clip), speed)

    def _speed(self, clip: otio.schema.Clip) -> Fraction:
        speed = Fraction(1)
        for effect in clip.effects:
            if not is_active(effect):
                continue
            if not isinstance(effect, otio.schema.LinearTimeWarp):
                self.refuse(str(clip.name), f"the effect {_kind(effect)} cannot be rendered")
            elif effect.time_scalar < 0:
                self.refuse(str(clip.name), "it plays backwards, which cannot be rendered")
            else:
                speed *= Fraction(effect.time_scalar).limit_denominator(1_000_000)
        return speed

    def _info(self, clip: otio.schema.Clip) -> MediaInfo | None:
        name, reference = str(clip.name), clip.media_reference
        if not isinstance(reference, otio.schema.ExternalReference) or not reference.target_url:
            what = f"the clip has no media ({type(reference).__name__})"
            self.refuse(name, what, "fill its slot with `otio-gvideo render`")
            return None
        path = media_path(reference, self.root)
        if path is None:
            self.refuse(name, f"its media {reference.target_url} are no file", "relink the clip")
            return None
        info = self.media.get(path)
        if info is None:
            self.refuse(name, f"its media {path} does not exist", "render it, or relink the clip")
            return None
        if isinstance(info, WorkError):
            self.refuse(name, str(info), "render it again, or relink the clip")
            return None
        if info.video is None:
            self.refuse(name, f"its media {path} holds no picture")
            return None
        return info

    def _check_range(self, clip: otio.schema.Clip, body: int, before: int, after: int) -> None:
        """Refuse a body beyond its media; say where a transition must hold their first or last
        frame."""
        path = (
            media_path(clip.media_reference, self.root)
            if clip.enabled and isinstance(clip.media_reference, otio.schema.ExternalReference)
            else None
        )
        info = self.media.get(path) if path is not None else None
        if not isinstance(info, MediaInfo) or info.still or info.video is None:
            return
        speed = self._speed(clip)
        start = source_start(clip)
        first, last = (
            _shown(info.video, start + frame * speed / self.fps) for frame in (0, max(0, body - 1))
        )
        slack = math.ceil(info.video.fps / self.fps)  # what rounding to whole frames may miss
        if first < -slack or last >= info.video.frames + slack:
            self.refuse(
                str(clip.name),
                f"it shows frames {first} to {last} of its media {info.path.name}, "
                f"which hold {info.video.frames}",
                "render it again, or trim the clip",
            )
            return
        head = _shown(info.video, start - before * speed / self.fps)
        tail = _shown(info.video, start + (body - 1 + after) * speed / self.fps)
        if before and head < -slack:
            self.warnings.append(f"{clip.name}: its media start too late for the transition into "
                                 "it; their first frame is held")  # fmt: skip
        if after and tail >= info.video.frames + slack:
            self.warnings.append(f"{clip.name}: its media end too early for the transition out of "
                                 "it; their last frame is held")  # fmt: skip


def _shown(video: VideoInfo, time: Fraction) -> int:
    """The frame of a video nearest to a time; the earlier one of two."""
    return math.ceil(time * video.fps - Fraction(1, 2))


def _kind(effect: otio.schema.Effect) -> str:
    return str(effect.effect_name or effect.name or effect.schema_name())


def _is_sound(clip: otio.schema.Clip) -> bool:
    parent = clip.parent()
    while parent is not None:
        if isinstance(parent, otio.schema.Track) and parent.kind == otio.schema.TrackKind.Audio:
            return True
        parent = parent.parent()
    return False
