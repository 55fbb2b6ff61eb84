"""Check the timing of scenes: by text, time or duration, one after another."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from fractions import Fraction
from typing import Any

from ...errors import Problem
from ..shown_values import show
from ..tokens import tokenize
from ..yaml_source import KeyPath, YamlSource
from .plain_data import is_number

TIMINGS = ("text", "time", "duration")


def check_timing(
    source: YamlSource, scene: Mapping[str, Any], path: KeyPath, narrated: bool
) -> Iterator[Problem]:
    """Check that a scene has exactly one of text, time and duration, and a narration if needed.

    Args:
        source: the script.
        scene: the scene.
        path: of the scene.
        narrated: whether the script has a narration of its own.
    """
    stated = [key for key in TIMINGS if key in scene]
    if len(stated) != 1:
        what = f"has {' and '.join(stated)}" if stated else "has none of text, time and duration"
        yield source.problem(path, what, "give exactly one of them")
        return
    spoken = stated[0] != "duration"
    if spoken and not narrated and "narration" not in scene:
        hint = "add a narration to the script, or one to every spoken scene"
        yield source.problem((*path, stated[0]), "needs a narration", hint)
    if narrated and "narration" in scene:
        what = "the script has a narration already"
        yield source.problem((*path, "narration"), what, "keep one of them")
    if not spoken and "narration" in scene:
        yield source.problem((*path, "narration"), "a silent beat has no narration", "remove it")
    text = scene.get("text")
    if isinstance(text, str) and text and not tokenize(text):
        yield source.problem((*path, "text"), "has no words", "use duration for a silent beat")


def check_time(
    source: YamlSource,
    scene: Mapping[str, Any],
    path: KeyPath,
    previous_end: Fraction,
    length: Fraction | None,
) -> Generator[Problem, None, Fraction]:
    """Check that times are in order and inside the narration; return the end of the scene."""
    time = scene.get("time")
    if not isinstance(time, dict):
        return previous_end
    start, end = time.get("start"), time.get("end")
    if not (is_number(start) and is_number(end)):
        return previous_end
    here = (*path, "time")
    if end <= start:
        yield source.problem((*here, "end"), f"{show(end)} is not after {show(start)}", "")
    if start < previous_end:
        what = f"{show(start)} s is before the end of the previous scene, {show(previous_end)} s"
        yield source.problem((*here, "start"), what, "times must not overlap")
    if length is not None and end > length:
        what = f"{show(end)} s is past the end of the narration, {float(length):.2f} s"
        yield source.problem((*here, "end"), what, "")
    return max(previous_end, Fraction(end))
