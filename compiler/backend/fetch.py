"""Media on a network, fetched before anything is read: only those that a timeline names itself."""

from __future__ import annotations

import hashlib
import shutil
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import opentimelineio as otio

from ..errors import WorkError
from .whole_file import whole_file

TIMEOUT_S = 60
_SCHEMES = ("http", "https")


def fetch_all(timeline: otio.schema.Timeline, folder: Path) -> dict[str, Path]:
    """Fetch every file that a clip names by ``http`` or ``https``.

    A file that is there is not fetched again. What cannot be fetched is left out, so that a slate
    stands in for it.

    Args:
        timeline: any.
        folder: to put them in.

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
            path = folder / _name(url)
            if path.is_file() or _fetch(url, path):
                found[url] = path
    return found


def _name(url: str) -> str:
    suffix = PurePosixPath(urlsplit(url).path).suffix
    plain = suffix if suffix[1:].isalnum() and len(suffix) <= 6 else ""
    return f"fetched-{hashlib.sha256(url.encode()).hexdigest()[:24]}{plain}"


def _fetch(url: str, path: Path) -> bool:
    request = urllib.request.Request(url, headers={"User-Agent": "otio-gvideo"})
    try:
        with (
            urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer,
            whole_file(path) as temporary,
            temporary.open("wb") as stream,
        ):
            shutil.copyfileobj(answer, stream)
    except WorkError:
        raise
    except (OSError, HTTPException, ValueError, urllib.error.URLError):
        return False
    return True
