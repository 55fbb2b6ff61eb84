"""The animatic: where every still lies in the frame, for a page that moves the stills itself.

A homography maps a still of unit size to a frame of unit size. It is sampled every `STEP` frames,
and the page interpolates. It is the inverse of `renderers.camera.poses.Pose.matrix`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
from numpy.typing import NDArray

from ...renderers.base import FITS, Keyframe, Motion, RendererError, Shot
from ...renderers.camera.keyframe_weights import keyframe_weights
from ...renderers.camera.poses import Framing, cover_framing, pose_at, resolve_auto
from ...renderers.image.open_image import ImageFileError, image_file
from ..errors import InputError
from ..files.file_version import FileVersion, file_version
from ..timeline.layout import Placed, TrackTransition, lay_out_timeline
from ..timeline.media import media_path, source_start
from ..timeline.metadata import output_metadata, own_metadata
from ..timeline.slots import slot_of

STEP = 4
"""Frames between two samples."""
EVERY_S, MOST_FRAMES = Fraction(2), 4
"""Seconds between the displayed frames of a clip, and their greatest number."""
_GRID_S = Fraction(1, 2)
"""They are whole multiples of it into the video, so that an edit that moves a scene needs few."""
_ORIENTATION = 0x0112
"""The EXIF tag."""
_TURNED = range(5, 9)
"""Its values that swap width and height."""
_Matrix = NDArray[np.float64]
FrameOf = Callable[[Path, Fraction], Path | None]
"""Returns a frame of a video as a file, by seconds from its first one; None if it is unreadable."""


def animatic_of(
    timeline: otio.schema.Timeline,
    fps: Fraction,
    still_url: Callable[[Path], str],
    video_url: Callable[[str], str],
    frame_of: FrameOf = lambda *_: None,
) -> dict[str, Any]:
    """Return the shots of a timeline's slots and clips, in the order of the reel, as JSON.

    ``shots`` have frames ``s`` to ``e`` of the reel, the transition ``into`` them (kind ``k``, from
    frame ``s``, ``n`` frames), a video ``v`` (may be empty) with its frame ``a`` at ``s``, and
    ``layers`` below it, the upper last: a still ``u``, eight numbers of its
    homography for each sample in ``m`` (the ninth is 1), its opacities ``w``, and whether it is the
    blurred background, ``b``.

    Args:
        timeline: compiled from a script.
        fps: of the reel.
        still_url: returns the URL of a small copy of a still.
        video_url: returns that of a slot's video, finished or a draft; empty without one.
        frame_of: saves frames of the user's own clips as stills.
    """
    stated = output_metadata(timeline)
    size = int(stated.get("width", 1080)), int(stated.get("height", 1920))
    shots = []
    for layout in lay_out_timeline(timeline, fps):
        if layout.is_picture:
            found = (
                _shot(placed, still_url, video_url) or _clip(placed, fps, size, still_url, frame_of)
                for placed in layout.items
            )
            shots += [shot for shot in found if shot is not None]
    return {"shots": sorted(shots, key=lambda shot: shot["s"])}


def _shot(
    placed: Placed, still_url: Callable[[Path], str], video_url: Callable[[str], str]
) -> dict[str, Any] | None:
    slot = slot_of(placed.item) if isinstance(placed.item, otio.schema.Clip) else None
    if slot is None or not placed.is_clip or placed.speed != 1:
        return None
    start = placed.start - (placed.into.before if placed.into else 0)
    end = placed.end + (placed.out.after if placed.out else 0)
    first = placed.media_start + start - placed.start
    try:
        shot = slot.recipe.shot
        layers = list(_layers(shot, shot.start + first, end - start, still_url))
    except (InputError, RendererError):
        return None  # Rendering reports the error.
    return {
        "s": start,
        "e": end,
        "n": slot.name,
        "step": STEP,
        "a": first,
        "v": video_url(slot.name),
        "into": None if placed.into is None else _into(placed.into, placed.start),
        "layers": layers,
    }


def _clip(
    placed: Placed,
    fps: Fraction,
    size: tuple[int, int],
    still_url: Callable[[Path], str],
    frame_of: FrameOf,
) -> dict[str, Any] | None:
    """Return a shot of some frames of a clip; None for an item that is no clip of a script."""
    clip = placed.item
    if not isinstance(clip, otio.schema.Clip) or slot_of(clip) is not None:
        return None
    own, path = own_metadata(clip), media_path(clip.media_reference, Path("/"))
    if "scene" not in own or path is None:
        return None
    start = placed.start - (placed.into.before if placed.into else 0)
    end = placed.end + (placed.out.after if placed.out else 0)
    first = source_start(clip) + (start - placed.start) * placed.speed / fps
    count = 1 + min(MOST_FRAMES - 1, int((end - start) / fps / EVERY_S)) if placed.speed else 1
    keyframes = []
    for number in range(count):
        frame = (end - start) * number // count
        at = round((first + frame * placed.speed / fps) / _GRID_S) * _GRID_S
        still = frame_of(path, max(Fraction(0), at))
        if still is not None:
            keyframes.append(Keyframe(still, frame))
    if not keyframes:
        return None  # Flattening reports the error.
    fit = own.get("fit")
    shot = Shot(
        *size, fps, end - start, 0, 0, 0, end - start, tuple(keyframes),
        fit=fit if fit in FITS else "cover",
    )  # fmt: skip
    return {
        "s": start,
        "e": end,
        "n": str(clip.name),
        "step": STEP,
        "a": 0,
        "v": "",
        "into": None if placed.into is None else _into(placed.into, placed.start),
        "layers": list(_layers(shot, 0, end - start, still_url)),
    }


def _into(transition: TrackTransition, cut: int) -> dict[str, Any]:
    return {"k": transition.kind, "s": cut - transition.before, "n": transition.frames}


def _layers(
    shot: Shot, first: int, frames: int, still_url: Callable[[Path], str]
) -> Iterator[dict[str, Any]]:
    """Yield the visible stills of a shot from frame ``first`` of its span on."""
    motion = resolve_auto(shot.motion, shot.seed)
    samples = [first + n for n in range(0, frames - 1 + STEP, STEP)]
    weights = np.zeros((len(shot.keyframes), len(samples)))
    for column, frame in enumerate(samples):
        lower, upper, weight = keyframe_weights(shot.keyframes, frame, shot)
        weights[lower, column] = 1.0
        if weight:
            weights[upper, column] = weight
    for keyframe, opacities in zip(shot.keyframes, weights, strict=True):
        if not opacities.any():
            continue
        aspect = _aspect(file_version(keyframe.image))
        url = still_url(keyframe.image)
        for width, height, framing, is_behind in _sizes(shot, aspect):
            yield {
                "u": url,
                "b": is_behind,
                "w": [round(float(opacity), 3) for opacity in opacities],
                "m": _homographies(motion, framing, (width, height), shot.span, samples),
            }


def _sizes(shot: Shot, still: float) -> Iterator[tuple[float, float, Framing, bool]]:
    """Yield the sizes at which a still lies in the frame, in frame widths: below, above.

    Args:
        shot: whose ``fit`` decides.
        still: its height over its width.
    """
    frame = shot.height / shot.width
    cover = cover_framing(still, frame)
    if shot.fit == "cover":
        yield cover.width, cover.height, cover, False
        return
    whole = Framing(1.0, frame, frame)
    if shot.fit == "blur":
        yield cover.width, cover.height, whole, True
    width = min(1.0, frame / still)
    yield width, width * still, whole, False


def _homographies(
    motion: Motion, framing: Framing, size: tuple[float, float], span: int, samples: list[int]
) -> list[float]:
    """Return the homography from the unit still to the unit frame at each sample, as one list."""
    from_still = np.array([[size[0], 0, -size[0] / 2], [0, size[1], -size[1] / 2], [0, 0, 1.0]])
    to_frame = np.array([[1, 0, 0.5], [0, 1 / framing.aspect, 0.5], [0, 0, 1.0]])
    found: list[_Matrix] = []
    for frame in samples:
        pose = pose_at(motion, frame / max(1, span - 1), framing)
        matrix = to_frame @ np.linalg.inv(pose.matrix()) @ from_still
        found.append((matrix / matrix[2, 2]).ravel()[:8])
    if all(np.allclose(one, found[0], atol=1e-6) for one in found):
        found = found[:1]
    return [round(float(number), 6) for one in found for number in one]


@lru_cache(1024)
def _aspect(file: FileVersion) -> float:
    """Return the height of a still over its width, upright."""
    try:
        with image_file(file.path) as image:
            width, height = image.size
            turned = image.getexif().get(_ORIENTATION, 1) in _TURNED
    except ImageFileError as error:
        raise RendererError(str(error)) from error
    return width / height if turned else height / width
