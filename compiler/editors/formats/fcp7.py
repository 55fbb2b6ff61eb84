"""Final Cut Pro 7's XML, which Premiere and Resolve read and write, by `otio-fcp-adapter`.

What the adapter leaves wrong, and is mended here:

* The sequence has no ``<format>``: Resolve then ignores the file, and Premiere guesses a size.
* ``pathurl`` is a plain path; it must be a ``file:`` URL.
* Every file is said to hold sound, so editors look for sound tracks in silent clips.
* A clip's ``duration`` is that of the cut, not of its media; its rate is written twice.
* The comments of markers are left out.
* Retimes are left out. They are Final Cut's "Time Remap", whose in and out points count in frames
  of the retimed clip.
* Tracks have no names; those that come back are named as ours are.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import opentimelineio as otio

from ...files.file_urls import path_of_url, url_of_path
from ...media.probe import STILL_SUFFIXES
from ...sync.rationals import parse_rational
from ...timeline.effects import speed_of
from ...timeline.layout import kind_of
from ...timeline.properties import rate_of, size_of
from ...timeline.rate import whole_frames
from .base import adapter, name_tracks, read_xml

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
            clip.media_reference.target_url = url_of_path(clip.media_reference.target_url)
    text = adapter(ADAPTER, path).write_to_string(copy)
    root = ElementTree.fromstring(text)
    for sequence in root.iter("sequence"):
        _add_format(sequence, timeline)
    written = root.findall(".//sequence/marker")
    for element, marker in zip(written, timeline.tracks.markers, strict=False):
        if marker.comment:
            ElementTree.SubElement(element, "comment").text = str(marker.comment)
    lengths = _mend_files(root)
    for clip in root.iter("clipitem"):
        _mend_clip(clip, lengths)
    items = [i for t in timeline.tracks for i in t if isinstance(i, otio.schema.Clip)]
    for clip, item in zip(root.iterfind(".//sequence//track/clipitem"), items, strict=True):
        _write_speed(clip, item, rate_of(timeline))
    ElementTree.indent(root)
    body = ElementTree.tostring(root, "unicode")
    path.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n{body}\n',
        encoding="utf-8",
        newline="\n",
    )
    return notes


def read(path: Path, _fps: Fraction | None) -> otio.core.SerializableObject:
    """Read ``.xml``."""
    text = read_xml(path)
    found = adapter(ADAPTER, path).read_from_string(text)
    if isinstance(found, otio.schema.SerializableCollection):
        sequences = [item for item in found if isinstance(item, otio.schema.Timeline)]
        if len(sequences) == 1:
            found = sequences[0]
    if isinstance(found, otio.schema.Timeline):
        name_tracks(found)
        root = ElementTree.fromstring(text)
        comments = [m.findtext("comment", "") for m in root.iterfind(".//sequence/marker")]
        if len(comments) == len(found.tracks.markers):
            for marker, comment in zip(found.tracks.markers, comments, strict=True):
                marker.comment = marker.comment or comment
        items = [i for t in found.tracks for i in t if isinstance(i, otio.schema.Clip)]
        written = root.findall(".//sequence//track/clipitem")
        if len(written) == len(items):
            for clip, item in zip(written, items, strict=True):
                _read_speed(clip, item)
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


def _write_speed(clip: ElementTree.Element, item: otio.schema.Clip, fps: Fraction) -> None:
    speed = speed_of(item)
    if speed == 1:
        return
    begin, end = clip.find("in"), clip.find("out")
    if speed and begin is not None and end is not None:
        first, length = int(begin.text or 0), int(end.text or 0) - int(begin.text or 0)
        # What the adapter took off the start for a transition is in frames of the reel already.
        start = whole_frames(item.trimmed_range().start_time, fps)
        begin.text = str(round(start / speed) - (start - first))
        end.text = str(int(begin.text) + length)
    effect = ElementTree.SubElement(ElementTree.SubElement(clip, "filter"), "effect")
    for name, value in (
        ("name", "Time Remap"),
        ("effectid", "timeremap"),
        ("effectcategory", "motion"),
        ("effecttype", "motion"),
        ("mediatype", "video"),
    ):
        ElementTree.SubElement(effect, name).text = value
    for name, value in (("variablespeed", "0"), ("speed", f"{float(abs(speed)) * 100:g}"),
                        ("reverse", "FALSE"), ("frameblending", "FALSE")):  # fmt: skip
        parameter = ElementTree.SubElement(effect, "parameter")
        ElementTree.SubElement(parameter, "parameterid").text = name
        ElementTree.SubElement(parameter, "name").text = name
        ElementTree.SubElement(parameter, "value").text = value


def _read_speed(clip: ElementTree.Element, item: otio.schema.Clip) -> None:
    for effect in clip.iterfind("filter/effect"):
        if (effect.findtext("effectid") or "").casefold() != "timeremap":
            continue
        for parameter in effect.iterfind("parameter"):
            if parameter.findtext("parameterid") != "speed":
                continue
            speed = parse_rational((parameter.findtext("value") or "100").strip()) / 100
            span = item.source_range
            own = [e for e in item.effects if not isinstance(e, otio.schema.TimeEffect)]
            if speed == 1 or span is None or len(own) < len(item.effects):
                continue
            item.effects[:] = [e for e in own if not _is_remap(e)]
            if not speed:
                item.effects.append(otio.schema.FreezeFrame())
                continue
            start = round(Fraction(span.start_time.value) * speed)
            item.source_range = otio.opentime.TimeRange(
                otio.opentime.RationalTime(start, span.start_time.rate), span.duration
            )
            item.effects.append(otio.schema.LinearTimeWarp(time_scalar=float(speed)))


def _is_remap(effect: otio.schema.Effect) -> bool:
    return "timeremap" in str(effect.metadata).casefold()


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
