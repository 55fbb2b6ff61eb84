"""Resources of an FCPXML document: formats, assets and effects, each declared once."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

import opentimelineio as otio

from ...files.file_urls import url_of_path
from ...timeline.properties import size_of
from ...timeline.rate import whole_frames

CROSS_DISSOLVE = "FxPlug:4731E73A-8DAC-4113-9A30-AE85B1761265"
AUDIO_CROSSFADE = "FFAudioTransition"
"""Identifiers of Final Cut's own effects."""


class Resources:
    """The ``resources`` element of a timeline, filled as clips need it.

    Attributes:
        element: the element.
        format: the id of the sequence's format.
    """

    def __init__(self, timeline: otio.schema.Timeline, fps: Fraction, element: Element):
        self.element = element
        self._fps = fps
        self._ids: dict[str, str] = {}
        width, height = size_of(timeline)
        self._size = {"width": str(width), "height": str(height)}
        frame = seconds_text(Fraction(1), fps)
        colour = {"colorSpace": "1-1-1 (Rec. 709)"}
        self.format = self._id("format", "sequence", {"frameDuration": frame} | self._size | colour)

    def asset(self, clip: otio.schema.Clip, *, is_audio: bool, is_still: bool) -> str:
        """Return the id of a clip's file."""
        reference = clip.media_reference
        url = url_of_path(reference.target_url)
        kind = self.format
        if is_still:
            named = {"name": "FFVideoFormatRateUndefined"}
            kind = self._id("format", "still", named | self._size)
        length = Fraction(whole_frames(reference.available_range.duration, self._fps))
        values = {
            "name": Path(reference.target_url).name,
            "src": url,
            "start": seconds_text(Fraction(first_media_frame(clip, self._fps)), self._fps),
            "duration": "0s" if is_still else seconds_text(length, self._fps),
        }
        if is_audio:
            values |= {"hasAudio": "1", "audioSources": "1", "audioChannels": "2"}
        else:
            values |= {"hasVideo": "1", "format": kind}
        return self._id("asset", url, values)

    def dissolve(self) -> str:
        """Return the id of the cross dissolve."""
        values = {"name": "Cross Dissolve", "uid": CROSS_DISSOLVE}
        return self._id("effect", "dissolve", values)

    def crossfade(self) -> str:
        """Return the id of the audio crossfade."""
        values = {"name": "Audio Crossfade", "uid": AUDIO_CROSSFADE}
        return self._id("effect", "crossfade", values)

    def _id(self, tag: str, name: str, values: dict[str, str]) -> str:
        """Return the id of a resource, declaring it if necessary."""
        key = f"{tag} {name}"
        if key not in self._ids:
            self._ids[key] = f"r{len(self._ids) + 1}"
            SubElement(self.element, tag, {"id": self._ids[key], **values})
        return self._ids[key]


def first_media_frame(clip: otio.schema.Clip, fps: Fraction) -> int:
    """Return the number of the first frame of a clip's media."""
    available = clip.media_reference.available_range
    return whole_frames(available.start_time, fps) if available is not None else 0


def seconds_text(frames: Fraction | int, fps: Fraction) -> str:
    """Return frames as seconds in the format's spelling: ``61/12s``, ``5s``."""
    return f"{frames / fps}s"
