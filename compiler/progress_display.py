"""Progress displays: bars on a terminal, plain lines, JSON lines, or nothing."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Literal, Protocol, Self, TextIO

from .printing import print_json
from .progress import Progress

Style = Literal["auto", "plain", "json", "none"]


class Display(Protocol):
    """A context manager that shows progress."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def __call__(self, progress: Progress) -> None:
        """Show one step."""


def display(style: Style, stream: TextIO | None = None) -> Display:
    """Return the display of a style; ``auto`` is bars on a terminal, else plain lines."""
    stream = stream or sys.stdout
    if style == "json":
        return _Json(stream)
    if style == "none":
        return _Silent(stream)
    if style == "plain" or not stream.isatty():
        return _Plain(stream)
    from .progress_bars import ProgressBars  # noqa: PLC0415 - rich takes 90 ms to import

    return ProgressBars(stream)


class _Silent:
    def __init__(self, stream: TextIO):
        self._stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def __call__(self, progress: Progress) -> None:
        """Print nothing."""


class _Plain(_Silent):
    """A line for each finished stage."""

    def __call__(self, progress: Progress) -> None:
        if progress.message:
            print(f"{progress.stage:<9} {progress.message}", file=self._stream, flush=True)


class _Json(_Silent):
    """A JSON object a line for each step, with the fields of `Progress`."""

    def __call__(self, progress: Progress) -> None:
        step = {
            "stage": progress.stage,
            "done": progress.done,
            "total": progress.total,
            "message": progress.message,
            "slot": progress.slot,
            "left_s": None if progress.left_s is None else round(progress.left_s, 1),
        }
        print_json(step, self._stream)
