"""Weights on this machine: local folders and the hub's cache; nothing is downloaded.

Errors name missing weights, and the command that downloads them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..base import QUALITIES, RendererError, UnavailableError
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
    renderer: str,
    settings: Mapping[str, Any],
    finished: Mapping[str, str] | None = None,
    quality: str = "standard",
) -> dict[str, Any]:
    """Return settings with unstated revisions pinned to the commits in the hub's cache.

    A recipe so changes its key if another version of the weights is downloaded.

    Args:
        renderer: its name.
        settings: of the renderer.
        finished: `commits` of finished media, for weights that are not in the cache any more.
        quality: whose weights are pinned; some have an upsampler besides.

    Raises:
        RendererError: a setting is wrong.
    """
    pinned = dict(settings)
    if renderer not in model_table():
        return pinned
    setup = model_setup(renderer, settings, quality)
    known = finished or {}
    commit = _commit(setup.model, known)
    if commit is not None:
        pinned["revision"] = commit
    for name, source in _named_sources(setup).items():
        commit = _commit(source, known)
        if commit is not None:
            pinned[name] = _stated(source, commit)
            if name in ("weights", "weights_2"):
                pinned[name]["file"] = source.file
    moves = {
        move: _stated(source, commit)
        for move, source in setup.camera_loras.items()
        if (commit := _commit(source, known)) is not None
    }
    if moves:
        own = settings["camera_loras"]
        others = model_table()[renderer]["camera_loras"] if own == "published" else own
        pinned["camera_loras"] = {**others, **moves}
    if setup.loras:
        pinned["loras"] = [
            own
            if (commit := _commit(lora.source, known)) is None
            else {**own, **_stated(lora.source, commit)}
            for own, lora in zip(settings["loras"], setup.loras, strict=True)
        ]
    return pinned


def _commit(source: WeightSource, known: Mapping[str, str]) -> str | None:
    """Return the commit to pin a source to; None of a local or a pinned one, or if unknown."""
    if source.path is not None or source.revision is not None:
        return None
    folder = cached_snapshot(source)
    return known.get(str(source)) if folder is None else folder.name


def _stated(source: WeightSource, commit: str) -> dict[str, Any]:
    """Return a source at a commit as a setting states it."""
    file = {} if source.file is None else {"file": source.file}
    return {"model": source.model, "revision": commit, **file}


def _named_sources(setup: ModelSetup) -> dict[str, WeightSource]:
    """Return the weights of a setup besides its pipeline and LoRAs, by setting."""
    named = {"weights": setup.weights, "prompt_model": setup.prompt_model, **setup.parts}
    return {name: source for name, source in named.items() if source is not None}


def commits(renderer: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the revisions that `pin_revisions` stated in settings, by source.

    Raises:
        RendererError: a setting is wrong.
    """
    found: dict[str, str] = {}
    for quality in QUALITIES:  # Some have weights of their own.
        sources = model_setup(renderer, settings, quality).sources
        found |= {str(replace(x, revision=None)): x.revision for x in sources if x.revision}
    return found


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
