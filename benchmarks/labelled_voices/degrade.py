"""Ways in which a recording is worse than a studio's, each with the factor of its tempo."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from otio_gvideo.compiler.media.find_ffmpeg import ffmpeg_path

from .clips import RATE, Clip, SaidWord

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Condition:
    """A named degradation.

    Attributes:
        change: from a voice and the babble of others (full scale 1) to the degraded voice.
        tempo: how much faster it becomes.
    """

    name: str
    change: Callable[[Floats, Floats], Floats]
    tempo: float = 1.0

    def of(self, clip: Clip, babble: Floats) -> Clip:
        """Return the degraded clip with its true times."""
        changed = self.change(clip.samples / 32768.0, babble)
        changed *= min(1.0, 0.95 / max(1e-9, float(np.abs(changed).max())))
        words = tuple(
            SaidWord(w.text, w.start / self.tempo, w.end / self.tempo, w.scene, w.is_timed)
            for w in clip.words
        )
        return Clip(clip.name, clip.language, (changed * 32767).astype(np.int16), words)


def babble_of(clips: Sequence[Clip], without: str) -> Floats:
    """Return 30 s of all voices but one, two of each at once, at equal levels."""
    count = 30 * RATE
    mixed = np.zeros(count)
    for clip in clips:
        if clip.name.partition(",")[0] == without.partition(",")[0]:
            continue
        for shift in (0.0, 0.41):
            voice = np.roll(clip.samples / 32768.0, int(shift * len(clip.samples)))
            mixed += np.resize(voice, count) / speech_level(voice)
    return mixed / max(1e-9, float(np.sqrt(np.mean(mixed**2))))


def speech_level(voice: Floats) -> float:
    """Return the RMS of a voice where it speaks."""
    blocks = voice[: len(voice) // 400 * 400].reshape(-1, 400)
    power = np.mean(blocks**2, axis=1)
    return float(np.sqrt(power[power > 0.01 * np.percentile(power, 95)].mean()))


def _beside(noise: Callable[[int, Floats], Floats], snr_db: float) -> Callable[..., Floats]:
    """Add noise (RMS 1) some dB below the voice."""

    def change(voice: Floats, babble: Floats) -> Floats:
        level = speech_level(voice) * 10 ** (-snr_db / 20)
        return np.asarray(voice + noise(len(voice), babble) * level)

    return change


def _babble(count: int, babble: Floats) -> Floats:
    return np.resize(babble, count)


def _white(count: int, _: Floats) -> Floats:
    return np.random.default_rng(1).normal(size=count)


def _music(count: int, _: Floats) -> Floats:
    """Return four chords of eight plucked and bowed harmonics, a bass and a beat; RMS 1."""
    random = np.random.default_rng(3)
    time = np.arange(count) / RATE
    mixed = np.zeros(count)
    roots = (220.0, 174.61, 261.63, 196.0)
    for beat in range(int(count / RATE / 0.5) + 1):
        first, root = int(beat * 0.5 * RATE), roots[beat // 4 % 4]
        length = min(count - first, RATE)
        if length <= 0:
            break
        t = time[:length]
        for ratio in (0.5, 1.0, 1.26, 1.5, 2.0 * 1.12 ** (beat % 5)):
            for harmonic in range(1, 9):
                tone = np.sin(2 * np.pi * root * ratio * harmonic * t + random.uniform(0, 6.28))
                mixed[first : first + length] += tone * np.exp(-3 * t) / harmonic
        hit = random.normal(size=length) * np.exp(-40 * t)
        mixed[first : first + length] += hit * (1.5 if beat % 2 else 0.7)
    return mixed / np.sqrt(np.mean(mixed**2))


def _room(decay_s: float) -> Callable[[Floats, Floats], Floats]:
    """Reverberate: its time to -60 dB; as loud as the direct sound, as from across a room."""

    def change(voice: Floats, _: Floats) -> Floats:
        count = int(decay_s * RATE)
        echo = np.random.default_rng(2).normal(size=count) * 10 ** (-3 * np.arange(count) / count)
        echo[: RATE // 250] = 0
        echo /= np.sqrt(np.sum(echo**2))
        echo[0] = 1
        size = len(voice) + count
        mixed = np.fft.irfft(np.fft.rfft(voice, size) * np.fft.rfft(echo, size), size)
        return np.asarray(mixed[: len(voice)])

    return change


def _band(voice: Floats, low: float, high: float) -> Floats:
    """Keep a band of frequencies, in Hz."""
    spectrum = np.fft.rfft(voice)
    hertz = np.fft.rfftfreq(len(voice), 1 / RATE)
    edge = np.clip((hertz - low) / (0.2 * low), 0, 1) * np.clip(
        (high - hertz) / (0.05 * high), 0, 1
    )
    return np.asarray(np.fft.irfft(spectrum * edge, len(voice)))


def _telephone(voice: Floats, _: Floats) -> Floats:
    """Return 300 to 3400 Hz in 8 bits of mu-law."""
    band = _band(voice, 300, 3400)
    band /= np.abs(band).max()
    law = np.sign(band) * np.log1p(255 * np.abs(band)) / np.log(256)
    law = np.round(law * 127) / 127
    return np.asarray(np.sign(law) * np.expm1(np.abs(law) * np.log(256)) / 255)


def _8_khz(voice: Floats, _: Floats) -> Floats:
    return _band(voice, 20, 3900)


def _radio(voice: Floats, _: Floats) -> Floats:
    """Return 100 to 5000 Hz, its level held by a compressor, with hiss at 30 dB."""
    band = _band(voice, 100, 5000)
    window = np.ones(RATE // 50) / (RATE // 50)
    level = np.sqrt(np.convolve(band**2, window, "same")) + 0.03 * speech_level(band)
    even = band / level**0.7
    hiss = np.random.default_rng(4).normal(size=len(even)) * speech_level(even) * 10 ** (-30 / 20)
    return np.asarray(even + hiss)


def _clipped(voice: Floats, _: Floats) -> Floats:
    """Clip at the level of speech: some 8 % of the samples of speech."""
    most = 1.5 * speech_level(voice)
    return np.clip(voice, -most, most)


def _at_tempo(tempo: float) -> Callable[[Floats, Floats], Floats]:
    """Change the tempo with ffmpeg's atempo, which keeps the pitch."""

    def change(voice: Floats, _: Floats) -> Floats:
        raw = ["-f", "f32le", "-ar", str(RATE), "-ac", "1"]
        filters = ["-i", "pipe:0", "-af", f"atempo={tempo}"]
        command = [ffmpeg_path(), "-v", "error", *raw, *filters, *raw, "pipe:1"]
        done = subprocess.run(
            command, input=voice.astype(np.float32).tobytes(), check=True, capture_output=True
        )
        return np.frombuffer(done.stdout, np.float32).astype(np.float64)

    return change


CONDITIONS = (
    Condition("clean", lambda voice, _: voice.copy()),
    *(Condition(f"babble {db} dB", _beside(_babble, db)) for db in (20, 10, 5, 0)),
    *(Condition(f"music -{db} dB", _beside(_music, db)) for db in (12, 6)),
    Condition("noise 10 dB", _beside(_white, 10)),
    *(Condition(f"room {s} s", _room(s)) for s in (0.4, 1.2)),
    Condition("8 kHz", _8_khz),
    Condition("telephone", _telephone),
    Condition("radio", _radio),
    Condition("clipping", _clipped),
    *(Condition(f"tempo {x}", _at_tempo(x), x) for x in (0.7, 0.85, 1.2, 1.5)),
)
