"""espeak-ng as a program, from the library in the `espeakng-loader` wheel.

Supports the calls of the compiler and the tests: ``-q -v VOICE TEXT`` (does the voice exist),
``-q --ipa -v VOICE --stdin`` (the IPA of each clause of standard input) and
``-v VOICE [-s RATE] --stdin --stdout`` (standard input as a WAV file). Functions as in
`espeak-ng/speak_lib.h`.
"""

from __future__ import annotations

import argparse
import ctypes
import sys
import wave

import espeakng_loader

RETRIEVAL, CHARS_UTF8, RATE, IPA = 1, 1, 1, 2
CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class Voice(ctypes.Structure):
    """``espeak_VOICE``, as a query."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


def set_voice(library: ctypes.CDLL, name: bytes) -> bool:
    """Select a voice by name, else by language."""
    if library.espeak_SetVoiceByName(name) == 0:
        return True
    return library.espeak_SetVoiceByProperties(ctypes.byref(Voice(languages=name))) == 0


def print_ipa(library: ctypes.CDLL, text: bytes) -> None:
    """Print a line for each clause of a text."""
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    rest = ctypes.c_char_p(text)
    while rest.value:
        print(library.espeak_TextToPhonemes(ctypes.byref(rest), CHARS_UTF8, IPA).decode())


def main() -> int:
    parser = argparse.ArgumentParser(prog="espeak-ng")
    parser.add_argument("-v", dest="voice", default="en")
    parser.add_argument("-s", dest="rate", type=int, default=175)
    parser.add_argument("-q", dest="quiet", action="store_true")
    parser.add_argument("--ipa", action="store_true")
    parser.add_argument("--stdin", action="store_true")
    parser.add_argument("--stdout", action="store_true")
    parser.add_argument("text", nargs="?", default="")
    args = parser.parse_args()
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = str(espeakng_loader.get_data_path()).encode()
    hertz = library.espeak_Initialize(RETRIEVAL, 0, data, 0)
    if hertz <= 0 or not set_voice(library, args.voice.encode()):
        print(f"Error: The specified espeak-ng voice does not exist: {args.voice}", file=sys.stderr)
        return 1
    if args.ipa:
        print_ipa(library, sys.stdin.buffer.read())
        return 0
    if args.quiet:
        return 0
    blocks: list[bytes] = []

    def keep(samples: ctypes._Pointer[ctypes.c_short], count: int, _: object) -> int:
        if samples and count > 0:
            blocks.append(ctypes.string_at(samples, 2 * count))
        return 0

    callback = CALLBACK(keep)
    library.espeak_SetSynthCallback(callback)
    library.espeak_SetParameter(RATE, args.rate, 0)
    text = sys.stdin.buffer.read() if args.stdin else args.text.encode()
    library.espeak_Synth(text, len(text) + 1, 0, 0, 0, CHARS_UTF8, None, None)
    library.espeak_Synchronize()
    with wave.open(sys.stdout.buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(hertz)
        sound.writeframes(b"".join(blocks))
    return 0


if __name__ == "__main__":
    sys.exit(main())
