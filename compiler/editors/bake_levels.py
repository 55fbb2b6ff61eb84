"""Bake the levels of tracks into their clips: gain, ducking and fades, for formats without them.

Ducking follows the words while this project mixes; an editor gets its curve as keyframes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..backend.audio.ducking import ATTACK_S, RELEASE_S, duck_envelope, spoken
from ..backend.audio.read_mix import read_mix
from ..notices import Notice
from ..timeline.layout import Placed, lay_out
from ..timeline.level_curves import ClipLevels, LevelPoint, interpolate, simplified
from ..timeline.levels import LEVEL_KEYS, clip_levels, number_of, state_levels
from ..timeline.metadata import NAMESPACE, own_metadata
from ..timeline.properties import length_of, visible_start

_GRID = 48_000
"""Keyframes lie on audio samples, so that their times are short fractions."""
_SHORTEST_S = Fraction(1, 1000)
"""The shortest ramp; no two keyframes share a time."""


@dataclass(frozen=True, slots=True)
class TrackLevels:
    """The levels of a track, in seconds of the timeline's own time.

    Attributes:
        points: gain and ducking, as in `ClipLevels`.
        fade_in, fade_out: start and length of linear fades, of length 0 if there are none.
    """

    points: tuple[LevelPoint, ...] = ()
    fade_in: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0))
    fade_out: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0))

    def in_clip(self, placed: Placed, own: ClipLevels, fps: Fraction) -> ClipLevels:
        """Return the levels of a clip on the track, given its own."""
        start, end = placed.start / fps, placed.end / fps
        lead = (placed.into.before if placed.into else 0) / fps
        trail = (placed.out.after if placed.out else 0) / fps
        levels, fades = own, list[tuple[LevelPoint, ...]]()
        for side, (begin, length) in (("fade_in", self.fade_in), ("fade_out", self.fade_out)):
            if not length or begin >= end + trail or begin + length <= start - lead:
                continue
            is_in = side == "fade_in"
            other = own.fade_out if is_in else own.fade_in
            is_free = not (own.fade_in if is_in else own.fade_out)
            is_free = is_free and (own.is_linear or not other)
            at_edge = begin == start if is_in else begin + length == end
            if is_free and at_edge and start <= begin and begin + length <= end:
                levels = _with_fade(levels, is_in, length)
            else:
                points = _with_fade(ClipLevels(), is_in, length).without_fades(length)
                fades.append(tuple((time + begin, level) for time, level in points))
        curves = [self.points, *fades]
        window = start - lead, end + trail
        inside = {time for curve in curves for time, _ in curve if window[0] < time < window[1]}
        times = {*(time - start for time in inside), *(time for time, _ in own.points)}
        if any(len(curve) > 1 for curve in curves):
            times |= {edge - start for edge in window}
        baked = [
            (
                time,
                sum(interpolate(c, start + time) for c in curves) + interpolate(own.points, time),
            )
            for time in sorted(times or {Fraction(0)})
        ]
        return replace(levels, points=simplified(baked))


def track_levels(
    track: otio.schema.Track,
    speech: tuple[tuple[float, float], ...],
    fps: Fraction,
) -> TrackLevels:
    """Return the levels that our metadata of a track state.

    Args:
        track: an audio track.
        speech: ranges under which it ducks, in seconds of the timeline's own time.
        fps: of the reel.

    Raises:
        InputError: a number is invalid.
    """
    gain, duck = number_of(track, "gain_db"), number_of(track, "duck_db")
    attack, release = (
        max(float(_SHORTEST_S), number_of(track, key, default))
        for key, default in (("attack", ATTACK_S), ("release", RELEASE_S))
    )
    points = [(Fraction(0), gain)] if gain else []
    if duck and speech:
        envelope = duck_envelope(speech, attack, release)
        breaks = zip(envelope.times, envelope.depths, strict=True)
        points = [(_on_grid(time), gain - duck * float(depth)) for time, depth in breaks]
    heard = [one for one in lay_out(track, fps) if not isinstance(one.item, otio.schema.Gap)]
    first = heard[0].start / fps if heard else Fraction(0)
    last = heard[-1].end / fps if heard else Fraction(0)
    fade_in, fade_out = (
        min(_on_grid(max(0.0, number_of(track, key))), last - first)
        for key in ("fade_in", "fade_out")
    )
    return TrackLevels(tuple(points), (first, fade_in), (last - fade_out, fade_out))


def has_levels(track: otio.schema.Track) -> bool:
    """Whether our metadata of a track state levels."""
    stated = own_metadata(track)
    return any(stated.get(key) for key in ("gain_db", "duck_db", "fade_in", "fade_out"))


def bake_levels(timeline: otio.schema.Timeline, root: Path, fps: Fraction) -> list[Notice]:
    """Move the levels of audio tracks into their clips, in place; return the losses.

    Args:
        timeline: any timeline.
        root: the folder that relative media paths start in.
        fps: of the reel.

    Raises:
        InputError: metadata hold invalid numbers.
        WorkError: a voice that music ducks under cannot be read.
    """
    speech = speech_in(timeline, root)
    return [
        notice
        for track in timeline.audio_tracks()
        if has_levels(track)
        for notice in _bake(track, track_levels(track, speech, fps), fps)
    ]


def speech_in(timeline: otio.schema.Timeline, root: Path) -> tuple[tuple[float, float], ...]:
    """Return the speech under which tracks duck, in seconds of the timeline's own time.

    As in `read_mix`; empty if no track ducks.

    Raises:
        InputError, WorkError: as of `read_mix` and `Mix.blocks`.
    """
    if not any(own_metadata(track).get("duck_db") for track in timeline.audio_tracks()):
        return ()
    speech = spoken(timeline) or read_mix(timeline, root, length_of(timeline)).speech
    hidden = float(visible_start(timeline))
    return tuple((start + hidden, end + hidden) for start, end in speech)


def _bake(track: otio.schema.Track, levels: TrackLevels, fps: Fraction) -> Iterator[Notice]:
    for placed in lay_out(track, fps):
        clip = placed.item
        if isinstance(clip, otio.schema.Clip):
            state_levels(clip, levels.in_clip(placed, clip_levels(clip), fps))
        elif not isinstance(clip, otio.schema.Gap):
            what = f"{clip.name or track.name}: the level of {track.name} is left out"
            yield Notice("format", f"{what} of a nested timeline")
    drop_levels(track)


def drop_levels(track: otio.schema.Track) -> None:
    """Remove the levels from our metadata of a track."""
    stated = own_metadata(track)
    track.metadata[NAMESPACE] = {k: v for k, v in stated.items() if k not in LEVEL_KEYS}


def _with_fade(levels: ClipLevels, is_in: bool, length: Fraction) -> ClipLevels:
    if is_in:
        return replace(levels, fade_in=length, is_linear=True)
    return replace(levels, fade_out=length, is_linear=True)


def _on_grid(time: float) -> Fraction:
    return Fraction(round(float(time) * _GRID), _GRID)
