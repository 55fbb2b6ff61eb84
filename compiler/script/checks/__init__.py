"""Checks of a script beyond its schema: files, names, times and places that must fit together.

They run on the plain data even after schema violations, so that all problems are reported at once;
a value of the wrong type is skipped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from typing import Any

from ...errors import Problem
from ..shown_values import show
from ..yaml_source import KeyPath, YamlSource, format_path
from .captions import check_captions
from .files import ScriptFiles
from .output import check_output
from .pictures import check_loras, check_pictures, check_renderer
from .plain_data import entries, is_number
from .sound import check_music, check_narration, check_sounds
from .times import check_time, check_timing


def check_script(
    source: YamlSource, files: ScriptFiles, renderers: Collection[str] | None
) -> Iterator[Problem]:
    """Yield all problems of a script beyond its schema, but those of its files.

    Args:
        source: the script.
        files: checks the files in the background; `ScriptFiles.problems` has theirs.
        renderers: names of all renderers; None to accept any.
    """
    data: Any = source.data
    if not isinstance(data, dict):
        return
    yield from check_output(source, data.get("output"))
    length = check_narration(data.get("narration"), ("narration",), files)
    yield from check_music(source, data.get("music"), files)
    yield from check_captions(source, data.get("captions"), files)
    yield from _check_silences(source, data.get("silences"))
    defaults = data.get("defaults")
    if isinstance(defaults, dict):
        yield from check_renderer(source, defaults, ("defaults",), renderers)
        check_loras(defaults, ("defaults",), files)
    yield from _check_names(source, data)
    end = Fraction(0)
    for scene, path in entries(data, "scenes", ()):
        yield from check_timing(source, scene, path, "narration" in data)
        yield from check_renderer(source, scene, path, renderers)
        own = check_narration(scene.get("narration"), (*path, "narration"), files)
        end = yield from check_time(source, scene, path, end, own or length)
        end = Fraction(0) if own else end
        yield from check_pictures(source, scene, path, files)
        yield from check_sounds(source, scene, path, files)
        files.check(scene.get("depth"), (*path, "depth"), "image")
        check_loras(scene, path, files)


def _check_silences(source: YamlSource, silences: object) -> Iterator[Problem]:
    if not isinstance(silences, dict):
        return
    keep, longer = silences.get("keep", Fraction(1, 4)), silences.get("longer_than")
    if is_number(keep) and is_number(longer) and keep > longer:
        what = f"{show(keep)} s would be kept of pauses longer than {show(longer)} s"
        yield source.problem(("silences", "keep"), what, "keep less than longer_than")


def _check_names(source: YamlSource, data: Mapping[str, Any]) -> Iterator[Problem]:
    """Check that ids are unique."""
    first: dict[str, KeyPath] = {}
    for scene, path in entries(data, "scenes", ()):
        name = scene.get("id")
        if not isinstance(name, str):
            continue
        if name in first:
            what = f"{name!r} is already the id of {format_path(first[name])}"
            yield source.problem((*path, "id"), what, "give each scene a name of its own")
        first.setdefault(name, path)
