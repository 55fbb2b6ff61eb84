"""Recordings with known word times, and reverberation and noise to degrade them."""

from __future__ import annotations

import json
import wave
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from otio_gvideo.compiler.media.samples import SPEECH_RATE, speech_samples
from otio_gvideo.compiler.speech.align import SceneText
from otio_gvideo.compiler.speech.align.narration_sound import NarrationSound

DATA = Path(__file__).parent / "data"
VOICES = ("slt", "joe")
"""English: festival's and piper's."""
JAPANESE = "mei"
"""Open JTalk's; its words are clauses."""
OTHERS = {"ona": "ca", "nsh": "ru"}
"""Festival's in Catalan and Russian, and their languages."""


@dataclass(frozen=True, slots=True)
class TrueWord:
    """A word of the script with its true times, in seconds."""

    text: str
    start: float
    end: float


@cache
def truth(voice: str) -> tuple[tuple[TrueWord, ...], ...]:
    """Return the words of every sentence."""
    lines = json.loads((DATA / f"{voice}.json").read_text())
    return tuple(tuple(TrueWord(*word) for word in line) for line in lines)


def scenes(voice: str) -> list[SceneText]:
    """Return a scene for every sentence."""
    return [
        SceneText(f"s{number}", " ".join(word.text for word in line))
        for number, line in enumerate(truth(voice))
    ]


@cache
def samples(voice: str) -> NDArray[np.int16]:
    return speech_samples(DATA / f"{voice}.flac")


def sound(voice: str) -> NarrationSound:
    return NarrationSound(samples(voice))


def with_noise(sound: NDArray[np.int16], snr_db: float) -> NDArray[np.int16]:
    """Add white noise, some dB below the voice."""
    values = sound.astype(np.float64)
    voice = np.mean(values[abs(values) > 0.02 * abs(values).max()] ** 2)
    noise = np.random.default_rng(1).normal(size=len(values))
    mixed = values + noise * np.sqrt(voice / 10 ** (snr_db / 10))
    return (mixed * 0.7).clip(-32768, 32767).astype(np.int16)


def in_room(sound: NDArray[np.int16], decay_s: float, below_db: float = 4.4) -> NDArray[np.int16]:
    """Add reverberation: its time (-60 dB) in seconds, and how far it is below the voice."""
    count = int(decay_s * SPEECH_RATE)
    echo = np.random.default_rng(2).normal(size=count) * 10 ** (-3 * np.arange(count) / count)
    echo[: SPEECH_RATE // 250] = 0
    echo *= 10 ** (-below_db / 20) / np.sqrt(np.sum(echo**2))
    echo[0] = 1
    size = len(sound) + count
    mixed = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(echo, size), size)[: len(sound)]
    return (mixed * 0.7).clip(-32768, 32767).astype(np.int16)


def saved(sound: NDArray[np.int16], folder: Path) -> Path:
    """Write samples to a file."""
    path = folder / "voice.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SPEECH_RATE)
        file.writeframes(sound.tobytes())
    return path


def by_telephone(sound: NDArray[np.int16]) -> NDArray[np.int16]:
    """Keep 300 to 3400 Hz, in the 8 bits of mu-law (ITU-T G.711)."""
    spectrum = np.fft.rfft(sound)
    hertz = np.fft.rfftfreq(len(sound), 1 / SPEECH_RATE)
    band = np.fft.irfft(spectrum * ((hertz > 300) & (hertz < 3400)), len(sound)) / 32768
    coded = np.round(np.sign(band) * np.log1p(255 * abs(band)) / np.log(256) * 127) / 127
    return (np.sign(coded) * (256 ** abs(coded) - 1) / 255 * 32767).astype(np.int16)
