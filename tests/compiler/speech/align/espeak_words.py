"""Sentences spoken by espeak-ng, with the exact times of words and phonemes.

The library's events state the sample at which each word and phoneme begins
(`espeak-ng/speak_lib.h`).
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache

import espeakng_loader
import numpy as np
from numpy.typing import NDArray
from otio_gvideo.compiler.media.samples import SPEECH_RATE

RETRIEVAL, PHONEME_EVENTS, CHARS_UTF8 = 1, 1, 1
SPEED, PITCH = 1, 3
"""Parameters of the voice: words a minute, and 0..100."""
WORD, PHONEME = 1, 7
"""Types of events."""


class EventId(ctypes.Union):
    """``espeak_EVENT.id``."""

    _fields_ = (
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    )


class Event(ctypes.Structure):
    """``espeak_EVENT``."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", EventId),
    )


CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event)
)


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word, the seconds at which its phonemes begin, and the one at which the last ends."""

    text: str
    edges: tuple[float, ...]


@cache
def library() -> tuple[ctypes.CDLL, int]:
    loaded = ctypes.CDLL(espeakng_loader.get_library_path())
    data = str(espeakng_loader.get_data_path()).encode()
    return loaded, loaded.espeak_Initialize(RETRIEVAL, 0, data, PHONEME_EVENTS)


def spoken(
    text: str, voice: str, speed: int = 160, pitch: int = 50
) -> tuple[NDArray[np.float64], list[SpokenWord]] | None:
    """Return samples at 16 kHz, full scale 1, and words; None if the voice joins some of them.

    Args:
        text: words between spaces.
        voice: as in ``es+f2``: a language and a variant.
        speed: words a minute.
        pitch: 0..100.
    """
    speaker, rate = library()
    blocks: list[NDArray[np.int16]] = []
    events: list[tuple[int, int, bytes]] = []

    def keep(samples, count, found):  # type: ignore[no-untyped-def]
        if samples and count > 0:
            blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while found[index].type:
            event = found[index]
            events.append((event.type, event.sample, bytes(event.id.string)))
            index += 1
        return 0

    callback = CALLBACK(keep)
    speaker.espeak_SetSynthCallback(callback)
    assert speaker.espeak_SetVoiceByName(voice.encode()) == 0, voice
    speaker.espeak_SetParameter(SPEED, speed, 0)
    speaker.espeak_SetParameter(PITCH, pitch, 0)
    data = text.encode()
    speaker.espeak_Synth(data, len(data) + 1, 0, 0, 0, CHARS_UTF8, None, None)
    speaker.espeak_Synchronize()
    words: list[list[float]] = []
    pauses: list[float] = []
    for kind, sample, name in events:
        if kind == WORD:
            words.append([])
        elif kind == PHONEME and name.startswith(b"_"):
            pauses.append(sample / rate)
        elif kind == PHONEME and words:
            words[-1].append(sample / rate)
    if len(words) != len(text.split()) or not all(words):
        return None
    starts = [word[0] for word in words[1:]]
    samples = np.concatenate(blocks).astype(np.float64) / 32768
    for word, following in zip(words, [*starts, len(samples) / rate], strict=True):
        word.append(min([at for at in pauses if at > word[-1]] + [following]))
    return _at_speech_rate(samples, rate), [
        SpokenWord(word, tuple(edges)) for word, edges in zip(text.split(), words, strict=True)
    ]


def _at_speech_rate(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Resample in the frequency domain."""
    count = round(len(samples) * SPEECH_RATE / rate)
    spectrum = np.fft.rfft(samples)[: count // 2 + 1]
    return np.fft.irfft(spectrum, count) * count / len(samples)
