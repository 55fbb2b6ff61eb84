"""The sound of a reel: the voice in step with the timeline, and loudness."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..backend.audio.loudness import MAX_DBTP, Measure, measure_file, target_of
from ..backend.audio.mix import Mix, voice_tracks
from ..backend.audio.read_mix import read_mix
from .findings import Finding
from .voice_offset import VoiceOffset, voice_offsets

MOST_OFFSET_MS = 5.0
MOST_DRIFT_MS = 5.0
LOUDNESS_LU = 1.0


@dataclass(frozen=True, slots=True)
class SoundCheck:
    """Findings on the sound of a reel, and their figures."""

    findings: tuple[Finding, ...]
    offsets: tuple[VoiceOffset, ...] = ()
    lufs: float = -math.inf
    dbtp: float = -math.inf


def check_sound(
    video: Path, timeline: otio.schema.Timeline, root: Path, length_s: Fraction
) -> SoundCheck:
    """Measure the sound of a reel that has a sound track.

    Args:
        video: the finished file.
        timeline: of the reel.
        root: folder that relative media paths start from.
        length_s: of the reel.

    Raises:
        InputError: the timeline's sound is missing.
        WorkError: the sound cannot be decoded.
    """
    mix = read_mix(timeline, root, length_s)
    voice = Mix(voice_tracks(mix), mix.samples, mix.speech)
    offsets: tuple[VoiceOffset, ...] = ()
    if voice.tracks:
        offsets = tuple(voice_offsets(video, voice, float(length_s)))
    loudness = measure_file(video)
    findings = (*_of_voice(offsets), *_of_loudness(loudness, target_of(timeline)))
    return SoundCheck(findings, offsets, loudness.lufs, loudness.dbtp)


def _of_voice(offsets: tuple[VoiceOffset, ...]) -> Iterator[Finding]:
    known = [offset.ms for offset in offsets if offset.ms is not None]
    for offset, where in zip(offsets, ("start", "middle", "end"), strict=False):
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
    if not known and not all(offset.silent for offset in offsets):
        yield Finding("voice", False, "not found in the reel", "the narration")


def _of_loudness(loudness: Measure, target: float) -> Iterator[Finding]:
    if loudness.silent:
        return
    yield Finding(
        "loudness",
        abs(loudness.lufs - target) <= LOUDNESS_LU,
        f"{loudness.lufs:.1f} LUFS",
        f"{target:g} LUFS",
    )
    yield Finding(
        "true peak",
        loudness.dbtp <= MAX_DBTP,
        f"{loudness.dbtp:.1f} dBTP",
        f"at most {MAX_DBTP:.0f} dBTP",
    )
