"""Download the media that a timeline names by URL."""

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
    """Download every file with an ``http`` or ``https`` URL; files in the store are cache hits.

    Files that cannot be downloaded are left out; a slate replaces them.

    Args:
        timeline: any timeline.
        store: cache of downloads.
        folder: for partial downloads.

    Returns:
        The files by their URLs.

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
    """Write the body of a response to a file.

    Raises:
        OSError: it cannot be written, or the response is truncated.
    """
    with path.open("wb") as stream:
        shutil.copyfileobj(answer, stream)
    if answer.length:  # Bytes not received.
        raise ConnectionError(f"{answer.length} bytes are missing")
