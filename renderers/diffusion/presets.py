"""The table of models and their presets (``presets.toml``), and a configuration's changes to it."""

from __future__ import annotations

import difflib
import functools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Any

from ..base import RendererError


@dataclass(frozen=True, slots=True)
class ModelPreset:
    """The parameters of a model at one quality; ``presets.toml`` explains them."""

    steps: int
    guidance: float
    max_pixels: int
    frames: int
    fps: float
    overlap: int = 0
    strength: float = 1.0
    crf: int = 0
    noise: float = 0.0
    guide: float = 0.0
    timesteps: tuple[float, ...] = ()
    refine: tuple[float, ...] = ()
    decode_timestep: float = 0.0
    decode_noise: float = 0.0
    interpolation: str = "rife"
    guidance_2: float = 0.0
    stg: float = 0.0
    modality: float = 1.0
    rescale: float = 0.0
    shift: float = 0.0
    negative: str = ""


@functools.cache
def model_table() -> Mapping[str, Any]:
    """Return ``presets.toml``, by renderer."""
    text = files(__package__).joinpath("presets.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def model_preset(
    renderer: str, quality: str, changes: Mapping[str, Any], variant: str | None = None
) -> ModelPreset:
    """Return a preset of the table with some fields changed.

    Args:
        renderer, quality: of the preset.
        changes: of the configuration, by field.
        variant: one of the renderer's ``variants``, for another model than the default one.

    Raises:
        RendererError: a value has the wrong type, or the table has no such field for the renderer.
    """
    rows = model_table()[renderer]
    row = {**rows["common"], **rows[quality]}
    if variant is not None:
        other = rows["variants"][variant]
        row |= {**other["common"], **other.get(quality, {})}
    offered = set(_field_names(rows))
    known = {field.name: field for field in fields(ModelPreset) if field.name in offered}
    for name, value in changes.items():
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
            raise RendererError(f"presets.{quality}: {name!r} is not a field; {hint}")
        is_list = known[name].type == "tuple[float, ...]"
        is_text = known[name].type == "str"
        types = (list, tuple) if is_list else (str,) if is_text else (int, float)
        if not isinstance(value, types) or isinstance(value, bool):
            raise RendererError(f"presets.{quality}.{name}: {value!r} is not a valid value")
        row[name] = value
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, (list, tuple)) else value
        for name, value in row.items()
    }
    return ModelPreset(**values)


def _field_names(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of all fields in a table, and of the tables within."""
    for name, value in table.items():
        yield name
        if isinstance(value, Mapping):
            yield from _field_names(value)
