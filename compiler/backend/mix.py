"""The audio tracks of a timeline as one stream of samples: cuts, crossfades, fades, ducking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
from numpy.typing import NDArray

from ..errors import InputError, Problem
from .probe import probe
from .reading import media_path, ours, seconds, source_start
from .sound import SAMPLE_RATE, Samples, SoundReader

ATTACK_S = 0.25
"""Seconds over which music gives way, before a word."""
RELEASE_S = 0.5
"""Seconds over which it comes back, after one."""
BREATH_S = 0.8
"""Silences between words shorter than this don't bring the music back."""
BLOCK = SAMPLE_RATE
_EDGE = SAMPLE_RATE // 500
"""Samples (2 ms) over which a clip that is cut out of a recording fades at its edges."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Samples ``[start, end)`` of the reel, taken from ``source`` of a file on.

    ``fade_in`` and ``fade_out`` are samples of an equal-power fade at its ends.
    """

    path: Path
    start: int
    end: int
    source: int
    fade_in: int = 0
    fade_out: int = 0


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """Clips in order, and how the whole track sounds: see `Mix.blocks`."""

    clips: tuple[Clip, ...]
    gain_db: float = 0.0
    duck_db: float = 0.0
    fade_in_s: float = 0.0
    fade_out_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Mix:
    """Every track, and the stretches of speech (reel seconds) that duck what wants ducking."""

    tracks: tuple[AudioTrack, ...]
    samples: int
    speech: tuple[tuple[float, float], ...]

    def blocks(self) -> Iterator[Samples]:
        """The mix in blocks of a second; memory does not grow with the reel."""
        readers = [_TrackReader(track) for track in self.tracks]
        envelope = duck_envelope(self.speech)
        for start in range(0, self.samples, BLOCK):
            count = min(BLOCK, self.samples - start)
            times = np.arange(start, start + count) / SAMPLE_RATE
            mixed = np.zeros((count, 2), np.float32)
            for track, reader in zip(self.tracks, readers, strict=True):
                gain = self._gain(track, times, envelope)
                mixed += reader.read(start, count) * gain[:, None].astype(np.float32)
            yield mixed

    def _gain(
        self,
        track: AudioTrack,
        times: NDArray[np.float64],
        envelope: tuple[NDArray[np.float64], NDArray[np.float64]],
    ) -> NDArray[np.float64]:
        decibels = np.full(len(times), track.gain_db)
        if track.duck_db and len(envelope[0]):
            decibels -= track.duck_db * np.interp(times, *envelope)
        gain: NDArray[np.float64] = 10.0 ** (decibels / 20)
        if track.fade_in_s:
            gain *= np.clip(times / track.fade_in_s, 0, 1)
        if track.fade_out_s:
            left = self.samples / SAMPLE_RATE - times
            gain *= np.clip(left / track.fade_out_s, 0, 1)
        return gain


def read_mix(timeline: otio.schema.Timeline, root: Path, length_s: Fraction) -> Mix:
    """The mix that a timeline describes.

    Args:
        timeline: its audio tracks, and the words in its metadata.
        root: the folder that relative media are named from.
        length_s: of the reel, in seconds.

    Raises:
        InputError: media are missing, or something cannot be played; names every such thing.
    """
    problems: list[Problem] = []
    tracks = []
    for track in timeline.audio_tracks():
        if not track.enabled:
            continue
        settings = ours(track)
        tracks.append(
            AudioTrack(
                clips=tuple(_clips(track, root, problems)),
                gain_db=float(settings.get("gain_db", 0.0)),
                duck_db=float(settings.get("duck_db", 0.0)),
                fade_in_s=float(settings.get("fade_in", 0.0)),
                fade_out_s=float(settings.get("fade_out", 0.0)),
            )
        )
    if problems:
        raise InputError(problems)
    samples = round(length_s * SAMPLE_RATE)
    words = ours(timeline).get("words")
    ducked = any(track.duck_db for track in tracks)
    if words is not None:
        speech = tuple((float(word["start"]), float(word["end"])) for word in words)
    elif ducked:
        voices = tuple(track for track in tracks if not track.duck_db)
        speech = loud_stretches(Mix(voices, samples, ()))
    else:
        speech = ()
    return Mix(tuple(tracks), samples, speech)


