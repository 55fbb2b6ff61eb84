"""Draft a script from a folder: pictures in the order of their names, voices, a text, music.

Its pictures are stills, and videos as clips.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import InputError, Problem
from ..files.exists import is_file
from ..files.path_text import refuse_unnamable
from ..files.text_encoding import decode, unix_lines
from ..media.probe import STILL_SUFFIXES
from ..media.samples import duration_of
from ..speech.language_guess import language_of
from .script_draft import Draft, ScriptDraft, script_path, yaml_number
from .script_draft_pictures import (
    VIDEOS,
    SceneGroup,
    draft_scene,
    pictures_in,
    silent_timing,
    video_in,
)
from .script_draft_text import LEVELS, joined_lines, plain_text, share_out

SOUNDS = {".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".opus", ".aif", ".aiff"}
TEXTS = {".txt", ".md"}
TRANSCRIPTS = {".json", ".srt", ".vtt", ".textgrid"}
USED = {*STILL_SUFFIXES, *VIDEOS, *SOUNDS, *TEXTS}
"""Suffixes of files that a draft may name; a transcript has the name of its voice."""
MUSIC = re.compile(
    r"music|musik|musique|m[uú]sica|bed|score|theme|song|ambien|background|loop|beat", re.I
)
VOICE = re.compile(
    r"voice|narrat|speech|speak|spoken|(?<![a-z])vo(?![a-z])|stimme|sprecher|voix|voz|voce", re.I
)


def draft_from_folder(folder: Path) -> ScriptDraft:
    """Draft a script from the files of a folder.

    Each picture gets a part of the text; see `share_out`. Several voices become one scene each, as
    text-to-speech programs write them, and the pictures are divided among these.

    Raises:
        InputError: there are no pictures, or more voices than pictures.
    """
    files = files_of(folder)
    refuse_unnamable(f for f in files if f.suffix.lower() in USED)
    pictures, depths = pictures_in(files)
    voices, music = _voices_and_music(files)
    _refuse_unusable(folder, pictures, voices)
    texts = [f for f in files if f.suffix.lower() in TEXTS and f.stem.lower() != "readme"]
    by_stem = {f.stem: f for f in texts}
    used = [by_stem[v.stem] for v in voices if v.stem in by_stem] or texts[:1]
    spoken = {f: _read(f) for f in used} if voices else {}
    text = joined_lines("\n".join(body for body, _ in spoken.values()))
    headings = [heading for _, heading in spoken.values() if heading]
    script: Draft = {"version": 1}
    script["title"] = headings[0] if headings else _title(folder.resolve().name)
    language = language_of(text)
    narrations = [_narration(voice, files, folder, language) for voice in voices]
    if len(voices) == 1:
        script["narration"] = narrations[0]
    if music:
        script["music"] = {"audio": script_path(music[0], folder)}
    notes = _unused(folder, files, texts if len(voices) <= 1 else [], used, music)
    if len(voices) > 1:
        parts = {f.stem: body for f, (body, _) in spoken.items()}
        groups, more_notes = _group_by_voice(pictures, voices, narrations, parts, language)
    elif text:
        groups, more_notes = _group_by_text(pictures, spoken[used[0]][0], language)
    elif voices:
        groups, more_notes = _group_evenly(pictures, voices[0])
    else:
        groups = [SceneGroup(silent_timing(one), [one]) for one in pictures]
        more_notes = [
            f"not used: {script_path(one, folder)}; there is no voice that reads it" for one in used
        ]
    taken = set[str]()
    scenes = [draft_scene(group, folder, depths, taken, voiced=bool(voices)) for group in groups]
    if any("text" in scene for scene in scenes):
        script["captions"] = {"burn": True, "style": "karaoke"}
    script["defaults"] = {"transition": {"type": "dissolve", "duration": 0.5}}
    script["scenes"] = scenes
    return ScriptDraft(script, [*notes, *more_notes])


def _voices_and_music(files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Tell voices from music by their names, and by a text or transcript of a sound's name.

    One sound without either is music if others are voices.
    """
    sounds = [f for f in files if f.suffix.lower() in SOUNDS]
    music = [f for f in sounds if MUSIC.search(f.stem) and not VOICE.search(f.stem)]
    others = [f for f in sounds if f not in music]
    written = {f.stem for f in files if f.suffix.lower() in TEXTS | TRANSCRIPTS}
    voices = [f for f in others if VOICE.search(f.stem) or f.stem in written]
    unnamed = [f for f in others if f not in voices]
    return (voices, [*music, *unnamed]) if voices and len(unnamed) <= 1 else (others, music)


