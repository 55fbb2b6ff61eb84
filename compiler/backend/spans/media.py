"""Resolve a clip's media reference to a file, an image sequence, a generator, or a slate.

Missing and unreadable media do not stop the work: a slate replaces them, and a line names them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import opentimelineio as otio

from ....renderers.base import FITS
from ....renderers.run.store import damage_of
from ...errors import WorkError
from ...files.file_urls import paths_of
from ...media.find_ffmpeg import decoder_names, ffmpeg_path
from ...media.media_info import MediaInfo, VideoInfo, has_alpha
from ...media.probe import probe
from ...notices import Notice
from ...timeline.effects import effect_notice, speed_of, unsupported_effects
from ...timeline.item_label import label_of
from ...timeline.media import (
    media_file_name,
    media_path,
    missing_name,
    read_sequence,
    sequence_folder,
    sequence_pattern,
    source_start,
    why_missing,
    why_no_path,
)
from ...timeline.metadata import own_metadata
from .colours import parse_colour
from .frame_content import Bars, ColourContent, ImageContent, Picture, SlateContent, VideoContent

_ENDS = ("first", "last")
_Line = TypeVar("_Line", bound=str)
_PROBES = 4
_BLACK = (0, 0, 0, 255)
_SOLIDS = {"solidcolor": _BLACK, "color": _BLACK, "colour": _BLACK, "solid": _BLACK,
           "black": _BLACK, "slug": _BLACK, "white": (255, 255, 255, 255)}  # fmt: skip
_BARS = {"smptebars": "smpte", "bars": "smpte", "colorbars": "smpte", "colourbars": "smpte",
         "smptehdbars": "smpte", "ebubars": "ebu", "palbars": "ebu",
         "pal75bars": "ebu"}  # fmt: skip
_COLOUR_KEYS = ("color", "colour", "rgba", "rgb", "fillcolor")
_POLICIES = otio.schema.ImageSequenceReference.MissingFramePolicy


@dataclass
class MediaReader:
    """Resolves clips to contents.

    Attributes:
        root: folder that relative media paths start from.
        fps: frame rate of the reel.
        remote: downloaded files by their URLs.
        verify: whether rendered media are compared with their SHA-256.
        media: headers of all visible files and image sequences.
        missing: media that slates stand in for, one line each.
        warnings: differences from the timeline, one line each.
    """

    root: Path
    fps: Fraction
    remote: Mapping[str, Path] = field(default_factory=dict)
    verify: bool = False
    media: dict[Path, MediaInfo] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    warnings: list[Notice] = field(default_factory=list)
    _read: dict[Path, MediaInfo | WorkError] = field(default_factory=dict)

    def probe_all(self, clips: Iterable[otio.schema.Clip]) -> None:
        """Read the headers of all media in parallel."""
        paths = {
            path
            for clip in clips
            if isinstance(clip.media_reference, otio.schema.ExternalReference)
            and (path := self._path(clip.media_reference)) is not None
            and path.is_file()
        }
        with ThreadPoolExecutor(_PROBES) as pool:
            probes = pool.map(lambda path: _probe(path, verify=self.verify), paths)
            self._read = dict(zip(paths, probes, strict=True))

    def picture(self, clip: otio.schema.Clip, frames: int) -> Picture:
        """Return the content of a clip from its first frame on.

        Args:
            clip: any clip.
            frames: its length; a reversed clip starts with the last frame of its range.
        """
        speed = speed_of(clip)
        self.warnings += [effect_notice(clip, effect) for effect in unsupported_effects(clip)]
        match clip.media_reference:
            case otio.schema.GeneratorReference() as generator:
                return self._generated(clip, generator)
            case otio.schema.ImageSequenceReference() as sequence:
                found = self._sequence(clip, sequence)
            case otio.schema.ExternalReference() as reference:
                found = self._file(clip, reference)
            case _:
                return self._slate(clip, "has no media; a slate replaces it")
        if isinstance(found, SlateContent):
            return found
        assert found.video is not None
        opaque = not has_alpha(found.video.pixel_format)
        if found.still:
            return ImageContent(found.path, opaque)
        start = source_start(clip)
        if speed < 0:
            start -= max(0, frames - 1) * speed / self.fps
        return VideoContent(found.path, start, speed, opaque, *_framing(clip))

    def check_range(self, name: str, picture: Picture, body: int, before: int, after: int) -> None:
        """Warn of frames that a clip needs and its media lack.

        Args:
            name: of the clip.
            picture: its content from its first frame on.
            body: length of the clip, in frames.
            before, after: frames of its handles that transitions need.
        """
        if not isinstance(picture, VideoContent):
            return
        info = self.media[picture.path]
        video = info.video
        assert video is not None

        def beyond(first: int, last: int) -> bool:
            slack = math.ceil(video.fps / self.fps)  # Error of rounding to whole frames.
            shown = [
                nearest_frame(video, picture.start + frame * picture.speed / self.fps)
                for frame in (first, last)
            ]
            return min(shown) < -slack or max(shown) >= video.frames + slack

        if beyond(0, max(0, body - 1)):
            first, last = (
                nearest_frame(video, picture.start + frame * picture.speed / self.fps)
                for frame in (0, max(0, body - 1))
            )
            ends = [first < 0 or last < 0, max(first, last) >= video.frames]
            which = " or ".join(end for end, is_held in zip(_ENDS, ends, strict=True) if is_held)
            what = (
                f"{name}: it shows frames {first} to {last} of {picture.path.name}, which holds "
                f"{video.frames}; its {which} frame is held"
            )
            self.warnings.append(Notice("range", what))
            return
        if before and beyond(-before, 0):
            what = "its media start too late for the transition into it; their first frame is held"
            self.warnings.append(Notice("range", f"{name}: {what}"))
        if after and beyond(body - 1, body - 1 + after):
            what = "its media end too early for the transition out of it; their last frame is held"
            self.warnings.append(Notice("range", f"{name}: {what}"))

    def _path(self, reference: otio.schema.ExternalReference) -> Path | None:
        url = str(reference.target_url)
        return self.remote.get(url) or media_path(reference, self.root)

    def _slate(self, clip: otio.schema.Clip, what: str, file: str = "") -> SlateContent:
        name = str(clip.name)
        self.missing.append(f"{label_of(clip)}: {what}")
        return SlateContent(tuple(line for line in (name, "MEDIA MISSING", file) if line))

    def _file(
        self, clip: otio.schema.Clip, reference: otio.schema.ExternalReference
    ) -> MediaInfo | SlateContent:
        url = str(reference.target_url)
        if not url:
            return self._slate(clip, "its media reference names no file")
        path = self._path(reference)
        if path is None:
            way_out = "" if paths_of(url) else " (--allow-network)"
            return self._slate(clip, f"its media {url} {why_no_path(url)}{way_out}", url)
        if path not in self._read:
            what = f"its media {missing_name(reference, path)} {why_missing(path)}"
            return self._slate(clip, what, media_file_name(reference))
        info = self._read[path]
        if isinstance(info, WorkError):
            return self._slate(clip, str(info), path.name)
        return self._shown(clip, info)

    def _shown(self, clip: otio.schema.Clip, info: MediaInfo) -> MediaInfo | SlateContent:
        video = info.video
        if video is None:
            return self._slate(clip, f"its media {info.path} holds no picture", info.path.name)
        if not info.still and not (video.fps and video.frames):
            what = f"its media {info.path} state no frame rate that can be shown"
            return self._slate(clip, what, info.path.name)
        if video.decoder and video.decoder not in decoder_names(ffmpeg_path()):
            what = f"{info.path.name} is shown without its transparency"
            why = f"this ffmpeg lacks the decoder {video.decoder}"
            self.warnings.append(Notice("effect", f"{label_of(clip)}: {what}; {why}"))
            info = replace(info, video=replace(video, decoder="", pixel_format="yuv420p"))
        self.media[info.path] = info
        return info

    def _sequence(
        self, clip: otio.schema.Clip, sequence: otio.schema.ImageSequenceReference
    ) -> MediaInfo | SlateContent:
        pattern, folder = sequence_pattern(sequence), sequence_folder(sequence, self.root)
        if folder is None:
            url = str(sequence.target_url_base)
            what = f"its images {url} {why_no_path(url)}"
            return self._slate(clip, what, pattern)
        path = folder / pattern
        if path in self._read:
            info = self._read[path]
        else:
            info = self._read[path] = _read_or_error(sequence, folder)
        if isinstance(info, WorkError):
            return self._slate(clip, str(info), pattern)
        lost = sum(image is None for image in info.images)
        policy = sequence.missing_frame_policy
        if lost and policy not in (_POLICIES.hold, _POLICIES.black):
            what = f"{lost} of its {len(info.images)} images {path} are missing"
            self.missing.append(f"{label_of(clip)}: {what}; the ones before them are held")
        return self._shown(clip, info)

    def _generated(
        self, clip: otio.schema.Clip, generator: otio.schema.GeneratorReference
    ) -> Picture:
        kind = str(generator.generator_kind)
        plain = "".join(letter for letter in kind.lower() if letter.isalnum())
        if plain in _BARS:
            return Bars(_BARS[plain])
        if plain in _SOLIDS:
            stated = {str(key).lower(): value for key, value in generator.parameters.items()}
            value = next((stated[key] for key in _COLOUR_KEYS if key in stated), None)
            if value is None:
                return ColourContent(_SOLIDS[plain])
            colour = parse_colour(value)
            if colour is not None:
                return ColourContent(colour)
            return self._slate(clip, f"its colour {value!r} is none", kind)
        if plain.startswith("otiogvideo"):
            what = "its slot has no media yet (`otio-gvideo render` fills it)"
            return self._slate(clip, what, "not rendered")
        return self._slate(clip, f"the generator {kind!r} is not known", f"generator: {kind}")


def _framing(clip: otio.schema.Clip) -> tuple[str, tuple[float, float] | None]:
    """Return fit and focus of a clip by its metadata; any other values are as if not stated."""
    own = own_metadata(clip)
    fit: Any = own.get("fit")
    focus: Any = own.get("focus")
    try:
        x, y = (min(1.0, max(0.0, float(share))) for share in focus)
    except (TypeError, ValueError):
        return fit if fit in FITS else "cover", None
    return fit if fit in FITS else "cover", (x, y)


def _read_or_error(
    sequence: otio.schema.ImageSequenceReference, folder: Path
) -> MediaInfo | WorkError:
    try:
        return read_sequence(sequence, folder)
    except WorkError as error:
        return error


def nearest_frame(video: VideoInfo, time: Fraction) -> int:
    """Return the frame of a video nearest to a time; of two, the earlier."""
    return math.ceil(time * video.fps - Fraction(1, 2))


def _probe(path: Path, *, verify: bool) -> MediaInfo | WorkError:
    damage = damage_of(path, read=verify)
    if damage:
        return WorkError(f"{path} is damaged: {damage}; otio-gvideo render makes it again")
    try:
        return probe(path)
    except WorkError as error:
        return error


def unique(found: Sequence[_Line]) -> tuple[_Line, ...]:
    """Return each line once, in order."""
    return tuple(dict.fromkeys(found))
