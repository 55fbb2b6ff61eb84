"""The picture of an OTIO timeline as spans: tracks, transitions, nested timelines, retimes."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import opentimelineio as otio

from ...media.find_ffmpeg import ffmpeg_path
from ...media.probe import MediaInfo
from ...notices import Notice
from ...timeline.length import item_length, timeline_frames
from ...timeline.values import own_metadata, seconds, to_frames
from ..encode.transitions import transition_names
from .content import TransparentContent, later, media_of
from .media import MediaReader, lines_of, speed_of
from .spans import Item, Span, SpanCut, lay_track, over, retime, retimed_reach, trim

_SIZE = (1080, 1920)


@dataclass(frozen=True, slots=True)
class SpanReading:
    """What is to be seen.

    Attributes:
        spans: in order, without holes, from frame 0 to the end of the timeline.
        media: what is known of every file in them.
        warnings: what is shown otherwise than the timeline says, one line each.
        missing: what slates stand in for, one line each.
    """

    spans: tuple[Span, ...]
    media: dict[Path, MediaInfo]
    warnings: tuple[Notice, ...] = ()
    missing: tuple[str, ...] = ()


def read_picture(
    timeline: otio.schema.Timeline,
    root: Path,
    fps: Fraction,
    *,
    remote: Mapping[str, Path] | None = None,
    transitions: Container[str] | None = None,
) -> SpanReading:
    """Resolve everything that a timeline shows.

    Args:
        timeline: what to show.
        root: the folder that relative media are named from.
        fps: the reel's rate.
        remote: files that were fetched, by the URL that clips name them by.
        transitions: names of those that can be shown; else those of this machine's ffmpeg.
    """
    reader = picture_reader(timeline, root, fps, remote=remote, transitions=transitions, read=True)
    media, window = reader.media, (0, timeline_frames(timeline, fps))
    spans = over(
        reader.spans(timeline.tracks, Fraction(0), window),
        [Span(*window, TransparentContent())],
        fps,
    )
    return SpanReading(tuple(spans), media.media, lines_of(media.warnings), lines_of(media.missing))


def picture_reader(
    timeline: otio.schema.Timeline,
    root: Path,
    fps: Fraction,
    *,
    remote: Mapping[str, Path] | None = None,
    transitions: Container[str] | None = None,
    read: bool = False,
) -> PictureReader:
    """What resolves the items of a timeline, one by one; the headers of all media are read.

    Arguments as in `read_picture`, and as `MediaReader` has them.
    """
    media = MediaReader(root, fps, remote or {}, read)
    media.probe_all(clip for clip in timeline.find_clips() if not _is_sound(clip))
    names = transition_names(ffmpeg_path()) if transitions is None else transitions
    return PictureReader(media, fps, names)


def frame_size(timeline: otio.schema.Timeline, reading: SpanReading) -> tuple[int, int]:
    """Width and height of the reel in pixels: what the metadata say, else those of its first video,
    made even."""
    stated = own_metadata(timeline).get("output", {})
    first = next(
        (
            info.video
            for span in reading.spans
            for path in media_of(span.picture)
            if (info := reading.media[path]).video is not None and not info.still
        ),
        None,
    )
    shown = _SIZE if first is None else tuple(round(side / 2) * 2 for side in first.display_size)
    return int(stated.get("width", shown[0])), int(stated.get("height", shown[1]))


@dataclass
class PictureReader:
    """Items into spans, and what of them cannot be shown (in ``media``)."""

    media: MediaReader
    fps: Fraction
    names: Container[str]

    def warn(self, code: str, where: str, what: str) -> None:
        """Remember what is shown otherwise than the timeline says."""
        self.media.warnings.append(Notice(code, f"{where}: {what}"))

    def spans(
        self, item: otio.core.Composable, at: Fraction, window: tuple[int, int]
    ) -> list[Span]:
        """What an item shows in the frames of a window, clear where it shows nothing.

        Args:
            item: any child of a composition.
            at: reel seconds of the first instant that it shows.
            window: frames of the reel, half-open; may reach beyond the item for its handles.
        """
        clear = [Span(*window, TransparentContent())]
        if isinstance(item, otio.schema.Gap) or not item.enabled:
            return clear
        if isinstance(item, otio.schema.Clip):
            began = round(at * self.fps)
            body = round((at + item_length(item)) * self.fps) - began
            picture = self.media.picture(item, body)
            reach = (max(0, began - window[0]), max(0, window[1] - began - body))
            self.media.check_range(str(item.name), picture, body, *reach)
            return [Span(*window, later(picture, window[0] - began, self.fps))]
        if not isinstance(item, otio.schema.Stack | otio.schema.Track):
            self.warn("effect", str(item.name), f"a {type(item).__name__} cannot be shown")
            return clear
        speed, unknown = speed_of(item)
        for effect in unknown:
            what = f"the effect {effect} on a {type(item).__name__} cannot be rendered"
            self.warn("effect", str(item.name), what)
        if speed == 1:
            return self._composition(item, at, window)
        pivot = at * self.fps
        if speed < 0:  # it begins with the last frame of its range
            body = round((at + item_length(item)) * self.fps) - round(pivot)
            pivot += (body - 1) * -speed / (1 - speed)
        inside = self._composition(item, at, retimed_reach(pivot, speed, window))
        return retime(inside, pivot, speed, window, self.fps)

    def _composition(
        self, item: otio.schema.Stack | otio.schema.Track, at: Fraction, window: tuple[int, int]
    ) -> list[Span]:
        if item.source_range is not None:
            at -= seconds(item.source_range.start_time)
        if isinstance(item, otio.schema.Track):
            return self._track(item, at, window)
        return self._stack(item, at, window)

    def _stack(self, stack: otio.schema.Stack, at: Fraction, window: tuple[int, int]) -> list[Span]:
        shown = [Span(*window, TransparentContent())]
        for child in stack:
            if isinstance(child, otio.schema.Track):
                if child.kind == otio.schema.TrackKind.Audio:
                    continue
                if child.kind != otio.schema.TrackKind.Video and len(child):
                    what = f"a track of kind {child.kind!r} cannot be shown"
                    self.warn("effect", str(child.name), what)
                    continue
            end = round((at + item_length(child)) * self.fps)
            first, last = max(window[0], round(at * self.fps)), min(window[1], end)
            if first < last:
                upper = self.spans(child, at, (first, last))
                shown = over(self._padded(upper, window), shown, self.fps)
        return shown

    def _padded(self, spans: Iterable[Span], window: tuple[int, int]) -> list[Span]:
        inside = list(trim(list(spans), *window, self.fps))
        if not inside:
            return [Span(*window, TransparentContent())]
        before = Span(window[0], inside[0].start, TransparentContent())
        after = Span(inside[-1].end, window[1], TransparentContent())
        return [span for span in (before, *inside, after) if span.frames]

    def _track(self, track: otio.schema.Track, at: Fraction, window: tuple[int, int]) -> list[Span]:
        children: list[otio.core.Composable] = []
        cuts = [SpanCut()]
        # Every place from the exact sum of what is before it, so that nothing accumulates.
        places = [at]
        for child in track:
            if isinstance(child, otio.schema.Transition):
                cuts[-1] = self._cut(child, round(places[-1] * self.fps))
                continue
            children.append(child)
            places.append(places[-1] + item_length(child))
            cuts.append(SpanCut())
        edges = [round(place * self.fps) for place in places]
        if cuts[0].before:
            # OTIO adds them to the track's length, yet its first clip begins where the track does.
            self.warn("transition", f"transition at frame {edges[0]}",
                      f"{cuts[0].before} of its frames lie before its track and are not shown; "
                      "it is as much shorter")  # fmt: skip
            cuts[0] = replace(cuts[0], before=0)
        cuts = self._fitting(track, children, edges, cuts)
        items = []
        for index, child in enumerate(children):
            start, end = edges[index], edges[index + 1]
            reach = (start - cuts[index].before, end + cuts[index + 1].after)
            items.append(Item(start, end, tuple(self.spans(child, places[index], reach))))
        return self._padded(lay_track(items, cuts, self.fps), window)

    def _fitting(
        self,
        track: otio.schema.Track,
        children: list[otio.core.Composable],
        edges: list[int],
        cuts: list[SpanCut],
    ) -> list[SpanCut]:
        """Transitions shortened until no two reach into each other."""
        fitting = list(cuts)
        for index, (child, (start, end)) in enumerate(zip(children, pairwise(edges), strict=True)):
            into, out = fitting[index], fitting[index + 1]
            wanted, room = into.after + out.before, end - start
            if wanted <= room:
                continue
            after = into.after * room // wanted
            fitting[index] = replace(into, after=after)
            fitting[index + 1] = replace(out, before=min(out.before, room - after))
            name = str(child.name) or f"{track.name} at frame {start}"
            self.warn("transition", name, f"its transitions need {wanted} frames of its {room}; "
                            "they are shortened")  # fmt: skip
        return fitting

    def _cut(self, transition: otio.schema.Transition, frame: int) -> SpanCut:
        kinds = otio.schema.TransitionTypes
        wanted = own_metadata(transition).get("transition") or transition.name
        name = "dissolve" if transition.transition_type == kinds.SMPTE_Dissolve else str(wanted)
        before = to_frames(transition.in_offset, self.fps)
        after = to_frames(transition.out_offset, self.fps)
        where = f"transition at frame {frame}"
        if name == "cut" or not before + after:
            return SpanCut()
        if min(before, after) < 0:
            self.warn("transition", where, "it has a negative offset; it is shown as a cut")
            return SpanCut()
        if name not in self.names:
            kind = name or transition.transition_type
            what = f"{kind!r} is not a known transition; it is shown as a dissolve"
            self.warn("transition", where, what)
            name = "dissolve"
        return SpanCut(name, before, after)


def _is_sound(clip: otio.schema.Clip) -> bool:
    parent = clip.parent()
    while parent is not None:
        if isinstance(parent, otio.schema.Track) and parent.kind == otio.schema.TrackKind.Audio:
            return True
        parent = parent.parent()
    return False
