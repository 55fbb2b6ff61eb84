"""Recipes: everything that decides a slot's pixels, and the key that names its media.

A recipe is stored as JSON (``schemas/recipe.schema.json``) in the slot's `GeneratorReference` and,
because editors drop unknown metadata, beside its media.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

from ..base import FITS, MIDDLE, QUALITIES, Keyframe, Lora, Motion, RendererError, Shot
from ..error_text import shortened
from ..files.digest import file_digest

_KINDS = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a mapping",
}
_T = TypeVar("_T")


class RecipeError(RendererError):
    """JSON is not a recipe; names the field that is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A shot, what renders it, and how its media are encoded.

    Attributes:
        renderer, version: name and version of the renderer.
        shot: without ``previous``, which depends on the rendered media.
        encoding: codec, preset and crf of the media.
        idr: frames of the media at which a stream copy may start or stop, ascending.
        follows: key of the slot whose media the shot continues.
        states_focus: whether the JSON states ``motion.focus``; early versions wrote none.
        extra: fields of later versions, by their path in the JSON; they count in the key.
    """

    renderer: str
    version: int
    shot: Shot
    encoding: Mapping[str, Any]
    idr: tuple[int, ...]
    follows: str | None = None
    states_focus: bool = True
    extra: Mapping[tuple[str | int, ...], Any] = field(default_factory=dict)

    @property
    def files(self) -> tuple[Path, ...]:
        """The stills, the depth map if there is one, and the LoRAs."""
        shot = self.shot
        depth = () if shot.depth is None else (shot.depth,)
        loras = (lora.path for lora in shot.motion.loras)
        return (*(keyframe.image for keyframe in shot.keyframes), *depth, *loras)

    @classmethod
    def from_json(cls, document: object) -> Recipe:
        """Read a recipe.

        Args:
            document: as `as_json` returns it. ``motion.focus`` may be missing, and unknown fields
                are kept.

        Raises:
            RecipeError: a field is missing, or of another type.
        """
        get = partial(_get, document)
        motion = get("motion", dict)
        focus = _items(motion["focus"], float, "motion.focus") if "focus" in motion else MIDDLE
        if len(focus) != 2:
            raise RecipeError(f"motion.focus of the recipe has {len(focus)} numbers, not 2")
        depth, follows = get("depth", object), get("follows", object)
        shot = Shot(
            width=get("width", int),
            height=get("height", int),
            fps=_rate(get("fps", str)),
            frames=get("frames", int),
            head=get("head", int),
            tail=get("tail", int),
            start=get("start", int),
            span=get("span", int),
            keyframes=tuple(
                Keyframe(Path(_get(one, "image", str)), _get(one, "frame", int))
                for one in get("keyframes", list)
            ),
            depth=Path(_checked(depth, str, "depth")) if depth else None,
            fit=_one_of(get("fit", str), FITS, "fit"),
            people=get("people", bool) if _has(document, "people") else False,
            prompt=get("prompt", str),
            negative_prompt=get("negative_prompt", str),
            written=get("written", str) if _has(document, "written") else "",
            ending=get("ending", str) if _has(document, "ending") else "",
            seed=get("seed", int),
            motion=Motion(
                camera=get("motion.camera", str),
                amount=get("motion.amount", float),
                easing=get("motion.easing", str),
                strength=get("motion.strength", float),
                loras=tuple(
                    Lora(Path(_get(one, "path", str)), _get(one, "weight", float))
                    for one in get("motion.loras", list)
                ),
                focus=(focus[0], focus[1]),
                zoom=get("motion.zoom", float) if "zoom" in motion else 1.0,
                depth_of_field=(
                    get("motion.depth_of_field", float) if "depth_of_field" in motion else 0.0
                ),
            ),
            quality=_one_of(get("quality", str), QUALITIES, "quality"),
            settings=get("settings", dict),
        )
        if not shot.keyframes:
            raise RecipeError("the recipe has no keyframes")
        known = cls(
            renderer=get("renderer", str),
            version=get("version", int),
            shot=shot,
            encoding=get("encoding", dict),
            idr=tuple(_items(get("idr", list), int, "idr")),
            follows=_checked(follows, str, "follows") if follows else None,
            states_focus="focus" in motion,
        )
        return replace(known, extra=dict(_unknown(document, known.as_json())))

    def as_json(self) -> dict[str, Any]:
        """Return the JSON document, with absolute paths."""
        shot, motion = self.shot, self.shot.motion
        document: dict[str, Any] = {
            "depth": str(shot.depth) if shot.depth else None,
            "encoding": dict(self.encoding),
            **({"ending": shot.ending} if shot.ending else {}),
            "fit": shot.fit,
            "follows": self.follows,
            "fps": f"{shot.fps.numerator}/{shot.fps.denominator}",
            "frames": shot.frames,
            "head": shot.head,
            "height": shot.height,
            "idr": list(self.idr),
            "keyframes": [{"frame": k.frame, "image": str(k.image)} for k in shot.keyframes],
            "motion": {
                "amount": motion.amount,
                "camera": motion.camera,
                **({"depth_of_field": motion.depth_of_field} if motion.depth_of_field else {}),
                "easing": motion.easing,
                **({"focus": list(motion.focus)} if self.states_focus else {}),
                "loras": [{"path": str(x.path), "weight": x.weight} for x in motion.loras],
                "strength": motion.strength,
                **({"zoom": motion.zoom} if motion.zoom != 1 else {}),
            },
            "negative_prompt": shot.negative_prompt,
            **({"people": True} if shot.people else {}),
            "prompt": shot.prompt,
            "quality": shot.quality,
            "renderer": self.renderer,
            "seed": shot.seed,
            "settings": dict(shot.settings),
            "span": shot.span,
            "start": shot.start,
            "tail": shot.tail,
            "version": self.version,
            "width": shot.width,
            **({"written": shot.written} if shot.written else {}),
        }
        for (*parents, name), value in self.extra.items():
            inner: Any = document
            for step in parents:
                inner = inner[step]
            inner[name] = value
        return document


def with_files(recipe: Recipe, new: Callable[[Path], Path]) -> Recipe:
    """Return a recipe whose `Recipe.files` have other paths."""
    shot, motion = recipe.shot, recipe.shot.motion
    shot = replace(
        shot,
        keyframes=tuple(replace(one, image=new(one.image)) for one in shot.keyframes),
        depth=new(shot.depth) if shot.depth else None,
        motion=replace(motion, loras=tuple(replace(x, path=new(x.path)) for x in motion.loras)),
    )
    return replace(recipe, shot=shot)


def recipe_key(recipe: Recipe, digest: Callable[[Path], str] = file_digest) -> str:
    """Return the SHA-256 of a recipe's canonical JSON, with file contents in place of paths.

    Moving a project or renaming a still changes no key; changing a pixel of the still does. The
    same holds for models that the renderer's settings name by an absolute path.

    Args:
        recipe: the recipe.
        digest: the digest of a file's or folder's content; `file_digest` caches by default.

    Raises:
        RendererError: a file that the recipe names cannot be read.
    """
    content = recipe.as_json()
    content["keyframes"] = [{**k, "image": digest(Path(k["image"]))} for k in content["keyframes"]]
    content["depth"] = digest(recipe.shot.depth) if recipe.shot.depth else None
    loras = [{**lora, "path": digest(Path(lora["path"]))} for lora in content["motion"]["loras"]]
    content["motion"] = {**content["motion"], "loras": loras}
    content["settings"] = _by_content(content["settings"], digest)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _by_content(value: Any, digest: Callable[[Path], str]) -> Any:
    """Replace absolute paths of existing files and folders by the digest of their content."""
    if isinstance(value, Mapping):
        return {key: _by_content(entry, digest) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_by_content(entry, digest) for entry in value]
    # A relative name is one of the hub, or a word, even if a folder of that name exists here.
    if isinstance(value, str) and Path(value).is_absolute() and _exists(Path(value)):
        return digest(Path(value))
    return value


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False  # Text that begins with a slash may be too long for a name.


def _unknown(
    value: Any, known: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield the fields that ``value`` has beyond ``known``, with their paths."""
    if isinstance(value, Mapping) and isinstance(known, Mapping):
        for name, entry in value.items():
            if name in known:
                yield from _unknown(entry, known[name], (*path, name))
            else:
                yield (*path, name), entry
    elif isinstance(value, list) and isinstance(known, list):
        for index, (entry, same) in enumerate(zip(value, known, strict=True)):
            yield from _unknown(entry, same, (*path, index))


def _get(document: object, path: str, kind: type[_T]) -> _T:
    """Return a field by its dotted path."""
    value = document
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            raise RecipeError(f"the recipe has no {path}")
        value = value[name]
    return _checked(value, kind, path)


def _has(document: object, name: str) -> bool:
    return isinstance(document, Mapping) and name in document


def _checked(value: object, kind: type[_T], path: str) -> _T:
    accepted = (int, float) if kind is float else kind
    if isinstance(value, accepted) and not (isinstance(value, bool) and kind in (int, float)):
        return cast("_T", value)
    raise RecipeError(f"{path} of the recipe is {shortened(value)}, not {_KINDS[kind]}")


def _items(values: object, kind: type[_T], path: str) -> list[_T]:
    return [_checked(value, kind, path) for value in _checked(values, list, path)]


def _one_of(value: str, allowed: Sequence[str], path: str) -> Any:
    if value in allowed:
        return value
    raise RecipeError(
        f"{path} of the recipe is {shortened(value)}, not one of {', '.join(allowed)}"
    )


def _rate(text: str) -> Fraction:
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if rate <= 0:
        raise RecipeError(f"fps of the recipe is {shortened(text)}, not a rate such as 24/1")
    return rate
