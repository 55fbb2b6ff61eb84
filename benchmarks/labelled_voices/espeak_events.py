"""Words of espeak-ng with their times, from the events of its library (`speak_lib.h`)."""

from __future__ import annotations

import ctypes
from functools import cache

import numpy as np
from numpy.typing import NDArray

try:
    import espeakng_loader
except ImportError:
    espeakng_loader = None

_RETRIEVAL, _CHARS_UTF8, _RATE, _WORD = 1, 1, 1, 1


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


@cache
def _library() -> tuple[ctypes.CDLL, int]:
    """Return the library and its sample rate."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = str(espeakng_loader.get_data_path()).encode()
    return library, library.espeak_Initialize(_RETRIEVAL, 0, data, 0)


def spoken(
    text: str, voice: str, rate: int = 150
) -> tuple[NDArray[np.float64], int, list[tuple[str, float, float]]]:
    """Return samples (full scale 1), their rate, and words with start and end in seconds.

    Words end where the next begins; the last ends where the sound falls by 40 dB.

    Args:
        text: one sentence.
        voice: as in ``fr+f3``.
        rate: words a minute.
    """
    library, hertz = _library()
    if library.espeak_SetVoiceByName(voice.encode()):
        raise ValueError(f"espeak-ng has no voice {voice!r}")
    blocks: list[bytes] = []
    starts: list[tuple[int, float]] = []

    def keep(samples: ctypes._Pointer[ctypes.c_short], count: int, events: object) -> int:
        if samples and count > 0:
            blocks.append(ctypes.string_at(samples, 2 * count))
        number = 0
        while events[number].type:  # type: ignore[index]
            event = events[number]  # type: ignore[index]
            if event.type == _WORD:
                starts.append((event.text_position - 1, event.audio_position / 1000))
            number += 1
        return 0

    callback = _CALLBACK(keep)
    library.espeak_SetSynthCallback(callback)
    library.espeak_SetParameter(_RATE, rate, 0)
    raw = text.encode()
    library.espeak_Synth(raw, len(raw) + 1, 0, 0, 0, _CHARS_UTF8, None, None)
    library.espeak_Synchronize()
    sound = np.frombuffer(b"".join(blocks), np.int16) / 32768
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
