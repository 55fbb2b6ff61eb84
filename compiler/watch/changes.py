"""Notice changes in the folders of a script's files."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import watchfiles

_STEP_MS = 40
"""A save is over once nothing changes for so long."""
_DEBOUNCE_MS = 400
"""Longest wait for that."""
_END_S = 0.1
"""Longest wait for the thread at the end; it holds nothing."""
_MOST_FOLDERS = 200
_DEEPEST = 3
"""Folders below another one that are watched."""
_LOOK_MS = 1000
"""Folders that appear or vanish are noticed after so long."""


class FolderWatch:
    """Watches folders, not what is below them, in a thread.

    Args:
        on_change: called after a change in one of the folders, and after they were changed, from
            the thread.
    """

    def __init__(self, on_change: Callable[[], None]):
        self._on_change = on_change
        self._folders: frozenset[Path] = frozenset()
        self._renewed, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def watch(self, folders: Iterable[Path]) -> None:
        """Watch these folders from now on."""
        wanted = frozenset(folders)
        if wanted != self._folders:
            self._folders = wanted
            self._renewed.set()

    def end(self) -> None:
        """Stop watching."""
        self._ended.set()
        self._renewed.set()
        self._thread.join(_END_S)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._renewed.clear()
            there = [folder for folder in self._folders if folder.is_dir()]
            self._on_change()
            if not there:
                self._renewed.wait(_LOOK_MS / 1000)
                continue
            try:
                self._follow(there)
            except OSError:
                self._renewed.wait(_LOOK_MS / 1000)  # A folder vanished meanwhile.

    def _follow(self, folders: list[Path]) -> None:
        is_first = True
        for changes in watchfiles.watch(
            *folders,
            watch_filter=None,
            recursive=False,
            step=_STEP_MS,
            debounce=_DEBOUNCE_MS,
            rust_timeout=_LOOK_MS,
            yield_on_timeout=True,
            stop_event=self._renewed,
            raise_interrupt=False,
        ):
            if changes or is_first:  # Something may have changed before they were watched.
                self._on_change()
            is_first = False
            if {folder for folder in self._folders if folder.is_dir()} != set(folders):
                return


def folders_below(folder: Path, without: Path) -> Iterator[Path]:
    """Yield a folder and those below it, except hidden ones and the outputs."""
    waiting = [(folder, 0)]
    for number in range(_MOST_FOLDERS):
        if number >= len(waiting):
            return
        here, depth = waiting[number]
        yield here
        if depth < _DEEPEST:
            with contextlib.suppress(OSError), os.scandir(here) as entries:
                waiting += [
                    (Path(entry.path), depth + 1)
                    for entry in entries
                    if entry.is_dir() and entry.name[:1] != "." and Path(entry.path) != without
                ]


def names_in(folders: Iterable[Path]) -> frozenset[str]:
    """Return the paths of what is in folders, except hidden names."""
    found: set[str] = set()
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            found.update(entry.path for entry in entries if entry.name[:1] != ".")
    return frozenset(found)
