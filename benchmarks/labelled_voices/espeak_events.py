"""Words of espeak-ng with their times, from the events of its library (`speak_lib.h`)."""

from __future__ import annotations

import _ctypes
import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

try:
    import espeakng_loader
except ImportError:
    espeakng_loader = None

WORD, PHONEME = 1, 7
"""Kinds of events."""
_RETRIEVAL, _PHONEME_EVENTS, _CHARS_UTF8 = 1, 1, 1
_RATE, _PITCH = 1, 3


@dataclass(frozen=True, slots=True)
class SpeechEvent:
    """The start of a word or a phoneme.

    Attributes:
        kind: `WORD`, `PHONEME` or another of the library's.
        letter: index of the letter of the text at which a word begins.
        start: in seconds.
        name: of a phoneme; ``_`` and what follows are pauses.
    """

    kind: int
    letter: int
    start: float
    name: bytes


class _Event(ctypes.Structure):
    """``espeak_EVENT``."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@contextmanager
def _library() -> Iterator[tuple[ctypes.CDLL, int]]:
    """Load the library anew and yield it with its sample rate.

    It keeps noise and phases from sentence to sentence, even if it is initialised again.
    """
    unload = _ctypes.FreeLibrary if sys.platform == "win32" else _ctypes.dlclose
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = str(espeakng_loader.get_data_path()).encode()
    try:
        yield library, library.espeak_Initialize(_RETRIEVAL, 0, data, _PHONEME_EVENTS)
    finally:
        library.espeak_Terminate()
        unload(library._handle)


def synthesise(
    text: str, voice: str, rate: int = 150, pitch: int = 50
) -> tuple[NDArray[np.float64], int, list[SpeechEvent]]:
    """Return samples (full scale 1), their rate, and the events of a sentence: each time the same.

    Args:
        text: one sentence.
        voice: as in ``fr+f3``: a language and a variant.
        rate: words a minute.
        pitch: 0 to 100.
    """
    blocks: list[bytes] = []
    events: list[SpeechEvent] = []
    with _library() as (library, hertz):

        def keep(samples: ctypes._Pointer[ctypes.c_short], count: int, found: object) -> int:
            if samples and count > 0:
                blocks.append(ctypes.string_at(samples, 2 * count))
            number = 0
            while found[number].type:  # type: ignore[index]
                event = found[number]  # type: ignore[index]
                start = event.sample / hertz
                events.append(SpeechEvent(event.type, event.text_position - 1, start, event.id))
                number += 1
            return 0

        if library.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        callback = _CALLBACK(keep)
        library.espeak_SetSynthCallback(callback)
        library.espeak_SetParameter(_RATE, rate, 0)
        library.espeak_SetParameter(_PITCH, pitch, 0)
        raw = text.encode()
        library.espeak_Synth(raw, len(raw) + 1, 0, 0, 0, _CHARS_UTF8, None, None)
        library.espeak_Synchronize()
    return np.frombuffer(b"".join(blocks), np.int16) / 32768, hertz, events


def spoken(
    text: str, voice: str
) -> tuple[NDArray[np.float64], int, list[tuple[str, float, float]]]:
    """Return samples, their rate, and words with start and end in seconds; as `synthesise`.

    Words end where the next begins; the last ends where the sound falls by 40 dB.
    """
    sound, hertz, events = synthesise(text, voice)
    starts = [(event.letter, event.start) for event in events if event.kind == WORD]
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max())
    ends = [*(start for _, start in starts[1:]), (loud[-1] + 1) / hertz]
    words = []
    place = 0
    for word in text.split():
        first = text.index(word, place)
        place = first + len(word)
        mine = [n for n, (at, _) in enumerate(starts) if first <= at < place]
        if mine:
            words.append((word, starts[mine[0]][1], ends[mine[-1]]))
        else:  # A word without an event is said together with the one before it.
            text_before, start, end = words.pop()
            words.append((f"{text_before} {word}", start, end))
    return sound, hertz, words
