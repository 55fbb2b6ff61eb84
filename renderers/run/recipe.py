"""Recipes: everything that decides a slot's pixels, as JSON, and the key that names the result.

The format is ``schemas/recipe.schema.json``. A recipe lives in the slot's `GeneratorReference` and,
because editors drop what they don't know, beside its media.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

from ..base import Keyframe, Lora, Motion, Shot
from ..files.digest import file_digest

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
            focus=tuple(motion.get("focus", (0.5, 0.5))),
        ),
        quality=recipe["quality"],
        settings=recipe["settings"],
        previous=previous,
    )


def recipe_key(recipe: Recipe, digest: Callable[[Path], str] | None = None) -> str:
    """SHA-256 of a recipe in which the content of every file stands for its name.

    Moving a project or renaming a still changes no key; changing a pixel of the still does. The
    same holds for models that the renderer's own settings name: absolute paths of files and folders
    that exist.

    Args:
        recipe: the recipe.
        digest: the digest of a file's or folder's content; remembers what it has read by default.

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
    content["settings"] = _by_content(recipe["settings"], of)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _by_content(value: Any, of: Callable[[Path], str]) -> Any:
    """Settings with the digest of a file or folder for every absolute path of one."""
    if isinstance(value, Mapping):
        return {key: _by_content(entry, of) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_by_content(entry, of) for entry in value]
    # Relative names are the hub's, or words; whether a folder of that name lies about is chance.
    if isinstance(value, str) and Path(value).is_absolute() and _is_there(Path(value)):
        return of(Path(value))
    return value


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False  # Words that begin with a slash may be longer than any name.
