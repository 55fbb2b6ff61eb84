"""The content-addressed store of rendered media: a recipe's key names its file.

``<slot>-<key12>.mp4`` holds the video, ``<slot>-<key12>.json`` the recipe. Both are written under a
temporary name and renamed, the recipe last: media without it are unfinished, and made again.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEY_LENGTH = 12
"""Digits of a key that stand in a file's name: 48 bits, and the sidecar holds them all."""


class Store:
    """A folder of media. Many processes may use it at once: whoever is last wins, with the same
    bytes."""

    def __init__(self, folder: Path):
        self.folder = folder

    def path_for(self, slot: str, key: str) -> Path:
        """Where the media of a slot belong."""
        return self.folder / f"{_safe(slot)}-{key[:KEY_LENGTH]}.mp4"

    def find(self, slot: str, key: str) -> Path | None:
        """Finished media of that key, rather under the slot's own name, or None."""
        own = self.path_for(slot, key)
        if self._is_finished(own, key):
            return own
        for path in sorted(self.folder.glob(f"*-{key[:KEY_LENGTH]}.mp4")):
            if self._is_finished(path, key):
                return path
        return None

    def commit(self, media: Path, key: str, recipe: Mapping[str, Any]) -> None:
        """Declare written media finished by putting their recipe beside them.

        Raises:
            OSError: the folder cannot be written to.
        """
        sidecar = sidecar_of(media)
        temporary = sidecar.with_name(f".{sidecar.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("w", encoding="utf-8") as stream:
                json.dump({"key": key, "recipe": recipe}, stream, indent=1, ensure_ascii=False)
                stream.write("\n")
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(sidecar)
        finally:
            temporary.unlink(missing_ok=True)

    def forget(self, slot: str, key: str) -> None:
        """Take a slot's media for unfinished, so that they are made again."""
        sidecar_of(self.path_for(slot, key)).unlink(missing_ok=True)

    def clear_leftovers(self) -> None:
        """Delete temporary files of processes that are no more."""
        for path in self.folder.glob(".*.tmp"):
            owner = re.search(r"\.(\d+)(?:\.\d+)?\.tmp$", path.name)
            if owner is not None and not _is_running(int(owner[1])):
                path.unlink(missing_ok=True)

    def _is_finished(self, media: Path, key: str) -> bool:
        try:
            with sidecar_of(media).open(encoding="utf-8") as stream:
                return bool(json.load(stream)["key"] == key) and media.stat().st_size > 0
        except (OSError, ValueError, KeyError, TypeError):
            return False


def sidecar_of(media: Path) -> Path:
    """The file that holds the recipe of some media."""
    return media.with_suffix(".json")


def _safe(name: str) -> str:
    """A slot's name as part of a file's name on every system."""
    return re.sub(r"[^\w.\-]+", "_", name).strip("._")[:80] or "slot"


def _is_running(pid: int) -> bool:
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
