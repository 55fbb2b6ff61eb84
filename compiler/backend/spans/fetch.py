"""Media on a network, fetched before anything is read: only those that a timeline names itself."""

from __future__ import annotations

import hashlib
import shutil
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import opentimelineio as otio

from ...errors import WorkError
from ..segments.store import SegmentStore

TIMEOUT_S = 60
_SCHEMES = ("http", "https")


def fetch_all(timeline: otio.schema.Timeline, store: SegmentStore, folder: Path) -> dict[str, Path]:
    """Fetch every file that a clip names by ``http`` or ``https``.

    A file that is there is not fetched again. What cannot be fetched is left out, so that a slate
    stands in for it.

    Args:
        timeline: any.
        store: where they are kept.
        folder: for those that are not.

    Returns:
        The files, by URL.

    Raises:
        WorkError: a file cannot be written.
    """
    found: dict[str, Path] = {}
    for clip in timeline.find_clips():
        reference = clip.media_reference
        if not isinstance(reference, otio.schema.ExternalReference):
            continue
        url = str(reference.target_url)
        if urlsplit(url).scheme.lower() in _SCHEMES and url not in found:
            path = store.find(_name(url)) or _fetch(url, store, folder)
            if path is not None:
                found[url] = path
    return found


def _name(url: str) -> str:
    suffix = PurePosixPath(urlsplit(url).path).suffix
    plain = suffix if suffix[1:].isalnum() and len(suffix) <= 6 else ""
    return f"fetched-{hashlib.sha256(url.encode()).hexdigest()[:24]}{plain}"


def _fetch(url: str, store: SegmentStore, folder: Path) -> Path | None:
    request = urllib.request.Request(url, headers={"User-Agent": "otio-gvideo"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return store.make(_name(url), folder, lambda path: _save(answer, path))
    except WorkError:
        raise
    except (OSError, HTTPException, ValueError, urllib.error.URLError):
        return None


def _save(answer: HTTPResponse, path: Path) -> None:
    """Write an answer's content to a file.

    Raises:
        OSError: it cannot be written, or the answer is shorter than it says.
    """
    with path.open("wb") as stream:
        shutil.copyfileobj(answer, stream)
    if answer.length:  # bytes that did not come
        raise ConnectionError(f"{answer.length} bytes are missing")
