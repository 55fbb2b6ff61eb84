"""What every part of the page is written from: the view, its pictures, names and links."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from ..files.file_urls import relative_or_absolute, url_of_path
from .frame_text import FrameClock
from .thumbnail_strips import Strips
from .view_model import Block, PageView, State

_MOST_UP = 3
"""Folders that a relative link may go up; what is farther away is named in full."""
_LABELS = {
    State.WAITING: "waiting for video",
    State.MEDIA: "in place",
    State.OFF: "switched off",
}


@dataclass(frozen=True)
class Sheet:
    """A page that is being written.

    Attributes:
        view: what it shows.
        folder: where it will lie.
        strips: the pictures of its blocks.
    """

    view: PageView
    folder: Path
    strips: Strips

    @cached_property
    def clock(self) -> FrameClock:
        """Of the reel."""
        return FrameClock(self.view.fps, self.view.first)

    @cached_property
    def cuts(self) -> list[int]:
        """Frames at which a picture that is seen begins, but for the first."""
        rows = (row for row in self.view.rows if row.is_picture and row.enabled)
        seen = (block for row in rows for block in row.blocks if block.state is not State.OFF)
        return sorted({block.start for block in seen} - {0})

    def named(self, *, sound: bool) -> Iterator[tuple[str, Block]]:
        """Items of picture or of sound tracks, but for gaps, by the names the page gives them."""
        for index, row in enumerate(self.view.rows):
            for number, block in enumerate(row.blocks):
                if row.is_picture is not sound and block.state is not State.GAP:
                    yield block_name(index, number), block

    def url(self, path: Path) -> str:
        """A file as the page names it: from its own folder, where it isn't far away."""
        related = self._related(path)
        # With a dot before it, it is never taken for a scheme, whatever the file is called.
        return url_of_path(path) if related is None else f"./{quote(related.as_posix())}"

    def link(self, path: Path | None) -> str:
        """A file's name that leads to it, where it is there; nothing for None."""
        if path is None:
            return ""
        told = html.escape(str(self._related(path) or path))
        name = f'<span title="{told}">{html.escape(path.name)}</span>'
        if not path.is_file():
            return name
        # In a tab of its own: whoever looks at a page is somewhere in it.
        return f'<a href="{html.escape(self.url(path))}" target="_blank" rel="noopener">{name}</a>'

    def _related(self, path: Path) -> Path | None:
        """A path from the page's folder, None where it is too far away, or on another drive."""
        related = Path(relative_or_absolute(path, self.folder))
        is_near = not related.is_absolute() and related.parts.count("..") <= _MOST_UP
        return related if is_near else None


def block_name(row: int, block: int) -> str:
    """The name of an item in the page: its place among the rows."""
    return f"r{row}b{block}"


def state_label(state: State) -> str:
    """A state in words."""
    return _LABELS.get(state, str(state))


def badge(state: State) -> str:
    """A state as a small label."""
    return f'<span class="badge {state}">{state_label(state)}</span>'


def count(number: int, noun: str) -> str:
    """``1 frame``, ``2 frames``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
