"""A script from a folder: stills in the order of their names, a voice or one a scene, a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..files.path_text import refuse_unnamable
from ..files.text_encoding import decode, unix_lines
from ..media.mono_samples import duration_of
from ..media.probe import STILL_SUFFIXES
from .script_draft import Draft, plain_number, problem, scene_id, shown_path

SOUNDS = {".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".opus", ".aif", ".aiff"}
TEXTS = {".txt", ".md"}
TRANSCRIPTS = {".json", ".srt", ".vtt", ".textgrid"}
USED = {*STILL_SUFFIXES, *SOUNDS, *TEXTS}
"""Suffixes of files that a draft may name; a transcript has the name of its voice."""
MUSIC = re.compile(r"music|bed|score|theme|song|ambien|background", re.I)
DEPTH = re.compile(r"[._-]depth$", re.I)
BEAT_S = 3.0
"""Seconds of a still that nothing is said over, where there is no voice at all."""
_SENTENCE = re.compile(r"(?<=[.!?…。！？])[\"'”’»)\]]*\s+|(?<=[。！？])")


def from_folder(folder: Path) -> tuple[Draft, list[str]]:
    """The script of a folder, and what was guessed, one line each.

    The stills in the order of their names; the text's paragraphs, where there are as many as
    stills, else its sentences shared out among them. Several voices are one a scene, as programs
    that speak write them, and the stills are shared out among these.

    Raises:
        InputError: there are no stills, or fewer than voices.
    """
    files = files_of(folder)
    refuse_unnamable(f for f in files if f.suffix.lower() in USED)
    stills = [f for f in files if f.suffix.lower() in STILL_SUFFIXES and not DEPTH.search(f.stem)]
    if not stills:
        raise problem(folder, "holds no stills", "put images into it, named in their order")
    notes: list[str] = []
    sounds = [f for f in files if f.suffix.lower() in SOUNDS]
    music = [f for f in sounds if MUSIC.search(f.stem)]
    voices = [f for f in sounds if f not in music]
    if len(voices) > len(stills):
        names = ", ".join(str(f.relative_to(folder)) for f in voices)
        hint = "leave one, or a still for each, or call the others music"
        raise problem(folder, f"holds more voices than stills: {names}", hint)
    draft: Draft = {"version": 1, "title": _title(folder.resolve().name)}
    narrations = [_narration(voice, files, folder) for voice in voices]
    if len(voices) == 1:
        draft["narration"] = narrations[0]
    if music:
        draft["music"] = {"audio": shown_path(music[0], folder)}
    texts = [f for f in files if f.suffix.lower() in TEXTS and f.stem.lower() != "readme"]
    if len(texts) > 1 and len(voices) < 2:
        notes.append(f"of several texts, {shown_path(texts[0], folder)} is taken")
    depths = {
        DEPTH.sub("", f.stem): f
        for f in files
        if f.suffix.lower() in STILL_SUFFIXES and DEPTH.search(f.stem)
    }
    if len(voices) > 1:
        groups = _voices_apart(stills, voices, narrations, texts, notes)
    else:
        text = _read(texts[0]) if texts and voices else ""
        groups = _scenes(stills, text, voices, notes)
    taken = set[str]()
    scenes = [_scene(said, group, folder, depths, taken) for said, group in groups]
    if any("text" in scene for scene in scenes):
        draft["captions"] = {"burn": True, "style": "karaoke"}
    draft["defaults"] = {"transition": {"type": "dissolve", "duration": 0.5}}
    draft["scenes"] = scenes
    return draft, notes


def files_of(folder: Path) -> list[Path]:
    """The files in a folder, but for hidden and built ones, in the order of their names."""
    files = sorted((f for f in folder.rglob("*") if f.is_file()), key=_natural)
    return [f for f in files if not _is_hidden(f.relative_to(folder))]


def _narration(voice: Path, files: Sequence[Path], folder: Path) -> Draft:
    """A voice file, and the transcript that is called as it is."""
    narration: Draft = {"audio": shown_path(voice, folder)}
    transcript = next((f for f in files if _is_transcript(f, voice)), None)
    if transcript is not None:
        narration["transcript"] = shown_path(transcript, folder)
    return narration


def _voices_apart(
    stills: Sequence[Path],
    voices: Sequence[Path],
    narrations: Sequence[Draft],
    texts: Sequence[Path],
    notes: list[str],
) -> Iterator[tuple[Draft, Sequence[Path]]]:
    """A scene for each voice file: its text, or its length where it cannot be told what it says."""
    own = {f.stem: _read(f) for f in texts}
    apart = any(voice.stem in own for voice in voices)
    lines = _parts(_read(texts[0]), len(voices)) if texts and not apart else []
    pictures = share_out([1] * len(stills), len(voices))
    for number, (voice, (first, end)) in enumerate(zip(voices, pictures, strict=True)):
        said = own.get(voice.stem) or (lines[number] if lines else "")
        if said:
            scene: Draft = {"text": " ".join(said.split())}
        else:
            notes.append(f"{voice.name}: nothing tells what it says; its length is taken")
            scene = {"time": {"start": 0, "end": plain_number(duration_of(voice))}}
        yield {**scene, "narration": narrations[number]}, stills[first:end]


def _parts(text: str, count: int) -> list[str]:
    """A text in that many parts: its paragraphs, its lines or its sentences; none where not."""
    for separator in (r"\n\s*\n", r"\n", _SENTENCE.pattern):
        parts = [part for part in re.split(separator, text) if part and part.strip()]
        if len(parts) == count:
            return parts
    return []


def _read(text: Path) -> str:
    return unix_lines(decode(text.read_bytes(), "replace")).strip()


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
            yield {"time": {"start": plain_number(start), "end": plain_number(end)}}, [still]
        return
    parts = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]
    if len(parts) != len(stills):
        parts = [s for part in parts for s in _SENTENCE.split(part) if s and s.strip()]
        notes.append(
            f"{len(parts)} sentences are shared out among {len(stills)} stills; "
            "a paragraph for each still says it exactly"
        )
    count = min(len(parts), len(stills))
    sentences = share_out([len(part) for part in parts], count)
    pictures = share_out([1] * len(stills), count)
    for (a, b), (c, d) in zip(sentences, pictures, strict=True):
        yield {"text": " ".join(parts[a:b])}, stills[c:d]


def share_out(weights: Sequence[int], count: int) -> list[tuple[int, int]]:
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
    scene: Draft = {"id": scene_id(stills[0].stem, taken), **said}
    if len(stills) == 1:
        scene["keyframe"] = shown_path(stills[0], folder)
        if stills[0].stem in depths:
            scene["depth"] = shown_path(depths[stills[0].stem], folder)
        return scene
    last = len(stills) - 1
    scene["keyframes"] = [
        {
            "image": shown_path(still, folder),
            "at": "start" if number == 0 else "end" if number == last
            else f"{round(100 * number / last)}%",
        }
        for number, still in enumerate(stills)
    ]  # fmt: skip
    return scene


def _natural(path: Path) -> list[tuple[int, int | str]]:
    """Names in the order that people mean: 2 before 10."""
    return [
        (0, int(part)) if part.isdigit() else (1, part.casefold())
        for part in re.split(r"(\d+)", path.as_posix())
    ]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) or part in ("build", "media") for part in path.parts)


def _is_transcript(file: Path, voice: Path) -> bool:
    return file.stem == voice.stem and file.suffix.lower() in TRANSCRIPTS


def _title(name: str) -> str:
    return re.sub(r"[_-]+", " ", name).strip().capitalize() or "Untitled"
