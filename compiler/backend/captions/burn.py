"""Captions in the picture: what this machine draws is tried out, and files laid for ffmpeg.

libass draws them. It is asked beforehand which letters no font of this machine has, and in which
colours the ffmpeg at hand draws.
"""

from __future__ import annotations

import functools
import math
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio

from ...media.ffmpeg import output_args, run
from ...media.find_ffmpeg import ffmpeg_path
from ...notices import Notice
from ...timeline.metadata import own_metadata
from .ass import AssScript, Typesetter, escape
from .cues import captions_of
from .fonts import EMOJI, RUBIK, Face, emoji, face_of, is_invisible
from .style import CaptionStyle, Colour, is_font_file, read_style
from .words import language_of, words_of

_MOST_TRIED = 4000
"""Different letters that are tried out; a text with more is of a writing system that is there."""
_CANVAS = 64
_NEAR_S = 1
"""Seconds between captions under which the picture between them is encoded along with them."""


@dataclass(frozen=True, slots=True)
class BurnedCaptions:
    """Captions to be drawn: an ASS file, the folder of its fonts, and what is drawn otherwise.

    Attributes:
        script: the file; times are those of the reel.
        fonts: a folder, for the option ``fontsdir`` of ffmpeg's filter ``ass``.
        warnings: one line each.
    """

    script: AssScript
    fonts: Path
    warnings: tuple[Notice, ...] = ()

    def between(self, start: Fraction, end: Fraction) -> str:
        """The file for a stretch of the reel, in seconds; see `AssScript.between`."""
        return self.script.between(start, end)

    def stretches(self, frames: int, fps: Fraction) -> Iterator[tuple[int, int, bool]]:
        """The frames of a reel as stretches ``[start, end)`` with and without captions.

        Captions shortly after one another share a stretch.
        """
        near = math.ceil(_NEAR_S * fps)
        seen: list[tuple[int, int]] = []
        for event in self.script.events:
            start = max(0, math.ceil(event.start * fps))
            end = min(frames, math.ceil(event.end * fps))
            if seen and start - seen[-1][1] < near:
                seen[-1] = (seen[-1][0], max(end, seen[-1][1]))
            elif start < end:
                seen.append((start, end))
        place = 0
        for start, end in seen:
            if place < start:
                yield place, start, False
            yield start, end, True
            place = end
        if place < frames:
            yield place, frames, False


def prepare_captions(
    timeline: otio.schema.Timeline, size: tuple[int, int], fps: Fraction, folder: Path
) -> BurnedCaptions | None:
    """The captions that a timeline wants in its picture; None where it wants none.

    Args:
        timeline: words and ``captions`` are in its metadata.
        size: of the reel, in pixels.
        fps: of the reel.
        folder: for the fonts, which are put in a folder of their own.

    Raises:
        InputError: the style cannot be used.
    """
    stated = dict(own_metadata(timeline).get("captions") or {})
    words = words_of(timeline)
    if not stated.get("burn") or not words:
        return None
    style = read_style(stated)
    fonts = _lay_fonts(style, folder)
    tried = _try_out({letter for word in words for letter in word.text}, style, fonts)
    if draws_in_bt601(ffmpeg_path(), folder):
        style = _for_bt601(style)
    typesetter = Typesetter(style, size, fps, language_of(timeline), tried.family, tried.absent)
    cues = captions_of(timeline, typesetter.setting())
    return BurnedCaptions(typesetter.script(cues), fonts, tried.warnings)


def to_ass(timeline: otio.schema.Timeline, size: tuple[int, int], fps: Fraction) -> str:
    """The captions of a timeline as an ASS file in its style, whether they are burned or not.

    Raises:
        InputError: the style cannot be used.
    """
    style = read_style(dict(own_metadata(timeline).get("captions") or {}))
    typesetter = Typesetter(style, size, fps, language_of(timeline), _family_of(style))
    return typesetter.script(captions_of(timeline, typesetter.setting())).text()


def _lay_fonts(style: CaptionStyle, folder: Path) -> Path:
    """A folder with the fonts that come along, and the script's own."""
    fonts = folder / "fonts"
    fonts.mkdir(exist_ok=True)
    files = [RUBIK, EMOJI, *([Path(style.font)] if is_font_file(style.font) else [])]
    for number, path in enumerate(files):
        shutil.copyfile(path, fonts / f"{number}{path.suffix}")
    return fonts


def _family_of(style: CaptionStyle) -> str:
    """The family that a style names; empty where it names a file, or nothing."""
    return "" if is_font_file(style.font) else style.font


@dataclass(frozen=True, slots=True)
class _Tried:
    family: str = ""
    absent: frozenset[str] = frozenset()
    warnings: tuple[Notice, ...] = ()


def _try_out(letters: Iterable[str], style: CaptionStyle, fonts: Path) -> _Tried:
    """Ask libass what it draws letters with that the fonts at hand don't have."""
    known = (style.face(), emoji())
    family = _family_of(style)
    foreign = sorted(x for x in letters if not any(face.has(x) for face in known))[:_MOST_TRIED]
    if not family and not foreign:
        return _Tried()
    told = _draw("".join(foreign) or "a", family or known[0].family, fonts)
    warnings = []
    if family and not _is_found(family, told):
        what = f"captions.font: this machine has no font {family!r}; Rubik is used"
        warnings.append(Notice("font", what))
        family = ""
    codes = re.findall(r"failed to find any fallback with glyph 0x([0-9A-Fa-f]+)", told)
    missing = sorted({chr(int(code, 16)) for code in codes} & set(foreign))
    absent = frozenset(x for x in missing if unicodedata.category(x) in ("So", "Sk", "Cn", "Co"))
    for system, found in _by_system(x for x in missing if not is_invisible(x)).items():
        shown = " ".join(found[:5]) + (" …" if len(found) > 5 else "")
        instead = "they are left out" if set(found) <= absent else "boxes are shown"
        what = f"captions: no font on this machine has {system} ({shown}); {instead}"
        warnings.append(Notice("font", what))
    return _Tried(family, absent, tuple(warnings))


