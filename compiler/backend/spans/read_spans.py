"""Resolve an OpenTimelineIO timeline to spans: tracks, transitions, nests, retimes."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ...media.find_ffmpeg import ffmpeg_path
from ...media.media_info import MediaInfo
from ...notices import Notice
from ...timeline.effects import effect_notice, speed_of, unsupported_effects
from ...timeline.item_label import label_of
from ...timeline.layout import Placed, TrackTransition, lay_out
from ...timeline.properties import frames_of, item_length
from ...timeline.rate import seconds
from ..encode.transitions import transition_names
from .frame_content import TransparentContent, advance
from .hold_ends import hold_ends
from .media import MediaReader, unique
from .spans import Span, SpanCut, TrackItem, composite_spans, lay_track, retime, retimed_range, trim


@dataclass(frozen=True, slots=True)
class SpanReading:
    """The spans of a timeline.

    Attributes:
        spans: in order, without holes, from frame 0 to the end of the timeline.
        media: headers of all media in them.
        warnings: differences from the timeline, one line each.
        missing: media that slates stand in for, one line each.
    """

    spans: tuple[Span, ...]
    media: dict[Path, MediaInfo]
    warnings: tuple[Notice, ...] = ()
    missing: tuple[str, ...] = ()


def read_spans(
    timeline: otio.schema.Timeline,
    root: Path,
    fps: Fraction,
    *,
    remote: Mapping[str, Path] | None = None,
    transitions: Container[str] | None = None,
    verify: bool = True,
) -> SpanReading:
    """Resolve all that is visible of a timeline.

    Args:
        timeline: any timeline whose items have lengths.
        root: folder that relative media paths start from.
        fps: frame rate of the reel.
        remote: downloaded files by their URLs.
        transitions: names of the supported transitions; None for those of this machine's ffmpeg.
        verify: whether rendered media are compared with their SHA-256.
    """
    reader = span_reader(timeline, root, fps, remote=remote, transitions=transitions, verify=verify)
    media, window = reader.media, (0, frames_of(timeline, fps))
    spans = composite_spans(
        reader.spans(timeline.tracks, Fraction(0), window),
        [Span(*window, TransparentContent())],
        fps,
    )
    spans = list(hold_ends(spans, media.media, fps))
    return SpanReading(tuple(spans), media.media, unique(media.warnings), unique(media.missing))


def span_reader(
    timeline: otio.schema.Timeline,
    root: Path,
    fps: Fraction,
    *,
    remote: Mapping[str, Path] | None = None,
    transitions: Container[str] | None = None,
    verify: bool = False,
) -> SpanReader:
    """Return a reader of single items of a timeline, and read the headers of all media.

    Arguments as in `read_spans`.
    """
    media = MediaReader(root, fps, remote or {}, verify)
    media.probe_all(clip for clip in timeline.find_clips() if not _is_sound(clip))
    names = transition_names(ffmpeg_path()) if transitions is None else transitions
    return SpanReader(media, fps, names)


@dataclass
class SpanReader:
    """Resolves items to spans; problems are collected in ``media``."""

    media: MediaReader
    fps: Fraction
    names: Container[str]

    def warn(self, code: str, where: str, what: str) -> None:
        """Collect a warning."""
        self.media.warnings.append(Notice(code, f"{where}: {what}"))

    def spans(
        self, item: otio.core.Composable, at: Fraction, window: tuple[int, int]
    ) -> list[Span]:
        """Return the spans of an item within a window, transparent where it has no content.

        Args:
            item: any child of a composition.
            at: seconds of the reel at which the item starts.
            window: frames of the reel, half-open; may exceed the item, for handles.
        """
        clear = [Span(*window, TransparentContent())]
        if isinstance(item, otio.schema.Gap) or not item.enabled:
            return clear
        if isinstance(item, otio.schema.Clip):
            began = round(at * self.fps)
            body = round((at + item_length(item)) * self.fps) - began
            picture = self.media.picture(item, body)
            reach = (max(0, began - window[0]), max(0, window[1] - began - body))
            self.media.check_range(label_of(item), picture, body, *reach)
            return [Span(*window, advance(picture, window[0] - began, self.fps))]
        if not isinstance(item, otio.schema.Stack | otio.schema.Track):
            self.warn("effect", str(item.name), f"a {type(item).__name__} cannot be shown")
            return clear
        speed = speed_of(item)
        self.media.warnings += [effect_notice(item, effect) for effect in unsupported_effects(item)]
        if speed == 1:
            return self._composition(item, at, window)
        pivot = at * self.fps
        if speed < 0:  # starts with the last frame of its range
            body = round((at + item_length(item)) * self.fps) - round(pivot)
            pivot += (body - 1) * -speed / (1 - speed)
        inside = self._composition(item, at, retimed_range(pivot, speed, window))
        return retime(inside, pivot, speed, window, self.fps)

    def _composition(
        self, item: otio.schema.Stack | otio.schema.Track, at: Fraction, window: tuple[int, int]
    ) -> list[Span]:
        if isinstance(item, otio.schema.Track):
            return self._track(item, at, window)
        if item.source_range is not None:
            at -= seconds(item.source_range.start_time)
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
                shown = composite_spans(self._padded(upper, window), shown, self.fps)
        return shown

    def _padded(self, spans: Iterable[Span], window: tuple[int, int]) -> list[Span]:
        inside = list(trim(list(spans), *window, self.fps))
        if not inside:
            return [Span(*window, TransparentContent())]
        before = Span(window[0], inside[0].start, TransparentContent())
        after = Span(inside[-1].end, window[1], TransparentContent())
        return [span for span in (before, *inside, after) if span.frames]

    def _track(self, track: otio.schema.Track, at: Fraction, window: tuple[int, int]) -> list[Span]:
        placed = lay_out(track, self.fps, at)
        cuts = [SpanCut() for _ in range(len(placed) + 1)]
        for index, one in enumerate(placed):
            cuts[index] = self._cut(one.fade_in or one.into, one.start)
            cuts[index + 1] = self._cut(one.fade_out, one.end)
            self._warn_of_overlap(track, one)
        self._warn_of_negative(track, placed)
        items = []
        for index, one in enumerate(placed):
            reach = (one.start - cuts[index].before, one.end + cuts[index + 1].after)
            items.append(
                TrackItem(one.start, one.end, tuple(self.spans(one.item, one.begin, reach)))
            )
        return self._padded(lay_track(items, cuts, self.fps), window)

    def _cut(self, transition: TrackTransition | None, frame: int) -> SpanCut:
        if transition is None:
            return SpanCut()
        name = transition.kind
        if name not in self.names:
            kind = name or transition.item.transition_type
            what = f"{kind!r} is not a known transition; it is shown as a dissolve"
            self.warn("transition", f"transition at frame {frame}", what)
            name = "dissolve"
        return SpanCut(name, transition.before, transition.after)

    def _warn_of_overlap(self, track: otio.schema.Track, placed: Placed) -> None:
        into, out = placed.fade_in or placed.into, placed.fade_out or placed.out
        wanted = (into.stated[1] if into else 0) + (out.stated[0] if out else 0)
        if wanted > placed.frames:
            name = str(placed.item.name) or f"{track.name} at frame {placed.start}"
            what = (
                f"its transitions need {wanted} frames of its {placed.frames}; they are shortened"
            )
            self.warn("transition", name, what)
        if placed.fade_in is not None and placed.fade_in.stated[0]:
            what = (
                f"{placed.fade_in.stated[0]} of its frames lie before its track and are not shown; "
                "it is as much shorter"
            )
            self.warn("transition", f"transition at frame {placed.start}", what)

    def _warn_of_negative(self, track: otio.schema.Track, placed: Sequence[Placed]) -> None:
        edges = [*(one.start for one in placed[:1]), *(one.end for one in placed)]
        number = 0
        for child in track:
            if not isinstance(child, otio.schema.Transition):
                number += 1
            elif min(child.in_offset.value, child.out_offset.value) < 0:
                where = f"transition at frame {edges[number] if edges else 0}"
                self.warn("transition", where, "it has a negative offset; it is shown as a cut")


def _is_sound(clip: otio.schema.Clip) -> bool:
    parent = clip.parent()
    while parent is not None:
        if isinstance(parent, otio.schema.Track) and parent.kind == otio.schema.TrackKind.Audio:
            return True
        parent = parent.parent()
    return False
