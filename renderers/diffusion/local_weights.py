"""Weights on this machine: local folders and the hub's cache; nothing is downloaded.

Errors name missing weights, and the command that downloads them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..base import RendererError, UnavailableError
from .model_settings import ModelSetup, model_setup
from .presets import model_table
from .weight_source import SAFE_SUFFIX, WeightSource, reject_pickle

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def local_folder(source: WeightSource, setup: ModelSetup) -> Path:
    """Return the folder of a model on this machine.

    Raises:
        UnavailableError: it is missing.
    """
    if source.path is not None:
        if not source.path.is_dir():
            raise UnavailableError(f"{source.path}: model folder not found")
        return source.path
    folder = cached_snapshot(source)
    if folder is None:
        raise missing_weights(source, setup)
    return folder


def cached_snapshot(source: WeightSource) -> Path | None:
    """Return the folder of a repository in the hub's cache, even if incomplete; None without one.

    ``snapshot_download`` would reject the partial snapshots that `download.pull` makes. Layout:
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


def path_here(source: WeightSource) -> Path | None:
    """Return the folder of a model, or a single file, on this machine; None if it is not here."""
    folder = cached_snapshot(source) if source.path is None else source.path
    path = folder if folder is None or source.file is None else folder / source.file
    return path if path is not None and path.exists() else None


def local_file(source: WeightSource, setup: ModelSetup) -> Path:
    """Return a single file of weights on this machine.

    Raises:
        UnavailableError: it is missing.
        RendererError: it is a pickle, or the source has several files and names none.
    """
    if source.path is not None and source.path.suffix:
        reject_pickle(source.path.name)
        if not source.path.is_file():
            raise UnavailableError(f"{source.path}: file not found")
        return source.path
    folder = local_folder(source, setup)
    if source.file is None:
        found = sorted(folder.glob(f"*{SAFE_SUFFIX}"))
        if len(found) != 1:
            reject_pickle_folders(folder)
            raise RendererError(f"{source}: {len(found)} files of weights there; name one of them")
        return found[0]
    if not (folder / source.file).is_file():
        raise missing_weights(source, setup)
    return folder / source.file


def missing_weights(source: WeightSource, setup: ModelSetup) -> UnavailableError:
    """Return the error for missing weights; it names the command that downloads them."""
    return UnavailableError(
        f"{source} is not on this machine; fetch it: otio-gvideo models pull {setup.renderer}"
    )


def reject_pickle_folders(folder: Path) -> None:
    """Reject a model's folder with a part that has pickles but no safetensors.

    Raises:
        RendererError: there is such a part.
    """
    for part in (folder, *sorted(path for path in folder.iterdir() if path.is_dir())):
        pickles = sorted(path for kind in _PICKLES for path in part.glob(kind))
        if pickles and not any(part.glob(f"*{SAFE_SUFFIX}")):
            reject_pickle(str(pickles[0]))


def pin_revisions(
    renderer: str, settings: Mapping[str, Any], finished: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return settings with unstated revisions pinned to the commits in the hub's cache.

    A recipe so changes its key if another version of the weights is downloaded.

    Args:
        renderer: its name.
        settings: of the renderer.
        finished: `commits` of finished media, for weights that are not in the cache any more.

    Raises:
        RendererError: a setting is wrong.
    """
    pinned = dict(settings)
    if renderer not in model_table():
        return pinned
    setup = model_setup(renderer, settings, "standard")
    model = setup.model
    known = finished or {}
    if model.path is None and model.revision is None:
        folder = cached_snapshot(model)
        commit = known.get(str(model)) if folder is None else folder.name
        if commit is not None:
            pinned["revision"] = commit
    for name, weights in _named_sources(setup).items():
        if weights.path is None and weights.revision is None:
            folder = cached_snapshot(weights)
            commit = known.get(str(weights)) if folder is None else folder.name
            if commit is not None:
                pinned[name] = {"model": weights.model, "revision": commit}
                if weights.file is not None or name in ("weights", "weights_2"):
                    pinned[name]["file"] = weights.file
    return pinned


def _named_sources(setup: ModelSetup) -> dict[str, WeightSource]:
    """Return the weights of a setup besides its pipeline, by setting."""
    named = {"weights": setup.weights, "prompt_model": setup.prompt_model, **setup.parts}
    return {name: source for name, source in named.items() if source is not None}


def commits(renderer: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the revisions that `pin_revisions` stated in settings, by source.

    Raises:
        RendererError: a setting is wrong.
    """
    setup = model_setup(renderer, settings, "standard")
    sources = [setup.model, *_named_sources(setup).values()]
    return {str(replace(one, revision=None)): one.revision for one in sources if one.revision}


def pipeline_index(folder: Path, setup: ModelSetup) -> dict[str, Any]:
    """Return a pipeline's ``model_index.json``: the classes of its parts, by name.

    Raises:
        RendererError: the folder is not that of a pipeline.
        UnavailableError: the folder is an incomplete download.
    """
    try:
        index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        if setup.model.path is None:
            raise missing_weights(setup.model, setup) from error
        raise RendererError(
            f"{folder}: no model_index.json: not a folder of a diffusers pipeline"
        ) from error
    return dict(index)
