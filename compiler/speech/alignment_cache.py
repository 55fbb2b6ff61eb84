"""Aligned words by content: the voice, the texts, the transcript, and the code that aligned them.

Listening takes half of a compile without changes, and its result depends on nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...renderers.files.digest import sha256_of, text_digest
from ...renderers.files.user_folders import cache_folder
from ...renderers.files.verified_json import read_verified, write_verified
from ..errors import WorkError
from ..files.atomic_output import write_errors
from ..files.file_version import file_version
from ..media.programs import SYNTHESIZER, find_program
from ..notices import Notice
from ..plain_values import from_plain, to_plain
from ..sync.types import Interval, Word

if TYPE_CHECKING:
    from .align.search_memo import SearchMemo

_PACKAGES = ["numpy", "num2words", "av", "uroman", "fugashi", "ipadic", "torch", "transformers"]
_CODE = (
    *("plain_values.py", "speech", "timeline/confidence.py"),
    *("script/tokens.py", "script/number_words.py"),
    *("media/samples.py", "media/sample_file.py", "media/containers.py"),
    *("sync/cuts.py", "sync/silences.py", "sync/types.py"),
)
"""What of this package decides on word times and warnings."""
_DATA = "speech/align/en_us"


@dataclass(frozen=True, slots=True)
class AlignedTrack:
    """An aligned voice file: what `SpokenScene` says of each scene, and warnings."""

    words: Mapping[str, tuple[Word, ...]]
    confidence: Mapping[str, Fraction]
    unscripted: Mapping[str, tuple[Interval, ...]]
    warnings: tuple[Notice, ...]


def cached_alignment(
    files: Iterable[Path], settings: Sequence[Any], align: Callable[[], AlignedTrack]
) -> AlignedTrack:
    """Return an alignment from the cache, else make it and keep it.

    Args:
        files: whose content decides: voice and transcript.
        settings: everything else that decides, as JSON values.
        align: makes the alignment; what it raises is not kept.

    Raises:
        WorkError: a file cannot be read.
    """
    files = list(files)
    key = _key(files, settings)
    path = cache_folder() / "alignments" / f"{key}.json"
    found = _read(path)
    if found is not None:
        return found
    aligned = align()
    with suppress(OSError):  # A cache that cannot be written saves nothing, and breaks nothing.
        if _key(files, settings) == key:  # No file was replaced meanwhile.
            write_verified(path, to_plain(aligned))
    return aligned


def search_memo(audio: Path) -> SearchMemo | None:
    """Return the searches that were made in a voice file; None if it cannot be read."""
    from .align.search_memo import SearchMemo  # noqa: PLC0415 - a cached alignment needs none

    version = file_version(audio)
    with suppress(WorkError):
        path = cache_folder() / "searches" / f"{_key([audio], [])}.json"
        return SearchMemo(path, lambda: file_version(audio) == version)
    return None


def _key(files: Iterable[Path], settings: Sequence[Any]) -> str:
    hashes = []
    for path in files:
        with write_errors(path):
            hashes.append(sha256_of(path))
    known = [_code_digest(), _synthesizer(), hashes, list(settings)]
    return text_digest(json.dumps(known, ensure_ascii=False))


def _synthesizer() -> list[str | int]:
    """Return the identity of the program that pronounces words; empty if there is none."""
    found = find_program(SYNTHESIZER)
    if found is None:
        return []
    state = Path(found).stat()
    return [found, state.st_size, state.st_mtime_ns]


@cache
def _code_digest() -> str:
    """Hash the code and the versions of packages that decide on word times."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for name in _CODE:
        place = package / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(path.read_bytes())
    for path in sorted((package / _DATA).iterdir()):
        digest.update(f"{path.name} {path.stat().st_size}\n".encode())
    for name in _PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            digest.update(f"{name} {metadata.version(name)}\n".encode())
    return digest.hexdigest()


def _read(path: Path) -> AlignedTrack | None:
    """Return a kept alignment; None if there is none, or it is damaged."""
    content = read_verified(path)
    try:
        return None if content is None else from_plain(AlignedTrack, content)
    except (ValueError, TypeError):
        return None
