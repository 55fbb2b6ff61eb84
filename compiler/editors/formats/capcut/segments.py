"""Segments of a CapCut draft: what plays when, from where, how loud.

A segment names its material, and by position in ``extra_material_refs`` the small materials that it
has for itself: of a picture speed, placeholder, transition if any, canvas, channels, colour and
voice separation; of a sound speed, placeholder, fade if any, channels and voice separation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from .materials import DraftMaterials

_TEXT_LAYER = 15_000
"""``render_index`` of texts: above all pictures."""


def picture_segment(
    parts: DraftMaterials,
    material: str,
    target: tuple[int, int],
    source: tuple[int, int],
    speed: Fraction,
    *,
    transition: str = "",
    scale: float = 1.0,
    volume: float = 1.0,
    layer: int = 0,
    keyframes: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return a segment of a picture track.

    Args:
        material: of the picture.
        target, source: start and length in microseconds, of the reel and of the file.
        speed: positive.
        transition: material of the transition to the next segment.
        scale: 1 fits the picture into the frame.
        volume: linear.
        layer: of the track, from 0 for the lowest.
        keyframes: from `keyframes`.
    """
    canvas = {"album_image": "", "blur": 0.0, "color": "", "image": "", "image_id": ""}
    colour = {"is_color_clip": False, "is_gradient": False, "solid_color": ""}
    more = [
        _speed(parts, speed),
        _placeholder(parts),
        *([transition] if transition else []),
        parts.add("canvases", canvas | {"source_platform": 0, "type": "canvas_color"}),
        _channels(parts),
        parts.add("material_colors", colour | {"type": "material_color"}),
        _voices(parts),
    ]
    segment = _segment(parts, material, target, source, float(speed), volume, more, keyframes)
    return segment | {
        "clip": _clip(scale),
        "hdr_settings": {"intensity": 1.0, "mode": 1, "nits": 1000},
        "render_index": layer,
        "track_render_index": layer,
        "uniform_scale": {"on": True, "value": scale},
    }


def sound_segment(
    parts: DraftMaterials,
    material: str,
    target: tuple[int, int],
    source: tuple[int, int],
    speed: Fraction,
    *,
    fades: tuple[int, int] = (0, 0),
    volume: float = 1.0,
    keyframes: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return a segment of a sound track; ``fades`` are lengths in microseconds."""
    more = [_speed(parts, speed), _placeholder(parts)]
    if any(fades):
        values = {"fade_in_duration": fades[0], "fade_out_duration": fades[1]}
        more.append(parts.add("audio_fades", values | {"fade_type": 0, "type": "audio_fade"}))
    more += [_channels(parts), _voices(parts)]
    segment = _segment(parts, material, target, source, float(speed), volume, more, keyframes)
    return segment | {"clip": None, "hdr_settings": None, "render_index": 0}


def text_segment(
    parts: DraftMaterials, material: str, target: tuple[int, int], up: float
) -> dict[str, Any]:
    """Return a caption, whose middle is ``up`` half heights of the frame above its middle."""
    animations = {"animations": [], "multi_language_current": "none"}
    more = [parts.add("material_animations", animations | {"type": "sticker_animation"})]
    return _segment(parts, material, target, None, 1.0, 1.0, more, ()) | {
        "clip": _clip(1.0, up),
        "render_index": _TEXT_LAYER,
        "uniform_scale": {"on": True, "value": 1.0},
    }


def keyframes(
    parts: DraftMaterials, property_type: str, points: Sequence[tuple[int, float]]
) -> list[dict[str, Any]]:
    """Return the keyframes of a property: microseconds from the segment's start, and values."""
    if not points:
        return []
    flat = {"curveType": "Line", "graphID": ""}
    handles = {side: {"x": 0.0, "y": 0.0} for side in ("left_control", "right_control")}
    made = [
        {"id": parts.new_id(), **flat, **handles, "time_offset": at, "values": [value]}
        for at, value in points
    ]
    frame = {"id": parts.new_id(), "keyframe_list": made, "material_id": ""}
    return [frame | {"property_type": property_type}]


def _segment(
    parts: DraftMaterials,
    material: str,
    target: tuple[int, int],
    source: tuple[int, int] | None,
    speed: float,
    volume: float,
    more: list[str],
    keyframes: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    return {
        "common_keyframes": list(keyframes),
        "enable_adjust": True,
        "enable_color_curves": True,
        "enable_color_wheels": True,
        "enable_lut": True,
        "extra_material_refs": more,
        "id": parts.new_id(),
        "is_tone_modify": False,
        "keyframe_refs": [],
        "last_nonzero_volume": volume or 1.0,
        "material_id": material,
        "render_timerange": {"duration": 0, "start": 0},
        "reverse": False,
        "source_timerange": None if source is None else _range(source),
        "speed": speed,
        "target_timerange": _range(target),
        "track_attribute": 0,
        "track_render_index": 0,
        "visible": True,
        "volume": volume,
    }


def _speed(parts: DraftMaterials, speed: Fraction) -> str:
    values = {"curve_speed": None, "mode": 0, "speed": float(speed)}
    return parts.add("speeds", values | {"type": "speed"})


def _placeholder(parts: DraftMaterials) -> str:
    names = ("error_path", "error_text", "res_path", "res_text")
    values = dict.fromkeys(names, "") | {"meta_type": "none"}
    return parts.add("placeholder_infos", values | {"type": "placeholder_info"})


def _channels(parts: DraftMaterials) -> str:
    values = {"audio_channel_mapping": 0, "is_config_open": False, "type": "none"}
    return parts.add("sound_channel_mappings", values)


def _voices(parts: DraftMaterials) -> str:
    values = {"choice": 0, "production_path": "", "removed_sounds": [], "time_range": None}
    return parts.add("vocal_separations", values | {"type": "vocal_separation"})


def _range(span: tuple[int, int]) -> dict[str, int]:
    return {"duration": span[1], "start": span[0]}


def _clip(scale: float, up: float = 0.0) -> dict[str, Any]:
    return {
        "alpha": 1.0,
        "flip": {"horizontal": False, "vertical": False},
        "rotation": 0.0,
        "scale": {"x": scale, "y": scale},
        "transform": {"x": 0.0, "y": up},
    }
