"""Where libass leaves room for emoji in colour: fonts, directions and scaling are its own.

A trial draws each place holder as a rectangle in a frame of its own; ffmpeg's ``bbox`` finds it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from ...media.ffmpeg import run
from ...media.ffmpeg_watchdog import patience
from ..segments.scratch import stand_in
from .ass import PLACE_HOLDER
from .ass_script import AssScript, Event

_ANIMATED = re.compile(r"\\fsc[xy]\d+|\\t\([^()]*\)")
_COLOUR = re.compile(r"&H[0-9A-F]{8}")
_FRAME = re.compile(r"frame:(\d+)[^\n]*((?:\nlavfi\.bbox\.\w+=\d+)*)")


@dataclass(frozen=True, slots=True)
class PlacedEmoji:
    """An emoji over a frame.

    Attributes:
        text: its sequence.
        x: of its middle, in pixels.
        y: of its baseline, in pixels.
    """

    text: str
    x: float
    y: float


def place_emoji(
    script: AssScript, size: tuple[int, int], fonts: Path, scratch: Path
) -> Mapping[Event, tuple[PlacedEmoji, ...]]:
    """Return the places of the emoji of each event that has some, in its text's order.

    An emoji without a place is outside the frame, or smaller than a pixel.

    Args:
        script: the captions.
        size: of a frame, in pixels.
        fonts: the folder of their fonts.
        scratch: for temporary files.

    Raises:
        FfmpegError: ffmpeg failed.
    """
    wanted = [(event, n) for event in script.events for n in range(len(event.emoji))]
    if not wanted:
        return {}
    trial = AssScript(
        _COLOUR.sub("&HFF000000", script.header),
        tuple(
            replace(event, start=Fraction(second), end=Fraction(second + 1), text=_only(event, n))
            for second, (event, n) in enumerate(wanted)
        ),
    )
    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name)
        (folder / "trial.ass").write_text(trial.text(), encoding="utf-8", newline="\n")
        stand_in(fonts, folder / "fonts")
        width, height = size
        graph = (
            "ass=trial.ass:fontsdir=fonts:shaping=complex,bbox=min_val=72,"
            "metadata=print:file=places.txt"
        )
        run(
            [
                *("-f", "lavfi", "-i", f"color=black:s={width}x{height}:r=1:d={len(wanted)}"),
                *("-vf", f"format=yuv420p,{graph}", "-f", "null", "-"),
            ],
            what="placing emoji",
            cwd=folder,
            stall_s=patience(frames=len(wanted), pixels=width * height),
        )
        log = (folder / "places.txt").read_text("utf-8")
    places: dict[Event, tuple[PlacedEmoji, ...]] = {}
    for match in _FRAME.finditer(log.replace("\r", "")):
        event, n = wanted[int(match[1])]
        box = dict(re.findall(r"bbox\.(\w+)=(\d+)", match[2]))
        if box:
            x = (int(box["x1"]) + int(box["x2"]) + 1) / 2
            found = PlacedEmoji(event.emoji[n], x, int(box["y2"]) + 1)
            places[event] = (*places.get(event, ()), found)
    return places


def _only(event: Event, wanted: int) -> str:
    """Return an event's text at rest, with one of its places drawn."""
    numbers = iter(range(len(event.emoji)))

    def shown(match: re.Match[str]) -> str:
        if next(numbers) != wanted:
            return match[0]
        width, height, outline = match.groups()
        drawing = f"m 0 0 l {width} 0 {width} {height} 0 {height}"
        return rf"{{\bord0\1a&H00&\1c&HFFFFFF&\p1}}{drawing}{{\p0\1a\1c\bord{outline}}}"

    return PLACE_HOLDER.sub(shown, _ANIMATED.sub("", event.text))
