"""Download weights from the Hugging Face hub: only needed files, only safetensors, resumable.

Files go where the hub's own library keeps them. That library starts a file of gigabytes anew after
an interrupt, so a file is fetched here into ``blobs/<etag>.incomplete``, carried on by the next
call, and verified by its hash. The name of a revision refers to a commit once all needed files of
that commit are there: an interrupted update leaves the earlier version usable. Layout:
https://huggingface.co/docs/huggingface_hub/guides/manage-cache
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ..base import RendererError, UnavailableError
from ..error_text import gigabytes
from ..files.atomic_file import atomic_file
from ..files.locks import locked
from .hub import Repository, errors_in_one_line, list_repository
from .local_weights import pipeline_index
from .missing_weights import replaced_parts, weights_state
from .model_settings import ModelSetup
from .repository_files import needed_files
from .single_file import names_vae
from .weight_files import INDEX
from .weight_source import SAFE_SUFFIX, WeightSource

RETRIES = 5
"""Attempts without a new byte before a download fails."""
CHUNK = 1 << 20

OnBytes = Callable[[int], None]
"""Called with the bytes that a download has advanced by."""


@dataclass(frozen=True, slots=True)
class Download:
    """The files of a source that a renderer loads.

    Attributes:
        source: of the weights.
        path: folder of their files on this machine, once they are downloaded.
        repository: on the hub; None for weights in a local folder, or without a network.
        files: needed, sizes in bytes by name.
    """

    source: WeightSource
    path: Path
    repository: Repository | None = None
    files: Mapping[str, int] = field(default_factory=dict)

    @property
    def commit(self) -> str | None:
        """The commit of the weights; None for local ones."""
        return None if self.source.path is not None else self.path.name

    @property
    def missing(self) -> dict[str, int]:
        """Files that are not here yet, and their sizes."""
        return {name: n for name, n in self.files.items() if not (self.path / name).exists()}

    @property
    def partial_bytes(self) -> int:
        """Bytes of missing files that an earlier call fetched."""
        if self.repository is None:
            return 0
        blobs = _storage(self.source.model) / "blobs"
        hashes = (self.repository.hashes.get(name) for name in self.missing)
        parts = (blobs / f"{one}.incomplete" for one in hashes if one is not None)
        return sum(part.stat().st_size for part in parts if part.is_file())


def plan_download(source: WeightSource, setup: ModelSetup) -> Download:
    """Find the files that are needed of a source; fetches at most a few kilobytes.

    Args:
        source: one of the setup's `ModelSetup.sources`. Of a pipeline, parts are skipped that a
            single file replaces.
        setup: of the model.

    Raises:
        UnavailableError: the hub is out of reach, and weights are missing.
        RendererError: the hub refuses, or has no such weights, or they are pickles.
    """
    from huggingface_hub import constants  # noqa: PLC0415 - slow to import

    if source.path is not None:
        if not source.path.exists():
            raise RendererError(f"{source.path}: no such file or folder")
        return Download(source, source.path)
    if constants.HF_HUB_OFFLINE:
        found = weights_state(source, setup)
        if found.state != "here" or found.path is None:
            raise UnavailableError(f"{source} is not on this machine, and HF_HUB_OFFLINE is set")
        return Download(source, _snapshot_of(found.path, source))
    repository = list_repository(source)
    path = _storage(source.model) / "snapshots" / repository.commit
    if source.file is not None and source.file not in repository.sizes:
        raise RendererError(f"{source.model} has no file {source.file}")
    index: Mapping[str, Any] = {}
    if source == setup.model:
        if INDEX not in repository.sizes:
            raise RendererError(
                f"{source.model} has no {INDEX}: not a repository of a diffusers pipeline"
            )
        with errors_in_one_line(source):
            _fetch_file(repository, INDEX, lambda _: None)
        index = pipeline_index(path, setup)
    has_vae = _has_remote_vae(setup)
    names = needed_files(source, setup, list(repository.sizes), index, has_vae=has_vae)
    return Download(source, path, repository, {name: repository.sizes[name] for name in names})


def refuse_full_disk(downloads: Sequence[Download]) -> None:
    """Check that there is room for the missing files.

    Raises:
        RendererError: there is not.
    """
    needed = sum(sum(one.missing.values()) - one.partial_bytes for one in downloads)
    free = free_bytes()
    if needed > free:
        raise RendererError(
            f"the download needs {gigabytes(needed)}, and {cache_folder()} has {gigabytes(free)} "
            "free; set HF_HOME to a folder with more room"
        )


def fetch(download: Download, on_bytes: OnBytes = lambda _: None) -> None:
    """Download the missing files.

    Raises:
        UnavailableError: the hub is out of reach; finished files and parts of files remain.
        RendererError: the hub refuses, a file arrived damaged, or the disk is full.
    """
    source, repository = download.source, download.repository
    if repository is None:
        return
    with errors_in_one_line(source):
        for name in download.missing:
            _fetch_file(repository, name, on_bytes)
        revision = source.revision or "main"
        if revision != repository.commit:
            with atomic_file(_storage(source.model) / "refs" / revision) as temporary:
                temporary.write_bytes(repository.commit.encode())


def _fetch_file(repository: Repository, name: str, on_bytes: OnBytes) -> None:
    """Download a file into the hub's cache, unless it is there."""
    from huggingface_hub import (  # noqa: PLC0415
        get_hf_file_metadata,
        hf_hub_download,
        hf_hub_url,
        utils,
    )

    storage = _storage(repository.name)
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


