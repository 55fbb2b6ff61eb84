"""Burned-in captions: their ASS file and fonts, checked against this machine's libass and ffmpeg.

A trial run of libass reports letters that no font of this machine has, and the colour matrix in
which this ffmpeg draws.
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
from ..encode.encoder_settings import TAGS
from .ass import AssScript, Typesetter, escape
from .cues import Cue, captions_of, default_limits, hard_to_read
from .fonts import EMOJI, RUBIK, FontFace, emoji, face_of, is_invisible
from .style import CaptionStyle, Colour, is_font_file, read_style
from .words import heads_of, language_of, words_of

_MAX_CHECKED = 4000
"""Letters that are checked; a text with more is in an installed writing system."""
_CANVAS = 64
_NEAR_S = 1
"""Gap between captions, in seconds, below which it is encoded along with them."""


@dataclass(frozen=True, slots=True)
class BurnedCaptions:
    """Captions to burn in.

    Attributes:
        script: the ASS file; its times are those of the reel.
        fonts: the folder for ``fontsdir`` of ffmpeg's filter ``ass``.
        warnings: about missing fonts.
    """

    script: AssScript
    fonts: Path
    warnings: tuple[Notice, ...] = ()

    def between(self, start: Fraction, end: Fraction) -> str:
        """Return the ASS file of a range of the reel, in seconds; see `AssScript.between`."""
        return self.script.between(start, end)

    def ranges(self, frames: int, fps: Fraction) -> Iterator[tuple[int, int, bool]]:
        """Yield frames ``[start, end)`` of the reel, and whether they have captions.

        Captions that are less than a second apart share a range.
        """
        near = math.ceil(_NEAR_S * fps)
        shown: list[tuple[int, int]] = []
        for event in self.script.events:
            start = max(0, math.ceil(event.start * fps))
            end = min(frames, math.ceil(event.end * fps))
            if shown and start - shown[-1][1] < near:
                shown[-1] = (shown[-1][0], max(end, shown[-1][1]))
            elif start < end:
                shown.append((start, end))
        place = 0
        for start, end in shown:
            if place < start:
                yield place, start, False
            yield start, end, True
            place = end
        if place < frames:
            yield place, frames, False


def prepare_captions(
    timeline: otio.schema.Timeline, size: tuple[int, int], fps: Fraction, folder: Path
) -> BurnedCaptions | None:
    """Return the captions to burn in; None if the timeline does not ask for it.

    Args:
        timeline: words and ``captions`` are in its metadata.
        size: of the reel, in pixels.
        fps: of the reel.
        folder: for a folder of fonts.

    Raises:
        InputError: the style is invalid.
    """
    stated = dict(own_metadata(timeline).get("captions") or {})
    words = words_of(timeline)
    if not stated.get("burn") or not words:
        return None
    style = read_style(stated)
    fonts = _copy_fonts(style, folder)
    checked = _check_fonts({letter for word in words for letter in word.text}, style, fonts)
    if draws_in_bt601(ffmpeg_path(), folder):
        style = _for_bt601(style)
    language, heads = language_of(timeline), heads_of(timeline)
    typesetter = Typesetter(style, size, fps, language, checked.family, checked.absent, heads)
    cues = captions_of(timeline, typesetter.limits())
    return BurnedCaptions(typesetter.script(cues), fonts, checked.warnings)


def typeset(
    timeline: otio.schema.Timeline, size: tuple[int, int], fps: Fraction
) -> tuple[Typesetter, list[Cue]]:
    """Return the captions of a timeline, and what sets them; errors as of `read_style`."""
    style = read_style(dict(own_metadata(timeline).get("captions") or {}))
    language, heads = language_of(timeline), heads_of(timeline)
    typesetter = Typesetter(style, size, fps, language, _family_of(style), heads=heads)
    return typesetter, captions_of(timeline, typesetter.limits())


def caption_departures(
    timeline: otio.schema.Timeline, size: tuple[int, int], fps: Fraction
) -> list[str]:
    """Return a line for each caption that is hard to read: burned in, or else in a sidecar file."""
    if (own_metadata(timeline).get("captions") or {}).get("burn"):
        typesetter, cues = typeset(timeline, size, fps)
        return list(hard_to_read(cues, typesetter.limits()))
    return list(hard_to_read(captions_of(timeline), default_limits(timeline)))


def to_ass(timeline: otio.schema.Timeline, size: tuple[int, int], fps: Fraction) -> str:
    """Return the captions of a timeline as an ASS file; errors as of `typeset`."""
    typesetter, cues = typeset(timeline, size, fps)
    return typesetter.script(cues).text()


def _copy_fonts(style: CaptionStyle, folder: Path) -> Path:
    """Return a folder with the bundled fonts and the script's own."""
    fonts = folder / "fonts"
    fonts.mkdir(exist_ok=True)
    files = [RUBIK, EMOJI, *([Path(style.font)] if is_font_file(style.font) else [])]
    for number, path in enumerate(files):
        shutil.copyfile(path, fonts / f"{number}{path.suffix}")
    return fonts


def _family_of(style: CaptionStyle) -> str:
    """Return the family that a style names; empty for a file, or none."""
    return "" if is_font_file(style.font) else style.font


