"""A calm bed of slow chords, sparse bells and surf, as a seamless loop.

Everything is circular: notes wrap around the end, the surf is shaped in the
frequency domain, and the reverb is a circular convolution, so the last sample runs
into the first.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

RATE = 24000
CHORD_S = 6.5
CHORDS = (
    (38, 57, 60, 64, 69),  # D minor 9
    (34, 53, 57, 62, 65),  # B flat major 7
    (41, 52, 57, 60, 67),  # F major 9
    (36, 55, 60, 62, 67),  # C add 9
)
BELLS = (
    (1.2, 81),
    (3.9, 76),
    (8.1, 74),
    (11.0, 77),
    (14.4, 79),
    (17.2, 76),
    (21.0, 74),
    (23.8, 72),
)
PEAK = 0.30


def compose(path: Path) -> None:
    """Write the bed as a stereo FLAC."""
    rng = np.random.default_rng(117)
    length = round(CHORD_S * len(CHORDS) * RATE)
    dry = np.zeros((2, length))
    for number, chord in enumerate(CHORDS):
        for voice, note in enumerate(chord):
            for side in (0, 1):
                tone = _pad(note, detune=(side - 0.5) * 0.16 + rng.normal(0, 0.02), rng=rng)
                level = (0.30 if voice == 0 else 0.17) * (1 - 0.25 * ((voice + side) % 2))
                _add(dry[side], tone * level, number * CHORD_S - 1.2)
    for at, note in BELLS:
        pan = rng.uniform(0.3, 0.7)
        bell = _bell(note)
        _add(dry[0], bell * 0.055 * (1 - pan), at)
        _add(dry[1], bell * 0.055 * pan, at)
    mix = np.stack([_room(dry[side], rng) for side in (0, 1)]) + _sea(length, rng) * 0.035
    mix *= PEAK / np.abs(mix).max()
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, mix.T, RATE, subtype="PCM_16", format="FLAC")


def _hz(note: float) -> float:
    return 440.0 * 2 ** ((note - 69) / 12)


def _pad(note: int, detune: float, rng: np.random.Generator) -> np.ndarray:
    """Return a soft note: a slow attack, a little longer than its chord, and a fade."""
    t = np.arange(round((CHORD_S + 2.6) * RATE)) / RATE
    swell = np.minimum(t / 2.4, 1.0) * np.clip((t[-1] - t) / 2.6, 0.0, 1.0)
    swell = swell * swell * (3 - 2 * swell)
    tone = np.zeros_like(t)
    for partial, level in ((1, 1.0), (2, 0.32), (3, 0.12), (4, 0.05), (5, 0.02)):
        drift = 0.35 * np.sin(2 * np.pi * rng.uniform(0.08, 0.2) * t + rng.uniform(0, 6.28))
        phase = 2 * np.pi * _hz(note + detune * 0.5) * partial * t + rng.uniform(0, 6.28)
        tone += level * np.sin(phase + drift)
    return tone * swell


def _bell(note: int) -> np.ndarray:
    t = np.arange(round(4.0 * RATE)) / RATE
    tone = np.zeros_like(t)
    for partial, level, decay in ((1, 1.0, 1.1), (2.0, 0.35, 0.6), (3.01, 0.12, 0.3)):
        tone += level * np.exp(-t / decay) * np.sin(2 * np.pi * _hz(note) * partial * t)
    return tone * np.minimum(t / 0.012, 1.0) * np.clip((t[-1] - t) / 0.5, 0.0, 1.0)


def _add(track: np.ndarray, sound: np.ndarray, at_s: float) -> None:
    """Mix `sound` into the circular `track`."""
    start = round(at_s * RATE)
    np.add.at(track, (start + np.arange(len(sound))) % len(track), sound)


def _room(track: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    t = np.arange(len(track)) / RATE
    tail = rng.normal(size=len(track)) * np.exp(-t / 0.9) * np.minimum(t / 0.02, 1.0)
    spectrum = np.fft.rfft(tail)
    hz = np.fft.rfftfreq(len(track), 1 / RATE)
    spectrum /= np.sqrt(1 + (hz / 1800) ** 4)
    tail = np.fft.irfft(spectrum, len(track))
    tail *= 0.45 / np.sqrt(np.sum(tail**2))
    return track + np.fft.irfft(np.fft.rfft(track) * np.fft.rfft(tail), len(track))


def _sea(length: int, rng: np.random.Generator) -> np.ndarray:
    """Return surf: pinkish noise that swells four times in the loop."""
    hz = np.fft.rfftfreq(length, 1 / RATE)
    shape = 1 / (1 + (hz / 350) ** 1.3) * (hz > 60) / np.sqrt(1 + (hz / 2600) ** 6)
    t = np.arange(length) / length
    waves = np.zeros((2, length))
    for side in (0, 1):
        noise = np.fft.irfft(np.fft.rfft(rng.normal(size=length)) * shape, length)
        swell = 0.5 + 0.5 * np.sin(2 * np.pi * (4 * t + 0.07 * side) + np.sin(2 * np.pi * t))
        waves[side] = noise / noise.std() * (0.25 + swell**2.2)
    return waves
