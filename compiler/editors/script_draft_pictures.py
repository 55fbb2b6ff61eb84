"""Draft the pictures of scenes: stills, and videos as clips."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from ..media.media_info import MediaInfo
from ..media.probe import is_still, probe_if_readable
from ..script.read_script import name_by_text
from .script_draft import Draft, scene_id, script_path, yaml_number

VIDEOS = frozenset(
    {
        *(".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mts", ".m2ts", ".ts", ".3gp", ".mpg"),
        *(".mpeg", ".wmv", ".mxf", ".flv", ".ogv", ".gif"),
    }
)
"""Suffixes of videos that a draft may name."""
SILENT_S = 3.0
"""Seconds of a scene with a still if there is no voice."""
FOR_TRANSITIONS_S = Fraction(3, 5)
"""Seconds of a video that the transitions beside its scene show."""
_FROM_CAMERA = re.compile(
    r"(?:img|image|dsc[nf]?|pxl|mvimg|gopr|gx|dji|photo|picture|pic|foto|bild|screenshot|frame"
    r"|still|scene|slide|page|whatsapp image|signal|p|_)*(?:[\W_]*\d)+"
    r"(?:[\W_]*(?:at|am|pm|edited|copy|wa|burst|cover|hdr|pano|e))*[\W_\d]*",
    re.I,
)
"""A name that a camera or a counter gave."""
_DEPTH = re.compile(r"[._-]depth$", re.I)


@dataclass(frozen=True, slots=True)
class SceneGroup:
    """A scene's timing (``text``, ``time`` or ``duration``) and its stills and videos."""

    timing: Draft
    pictures: Sequence[Path]


def pictures_in(files: Sequence[Path]) -> tuple[list[Path], dict[str, Path]]:
    """Return the stills and videos of a folder in order, and depth maps by their still's stem."""
    shown = [f for f in files if is_still(f) or video_in(f) is not None]
    depths = {_DEPTH.sub("", f.stem): f for f in shown if is_still(f) and _DEPTH.search(f.stem)}
    return [f for f in shown if f not in depths.values()], depths


@lru_cache(4096)
def video_in(file: Path) -> MediaInfo | None:
    """Return the headers of a video with a picture; None for other files and a GIF of one image."""
    info = probe_if_readable(file) if file.suffix.lower() in VIDEOS else None
    if info is None or info.video is None or not info.video.fps:
        return None
    least = 2 if file.suffix.lower() == ".gif" else 1
    return info if info.video.frames >= least else None


def silent_timing(picture: Path) -> Draft:
    """Return the timing of a scene without a voice: a video plays once."""
    info = video_in(picture)
    if info is None or info.video is None:
        return {"duration": SILENT_S}
    seconds = info.video.frames / info.video.fps
    has_room = seconds > 3 * FOR_TRANSITIONS_S
    return {"duration": yaml_number(seconds - FOR_TRANSITIONS_S if has_room else seconds)}


def draft_scene(
    group: SceneGroup,
    folder: Path,
    depths: Mapping[str, Path],
    taken: set[str],
    *,
    voiced: bool,
) -> Draft:
    """Return a scene.

    Args:
        group: its timing and pictures.
        folder: of the script.
        depths: depth maps by their still's stem.
        taken: ids of other scenes; its own is added.
        voiced: whether the reel has a voice; without one, videos keep their sound.
    """
    pictures = group.pictures
    name = pictures[0].stem
    if _FROM_CAMERA.fullmatch(name) and "text" in group.timing:
        name = name_by_text(group.timing["text"], len(taken))
        name = f"scene-{name}" if name.isdigit() else name
    scene: Draft = {"id": scene_id(name, taken), **group.timing}
    if len(pictures) == 1:
        scene.update(_picture(pictures[0], folder, "keyframe", voiced=voiced))
        if pictures[0].stem in depths:
            scene["depth"] = script_path(depths[pictures[0].stem], folder)
        return scene
    # A still may be reached at the end; a clip needs time to play.
    last = len(pictures) - all(video_in(picture) is None for picture in pictures)
    scene["keyframes"] = [
        {
            **_picture(picture, folder, "image", voiced=voiced),
            "at": "start" if number == 0 else "end" if number == last
            else f"{round(100 * number / last)}%",
        }
        for number, picture in enumerate(pictures)
    ]  # fmt: skip
    return scene


def _picture(picture: Path, folder: Path, still_key: str, *, voiced: bool) -> Draft:
    info = video_in(picture)
    if info is None:
        return {still_key: script_path(picture, folder)}
    if voiced or info.audio is None:
        return {"clip": script_path(picture, folder)}
    return {"clip": {"video": script_path(picture, folder), "sound_db": 0}}
