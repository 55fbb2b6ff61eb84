"""A model's files on this machine; nothing is fetched.

What is not here is named, with the command that fetches it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base import RendererError, UnavailableError
from .model_settings import SAFE_SUFFIX, ModelSetup, WeightSource, refuse_pickle, setup_of, table

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def folder_of(source: WeightSource, setup: ModelSetup) -> Path:
    """The folder of a model on this machine.

    Raises:
        UnavailableError: it is not here.
    """
    if source.path is not None:
        if not source.path.is_dir():
            raise UnavailableError(f"{source.path}: there is no such folder of a model")
        return source.path
    found = snapshot_of(source)
    if found is None:
        raise missing(source, setup)
    return found


def snapshot_of(source: WeightSource) -> Path | None:
    """The folder of a repository in the hub's cache, however much of it is there; None for none.

    ``snapshot_download`` would take a repository of which only what is needed was fetched for a
    broken one. The cache's layout:
    https://huggingface.co/docs/huggingface_hub/guides/manage-cache
    """
    from huggingface_hub import constants  # noqa: PLC0415 - slow to import
    from huggingface_hub.file_download import repo_folder_name  # noqa: PLC0415

    name = repo_folder_name(repo_id=source.model, repo_type="model")
    storage = Path(constants.HF_HUB_CACHE) / name
    revision = source.revision or "main"
    reference = storage / "refs" / revision
    try:
        commit = reference.read_text(encoding="utf-8").strip() if reference.is_file() else revision
    except OSError:
        return None
    folder = storage / "snapshots" / commit
    return folder if folder.is_dir() else None


def file_of(source: WeightSource, setup: ModelSetup) -> Path:
    """A single file of weights on this machine.

    Raises:
        UnavailableError: it is not here.
        RendererError: it is a pickle, or there are several and none is named.
    """
    if source.path is not None and source.path.suffix:
        refuse_pickle(source.path.name)
        if not source.path.is_file():
            raise UnavailableError(f"{source.path}: there is no such file")
        return source.path
    folder = folder_of(source, setup)
    if source.file is None:
        found = sorted(folder.glob(f"*{SAFE_SUFFIX}"))
        if len(found) != 1:
            refuse_pickles(folder)
            raise RendererError(f"{source}: {len(found)} files of weights there; name one of them")
        return found[0]
    if not (folder / source.file).is_file():
        raise missing(source, setup)
    return folder / source.file


def missing(source: WeightSource, setup: ModelSetup) -> UnavailableError:
    """What to raise for a source that is not here; it names the command that fetches it."""
    return UnavailableError(
        f"{source} is not on this machine; fetch it: otio-gvideo models pull {setup.renderer}"
    )


def refuse_pickles(folder: Path) -> None:
    """Raise for a model's folder that has pickles alone.

    Raises:
        RendererError: a part has weights, and none of them are safetensors.
    """
    for part in (folder, *sorted(path for path in folder.iterdir() if path.is_dir())):
        pickles = sorted(path for kind in _PICKLES for path in part.glob(kind))
        if pickles and not any(part.glob(f"*{SAFE_SUFFIX}")):
            refuse_pickle(str(pickles[0]))


def pinned(renderer: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with the commits of the model that are on this machine, where none are stated: what
    is fetched later under the same name makes another recipe.

    Raises:
        RendererError: a setting is wrong.
    """
    made = dict(settings)
    if renderer not in table():
        return made
    setup = setup_of(renderer, settings, "standard")
    model, weights = setup.model, setup.weights
    if model.path is None and model.revision is None:
        found = snapshot_of(model)
        if found is not None:
            made["revision"] = found.name
    if weights is not None and weights.path is None and weights.revision is None:
        found = snapshot_of(weights)
        if found is not None:
            made["weights"] = {
                "model": weights.model,
                "revision": found.name,
                "file": weights.file,
            }
    return made


def index_of(folder: Path, setup: ModelSetup) -> dict[str, Any]:
    """The index of a pipeline's folder: its parts by name, and their classes.

    Raises:
        RendererError: it is not the folder of a pipeline.
        UnavailableError: it is, but not all of it is here.
    """
    try:
        found = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        if setup.model.path is None:
            raise missing(setup.model, setup) from error
        raise RendererError(
            f"{folder}: no model_index.json: not a folder of a diffusers pipeline"
        ) from error
    return dict(found)
