"""Weights from the Hugging Face hub: what a pipeline needs, as safetensors, and no more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from ..base import RendererError, UnavailableError
from .local_weights import snapshot_of
from .model_settings import SAFE_SUFFIX, ModelSetup, WeightSource, refuse_pickle

LEFT_OUT = {"safety_checker"}
"""Parts that no pipeline here has; that of Stable Diffusion 1.5 weighs a gigabyte."""
TEXT_SUFFIXES = (".json", ".txt", ".model", ".jinja")
"""Of configurations, vocabularies and tokenizers."""


@dataclass(frozen=True, slots=True)
class DownloadedWeights:
    """Where weights are on this machine, and the commit that they are of; none for local ones."""

    path: Path
    commit: str | None


def is_here(source: WeightSource) -> bool:
    """Whether weights are on this machine, as far as can be told without loading them."""
    if source.path is not None:
        return source.path.exists()
    folder = snapshot_of(source)
    if folder is None:
        return False
    if source.file is not None:
        return (folder / source.file).is_file()
    return any(folder.rglob(f"*{SAFE_SUFFIX}"))


def pull(source: WeightSource, setup: ModelSetup, *, bars: bool = False) -> DownloadedWeights:
    """Fetch weights, or what is missing of them.

    Args:
        source: of the weights.
        setup: whose weights they are.
        bars: whether the hub's library shows its progress.

    Raises:
        RendererError: they cannot be fetched, or are pickles.
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
            cached = snapshot_of(source)
            if cached is None:
                raise OfflineModeIsEnabled
            path = cached
        else:
            files = HfApi().list_repo_files(source.model, revision=source.revision)
            wanted = files_of(source, setup, files)
            path = Path(
                snapshot_download(source.model, revision=source.revision, allow_patterns=wanted)
            )
    except GatedRepoError as error:
        raise RendererError(
            f"{source.model} is given to those who accept its licence: do so at "
            f"https://huggingface.co/{source.model} and set HF_TOKEN"
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise RendererError(
            f"{source} is not on the hub, or is not open to everybody (set HF_TOKEN)"
        ) from error
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise UnavailableError(
            f"{source} is not on this machine, and the hub is out of reach or HF_HUB_OFFLINE is set"
        ) from error
    except (HfHubHTTPError, OSError) as error:
        what = " ".join(str(error).split())
        raise RendererError(f"{source} cannot be fetched: {what[:200]}") from error
    if source.file is not None and not (path / source.file).is_file():
        raise RendererError(f"{source.model} has no file {source.file}")
    return DownloadedWeights(path, path.name)


def files_of(source: WeightSource, setup: ModelSetup, files: Iterable[str]) -> list[str]:
    """The files of a repository that are needed.

    Args:
        source: the repository, or a single file in it.
        setup: whose weights they are. Of the pipeline's own folders those that a single file takes
            the place of are left out, and of several variants all but one.
        files: all that there are.

    Raises:
        RendererError: a part has pickles alone.
    """
    listed = sorted(files)
    if source.file is not None:
        return [source.file]
    if source != setup.model:
        plain = [name for name in listed if name.endswith((SAFE_SUFFIX, *TEXT_SUFFIXES))]
        if not any(name.endswith(SAFE_SUFFIX) for name in plain):
            _refuse(listed)
        if source == setup.parts.get("upsampler"):
            return [name for name in plain if name.startswith("latent_upsampler/")]
        if source == setup.parts.get("adapter") or source == setup.parts.get("controlnet"):
            return [name for name in plain if name.endswith(TEXT_SUFFIXES)] + _variant(
                [name for name in plain if name.endswith(SAFE_SUFFIX)], None
            )
        return plain
    folders = {PurePosixPath(name).parts[0] for name in listed if "/" in name}
    wanted = [name for name in listed if "/" not in name and name.endswith(".json")]
    for folder in sorted(folders - LEFT_OUT):
        inside = [name for name in listed if name.startswith(f"{folder}/")]
        wanted += [name for name in inside if name.endswith(TEXT_SUFFIXES)]
        if setup.weights is not None and folder in ("transformer", "unet"):
            continue
        safe = [name for name in inside if name.endswith(SAFE_SUFFIX)]
        if not safe:
            _refuse(inside)
        wanted += _variant(safe, setup.variant)
    return wanted


def _refuse(files: Iterable[str]) -> None:
    for name in files:
        refuse_pickle(name)


def _variant(files: list[str], variant: str | None) -> list[str]:
    """Those of a variant where there are any, else the plain ones."""
    if variant is not None:
        of_it = [name for name in files if fnmatch(PurePosixPath(name).name, f"*.{variant}*")]
        if of_it:
            return of_it
    plain = [name for name in files if "." not in PurePosixPath(name).stem]
    return plain or files
