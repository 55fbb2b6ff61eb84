"""Frames as text: timecode and seconds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..timeline.timecode import timecode_at


@dataclass(frozen=True, slots=True)
class FrameClock:
    """Formats the frames of a reel that starts at frame number ``first``."""

    fps: Fraction
    first: int = 0

    @property
    def counting(self) -> str:
        """``drop`` or ``plain`` timecode, or ``seconds`` at rates without timecode."""
        text = timecode_at(0, self.fps)
        return "seconds" if not text else "drop" if ";" in text else "plain"

    def label(self, frame: int) -> str:
        """Format a frame as timecode ``HH:MM:SS:FF``, else as minutes and seconds.

        >>> FrameClock(Fraction(24), 86400).label(25), FrameClock(Fraction(25, 2)).label(800)
        ('01:00:01:01', '1:04.000')
        """
        text = timecode_at(self.first + frame, self.fps)
        if not text:
            minutes, left = divmod(Fraction(self.first + frame) / self.fps, 60)
            text = f"{minutes}:{float(left):06.3f}"
        return text

    def seconds(self, frames: int) -> str:
        """Format a length: ``2.50 s``, ``3:04.5``."""
        length = float(frames / self.fps)
        if length < 60:
            return f"{length:.2f} s"
        minutes, left = divmod(round(length, 1), 60)
        return f"{minutes:.0f}:{left:04.1f}"
