"""The data of transcripts, and the protocol of a reader."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol

from ...errors import InputError, Place, Problem
from ...sync.types import Word

Timed = Literal["word", "segment"]
"""Whether the file times every word, or segments only; their words share the time by letters."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A change to the content of a timing file.

    Attributes:
        place: as in ``segments[3].words[1]`` or ``line 12``.
        what: the fact, and the change.
    """

    place: str
    what: str


@dataclass(frozen=True, slots=True)
class RawWord:
    """A word as in the file: times (seconds) may be missing, negative, reversed or shared."""

    text: str
    start: Fraction | None
    end: Fraction | None
    place: str
    """In the file, as in ``segments[3].words[1]`` or ``line 12``."""


@dataclass(frozen=True, slots=True)
class RawTranscript:
    """The result of a reader: words in file order.

    Attributes:
        words: as in the file.
        language: as in the file; None if it names none.
        timed: ``segment`` if no word has a time of its own.
        format: a finer name than `Reader.NAME`; may be empty.
        repairs: changes that the reader made to find words at all.
    """

    words: tuple[RawWord, ...]
    language: str | None = None
    timed: Timed = "word"
    format: str = ""
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """Words with times in seconds; after repair in order, without overlaps, none of zero length."""

    words: tuple[Word, ...]
    language: str | None = None
    format: str = ""
    repairs: tuple[Repair, ...] = ()
    timed: Timed = "word"


class TranscriptError(InputError):
    """A timing file cannot be read.

    Attributes:
        path: the file.
        what, hint: see `Problem`.
        line, column: 1-based; 0 for the whole file.
        where: path to the value, as in ``segments[3]``; may be empty.
    """

    def __init__(
        self,
        path: Path,
        what: str,
        hint: str = "",
        line: int = 0,
        column: int = 0,
        where: str = "",
    ):
        self.path, self.what, self.hint = path, what, hint
        self.line, self.column, self.where = line, column, where
        super().__init__(Problem.at(Place(str(path), line, column, where), what, hint))


class MalformedError(ValueError):
    """Raised by a reader for content that breaks its format.

    Attributes:
        what: the fact, as in ``has no 'end'``.
        where: path to the value, as in ``segments[3]``; may be empty.
        line: 1-based; 0 if lines mean nothing.
    """

    def __init__(self, what: str, where: str = "", line: int = 0):
        self.what, self.where, self.line = what, where, line
        super().__init__(what)


class Reader(Protocol):
    """Reader of one family of formats: a module with these members.

    Both functions take the file's text, and the same as parsed JSON. Numbers with a decimal point
    are `Fraction` there, so no time passes through a float, and NaN is None; a file with one JSON
    value a line is a list of them. ``document`` is None if the text is not JSON.
    """

    NAME: str

    def matches(self, text: str, document: object) -> bool:
        """Whether the content looks like this format; must not raise."""
        ...

    def read(self, text: str, document: object) -> RawTranscript:
        """Return the words of the file.

        Raises:
            MalformedError: the content breaks the format.
            ValueError, LookupError, TypeError, AttributeError: the same, at an unknown place.
        """
        ...
