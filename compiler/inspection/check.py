"""A finished reel against its timeline: every promise measured, every departure named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ..backend.audio.loudness import MOST_DBTP, measure_file, target_of
from ..backend.audio.mix import Mix
from ..backend.audio.read_mix import read_mix, voice_tracks
from ..media.probe import probe
from .expected_reel import ExpectedReel, promise_of
from .frame_measures import FrameMeasure, is_black, look_at, runs
from .voice_offset import VoiceOffset, voice_offsets

SEARCH = 6
"""Frames to either side of a planned cut in which the real one is looked for."""
SHARP = 1.8
"""By how much a change must exceed all near it to be a cut."""
VISIBLE = 4.0
"""Mean difference of luma below which a cut cannot be seen (two like pictures)."""
MOST_OFFSET_MS = 5.0
MOST_DRIFT_MS = 5.0
LOUDNESS_LU = 1.0
BLACK_FRAMES = 3
FROZEN_S = 1
FROZEN_CHANGE = 0.02
BT709 = (1, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was measured.

    Attributes:
        name: what, as in ``frames`` or ``cut storm``.
        ok: whether it is as it should be.
        measured, wanted: in words, with units.
    """

    name: str
    ok: bool
    measured: str
    wanted: str

    def __str__(self) -> str:
        """One line."""
        state = "ok " if self.ok else "OFF"
        wanted = "" if self.ok and self.measured == self.wanted else f" (wanted {self.wanted})"
        return f"{state} {self.name:<22} {self.measured}{wanted}"


