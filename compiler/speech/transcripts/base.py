"""What a transcript is, and what a reader of one format does."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol

from ...errors import InputError, Place, Problem
from ...sync.types import Word

Timed = Literal["word", "segment"]
"""Whether the file times every word, or only segments whose words share their time by letters."""


@dataclass(frozen=True, slots=True)
class Repair:
    """Something in a timing file that was mended.

    Attributes:
        place: as in ``segments[3].words[1]`` or ``line 12``.
        what: the fact, and what was done about it.
    """

    place: str
    what: str


@dataclass(frozen=True, slots=True)
class RawWord:
    """A word as a file has it: times (seconds) may be missing, negative, backwards or shared."""

    text: str
    start: Fraction | None
    end: Fraction | None
    place: str
    """Where it stands, as in ``segments[3].words[1]`` or ``line 12``."""


@dataclass(frozen=True, slots=True)
class RawTranscript:
    """What a reader returns: words in the order of the file.

    Attributes:
        words: as the file has them.
        language: as the file names it, None where it doesn't.
        timed: ``segment`` where no word has a time of its own.
        format: a finer name than the reader's `Reader.NAME`; empty where there is none.
        repairs: what the reader had to mend to find words at all.
    """

    words: tuple[RawWord, ...]
    language: str | None = None
    timed: Timed = "word"
    format: str = ""
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """Words with times (seconds); once mended in order, apart, and each of some length."""

    words: tuple[Word, ...]
    language: str | None = None
    format: str = ""
    repairs: tuple[Repair, ...] = ()
    timed: Timed = "word"


class TranscriptError(InputError):
    """A timing file cannot be read.

    Attributes:
        path: the file.
        what, hint: the fact and the way out.
        line, column: 1-based, 0 where the whole file is meant.
        where: the path to the value, as in ``segments[3]``; may be empty.
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
    """What a reader raises where content breaks its format.

    Attributes:
        what: the fact, as in ``has no 'end'``.
        where: the path to the value, as in ``segments[3]``; may be empty.
        line: 1-based, 0 where lines mean nothing.
    """

    def __init__(self, what: str, where: str = "", line: int = 0):
        self.what, self.where, self.line = what, where, line
        super().__init__(what)


class Reader(Protocol):
    """One family of formats: a module with these members.

    Both functions get the file's text, and the same as parsed JSON. Numbers with a decimal point
    are `Fraction` there, so that no time passes through a float, and NaN is None; a file of one
    JSON value a line is a list of them. ``document`` is None where the text is no JSON.
    """

    NAME: str

    def matches(self, text: str, document: object) -> bool:
        """Whether the content looks like this format; must not raise."""
        ...

    def read(self, text: str, document: object) -> RawTranscript:
        """Its words.

        Raises:
            MalformedError: the content breaks the format.
            ValueError, LookupError, TypeError, AttributeError: so it does, at no known place.
        """
        ...
