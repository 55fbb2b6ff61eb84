"""The media that a clip plays: resolved and probed once, or why it is silent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import opentimelineio as otio

from ...errors import WorkError
from ...media.media_info import MediaInfo
from ...media.probe import probe
from ...timeline.media import media_path, missing_name, why_missing


class ClipAudio:
    """Finds the audio of clips.

    Args:
        root: the folder that relative media paths start in.
        remote: downloaded files by their URL.
    """

    def __init__(self, root: Path, remote: Mapping[str, Path]):
        self._root, self._remote = root, remote
        self._probed: dict[Path, MediaInfo | WorkError] = {}

    def find(self, clip: otio.schema.Clip) -> MediaInfo | str:
        """Return the media of a clip, or why there is no audio in it."""
        reference = clip.media_reference
        if not isinstance(reference, otio.schema.ExternalReference) or not reference.target_url:
            return "has no sound file; silence replaces it"
        path = self._path(reference)
        if path is None or not path.is_file():
            if path is None:
                return f"its sound {reference.target_url} does not exist"
            return f"its sound {missing_name(reference, path)} {why_missing(path)}"
        info = self._probe(path)
        if isinstance(info, WorkError):
            return str(info)
        if info.audio is None or not info.audio.samples:
            return f"{path} holds no sound"
        return info

    def is_audible(self, clip: otio.schema.Clip) -> bool:
        """Whether the media of a picture clip hold audio; False if they cannot be read."""
        reference = clip.media_reference
        if not isinstance(reference, otio.schema.ExternalReference):
            return False
        path = self._path(reference)
        info = self._probe(path) if path is not None and path.is_file() else None
        return isinstance(info, MediaInfo) and info.audio is not None

    def _path(self, reference: otio.schema.ExternalReference) -> Path | None:
        url = str(reference.target_url)
        return self._remote.get(url) or media_path(reference, self._root)

    def _probe(self, path: Path) -> MediaInfo | WorkError:
        if path not in self._probed:
            try:
                self._probed[path] = probe(path)
            except WorkError as error:
                self._probed[path] = error
        return self._probed[path]
