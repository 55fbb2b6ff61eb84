"""Synthesize tokens with the program espeak-ng, in any of its languages."""

from __future__ import annotations

import io
import subprocess
import wave
from collections.abc import Sequence
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from ...errors import WorkError
from ...media.programs import SYNTHESIZER, find_program
from ...media.samples import SPEECH_RATE
from ...script.tokens import UNSPACED, Token, is_mark
from .japanese import can_read_kanji, kana_of

_GAP = SPEECH_RATE // 5
"""Least samples of silence between clauses of the synthesizer."""
_SILENT_TOKEN = SPEECH_RATE // 12
"""Samples of silence for a token without sound."""
_MANDARIN = "cmn-latn-pinyin"
"""The voice whose Mandarin is Mandarin: espeak-ng 1.51's ``cmn`` spells pinyin in English."""


def can_speak(language: str) -> bool:
    """Whether the synthesizer is on the PATH and has a language."""
    program = find_program(SYNTHESIZER)
    if program is None:
        return False
    tried = subprocess.run(
        [program, "-q", "-v", voice_of(language), "a"], capture_output=True, check=False
    )
    return tried.returncode == 0


def voice_of(language: str) -> str:
    """Return the synthesizer's voice of a language.

    >>> voice_of("pt-BR"), voice_of("zh-CN")
    ('pt-br', 'cmn-latn-pinyin')
    """
    code = language.lower()
    return _MANDARIN if code in ("zh", "zh-cn", "zh-tw", "zh-hans", "zh-hant", "cmn") else code


def synthesize(
    tokens: Sequence[Token], language: str, variant: str = ""
) -> list[NDArray[np.int16]]:
    """Return the samples of each token; in scripts without spaces, tokens split their phrase.

    Args:
        tokens: in order.
        language: one that `can_speak`.
        variant: of the voice, such as ``+f3``.

    Raises:
        WorkError: the synthesizer failed.
    """
    voice = voice_of(language) + variant
    phrases = phrases_of(tokens)
    each = iter(kana_of(tokens) if can_read_kanji(language) else map(plain_text, tokens))
    spoken = [list(islice(each, len(phrase))) for phrase in phrases]
    texts = ["".join(parts) for parts in spoken]
    together = _split(_synthesize("\n\n".join(f"{t.strip(' .,-')}." for t in texts), voice))
    if len(together) != len(phrases):
        together = [
            np.concatenate(_split(_synthesize(text, voice)) or [np.zeros(_SILENT_TOKEN, np.int16)])
            for text in texts
        ]
    return [
        part
        for parts, sound in zip(spoken, together, strict=True)
        for part in _shared_out(sound, [max(1, len(text)) for text in parts])
    ]


def _shared_out(sound: NDArray[np.int16], weights: Sequence[int]) -> list[NDArray[np.int16]]:
    """Split a phrase among its tokens, in proportion."""
    ends = np.cumsum(weights) * len(sound) // sum(weights)
    return np.split(sound, ends[:-1])


def phrases_of(tokens: Sequence[Token]) -> list[list[Token]]:
    """Group tokens into phrases: letters up to a punctuation mark, or a single word."""
    phrases: list[list[Token]] = []
    for token in tokens:
        last = phrases[-1][-1].text[-1] if phrases else ""
        if UNSPACED.match(token.text) and UNSPACED.match(last):
            phrases[-1].append(token)
        else:
            phrases.append([token])
    return phrases


def plain_text(token: Token) -> str:
    """Return a token's text without symbols that the synthesizer would read aloud.

    Marks stay: vowels and tones of Thai and Hindi are marks of the letter before.
    """
    return "".join(
        c if c.isalnum() or is_mark(c) or c in "'’.,-" or UNSPACED.match(c) else " "
        for c in token.text
    )


def _synthesize(text: str, voice: str) -> NDArray[np.int16]:
    done = subprocess.run(
        [find_program(SYNTHESIZER) or SYNTHESIZER, "-v", voice, "--stdin", "--stdout"],
        input=text.encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()
        raise WorkError(f"{SYNTHESIZER} cannot speak {voice!r}: {reason}")
    with wave.open(io.BytesIO(done.stdout)) as sound:
        rate = sound.getframerate()
        # The header of a pipe has a wrong length.
        samples = np.frombuffer(sound.readframes(1 << 30), np.int16)
    count = len(samples) * SPEECH_RATE // rate
    if not count:
        return np.zeros(0, np.int16)
    resized = cv2.resize(samples[None].astype(np.float32), (count, 1), interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(resized[0], -32768, 32767), np.int16)


def _split(samples: NDArray[np.int16]) -> list[NDArray[np.int16]]:
    """Split at silences as long as those between clauses."""
    loud = np.flatnonzero(abs(samples.astype(np.int32)) > 100)
    if not len(loud):
        return []
    cuts = np.flatnonzero(np.diff(loud) > _GAP)
    starts = np.concatenate([loud[:1], loud[cuts + 1]])
    ends = np.concatenate([loud[cuts], loud[-1:]])
    return [samples[start : end + 1] for start, end in zip(starts, ends, strict=True)]
