"""Mix audio tracks into one stream of samples: crossfades, fades, gains, ducking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...media.samples import SAMPLE_RATE, Samples, SoundReader
from ...notices import Notice
from .ducking import ATTACK_S, RELEASE_S, Envelope, duck_envelope, loud_ranges
from .resample import resample

BLOCK = SAMPLE_RATE
EDGE = SAMPLE_RATE // 500
"""Samples (2 ms) of the fade at the edges of a clip, against clicks."""
_MOST_READERS = 4


@dataclass(frozen=True, slots=True)
class Clip:
    """Samples ``[start, end)`` of the reel, from sample ``source`` of a file on.

    Clips overlap in a crossfade.

    Attributes:
        path: the file.
        start, end: samples of the reel, half-open.
        source: first sample of the file; a fraction if the clip is retimed.
        fade_in, fade_out: length of a fade, in samples; equal-power by default.
        speed: samples of the file per sample of the reel; not 0, negative for backwards.
        gain_db: of this clip alone.
        levels: keyframes of its level, added to ``gain_db``: samples of the reel and dB, joined by
            straight lines.
        linear_fades: whether ``fade_in`` and ``fade_out`` are linear in amplitude.
    """

    path: Path
    start: int
    end: int
    source: int | Fraction
    fade_in: int = 0
    fade_out: int = 0
    speed: Fraction = Fraction(1)
    gain_db: float = 0.0
    levels: tuple[tuple[int, float], ...] = ()
    linear_fades: tuple[bool, bool] = (False, False)


def retimed(clips: Iterable[Clip], pivot: Fraction, speed: Fraction) -> list[Clip]:
    """Return clips as they play when the composition around them is retimed.

    Sample ``t`` of the result is sample ``pivot + (t - pivot) * speed`` of the composition.

    Args:
        clips: in order.
        pivot: in samples of the reel.
        speed: not 0.
    """

    def place(sample: int) -> int:
        return round(pivot + (sample - pivot) / speed)

    result = []
    for clip in clips:
        forward = speed > 0
        start, end = sorted((place(clip.start), place(clip.end)))
        begin = clip.source if forward else clip.source + (clip.end - clip.start) * clip.speed
        fades = [round(fade / abs(speed)) for fade in (clip.fade_in, clip.fade_out)]
        result.append(
            replace(
                clip,
                start=start,
                end=end,
                source=begin,
                speed=clip.speed * speed,
                fade_in=fades[0 if forward else 1],
                fade_out=fades[1 if forward else 0],
                levels=tuple(sorted((place(sample), level) for sample, level in clip.levels)),
                linear_fades=clip.linear_fades if forward else clip.linear_fades[::-1],
            )
        )
    return sorted(result, key=lambda clip: clip.start)


def lanes_of(clips: Iterable[Clip], *, crossfades: bool = True) -> list[list[Clip]]:
    """Return clips as lanes, since nested tracks play several at once.

    Args:
        clips: in order of their starts.
        crossfades: whether clips of a lane may overlap, as those of a crossfade do.
    """
    lanes: list[list[Clip]] = []
    for clip in clips:
        ends = (lane[-1].start if crossfades else lane[-1].end for lane in lanes)
        lane = next((lanes[index] for index, end in enumerate(ends) if end <= clip.start), None)
        if lane is None:
            lanes.append([clip])
        else:
            lane.append(clip)
    return lanes


def continuous(clips: Iterable[Clip]) -> Iterator[Clip]:
    """Correct rounding, so that clips that continue a recording do so to the sample."""
    before: Clip | None = None
    for clip in clips:
        exact = clip
        if before is not None and before.path == clip.path and before.end == clip.start:
            onward = before.source + (before.end - before.start) * before.speed
            if before.speed == clip.speed and abs(onward - clip.source) <= 1:
                exact = replace(clip, source=onward)
        yield exact
        before = exact


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """Clips in order, and the levels of the whole track.

    Attributes:
        gain_db: of the track.
        duck_db: attenuation during speech.
        attack_s, release_s: seconds in which it ducks before speech, and recovers after it.
        role: ``narration``, ``music``, ``effects``, ``picture``, or empty.
        fade_in_s, fade_out_s: seconds of the fades from the start of the first clip and to the end
            of the last one.
    """

    clips: tuple[Clip, ...]
    gain_db: float = 0.0
    duck_db: float = 0.0
    attack_s: float = ATTACK_S
    release_s: float = RELEASE_S
    role: str = ""
    fade_in_s: float = 0.0
    fade_out_s: float = 0.0

    def gain(self, places: NDArray[np.int64], envelope: Envelope) -> NDArray[np.float32]:
        """Return the linear gain at samples of the reel."""
        times = places / SAMPLE_RATE
        decibels = np.full(len(times), float(self.gain_db))
        if self.duck_db:
            decibels -= self.duck_db * envelope.at(times)
        gain = 10.0 ** (decibels / 20)
        if self.clips and self.fade_in_s > 0:
            since = times - self.clips[0].start / SAMPLE_RATE
            gain *= np.clip(since / self.fade_in_s, 0, 1)
        if self.clips and self.fade_out_s > 0:
            left = max(clip.end for clip in self.clips) / SAMPLE_RATE - times
            gain *= np.clip(left / self.fade_out_s, 0, 1)
        return gain.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Mix:
    """The sound of a reel.

    Attributes:
        tracks: in any order.
        samples: length.
        speech: ranges of speech, in seconds of the reel, under which tracks duck.
        missing: unreadable sound, replaced by silence, one line each.
        warnings: differences from the timeline.
    """

    tracks: tuple[AudioTrack, ...]
    samples: int
    speech: tuple[tuple[float, float], ...] = ()
    missing: tuple[str, ...] = ()
    warnings: tuple[Notice, ...] = ()

    def blocks(self) -> Iterator[Samples]:
        """Yield the mix in blocks of a second; memory does not grow with the reel.

        Raises:
            WorkError: a file cannot be decoded.
        """
        readers = [_TrackReader(track.clips) for track in self.tracks]
        envelopes = [
            duck_envelope(self.speech, track.attack_s, track.release_s) for track in self.tracks
        ]
        for start in range(0, self.samples, BLOCK):
            count = min(BLOCK, self.samples - start)
            places = np.arange(start, start + count)
            mixed = np.zeros((count, 2), np.float32)
            for track, reader, envelope in zip(self.tracks, readers, envelopes, strict=True):
                samples = reader.read(start, count)
                if samples is not None:
                    mixed += samples * track.gain(places, envelope)[:, None]
            yield mixed


def voice_tracks(mix: Mix) -> tuple[AudioTrack, ...]:
    """Return the tracks with speech: the narration, else all that do not duck."""
    played = [track for track in mix.tracks if track.clips]
    narration = tuple(track for track in played if track.role == "narration")
    others = ("music", "effects", "picture")
    return narration or tuple(
        track for track in played if not track.duck_db and track.role not in others
    )


def with_speech(mix: Mix, words: tuple[tuple[float, float], ...]) -> Mix:
    """Return a mix whose tracks duck under words; without any, under the loud parts of the voice.

    Args:
        mix: returned as it is if no track ducks.
        words: ranges of speech, in seconds of the reel.
    """
    if not any(track.duck_db for track in mix.tracks):
        return mix
    if not words and (voices := voice_tracks(mix)):
        words = loud_ranges(Mix(voices, mix.samples).blocks())
    return replace(mix, speech=words)


class _TrackReader:
    """Reads the clips of a track; a file is decoded once if its clips run forward."""

    def __init__(self, clips: Sequence[Clip]):
        self._clips = clips
        self._first = 0
        self._readers: dict[tuple[Path, int], SoundReader] = {}

    def read(self, start: int, count: int) -> Samples | None:
        """Return samples ``[start, start + count)`` of the reel; None for silence."""
        out: Samples | None = None
        while self._first < len(self._clips) and self._clips[self._first].end <= start:
            self._first += 1
        for index in range(self._first, len(self._clips)):
            clip = self._clips[index]
            if clip.start >= start + count:
                break
            first, last = max(start, clip.start), min(start + count, clip.end)
            if first >= last:
                continue
            if out is None:
                out = np.zeros((count, 2), np.float32)
            samples = self._samples(clip, index, first, last)
            gain = _fades(clip, first, last, self._continues(index - 1), self._continues(index))
            out[first - start : last - start] += samples * gain[:, None]
        return out

    def _samples(self, clip: Clip, index: int, first: int, last: int) -> Samples:
        """Return samples ``[first, last)`` of the reel as a clip plays them."""
        reader = self._reader(clip, index)
        place = clip.source + (first - clip.start) * clip.speed
        if clip.speed == 1 and place == int(place):
            return reader.read(int(place), last - first)
        return resample(reader.read, Fraction(place), last - first, clip.speed)

    def _reader(self, clip: Clip, index: int) -> SoundReader:
        # Two clips in a crossfade may read one file at two positions at once.
        key = (clip.path, index % 2 if clip.fade_in or clip.fade_out else 0)
        reader = self._readers.pop(key, None) or SoundReader(clip.path)
        while len(self._readers) >= _MOST_READERS:
            del self._readers[next(iter(self._readers))]
        self._readers[key] = reader
        return reader

    def _continues(self, index: int) -> bool:
        """Whether the next clip continues the recording of this one without a gap."""
        if not 0 <= index < len(self._clips) - 1:
            return False
        one, two = self._clips[index], self._clips[index + 1]
        return (
            one.path == two.path
            and one.end == two.start
            and one.speed == two.speed
            and one.source + (one.end - one.start) * one.speed == two.source
        )


def _fades(
    clip: Clip, first: int, last: int, joined_before: bool, joined_after: bool
) -> NDArray[np.float32]:
    """Return the gain of samples ``[first, last)``: levels, fades, short ones at edges."""
    places = np.arange(first, last)
    gain = np.full(last - first, 10.0 ** (clip.gain_db / 20), np.float32)
    if clip.levels:
        samples, decibels = zip(*clip.levels, strict=True)
        gain *= (10 ** (np.interp(places, samples, decibels) / 20)).astype(np.float32)
    into = clip.fade_in or (0 if joined_before or clip.source <= 0 else EDGE)
    out = clip.fade_out or (0 if joined_after else EDGE)
    if into and first < clip.start + into:
        gain *= _fade((places - clip.start + 0.5) / into, clip.linear_fades[0])
    if out and last > clip.end - out:
        gain *= _fade((clip.end - places - 0.5) / out, clip.linear_fades[1])
    return gain


def _fade(shares: NDArray[np.float64], is_linear: bool) -> NDArray[np.float32]:
    shares = np.clip(shares, 0, 1)
    return (shares if is_linear else np.sin(shares * np.pi / 2)).astype(np.float32)
