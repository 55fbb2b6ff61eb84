"""What a schema cannot say of a script: files, names, times and places that must fit together.

The checks run on the plain data, also where the schema has found faults elsewhere, so that all
problems are reported at once; a value of the wrong type is passed over here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Generator, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeGuard

import av
from PIL import Image, ImageColor, ImageFont, UnidentifiedImageError

from ..errors import Problem, WorkError
from .align.tokens import tokenize
from .audio import duration_of
from .schema_check import nearest, show
from .yaml_source import Path_, Source

MOST_PIXELS = 200_000_000
"""A still with more is refused before it is decoded."""
FONT_SUFFIXES = (".ttf", ".otf", ".ttc")
CLOCKS = ("text", "time", "duration")
_AT_WORD = re.compile(r"word:(?P<word>[^#\s]+)(?:#(?P<nth>[1-9]\d*))?")


class Files:
    """Resolves and tries the files that a script names, each once."""

    def __init__(self, source: Source, folder: Path, allow_outside: bool):
        self._source, self._folder, self._allow_outside = source, folder, allow_outside
        self._faults: dict[tuple[Path, str], tuple[str, str] | None] = {}
        self.problems: list[Problem] = []

    def check(self, value: object, path: Path_, kind: str) -> Path | None:
        """The file that a value names, or None; what is wrong with it becomes a problem.

        Args:
            value: a path as the script has it.
            path: where it stands.
            kind: ``image``, ``sound``, ``font`` or ``file``.
        """
        if not isinstance(value, str) or not value:
            return None
        named = (self._folder / value).absolute()
        resolved = named.resolve()
        if not self._allow_outside and not resolved.is_relative_to(self._folder.resolve()):
            hint = "move it there, or allow it with --allow-outside"
            self._refuse(path, f"{value!r} lies outside the script's folder", hint)
            return None
        if (named, kind) not in self._faults:
            self._faults[named, kind] = self._fault(named, kind)
        fault = self._faults[named, kind]
        if fault is not None:
            self._refuse(path, f"{value!r} {fault[0]}", fault[1])
            return None
        return named

    def _refuse(self, path: Path_, what: str, hint: str) -> None:
        self.problems.append(self._source.problem(path, what, hint))

    def _fault(self, path: Path, kind: str) -> tuple[str, str] | None:
        if not path.is_file():
            return ("does not exist" if not path.exists() else "is no file", _sibling(path))
        if kind == "image":
            return _image_fault(path)
        if kind == "font":
            return _font_fault(path)
        if kind == "sound":
            try:
                length = duration_of(path)
                _first_sound(path)
            except WorkError as error:
                return (str(error).removeprefix(f"{path}: "), "is it a sound file?")
            return None if length > 0 else ("holds no sound", "is it the right file?")
        return None


def _image_fault(path: Path) -> tuple[str, str] | None:
    try:
        with Image.open(path) as image:
            if image.width * image.height > MOST_PIXELS:
                size = f"is {image.width}x{image.height}"
                return size, f"no more than {MOST_PIXELS // 1_000_000} million pixels are taken"
            image.draft("RGB", (64, 64))
            image.load()
    except (UnidentifiedImageError, Image.DecompressionBombError):
        return "is no image that can be read", "PNG, JPEG, WebP and TIFF are"
    except (OSError, ValueError, SyntaxError) as error:
        return f"is a broken image: {error}", "save it again"
    return None


def _font_fault(path: Path) -> tuple[str, str] | None:
    try:
        ImageFont.truetype(path, 24)
    except (OSError, ValueError):
        return "is no font that can be read", "TrueType and OpenType fonts are"
    return None


def _first_sound(path: Path) -> None:
    """Decode the first block, so that a file with a good header and nothing behind it is found."""
    try:
        with av.open(f"file:{path}", metadata_errors="ignore") as container:
            next(container.decode(container.streams.audio[0]))
    except (av.error.FFmpegError, StopIteration, IndexError) as error:
        raise WorkError(f"{path}: cannot be decoded") from error


def _sibling(path: Path) -> str:
    """A hint at a file of nearly that name in the same folder."""
    if not path.parent.is_dir():
        return f"there is no folder {path.parent.name!r} either"
    names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    close = difflib.get_close_matches(path.name, names, 1, 0.6)
    return f"did you mean {close[0]!r}?" if close else "check the name"


def check_script(
    source: Source, files: Files, renderers: Collection[str] | None
) -> Iterator[Problem]:
    """Everything that is wrong with a script beside its shape.

    Args:
        source: the script.
        files: tries the files; its own problems are to be added by the caller.
        renderers: names that ``renderer`` may have; None to accept any.
    """
    data: Any = source.data
    if not isinstance(data, dict):
        return
    length = _check_narration(data.get("narration"), ("narration",), files)
    yield from _check_music(source, data.get("music"), files)
    yield from _check_captions(source, data.get("captions"), files)
    silences = data.get("silences")
    if isinstance(silences, dict):
        keep, longer = silences.get("keep", Fraction(1, 4)), silences.get("longer_than")
        if _is_number(keep) and _is_number(longer) and keep > longer:
            what = f"{show(keep)} s would be kept of pauses longer than {show(longer)} s"
            yield source.problem(("silences", "keep"), what, "keep less than longer_than")
    defaults = data.get("defaults")
    if isinstance(defaults, dict):
        yield from _check_renderer(source, defaults, ("defaults",), renderers)
        _check_loras(defaults, ("defaults",), files)
    scenes = data.get("scenes")
    if not isinstance(scenes, list):
        return
    seen: dict[str, int] = {}
    clock = Fraction(0)
    for index, scene in enumerate(scenes):
        if not isinstance(scene, dict):
            continue
        path: Path_ = ("scenes", index)
        name = scene.get("id")
        if isinstance(name, str):
            if name in seen:
                what = f"{name!r} is already the id of scenes[{seen[name]}]"
                yield source.problem((*path, "id"), what, "give each scene a name of its own")
            seen.setdefault(name, index)
        yield from _check_clock(source, scene, path, "narration" in data)
        yield from _check_renderer(source, scene, path, renderers)
        own = _check_narration(scene.get("narration"), (*path, "narration"), files)
        clock = yield from _check_time(source, scene, path, clock, own or length)
        clock = Fraction(0) if own else clock
        yield from _check_keyframes(source, scene, path, files)
        yield from _check_sounds(source, scene, path, files)
        files.check(scene.get("depth"), (*path, "depth"), "image")
        _check_loras(scene, path, files)


def _check_narration(narration: object, path: Path_, files: Files) -> Fraction | None:
    """Try a narration's files; its length in seconds, or None where it cannot be read."""
    if not isinstance(narration, dict):
        return None
    files.check(narration.get("transcript"), (*path, "transcript"), "file")
    audio = files.check(narration.get("audio"), (*path, "audio"), "sound")
    return duration_of(audio) if audio is not None else None