def _download(url: str, part: Path, on_bytes: OnBytes) -> None:
    """Append the missing bytes to a part of a file, also over several lost connections."""
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415

    transport_error = HfHubHTTPError.__bases__[0]
    on_bytes(part.stat().st_size if part.exists() else 0)
    failures = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            _append(url, part, on_bytes)
        except HfHubHTTPError:
            raise
        except transport_error:
            failures = 1 if part.exists() and part.stat().st_size > before else failures + 1
            if failures > RETRIES:
                raise
            time.sleep(min(2.0 ** (failures - 1), 8.0) / 4)
        else:
            return


def _append(url: str, part: Path, on_bytes: OnBytes) -> None:
    from huggingface_hub import constants, get_session  # noqa: PLC0415
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # noqa: PLC0415

    start = part.stat().st_size if part.exists() else 0
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


def _has_remote_vae(setup: ModelSetup) -> bool:
    """Whether the setup's single file has a VAE; reads its header if it is not here yet."""
    source = setup.weights
    if source is None:
        return False
    if source.path is not None or weights_state(source, setup).state == "here":
        return "vae" in replaced_parts(setup)
    from huggingface_hub import HfApi  # noqa: PLC0415
    from huggingface_hub.errors import SafetensorsParsingError  # noqa: PLC0415

    if source.file is None or not source.file.endswith(SAFE_SUFFIX):
        return False
    try:
        with errors_in_one_line(source):
            header = HfApi().parse_safetensors_file_metadata(
                source.model, source.file, revision=source.revision
            )
    except (SafetensorsParsingError, RendererError):
        return False
    return names_vae(header.tensors, setup)


def cache_folder() -> Path:
    """Return the folder of downloaded weights; need not exist."""
    from huggingface_hub import constants  # noqa: PLC0415

    return Path(constants.HF_HUB_CACHE)


def free_bytes() -> int:
    """Return the free space for downloads."""
    folder = cache_folder()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _storage(model: str) -> Path:
    """Return a repository's folder in the hub's cache."""
    from huggingface_hub.file_download import repo_folder_name  # noqa: PLC0415

    name: str = repo_folder_name(repo_id=model, repo_type="model")
    return cache_folder() / name


def _snapshot_of(path: Path, source: WeightSource) -> Path:
    """Return the folder of a repository from that of a source in it."""
    depth = 0 if source.file is None else len(PurePosixPath(source.file).parts)
    return path.parents[depth - 1] if depth else path
