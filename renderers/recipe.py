"""Recipes: everything that decides a slot's pixels, as JSON, and the key that names the result.

The format is ``schemas/recipe.schema.json``. A recipe lives in the slot's `GeneratorReference` and,
because editors drop what they don't know, beside its media.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

from .base import Keyframe, Lora, Motion, RendererError, Shot

Recipe: TypeAlias = Mapping[str, Any]


def shot_from_recipe(recipe: Recipe, previous: Path | None = None) -> Shot:
    """The shot that a recipe describes.

    Args:
        recipe: valid against its schema.
        previous: media of the slot that it follows, where the renderer wants it.
    """
    motion = recipe["motion"]
    return Shot(
        width=recipe["width"],
        height=recipe["height"],
        fps=Fraction(recipe["fps"]),
        frames=recipe["frames"],
        head=recipe["head"],
        tail=recipe["tail"],
        start=recipe["start"],
        span=recipe["span"],
        keyframes=tuple(Keyframe(Path(k["image"]), k["frame"]) for k in recipe["keyframes"]),
        depth=Path(recipe["depth"]) if recipe["depth"] else None,
        fit=recipe["fit"],
        prompt=recipe["prompt"],
        negative_prompt=recipe["negative_prompt"],
        seed=recipe["seed"],
        motion=Motion(
            camera=motion["camera"],
            amount=motion["amount"],
            easing=motion["easing"],
            strength=motion["strength"],
            loras=tuple(Lora(Path(x["path"]), x["weight"]) for x in motion["loras"]),
        ),
        quality=recipe["quality"],
        settings=recipe["settings"],
        previous=previous,
    )


def recipe_key(recipe: Recipe, digest: Callable[[Path], str] | None = None) -> str:
    """SHA-256 of a recipe in which the content of every file stands for its name.

    Moving a project or renaming a still changes no key; changing a pixel of the still does.

    Args:
        recipe: the recipe.
        digest: the digest of a file's content; remembers what it has read by default.

    Raises:
        RendererError: a file that the recipe names cannot be read.
    """
    of = digest or file_digest
    content = dict(recipe)
    content["keyframes"] = [{**k, "image": of(Path(k["image"]))} for k in recipe["keyframes"]]
    content["depth"] = of(Path(recipe["depth"])) if recipe["depth"] else None
    motion = recipe["motion"]
    content["motion"] = {
        **motion,
        "loras": [{**lora, "path": of(Path(lora["path"]))} for lora in motion["loras"]],
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file, read again only when its size or time of change is another.

    Raises:
        RendererError: the file cannot be read.
    """
    try:
        state = path.stat()
        return _digest(path, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise RendererError(f"{path}: cannot be read: {error.strerror}") from error


@functools.lru_cache(maxsize=65536)
def _digest(path: Path, size: int, mtime_ns: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