@dataclass(frozen=True, slots=True)
class _FontCheck:
    family: str = ""
    absent: frozenset[str] = frozenset()
    warnings: tuple[Notice, ...] = ()


def _check_fonts(letters: Iterable[str], style: CaptionStyle, fonts: Path) -> _FontCheck:
    """Ask libass for letters without a font, in a trial of those that are in no bundled font."""
    known = (style.face(), emoji())
    family = _family_of(style)
    foreign = sorted(x for x in letters if not any(face.has(x) for face in known))[:_MAX_CHECKED]
    if not family and not foreign:
        return _FontCheck()
    log = _trial_log("".join(foreign) or "a", family or known[0].family, fonts)
    warnings = []
    if family and not _is_found(family, log):
        what = f"captions.font: this machine has no font {family!r}; Rubik is used"
        warnings.append(Notice("font", what))
        family = ""
    codes = re.findall(r"failed to find any fallback with glyph 0x([0-9A-Fa-f]+)", log)
    missing = sorted({chr(int(code, 16)) for code in codes} & set(foreign))
    absent = frozenset(x for x in missing if unicodedata.category(x) in ("So", "Sk", "Cn", "Co"))
    for system, found in _by_system(x for x in missing if not is_invisible(x)).items():
        shown = " ".join(found[:5]) + (" …" if len(found) > 5 else "")
        instead = "they are dropped" if set(found) <= absent else "a box replaces each"
        what = f"captions: this machine has no font for {system} ({shown}); {instead}"
        warnings.append(Notice("font", what))
    return _FontCheck(family, absent, tuple(warnings))


def _is_found(family: str, log: str) -> bool:
    """Whether the first font that libass selected is of a family."""
    match = re.search(r"fontselect: \(.*?, \d+, \d+\) -> (.+), (-?\d+), (\S*)\s*$", log, re.M)
    if match is None:
        return False
    wanted = family.casefold().replace(" ", "")
    name = match[3].casefold().replace("-", "")
    path = Path(match[1])
    face: FontFace | None = None
    if path.suffix.lower() in (".ttf", ".otf", ".ttc") and path.is_file():
        face = face_of(path)
    families = [face.family.casefold().replace(" ", "")] if face is not None else []
    return wanted in families or name.startswith(wanted)


def _by_system(letters: Iterable[str]) -> dict[str, list[str]]:
    """Group letters by writing system, from their Unicode names."""
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


def _trial_log(text: str, family: str, fonts: Path) -> str:
    """Return the log of libass for a text."""
    lines = [escape(text[start : start + 40]) for start in range(0, len(text), 40)]
    with tempfile.TemporaryDirectory(dir=fonts.parent) as folder:
        return _drawn(
            r"\N".join(lines), f"{family},20,&H00FFFFFF", Path(folder), fonts, output=None
        )


@functools.cache
def draws_in_bt601(program: str, scratch: Path) -> bool:
    """Whether this ffmpeg draws in BT.601 regardless of the picture's matrix, as before 7.

    Tested by drawing yellow on a picture that is tagged BT.709.
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
    """Draw a line on a small picture, and return ffmpeg's log."""
    script = folder / "try.ass"
    script.write_text(
        f"[Script Info]\nPlayResX: {_CANVAS}\nPlayResY: {_CANVAS}\nYCbCr Matrix: TV.709\n"
        "[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, Bold\n"
        f"Style: D,{style},-1\n[Events]\nFormat: Start, End, Style, Text\n"
        f"Dialogue: 0:00:00.00,0:00:09.00,D,{text}\n",
        encoding="utf-8",
        newline="\n",
    )
    size = f"{_CANVAS}x{_CANVAS}"
    sink = output_args(output, "-f", "rawvideo") if output else ["-f", "null", "-"]
    picture = ["-f", "lavfi", "-i", f"color=gray:s={size}:r=1:d=1"]
    graph = f"format=yuv420p,{TAGS},ass=filename={_quoted(script)}:fontsdir={_quoted(fonts)}"
    return run(
        [*picture, "-vf", f"{graph}:shaping=complex", "-frames:v", "1", *sink],
        what="trying out captions",
        loglevel="info",
    )


def _quoted(path: Path) -> str:
    """Escape a path for an option of a filter, and again for the graph."""
    option = re.sub(r"([\\':])", r"\\\1", str(path))
    return re.sub(r"([\\'\[\],;])", r"\\\1", option)


def _for_bt601(style: CaptionStyle) -> CaptionStyle:
    """Return a style in the colours that look right when drawn in BT.601."""
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
"""Matrices from RGB to luma and colour differences (ITU-R BT.709, BT.601)."""


def as_bt601(colour: Colour) -> Colour:
    """Return the colour whose BT.601 luma and differences equal those of ``colour`` in BT.709.

    >>> as_bt601((255, 212, 0, 255)), as_bt601((255, 255, 255, 128))
    ((250, 222, 9, 255), (255, 255, 255, 128))
    """
    red, green, blue = np.clip(np.linalg.solve(_BT601, _BT709 @ np.array(colour[:3])), 0, 255)
    return round(float(red)), round(float(green)), round(float(blue)), colour[3]
