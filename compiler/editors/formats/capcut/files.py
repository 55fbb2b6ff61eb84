"""The files of a CapCut draft folder, and its entry in CapCut's list of projects.

CapCut shows the drafts that ``root_meta_info.json`` beside their folders lists.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from .....renderers.files.digest import sha256_of
from ....files.atomic_output import atomic_output
from ....notices import Notice
from ..base import write_text
from .materials import DraftMaterials
from .media import Medium

CONTENT = "draft_content.json"
_TWIN = "draft_info.json"
_META = "draft_meta_info.json"
_INDEX = "root_meta_info.json"
_SEAL = "otio-gvideo.json"
"""SHA-256 of what was written, so that a draft that CapCut changed is never replaced."""
_MOST_BYTES = 64 << 20
_PLATFORM = {"app_id": 359289, "app_source": "cc", "app_version": "6.7.0", "os": "windows"}
_MARKS = {
    "last_modified_platform": _PLATFORM,
    "new_version": "140.0.0",
    "platform": _PLATFORM,
    "version": 360000,
}
"""What CapCut 6.7 writes about itself; newer versions refuse drafts without such marks."""
_GROUPS = (0, 1, 2, 3, 6, 7, 8)
"""Types of the groups of ``draft_materials``; imported media are in the first."""


def write_files(
    folder: Path,
    place: Path,
    parts: DraftMaterials,
    size: tuple[int, int],
    fps: Fraction,
    frames: int,
    media: Sequence[Medium],
) -> None:
    """Write the JSON files of a draft.

    Args:
        folder: to write to.
        place: where the folder will lie.
        parts: materials and tracks.
        size: of the frame, in pixels.
        fps: frame rate.
        frames: length of the reel.
        media: every file that the draft uses.
    """
    name = parts.new_id()
    length = parts.us(frames)
    draft = _settings() | {
        "canvas_config": {"height": size[1], "ratio": "original", "width": size[0]},
        "duration": length,
        "fps": int(fps) if fps.denominator == 1 else float(fps),
        "id": name,
        "materials": parts.materials,
        "name": place.name,
        "tracks": parts.tracks,
    }
    draft |= _marks_beside(place) or _MARKS
    text = json.dumps(draft, ensure_ascii=False, separators=(",", ":"))
    for file in (CONTENT, _TWIN):
        write_text(folder / file, text)
    entry = _entry(name, place, length)
    groups = [{"type": kind, "value": []} for kind in _GROUPS]
    groups[0]["value"] = [_listed(medium) for medium in media]
    meta = entry | {"draft_materials": groups}
    write_text(folder / _META, json.dumps(meta, ensure_ascii=False, separators=(",", ":")))
    seal = {file: hashlib.sha256(text.encode()).hexdigest() for file in (CONTENT, _TWIN)}
    names = sorted([*(file.name for file in folder.iterdir()), _SEAL])
    write_text(folder / _SEAL, json.dumps({"sha256": seal, "files": names}))


def is_untouched(folder: Path) -> bool:
    """Whether a folder is a draft of ours that no program changed since."""
    try:
        seal = json.loads((folder / _SEAL).read_text("utf-8"))
        same = all(sha256_of(folder / name) == stated for name, stated in seal["sha256"].items())
        return same and sorted(file.name for file in folder.iterdir()) == seal["files"]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return False


def register(folder: Path) -> Notice | None:
    """List a draft in the index of CapCut's projects, if that lies beside its folder.

    Returns:
        A notice about what is left to do; None if CapCut will show the draft.

    Raises:
        WorkError: the index cannot be written.
    """
    index = folder.parent / _INDEX
    if not index.exists():
        what = f"{folder.name}: export it into CapCut's project folder to open it there"
        return Notice("format", f"{what}, as in -o '…/com.lveditor.draft/{folder.name}'")
    found = _json(index)
    drafts = found.get("all_draft_store") if isinstance(found, dict) else None
    if not isinstance(drafts, list):
        return Notice(
            "format", f"{index}: is not a list of projects; CapCut may not show the draft"
        )
    meta = _json(folder / _META)
    entry = {key: value for key, value in meta.items() if key != "draft_materials"}
    entry["draft_json_file"] = str(folder / CONTENT)
    path = entry["draft_fold_path"]
    others = [one for one in drafts if not (isinstance(one, dict) and _folder_of(one) == path)]
    found["all_draft_store"] = [entry, *others]
    with atomic_output(index) as temporary:
        write_text(temporary, json.dumps(found, ensure_ascii=False, separators=(",", ":")))
    if others and _marks_beside(folder) is None:
        what = "the projects beside the draft are encrypted, as JianYing 6 and later write them"
        return Notice("format", f"{folder.name}: {what}; it may not open")
    return None


def _folder_of(entry: dict[str, Any]) -> Any:
    return entry.get("draft_fold_path")


def _marks_beside(place: Path) -> dict[str, Any] | None:
    """Return what the newest readable project beside a draft says about its program."""
    found = [
        {key: draft[key] for key in _MARKS}
        for draft in _drafts_beside(place)
        if all(key in draft for key in _MARKS)
    ]
    return max(found, key=_version_of, default=None)


def _drafts_beside(place: Path) -> Iterator[dict[str, Any]]:
    try:
        folders = [folder for folder in place.parent.iterdir() if folder.name != place.name]
    except OSError:
        return
    if not (place.parent / _INDEX).exists():
        return
    for folder in folders:
        for name in (_TWIN, CONTENT):
            draft = _json(folder / name)
            if isinstance(draft, dict) and isinstance(draft.get("platform"), dict):
                yield draft
                break


def _version_of(marks: dict[str, Any]) -> tuple[int, ...]:
    stated = str(marks["platform"].get("app_version", ""))
    return tuple(int(part) for part in stated.split(".") if part.isdigit())


def _json(path: Path) -> Any:
    """Return the content of a file; None if it is encrypted, too long or missing."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        return json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None


