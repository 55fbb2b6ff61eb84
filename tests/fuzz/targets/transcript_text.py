"""Text transcripts: subtitles, CTM, TSV and TextGrid."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from otio_gvideo.compiler.speech.transcripts import read_transcript

from .. import mutators
from .transcript_json import DATA

SUFFIX = ".txt"

mutate = mutators.one_of(mutators.mutate_text, mutators.mutate_text, mutators.mutate_bytes)


def seeds() -> list[bytes]:
    suffixes = (".srt", ".vtt", ".ctm", ".TextGrid", ".tsv")
    return [path.read_bytes() for path in sorted(DATA.iterdir()) if path.suffix in suffixes]


def read(path: Path) -> None:
    transcript = read_transcript(path, Fraction(10))
    # Words go into timelines and captions, which are valid text.
    "".join(word.text for word in transcript.words).encode()
