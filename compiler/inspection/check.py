"""A finished reel measured against its timeline."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..backend.captions.burn import caption_departures
from ..backend.encode.codecs import CODECS
from ..media.media_info import MediaInfo
from ..media.probe import probe
from ..timeline.confidence import LEAST_CUT, doubts_of, scene_confidence
from .caption_findings import caption_edges, caption_findings
from .expected_reel import ExpectedReel, expected_reel
from .findings import Check, Finding
from .frame_measures import (
    FROZEN_CHANGE,
    PREVIEWS,
    FrameMeasure,
    difference,
    is_black,
    is_dark,
    is_plain,
    measure_frames,
    runs,
    source_frame,
)
from .picture_findings import opening, picture_findings, slot_samples
from .sound_findings import SoundCheck, check_sound

SEARCH = 6
"""Frames on either side of an expected cut that are searched for the real one."""
SHARP = 1.8
"""Factor by which a change must exceed all changes near it to be a cut."""
VISIBLE = 4.0
"""Mean difference of luma below which a cut cannot be seen (two similar pictures)."""
BLACK_FRAMES = 3
FROZEN_S = 1
BT709 = (1, 1, 1, 1)


def check_reel(
    video: Path,
    timeline: otio.schema.Timeline,
    *,
    media_root: Path,
    width: int,
    height: int,
    fps: Fraction,
    on_frame: Callable[[int], None] | None = None,
) -> Check:
    """Measure a reel.

    Args:
        video: the finished file, a video or an animated image.
        timeline: its timeline.
        media_root: folder that relative media paths start from.
        width, height, fps: of the reel as the timeline has it.
        on_frame: called with the number of frames decoded so far.

    Raises:
        InputError: the timeline's sound is missing.
        WorkError: the video cannot be decoded.
    """
    expected = expected_reel(timeline, media_root, fps)
    confidence = scene_confidence(timeline)
    samples = {sample.frame for sample in slot_samples(expected)}
    measure = measure_frames(video, on_frame, samples)
    info = probe(video)
    if video.suffix.lower() in PREVIEWS:
        findings, cuts = _preview(video, info, measure, expected, (width, height))
        return Check(video, tuple(findings), cuts, (), -math.inf, -math.inf, confidence)
    findings = list(_file(video, info, measure, expected, (width, height)))
    cuts = cut_offsets(measure, expected)
    for (name, offset), (frame, _) in zip(cuts.items(), expected.cuts, strict=True):
        found = "no visible change" if offset is None else f"frame {frame + offset}"
        findings.append(Finding(f"cut {name}", offset in (0, None), found, f"frame {frame}"))
    findings += _slates(expected)
    edges = caption_edges(timeline, (width, height), fps)
    findings += _surprises(measure, expected, media_root, edges)
    findings += opening(measure, timeline, round(fps))
    findings += _captions(timeline, (width, height), fps)
    findings += _doubtful(timeline)
    findings += picture_findings(measure, expected, (width, height))
    findings += caption_findings(video, timeline)
    if info.audio is None:
        findings.append(Finding("sound", False, "no sound track", "a sound track"))
        sound = SoundCheck(())
    else:
        sound = check_sound(video, timeline, media_root, expected.frames / fps)
    findings += sound.findings
    return Check(video, tuple(findings), cuts, sound.offsets, sound.lufs, sound.dbtp, confidence)


def cut_offsets(measure: FrameMeasure, expected: ExpectedReel) -> dict[str, int | None]:
    """Return the offset of each cut in frames, positive if late, by the name of the item.

    None if no change is visible nearby. The frame is appended to names that are not unique.
    """
    offsets: dict[str, int | None] = {}
    for frame, name in expected.cuts:
        key = name if name and name not in offsets else f"{name} at {frame}".strip()
        offsets[key] = _cut_offset(measure, expected, frame)
    return offsets


def _cut_offset(measure: FrameMeasure, expected: ExpectedReel, frame: int) -> int | None:
    # Only changes nearer to this cut than to another edge are this cut.
    edges = [0, *(edge for edge in expected.edges if edge != frame), measure.frames]
    before = max((edge for edge in edges if edge < frame), default=0)
    after = min((edge for edge in edges if edge > frame), default=measure.frames)
    first = max(1, frame - SEARCH, (before + frame) // 2 + 1)
    last = min(measure.frames - 1, frame + SEARCH, (frame + after) // 2)
    if not first <= frame <= last:
        return None
    best = max(range(first, last + 1), key=lambda place: measure.change[place])
    if measure.change[best] < VISIBLE:
        return None
    in_place = measure.change[frame] * SHARP >= measure.change[best]
    return 0 if in_place or _is_cut_of_source(expected, best) else best - frame


def _file(
    video: Path,
    info: MediaInfo,
    measure: FrameMeasure,
    expected: ExpectedReel,
    size: tuple[int, int],
) -> Iterator[Finding]:
    picture = info.video
    frames = measure.frames
    yield Finding("frames", frames == expected.frames, str(frames), str(expected.frames))
    if picture is None:
        return
    measured = (picture.width, picture.height)
    yield Finding("size", measured == size, f"{measured[0]}x{measured[1]}", f"{size[0]}x{size[1]}")
    ok = picture.fps == expected.fps
    yield Finding("rate", ok, f"{float(picture.fps):.6g}", f"{float(expected.fps):.6g}")
    suffix = video.suffix.lower()
    codecs = [name for name, codec in CODECS.items() if codec.suffix == suffix] or [*CODECS]
    codec = _DECODERS.get(picture.codec, picture.codec)
    wanted = codec if codec in codecs else " or ".join(codecs)
    yield Finding("codec", codec in codecs, codec, wanted)
    tags = "BT.709" if picture.colors == BT709 else "/".join(map(str, picture.colors))
    yield Finding("colours", picture.colors == BT709, tags, "BT.709")


def _preview(
    video: Path,
    info: MediaInfo,
    measure: FrameMeasure,
    expected: ExpectedReel,
    size: tuple[int, int],
) -> tuple[list[Finding], dict[str, int | None]]:
    """Measure an animated image, which has fewer and smaller frames than the reel, and no sound.

    Tolerates one frame of length: frames last whole hundredths (GIF) or thousandths (WebP) of a
    second.
    """
    wanted_s, measured_s = expected.frames / expected.fps, measure.duration_s
    frame_s = measured_s / max(1, measure.frames)
    findings = [
        Finding(
            "length",
            abs(measured_s - wanted_s) <= frame_s,
            f"{float(measured_s):.2f} s",
            f"{float(wanted_s):.2f} s",
        )
    ]
    if info.video is not None:
        width, height = info.video.width, info.video.height
        # Its width is even, its height at most that of the reel.
        fits = abs(width * size[1] - height * size[0]) <= 2 * size[1] and height <= size[1]
        findings.append(Finding("aspect", fits, f"{width}x{height}", f"as {size[0]}x{size[1]}"))
    return findings, {}


_DECODERS = {"libdav1d": "av1", "libaom-av1": "av1"}
"""Codecs by the names of FFmpeg's decoders."""