def _entry(name: str, place: Path, length_us: int) -> dict[str, Any]:
    """Return what CapCut's list of projects says about a draft."""
    now = time.time_ns() // 1000
    return {
        "draft_cover": "",
        "draft_fold_path": place.absolute().as_posix(),
        "draft_id": name,
        "draft_is_ai_shorts": False,
        "draft_is_invisible": False,
        "draft_name": place.name,
        "draft_new_version": "",
        "draft_root_path": place.absolute().parent.as_posix(),
        "draft_timeline_materials_size_": 0,
        "tm_draft_create": now,
        "tm_draft_modified": now,
        "tm_draft_removed": 0,
        "tm_duration": length_us,
    }


def _listed(medium: Medium) -> dict[str, Any]:
    none = {"duration": -1, "start": -1}
    return {
        "ai_group_type": "",
        "create_time": -1,
        "duration": medium.length_us,
        "enter_from": 0,
        "extra_info": Path(medium.path).name,
        "file_Path": medium.path,
        "height": medium.size[1],
        "id": medium.id,
        "import_time": -1,
        "import_time_ms": -1,
        "item_source": 1,
        "md5": "",
        "metetype": medium.kind,
        "roughcut_time_range": none,
        "sub_time_range": none,
        "type": 0,
        "width": medium.size[0],
    }


def _settings() -> dict[str, Any]:
    """Return the settings of a draft; the main track does not pull clips together."""
    kinds = ("adjusts", "audios", "effects", "filters", "handwrites", "stickers", "texts", "videos")
    counts = (
        *("adjust", "combination", "sticker"),
        *("extract_audio_last", "original_sound_last", "record_audio_last"),
    )
    config: dict[str, Any] = {
        f"{name}_{'index' if name.endswith('last') else 'max_index'}": 1 for name in counts
    }
    config |= {
        "attachment_info": [],
        "export_range": None,
        "lyrics_sync": True,
        "maintrack_adsorb": False,
        "material_save_mode": 0,
        "multi_language_current": "none",
        "multi_language_list": [],
        "multi_language_main": "none",
        "multi_language_mode": "none",
        "subtitle_sync": True,
        "system_font_list": [],
        "use_float_render": False,
        "video_mute": False,
    }
    nothing = ("cover", "extra_info", "group_container", "mutable_config", "retouch_cover")
    return dict.fromkeys((*nothing, "time_marks")) | {
        "color_space": 0,
        "config": config,
        "create_time": 0,
        "draft_type": "video",
        "free_render_index_mode_on": False,
        "is_drop_frame_timecode": False,
        "keyframe_graph_list": [],
        "keyframes": {kind: [] for kind in kinds},
        "lyrics_effects": [],
        "path": "",
        "relationships": [],
        "render_index_track_mode_on": False,
        "source": "default",
        "static_cover_image_path": "",
        "update_time": 0,
    }
