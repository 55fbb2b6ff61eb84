"""The content-addressed store of rendered media, by the key of their recipe.

``<slot>-<key12>.mp4`` is the video. Its sidecar ``<slot>-<key12>.json`` holds the recipe, the
SHA-256 of the video and of the sidecar itself, and the attempts of a model. Both are written
atomically, the sidecar last: media without one are unfinished, and rendered again. So are damaged
media and sidecars, whose SHA-256 differs.
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
"""Most bytes of a slot's name in a file name, which may have 255 with key and suffix."""
CHUNK_LIFETIME_S = 14 * 24 * 3600
"""Age at which chunks of an unfinished slot are deleted, in seconds."""
LOCK = ".otio-gvideo.lock"
"""Held while media and their sidecar are added."""
_CHECKSUM = "checksum"
_CHANGED = "its .json has changed"
_STEM = re.compile(rf"(?P<slot>.+)-(?P<key>[0-9a-f]{{{KEY12}}})")
_KEY_IN_NAME = re.compile(rf"-([0-9a-f]{{{KEY12}}})(?![0-9a-f])")


class DamagedError(Exception):
    """A stored file has changed; the message says how, without its name."""


class Store:
    """A folder of media, safe for concurrent processes: the last writer wins, with equal bytes.

    Args:
        folder: of the media.
        also: further folders to find media in; never written.
        read: whether to compare media with their SHA-256. If false, for callers that do not read
            them, it is done only if size or modification time are suspicious.
    """

    def __init__(self, folder: Path, also: Sequence[Path] = (), *, read: bool = True):
        self.folder = folder
        self.also = tuple(also)
        self.read = read
        self.damaged: dict[Path, str] = {}
        """Damaged media that were looked up, and the damage."""

    @property
    def chunks(self) -> Path:
        """Folder of finished chunks of unfinished slots."""
        return self.folder / ".chunks"

    def path_for(self, slot: str, key: str) -> Path:
        """Return the path of a slot's media."""
        return self.folder / f"{media_name(slot)}-{key[:KEY12]}.mp4"

    def find(self, slot: str, key: str) -> Path | None:
        """Return finished media of a key, preferably named after the slot; None if missing."""
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
        attempts: Mapping[str, Any] | None = None,
    ) -> Path:
        """Move media from a scratch folder into the store, and return their path.

        Arguments and errors as in `commit`.
        """
        media = self.path_for(slot, key)
        with locked(self.folder / LOCK):
            sidecar_of(media).unlink(missing_ok=True)
            finish(finished, media)
            self.commit(media, key, recipe, attempts)
        return media

    def commit(
        self,
        media: Path,
        key: str,
        recipe: Mapping[str, Any],
        attempts: Mapping[str, Any] | None = None,
    ) -> None:
        """Mark media in the folder as finished by writing their sidecar.

        Args:
            media: the file.
            key: of the recipe.
            recipe: its JSON.
            attempts: the JSON of `AttemptLog`, if there is one.

        Raises:
            OSError: the folder cannot be written.
        """
        document: dict[str, Any] = {
            "key": key,
            "bytes": media.stat().st_size,
            "sha256": sha256_of(media),
            "recipe": recipe,
        }
        if attempts is not None:
            document["made"] = attempts
        document[_CHECKSUM] = _checksum(document)
        text = json.dumps(document, indent=1, ensure_ascii=False)
        with atomic_file(sidecar_of(media)) as temporary:
            temporary.write_text(f"{text}\n", encoding="utf-8", newline="\n")

    def attempts(self, media: Path) -> dict[str, Any] | None:
        """Return the attempts in the sidecar of media; None if there are none."""
        with contextlib.suppress(DamagedError):
            found = (read_sidecar(media) or {}).get("made")
            return found if isinstance(found, dict) else None
        return None

    def key_of(self, media: Path) -> str | None:
        """Return the key of media; None if they are foreign, unfinished or damaged."""
        try:
            key = str((read_sidecar(media) or {})["key"])
        except KeyError:
            return None
        except DamagedError as error:
            self.damaged[media] = str(error)
            return None
        return key if self._is_finished(media, key) else None

    def clear_leftovers(self) -> None:
        """Delete unfinished files of killed processes, and expired chunks."""
        for path in self.chunks.glob("*.npy"):
            if _age_s(path) > CHUNK_LIFETIME_S:
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
        """Compare all media with their SHA-256, and delete damaged ones.

        Raises:
            OSError: the folder cannot be written.
        """
        if not self.folder.is_dir():
            return
        for media in sorted(self.folder.glob("*.mp4")):
            # Another run may be adding them.
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
                raise DamagedError("its .json belongs to other media")
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
    """Return the sidecar of media; None if there is none, or a foreign file.

    Sidecars of earlier versions get an empty ``sha256``.

    Raises:
        DamagedError: the sidecar has changed.
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
    """Describe the damage of media; empty if they are intact, or not of a store.

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
    """Return the SHA-256 of a sidecar's canonical JSON, without its own checksum."""
    content = {name: value for name, value in document.items() if name != _CHECKSUM}
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def sidecar_of(media: Path) -> Path:
    """Return the path of the sidecar of media."""
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
    """Return a slot's name as it starts a file name, valid on every system."""
    plain = re.sub(r"[^\w.\-]+", "_", slot).strip("._")
    name = plain.encode()[:NAME_BYTES].decode(errors="ignore") or "slot"
    return unreserved(f"{name}-").removesuffix("-")


def _delete(path: Path) -> None:
    """Delete a file; on Windows an open one stays."""
    with contextlib.suppress(OSError):
        path.unlink()


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
