"""Progress bars on a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from ..renderers.error_text import gigabytes
from .progress import Progress, Stage


class ProgressBars:
    """A live bar for the current stage, a line for each finished one."""

    def __init__(self, stream: TextIO):
        self._bars = Bars(
            TextColumn("{task.description:<9}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[more]}", markup=False),
            console=Console(file=stream),
            transient=True,
        )
        self._task: tuple[Stage, TaskID] | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def __call__(self, progress: Progress) -> None:
        """Show one step."""
        if self._task is None or self._task[0] != progress.stage:
            self._clear()
            self._task = (progress.stage, self._bars.add_task(progress.stage, total=1.0, more=""))
        self._bars.update(
            self._task[1],
            completed=progress.done / max(progress.total, 1e-9),
            more=f"{_left(progress.left_s)}{_downloaded(progress) or progress.slot[:20]}",
        )
        if progress.message:
            self._clear()
            self._bars.console.print(
                f"{progress.stage:<9} {progress.message}", markup=False, highlight=False
            )

    def _clear(self) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task[1])
            self._task = None


def _left(seconds: float | None) -> str:
    """Return text such as ``3 min left, ``; empty if the time is unknown."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{seconds:.0f} s left, "
    return f"{seconds / 60:.0f} min left, " if seconds < 5400 else f"{seconds / 3600:.1f} h left, "


def _downloaded(progress: Progress) -> str:
    """Return text such as ``1.2 of 6.3 GB``; empty in other stages."""
    if progress.stage != "download" or progress.total <= 1:
        return ""
    return gigabytes(progress.done, progress.total)
