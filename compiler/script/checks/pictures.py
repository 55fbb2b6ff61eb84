"""Check the pictures of a scene: stills and clips in order, ranges of clips, renderer, LoRAs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from typing import Any

from ...errors import Problem
from ..shown_values import nearest, show
from ..yaml_source import KeyPath, YamlSource
from .files import ScriptFiles
from .plain_data import entries, is_number
from .scene_positions import check_place, share_of

OF_STILLS = ("depth", "motion", "prompt", "negative_prompt", "renderer", "quality", "seed")
"""Keys of a scene that apply to its stills alone."""


def check_pictures(
    source: YamlSource, scene: Mapping[str, Any], path: KeyPath, files: ScriptFiles
) -> Iterator[Problem]:
    """Check that there is one still, one clip, or several of them in the order of their times."""
    stated = [key for key in ("keyframe", "keyframes", "clip") if key in scene]
    if len(stated) != 1:
        what = f"has {' and '.join(stated)}" if stated else "has no keyframe"
        hint = "name one still, one clip, or several under keyframes"
        yield source.problem(path, what, hint)
    faults = [files.still(scene.get("keyframe"), (*path, "keyframe"))]
    if "clip" in scene:
        yield from _check_clip(source, scene["clip"], (*path, "clip"), files)
    before = Fraction(-1)
    only_clips = stated == ["clip"]
    listed = list(entries(scene, "keyframes", path))
    for keyframe, here in listed:
        if ("image" in keyframe) == ("clip" in keyframe):
            what = "has image and clip" if "image" in keyframe else "has neither image nor clip"
            yield source.problem(here, what, "name one of them")
        faults.append(files.still(keyframe.get("image"), (*here, "image")))
        if "clip" in keyframe:
            yield from _check_clip(source, keyframe["clip"], (*here, "clip"), files)
        at = keyframe.get("at", "start")
        if "clip" in keyframe and at in ("end", "100%"):
            what = "a clip has no time to play at the end of the scene"
            yield source.problem((*here, "at"), what, "let it begin earlier")
        yield from check_place(source, at, scene.get("text"), (*here, "at"))
        share = {"start": Fraction(0), "end": Fraction(1)}.get(str(at), share_of(at))
        if share is not None:
            if share <= before:
                what = f"{show(at)} is not after the previous keyframe"
                yield source.problem((*here, "at"), what, "put keyframes in order of time")
            before = max(before, share)
    yield from (fault for fault in faults if fault is not None)
    if only_clips or (listed and all("clip" in keyframe for keyframe, _ in listed)):
        for key in OF_STILLS:
            if key in scene:
                what = "does not apply to a clip"
                yield source.problem((*path, key), what, "leave it out", at_key=True)


def check_renderer(
    source: YamlSource, holder: Mapping[str, Any], path: KeyPath, renderers: Collection[str] | None
) -> Iterator[Problem]:
    """Check that the renderer of a scene, or of the defaults, exists."""
    name = holder.get("renderer")
    if isinstance(name, str) and renderers is not None and name not in renderers:
        hint = nearest(name, sorted(renderers))
        yield source.problem((*path, "renderer"), f"{name!r} is not a renderer", hint)


def check_loras(holder: Mapping[str, Any], path: KeyPath, files: ScriptFiles) -> None:
    """Check the LoRA files of a scene, or of the defaults."""
    motion = holder.get("motion")
    if isinstance(motion, dict):
        for lora, here in entries(motion, "loras", (*path, "motion")):
            files.check(lora.get("path"), (*here, "path"), "file")


def _check_clip(
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