def _check_music(source: Source, music: object, files: Files) -> Iterator[Problem]:
    if not isinstance(music, dict):
        return
    audio = files.check(music.get("audio"), ("music", "audio"), "sound")
    bpm, first = music.get("bpm"), music.get("first_beat", 0)
    for key in ("beats_per_bar", "first_beat"):
        if key in music and bpm is None:
            yield source.problem(("music", key), "there is no bpm that it belongs to", "state bpm")
    if music.get("end_on") == "bar" and bpm is None:
        what = "without bpm nothing is known of its bars"
        yield source.problem(("music", "end_on"), what, "state bpm, or end on a fade")
    beats = music.get("beats_per_bar", 4)
    if audio is None or not (_is_number(bpm) and _is_number(first) and _is_number(beats)):
        return
    length = duration_of(audio)
    if bpm > 0 and first + Fraction(60) * beats / bpm > length:
        what = f"the music, {float(length):.2f} s, has not one whole bar"
        yield source.problem(("music", "bpm"), what, "check bpm, beats_per_bar and first_beat")


def _check_sounds(
    source: Source, scene: Mapping[str, Any], path: Path_, files: Files
) -> Iterator[Problem]:
    sounds = scene.get("sounds")
    for index, sound in enumerate(sounds if isinstance(sounds, list) else []):
        if not isinstance(sound, dict):
            continue
        here: Path_ = (*path, "sounds", index)
        files.check(sound.get("audio"), (*here, "audio"), "sound")
        at = sound.get("at", "start")
        if isinstance(at, str) and at.startswith("word:"):
            yield from _check_word(source, at, scene.get("text"), (*here, "at"))
        elif _share(at) is not None:
            yield from _check_share(source, at, (*here, "at"))


def _check_captions(source: Source, captions: object, files: Files) -> Iterator[Problem]:
    if not isinstance(captions, dict):
        return
    if is_font_file(captions.get("font")):
        files.check(captions["font"], ("captions", "font"), "font")
    for key, value in captions.items():
        if str(key).endswith("colour") and isinstance(value, str):
            try:
                ImageColor.getrgb(value)
            except ValueError:
                hint = "write it as #ffd400, with opacity as #ffd400c0, or as a name of CSS"
                yield source.problem(("captions", key), f"{show(value)} is not a colour", hint)


def is_font_file(font: object) -> bool:
    """Whether a font is stated as a file rather than as a family."""
    return isinstance(font, str) and font.lower().endswith(FONT_SUFFIXES)


def _check_clock(
    source: Source, scene: Mapping[str, Any], path: Path_, narrated: bool
) -> Iterator[Problem]:
    stated = [key for key in CLOCKS if key in scene]
    if len(stated) != 1:
        what = f"has {' and '.join(stated)}" if stated else "has none of text, time and duration"
        yield source.problem(path, what, "exactly one of them says when the scene is")
        return
    spoken = stated[0] != "duration"
    if spoken and not narrated and "narration" not in scene:
        hint = "add a narration at the top of the script, or one to every scene that speaks"
        yield source.problem((*path, stated[0]), "there is no narration to find it in", hint)
    if narrated and "narration" in scene:
        what = "the script has a narration of its own already"
        yield source.problem((*path, "narration"), what, "use the one way or the other")
    if not spoken and "narration" in scene:
        yield source.problem((*path, "narration"), "a silent beat has no narration", "remove it")
    text = scene.get("text")
    if isinstance(text, str) and text and not tokenize(text):
        yield source.problem((*path, "text"), "holds no word", "use duration for a silent beat")


