"""What a transcript is, and what a reader of one format does."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol

from ...sync.types import Word


@dataclass(frozen=True, slots=True)
class Repair:
    """Something in a timing file that was mended: where it stands, and what was done."""

    place: str
    what: str


@dataclass(frozen=True, slots=True)
class RawWord:
    """A word as a file has it: times may be missing, negative, backwards or shared."""

    text: str
    start: Fraction | None
    end: Fraction | None
    place: str
    """Where it stands, as in ``segments[3].words[1]`` or ``line 12``."""


@dataclass(frozen=True, slots=True)
class RawTranscript:
    """What a reader returns: words in the order of the file.

    ``timed`` is ``segment`` where the file has no word times and words share their segment's.
    """

    words: tuple[RawWord, ...]
    language: str | None = None
    timed: Literal["word", "segment"] = "word"


@dataclass(frozen=True, slots=True)
class Transcript:
    """Words with times in order, none overlapping, each of some length; and what was mended."""

    words: tuple[Word, ...]
    language: str | None = None
    format: str = ""
    timed: Literal["word", "segment"] = "word"
    repairs: tuple[Repair, ...] = ()


class TranscriptError(Exception):
    """A timing file cannot be read.

    Attributes:
        path: the file.
        line, column: 1-based, 0 where the whole file is meant.
        what, hint: the fact and the way out.
    """

    def __init__(self, path: Path, what: str, hint: str = "", line: int = 0, column: int = 0):
        self.path, self.what, self.hint = path, what, hint
        self.line, self.column = line, column
        super().__init__(f"{path}: {what}")


class Reader(Protocol):
    """One family of formats. Both functions get the file's text, and JSON already parsed.

    Numbers of parsed JSON are `Fraction`, so that no time passes through a float; ``document`` is
    None where the text is no JSON.
    """

    NAME: str

    def matches(self, text: str, document: object) -> bool:
        """Whether the content looks like this format."""
        ...

    def read(self, text: str, document: object) -> RawTranscript:
        """Its words.

        Raises:
            KeyError, TypeError, ValueError: the content breaks the format.
        """
        ...
