"""Resources of an FCPXML document: formats, assets and effects, each declared once."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

import opentimelineio as otio

from ...files.file_urls import url_of_path
from ...media.media_info import MediaInfo
from ...media.probe import is_still, probe_if_readable
from ...media.timecode import read_timecode
from ...timeline.properties import size_of
from ...timeline.rate import exact_rate, seconds, whole_frames
from .base import is_audio

CROSS_DISSOLVE = "FxPlug:4731E73A-8DAC-4113-9A30-AE85B1761265"
AUDIO_CROSSFADE = "FFAudioTransition"
"""Identifiers of Final Cut's own effects."""


class Resources:
    """The ``resources`` element of a timeline, filled as clips need it.

    Attributes:
        element: the element.
        format: the id of the sequence's format.
        has_media_rep: whether a ``media-rep`` in each asset names its file, as from 1.9 on; else
            an attribute.
    """

    def __init__(
        self,
        timeline: otio.schema.Timeline,
        fps: Fraction,
        element: Element,
        *,
        has_media_rep: bool,
    ):
        self.element = element
        self.has_media_rep = has_media_rep
        self._fps = fps
        self._ids: dict[str, str] = {}
        width, height = size_of(timeline)
        self._size = {"width": str(width), "height": str(height)}
        frame = seconds_text(Fraction(1), fps)
        colour = {"colorSpace": "1-1-1 (Rec. 709)"}
        self.format = self._id("format", "sequence", {"frameDuration": frame} | self._size | colour)

    def asset(self, clip: otio.schema.Clip, kinds: Collection[str], *, is_still: bool) -> str:
        """Return the id of a clip's file, used for ``kinds``: ``video``, ``audio`` or both."""
        reference = clip.media_reference
        url = url_of_path(reference.target_url)
        kind = self.format
        if is_still:
            named = {"name": "FFVideoFormatRateUndefined"}
            kind = self._id("format", "still", named | self._size)
        length = seconds(reference.available_range.duration) * self._fps
        values = {
            "name": Path(reference.target_url).name,
            **({} if self.has_media_rep else {"src": url}),
            "start": seconds_text(first_media_frame(clip, self._fps), self._fps),
            "duration": "0s" if is_still else seconds_text(length, self._fps),
        }
        info = None if is_still else probe_if_readable(Path(reference.target_url))
        if "video" in kinds:
            own = self.format_of(info) if info is not None else kind
            values |= {"hasVideo": "1", "format": own}
        if "audio" in kinds:
            channels = 2 if info is None or info.audio is None else info.audio.channels
            values |= {"hasAudio": "1", "audioSources": "1", "audioChannels": str(channels)}
        file = Element("media-rep", kind="original-media", src=url) if self.has_media_rep else None
        return self._id("asset", url, values, file)

    def format_of(self, info: MediaInfo) -> str:
        """Return the id of a video's format: that of the sequence if size and rate are the same."""
        video = info.video
        if video is None or not video.fps:
            return self.format
        width, height = (str(round(side)) for side in video.display_size)
        size = {"width": width, "height": height}
        if size == self._size and video.fps == self._fps:
            return self.format
        frame = seconds_text(Fraction(1), exact_rate(video.fps))
        return self._id("format", f"{width}x{height} {frame}", {"frameDuration": frame} | size)

    def compound(self, name: str) -> tuple[str, Element]:
        """Declare a compound clip; return its id and the element for its sequence."""
        number = f"r{len(self._ids) + 1}"
        self._ids[f"media {number}"] = number
        return number, SubElement(self.element, "media", id=number, name=name or "Compound Clip")

    def dissolve(self) -> str:
        """Return the id of the cross dissolve."""
        values = {"name": "Cross Dissolve", "uid": CROSS_DISSOLVE}
        return self._id("effect", "dissolve", values)

    def crossfade(self) -> str:
        """Return the id of the audio crossfade."""
        values = {"name": "Audio Crossfade", "uid": AUDIO_CROSSFADE}
        return self._id("effect", "crossfade", values)

    def _id(
        self, tag: str, name: str, values: dict[str, str], content: Element | None = None
    ) -> str:
        """Return the id of a resource, declaring it if necessary."""
        key = f"{tag} {name}"
        if key not in self._ids:
            self._ids[key] = f"r{len(self._ids) + 1}"
            declared = SubElement(self.element, tag, {"id": self._ids[key], **values})
            declared.extend([] if content is None else [content])
        return self._ids[key]


def first_media_frame(clip: otio.schema.Clip, fps: Fraction) -> Fraction:
    """Return the number of the first frame of a clip's media.

    The exact time of a file with timecode, as Final Cut reads it, which may be no whole frame.
    """
    available = clip.media_reference.available_range
    if available is None:
        return Fraction(0)
    path = Path(clip.media_reference.target_url)
    timecode = read_timecode(path, fps) if path.is_file() and not is_still(path) else None
    if timecode is not None:
        return timecode.start / timecode.rate * fps
    return Fraction(whole_frames(available.start_time, fps))


def seconds_text(frames: Fraction | int, fps: Fraction) -> str:
    """Return frames as seconds in the format's spelling: ``61/12s``, ``5s``."""
    return f"{frames / fps}s"


def kinds_of_media(timeline: otio.schema.Timeline) -> dict[str, set[str]]:
    """Return what each file is used for or holds, ``video``, ``audio`` or both, by its URL.

    The sound of a picture's file counts, since programs play it unless it is switched off.
    """
    kinds: dict[str, set[str]] = {}
    for track in timeline.find_children(descended_from_type=otio.schema.Track):
        for clip in track.find_clips(shallow_search=True):
            if isinstance(clip.media_reference, otio.schema.ExternalReference):
                url = clip.media_reference.target_url
                if url not in kinds:
                    kinds[url] = {"audio"} if _has_sound(Path(url)) else set()
                kinds[url].add("audio" if is_audio(track) else "video")
    return kinds


def _has_sound(path: Path) -> bool:
    info = None if is_still(path) else probe_if_readable(path)
    return info is not None and info.audio is not None
