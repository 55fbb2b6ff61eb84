"""OpenTimelineIO's JSON file, and its bundles with media.

OpenTimelineIO's own bundle writers reject two files of one name, cannot write older schemas, and
omit the recipes of rendered media
(https://opentimelineio.readthedocs.io/en/latest/tutorials/otio-filebundles.html).
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path, PurePosixPath

import opentimelineio as otio

from ....renderers.files.file_names import portable
from ...files.file_urls import is_url
from ...files.text_encoding import decode
from ...timeline.json_text import parse
from ...timeline.metadata import GENERATOR_KEY, MEDIA_KEY
from .base import write_text
from .bundle_cache import CONTENT, media_name, unpacked

OLD_READERS = "0.14.0"
"""The last release of OpenTimelineIO without `Clip.2`; its schemas suit older readers."""
_VERSION = "1.0.0"
"""The version of the bundle layout."""


def to_text(timeline: otio.schema.Timeline, *, old: bool = False) -> str:
    """Return a timeline as JSON; with ``old``, in the schemas of older readers."""
    if not old:
        return str(timeline.to_json_string(indent=2)) + "\n"
    versions = otio.versioning.fetch_map("OTIO_CORE", OLD_READERS)
    text = otio.adapters.write_to_string(timeline, "otio_json", target_schema_versions=versions)
    return str(text) + "\n"


def write(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.otio``."""
    write_text(path, to_text(timeline))
    return []


def write_old(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.otio`` for readers without `Clip.2`."""
    write_text(path, to_text(timeline, old=True))
    return []


def read(path: Path, _fps: Fraction | None) -> otio.core.SerializableObject:
    """Read ``.otio``."""
    return _load(path)


def _load(path: Path) -> otio.core.SerializableObject:
    return parse(decode(path.read_bytes()).removeprefix("\ufeff"))


def write_zip(timeline: otio.schema.Timeline, path: Path, *, old: bool = False) -> list[str]:
    """Write ``.otioz``: a ZIP archive of the timeline, its media and their recipes."""
    bundled, files = _bundled(timeline)
    with zipfile.ZipFile(path, "w") as archive:
        content = to_text(bundled, old=old)
        archive.writestr(CONTENT, content, zipfile.ZIP_DEFLATED)
        archive.writestr("version.txt", _VERSION, zipfile.ZIP_DEFLATED)
        for name, file in files.items():
            # Media are compressed already.
            archive.write(file, f"media/{name}", zipfile.ZIP_STORED)
    return []


def write_zip_old(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.otioz`` for readers without `Clip.2`."""
    return write_zip(timeline, path, old=True)


def write_folder(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.otiod``: a folder of the timeline, its media and their recipes."""
    bundled, files = _bundled(timeline)
    (path / "media").mkdir(parents=True)
    write_text(path / CONTENT, to_text(bundled))
    write_text(path / "version.txt", _VERSION)
    for name, file in files.items():
        shutil.copyfile(file, path / "media" / name)
    return []


def read_zip(path: Path, _fps: Fraction | None) -> otio.core.SerializableObject:
    """Read ``.otioz``, unpacked into the user's cache.

    Raises:
        InputError: it is not a bundle, or the cache is not writable.
    """
    folder = unpacked(path)
    return _with_media(_load(folder / CONTENT), folder, media_name)


def read_folder(path: Path, _fps: Fraction | None) -> otio.core.SerializableObject:
    """Read ``.otiod``."""
    return _with_media(_load(path / CONTENT), path)


def _with_media(
    content: otio.core.SerializableObject, folder: Path, named: Callable[[str], str] = str
) -> otio.core.SerializableObject:
    """Make the media paths of a bundle's timeline absolute, in place."""
    if isinstance(content, otio.schema.Timeline):
        for clip in content.find_clips():
            for reference in clip.media_references().values():
                url = getattr(reference, "target_url", None)
                if url and not is_url(url) and not Path(url).is_absolute():
                    name = PurePosixPath(url)
                    reference.target_url = str(folder.absolute() / name.parent / named(name.name))
    return content


def packed_files(timeline: otio.schema.Timeline) -> list[Path]:
    """Return the files that a bundle of a timeline would hold."""
    return list(_bundled(timeline)[1].values())


def _bundled(
    timeline: otio.schema.Timeline,
) -> tuple[otio.schema.Timeline, dict[str, Path]]:
    """Return a copy with media paths in ``media/``, and the files to put there by name.

    Each clip keeps its active reference and its recipe. Names are portable, and differ by more than
    case.
    """
    copy = timeline.deepcopy()
    files: dict[str, Path] = {}
    taken: set[str] = set()
    names: dict[Path, str] = {}
    for clip in copy.find_clips():
        kept = {}
        for key, reference in clip.media_references().items():
            if key not in (MEDIA_KEY, GENERATOR_KEY, clip.active_media_reference_key):
                continue
            if isinstance(reference, otio.schema.ExternalReference):
                path = Path(reference.target_url)
                if not path.is_file():
                    kept[key] = reference
                    continue
                if path not in names:
                    plain = Path(portable(path.name))
                    packed = {plain.suffix: path}
                    if _is_recipe(sidecar := path.with_suffix(".json")):
                        packed[sidecar.suffix] = sidecar
                    stem = free_stem(plain.stem, packed, taken)
                    names[path] = f"{stem}{plain.suffix}"
                    files |= {f"{stem}{suffix}": file for suffix, file in packed.items()}
                reference.target_url = f"media/{names[path]}"
            kept[key] = reference
        clip.set_media_references(kept, clip.active_media_reference_key)
    return copy, files


def free_stem(plain: str, suffixes: Iterable[str], taken: set[str]) -> str:
    """Return a stem that is unused with all suffixes, numbered if necessary, and take it."""
    stem, number = plain, 2
    while any(f"{stem}{suffix}".casefold() in taken for suffix in suffixes):
        stem = f"{plain}-{number}"
        number += 1
    taken.update(f"{stem}{suffix}".casefold() for suffix in suffixes)
    return stem


def _is_recipe(path: Path) -> bool:
    try:
        return "recipe" in json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, TypeError, RecursionError):
        return False
