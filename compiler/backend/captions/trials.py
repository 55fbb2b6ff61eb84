"""Trials of this machine's libass and ffmpeg: letters without a font, the colour matrix."""

from __future__ import annotations

import functools
import re
import tempfile
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...media.ffmpeg import output_args, run
from ...notices import Notice
from ..encode.encoder_settings import TAGS
from .ass_values import escape
from .fonts import RUBIK, FontFace, emoji, face_of, is_invisible
from .style import CaptionStyle, Colour, is_font_file

_MAX_CHECKED = 4000
"""Letters that are checked; a text with more is in an installed writing system."""
_CANVAS = 64


def family_of(style: CaptionStyle) -> str:
    """Return the family that a style names; empty for a file, or none."""
    return "" if is_font_file(style.font) else style.font


@dataclass(frozen=True, slots=True)
class FontCheck:
    """The family to use instead of the style's, letters that no font has, and warnings."""

    family: str = ""
    absent: frozenset[str] = frozenset()
    warnings: tuple[Notice, ...] = ()


def check_fonts(letters: Iterable[str], style: CaptionStyle, fonts: Path) -> FontCheck:
    """Ask libass for letters without a font, in a trial of those that are in no bundled font."""
    known = (style.face(), emoji())
    family = family_of(style)
    foreign = sorted(x for x in letters if not any(face.has(x) for face in known))[:_MAX_CHECKED]
    if not family and not foreign:
        return FontCheck()
    log = _trial_log("".join(foreign) or "a", family or known[0].family, fonts)
    warnings = []
    if family and not _is_found(family, log):
        what = f"captions.font: this machine has no font {family!r}; Rubik is used"
        warnings.append(Notice("font", what))
        family = ""
    codes = re.findall(r"failed to find any fallback with glyph 0x([0-9A-Fa-f]+)", log)
    missing = sorted({chr(int(code, 16)) for code in codes} & set(foreign))
    absent = frozenset(x for x in missing if unicodedata.category(x) in ("So", "Sk", "Cn", "Co"))
    visible = [x for x in missing if not is_invisible(x)]
    for is_dropped, instead in ((False, "a box replaces each"), (True, "they are dropped")):
        systems = _by_system(x for x in visible if (x in absent) == is_dropped)
        named = ", ".join(
            f"{system} ({' '.join(found[:5])}{' …' if len(found) > 5 else ''})"
            for system, found in systems.items()
        )
        if named:
            what = f"captions: this machine has no font for {named}; {instead}"
            warnings.append(Notice("font", what))
    return FontCheck(family, absent, tuple(warnings))


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
        system = re.split("[ -]", name)[0].capitalize() or "unassigned characters"
        if unicodedata.category(letter).startswith("P"):
            system = "punctuation"
        elif name.startswith("CJK"):
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


def for_bt601(style: CaptionStyle) -> CaptionStyle:
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
