"""Voices that time their own words: festival, flite, piper and espeak-ng."""

from __future__ import annotations

import difflib
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from otio_gvideo.compiler.media.samples import speech_samples

from . import espeak_events
from .clips import MissingVoiceError, Samples, Spoken

FESTIVAL = {
    "slt": ("en", "voice_cmu_us_slt_arctic_hts", "festvox-us-slt-hts"),
    "kal": ("en", "voice_kal_diphone", "festvox-kallpc16k"),
    "pc": ("it", "voice_pc_diphone", "festvox-itapc16k"),
    "lp": ("it", "voice_lp_diphone", "festvox-italp16k"),
    "nsk": ("hi", "voice_hindi_NSK_diphone", "festvox-hi-nsk"),
    "lj": ("fi", "voice_suo_fi_lj_diphone", "festvox-suopuhe-lj"),
}
"""Language, name in festival, and Debian package of its voices."""
ENCODINGS = {"it": "iso-8859-15", "fi": "iso-8859-15", "hi": "utf-8", "en": "ascii"}
_READ_AS = {"।": ".", "\u0922\u093c": "\u0922", "\u095d": "\u0922"}
"""What festival's Hindi does not know, and what it reads instead."""
FLITE = ("awb", "rms", "slt", "kal16")


def festival(sentence: str, voice: str) -> Spoken:
    """Return a sentence by festival, with the times of its tokens."""
    language, name, package = FESTIVAL[voice]
    read = sentence
    for letter, known in _READ_AS.items():
        read = read.replace(letter, known)
    with tempfile.TemporaryDirectory() as folder:
        sound, program = Path(folder) / "a.wav", Path(folder) / "a.scm"
        program.write_text(
            f"""({name})
(set! u (utt.synth (Utterance Text "{read}")))
(utt.save.wave u "{sound}")
(mapcar (lambda (token) (if (item.daughters token) (begin (format t "TOKEN")
  (mapcar (lambda (word) (format t " %f %f"
    (item.feat word "word_start") (item.feat word "word_end"))) (item.daughters token))
  (format t "\\n")))) (utt.relation.items u 'Token))
""",
            encoding=ENCODINGS[language],
        )
        try:
            done = subprocess.run(["festival", "-b", program], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise MissingVoiceError(f"Debian's festival with {package}") from error
        if not sound.exists():
            raise MissingVoiceError(f"Debian's festival with {package}")
        samples = speech_samples(sound)
    printed = done.stdout.decode("latin-1").splitlines()
    rows = [[float(n) for n in line.split()[1:]] for line in printed if line[:5] == "TOKEN"]
    words = sentence.split()
    if len(rows) != len(words):
        raise ValueError(f"festival's {voice} reads {len(rows)} tokens in {sentence!r}")
    return samples, [(w, row[0], max(row)) for w, row in zip(words, rows, strict=True)]


def flite(sentence: str, voice: str) -> Spoken:
    """Return a sentence by flite, its words by the phones that each has when spoken alone."""

    def spoken(text: str, sound: Path) -> list[tuple[str, float]]:
        command = ["flite", "-voice", voice, "-psdur", "-t", text, "-o", sound]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        pairs = [pair.rpartition(":") for pair in done.stdout.split()]
        return [(phone, float(end)) for phone, _, end in pairs]

    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "a.wav"
        words = sentence.split()
        try:
            alone = [
                [phone for phone, _ in spoken(word, sound) if phone != "pau"] for word in words
            ]
            ends = spoken(sentence, sound)
        except OSError as error:
            raise MissingVoiceError("Debian's flite") from error
        samples = speech_samples(sound)
    starts = [0.0, *(end for _, end in ends[:-1])]
    phones = [(p, a, b) for (p, b), a in zip(ends, starts, strict=True) if p != "pau"]
    return samples, by_phones(words, alone, phones)


def by_phones(
    words: Sequence[str],
    alone: Sequence[Sequence[str]],
    phones: Sequence[tuple[str, float, float]],
) -> list[tuple[str, float, float]]:
    """Return words with times, by the phones that each word has when spoken alone."""
    expected = [phone for word in alone for phone in word]
    owner = [index for index, word in enumerate(alone) for _ in word]
    found = [phone for phone, _, _ in phones]
    matcher = difflib.SequenceMatcher(None, expected, found, autojunk=False)
    of_phone: list[int | None] = [None] * len(found)
    for tag, a, stop, b, end in matcher.get_opcodes():
        if tag in ("equal", "replace"):
            for place in range(b, end):
                of_phone[place] = owner[min(a + place - b, stop - 1)]
    timed = []
    for index, word in enumerate(words):
        mine = [phones[place] for place, o in enumerate(of_phone) if o == index]
        if not mine:
            raise ValueError(f"no phone of {word!r} in {' '.join(words)!r}")
        timed.append((word, mine[0][1], mine[-1][2]))
    return timed


def espeak(sentence: str, voice: str) -> Spoken:
    """Return a sentence by espeak-ng, with the times of its words from its own events."""
    if espeak_events.espeakng_loader is None:
        raise MissingVoiceError("the package espeakng-loader")
    samples, rate, words = espeak_events.spoken(sentence, voice)
    return at_16_khz(samples, rate), words


def at_16_khz(samples: NDArray[np.float64], rate: int) -> Samples:
    """Resample in the frequency domain; full scale is 1."""
    count = round(len(samples) * 16000 / rate)
    spectrum = np.fft.rfft(samples)[: count // 2 + 1]
    resampled = np.fft.irfft(spectrum, count) * count / len(samples)
    return np.asarray(np.clip(resampled * 32767, -32768, 32767).astype(np.int16))
