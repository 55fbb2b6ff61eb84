"""The content-addressed store of rendered media: a recipe's key names its file.

``<slot>-<key12>.mp4`` holds the video, ``<slot>-<key12>.json`` the recipe, the SHA-256 of the video
and of the document itself, and what became of the recipe if a model's video was tried several
times. Both are written atomically, the document last: media without it are unfinished, and made
again. What the store gives back is what was put in: media or documents whose SHA-256 differs are
damaged, and made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..files.atomic_file import atomic_file, clear_scratch, finish
from ..files.digest import sha256_of
from ..files.file_names import unreserved
from ..files.locks import locked, try_lock

KEY12 = 12
"""Digits of the key in a media file's name (48 bits); its sidecar holds all of them."""
NAME_BYTES = 120
"""Of a slot's name in a file's name, which may have 255 and carries key and suffix besides."""
CHUNKS_LAST_S = 14 * 24 * 3600
"""Seconds after which a slot that was left half made is not carried on any more."""
LOCK = ".otio-gvideo.lock"
"""Held while media and their document are put in."""
_CHECKSUM = "checksum"
_CHANGED = "its .json has changed"
_STEM = re.compile(rf"(?P<slot>.+)-(?P<key>[0-9a-f]{{{KEY12}}})")
_KEY_IN_NAME = re.compile(rf"-([0-9a-f]{{{KEY12}}})(?![0-9a-f])")


class DamagedError(Exception):
    """A stored file is not what was put in; the message says how, without its name."""


class Store:
    """A folder of media. Many processes may use it at once: whoever is last wins, with the same
    bytes.

    Args:
        folder: of the media.
        also: folders that finished media are looked for in besides; nothing is written there.
        read: whether media are compared with their SHA-256; without it, for who reads none of
            them, only if their size or time of change is suspicious.
    """

    def __init__(self, folder: Path, also: Sequence[Path] = (), *, read: bool = True):
        self.folder = folder
        self.also = tuple(also)
        self.read = read
        self.damaged: dict[Path, str] = {}
        """Media that were looked for and are damaged, and how."""

    @property
    def chunks(self) -> Path:
        """Where finished chunks of slots that are still being made are kept."""
        return self.folder / ".chunks"

    def path_for(self, slot: str, key: str) -> Path:
        """Where the media of a slot belong."""
        return self.folder / f"{media_name(slot)}-{key[:KEY12]}.mp4"

    def find(self, slot: str, key: str) -> Path | None:
        """Finished media of that key, preferably under the slot's own name, or None."""
        own = self.path_for(slot, key)
        if self._is_finished(own, key):
            return own
        for folder in (self.folder, *self.also):
            for path in sorted(folder.glob(f"*-{key[:KEY12]}.mp4")):
                if self._is_finished(path, key):
                    return path
        return None

    def put(
        self,
        finished: Path,
        slot: str,
        key: str,
        recipe: Mapping[str, Any],
        made: Mapping[str, Any] | None = None,
    ) -> Path:
        """Take media from a scratch folder in, and return their path.

        Arguments and errors as in `commit`.
        """
        media = self.path_for(slot, key)
        with locked(self.folder / LOCK):
            sidecar_of(media).unlink(missing_ok=True)
            finish(finished, media)
            self.commit(media, key, recipe, made)
        return media

    def commit(
        self,
        media: Path,
        key: str,
        recipe: Mapping[str, Any],
        made: Mapping[str, Any] | None = None,
    ) -> None:
        """Declare media in the folder finished by putting their recipe beside them.

        Args:
            media: the file.
            key: of the recipe.
            recipe: what was asked for.
            made: what became of it, where that may be something else.

        Raises:
            OSError: the folder cannot be written to.
        """
        document: dict[str, Any] = {
            "key": key,
            "bytes": media.stat().st_size,
            "sha256": sha256_of(media),
            "recipe": recipe,
        }
        if made is not None:
            document["made"] = made
        document[_CHECKSUM] = _checksum(document)
        text = json.dumps(document, indent=1, ensure_ascii=False)
        with atomic_file(sidecar_of(media)) as temporary:
            temporary.write_text(f"{text}\n", encoding="utf-8", newline="\n")

    def made(self, media: Path) -> dict[str, Any] | None:
        """What became of finished media's recipe, as it was committed; None where nothing was."""
        with contextlib.suppress(DamagedError):
            found = (read_sidecar(media) or {}).get("made")
            return found if isinstance(found, dict) else None
        return None

    def key_of(self, media: Path) -> str | None:
        """The key of finished media; None where they are not ours, unfinished, or damaged."""
        try:
            key = str((read_sidecar(media) or {})["key"])
        except KeyError:
            return None
        except DamagedError as error:
            self.damaged[media] = str(error)
            return None
        return key if self._is_finished(media, key) else None

    def clear_leftovers(self) -> None:
        """Delete what killed processes left half written, and chunks that nobody came for."""
        for path in self.chunks.glob("*.npy"):
            if _age_s(path) > CHUNKS_LAST_S:
                _delete(path)
        clear_scratch(self.folder)
        clear_scratch(self.chunks)
        with contextlib.suppress(OSError):
            left = try_lock(self.folder / LOCK) if (self.folder / LOCK).exists() else None
            if left is not None:
                left.release()
        with contextlib.suppress(OSError):
            self.chunks.rmdir()

    def verify(self) -> None:
        """Read all finished media, and delete those that are damaged.

        Raises:
            OSError: the folder cannot be written to.
        """
        if not self.folder.is_dir():
            return
        for media in sorted(self.folder.glob("*.mp4")):
            # Another run may be putting them there.
            with locked(self.folder / LOCK):
                if self.key_of(media) is None and media in self.damaged:
                    _delete(sidecar_of(media))
                    _delete(media)

    def _is_finished(self, media: Path, key: str) -> bool:
        try:
            document = read_sidecar(media)
            if document is None:
                return False
            if document["key"] != key:
                raise DamagedError("its .json is that of other media")
            _check(media, document, read=self.read)
            if not document["sha256"] and self.read and media.parent == self.folder:
                with contextlib.suppress(OSError, ValueError):
                    self.commit(media, key, document["recipe"], document.get("made"))
        except DamagedError as error:
            self.damaged[media] = str(error)
            return False
        except OSError:
            return False
        return True


