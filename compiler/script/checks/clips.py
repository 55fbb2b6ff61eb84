"""Check a clip: its file, and its range of it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from ...errors import Problem
from ..shown_values import show
from ..yaml_source import KeyPath, YamlSource
from .files import ScriptFiles
from .plain_data import is_number


def check_clip(
    source: YamlSource, clip: object, path: KeyPath, files: ScriptFiles
) -> Iterator[Problem]:
    """Check that a clip is a video, and that its times lie in it."""
    if not isinstance(clip, dict):
        files.video(clip, path)
        return
    values: dict[str, Any] = clip
    info = files.video(values.get("video"), (*path, "video"))
    start, end = values.get("in", Fraction(0)), values.get("out")
    if is_number(start) and is_number(end) and 0 < end <= start:
        what = f"{show(end)} s is not after in, {show(start)} s"
        yield source.problem((*path, "out"), what, "swap them, or leave one out")
    if values.get("fit") == "speed" and "speed" in values:
        what = "fit: speed computes the speed"
        yield source.problem((*path, "speed"), what, "leave out one of them")
    if info is None or info.video is None:
        return
    first, last = info.video.delay, info.video.end
    what = f"s is past the end of the video, {float(last):.2f} s"
    if is_number(start) and start >= last:
        yield source.problem((*path, "in"), f"{show(start)} {what}")
    if is_number(end) and end > last + 1 / info.video.fps:  # Players state lengths rounded.
        yield source.problem((*path, "out"), f"{show(end)} {what}")
    if is_number(end) and 0 < end <= first:
        what = f"{show(end)} s is before the first picture of the video, {float(first):.2f} s"
        yield source.problem((*path, "out"), what)
    if "sound_db" in values and info.audio is None:
        yield source.problem((*path, "sound_db"), "the video has no sound", "leave it out")
