"""What can go wrong, as types: wrong input (exit status 2) and failed work (exit status 1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .notices import Notice


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong with the input, and where.

    Attributes:
        file: the file as the user named it; empty where no file is meant (a command line option).
        line: 1-based; 0 where the problem belongs to the file as a whole.
        column: 1-based; 0 where there is no line.
        where: the path to the value, as in ``scenes[2].transition.type``; may be empty.
        what: the fact, as in ``'disolve' is not a transition``.
        hint: the way out, as in ``did you mean 'dissolve'?``; may be empty.
    """

    file: str
    line: int
    column: int
    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        """On one line: ``FILE:LINE:COLUMN: WHERE: WHAT; HINT``, empty parts left out."""
        place = self.file
        if self.line:
            place += f":{self.line}:{self.column}"
        message = f"{self.what}; {self.hint}" if self.hint else self.what
        return ": ".join(part for part in (place, self.where, message) if part)


class CompileError(Exception):
    """Base of every error this package raises on purpose."""


class InputError(CompileError):
    """The input or the usage is wrong: exit status 2. Holds every problem, in file order."""

    def __init__(self, problems: Iterable[Problem] | Problem | str):
        if isinstance(problems, str):
            problems = Problem("", 0, 0, "", problems)
        if isinstance(problems, Problem):
            problems = (problems,)
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class WorkError(CompileError):
    """The work failed (an encoder stopped, a disk is full): exit status 1. What is done is kept.

    Attributes:
        warnings: of the run until then.
    """

    warnings: tuple[Notice, ...] = ()