def _check_time(
    source: Source,
    scene: Mapping[str, Any],
    path: Path_,
    clock: Fraction,
    length: Fraction | None,
) -> Generator[Problem, None, Fraction]:
    """Times are inside the narration and one after another; returns where the scene ends."""
    time = scene.get("time")
    if not isinstance(time, dict):
        return clock
    start, end = time.get("start"), time.get("end")
    if not (_is_number(start) and _is_number(end)):
        return clock
    here = (*path, "time")
    if end <= start:
        yield source.problem((*here, "end"), f"{show(end)} is not after {show(start)}", "")
    if start < clock:
        what = f"{show(start)} s lies in the scene before, which ends at {show(clock)} s"
        yield source.problem((*here, "start"), what, "times must not overlap")
    if length is not None and end > length:
        what = f"{show(end)} s is past the end of the narration, {float(length):.2f} s"
        yield source.problem((*here, "end"), what, "")
    return max(clock, Fraction(end))


def _check_keyframes(
    source: Source, scene: Mapping[str, Any], path: Path_, files: Files
) -> Iterator[Problem]:
    stated = [key for key in ("keyframe", "keyframes") if key in scene]
    if len(stated) != 1:
        what = "has keyframe and keyframes" if stated else "has no keyframe"
        yield source.problem(path, what, "name one still, or several under keyframes")
    files.check(scene.get("keyframe"), (*path, "keyframe"), "image")
    keyframes = scene.get("keyframes")
    if not isinstance(keyframes, list):
        return
    before = Fraction(-1)
    for index, keyframe in enumerate(keyframes):
        if not isinstance(keyframe, dict):
            continue
        here: Path_ = (*path, "keyframes", index)
        files.check(keyframe.get("image"), (*here, "image"), "image")
        at = keyframe.get("at", "start")
        if isinstance(at, str) and at.startswith("word:"):
            yield from _check_word(source, at, scene.get("text"), (*here, "at"))
        share = {"start": Fraction(0), "end": Fraction(1)}.get(str(at), _share(at))
        yield from _check_share(source, at, (*here, "at"))
        if share is not None:
            if share < before or (share == before and index):
                what = f"{show(at)} does not come after the keyframe before it"
                yield source.problem((*here, "at"), what, "put keyframes in order of their places")
            before = max(before, share)


def _share(at: object) -> Fraction | None:
    """The part of a scene that a place such as ``40%`` is at."""
    number = _number(at[:-1]) if isinstance(at, str) and at.endswith("%") else None
    return number / 100 if number is not None else None


def _check_share(source: Source, at: object, path: Path_) -> Iterator[Problem]:
    share = _share(at)
    if share is not None and share > 1:
        what = f"{show(at)} is beyond the scene's end"
        yield source.problem(path, what, "a share is at most 100%")


def _check_word(source: Source, at: str, text: object, path: Path_) -> Iterator[Problem]:
    match = _AT_WORD.fullmatch(at)
    if match is None:
        yield source.problem(path, f"{show(at)} names no word", "write it as word:storm")
        return
    if not isinstance(text, str):
        yield source.problem(path, "only a scene with text has words", "use a share or seconds")
        return
    words = [bare_word(token.text) for token in tokenize(text)]
    said, nth = words.count(bare_word(match["word"])), int(match["nth"] or 1)
    if said == 0:
        what = f"the scene's text has no word {match['word']!r}"
        yield source.problem(path, what, nearest(match["word"], list(dict.fromkeys(words))))
    elif nth > said:
        what = f"the scene says {match['word']!r} {said} times, not {nth}"
        yield source.problem(path, what, "")


def _check_renderer(
    source: Source, holder: Mapping[str, Any], path: Path_, renderers: Collection[str] | None
) -> Iterator[Problem]:
    name = holder.get("renderer")
    if isinstance(name, str) and renderers is not None and name not in renderers:
        hint = nearest(name, sorted(renderers))
        yield source.problem((*path, "renderer"), f"{name!r} is not a renderer", hint)


def _check_loras(holder: Mapping[str, Any], path: Path_, files: Files) -> None:
    motion = holder.get("motion")
    loras = motion.get("loras") if isinstance(motion, dict) else None
    for index, lora in enumerate(loras if isinstance(loras, list) else []):
        if isinstance(lora, dict):
            files.check(lora.get("path"), (*path, "motion", "loras", index, "path"), "file")


def bare_word(word: str) -> str:
    """A word without case and punctuation, for comparing."""
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def _is_number(value: object) -> TypeGuard[int | Fraction]:
    return isinstance(value, int | Fraction) and not isinstance(value, bool)


def _number(text: str) -> Fraction | None:
    try:
        return Fraction(text)
    except ValueError:
        return None
