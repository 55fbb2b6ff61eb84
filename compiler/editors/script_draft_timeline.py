"""A script from a cut that exists: stills on the first picture track, narration on the first sound
track."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import opentimelineio as otio
from PIL import Image

from ...renderers.files.file_names import unreserved
from ..errors import InputError, Problem
from ..media.mono_samples import duration_of
from ..media.probe import STILL_SUFFIXES, open_media
from ..timeline.layout import Placed, lay_out
from ..timeline.metadata import KEYFRAME_KEY
from ..timeline.properties import rate_of, size_of
from ..timeline.values import media_path
from .script_draft import Draft, plain_number, problem, scene_id, shown_path


def from_timeline(
    timeline: otio.schema.Timeline, path: Path, folder: Path
) -> tuple[Draft, list[str]]:
    """The script of a cut that exists, and what could not be taken over, one line each.

    Each clip of the first picture track is a scene, at the time of the narration that is heard
    under it; where none is heard, a silent beat of its length.

    Args:
        timeline: stills on the first picture track, narration on the first sound track.
        path: its file.
        folder: where the script is to lie.

    Raises:
        InputError: there is no picture track, or a clip's media are missing; names all.
    """
    fps, root = rate_of(timeline), path.parent
    notes: list[str] = []
    pictures, sounds = timeline.video_tracks(), timeline.audio_tracks()
    shown = [p for p in lay_out(pictures[0], fps) if p.is_clip] if pictures else []
    if not shown:
        raise problem(path, "has no clips on a picture track", "")
    width, height = size_of(timeline)
    draft: Draft = {
        "version": 1,
        "title": timeline.name or path.stem,
        "output": {"width": width, "height": height, "fps": plain_number(fps)},
    }
    said = [p for p in lay_out(sounds[0], fps) if p.is_clip] if sounds else []
    voice = next((file for p in said if (file := _file(p, root)) is not None), None)
    if voice is not None:
        draft["narration"] = {"audio": shown_path(voice, folder)}
    same = [p for p in said if _file(p, root) == voice]
    if voice is not None and len(same) < len(said):
        notes.append(f"several files on {sounds[0].name or 'A1'}: only {voice.name} is taken")
    for track in sounds[1:2]:
        bed = next((f for p in lay_out(track, fps) if (f := _file(p, root)) is not None), None)
        if bed is not None:
            draft["music"] = {"audio": shown_path(bed, folder)}
    seconds = duration_of(voice) if voice is not None else Fraction(0)
    draft["scenes"] = _scenes(shown, same, seconds, fps, path, folder, notes)
    return draft, notes


def _scenes(
    shown: Sequence[Placed],
    said: Sequence[Placed],
    seconds: Fraction,
    fps: Fraction,
    path: Path,
    folder: Path,
    notes: list[str],
) -> list[Draft]:
    """A scene for each clip.

    Args:
        shown, said: the clips of pictures, and those of the voice.
        seconds: length of the voice.
        fps: the rate.
        path: the timeline's file.
        folder: where the script is to lie.
        notes: what could not be taken over is added.

    Raises:
        InputError: media are missing; names all.
    """
    scenes: list[Draft] = []
    problems = []
    taken = set[str]()
    frames: dict[str, tuple[Path, int]] = {}
    reached = Fraction(0)
    for placed in shown:
        still = _still(placed, path.parent, folder, fps, frames, notes)
        name = scene_id(str(placed.item.name) or "scene", taken)
        if still is None:
            problems.append(
                Problem.in_file(path, "its media are not there", "relink it", where=name)
            )
            continue
        scene: Draft = {"id": name}
        time = _heard(placed, said, fps)
        if time is not None and time[0] >= reached:
            # The last frame of a voice reaches beyond its end.
            reached = min(time[1], seconds)
            scene["time"] = {"start": plain_number(time[0]), "end": plain_number(reached)}
        else:
            scene["duration"] = plain_number(placed.frames / fps)
            if time is not None:
                notes.append(f"{name}: its stretch of narration was heard before; made silent")
        scene["keyframe"] = shown_path(still, folder)
        if placed.into is not None:
            length = plain_number(Fraction(placed.into.frames) / fps)
            scene["transition"] = {"type": placed.into.kind, "duration": length}
        scenes.append(scene)
    if problems:
        raise InputError(problems)
    return scenes


def _heard(
    placed: Placed, said: Sequence[Placed], fps: Fraction
) -> tuple[Fraction, Fraction] | None:
    """The stretch of the narration that is heard under a clip, in seconds of its file."""
    begin = end = None
    for voice in said:
        first, last = max(voice.start, placed.start), min(voice.end, placed.end)
        if first >= last:
            continue
        start = voice.media_start + first - voice.start
        if begin is None:
            begin = start
        end = start + last - first
    if begin is None or end is None or end <= begin:
        return None
    return Fraction(begin) / fps, Fraction(end) / fps


def _file(placed: Placed, root: Path) -> Path | None:
    clip = placed.item
    if not isinstance(clip, otio.schema.Clip) or not isinstance(
        clip.media_reference, otio.schema.ExternalReference
    ):
        return None
    path = media_path(clip.media_reference, root)
    return path if path is not None and path.is_file() else None


def _still(
    placed: Placed,
    root: Path,
    folder: Path,
    fps: Fraction,
    frames: dict[str, tuple[Path, int]],
    notes: list[str],
) -> Path | None:
    """The still of a clip: what it was made of, what it shows, or its first frame.

    ``frames`` holds what was taken of which video, by the file's name in small letters.
    """
    clip = placed.item
    assert isinstance(clip, otio.schema.Clip)
    made_of = clip.media_references().get(KEYFRAME_KEY)
    if isinstance(made_of, otio.schema.ExternalReference):
        path = media_path(made_of, root)
        if path is not None and path.is_file():
            return path
    path = _file(placed, root)
    if path is None or path.suffix.lower() in STILL_SUFFIXES:
        return path
    stem, number = unreserved(f"{path.stem}-{placed.media_start}"), 2
    name, taken = stem, (path, placed.media_start)
    while frames.setdefault(name.casefold(), taken) != taken:
        name = f"{stem}-{number}"
        number += 1
    target = folder / "keyframes" / f"{name}.png"
    _take_frame(path, Fraction(placed.media_start) / fps, target)
    notes.append(f"{clip.name}: shows a video; its first frame is its still, {target.name}")
    return target


def _take_frame(video: Path, at: Fraction, target: Path) -> None:
    """Write the frame of a video that is seen at some second."""
    try:
        with open_media(video) as container:
            stream = container.streams.video[0]
            assert stream.time_base is not None
            container.seek(int(at / stream.time_base), stream=stream)
            frame = None
            for frame in container.decode(stream):
                if frame.time is None or frame.time >= float(at) - 1e-3:
                    break
            if frame is None:
                raise problem(video, "holds no picture there", "")
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(frame.to_ndarray(format="rgb24")).save(target)
    except (av.error.FFmpegError, IndexError, OSError) as error:
        raise problem(video, f"cannot be read: {error}", "") from error
