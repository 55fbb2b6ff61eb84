"""The materials and tracks of a CapCut draft."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, slots=True)
class TransitionName:
    """A transition of CapCut: its English name and the number of its resource."""

    name: str
    resource: str


DISSOLVE = TransitionName("Dissolve", "6724846004274729480")
TRANSITIONS = {
    "dissolve": DISSOLVE,
    "fade_black": TransitionName("Black Fade", "6724239388189921806"),
    "fade_white": TransitionName("White Flash", "6724845376098013708"),
    "wipe_left": TransitionName("Wipe Left", "6724849999336706573"),
    "wipe_right": TransitionName("Wipe Right", "6724849898857959950"),
    "wipe_up": TransitionName("Wipe Up", "6724849456891564557"),
    "push_left": TransitionName("Left", "6726711499676455435"),
    "push_up": TransitionName("Up", "6724846395116753416"),
}
"""By our names; from the catalogues of VectCutAPI and capcut-cli. Others are not in both."""
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


class DraftMaterials:
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

    def track(self, kind: str, name: str) -> list[dict[str, Any]]:
        """Add a track, and return its list of segments."""
        segments: list[dict[str, Any]] = []
        self.tracks.append(
            {
                "attribute": 0,
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
