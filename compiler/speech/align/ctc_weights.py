"""Where the weights of an alignment model are: a folder, or a repository of the hub.

``mms`` is MMS' aligner for 1130 languages (Pratap et al. 2023), under CC-BY-NC 4.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ....renderers.base import UnavailableError
from ....renderers.diffusion.local_weights import cached_snapshot
from ....renderers.diffusion.weight_files import file_fault, part_faults
from ....renderers.diffusion.weight_source import SAFE_SUFFIX, WeightSource, parse_source
from ...backend.mux.languages import iso_639_2

MMS = "mms"
REPOSITORIES = {MMS: "MahmoudAshraf/mms-300m-1130-forced-aligner"}
"""Repositories of the hub, by short name."""
LICENCE = "CC-BY-NC 4.0: not for commercial use"
PULL = "align-mms"
"""What `models pull` calls the alignment model."""
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


def local_model(model: str) -> Path:
    """Return the folder of a model on this machine.

    Raises:
        UnavailableError: it is missing or incomplete.
        RendererError: its name is wrong.
    """
    source = model_source(model)
    folder = cached_snapshot(source) if source.path is None else source.path
    if folder is None or not folder.is_dir():
        way_out = "" if source.path else f"; fetch it: otio-gvideo models pull {PULL}"
        what = "no such folder" if source.path else "is not on this machine"
        raise UnavailableError(f"{source}: {what}{way_out}")
    fault = model_fault(folder)
    if fault:
        way_out = "" if source.path else f"; fetch the rest: otio-gvideo models pull {PULL}"
        raise UnavailableError(f"{source}: {fault}{way_out}")
    return folder


def model_fault(folder: Path, adapters: Sequence[str] = ()) -> str:
    """Return what is missing or cut off in a model's folder; empty for a whole one.

    Raises:
        RendererError: it has pickles but no safetensors.
    """
    absent = [f"{name} is missing" for name in DESCRIPTIONS if not (folder / name).is_file()]
    names = [f"adapter.{language}{SAFE_SUFFIX}" for language in adapters]
    cut_off = [f"{name} {fault}" for name in names if (fault := file_fault(folder / name))]
    return next(iter([*absent, *part_faults(folder), *cut_off]), "")