def duck_envelope(
    speech: Sequence[tuple[float, float]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Break points (seconds, 0..1) of how far music gives way to speech; linear between them."""
    merged: list[list[float]] = []
    for start, end in sorted(speech):
        if merged and start - merged[-1][1] < BREATH_S:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    times: list[float] = []
    depths: list[float] = []
    for start, end in merged:
        times += [start - ATTACK_S, start, end, end + RELEASE_S]
        depths += [0.0, 1.0, 1.0, 0.0]
    # A release that the next attack comes into keeps what is left of it: BREATH_S is longer.
    return np.array(times), np.array(depths)


def loud_stretches(mix: Mix, floor_db: float = -45.0) -> tuple[tuple[float, float], ...]:
    """Where a mix is louder than a floor (dBFS, over 50 ms): speech, where no words are known."""
    window = SAMPLE_RATE // 20
    stretches: list[tuple[float, float]] = []
    position = 0
    for block in mix.blocks():
        for start in range(0, len(block), window):
            part = block[start : start + window]
            power = float(np.mean(part * part)) + 1e-12
            begin = (position + start) / SAMPLE_RATE
            if 10 * np.log10(power) > floor_db:
                end = begin + len(part) / SAMPLE_RATE
                if stretches and stretches[-1][1] >= begin - 1e-9:
                    stretches[-1] = (stretches[-1][0], end)
                else:
                    stretches.append((begin, end))
        position += len(block)
    return tuple(stretches)


def _clips(track: otio.schema.Track, root: Path, problems: list[Problem]) -> Iterator[Clip]:
    """The clips of a track with sample places, crossfades already laid over each other."""
    position = Fraction(0)
    children = list(track)
    for index, child in enumerate(children):
        if isinstance(child, otio.schema.Transition):
            continue
        start = position
        position += seconds(child.duration())
        if isinstance(child, otio.schema.Gap) or not child.enabled:
            continue
        name = str(child.name)
        if not isinstance(child, otio.schema.Clip):
            what = f"a nested {type(child).__name__} cannot be played"
            problems.append(Problem("", 0, 0, name, what))
            continue
        problems += [
            Problem("", 0, 0, name, f"the effect {effect.schema_name()} cannot be played")
            for effect in child.effects
            if effect.enabled
        ]
        reference = child.media_reference
        if not isinstance(reference, otio.schema.ExternalReference) or not reference.target_url:
            problems.append(Problem("", 0, 0, name, "the clip has no sound file"))
            continue
        path = media_path(reference, root)
        if path is None or not path.is_file():
            problems.append(Problem("", 0, 0, name, f"its sound {path} does not exist"))
            continue
        if probe(path).audio is None:
            problems.append(Problem("", 0, 0, name, f"{path} holds no sound"))
            continue
        source = source_start(child)
        before = children[index - 1] if index else None
        after = children[index + 1] if index + 1 < len(children) else None
        lead, fade_in = _overlap(before)
        fade_out, trail = _overlap(after)
        yield Clip(
            path=path,
            start=round((start - lead) * SAMPLE_RATE),
            end=round((position + trail) * SAMPLE_RATE),
            source=round((source - lead) * SAMPLE_RATE),
            fade_in=round((lead + fade_in) * SAMPLE_RATE),
            fade_out=round((fade_out + trail) * SAMPLE_RATE),
        )


def _overlap(neighbour: object) -> tuple[Fraction, Fraction]:
    """Seconds that a crossfade takes before and after its cut."""
    if not isinstance(neighbour, otio.schema.Transition):
        return Fraction(0), Fraction(0)
    return seconds(neighbour.in_offset), seconds(neighbour.out_offset)


class _TrackReader:
    """Plays a track's clips; a file is decoded once as long as its clips run forward."""

    def __init__(self, track: AudioTrack):
        self._clips = track.clips
        self._first = 0
        self._readers: dict[tuple[Path, int], SoundReader] = {}

    def read(self, start: int, count: int) -> Samples:
        out = np.zeros((count, 2), np.float32)
        while self._first < len(self._clips) and self._clips[self._first].end <= start:
            self._first += 1
        index = self._first
        while index < len(self._clips) and self._clips[index].start < start + count:
            clip = self._clips[index]
            first, last = max(start, clip.start), min(start + count, clip.end)
            if first < last:
                samples = self._reader(clip, index).read(
                    clip.source + first - clip.start, last - first
                )
                gain = _fades(clip, first, last, self._joined(index))
                out[first - start : last - start] += samples * gain[:, None]
            index += 1
        return out

    def _reader(self, clip: Clip, index: int) -> SoundReader:
        # Clips that overlap in a crossfade read one file at two places at once.
        key = (clip.path, index % 2 if clip.fade_in or clip.fade_out else 0)
        for old in [k for k in self._readers if k[0] != clip.path and len(self._readers) > 3]:
            del self._readers[old]
        if key not in self._readers:
            self._readers[key] = SoundReader(clip.path)
        return self._readers[key]

    def _joined(self, index: int) -> tuple[bool, bool]:
        """Whether the recording runs on unbroken from the clip before, and into the next."""

        def runs_on(a: int, b: int) -> bool:
            if a < 0 or b >= len(self._clips):
                return False
            one, two = self._clips[a], self._clips[b]
            return (
                one.path == two.path
                and one.end == two.start
                and one.source + one.end - one.start == two.source
            )

        return runs_on(index - 1, index), runs_on(index, index + 1)


def _fades(clip: Clip, first: int, last: int, joined: tuple[bool, bool]) -> NDArray[np.float32]:
    """Gain of samples ``[first, last)``: equal-power crossfades, and edges without clicks."""
    places = np.arange(first, last)
    gain = np.ones(last - first, np.float32)
    into = clip.fade_in or (0 if joined[0] or clip.source <= 0 else _EDGE)
    out = clip.fade_out or (0 if joined[1] else _EDGE)
    if into and first < clip.start + into:
        share = np.clip((places - clip.start + 0.5) / into, 0, 1)
        gain *= np.sin(share * np.pi / 2).astype(np.float32)
    if out and last > clip.end - out:
        share = np.clip((clip.end - places - 0.5) / out, 0, 1)
        gain *= np.sin(share * np.pi / 2).astype(np.float32)
    return gain
