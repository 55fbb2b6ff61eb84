"""Frame rate, length and size of a timeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..errors import InputError, Place, Problem, WorkError
from ..media.media_info import MediaInfo
from ..media.probe import probe
from ..sync.rationals import parse_rational
from .item_label import label_of
from .media import media_path, read_sequence, sequence_folder
from .metadata import NAMESPACE, output_metadata, plain
from .rate import exact_rate, seconds

HIGHEST_FPS = 240
"""Higher rates count samples, not frames."""
_FPS = Fraction(24)
_SIZE = (1080, 1920)


def rate_and_frames(
    timeline: otio.schema.Timeline, path: Path | None = None
) -> tuple[Fraction, int]:
    """Return the frame rate of a timeline, exact, and its length in frames.

    Args:
        timeline: any timeline.
        path: its file, for messages.

    Raises:
        InputError: something in the timeline has no length.
    """
    try:
        fps = _frame_rate(timeline)
        return fps, max(0, round(item_length(timeline.tracks) * fps))
    except otio.exceptions.OTIOError as error:
        place = Place(str(path or timeline.name or "the timeline"), where=_without_length(timeline))
        hint = "give every clip a source_range"
        raise InputError(Problem.at(place, "has no length", hint)) from error


def refuse_empty(timeline: otio.schema.Timeline, frames: int, path: Path | None = None) -> None:
    """Reject a timeline without frames.

    Args:
        timeline: any timeline.
        frames: its length.
        path: its file, for the message.

    Raises:
        InputError: it has none.
    """
    if not frames:
        hint = "put a clip that lasts a frame or longer on a track"
        place = Place(str(path or timeline.name or "the timeline"))
        raise InputError(Problem.at(place, "is empty", hint))


def _without_length(timeline: otio.schema.Timeline) -> str:
    """Return the name of the first clip that has no length; empty if there is none."""
    for clip in timeline.find_clips():
        try:
            clip.duration()
        except otio.exceptions.OTIOError:
            return label_of(clip)
    return ""


def rate_of(timeline: otio.schema.Timeline, path: Path | None = None) -> Fraction:
    """Return the frame rate of a timeline, exact.

    The rate in its metadata. Else, of the rates of its picture items (of its audio items, if it
    has no picture), one at which its length is a whole number of frames: the rate of
    ``global_start_time``, or the most frequent rate, or the highest. So one clip at a lower rate
    does not coarsen the reel. 24 if there is no rate.

    Args:
        timeline: any timeline.
        path: its file, for messages.

    Raises:
        InputError: something in the timeline has no length.
    """
    return rate_and_frames(timeline, path)[0]


def length_of(timeline: otio.schema.Timeline) -> Fraction:
    """Return the length of a timeline, its longest track, in exact seconds.

    As OpenTimelineIO counts it: a transition at the start of a track adds its ``in_offset``, one
    at the end its ``out_offset``.

    Raises:
        otio.exceptions.OTIOError: something in the timeline has no length.
    """
    return item_length(timeline.tracks)


def visible_start(timeline: otio.schema.Timeline) -> Fraction:
    """Return the second of a timeline's own time at which its reel starts: 0 without a range.

    Words in the metadata and markers count in the timeline's own time.
    """
    visible = timeline.tracks.source_range
    return seconds(visible.start_time) if visible is not None else Fraction(0)


def frames_of(timeline: otio.schema.Timeline, fps: Fraction) -> int:
    """Return `length_of` in frames at a rate, rounded to the nearest."""
    return max(0, round(length_of(timeline) * fps))


def item_length(item: otio.core.Composable) -> Fraction:
    """Return the length of any item in exact seconds; errors as of `length_of`."""
    if isinstance(item, otio.schema.Stack | otio.schema.Track):
        if item.source_range is not None:
            return seconds(item.source_range.duration)
        lengths = [item_length(c) for c in item if not isinstance(c, otio.schema.Transition)]
        if isinstance(item, otio.schema.Stack):
            return max(lengths, default=Fraction(0))
        return sum(lengths, _transitions_at_ends(item))
    return seconds(item.duration())


def _transitions_at_ends(track: otio.schema.Track) -> Fraction:
    """Return the seconds that transitions at the ends of a track add to its length."""
    added = Fraction(0)
    if len(track) and isinstance(track[0], otio.schema.Transition):
        added += seconds(track[0].in_offset)
    if len(track) and isinstance(track[-1], otio.schema.Transition):
        added += seconds(track[-1].out_offset)
    return added


def _frame_rate(timeline: otio.schema.Timeline) -> Fraction:
    stated = output_metadata(timeline).get("fps")
    if stated:
        return exact_rate(parse_rational(str(stated)))
    rates = _rates(timeline.video_tracks()) or _rates(timeline.audio_tracks())
    if not rates:
        return _FPS
    length, start = length_of(timeline), timeline.global_start_time
    start_rate = exact_rate(start.rate) if start is not None else None
    return max(
        rates,
        key=lambda rate: ((length * rate).denominator == 1, rate == start_rate, rates[rate], rate),
    )


def _rates(tracks: Iterable[otio.schema.Track]) -> Counter[Fraction]:
    """Return how many items of some tracks use each frame rate."""
    found: Counter[Fraction] = Counter()
    for track in tracks:
        for item in track.find_children(descended_from_type=otio.core.Item):
            shown = item.source_range
            if shown is None and isinstance(item, otio.schema.Clip):
                shown = item.media_reference.available_range
            if shown is not None and 1 <= shown.duration.rate <= HIGHEST_FPS:
                found[exact_rate(shown.duration.rate)] += 1
    return found


def size_of(
    timeline: otio.schema.Timeline,
    root: Path = Path(),
    remote: Mapping[str, Path] | None = None,
) -> tuple[int, int]:
    """Return width and height of the reel in pixels.

    The size in the metadata. Else that of the first video in the timeline, of several that start
    together the uppermost, rounded to even numbers. 1080x1920 if there is no video, only stills.

    Args:
        timeline: any timeline whose items have lengths.
        root: folder that relative media paths start from.
        remote: downloaded files by their URLs.
    """
    stated = output_metadata(timeline)
    size = _SIZE
    if not {"width", "height"} <= stated.keys():
        size = next(_video_sizes(timeline, root, remote or {}), _SIZE)
    return int(stated.get("width", size[0])), int(stated.get("height", size[1]))


def _video_sizes(
    timeline: otio.schema.Timeline, root: Path, remote: Mapping[str, Path]
) -> Iterator[tuple[int, int]]:
    clips = list(_visible_clips(timeline.tracks, Fraction(0), (Fraction(0), length_of(timeline))))
    layers = enumerate(clips)
    for _, (_, clip) in sorted(layers, key=lambda one: (one[1][0], -one[0])):
        info = _video_info(clip.media_reference, root, remote)
        if info is not None and info.video is not None and not info.still:
            width, height = (round(side / 2) * 2 for side in info.video.display_size)
            yield width, height


def _visible_clips(
    item: otio.core.Composable, at: Fraction, window: tuple[Fraction, Fraction]
) -> Iterator[tuple[Fraction, otio.schema.Clip]]:
    """Yield the clips of picture tracks, lower tracks first, with the seconds at which they start.

    Args:
        item: any item that takes time.
        at: seconds of the reel at which it starts.
        window: seconds of the reel, half-open, in which it is visible.
    """
    if not item.enabled:
        return
    window = (max(window[0], at), min(window[1], at + item_length(item)))
    if window[0] >= window[1]:
        return
    if isinstance(item, otio.schema.Clip):
        yield window[0], item
    elif isinstance(item, otio.schema.Stack | otio.schema.Track):
        if item.source_range is not None:
            at -= seconds(item.source_range.start_time)
        for child in item:
            if isinstance(child, otio.schema.Transition):
                continue
            if isinstance(child, otio.schema.Track) and child.kind != otio.schema.TrackKind.Video:
                continue
            yield from _visible_clips(child, at, window)
            if isinstance(item, otio.schema.Track):
                at += item_length(child)


def _video_info(
    reference: otio.core.MediaReference, root: Path, remote: Mapping[str, Path]
) -> MediaInfo | None:
    """Return the header of media; None if they are missing or unreadable."""
    try:
        if isinstance(reference, otio.schema.ImageSequenceReference):
            folder = sequence_folder(reference, root)
            return None if folder is None else read_sequence(reference, folder)
        if isinstance(reference, otio.schema.ExternalReference):
            path = remote.get(str(reference.target_url)) or media_path(reference, root)
            return None if path is None or not path.is_file() else probe(path)
    except WorkError:
        pass
    return None


def state_format(timeline: otio.schema.Timeline, width: int, height: int, fps: Fraction) -> None:
    """Write size and rate of the reel into a timeline's metadata."""
    output = {"width": width, "height": height, "fps": f"{fps.numerator}/{fps.denominator}"}
    stated = plain(output_metadata(timeline))
    if stated != {**stated, **output}:
        own = timeline.metadata.setdefault(NAMESPACE, {})
        own["output"] = {**stated, **output}
