"""Files of the Hugging Face hub in its library's cache, downloaded so that a kill loses nothing.

That library starts a file of gigabytes anew after an interrupt, so a file is fetched here into
``blobs/<etag>.incomplete``, carried on by the next call, and verified by its hash; the library then
links it. Layout: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

from ..base import RendererError
from ..files.locks import locked
from .hub import Repository

RETRIES = 5
"""Attempts without a new byte before a download fails."""
CHUNK = 1 << 20

OnBytes = Callable[[int], None]
"""Called with the bytes that a download has advanced by."""


def cache_folder() -> Path:
    """Return the folder of downloaded weights; need not exist."""
    from huggingface_hub import constants  # noqa: PLC0415

    return Path(constants.HF_HUB_CACHE)


def storage_folder(model: str) -> Path:
    """Return a repository's folder in the hub's cache."""
    from huggingface_hub.file_download import repo_folder_name  # noqa: PLC0415

    name: str = repo_folder_name(repo_id=model, repo_type="model")
    return cache_folder() / name


def fetch_file(repository: Repository, name: str, on_bytes: OnBytes) -> None:
    """Download a file into the hub's cache, unless it is there.

    Call it within `hub.errors_in_one_line`.

    Raises:
        RendererError: it arrived damaged.
    """
    from huggingface_hub import (  # noqa: PLC0415
        get_hf_file_metadata,
        hf_hub_download,
        hf_hub_url,
        utils,
    )

    storage = storage_folder(repository.name)
    if (storage / "snapshots" / repository.commit / name).exists():
        return
    url = hf_hub_url(repository.name, name, revision=repository.commit)
    etag = get_hf_file_metadata(url).etag
    if not etag:
        raise RendererError(f"{repository.name}/{name}: the hub states no ETag")
    blob = storage / "blobs" / etag
    locks = cache_folder() / ".locks" / storage.name
    for folder in (blob.parent, locks):
        folder.mkdir(parents=True, exist_ok=True)
    with locked(locks / f"{etag}.pull.lock"):
        if not blob.exists():
            part = blob.with_name(f"{etag}.incomplete")
            _download(url, part, on_bytes)
            if not _is_intact(part, etag):
                part.unlink()
                raise RendererError(f"{repository.name}/{name} arrived damaged; run again")
            part.replace(blob)
    utils.disable_progress_bars()
    hf_hub_download(repository.name, name, revision=repository.commit)  # Links the blob only.


def size_of(part: Path) -> int:
    """Return the size of a part of a file, 0 without one; another process may finish it."""
    try:
        return part.stat().st_size
    except FileNotFoundError:
        return 0


def _download(url: str, part: Path, on_bytes: OnBytes) -> None:
    """Append the missing bytes to a part of a file, also over several lost connections."""
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415

    transport_error = HfHubHTTPError.__bases__[0]
    on_bytes(size_of(part))
    failures = 0
    while True:
        before = size_of(part)
        try:
            _append(url, part, on_bytes)
        except HfHubHTTPError:
            raise
        except transport_error:
            failures = 1 if size_of(part) > before else failures + 1
            if failures > RETRIES:
                raise
            time.sleep(min(2.0 ** (failures - 1), 8.0) / 4)
        else:
            return


def _append(url: str, part: Path, on_bytes: OnBytes) -> None:
    from huggingface_hub import constants, get_session  # noqa: PLC0415
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # noqa: PLC0415

    start = size_of(part)
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
    with get_session().stream(
        "GET", url, headers=headers, timeout=timeout, follow_redirects=True
    ) as response:
        if response.status_code == 416:  # The part is whole.
            return
        hf_raise_for_status(response)
        if start and response.status_code != 206:  # The server sends all of it.
            on_bytes(-start)
            start = 0
        part.touch()
        with part.open("r+b") as stream:
            stream.seek(start)
            stream.truncate()
            for chunk in response.iter_bytes(CHUNK):
                stream.write(chunk)
                on_bytes(len(chunk))


def _is_intact(path: Path, etag: str) -> bool:
    """Whether a file has the hash that its ETag states: SHA-256 of large files, Git's of others."""
    with path.open("rb") as stream:
        if len(etag) == 64:
            return hashlib.file_digest(stream, "sha256").hexdigest() == etag
        if len(etag) == 40:
            git = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
            git.update(stream.read())
            return git.hexdigest() == etag
    return True
