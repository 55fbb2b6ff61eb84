"""Download weights from the Hugging Face hub: only needed files, only safetensors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from ..base import RendererError, UnavailableError
from ..error_text import one_line
from .local_weights import cached_snapshot
from .model_settings import ModelSetup
from .weight_source import SAFE_SUFFIX, WeightSource, reject_pickle

SKIPPED_PARTS = {"safety_checker"}
"""Parts that no pipeline here loads; that of Stable Diffusion 1.5 has a gigabyte."""
TEXT_SUFFIXES = (".json", ".txt", ".model", ".jinja")
"""Suffixes of configurations, vocabularies and tokenizers."""


@dataclass(frozen=True, slots=True)
class DownloadedWeights:
    """Weights on this machine, and their commit; None for local ones."""

    path: Path
    commit: str | None


def is_local(source: WeightSource) -> bool:
    """Whether weights seem to be on this machine; they are not loaded."""
    if source.path is not None:
        return source.path.exists()
    folder = cached_snapshot(source)
    if folder is None:
        return False
    if source.file is not None:
        return (folder / source.file).is_file()
    return any(folder.rglob(f"*{SAFE_SUFFIX}"))


def pull(source: WeightSource, setup: ModelSetup, *, bars: bool = False) -> DownloadedWeights:
    """Download the missing files of a source.

    Args:
        source: of the weights.
        setup: of the model they belong to.
        bars: whether the hub's library prints progress bars.

    Raises:
        RendererError: they cannot be downloaded, or are pickles.
    """
    if source.path is not None:
        if not source.path.exists():
            raise RendererError(f"{source.path}: no such file or folder")
        return DownloadedWeights(source.path, None)
    from huggingface_hub import HfApi, constants, snapshot_download, utils  # noqa: PLC0415
    from huggingface_hub.errors import (  # noqa: PLC0415
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if not bars:
        utils.disable_progress_bars()
    try:
        if constants.HF_HUB_OFFLINE:
            cached = cached_snapshot(source)
            if cached is None:
                raise OfflineModeIsEnabled
            path = cached
        else:
            files = HfApi().list_repo_files(source.model, revision=source.revision)
            needed = needed_files(source, setup, files)
            path = Path(
                snapshot_download(source.model, revision=source.revision, allow_patterns=needed)
            )
    except GatedRepoError as error:
        raise RendererError(
            f"{source.model} is gated: accept its licence at "
            f"https://huggingface.co/{source.model} and set HF_TOKEN"
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise RendererError(f"{source} is not on the hub, or is private (set HF_TOKEN)") from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise UnavailableError(
            f"{source} is not on this machine, and the hub is out of reach or HF_HUB_OFFLINE is set"
        ) from error
    except (HfHubHTTPError, OSError) as error:
        what = one_line(error)
        raise RendererError(f"{source} cannot be downloaded: {what[:200]}") from error
    if source.file is not None and not (path / source.file).is_file():
        raise RendererError(f"{source.model} has no file {source.file}")
    return DownloadedWeights(path, path.name)


def needed_files(source: WeightSource, setup: ModelSetup, files: Iterable[str]) -> list[str]:
    """Return the files of a repository that a renderer loads.

    Args:
        source: the repository, or a single file in it.
        setup: of the model they belong to. Of a pipeline, the denoiser is skipped if a single file
            replaces it, and all variants but one.
        files: all files of the repository.

    Raises:
        RendererError: a part has pickles but no safetensors.
    """
    listed = sorted(files)
    if source.file is not None:
        return [source.file]
    if source != setup.model:
        plain = [name for name in listed if name.endswith((SAFE_SUFFIX, *TEXT_SUFFIXES))]
        if not any(name.endswith(SAFE_SUFFIX) for name in plain):
            _reject_pickles(listed)
        if source == setup.parts.get("upsampler"):
            return [name for name in plain if name.startswith("latent_upsampler/")]
        if source == setup.parts.get("adapter") or source == setup.parts.get("controlnet"):
            return [name for name in plain if name.endswith(TEXT_SUFFIXES)] + _variant(
                [name for name in plain if name.endswith(SAFE_SUFFIX)], None
            )
        return plain
    folders = {PurePosixPath(name).parts[0] for name in listed if "/" in name}
    needed = [name for name in listed if "/" not in name and name.endswith(".json")]
    for folder in sorted(folders - SKIPPED_PARTS):
        inside = [name for name in listed if name.startswith(f"{folder}/")]
        needed += [name for name in inside if name.endswith(TEXT_SUFFIXES)]
        if setup.weights is not None and folder in ("transformer", "unet"):
            continue
        safe = [name for name in inside if name.endswith(SAFE_SUFFIX)]
        if not safe:
            _reject_pickles(inside)
        needed += _variant(safe, setup.variant)
    return needed


def _reject_pickles(files: Iterable[str]) -> None:
    for name in files:
        reject_pickle(name)


def _variant(files: list[str], variant: str | None) -> list[str]:
    """Return the files of a variant, or the plain ones if it has none."""
    if variant is not None:
        matching = [name for name in files if fnmatch(PurePosixPath(name).name, f"*.{variant}*")]
        if matching:
            return matching
    plain = [name for name in files if "." not in PurePosixPath(name).stem]
    return plain or files
