"""Scripts from what is there: a folder of stills, a voice and a text, or a cut made elsewhere.

A draft is plain data in the shape of ``schemas/script.schema.json``; a person is to go on from it.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import opentimelineio as otio
import yaml
from PIL import Image

from ..backend.probe import STILL_SUFFIXES, open_media
from ..backend.reading import media_path
from ..errors import InputError, Problem
from ..frontend.audio import duration_of
from ..timeline.build import KEYFRAME_KEY
from .layout import Placed, lay_out
from .readings import rate_of, size_of

SOUNDS = {".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".opus", ".aif", ".aiff"}
TEXTS = {".txt", ".md"}
MUSIC = re.compile(r"music|bed|score|theme|song|ambien|background", re.I)
DEPTH = re.compile(r"[._-]depth$", re.I)
BEAT_S = 3.0
"""Seconds of a still that nothing is said over, where there is no voice at all."""
_SENTENCE = re.compile(r"(?<=[.!?…。！？])[\"'”’»)\]]*\s+|(?<=[。！？])")

Draft = dict[str, Any]


def from_folder(folder: Path) -> tuple[Draft, list[str]]:
    """The script of a folder, and what was guessed, one line each.

    The stills in the order of their names; the text's paragraphs, where there are as many as
    stills, else its sentences shared out among them.

    Raises:
        InputError: there are no stills, or it cannot be told which sound is the voice.
    """
    files = sorted((f for f in folder.rglob("*") if f.is_file()), key=_natural)
    files = [f for f in files if not _is_hidden(f.relative_to(folder))]
    stills = [f for f in files if f.suffix.lower() in STILL_SUFFIXES and not DEPTH.search(f.stem)]
    if not stills:
        raise _problem(folder, "holds no stills", "put images into it, named in their order")
    notes: list[str] = []
    sounds = [f for f in files if f.suffix.lower() in SOUNDS]
    music = [f for f in sounds if MUSIC.search(f.stem)]
    voices = [f for f in sounds if f not in music]
    if len(voices) > 1:
        names = ", ".join(str(f.relative_to(folder)) for f in voices)
        hint = "leave one, or call the others music"
        raise _problem(folder, f"holds several voices: {names}", hint)
    draft: Draft = {"version": 1, "title": _title(folder.resolve().name)}
    if voices:
        draft["narration"] = {"audio": _shown(voices[0], folder)}
        transcript = next((f for f in files if _is_transcript(f, voices[0])), None)
        if transcript is not None:
            draft["narration"]["transcript"] = _shown(transcript, folder)
    if music:
        draft["music"] = {"audio": _shown(music[0], folder)}
    texts = [f for f in files if f.suffix.lower() in TEXTS and f.stem.lower() != "readme"]
    text = "\n\n".join(f.read_text("utf-8-sig", errors="replace") for f in texts[:1]).strip()
    if len(texts) > 1:
        notes.append(f"of several texts, {_shown(texts[0], folder)} is taken")
    draft["defaults"] = {"transition": {"type": "dissolve", "duration": 0.5}}
    depths = {
        DEPTH.sub("", f.stem): f
        for f in files
        if f.suffix.lower() in STILL_SUFFIXES and DEPTH.search(f.stem)
    }
    groups = _scenes(stills, text if voices else "", voices, notes)
    taken = set[str]()
    draft["scenes"] = [_scene(said, group, folder, depths, taken) for said, group in groups]
    return draft, notes


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
    fps = rate_of(timeline)
    notes: list[str] = []
    pictures, sounds = timeline.video_tracks(), timeline.audio_tracks()
    shown = [p for p in lay_out(pictures[0], fps) if p.is_clip] if pictures else []
    if not shown:
        raise _problem(path, "has no clips on a picture track", "")
    said = [p for p in lay_out(sounds[0], fps) if p.is_clip] if sounds else []
    voices = {str(f): f for f in (_file(p, path.parent) for p in said) if f is not None}
    if len(voices) > 1:
        first = next(iter(voices.values()))
        notes.append(f"several files on {sounds[0].name or 'A1'}: only {first.name} is taken")
        said = [p for p in said if _file(p, path.parent) == first]
    width, height = size_of(timeline)
    draft: Draft = {
        "version": 1,
        "title": timeline.name or path.stem,
        "output": {"width": width, "height": height, "fps": _number(fps)},
    }
    if voices:
        draft["narration"] = {"audio": _shown(next(iter(voices.values())), folder)}
    if len(sounds) > 1:
        bed = next((f for f in (_file(p, path.parent) for p in lay_out(sounds[1], fps)) if f), None)
        if bed is not None:
            draft["music"] = {"audio": _shown(bed, folder)}
    seconds = duration_of(next(iter(voices.values()))) if voices else Fraction(0)
    problems = []
    scenes = []
    taken = set[str]()
    reached = Fraction(0)
    for placed in shown:
        still = _still(placed, path.parent, folder, fps, notes)
        name = _id(str(placed.item.name) or "scene", taken)
        if still is None:
            problems.append(Problem(str(path), 0, 0, name, "its media are not there", "relink it"))
            continue
        scene: Draft = {"id": name}
        time = _heard(placed, said, fps)
        if time is not None:
            # The last frame of a voice reaches beyond its end.
            time = (time[0], min(time[1], seconds))
        if time is not None and time[0] >= reached:
            scene["time"] = {"start": _number(time[0]), "end": _number(time[1])}
            reached = time[1]
        else:
            scene["duration"] = _number(placed.frames / fps)
            if time is not None:
                notes.append(f"{name}: its stretch of narration was heard before; made silent")
        scene["keyframe"] = _shown(still, folder)
        if placed.into is not None:
            length = _number(Fraction(placed.into.frames) / fps)
            scene["transition"] = {"type": placed.into.kind, "duration": length}
        scenes.append(scene)
    if problems:
        raise InputError(problems)
    draft["scenes"] = scenes
    return draft, notes


def to_yaml(draft: Draft) -> str:
    """A draft as the text of a script."""
    return yaml.safe_dump(draft, sort_keys=False, allow_unicode=True, width=96)


def _scenes(
    stills: Sequence[Path], text: str, voices: Sequence[Path], notes: list[str]
) -> Iterator[tuple[Draft, Sequence[Path]]]:
    """What is said or how long it lasts, and the stills of it, for each scene."""
    if not text:
        if not voices:
            for still in stills:
                yield {"duration": BEAT_S}, [still]
            return
        notes.append("there is no text: the voice is shared out among the stills evenly")
        seconds = duration_of(voices[0])
        for number, still in enumerate(stills):
            start, end = (seconds * place / len(stills) for place in (number, number + 1))
            yield {"time": {"start": _number(start), "end": _number(end)}}, [still]
        return
    parts = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]
    if len(parts) != len(stills):
        parts = [s for part in parts for s in _SENTENCE.split(part) if s and s.strip()]
        notes.append(
            f"{len(parts)} sentences are shared out among {len(stills)} stills; "
            "a paragraph for each still says it exactly"
        )
    count = min(len(parts), len(stills))
    sentences = _shared([len(part) for part in parts], count)
    pictures = _shared([1] * len(stills), count)
    for (a, b), (c, d) in zip(sentences, pictures, strict=True):
        yield {"text": " ".join(parts[a:b])}, stills[c:d]


def _shared(weights: Sequence[int], count: int) -> list[tuple[int, int]]:
    """Runs of items, ``count`` of them, of weights as even as their order allows."""
    total, ranges, begin, reached = sum(weights), [], 0, 0
    for number in range(count):
        end = begin + 1
        reached += weights[begin]
        left = count - number - 1
        while end < len(weights) - left and (
            left == 0 or 2 * reached + weights[end] <= 2 * total * (number + 1) / count
        ):
            reached += weights[end]
            end += 1
        ranges.append((begin, end))
        begin = end
    return ranges


def _scene(
    said: Draft, stills: Sequence[Path], folder: Path, depths: dict[str, Path], taken: set[str]
) -> Draft:
    scene: Draft = {"id": _id(stills[0].stem, taken), **said}
    if len(stills) == 1:
        scene["keyframe"] = _shown(stills[0], folder)
        if stills[0].stem in depths:
            scene["depth"] = _shown(depths[stills[0].stem], folder)
        return scene
    last = len(stills) - 1
    scene["keyframes"] = [
        {
            "image": _shown(still, folder),
            "at": "start" if number == 0 else "end" if number == last
            else f"{round(100 * number / last)}%",
        }
        for number, still in enumerate(stills)
    ]  # fmt: skip
    return scene


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
    placed: Placed, root: Path, folder: Path, fps: Fraction, notes: list[str]
) -> Path | None:
    """The still of a clip: what it was made of, what it shows, or its first frame."""
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
    target = folder / "keyframes" / f"{path.stem}-{placed.media_start}.png"
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
                raise _problem(video, "holds no picture there", "")
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(frame.to_ndarray(format="rgb24")).save(target)
    except (av.error.FFmpegError, IndexError, OSError) as error:
        raise _problem(video, f"cannot be read: {error}", "") from error


def _id(name: str, taken: set[str]) -> str:
    """A name that a scene may have, and none has yet."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:56] or "scene"
    found, number = plain, 2
    while found in taken:
        found = f"{plain}-{number}"
        number += 1
    taken.add(found)
    return found


def _natural(path: Path) -> list[tuple[int, int | str]]:
    """Names in the order that people mean: 2 before 10."""
    return [
        (0, int(part)) if part.isdigit() else (1, part.casefold())
        for part in re.split(r"(\d+)", path.as_posix())
    ]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) or part in ("build", "media") for part in path.parts)


def _is_transcript(file: Path, voice: Path) -> bool:
    return file.stem == voice.stem and file.suffix.lower() in (".json", ".srt", ".vtt", ".textgrid")


def _title(name: str) -> str:
    return re.sub(r"[_-]+", " ", name).strip().capitalize() or "Untitled"


def _shown(path: Path, folder: Path) -> str:
    """A path as a script names it: from the script's folder, with slashes."""
    return Path(os.path.relpath(path, folder)).as_posix()


def _number(value: Fraction) -> int | float | str:
    """A number as a person would write it; a rate of NTSC as a fraction."""
    if value.denominator == 1:
        return int(value)
    if value.denominator == 1001:
        return str(value)
    # Cut off, not rounded: the end of a file must not come to lie behind it.
    return math.floor(value * 10_000) / 10_000


def _problem(path: Path, what: str, hint: str) -> InputError:
    return InputError(Problem(str(path), 0, 0, "", what, hint))