def _is_found(family: str, told: str) -> bool:
    """Whether the font that libass first took is of a family."""
    match = re.search(r"fontselect: \(.*?, \d+, \d+\) -> (.+), (-?\d+), (\S*)\s*$", told, re.M)
    if match is None:
        return False
    wanted = family.casefold().replace(" ", "")
    name = match[3].casefold().replace("-", "")
    path = Path(match[1])
    face: Face | None = None
    if path.suffix.lower() in (".ttf", ".otf", ".ttc") and path.is_file():
        face = face_of(path)
    families = [face.family.casefold().replace(" ", "")] if face is not None else []
    return wanted in families or name.startswith(wanted)


def _by_system(letters: Iterable[str]) -> dict[str, list[str]]:
    """Letters by the writing system that their Unicode names begin with."""
    systems: dict[str, list[str]] = {}
    for letter in letters:
        name = unicodedata.name(letter, "")
        system = name.partition(" ")[0].capitalize() or "unassigned characters"
        if name.startswith("CJK"):
            system = "Chinese characters"
        elif unicodedata.category(letter) in ("So", "Sk", "Cn", "Co"):
            system = "pictographs"
        systems.setdefault(system, []).append(letter)
    return systems


def _draw(text: str, family: str, fonts: Path) -> str:
    """What libass says when it draws a text."""
    lines = [escape(text[start : start + 40]) for start in range(0, len(text), 40)]
    with tempfile.TemporaryDirectory(dir=fonts.parent) as folder:
        return _drawn(
            r"\N".join(lines), f"{family},20,&H00FFFFFF", Path(folder), fonts, output=None
        )


@functools.cache
def draws_in_bt601(program: str, scratch: Path) -> bool:
    """Whether this ffmpeg draws in the colours of BT.601 whatever the picture's are.

    Those before 7 do. Found out by drawing yellow on a picture that says BT.709.
    """
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name)
        output = folder / "drawn.yuv"
        box = (
            rf"{{\an7\pos(0,0)\bord0\shad0\p1}}m 0 0 l {_CANVAS} 0 {_CANVAS} {_CANVAS} 0 {_CANVAS}"
        )
        _drawn(box, "Rubik,20,&H0000D4FF", folder, RUBIK.parent, output)
        luma = np.fromfile(output, np.uint8)[_CANVAS * _CANVAS // 2 + _CANVAS // 2]
    return bool(luma < 190.5)  # 188 in BT.601, 193 in BT.709


def _drawn(text: str, style: str, folder: Path, fonts: Path, output: Path | None) -> str:
    """Draw a line on a small picture; returns what is said of it."""
    script = folder / "try.ass"
    script.write_text(
        f"[Script Info]\nPlayResX: {_CANVAS}\nPlayResY: {_CANVAS}\nYCbCr Matrix: TV.709\n"
        "[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, Bold\n"
        f"Style: D,{style},-1\n[Events]\nFormat: Start, End, Style, Text\n"
        f"Dialogue: 0:00:00.00,0:00:09.00,D,{text}\n",
        encoding="utf-8",
        newline="\n",
    )
    tags = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
    size = f"{_CANVAS}x{_CANVAS}"
    sink = output_args(output, "-f", "rawvideo") if output else ["-f", "null", "-"]
    picture = ["-f", "lavfi", "-i", f"color=gray:s={size}:r=1:d=1"]
    graph = f"format=yuv420p,{tags},ass=filename={_quoted(script)}:fontsdir={_quoted(fonts)}"
    return run(
        [*picture, "-vf", f"{graph}:shaping=complex", "-frames:v", "1", *sink],
        what="trying out captions",
        loglevel="info",
    )


def _quoted(path: Path) -> str:
    """A path as an option of a filter: escaped once for the option, once for the graph."""
    option = re.sub(r"([\\':])", r"\\\1", str(path))
    return re.sub(r"([\\'\[\],;])", r"\\\1", option)


def _for_bt601(style: CaptionStyle) -> CaptionStyle:
    """A style in the colours that come out right when drawn by the matrix of BT.601."""
    box = style.box_colour
    return replace(
        style,
        colour=as_bt601(style.colour),
        highlight_colour=as_bt601(style.highlight_colour),
        outline_colour=as_bt601(style.outline_colour),
        box_colour=as_bt601(box) if box is not None else None,
    )


_BT709, _BT601 = (
    np.array(
        [
            [red, 1 - red - blue, blue],
            [-red / (2 - 2 * blue), (red + blue - 1) / (2 - 2 * blue), 0.5],
            [0.5, (red + blue - 1) / (2 - 2 * red), -blue / (2 - 2 * red)],
        ]
    )
    for red, blue in ((0.2126, 0.0722), (0.299, 0.114))
)
"""From red, green and blue to luma and the colour differences (ITU-R BT.709, BT.601)."""


def as_bt601(colour: Colour) -> Colour:
    """The colour whose BT.601 luma and differences are those of ``colour`` in BT.709.

    >>> as_bt601((255, 212, 0, 255)), as_bt601((255, 255, 255, 128))
    ((250, 222, 9, 255), (255, 255, 255, 128))
    """
    red, green, blue = np.clip(np.linalg.solve(_BT601, _BT709 @ np.array(colour[:3])), 0, 255)
    return round(float(red)), round(float(green)), round(float(blue)), colour[3]
