"""The content-addressed store of rendered media: a recipe's key names its file.

``<slot>-<key12>.mp4`` holds the video, ``<slot>-<key12>.json`` the recipe, and what became of it
where a model's video was tried several times. Both are written under a temporary name and renamed,
the recipe last: media without it are unfinished, and made again.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .file_names import unreserved
from .processes import is_running
from .replace import replace_file

KEY_LENGTH = 12
"""Digits of a key that stand in a file's name: 48 bits, and the sidecar holds them all."""
NAME_BYTES = 120
"""Of a slot's name in a file's name, which may have 255 and carries the key and a suffix besides,
and while it is written a process and a thread."""
CHUNKS_LAST_S = 14 * 24 * 3600
"""Seconds after which a slot that was left half made is not carried on any more."""
_STARTED = time.time()


class Store:
    """A folder of media. Many processes may use it at once: whoever is last wins, with the same
    bytes."""

    def __init__(self, folder: Path, also: Sequence[Path] = ()):
        self.folder = folder
        self.also = tuple(also)
        """Folders that finished media are looked for in besides; nothing is written there."""

    @property
    def chunks(self) -> Path:
        """Where finished chunks of slots that are still being made are kept."""
        return self.folder / ".chunks"

    def path_for(self, slot: str, key: str) -> Path:
        """Where the media of a slot belong."""
        return self.folder / f"{media_name(slot)}-{key[:KEY_LENGTH]}.mp4"

    def find(self, slot: str, key: str) -> Path | None:
        """Finished media of that key, rather under the slot's own name, or None."""
        own = self.path_for(slot, key)
        if self._is_finished(own, key):
            return own
        for folder in (self.folder, *self.also):
            for path in sorted(folder.glob(f"*-{key[:KEY_LENGTH]}.mp4")):
                if self._is_finished(path, key):
                    return path
        return None

    def commit(
        self,
        media: Path,
        key: str,
        recipe: Mapping[str, Any],
        made: Mapping[str, Any] | None = None,
    ) -> None:
        """Declare written media finished by putting their recipe beside them.

        Args:
            media: the file.
            key: of the recipe.
            recipe: what was asked for.
            made: what became of it, where that may be something else.

        Raises:
            OSError: the folder cannot be written to.
        """
        sidecar = sidecar_of(media)
        temporary = sidecar.with_name(f".{sidecar.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("w", encoding="utf-8", newline="\n") as stream:
                document = {"key": key, "bytes": media.stat().st_size, "recipe": recipe}
                if made is not None:
                    document["made"] = made
                json.dump(document, stream, indent=1, ensure_ascii=False)
                stream.write("\n")
                stream.flush()
                os.fsync(stream.fileno())
            replace_file(temporary, sidecar)
        finally:
            temporary.unlink(missing_ok=True)

    def made(self, media: Path) -> dict[str, Any] | None:
        """What became of finished media's recipe, as it was committed; None where nothing was."""
        try:
            document = json.loads(sidecar_of(media).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        found = document.get("made") if isinstance(document, dict) else None
        return found if isinstance(found, dict) else None

    def key_of(self, media: Path) -> str | None:
        """The key of finished media; None where they are not ours, or unfinished."""
        try:
            key = str(json.loads(sidecar_of(media).read_text("utf-8"))["key"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return key if self._is_finished(media, key) else None

    def forget(self, slot: str, key: str) -> None:
        """Take a slot's media for unfinished, so that they are made again."""
        sidecar_of(self.path_for(slot, key)).unlink(missing_ok=True)

    def clear_leftovers(self) -> None:
        """Delete temporary files of processes that are no more, and chunks that nobody came for."""
        for path in self.chunks.glob("*.npy"):
            if _age_s(path) > CHUNKS_LAST_S:
                _delete(path)
        for path in (*self.folder.glob(".*.tmp"), *self.chunks.glob(".*.tmp")):
            owner = re.search(r"\.(\d+)(?:\.\d+)?\.tmp$", path.name)
            if owner is not None and _is_left(path, int(owner[1])):
                _delete(path)

    def _is_finished(self, media: Path, key: str) -> bool:
        try:
            with sidecar_of(media).open(encoding="utf-8") as stream:
                document = json.load(stream)
            size = media.stat().st_size
            # A copy of the folder that was cut short leaves files that are too small.
            return bool(document["key"] == key) and size == document.get("bytes", size) > 0
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False


def sidecar_of(media: Path) -> Path:
    """The file that holds the recipe of some media."""
    return media.with_suffix(".json")


def media_name(slot: str) -> str:
    """The part of a media name before the key, valid on every system."""
    plain = re.sub(r"[^\w.\-]+", "_", slot).strip("._")
    name = plain.encode()[:NAME_BYTES].decode(errors="ignore") or "slot"
    return unreserved(f"{name}-").removesuffix("-")


def _delete(path: Path) -> None:
    """Delete a leftover; on Windows an open one stays."""
    with contextlib.suppress(OSError):
        path.unlink()


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def _is_left(path: Path, owner: int) -> bool:
    """Whether a temporary file's process is no more.

    In containers every run may have the same process id: a file of ours from before our start is
    that of another.
    """
    if owner == os.getpid():
        try:
            return path.stat().st_mtime < _STARTED
        except OSError:
            return False
    return not is_running(owner)
