"""Parts of a CapCut draft: materials, segments, tracks.

A segment names its material, and by position in ``extra_material_refs`` the small materials that it
has for itself: of a picture speed, placeholder, transition if any, canvas, channels, colour and
voice separation; of a sound speed, placeholder, fade if any, channels and voice separation.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from .capcut_transitions import TransitionName

STILL_US = 10_800_000_000
"""Length that a still is given: three hours."""
_LISTS = (
    *("ai_translates", "audio_balances", "audio_effects", "audio_fades", "audio_pannings"),
    *("audio_pitch_shifts", "audio_track_indexes", "audios", "beats", "canvases", "chromas"),
    *("color_curves", "common_mask", "digital_human_model_dressing", "digital_humans"),
    *("drafts", "effects", "flowers", "green_screens", "handwrites", "hsl", "hsl_curves"),
    *("images", "log_color_wheels", "loudnesses", "manual_beautys", "manual_deformations"),
    *("masks", "material_animations", "material_colors", "multi_language_refs"),
    *("placeholder_infos", "placeholders", "plugin_effects", "primary_color_wheels"),
    *("realtime_denoises", "shapes", "smart_crops", "smart_relights"),
    *("sound_channel_mappings", "speeds", "stickers", "tail_leaders", "text_templates"),
    *("texts", "time_marks", "transitions", "video_effects", "video_radius", "video_shadows"),
    *("video_strokes", "video_trackings", "videos", "vocal_beautifys", "vocal_separations"),
)
"""The lists of materials that drafts hold, most of them empty."""
_FULL_CROP = {
    f"{vertical}_{horizontal}_{axis}": float(value)
    for vertical, y in (("upper", 0), ("lower", 1))
    for horizontal, x in (("left", 0), ("right", 1))
    for axis, value in (("x", x), ("y", y))
}
_TEXT_LAYER = 15_000
"""``render_index`` of texts: above all pictures."""


class DraftParts:
    """The materials and tracks of a draft under construction.

    Identifiers depend on ``seed`` and order alone, so that a draft that is written again is equal.

    Args:
        seed: differs between drafts.
        fps: of the reel.
    """

    def __init__(self, seed: str, fps: Fraction):
        self.materials: dict[str, list[dict[str, Any]]] = {name: [] for name in _LISTS}
        self.tracks: list[dict[str, Any]] = []
        self._seed, self._made, self._fps = seed, 0, fps

    def new_id(self) -> str:
        """Return the next identifier."""
        self._made += 1
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._seed}#{self._made}")).upper()

    def us(self, frames: Fraction | int) -> int:
        """Return a frame of the reel in microseconds."""
        return round(frames * 1_000_000 / self._fps)

    def add(self, kind: str, values: Mapping[str, Any]) -> str:
        """Add a material to a list, and return its identifier."""
        name = self.new_id()
        self.materials[kind].append({"id": name, **values})
        return name

    def track(self, kind: str, name: str, *, muted: bool = False) -> list[dict[str, Any]]:
        """Add a track, and return its list of segments."""
        segments: list[dict[str, Any]] = []
        self.tracks.append(
            {
                "attribute": int(muted),
                "flag": 0,
                "id": self.new_id(),
                "is_default_name": not name,
                "name": name,
                "segments": segments,
                "type": kind,
            }
        )
        return segments

    def picture(self, path: str, size: tuple[int, int], length_us: int, medium: str) -> str:
        """Add a video, or a still if ``length_us`` is `STILL_US`.

        Args:
            path: absolute.
            size: width and height as displayed, in pixels.
            length_us: of the file.
            medium: identifier of the file in the list of media.
        """
        return self.add(
            "videos",
            {
                "audio_fade": None,
                "category_id": "",
                "category_name": "local",
                "check_flag": 63487,
                "crop": dict(_FULL_CROP),
                "crop_ratio": "free",
                "crop_scale": 1.0,
                "duration": length_us,
                "extra_type_option": 0,
                "has_audio": length_us != STILL_US,
                "height": size[1],
                "local_material_id": medium,
                "material_name": path.replace("\\", "/").rpartition("/")[2],
                "media_path": "",
                "path": path,
                "type": "photo" if length_us == STILL_US else "video",
                "width": size[0],
            },
        )

    def sound(self, path: str, length_us: int, medium: str) -> str:
        """Add a sound file; arguments as of `picture`."""
        return self.add(
            "audios",
            {
                "app_id": 0,
                "category_id": "",
                "category_name": "local",
                "check_flag": 1,
                "copyright_limit_type": "none",
                "duration": length_us,
                "effect_id": "",
                "formula_id": "",
                "intensifies_path": "",
                "local_material_id": medium,
                "music_id": "",
                "name": path.replace("\\", "/").rpartition("/")[2],
                "path": path,
                "source_platform": 0,
                "type": "extract_music",
                "wave_points": [],
            },
        )

    def transition(self, kind: TransitionName, length_us: int) -> str:
        """Add a transition, which the segment before it has to name."""
        return self.add(
            "transitions",
            {
                "category_id": "",
                "category_name": "",
                "duration": length_us,
                "effect_id": kind.resource,
                "is_overlap": True,
                "name": kind.name,
                "path": "",
                "platform": "all",
                "resource_id": kind.resource,
                "type": "transition",
            },
        )

    def text(
        self,
        lines: Sequence[str],
        *,
        size: float,
        colour: tuple[float, float, float],
        outline: tuple[float, float, float],
    ) -> str:
        """Add a caption, bold and outlined; colours are red, green and blue from 0 to 1."""
        words = "\n".join(lines)

        def solid(rgb: tuple[float, float, float]) -> dict[str, Any]:
            return {"render_type": "solid", "solid": {"alpha": 1.0, "color": list(rgb)}}

        style = {
            # In code units of UTF-16.
            "range": [0, len(words.encode("utf-16-le")) // 2],
            "size": size,
            "bold": True,
            "italic": False,
            "underline": False,
            "fill": {"alpha": 1.0, "content": solid(colour)},
            "strokes": [{"alpha": 1.0, "content": solid(outline), "width": 0.06}],
        }
        return self.add(
            "texts",
            {
                "alignment": 1,
                "bold_width": 0.0,
                "check_flag": 15,
                "content": json.dumps({"styles": [style], "text": words}, ensure_ascii=False),
                "font_size": size,
                "force_apply_line_max_width": False,
                "global_alpha": 1.0,
                "letter_spacing": 0.0,
                "line_feed": 1,
                "line_max_width": 0.82,
                "line_spacing": 0.02,
                "text_color": "#" + "".join(f"{round(part * 255):02X}" for part in colour),
                "type": "subtitle",
                "typesetting": 0,
            },
        )

    def picture_segment(
        self,
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
            self._speed(speed),
            self._placeholder(),
            *([transition] if transition else []),
            self.add("canvases", canvas | {"source_platform": 0, "type": "canvas_color"}),
            self._channels(),
            self.add("material_colors", colour | {"type": "material_color"}),
            self._voices(),
        ]
        segment = self._segment(material, target, source, float(speed), volume, more, keyframes)
        return segment | {
            "clip": _clip(scale),
            "hdr_settings": {"intensity": 1.0, "mode": 1, "nits": 1000},
            "render_index": layer,
            "track_render_index": layer,
            "uniform_scale": {"on": True, "value": scale},
        }

    def sound_segment(
        self,
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
        more = [self._speed(speed), self._placeholder()]
        if any(fades):
            values = {"fade_in_duration": fades[0], "fade_out_duration": fades[1]}
            more.append(self.add("audio_fades", values | {"fade_type": 0, "type": "audio_fade"}))
        more += [self._channels(), self._voices()]
        segment = self._segment(material, target, source, float(speed), volume, more, keyframes)
        return segment | {"clip": None, "hdr_settings": None, "render_index": 0}

    def text_segment(self, material: str, target: tuple[int, int], up: float) -> dict[str, Any]:
        """Return a caption, whose middle is ``up`` half heights of the frame above its middle."""
        animations = {"animations": [], "multi_language_current": "none"}
        more = [self.add("material_animations", animations | {"type": "sticker_animation"})]
        return self._segment(material, target, None, 1.0, 1.0, more, ()) | {
            "clip": _clip(1.0, up),
            "render_index": _TEXT_LAYER,
            "uniform_scale": {"on": True, "value": 1.0},
        }

    def keyframes(
        self, property_type: str, points: Sequence[tuple[int, float]]
    ) -> list[dict[str, Any]]:
        """Return the keyframes of a property: microseconds from the segment's start, and values."""
        if not points:
            return []
        flat = {"curveType": "Line", "graphID": ""}
        handles = {side: {"x": 0.0, "y": 0.0} for side in ("left_control", "right_control")}
        made = [
            {"id": self.new_id(), **flat, **handles, "time_offset": at, "values": [value]}
            for at, value in points
        ]
        frame = {"id": self.new_id(), "keyframe_list": made, "material_id": ""}
        return [frame | {"property_type": property_type}]

    def _segment(
        self,
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
            "id": self.new_id(),
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

    def _speed(self, speed: Fraction) -> str:
        values = {"curve_speed": None, "mode": 0, "speed": float(speed)}
        return self.add("speeds", values | {"type": "speed"})

    def _placeholder(self) -> str:
        names = ("error_path", "error_text", "res_path", "res_text")
        values = dict.fromkeys(names, "") | {"meta_type": "none"}
        return self.add("placeholder_infos", values | {"type": "placeholder_info"})

    def _channels(self) -> str:
        values = {"audio_channel_mapping": 0, "is_config_open": False, "type": "none"}
        return self.add("sound_channel_mappings", values)

    def _voices(self) -> str:
        values = {"choice": 0, "production_path": "", "removed_sounds": [], "time_range": None}
        return self.add("vocal_separations", values | {"type": "vocal_separation"})


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
