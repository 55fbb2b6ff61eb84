"""Draft a script from a folder: stills in the order of their names, voices, a text, music."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError, Problem
from ..files.path_text import refuse_unnamable
from ..files.text_encoding import decode, unix_lines
from ..media.probe import STILL_SUFFIXES, is_still
from ..media.samples import duration_of
from ..script.read_script import name_by_text
from ..speech.language_guess import language_of
from .script_draft import Draft, ScriptDraft, scene_id, script_path, yaml_number
from .script_draft_text import LEVELS, joined_lines, plain_text, share_out

SOUNDS = {".wav", ".flac", ".mp3", ".m4a", ".aac", ".ogg", ".opus", ".aif", ".aiff"}
TEXTS = {".txt", ".md"}
TRANSCRIPTS = {".json", ".srt", ".vtt", ".textgrid"}
USED = {*STILL_SUFFIXES, *SOUNDS, *TEXTS}
"""Suffixes of files that a draft may name; a transcript has the name of its voice."""
VIDEOS = {".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mts", ".3gp"}
MUSIC = re.compile(
    r"music|musik|musique|m[uú]sica|bed|score|theme|song|ambien|background|loop|beat", re.I
)
VOICE = re.compile(
    r"voice|narrat|speech|speak|spoken|(?<![a-z])vo(?![a-z])|stimme|sprecher|voix|voz|voce", re.I
)
_FROM_CAMERA = re.compile(
    r"(?:img|image|dsc[nf]?|pxl|mvimg|gopr|gx|dji|photo|picture|pic|foto|bild|screenshot|frame"
    r"|still|scene|slide|page|whatsapp image|signal|p|_)*(?:[\W_]*\d)+"
    r"(?:[\W_]*(?:at|am|pm|edited|copy|wa|burst|cover|hdr|pano|e))*[\W_\d]*",
    re.I,
)
"""A name that a camera or a counter gave."""
DEPTH = re.compile(r"[._-]depth$", re.I)
SILENT_S = 3.0
"""Seconds of a scene if there is no voice."""


@dataclass(frozen=True, slots=True)
class _SceneGroup:
    """A scene's timing (``text``, ``time`` or ``duration``) and its stills."""

    timing: Draft
    stills: Sequence[Path]


def draft_from_folder(folder: Path) -> ScriptDraft:
    """Draft a script from the files of a folder.

    Each still gets a part of the text; see `share_out`. Several voices become one scene each, as
    text-to-speech programs write them, and the stills are divided among these.

    Raises:
        InputError: there are no stills, or more voices than stills.
    """
    files = files_of(folder)
    refuse_unnamable(f for f in files if f.suffix.lower() in USED)
    images = [f for f in files if is_still(f)]
    depths = {DEPTH.sub("", f.stem): f for f in images if DEPTH.search(f.stem)}
    stills = [f for f in images if not DEPTH.search(f.stem)]
    voices, music = _voices_and_music(files)
    _refuse_unusable(folder, stills, voices)
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
        groups, more_notes = _group_by_voice(stills, voices, narrations, parts, language)
    elif text:
        groups, more_notes = _group_by_text(stills, spoken[used[0]][0], language)
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
    videos = [f for f in files if f.suffix.lower() in VIDEOS]
    notes = []
    if len(texts) > 1:
        notes.append(f"of several texts, only {script_path(used[0], folder)} is used")
    if len(music) > 1:
        notes.append(f"of several pieces of music, only {script_path(music[0], folder)} is used")
    if videos:
        names = ", ".join(script_path(f, folder) for f in videos)
        notes.append(f"not used: {names}; only stills become scenes")
    return notes


def files_of(folder: Path) -> list[Path]:
    """Return the files in a folder in natural order, without hidden and built ones."""
    files = sorted((f for f in folder.rglob("*") if f.is_file()), key=_natural)
    return [f for f in files if not _is_hidden(f.relative_to(folder))]


def _refuse_unusable(folder: Path, stills: Sequence[Path], voices: Sequence[Path]) -> None:
    if not stills:
        hint = (
            "put images into it, named in their order, and if there are any a voice (.mp3, .wav), "
            "its text (.txt) and a file named music"
        )
        raise InputError(Problem.in_file(folder, "holds no stills", hint))
    if len(voices) > len(stills):
        names = ", ".join(str(f.relative_to(folder)) for f in voices)
        what = f"holds more voices than stills: {names}"
        hint = "leave one, or a still for each, or call the others music"
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
    stills: Sequence[Path],
    voices: Sequence[Path],
    narrations: Sequence[Draft],
    texts: Mapping[str, str],
    language: str,
) -> tuple[list[_SceneGroup], list[str]]:
    """Return a scene for each voice, with its text, or with its length if the text is unknown."""
    parts = [texts.get(voice.stem, "") for voice in voices]
    if not any(parts) and len(texts) == 1:
        shared = share_out(next(iter(texts.values())), len(voices), language)
        if len(shared.parts) == len(voices) and shared.level < 3:
            parts = list(shared.parts)
    groups, notes = [], []
    shares = divide([1] * len(stills), len(voices))
    for voice, narration, text, (first, end) in zip(voices, narrations, parts, shares, strict=True):
        if text:
            timing: Draft = {"text": text}
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


def _group_by_text(
    stills: Sequence[Path], text: str, language: str
) -> tuple[list[_SceneGroup], list[str]]:
    """Return a scene for each part of the text, with one still or more."""
    shared = share_out(text, len(stills), language)
    count = len(shared.parts)
    notes = []
    if shared.level or count < len(stills):
        notes.append(
            f"the text is divided among {len(stills)} stills where {LEVELS[shared.level]} end; "
            "write a paragraph for each still to decide"
        )
    groups = [
        _SceneGroup({"text": part}, stills[first:stop])
        for part, (first, stop) in zip(shared.parts, divide([1] * len(stills), count), strict=True)
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


def _scene(group: _SceneGroup, folder: Path, depths: dict[str, Path], taken: set[str]) -> Draft:
    stills = group.stills
    name = stills[0].stem
    if _FROM_CAMERA.fullmatch(name) and "text" in group.timing:
        name = name_by_text(group.timing["text"], len(taken))
        name = f"scene-{name}" if name.isdigit() else name
    scene: Draft = {"id": scene_id(name, taken), **group.timing}
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
