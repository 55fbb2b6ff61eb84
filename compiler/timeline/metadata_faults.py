"""Validate this project's metadata in a timeline: types and bounds.

People and programs edit timelines; later code trusts the types.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from ...renderers.error_text import shortened
from ..sync.rationals import parse_rational
from .metadata import NAMESPACE

LOWEST_FPS, HIGHEST_FPS = Fraction(1, 100), 1000
SMALLEST, LARGEST = 2, 16384
"""Pixels of a side of the reel; the limit of encoders."""
LATEST_S = 1e7
"""Largest time of a word, in seconds."""


def metadata_faults(timeline: otio.schema.Timeline) -> Iterator[str]:
    """Yield the faults in a timeline's own metadata, one line each."""
    stated = timeline.metadata.get(NAMESPACE)
    if stated is None:
        return
    if not _is_mapping(stated):
        yield f"metadata.{NAMESPACE} is not a mapping"
        return
    output = stated.get("output")
    if output is not None:
        yield from _output_faults(output) if _is_mapping(output) else ["output is not a mapping"]
    yield from _word_faults(stated.get("words"))
    yield from _scene_faults(stated.get("scenes"))
    if stated.get("captions") is not None and not _is_mapping(stated["captions"]):
        yield "captions is not a mapping"
    if not _is_cover(stated.get("cover")):
        yield "cover names no frame of the reel, as in {frame: 43, clip: storm, clip_frame: 12}"
    models = stated.get("generated_by")
    if models is not None and not (_is_list(models) and all(map(_is_mapping, models))):
        yield "generated_by is not a list of mappings"


def recipe_faults(generator: otio.schema.GeneratorReference) -> Iterator[str]:
    """What of a slot's recipe is not even of the right kind; renderers check the rest."""
    recipe = generator.parameters
    foreign = _not_json(recipe)
    if foreign:
        yield f"the recipe holds {foreign}, which is not JSON"
    keyframes, motion = recipe.get("keyframes") or [], recipe.get("motion") or {}
    if not (_is_list(keyframes) and all(map(_is_mapping, keyframes))):
        yield "keyframes of the recipe are no list of mappings"
    elif not all(isinstance(one.get("image"), str) for one in keyframes):
        yield "keyframes of the recipe name no image"
    if not _is_mapping(motion):
        yield "motion of the recipe is not a mapping"
    elif not (_is_list(loras := motion.get("loras") or []) and all(map(_is_mapping, loras))):
        yield "loras of the recipe are no list of mappings"


def _not_json(value: Any) -> str:
    """Return the first value that is not JSON; empty if there is none."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if _is_mapping(here):
            waiting += [one for _, one in here.items()]
        elif _is_list(here):
            waiting += here
        elif not (here is None or isinstance(here, str | bool) or is_number(here)):
            return f"{type(here).__name__} {shortened(here)}"
    return ""


def is_own_mapping(item: otio.core.SerializableObjectWithMetadata) -> bool:
    """Whether this project's metadata of an item are a mapping or missing."""
    return _is_mapping(item.metadata.get(NAMESPACE, {}))


def _output_faults(output: Any) -> Iterator[str]:
    if "fps" in output:
        fps = output["fps"]
        try:
            if not LOWEST_FPS <= parse_rational(str(fps)) <= HIGHEST_FPS:
                yield f"output.fps is {fps}; {LOWEST_FPS} to {HIGHEST_FPS} are possible"
        except (ValueError, TypeError, ArithmeticError):
            yield f"output.fps is {shortened(fps)}, which is not a rate"
    for side in ("width", "height"):
        if side in output:
            pixels = output[side]
            if not (is_number(pixels) and pixels == int(pixels) and SMALLEST <= pixels <= LARGEST):
                yield f"output.{side} is {shortened(pixels)}; {SMALLEST} to {LARGEST} are possible"
    if "loudness" in output and not is_number(output["loudness"]):
        yield f"output.loudness is {shortened(output['loudness'])}, which is not a number"


def _word_faults(words: Any) -> Iterator[str]:
    if words is None:
        return
    if not _is_list(words):
        yield "words is not a list"
        return
    for index, word in enumerate(words):
        if not _is_mapping(word):
            yield f"words[{index}] is not a mapping"
        elif not isinstance(word.get("text"), str):
            yield f"words[{index}] has no text"
        elif not all(_is_time(word.get(end)) for end in ("start", "end")):
            yield f"words[{index}] has no start and end in seconds"
        elif not _is_probability(word.get("confidence")):
            yield f"the confidence of words[{index}] is not a number from 0 to 1"
        for key in ("line_end", "spaced") if _is_mapping(word) else ():
            if not isinstance(word.get(key, False), bool):
                yield f"{key} of words[{index}] is not true or false"


def _scene_faults(scenes: Any) -> Iterator[str]:
    if scenes is None:
        return
    if not _is_list(scenes):
        yield "scenes is not a list"
        return
    for index, scene in enumerate(scenes):
        if not (_is_mapping(scene) and isinstance(scene.get("scene"), str)):
            yield f"scenes[{index}] names no scene"
        elif not _is_probability(scene.get("confidence")):
            yield f"the confidence of scenes[{index}] is not a number from 0 to 1"
        elif not _are_rows(scene.get("heads")):
            yield f"the heads of scenes[{index}] are not two numbers from 0 to 1"


def _is_cover(value: Any) -> bool:
    """Whether a value states a cover; None is a reel without."""
    if value is None:
        return True
    if not _is_mapping(value) or not _is_frame(value.get("frame")) or value["frame"] < 0:
        return False
    return value.get("clip") is None or _is_frame(value.get("clip_frame"))


def _is_frame(value: Any) -> bool:
    return is_number(value) and value == int(value) and abs(value) <= LATEST_S * HIGHEST_FPS


def _is_probability(value: Any) -> bool:
    """Whether a value is a confidence; None is an unknown one."""
    return value is None or (is_number(value) and 0 <= value <= 1)


def _are_rows(value: Any) -> bool:
    """Whether a value states the rows of heads; None is a scene without."""
    if value is None:
        return True
    return _is_list(value) and len(value) == 2 and all(is_number(x) and 0 <= x <= 1 for x in value)


def is_number(value: object) -> bool:
    """Whether a value is a finite number, as JSON knows them."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_time(value: Any) -> bool:
    return is_number(value) and abs(value) <= LATEST_S


def _is_mapping(value: object) -> bool:
    return hasattr(value, "items")


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