@dataclass(frozen=True, slots=True)
class Check:
    """All findings, and the figures behind them for programs."""

    video: Path
    findings: tuple[Finding, ...]
    cut_offsets: dict[str, int | None]
    voice_offsets: tuple[VoiceOffset, ...]
    lufs: float
    dbtp: float

    @property
    def ok(self) -> bool:
        """Whether nothing is off."""
        return all(finding.ok for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """As ``schemas/check.schema.json`` has it."""
        return {
            "version": 1,
            "video": str(self.video),
            "ok": self.ok,
            "findings": [
                {"name": f.name, "ok": f.ok, "measured": f.measured, "wanted": f.wanted}
                for f in self.findings
            ],
            "cut_offsets_frames": self.cut_offsets,
            "voice_offsets_ms": [
                {"at_s": o.at_s, "ms": None if o.ms is None else round(o.ms, 3)}
                for o in self.voice_offsets
            ],
            "loudness": {
                "integrated_lufs": _finite(self.lufs),
                "true_peak_dbtp": _finite(self.dbtp),
            },
        }


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
        video: the finished file.
        timeline: what it was made from.
        media_root: the folder that relative media are named from.
        width, height, fps: of the reel as planned.
        on_frame: called with the number of frames looked at.

    Raises:
        InputError: the timeline's sound is missing.
        WorkError: the video cannot be decoded.
    """
    promise = promise_of(timeline, fps)
    look = look_at(video, on_frame)
    findings = list(_file(video, look, promise, (width, height), fps))
    cuts: dict[str, int | None] = {}
    for frame, name in promise.cuts:
        cuts[name] = found = cut_offset(look, frame)
        seen = f"frame {frame + found}" if found is not None else "no visible change"
        findings.append(Finding(f"cut {name}", found in (0, None), seen, f"frame {frame}"))
    findings += _surprises(look, promise, media_root, fps)
    length = float(promise.frames / fps)
    voice = _voice(timeline, media_root, promise.frames / fps)
    offsets: tuple[VoiceOffset, ...] = ()
    if voice.tracks:
        offsets = tuple(voice_offsets(video, voice, length))
        findings += _in_step(offsets)
    loudness = measure_file(video)
    if not loudness.silent:
        target = target_of(timeline)
        findings += [
            Finding(
                "loudness",
                abs(loudness.lufs - target) <= LOUDNESS_LU,
                f"{loudness.lufs:.1f} LUFS",
                f"{target:g} LUFS",
            ),
            Finding(
                "true peak",
                loudness.dbtp <= MOST_DBTP,
                f"{loudness.dbtp:.1f} dBTP",
                f"at most {MOST_DBTP:.0f} dBTP",
            ),
        ]
    return Check(video, tuple(findings), cuts, offsets, loudness.lufs, loudness.dbtp)


def cut_offset(look: FrameMeasure, frame: int) -> int | None:
    """How many frames late a cut is; None where nothing changes visibly near its place."""
    places = range(max(1, frame - SEARCH), min(look.frames, frame + SEARCH + 1))
    if not places:
        return None
    best = max(places, key=lambda place: look.change[place])
    return best - frame if look.change[best] >= VISIBLE else None


def _file(
    video: Path, look: FrameMeasure, promise: ExpectedReel, size: tuple[int, int], fps: Fraction
) -> Iterator[Finding]:
    info = probe(video)
    picture = info.video
    yield Finding("frames", look.frames == promise.frames, str(look.frames), str(promise.frames))
    if picture is None:
        return
    measured = (picture.width, picture.height)
    yield Finding("size", measured == size, f"{measured[0]}x{measured[1]}", f"{size[0]}x{size[1]}")
    yield Finding("rate", picture.fps == fps, f"{float(picture.fps):.6g}", f"{float(fps):.6g}")
    yield Finding("codec", picture.codec == "h264", picture.codec, "h264")
    tags = "BT.709" if picture.colors == BT709 else "/".join(map(str, picture.colors))
    yield Finding("colours", picture.colors == BT709, tags, "BT.709")


def _shows_black(promise: ExpectedReel, root: Path, frame: int) -> bool:
    """Whether a still that is seen at a frame is black itself."""
    return any(
        is_black(root / still)
        for stretch, stills in promise.pictures
        if stretch.holds(frame)
        for still in stills
    )


def _surprises(
    look: FrameMeasure, promise: ExpectedReel, root: Path, fps: Fraction
) -> Iterator[Finding]:
    """Cuts, black and standstill that nobody planned."""
    planned = {frame for frame, _ in promise.cuts} | {gap.start for gap in promise.gaps}
    planned |= {gap.end for gap in promise.gaps}
    for frame in range(1, look.frames):
        sudden = look.change[frame] >= 2 * VISIBLE and look.sharpness(frame) >= 2 * SHARP
        near = any(abs(frame - cut) <= SEARCH for cut in planned)
        if sudden and not near and not any(t.holds(frame, 1) for t in promise.transitions):
            yield Finding("unplanned cut", False, f"frame {frame}", "none")
    for start, end in runs(look.black, BLACK_FRAMES):
        stretches = (*promise.gaps, *promise.transitions)
        planned_black = any(s.holds(start, 1) and s.holds(end - 1, 1) for s in stretches)
        if not planned_black and not _shows_black(promise, root, (start + end) // 2):
            yield Finding("unplanned black", False, f"frames {start} to {end}", "none")
    frozen = look.change < FROZEN_CHANGE
    frozen[:1] = False
    for start, end in runs(frozen, round(FROZEN_S * fps)):
        middle = (start + end) // 2
        if not any(s.holds(middle) for s in (*promise.still, *promise.gaps)):
            yield Finding("unplanned standstill", False, f"frames {start} to {end}", "none")


def _voice(timeline: otio.schema.Timeline, root: Path, length_s: Fraction) -> Mix:
    """The narration alone: of the audio tracks, those that somebody speaks on."""
    mix = read_mix(timeline, root, length_s)
    return Mix(voice_tracks(mix), mix.samples, mix.speech)


def _in_step(offsets: tuple[VoiceOffset, ...]) -> Iterator[Finding]:
    known = [offset.ms for offset in offsets if offset.ms is not None]
    for offset, where in zip(offsets, ("start", "middle", "end"), strict=True):
        if offset.ms is not None:
            yield Finding(
                f"voice at the {where}",
                abs(offset.ms) <= MOST_OFFSET_MS,
                f"{offset.ms:+.1f} ms",
                f"within {MOST_OFFSET_MS:.0f} ms",
            )
    if len(known) > 1:
        drift = max(known) - min(known)
        yield Finding(
            "drift", drift <= MOST_DRIFT_MS, f"{drift:.1f} ms", f"within {MOST_DRIFT_MS:.0f} ms"
        )
    if not known:
        yield Finding("voice", False, "not found in the reel", "the narration")


def _finite(value: float) -> float | None:
    return round(value, 2) if abs(value) < 1e6 else None
