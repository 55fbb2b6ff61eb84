"""Check the pictures of a scene: keyframes in order, renderer, LoRAs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from typing import Any

from ...errors import Problem
from ..schema_check import nearest, show
from ..yaml_source import KeyPath, YamlSource
from .files import ScriptFiles
from .plain_data import entries
from .scene_positions import check_place, share_of


def check_keyframes(
    source: YamlSource, scene: Mapping[str, Any], path: KeyPath, files: ScriptFiles
) -> Iterator[Problem]:
    """Check that there is one still, or several in the order of their times."""
    stated = [key for key in ("keyframe", "keyframes") if key in scene]
    if len(stated) != 1:
        what = "has keyframe and keyframes" if stated else "has no keyframe"
        yield source.problem(path, what, "name one still, or several under keyframes")
    files.check(scene.get("keyframe"), (*path, "keyframe"), "image")
    before = Fraction(-1)
    for keyframe, here in entries(scene, "keyframes", path):
        files.check(keyframe.get("image"), (*here, "image"), "image")
        at = keyframe.get("at", "start")
        yield from check_place(source, at, scene.get("text"), (*here, "at"))
        share = {"start": Fraction(0), "end": Fraction(1)}.get(str(at), share_of(at))
        if share is not None:
            if share <= before:
                what = f"{show(at)} is not after the previous keyframe"
                yield source.problem((*here, "at"), what, "put keyframes in order of time")
            before = max(before, share)


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
