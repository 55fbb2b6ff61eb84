"""The files that a renderer loads from a folder of weights, and what is missing or cut off there.

Files are neither loaded nor hashed: a folder is complete if every part of its pipeline is there,
with all shards that its index names, and every file of weights has the length that its header
states.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

from ..error_text import gigabytes
from .safetensors_header import safetensors_header
from .weight_source import SAFE_SUFFIX, reject_pickle

INDEX = "model_index.json"
"""A pipeline's file with the classes of its parts."""
SKIPPED_PARTS = frozenset({"safety_checker"})
"""Parts that no pipeline here loads; that of Stable Diffusion 1.5 has a gigabyte."""
_WEIGHTLESS = ("Scheduler", "Tokenizer", "Processor", "FeatureExtractor")
"""In class names of parts that are configuration only."""
_POINTER = b"version https://git-lfs"


def pipeline_parts(index: Mapping[str, Any]) -> dict[str, bool]:
    """Return the parts of a pipeline that are loaded, and whether they have weights.

    Args:
        index: the content of ``model_index.json``.
    """
    parts = {
        name: entry[1]
        for name, entry in index.items()
        if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], str)
    }
    return {
        name: not any(word in kind for word in _WEIGHTLESS)
        for name, kind in parts.items()
        if name not in SKIPPED_PARTS
    }


def variant_files(files: Sequence[str], variant: str | None) -> list[str]:
    """Return the files of a variant, or the plain ones if it has none."""
    if variant is not None:
        matching = [name for name in files if fnmatch(PurePosixPath(name).name, f"*.{variant}*")]
        if matching:
            return matching
    plain = [name for name in files if "." not in PurePosixPath(name).stem]
    return plain or list(files)


def reject_pickles(files: Iterable[str]) -> None:
    """Reject files of which one is a pickle.

    Raises:
        RendererError: there is one.
    """
    for name in files:
        reject_pickle(name)


def pipeline_faults(
    folder: Path, index: Mapping[str, Any], variant: str | None, replaced: Iterable[str]
) -> Iterator[str]:
    """Yield what is missing or cut off in a pipeline's folder: ``vae/config.json is missing``.

    Args:
        folder: of the pipeline.
        index: the content of its ``model_index.json``.
        variant: of its weights.
        replaced: parts whose weights come from elsewhere.

    Raises:
        RendererError: a part has pickles but no safetensors.
    """
    without = set(replaced)
    for name, has_weights in pipeline_parts(index).items():
        part = folder / name
        if not part.is_dir() or not any(part.iterdir()):
            yield f"{name}/ is missing"
        elif has_weights:
            if not (part / "config.json").is_file():
                yield f"{name}/config.json is missing"
            if name not in without:
                yield from (f"{name}/{fault}" for fault in part_faults(part, variant))


def part_faults(part: Path, variant: str | None = None) -> Iterator[str]:
    """Yield what is missing or cut off of a part's weights.

    Arguments and errors as in `pipeline_faults`.
    """
    present = sorted(path.name for path in part.iterdir())
    safe = variant_files([name for name in present if name.endswith(SAFE_SUFFIX)], variant)
    needed = _shards(part, variant) or safe
    if not needed:
        reject_pickles(present)
        yield f"*{SAFE_SUFFIX} is missing"
    for name in needed:
        fault = file_fault(part / name)
        if fault:
            yield f"{name} {fault}"


def _shards(part: Path, variant: str | None) -> list[str]:
    """Return the files that the index of a part names; none without an index."""
    indexes = sorted(path.name for path in part.glob(f"*{SAFE_SUFFIX}.index*.json"))
    own = [name for name in indexes if variant is not None and f".{variant}." in name]
    plain = [name for name in indexes if name.endswith(f"{SAFE_SUFFIX}.index.json")]
    chosen = own or [name for name in plain if name.count(".") == 3]
    if variant is not None and not own and any(part.glob(f"*.{variant}*{SAFE_SUFFIX}")):
        return []
    if not chosen:
        return []
    try:
        found = json.loads((part / chosen[0]).read_text(encoding="utf-8"))["weight_map"].values()
        return sorted({str(name) for name in found})
    except (OSError, ValueError, KeyError, AttributeError):
        return [chosen[0]]  # Not a file of weights: reported as one that is cut off.


def file_fault(path: Path) -> str:
    """Return the fault of a safetensors file, as in ``is cut off or damaged``; empty without one.

    Its header states the end of its last tensor
    (https://github.com/huggingface/safetensors, "Format").
    """
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    header = safetensors_header(path)
    if header:
        with path.open("rb") as stream:
            start = 8 + int.from_bytes(stream.read(8), "little")
        whole = start + max(entry["data_offsets"][1] for entry in header.values())
        missing = gigabytes(whole - size)
        return "" if size >= whole else f"is cut off: its last {missing} are missing"
    with path.open("rb") as stream:
        is_pointer = stream.read(len(_POINTER)) == _POINTER
    return "is a pointer of Git LFS; run git lfs pull" if is_pointer else "is cut off or damaged"
