"""A cut with every level that a timeline states: gain, ducking, fades, keyframes."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
from otio_gvideo.compiler.timeline.rate import time, time_range
from PIL import Image

FPS = Fraction(24)
FRAMES = 240
RATE = 48_000


def tone(path: Path, seconds: int, hertz: int) -> Path:
    """Write a stereo sine of -6 dB."""
    samples = 0.5 * np.sin(2 * np.pi * hertz * np.arange(RATE * seconds) / RATE)
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.repeat(samples, 2) * 32767).astype("<i2").tobytes())
    return path


def clip(path: Path, start: int, frames: int, **stated: object) -> otio.schema.Clip:
    media = otio.schema.ExternalReference(str(path), time_range(0, 480, FPS))
    made = otio.schema.Clip(path.stem, media, time_range(start, frames, FPS))
    if stated:
        made.metadata["otio_gvideo"] = stated
    return made


def gap(frames: int) -> otio.schema.Gap:
    return otio.schema.Gap(source_range=time_range(0, frames, FPS))


def levelled_cut(folder: Path) -> otio.schema.Timeline:
    """Write ``folder/cut.otio`` and its media: a picture, ducked music in two clips, an effect."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (96, 160), (90, 60, 30)).save(folder / "still.png")
    bed, thunder = tone(folder / "bed.wav", 20, 440), tone(folder / "thunder.wav", 20, 1000)
    timeline = otio.schema.Timeline("levels")
    timeline.metadata["otio_gvideo"] = {
        "output": {"width": 96, "height": 160, "fps": "24/1"},
        "words": [
            {"text": "one", "start": 2.53, "end": 3.21}, {"text": "two", "start": 6.0, "end": 7.4},
        ],
    }  # fmt: skip
    picture = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    picture.append(clip(folder / "still.png", 0, FRAMES))
    music = otio.schema.Track("A1", kind=otio.schema.TrackKind.Audio)
    music.metadata["otio_gvideo"] = {
        "role": "music", "gain_db": -5.0, "duck_db": 8.0, "attack": 0.25, "release": 0.5,
        "fade_in": 1.0, "fade_out": 2.0,
    }  # fmt: skip
    dissolve = otio.schema.Transition(
        "dissolve", otio.schema.TransitionTypes.SMPTE_Dissolve, time(6, FPS), time(6, FPS)
    )
    music.extend([clip(bed, 0, 120), dissolve, clip(bed, 150, 120)])
    effects = otio.schema.Track("A2", kind=otio.schema.TrackKind.Audio)
    effects.extend([
        gap(12),
        clip(thunder, 48, 60, gain_db=-4.0, fade_in=0.25, fade_out=0.5),
        gap(24),
        clip(thunder, 12, 72, gain_db=2.0, levels=[[0.5, 0.0], [1.5, -12.0], [2.5, -6.0]]),
        gap(72),
    ])  # fmt: skip
    timeline.tracks.extend([picture, music, effects])
    timeline.to_json_file(str(folder / "cut.otio"))
    return timeline


def windows(samples: np.ndarray, seconds: float = 0.1) -> np.ndarray:
    """Return the level of each window of a channel in dBFS, -36 at least."""
    size = round(RATE * seconds)
    whole = samples[: len(samples) // size * size].reshape(-1, size).astype(float)
    return np.asarray(10 * np.log10(np.maximum((whole**2).mean(axis=1), 10**-3.6)))
