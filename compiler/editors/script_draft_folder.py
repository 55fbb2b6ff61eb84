"""Draft a script from a folder: stills in the order of their names, voices, a text, music."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError, Problem
from ..files.path_text import refuse_unnamable
from ..files.text_encoding import decode, unix_lines
from ..media.probe import STILL_SUFFIXES, is_still
from ..media.samples import duration_of
from .script_draft import Draft, ScriptDraft, scene_id, script_path, yaml_number

SOUNDS = {".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".opus", ".aif", ".aiff"}
TEXTS = {".txt", ".md"}
TRANSCRIPTS = {".json", ".srt", ".vtt", ".textgrid"}
USED = {*STILL_SUFFIXES, *SOUNDS, *TEXTS}
"""Suffixes of files that a draft may name; a transcript has the name of its voice."""
MUSIC = re.compile(r"music|bed|score|theme|song|ambien|background", re.I)
DEPTH = re.compile(r"[._-]depth$", re.I)
SILENT_S = 3.0
"""Seconds of a scene if there is no voice."""
_SENTENCE = re.compile(r"(?<=[.!?…。！？])[\"'”’»)\]]*\s+|(?<=[。！？])")
_PARAGRAPH = re.compile(r"\n\s*\n")
_LINE = re.compile(r"\n")


@dataclass(frozen=True, slots=True)
class _SceneGroup:
    """A scene's timing (``text``, ``time`` or ``duration``) and its stills."""

    timing: Draft
    stills: Sequence[Path]


def draft_from_folder(folder: Path) -> ScriptDraft:
    """Draft a script from the files of a folder.

    Each still gets a paragraph of the text, if there are as many; otherwise sentences are divided
    evenly among the stills. Several voices become one scene each, as text-to-speech programs write
    them, and the stills are divided among these.

    Raises:
        InputError: there are no stills, or more voices than stills.
    """
    files = files_of(folder)
    refuse_unnamable(f for f in files if f.suffix.lower() in USED)
    images = [f for f in files if is_still(f)]
    depths = {DEPTH.sub("", f.stem): f for f in images if DEPTH.search(f.stem)}
    stills = [f for f in images if not DEPTH.search(f.stem)]
    sounds = [f for f in files if f.suffix.lower() in SOUNDS]
    music = [f for f in sounds if MUSIC.search(f.stem)]
    voices = [f for f in sounds if f not in music]
    _refuse_unusable(folder, stills, voices)
    script: Draft = {"version": 1, "title": _title(folder.resolve().name)}
    narrations = [_narration(voice, files, folder) for voice in voices]
    if len(voices) == 1:
        script["narration"] = narrations[0]
    if music:
        script["music"] = {"audio": script_path(music[0], folder)}
    texts = [f for f in files if f.suffix.lower() in TEXTS and f.stem.lower() != "readme"]
    notes = []
    if len(voices) > 1:
        groups, more_notes = _group_by_voice(stills, voices, narrations, texts)
    else:
        if len(texts) > 1:
            notes.append(f"of several texts, only {script_path(texts[0], folder)} is used")
        text = _read(texts[0]) if texts and voices else ""
        if text:
            groups, more_notes = _group_by_text(stills, text)
        elif voices:
            groups, more_notes = _group_evenly(stills, voices[0])
        else:
            groups, more_notes = [_SceneGroup({"duration": SILENT_S}, [s]) for s in stills], []
    taken = set[str]()
    scenes = [_scene(group, folder, depths, taken) for group in groups]
    if any("text" in scene for scene in scenes):
        script["captions"] = {"burn": True, "style": "karaoke"}
    script["defaults"] = {"transition": {"type": "dissolve", "duration": 0.5}}
    script["scenes"] = scenes
    return ScriptDraft(script, [*notes, *more_notes])


def files_of(folder: Path) -> list[Path]:
    """Return the files in a folder in natural order, without hidden and built ones."""
    files = sorted((f for f in folder.rglob("*") if f.is_file()), key=_natural)
    return [f for f in files if not _is_hidden(f.relative_to(folder))]


def _refuse_unusable(folder: Path, stills: Sequence[Path], voices: Sequence[Path]) -> None:
    if not stills:
        hint = "put images into it, named in their order"
        raise InputError(Problem.in_file(folder, "holds no stills", hint))
    if len(voices) > len(stills):
        names = ", ".join(str(f.relative_to(folder)) for f in voices)
        what = f"holds more voices than stills: {names}"
        hint = "leave one, or a still for each, or call the others music"
        raise InputError(Problem.in_file(folder, what, hint))


