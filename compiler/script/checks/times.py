"""When a scene is: by its text, its time or its duration, one after another."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from fractions import Fraction
from typing import Any

from ...errors import Problem
from ..schema_check import show
from ..tokens import tokenize
from ..yaml_source import Path_, YamlSource
from .plain_data import is_number

CLOCKS = ("text", "time", "duration")


def check_clock(
    source: YamlSource, scene: Mapping[str, Any], path: Path_, narrated: bool
) -> Iterator[Problem]:
    """One thing says when a scene is, and what it counts in is there.

    Args:
        source: the script.
        scene: the scene.
        path: where it stands.
        narrated: whether the script has a narration of its own.
    """
    stated = [key for key in CLOCKS if key in scene]
    if len(stated) != 1:
        what = f"has {' and '.join(stated)}" if stated else "has none of text, time and duration"
        yield source.problem(path, what, "exactly one of them says when the scene is")
        return
    spoken = stated[0] != "duration"
    if spoken and not narrated and "narration" not in scene:
        hint = "add a narration at the top of the script, or one to every scene that speaks"
        yield source.problem((*path, stated[0]), "there is no narration to find it in", hint)
    if narrated and "narration" in scene:
        what = "the script has a narration of its own already"
        yield source.problem((*path, "narration"), what, "use the one way or the other")
    if not spoken and "narration" in scene:
        yield source.problem((*path, "narration"), "a silent beat has no narration", "remove it")
    text = scene.get("text")
    if isinstance(text, str) and text and not tokenize(text):
        yield source.problem((*path, "text"), "holds no word", "use duration for a silent beat")


def check_time(
    source: YamlSource,
    scene: Mapping[str, Any],
    path: Path_,
    clock: Fraction,
    length: Fraction | None,
) -> Generator[Problem, None, Fraction]:
    """Times are inside the narration and one after another; returns where the scene ends."""
    time = scene.get("time")
    if not isinstance(time, dict):
        return clock
    start, end = time.get("start"), time.get("end")
    if not (is_number(start) and is_number(end)):
        return clock
    here = (*path, "time")
    if end <= start:
        yield source.problem((*here, "end"), f"{show(end)} is not after {show(start)}", "")
    if start < clock:
        what = f"{show(start)} s lies in the scene before, which ends at {show(clock)} s"
        yield source.problem((*here, "start"), what, "times must not overlap")
    if length is not None and end > length:
        what = f"{show(end)} s is past the end of the narration, {float(length):.2f} s"
        yield source.problem((*here, "end"), what, "")
    return max(clock, Fraction(end))
