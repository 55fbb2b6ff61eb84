"""The media of a clip: paths of files, images of sequences, the offset into them."""

from __future__ import annotations

import itertools
import os
import re
import unicodedata
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..errors import WorkError
from ..files.exists import refusal
from ..files.file_urls import file_name_of, is_windows_path, paths_of
from ..media.media_info import MediaInfo
from ..media.probe import probe_sequence
from .rate import exact_rate, seconds

MOST_IMAGES = 2_000_000
"""Of one image sequence: a day and a night at 23 frames a second."""
_MOST_DIGITS = 30
_SHOW_BLACK = otio.schema.ImageSequenceReference.MissingFramePolicy.black


def media_path(reference: otio.core.MediaReference | None, root: Path) -> Path | None:
    """Return the file of an `ExternalReference`; None for a network's URL and other references.

    Plain paths and ``file:`` URLs are resolved against ``root``. Some programs encode a path
    (``%20``) and some do not: the reading that names an existing file wins.
    """
    if not isinstance(reference, otio.schema.ExternalReference):
        return None
    return _local_path(str(reference.target_url), root)


def media_file_name(reference: otio.core.MediaReference | None) -> str:
    """Return the name of an `ExternalReference`'s file, decoded if it is in a URL; else empty.

    It may be a path of another system.
    """
    if not isinstance(reference, otio.schema.ExternalReference):
        return ""
    return file_name_of(str(reference.target_url))


def missing_name(reference: otio.schema.ExternalReference, path: Path) -> str:
    """Return the path of a missing file as messages name it; one of Windows as it is stated."""
    url = str(reference.target_url)
    return url if is_windows_path(url) else str(path)


def why_missing(path: Path) -> str:
    """Return why a path is no file, as messages say it."""
    return "is a folder" if path.is_dir() else "does not exist"


def why_no_path(url: str) -> str:
    """Return why `media_path` is None."""
    if not paths_of(url):
        return "are on a network"
    return "have a name that this system or locale refuses"


def _local_path(url: str, root: Path) -> Path | None:
    paths = [(root / way).absolute() for way in paths_of(url)]
    possible = [path for path in paths if not refusal(path)]
    return next((path for path in possible if path.is_file()), possible[0] if possible else None)


def source_start(clip: otio.schema.Clip) -> Fraction:
    """Return the offset into its media, in seconds, at which a clip starts."""
    start = seconds(clip.trimmed_range().start_time)
    available = clip.media_reference.available_range
    return start - seconds(available.start_time) if available is not None else start


def sequence_pattern(sequence: otio.schema.ImageSequenceReference) -> str:
    """Return the name of an image sequence, as in ``shot.%04d.exr``."""
    return f"{sequence.name_prefix}%0{sequence.frame_zero_padding}d{sequence.name_suffix}"


def sequence_folder(sequence: otio.schema.ImageSequenceReference, root: Path) -> Path | None:
    """Return the folder of an image sequence; None as of `media_path`."""
    return _local_path(str(sequence.target_url_base), root)


def read_sequence(sequence: otio.schema.ImageSequenceReference, folder: Path) -> MediaInfo:
    """Read the header of an image sequence.

    Args:
        sequence: the reference. Without an available range it ends before the first missing
            image.
        folder: of `sequence_folder`.

    Raises:
        WorkError: there are no images, too many, or the first cannot be read.
    """
    step = max(1, sequence.frame_step)
    width = sequence.frame_zero_padding
    path = folder / sequence_pattern(sequence)

    def image(number: int) -> Path:
        count = sequence.start_frame + number * step
        digits = f"{'-' if count < 0 else ''}{abs(count):0{width}d}"
        return folder / f"{sequence.name_prefix}{digits}{sequence.name_suffix}"

    stated = sequence.available_range
    rate = exact_rate(sequence.rate or (stated.duration.rate if stated is not None else 24))
    existing = _images_by_number(sequence, folder)
    base = str(sequence.target_url_base)
    if not existing and is_windows_path(base):
        # Under the root that its folder was resolved against, nobody would know it.
        name = base.rstrip("/\\") + f"/{sequence_pattern(sequence)}"
        raise WorkError(f"{name}: no such images")

    def exists(number: int) -> bool:
        return sequence.start_frame + number * step in existing and image(number).is_file()

    if stated is not None:
        count = max(1, round(seconds(stated.duration) * rate / step))
    else:
        count = next(number for number in itertools.count() if not exists(number))
    if count > MOST_IMAGES:
        raise WorkError(f"{path}: {count:,} images are more than {MOST_IMAGES:,}")
    images = [image(number) if exists(number) else None for number in range(count)]
    black = sequence.missing_frame_policy == _SHOW_BLACK
    return probe_sequence(path, images, rate / step, black_where_missing=black)


def sequence_images(sequence: otio.schema.ImageSequenceReference, folder: Path) -> list[Path]:
    """Return the existing images of a sequence, sorted by name.

    Args:
        sequence: the reference.
        folder: of `sequence_folder`.
    """
    return sorted(_images_by_number(sequence, folder).values())


def _images_by_number(
    sequence: otio.schema.ImageSequenceReference, folder: Path
) -> dict[int, Path]:
    """Return the existing images of a sequence by number.

    The folder is listed once: to ask for millions of missing names would take minutes.
    """
    above, start = os.path.split(str(sequence.name_prefix))
    # Some systems ignore case and Unicode composition in file names.
    parts = (start, str(sequence.name_suffix))
    pattern = "(-?[0-9]+)".join(re.escape(_normalized(part)) for part in parts)
    name = re.compile(pattern, re.DOTALL)
    try:
        paths = list((folder / above).iterdir())
    except (OSError, ValueError):
        return {}
    found = ((path, name.fullmatch(_normalized(path.name))) for path in paths)
    # More digits are no image number, and slow to parse.
    return {
        int(match[1]): path
        for path, match in found
        if match is not None and len(match[1]) <= _MOST_DIGITS
    }


def _normalized(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
