"""JSON transcripts of every supported speech recogniser and voice."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from otio_gvideo.compiler.speech.transcripts import read_transcript

from .. import mutators

SUFFIX = ".json"
DATA = Path(__file__).parents[2] / "compiler" / "speech" / "transcripts" / "data"
_MOST_BYTES = 4000

mutate = mutators.one_of(mutators.mutate_json, mutators.mutate_json, mutators.mutate_text)


def seeds() -> list[bytes]:
    files = [*DATA.glob("*.json"), *DATA.glob("*.ndjson")]
    return [path.read_bytes() for path in sorted(files) if path.stat().st_size <= _MOST_BYTES]


def read(path: Path) -> None:
    transcript = read_transcript(path, Fraction(10))
    # Words go into timelines and captions, which are valid text.
    "".join(word.text for word in transcript.words).encode()
