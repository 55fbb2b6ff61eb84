"""The context that all parts of the page share: the view, thumbnails, names and links."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from ..files.file_urls import relative_or_absolute, url_of_path
from .frame_text import FrameClock
from .thumbnail_strips import Strips
from .view_model import Block, PageView, State

_MOST_UP = 3
"""Folders that a relative link may go up; beyond, links are absolute."""
_LABELS = {
    State.WAITING: "waiting for video",
    State.MEDIA: "in place",
    State.OFF: "switched off",
}


@dataclass(frozen=True)
class PageContext:
    """The context of a page.

    Attributes:
        view: the content of the page.
        folder: the folder of the page.
        strips: the thumbnails of its blocks.
        served: returns the URL of a file that a server sends, empty if it must not; None for a page
            that links to files.
    """

    view: PageView
    folder: Path
    strips: Strips
    served: Callable[[Path], str] | None = None

    @cached_property
    def clock(self) -> FrameClock:
        """The frame formatter of the reel."""
        return FrameClock(self.view.fps, self.view.first)

    @cached_property
    def cuts(self) -> list[int]:
        """First frames of all visible pictures but the first."""
        rows = (row for row in self.view.rows if row.is_picture and row.enabled)
        seen = (block for row in rows for block in row.blocks if block.state is not State.OFF)
        return sorted({block.start for block in seen} - {0})

    def named(self, *, sound: bool) -> Iterator[tuple[str, Block]]:
        """Yield the items of picture or sound tracks, except gaps, with their names in the page."""
        for index, row in enumerate(self.view.rows):
            for number, block in enumerate(row.blocks):
                if row.is_picture is not sound and block.state is not State.GAP:
                    yield block_name(index, number), block

    def url(self, path: Path) -> str:
        """Return a file's URL, relative to the page if the file is near it."""
        if self.served is not None:
            return self.served(path)
        related = self._related(path)
        # A leading dot keeps a colon in the file's name from looking like a scheme.
        return url_of_path(path) if related is None else f"./{quote(related.as_posix())}"

    def link(self, path: Path | None) -> str:
        """Return a file's name, as a link if the file exists; nothing for None."""
        if path is None:
            return ""
        told = html.escape(str(self._related(path) or path))
        name = f'<span title="{told}">{html.escape(path.name)}</span>'
        url = self.url(path) if path.is_file() else ""
        if not url:
            return name
        # In a new tab, so that readers keep their place in the page.
        return f'<a href="{html.escape(url)}" target="_blank" rel="noopener">{name}</a>'

    def _related(self, path: Path) -> Path | None:
        """Return a path relative to the page; None if it is too far up or on another drive."""
        related = Path(relative_or_absolute(path, self.folder))
        is_near = not related.is_absolute() and related.parts.count("..") <= _MOST_UP
        return related if is_near else None


def block_name(row: int, block: int) -> str:
    """Return an item's element ID, made of its row and its position there."""
    return f"r{row}b{block}"


def state_label(state: State) -> str:
    """Return a state in words."""
    return _LABELS.get(state, str(state))


def badge(state: State) -> str:
    """Return a state as an HTML badge."""
    return f'<span class="badge {state}">{state_label(state)}</span>'
