"""Download the weights of a setup from the Hugging Face hub: needed files, safetensors alone.

The name of a revision refers to a commit once all needed files of that commit are there: an
interrupted update leaves the earlier version usable.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ..base import RendererError, UnavailableError
from ..error_text import gigabytes
from ..files.atomic_file import atomic_file
from .hub import OFFLINE, Repository, errors_in_one_line, list_repository
from .hub_files import OnBytes, cache_folder, fetch_file, size_of, storage_folder
from .local_weights import pipeline_index
from .missing_weights import replaced_parts, weights_state
from .model_settings import ModelSetup
from .repository_files import needed_files
from .single_file import names_vae
from .weight_files import INDEX
from .weight_source import SAFE_SUFFIX, WeightSource


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
        blobs = storage_folder(self.source.model) / "blobs"
        hashes = (self.repository.hashes.get(name) for name in self.missing)
        parts = (blobs / f"{one}.incomplete" for one in hashes if one is not None)
        return sum(map(size_of, parts))


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
            raise UnavailableError(f"{source} is not on this machine, and {OFFLINE}")
        return Download(source, _snapshot_of(found.path, source))
    repository = list_repository(source)
    path = storage_folder(source.model) / "snapshots" / repository.commit
    if source.file is not None and source.file not in repository.sizes:
        raise RendererError(f"{source.model} has no file {source.file}")
    index: Mapping[str, Any] = {}
    if source == setup.model:
        if INDEX not in repository.sizes:
            raise RendererError(
                f"{source.model} has no {INDEX}: not a repository of a diffusers pipeline"
            )
        with errors_in_one_line(source):
            fetch_file(repository, INDEX, lambda _: None)
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
            fetch_file(repository, name, on_bytes)
        revision = source.revision or "main"
        if revision != repository.commit:
            with atomic_file(storage_folder(source.model) / "refs" / revision) as temporary:
                temporary.write_bytes(repository.commit.encode())


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


def free_bytes() -> int:
    """Return the free space for downloads."""
    folder = cache_folder()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _snapshot_of(path: Path, source: WeightSource) -> Path:
    """Return the folder of a repository from that of a source in it."""
    depth = 0 if source.file is None else len(PurePosixPath(source.file).parts)
    return path.parents[depth - 1] if depth else path