def read_sidecar(media: Path) -> dict[str, Any] | None:
    """The document beside media; None if there is none, or one that is not of a store.

    One of an earlier version has an empty ``sha256``.

    Raises:
        DamagedError: it is not what was written.
    """
    if not _is_named_as_media(media):
        return None
    try:
        document = json.loads(sidecar_of(media).read_text("utf-8"))
        if isinstance(document, dict) and not {"key", "recipe"} & document.keys():
            return None
        kinds = {"key": str, "bytes": int, "recipe": dict}
        if not {"sha256", _CHECKSUM} & document.keys():  # As earlier versions wrote it.
            document |= {"sha256": "", _CHECKSUM: ""}
        elif document[_CHECKSUM] != _checksum(document):
            raise DamagedError(_CHANGED)
        if all(isinstance(document[name], kind) for name, kind in kinds.items()):
            return dict(document)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise DamagedError(_CHANGED)


def damage_of(media: Path, *, read: bool) -> str:
    """What is wrong with media of a store; empty if nothing is, and for any other file.

    Args:
        media: any file.
        read: as in `Store`.
    """
    if not _is_named_as_media(media):
        return ""
    try:
        document = read_sidecar(media)
        if document is not None:
            _check(media, document, read=read)
    except DamagedError as error:
        return str(error)
    except OSError:
        pass
    return ""


def _check(media: Path, document: Mapping[str, Any], *, read: bool) -> None:
    state = media.stat()
    if state.st_size != document["bytes"]:
        raise DamagedError(f"it holds {state.st_size} of {document['bytes']} bytes")
    is_untouched = state.st_mtime_ns <= sidecar_of(media).stat().st_mtime_ns
    wanted = document["sha256"]
    if wanted and (read or not is_untouched) and sha256_of(media) != wanted:
        raise DamagedError("its content has changed")


def _checksum(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document without its own checksum, however it is laid out."""
    content = {name: value for name, value in document.items() if name != _CHECKSUM}
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def sidecar_of(media: Path) -> Path:
    """The file that holds the recipe of some media."""
    return media.with_suffix(".json")


def _is_named_as_media(path: Path) -> bool:
    return path.suffix == ".mp4" and _STEM.fullmatch(path.stem) is not None


def slot_in_stem(stem: str) -> str | None:
    """Return the slot's `media_name` from the stem of a media file; None of other files."""
    found = _STEM.fullmatch(stem)
    return None if found is None else found["slot"]


def key12_in_name(name: str) -> str | None:
    """Return the digits of a key from a file name that a conversion may have extended."""
    found = _KEY_IN_NAME.search(name)
    return None if found is None else found[1]


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
