"""Where the weights of an alignment model are: a folder, or a repository of the hub.

``mms`` is MMS' aligner for 1130 languages (Pratap et al. 2023), under CC-BY-NC 4.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ....renderers.base import RendererError, UnavailableError
from ....renderers.diffusion.download import Download
from ....renderers.diffusion.hub import OFFLINE, list_repository
from ....renderers.diffusion.hub_files import storage_folder
from ....renderers.diffusion.local_weights import cached_snapshot
from ....renderers.diffusion.weight_files import (
    file_fault,
    part_faults,
    reject_pickles,
    variant_files,
)
from ....renderers.diffusion.weight_source import SAFE_SUFFIX, WeightSource, parse_source
from ...backend.mux.languages import iso_639_2
from .ctc_folder import CtcFolder, read_ctc_folder

MMS = "mms"
REPOSITORIES = {MMS: "MahmoudAshraf/mms-300m-1130-forced-aligner"}
"""Repositories of the hub, by short name."""
LICENCE = "CC-BY-NC 4.0: not for commercial use"
PULL = "align-"
"""Before the name of an alignment model in `models pull`."""
DESCRIPTIONS = ("config.json", "vocab.json")
"""Files that a model cannot do without."""
_OWN_CODES = {
    "aze": ("azj",),
    "msa": ("zlm",),
    "ori": ("ory",),
    "swa": ("swh",),
    "zho": ("cmn",),
}
"""Codes of MMS for languages of which ISO 639-2 has a collective one."""


def model_source(model: str) -> WeightSource:
    """Return the source of a model.

    Args:
        model: ``mms``, ``OWNER/NAME[@REVISION]``, or the absolute path of a folder.

    Raises:
        RendererError: it is none of them.
    """
    return parse_source(REPOSITORIES.get(model, model))


def model_languages(tag: str) -> tuple[str, ...]:
    """Return the names that adapters may have for a language: ISO 639-3 and MMS' own.

    >>> model_languages("pt-BR"), model_languages("zh")
    (('por',), ('cmn', 'zho'))
    """
    code = iso_639_2(tag)
    return (*_OWN_CODES.get(code, ()), code)


def find_model(model: str, language: str, device: str) -> CtcFolder:
    """Return a model on this machine for a language.

    Args:
        model: as of `model_source`.
        language: as in ``pt-BR``.
        device: to compute on.

    Raises:
        UnavailableError: it is missing or incomplete.
        RendererError: its name is wrong, it is of another kind, or does not know the language.
    """
    source = model_source(model)
    folder = cached_snapshot(source) if source.path is None else source.path
    if folder is None or not folder.is_dir():
        raise _missing(model, source, "no such folder" if source.path else "not on this machine")
    fault = model_fault(folder)
    if fault:
        raise _missing(model, source, fault)
    found = read_ctc_folder(folder, model_languages(language), device)
    fault = model_fault(folder, [found.adapter] if found.adapter else [])
    if fault:
        raise _missing(model, source, fault, f" --language {language}")
    return found


def _missing(model: str, source: WeightSource, fault: str, options: str = "") -> UnavailableError:
    pull = f"; fetch it: otio-gvideo models pull {PULL}{model}{options}"
    return UnavailableError(f"{source}: {fault}{'' if source.path else pull}")


def model_fault(folder: Path, adapters: Sequence[str] = ()) -> str:
    """Return what is missing or cut off in a model's folder; empty for a whole one.

    Raises:
        RendererError: it has pickles but no safetensors.
    """
    absent = [f"{name} is missing" for name in DESCRIPTIONS if not (folder / name).is_file()]
    names = [f"adapter.{name}{SAFE_SUFFIX}" for name in adapters]
    cut_off = [f"{name} {fault}" for name in names if (fault := file_fault(folder / name))]
    return next(iter([*absent, *part_faults(folder), *cut_off]), "")


def plan_model_download(model: str, languages: Sequence[str]) -> Download:
    """Find the files of a model on the hub.

    Args:
        model: as of `model_source`.
        languages: whose adapters are needed, if it has adapters, as in ``pt-BR``.

    Raises:
        UnavailableError: the hub is out of reach, and the model is missing.
        RendererError: the hub refuses, has no such model, its weights are pickles, or it has
            adapters, and none for a language.
    """
    from huggingface_hub import constants  # noqa: PLC0415 - slow to import

    source = model_source(model)
    folder = cached_snapshot(source) if source.path is None else source.path
    if source.path is not None or constants.HF_HUB_OFFLINE:
        fault = "not on this machine" if folder is None or not folder.is_dir() else ""
        if fault or folder is None or (fault := model_fault(folder)):
            offline = f", and {OFFLINE}" if source.path is None else ""
            raise UnavailableError(f"{source}: {fault}{offline}")
        return Download(source, folder)
    repository = list_repository(source)
    listed = [name for name in sorted(repository.sizes) if "/" not in name]
    safe = [name for name in listed if name.endswith(SAFE_SUFFIX)]
    if not safe:
        reject_pickles(listed)
    adapters = [name for name in safe if name.startswith("adapter.")]
    weights = variant_files([name for name in safe if name not in adapters], None)
    absent = [name for name in DESCRIPTIONS if name not in listed]
    if absent or not weights:
        raise RendererError(f"{source.model} is not a CTC model: no {[*absent, 'weights'][0]}")
    names = [name for name in listed if name.endswith((".json", ".txt"))] + weights
    if adapters and not languages:
        raise RendererError(f"{source.model} has an adapter for each language; add --language")
    for language in languages if adapters else ():
        codes = model_languages(language)
        fitting = [n for n in adapters if n.split(".")[1].partition("-script")[0] in codes]
        if not fitting:
            raise RendererError(f"{source.model} has no adapter for {language!r}")
        names += fitting
    path = storage_folder(source.model) / "snapshots" / repository.commit
    return Download(source, path, repository, {name: repository.sizes[name] for name in names})