def _narration(voice: Path, files: Sequence[Path], folder: Path) -> Draft:
    """Return a voice, and the transcript of the same name."""
    narration: Draft = {"audio": script_path(voice, folder)}
    transcript = next((f for f in files if _is_transcript(f, voice)), None)
    if transcript is not None:
        narration["transcript"] = script_path(transcript, folder)
    return narration


def _group_by_voice(
    stills: Sequence[Path],
    voices: Sequence[Path],
    narrations: Sequence[Draft],
    texts: Sequence[Path],
) -> tuple[list[_SceneGroup], list[str]]:
    """Return a scene for each voice, with its text, or with its length if the text is unknown."""
    by_stem = {f.stem: _read(f) for f in texts}
    parts = [by_stem.get(voice.stem, "") for voice in voices]
    if texts and not any(voice.stem in by_stem for voice in voices):
        parts = _split_into(_read(texts[0]), len(voices)) or parts
    groups, notes = [], []
    shares = divide([1] * len(stills), len(voices))
    for voice, narration, text, (first, end) in zip(voices, narrations, parts, shares, strict=True):
        if text:
            timing: Draft = {"text": " ".join(text.split())}
        else:
            notes.append(f"{voice.name}: no text for it; the scene lasts as long as the voice")
            timing = {"time": {"start": 0, "end": yaml_number(duration_of(voice))}}
        groups.append(_SceneGroup({**timing, "narration": narration}, stills[first:end]))
    return groups, notes


def _group_evenly(stills: Sequence[Path], voice: Path) -> tuple[list[_SceneGroup], list[str]]:
    """Return a scene for each still, all of the same length."""
    seconds = duration_of(voice)
    cuts = [yaml_number(seconds * n / len(stills)) for n in range(len(stills) + 1)]
    groups = [
        _SceneGroup({"time": {"start": cuts[n], "end": cuts[n + 1]}}, [still])
        for n, still in enumerate(stills)
    ]
    return groups, ["no text: the voice is divided evenly among the stills"]


def _group_by_text(stills: Sequence[Path], text: str) -> tuple[list[_SceneGroup], list[str]]:
    """Return a scene for each paragraph, or scenes of several sentences or several stills."""
    notes = []
    parts = [" ".join(part.split()) for part in _PARAGRAPH.split(text) if part.strip()]
    if len(parts) != len(stills):
        parts = [s for part in parts for s in _SENTENCE.split(part) if s and s.strip()]
        notes.append(
            f"{len(parts)} sentences are divided among {len(stills)} stills; "
            "write a paragraph for each still to decide"
        )
    count = min(len(parts), len(stills))
    sentences = divide([len(part) for part in parts], count)
    pictures = divide([1] * len(stills), count)
    groups = [
        _SceneGroup({"text": " ".join(parts[a:b])}, stills[c:d])
        for (a, b), (c, d) in zip(sentences, pictures, strict=True)
    ]
    return groups, notes


def _split_into(text: str, count: int) -> list[str]:
    """Split a text into paragraphs, lines or sentences, whichever are that many; none if none."""
    for separator in (_PARAGRAPH, _LINE, _SENTENCE):
        parts = [part for part in separator.split(text) if part and part.strip()]
        if len(parts) == count:
            return parts
    return []


def _read(text: Path) -> str:
    return unix_lines(decode(text.read_bytes(), "replace")).strip()


def divide(weights: Sequence[int], count: int) -> list[tuple[int, int]]:
    """Divide items, in order, into ``count`` runs of weights as equal as possible.

    Returns:
        The half-open range of each run.
    """
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


def _scene(group: _SceneGroup, folder: Path, depths: dict[str, Path], taken: set[str]) -> Draft:
    stills = group.stills
    scene: Draft = {"id": scene_id(stills[0].stem, taken), **group.timing}
    if len(stills) == 1:
        scene["keyframe"] = script_path(stills[0], folder)
        if stills[0].stem in depths:
            scene["depth"] = script_path(depths[stills[0].stem], folder)
        return scene
    last = len(stills) - 1
    scene["keyframes"] = [
        {
            "image": script_path(still, folder),
            "at": "start" if number == 0 else "end" if number == last
            else f"{round(100 * number / last)}%",
        }
        for number, still in enumerate(stills)
    ]  # fmt: skip
    return scene


def _natural(path: Path) -> list[tuple[int, int | str]]:
    """Return a sort key by which 2 comes before 10."""
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