def _is_cut_of_source(expected: ExpectedReel, frame: int) -> bool:
    """Whether a source video, no slot, has a cut of its own at a frame."""
    for before, after in zip(
        expected.sources_at(frame - 1), expected.sources_at(frame), strict=False
    ):
        one = source_frame(before.media, before.number)
        other = source_frame(after.media, after.number)
        if one is None or other is None or one.shape != other.shape:
            continue
        if difference(one, other) >= VISIBLE:
            return True
    return False


def _may_be_black(expected: ExpectedReel, root: Path, frame: int) -> bool:
    """Whether a still or a source video is itself black at a frame."""
    if any(is_black(root / still) for still in expected.stills_at(frame)):
        return True
    lumas = (source_frame(one.media, one.number) for one in expected.sources_at(frame))
    return any(luma is not None and is_dark(luma) for luma in lumas)


def _slates(expected: ExpectedReel) -> Iterator[Finding]:
    """Yield the places that can only be slates; a reel with them is still true to its timeline."""
    for slate in expected.slates:
        where = f"slate, frames {slate.start} to {slate.end}"
        yield Finding("missing media", True, where, where)


def _surprises(
    measure: FrameMeasure, expected: ExpectedReel, root: Path, captions: Container[int]
) -> Iterator[Finding]:
    """Yield the cuts, black and standstill that are not in the timeline."""
    transitions, gaps = expected.transitions, expected.gaps
    edges = {frame for frame, _ in expected.cuts}
    edges |= {edge for gap in gaps for edge in (gap.start, gap.end)}
    for frame in range(1, measure.frames):
        if measure.change[frame] < 2 * VISIBLE or measure.sharpness(frame) < 2 * SHARP:
            continue
        is_near = frame in captions or any(abs(frame - edge) <= SEARCH for edge in edges)
        is_blend = any(transition.holds(frame, 1) for transition in transitions)
        if not is_near and not is_blend and not _is_cut_of_source(expected, frame):
            yield Finding("unplanned cut", False, f"frame {frame}", "none")
    for start, end in runs(measure.black, BLACK_FRAMES):
        dark = [*gaps, *transitions]
        rest = [f for f in range(start, end) if not any(span.holds(f, 1) for span in dark)]
        if rest and not _may_be_black(expected, root, rest[len(rest) // 2]):
            yield Finding("unplanned black", False, f"frames {start} to {end}", "none")
    frozen = measure.change < FROZEN_CHANGE
    frozen[:1] = False
    still = (*expected.still, *gaps)
    for start, end in runs(frozen, round(FROZEN_S * expected.fps)):
        middle = (start + end) // 2
        stills = expected.stills_at(middle)
        if stills and all(is_plain(root / one) for one in stills):
            continue
        if not any(span.holds(middle) for span in still):
            yield Finding("unplanned standstill", False, f"frames {start} to {end}", "none")


def _captions(
    timeline: otio.schema.Timeline, size: tuple[int, int], fps: Fraction
) -> Iterator[Finding]:
    """Yield the captions that are hard to read; they follow the voice, so none is an error."""
    for line in caption_departures(timeline, size, fps):
        yield Finding("caption", True, line, "slower")


def _doubtful(timeline: otio.schema.Timeline) -> Iterator[Finding]:
    """Yield the scenes to listen to, worst first; only a person hears whether one is off."""
    for doubt in sorted(doubts_of(timeline), key=lambda doubt: doubt.confidence):
        yield Finding(f"listen {doubt.scene}", True, doubt.place, f"{float(LEAST_CUT):.0%} certain")
