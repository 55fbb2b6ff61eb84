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

SAMPLED_ABOVE = 256 << 20
"""Bytes of a file above which its digest is taken from samples."""
_PIECES, _PIECE = 64, 1 << 20


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


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, or of a folder's: the names and contents of its files.

    A file is read again only when its size or time of change is another. Of files larger than
    `SAMPLED_ABOVE`, which are weights of models, it is that of their size and of pieces all over
    them: reading gigabytes would take longer than some renders.

    Raises:
        RendererError: the file cannot be read.
    """
    try:
        if path.is_dir():
            lines = [
                f"{_stat_digest(file)} {file.relative_to(path).as_posix()}"
                # By their parts: paths of Windows would be sorted without regard to case.
                for file in sorted(path.rglob("*"), key=lambda file: file.relative_to(path).parts)
                if file.is_file()
            ]
            return hashlib.sha256("\n".join(lines).encode()).hexdigest()
        return _stat_digest(path)
    except OSError as error:
        raise RendererError(f"{path}: cannot be read: {error.strerror}") from error


def _stat_digest(path: Path) -> str:
    state = path.stat()
    return _digest(path, state.st_size, state.st_mtime_ns)


@functools.lru_cache(maxsize=65536)
def _digest(path: Path, size: int, mtime_ns: int) -> str:
    with path.open("rb") as stream:
        if size <= SAMPLED_ABOVE:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        sample = hashlib.sha256(str(size).encode())
        for piece in range(_PIECES):
            stream.seek((size - _PIECE) * piece // (_PIECES - 1))
            sample.update(stream.read(_PIECE))
        return sample.hexdigest()
