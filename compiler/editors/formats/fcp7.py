"""Final Cut Pro 7's XML, which Premiere and Resolve read and write, by `otio-fcp-adapter`.

What the adapter leaves wrong, and is mended here:

* The sequence has no ``<format>``: Resolve then ignores the file, and Premiere guesses a size.
* ``pathurl`` is a plain path; it must be a ``file:`` URL.
* Every file is said to hold sound, so editors look for sound tracks in silent clips.
* A clip's ``duration`` is that of the cut, not of its media; its rate is written twice.
* Tracks have no names; those that come back are named as ours are.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import opentimelineio as otio

from ...backend.probe import STILL_SUFFIXES
from .base import adapter, file_url, kind_of, name_tracks, path_of_url, rate_of, size_of

ADAPTER = "fcp_xml"
KNOWN = {"dissolve"}
"""Transitions with a standing of their own there; others become dissolves that keep their name."""


def write(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.xml``, version 4 of ``xmeml``."""
    notes = []
    copy = timeline.deepcopy()
    for track in copy.tracks:
        for item in track:
            if isinstance(item, otio.schema.Transition):
                item.name = kind_of(item)
                if item.name not in KNOWN:
                    notes.append(f"{item.name}: written as a cross dissolve of that name")
    for clip in copy.find_clips():
        if isinstance(clip.media_reference, otio.schema.ExternalReference):
            clip.media_reference.target_url = file_url(clip.media_reference.target_url)
    text = adapter(ADAPTER, path).write_to_string(copy)
    root = ElementTree.fromstring(text)
    for sequence in root.iter("sequence"):
        _add_format(sequence, timeline)
    lengths = _mend_files(root)
    for clip in root.iter("clipitem"):
        _mend_clip(clip, lengths)
    ElementTree.indent(root)
    body = ElementTree.tostring(root, "unicode")
    path.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n{body}\n', encoding="utf-8"
    )
    return notes


def read(path: Path, _fps: Fraction | None) -> otio.core.SerializableObject:
    """Read ``.xml``."""
    adapter(ADAPTER, path)
    found = otio.adapters.read_from_file(str(path), adapter_name=ADAPTER)
    if isinstance(found, otio.schema.SerializableCollection):
        sequences = [item for item in found if isinstance(item, otio.schema.Timeline)]
        if len(sequences) == 1:
            found = sequences[0]
    if isinstance(found, otio.schema.Timeline):
        name_tracks(found)
        for clip in found.find_clips():
            reference = clip.media_reference
            if isinstance(reference, otio.schema.ExternalReference):
                reference.target_url = path_of_url(reference.target_url)
    return found


def _add_format(sequence: ElementTree.Element, timeline: otio.schema.Timeline) -> None:
    video = sequence.find("./media/video")
    if video is None:
        return
    for old in video.findall("format"):
        video.remove(old)
    rate = rate_of(timeline)
    width, height = size_of(timeline)
    wanted = ElementTree.Element("format")
    video.insert(0, wanted)
    sample = ElementTree.SubElement(wanted, "samplecharacteristics")
    spoken = ElementTree.SubElement(sample, "rate")
    ElementTree.SubElement(spoken, "timebase").text = str(round(rate))
    ElementTree.SubElement(spoken, "ntsc").text = "TRUE" if rate.denominator == 1001 else "FALSE"
    for name, value in (
        ("width", width),
        ("height", height),
        ("anamorphic", "FALSE"),
        ("pixelaspectratio", "square"),
        ("fielddominance", "none"),
        ("colordepth", 24),
    ):
        ElementTree.SubElement(sample, name).text = str(value)


def _mend_files(root: ElementTree.Element) -> dict[str, str]:
    """Say what each file holds; return their lengths by their ids."""
    heard = {
        file.get("id")
        for track in root.iterfind(".//sequence/media/audio/track")
        for file in track.iter("file")
    }
    seen = {
        file.get("id")
        for track in root.iterfind(".//sequence/media/video/track")
        for file in track.iter("file")
    }
    lengths = {}
    for file in root.iter("file"):
        length, media = file.find("duration"), file.find("media")
        name = file.get("id", "")
        if length is not None and length.text:
            lengths[name] = length.text
        if media is not None:
            media.clear()
            if name in seen:
                ElementTree.SubElement(media, "video")
            if name in heard:
                ElementTree.SubElement(media, "audio")
    return lengths


def _mend_clip(clip: ElementTree.Element, lengths: dict[str, str]) -> None:
    for extra in clip.findall("rate")[1:]:
        clip.remove(extra)
    file, length = clip.find("file"), clip.find("duration")
    if file is not None and length is not None:
        length.text = lengths.get(file.get("id", ""), length.text)
    url = clip.findtext("file/pathurl")
    if (
        url
        and Path(path_of_url(url)).suffix.lower() in STILL_SUFFIXES
        and (clip.find("stillframe") is None)
    ):
        ElementTree.SubElement(clip, "stillframe").text = "TRUE"
