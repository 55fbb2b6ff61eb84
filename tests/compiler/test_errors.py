"""Problems name their place, as far as it is known, in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from otio_gvideo.compiler.errors import InputError, Place, Problem

PLACE = Place("s.yaml", 31, 22, "scenes[2].id")


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem.at(PLACE, "is empty", "name it"), "s.yaml:31:22: scenes[2].id: is empty; name it"),
        (Problem.in_file(Path("a.otio"), "no such file"), "a.otio: no such file"),
        (Problem.in_file("a.otio", "is missing", where="storm"), "a.otio: storm: is missing"),
        (Problem.option("--output", "is a folder", "name a file"),
         "--output: is a folder; name a file"),
        (Problem.general("nothing to do"), "nothing to do"),
        (Problem.in_file("a\n\x1b[2J.wav", "is silent"), r"a\n\x1b[2J.wav: is silent"),
    ],
)  # fmt: skip
def test_a_problem_is_one_line(problem: Problem, line: str) -> None:
    assert str(problem) == line


def test_an_input_error_lists_all_problems_in_order() -> None:
    late, early = Problem.at(Place("a", 10, 1), "x"), Problem.at(Place("a", 9, 2), "y")
    assert str(InputError(sorted([late, early]))) == "a:9:2: y\na:10:1: x"
    assert InputError("no").problems == (Problem.general("no"),)
