"""Errors as types: wrong input (exit status 2) and failed work (exit status 1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from .notices import Notice, escape_controls


@dataclass(frozen=True, slots=True)
class Place:
    """Position of a value in the input. Every field may be empty.

    Attributes:
        file: path as the user wrote it.
        line: 1-based; 0 for the whole file.
        column: 1-based; 0 if there is no line.
        where: path to the value, as in ``scenes[2].transition.type``, or an option or scene.
    """

    file: str = ""
    line: int = 0
    column: int = 0
    where: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One error in the input and its place. Sorts in file order.

    Made with `at`, `in_file`, `option` and `general`.

    Attributes:
        file, line, column, where: see `Place`.
        what: the fact, as in ``'disolve' is not a transition``.
        hint: the way out, as in ``did you mean 'dissolve'?``; may be empty.
    """

    file: str
    line: int
    column: int
    where: str
    what: str
    hint: str = ""

    @classmethod
    def at(cls, place: Place, what: str, hint: str = "") -> Problem:
        """A problem at a place."""
        return cls(place.file, place.line, place.column, place.where, what, hint)

    @classmethod
    def in_file(
        cls, path: PurePath | str, what: str, hint: str = "", *, where: str = ""
    ) -> Problem:
        """A problem of a whole file or folder, or of something in it that has no line."""
        return cls.at(Place(str(path), where=where), what, hint)

    @classmethod
    def option(cls, name: str, what: str, hint: str = "") -> Problem:
        """A problem of a command line option such as ``--output``."""
        return cls.at(Place(where=name), what, hint)

    @classmethod
    def general(cls, what: str, hint: str = "") -> Problem:
        """A problem without a place."""
        return cls.at(Place(), what, hint)

    def __str__(self) -> str:
        """Format as ``FILE:LINE:COLUMN: WHERE: WHAT; HINT`` on one line, without empty parts."""
        place = self.file
        if self.line:
            place += f":{self.line}:{self.column}"
        message = f"{self.what}; {self.hint}" if self.hint else self.what
        return escape_controls(": ".join(part for part in (place, self.where, message) if part))


class CompileError(Exception):
    """Base of all expected errors of this package."""


class InputError(CompileError):
    """Invalid input or usage: exit status 2. Lists every problem, in file order."""

    def __init__(self, problems: Iterable[Problem] | Problem | str):
        if isinstance(problems, str):
            problems = Problem.general(problems)
        if isinstance(problems, Problem):
            problems = (problems,)
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class WorkError(CompileError):
    """The work failed (an encoder stopped, a disk is full): exit status 1. Finished files remain.

    Attributes:
        warnings: of the run, before the failure.
        problems: what failed, one for each line of the message.
    """

    warnings: tuple[Notice, ...] = ()

    def __init__(self, problems: Iterable[Problem] | str):
        if isinstance(problems, str):
            problems = (Problem.general(problems),)
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))