def _unused(
    folder: Path,
    files: Sequence[Path],
    texts: Sequence[Path],
    used: Sequence[Path],
    music: Sequence[Path],
) -> list[str]:
    """Return a note on each kind of file of which a draft leaves some out."""
    blind = [f for f in files if f.suffix.lower() in VIDEOS and video_in(f) is None]
    notes = []
    if len(texts) > 1:
        notes.append(f"of several texts, only {script_path(used[0], folder)} is used")
    if len(music) > 1:
        notes.append(f"of several pieces of music, only {script_path(music[0], folder)} is used")
    if blind:
        names = ", ".join(script_path(f, folder) for f in blind)
        notes.append(f"not used: {names}; no moving picture can be read from it")
    return notes


def files_of(folder: Path) -> list[Path]:
    """Return the files in a folder in natural order, without hidden and built ones."""
    # Unlike a glob, a walk passes over folders that cannot be read.
    walked = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
    files = sorted(filter(is_file, walked), key=_natural)
    return [f for f in files if not _is_hidden(f.relative_to(folder))]


def _refuse_unusable(folder: Path, pictures: Sequence[Path], voices: Sequence[Path]) -> None:
    if not pictures:
        hint = (
            "put images or videos into it, named in their order, and if there are any a voice "
            "(.mp3, .wav), its text (.txt) and a file named music"
        )
        raise InputError(Problem.in_file(folder, "holds no pictures", hint))
    if len(voices) > len(pictures):
        names = ", ".join(str(f.relative_to(folder)) for f in voices)
        what = f"holds more voices than pictures: {names}"
        hint = "leave one, or a picture for each, or call the others music"
        raise InputError(Problem.in_file(folder, what, hint))


def _narration(voice: Path, files: Sequence[Path], folder: Path, language: str) -> Draft:
    """Return a voice, its language if known, and the transcript of the same name."""
    narration: Draft = {"audio": script_path(voice, folder)}
    if language:
        narration["language"] = language
    transcript = next((f for f in files if _is_transcript(f, voice)), None)
    if transcript is not None:
        narration["transcript"] = script_path(transcript, folder)
    return narration


def _group_by_voice(
    pictures: Sequence[Path],
    voices: Sequence[Path],
    narrations: Sequence[Draft],
    texts: Mapping[str, str],
    language: str,
) -> tuple[list[SceneGroup], list[str]]:
    """Return a scene for each voice, with its text, or with its length if the text is unknown."""
    parts = [texts.get(voice.stem, "") for voice in voices]
    if not any(parts) and len(texts) == 1:
        shared = share_out(next(iter(texts.values())), len(voices), language)
        if len(shared.parts) == len(voices) and shared.level < 3:
            parts = list(shared.parts)
    groups, notes = [], []
    shares = divide([1] * len(pictures), len(voices))
    for voice, narration, text, (first, end) in zip(voices, narrations, parts, shares, strict=True):
        if text:
            timing: Draft = {"text": text}
        else:
            notes.append(f"{voice.name}: no text for it; the scene lasts as long as the voice")
            timing = {"time": {"start": 0, "end": yaml_number(duration_of(voice))}}
        groups.append(SceneGroup({**timing, "narration": narration}, pictures[first:end]))
    return groups, notes


def _group_evenly(pictures: Sequence[Path], voice: Path) -> tuple[list[SceneGroup], list[str]]:
    """Return a scene for each picture, all of the same length."""
    seconds = duration_of(voice)
    cuts = [yaml_number(seconds * n / len(pictures)) for n in range(len(pictures) + 1)]
    groups = [
        SceneGroup({"time": {"start": cuts[n], "end": cuts[n + 1]}}, [picture])
        for n, picture in enumerate(pictures)
    ]
    return groups, ["no text: the voice is divided evenly among the pictures"]


def _group_by_text(
    pictures: Sequence[Path], text: str, language: str
) -> tuple[list[SceneGroup], list[str]]:
    """Return a scene for each part of the text, with one picture or more."""
    shared = share_out(text, len(pictures), language)
    count = len(shared.parts)
    notes = []
    if shared.level or count < len(pictures):
        notes.append(
            f"the text is divided among {len(pictures)} pictures where {LEVELS[shared.level]} end; "
            "write a paragraph for each picture to decide"
        )
    groups = [
        SceneGroup({"text": part}, pictures[first:stop])
        for part, (first, stop) in zip(
            shared.parts, divide([1] * len(pictures), count), strict=True
        )
    ]
    return groups, notes


def _read(text: Path) -> tuple[str, str]:
    """Return a text and its heading."""
    body = unix_lines(decode(text.read_bytes(), "replace"))
    return plain_text(body, is_markdown=text.suffix.lower() == ".md")


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
    plain = re.sub(r"[_-]+", " ", name).strip()
    return plain[:1].upper() + plain[1:] or "Untitled"
