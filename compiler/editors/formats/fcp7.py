"""Final Cut Pro 7's XML, which Premiere and Resolve read and write, through `otio-fcp-adapter`.

Faults of the adapter that are fixed here:

* The sequence has no ``<format>``: Resolve then ignores the file, and Premiere guesses a size.
* ``pathurl`` is a plain path; it must be a ``file:`` URL.
* Every file claims to hold sound, so editors look for audio in silent clips.
* A clip's ``duration`` is that of the cut, not of its media; its rate is written twice.
* Comments of markers are omitted.
* Nested sequences are read without tracks, and clips and tracks that are switched off as on.
* Retimes and levels are omitted.
* Cuts within transitions are in their middle, and exact starts are dropped.
* Tracks have no names; reading gives them names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import opentimelineio as otio

from ...errors import InputError, Problem
from ...files.file_urls import path_of_url, url_of_path
from ...media.probe import is_still
from ...sync.rationals import parse_rational
from ...timeline.layout import Placed, kind_of, lay_out
from ...timeline.metadata import NAMESPACE
from ...timeline.metadata_faults import LARGEST, SMALLEST
from ...timeline.properties import rate_of, size_of
from .base import adapter, name_tracks, read_xml, timelines_in, write_xml
from .fcp7_fades import fades_at_gaps, separate_items
from .fcp7_levels import read_levels, write_levels
from .fcp7_retime import parameters_of, read_retimes, write_retime
from .fcp7_sequences import prepare_sequences, read_enabled
from .fcp7_ticks import prepare_starts, read_ticks, state_cuts, write_start

ADAPTER = "fcp_xml"
_NEUTRAL = {
    "basic": {"scale": "100", "rotation": "0", "antiflicker": "0"},
    "crop": {"left": "0", "right": "0", "top": "0", "bottom": "0", "edgefeather": "0"},
    "opacity": {"opacity": "100"},
}
"""Values at which the motion effects that programs write on every clip change nothing."""
_OWN_CLIPS = "./media/*/track/clipitem"
"""Those of one sequence; a nested one lies within a clip."""


def write(timeline: otio.schema.Timeline, path: Path) -> list[str]:
    """Write ``.xml``, version 4 of ``xmeml``."""
    losses = []
    copy = timeline.deepcopy()
    fades_at_gaps(copy)
    separate_items(copy)
    _wrap_tracks(copy)
    for track in copy.tracks:
        for item in track:
            if isinstance(item, otio.schema.Transition):
                item.name = kind_of(item)
                if item.name != "dissolve":
                    losses.append(f"{item.name}: written as a cross dissolve of that name")
    for clip in copy.find_clips():
        if isinstance(clip.media_reference, otio.schema.ExternalReference):
            clip.media_reference.target_url = url_of_path(clip.media_reference.target_url)
    state_cuts(copy)
    text = adapter(ADAPTER, path).write_to_string(copy)
    root = ElementTree.fromstring(text)
    for sequence in root.iter("sequence"):
        _add_format(sequence, timeline)
    written = root.findall(".//sequence/marker")
    for element, marker in zip(written, timeline.tracks.markers, strict=False):
        if marker.comment:
            SubElement(element, "comment").text = str(marker.comment)
    _fix_files(root)
    lengths = {
        file.get("id", ""): length
        for file in root.iter("file")
        if (length := file.findtext("duration"))
    }
    for clip in root.iter("clipitem"):
        _fix_clip(clip, lengths)
    _complete_sequence(next(root.iter("sequence")), timeline)
    write_xml(path, root, "xmeml")
    return losses


def _complete_sequence(sequence: Element, timeline: otio.schema.Timeline) -> None:
    """Write what the adapter leaves out of the clips and tracks of the outermost sequence."""
    own = [clip for clip in sequence.iterfind(_OWN_CLIPS) if clip.find("sequence") is None]
    fps = rate_of(timeline)
    for clip, placed in zip(own, _placed(timeline, fps), strict=True):
        write_retime(clip, placed.item, fps)
        write_levels(clip, placed, fps)
        write_start(clip, placed.item, fps)
        if not placed.item.enabled:
            SubElement(clip, "enabled").text = "FALSE"
    for kind, tracks in (("video", timeline.video_tracks()), ("audio", timeline.audio_tracks())):
        for element, track in zip(sequence.iterfind(f"./media/{kind}/track"), tracks, strict=False):
            if not track.enabled:
                SubElement(element, "enabled").text = "FALSE"


def read(path: Path, _fps: Fraction | None) -> otio.core.SerializableObject:
    """Read ``.xml``."""
    try:
        root = ElementTree.fromstring(read_xml(path))
    except ElementTree.ParseError as error:
        raise InputError(Problem.in_file(path, f"is not XML: {error}")) from error
    sequences = prepare_sequences(root, path)
    prepare_starts(root)
    found = adapter(ADAPTER, path).read_from_string(ElementTree.tostring(root, "unicode"))
    timelines = timelines_in(found)
    for sequence, timeline in zip(sequences, timelines, strict=True):
        _complete(timeline, sequence)
    return timelines[0] if len(timelines) == 1 else found


def _wrap_tracks(timeline: otio.schema.Timeline) -> None:
    """Make nested tracks stacks of one track, in place: sequences can be nested, tracks not."""
    for parent in timeline.tracks.find_children(descended_from_type=otio.schema.Track):
        for index, item in enumerate(list(parent)):
            if isinstance(item, otio.schema.Track):
                track = item.deepcopy()
                track.source_range = None
                stack = otio.schema.Stack(str(item.name), [track], item.source_range)
                stack.effects.extend(effect.deepcopy() for effect in item.effects)
                track.effects.clear()
                stack.enabled = item.enabled
                parent[index] = stack


def _complete(timeline: otio.schema.Timeline, sequence: Element) -> None:
    """Read what the adapter leaves out, in place."""
    name_tracks(timeline)
    _read_size(sequence, timeline)
    comments = [marker.findtext("comment", "") for marker in sequence.iterfind("marker")]
    if len(comments) == len(timeline.tracks.markers):
        for marker, comment in zip(timeline.tracks.markers, comments, strict=True):
            marker.comment = marker.comment or comment
    fps = rate_of(timeline)
    read_levels(timeline, fps)
    read_ticks(timeline, fps)
    read_retimes(timeline, fps)
    read_enabled(timeline)
    _drop_neutral_effects(timeline)
    for clip in timeline.find_clips():
        reference = clip.media_reference
        if isinstance(reference, otio.schema.ExternalReference):
            reference.target_url = path_of_url(reference.target_url)


def _read_size(sequence: Element, timeline: otio.schema.Timeline) -> None:
    """State the size of a sequence in even pixels, unless it is malformed."""
    size = {}
    for side in ("width", "height"):
        path = f"./media/video/format/samplecharacteristics/{side}"
        stated = (sequence.findtext(path) or "").strip()
        if not re.fullmatch("[0-9]{1,5}", stated):
            return
        size[side] = int(stated) // 2 * 2
    if not all(SMALLEST <= pixels <= LARGEST for pixels in size.values()):
        return
    timeline.metadata[NAMESPACE] = {"output": size}


def _placed(timeline: otio.schema.Timeline, fps: Fraction) -> list[Placed]:
    """Return the clips of a timeline's tracks, in the order of the document's."""
    placed = (placed for track in timeline.tracks for placed in lay_out(track, fps))
    return [one for one in placed if isinstance(one.item, otio.schema.Clip)]


def _drop_neutral_effects(timeline: otio.schema.Timeline) -> None:
    for item in timeline.find_children():
        if isinstance(item, otio.core.Item):
            item.effects[:] = [effect for effect in item.effects if not _is_neutral(effect)]


def _is_neutral(effect: otio.schema.Effect) -> bool:
    stated = effect.metadata.get("fcp_xml", {})
    neutral = _NEUTRAL.get(str(stated.get("effectid", "")).casefold())
    if neutral is None:
        return False
    for parameter in parameters_of(effect):
        name, value = str(parameter.get("parameterid")).casefold(), parameter.get("value")
        if "keyframe" in parameter:
            return False
        # A point has parts, such as the horiz and vert of center.
        parts = dict(value).values() if isinstance(value, Mapping) else ()
        if any(parse_rational(str(part).strip()) for part in parts):
            return False
        if (
            name in neutral
            and not parts
            and parse_rational(str(value).strip()) != int(neutral[name])
        ):
            return False
    return True


def _add_format(sequence: Element, timeline: otio.schema.Timeline) -> None:
    video = sequence.find("./media/video")
    if video is None:
        return
    for old in video.findall("format"):
        video.remove(old)
    rate = rate_of(timeline)
    width, height = size_of(timeline)
    video.insert(0, Element("format"))
    sample = SubElement(video[0], "samplecharacteristics")
    nominal = SubElement(sample, "rate")
    SubElement(nominal, "timebase").text = str(round(rate))
    SubElement(nominal, "ntsc").text = "TRUE" if rate.denominator == 1001 else "FALSE"
    for name, value in (
        ("width", width),
        ("height", height),
        ("anamorphic", "FALSE"),
        ("pixelaspectratio", "square"),
        ("fielddominance", "none"),
        ("colordepth", 24),
    ):
        SubElement(sample, name).text = str(value)


def _fix_files(root: Element) -> None:
    """Declare the kinds of tracks that use each file, in place of sound and picture for all."""
    used_by = {
        kind: {
            file.get("id")
            for track in root.iterfind(f".//sequence/media/{kind}/track")
            for file in track.iter("file")
        }
        for kind in ("video", "audio")
    }
    for file in root.iter("file"):
        media = file.find("media")
        if media is not None:
            media.clear()
            for kind, files in used_by.items():
                if file.get("id", "") in files:
                    SubElement(media, kind)


def _fix_clip(clip: Element, lengths: Mapping[str, str]) -> None:
    """Remove a clip's second rate, and give it the length of its file; mark stills."""
    for extra in clip.findall("rate")[1:]:
        clip.remove(extra)
    file, length = clip.find("file"), clip.find("duration")
    if file is not None and length is not None:
        length.text = lengths.get(file.get("id", ""), length.text)
    url = clip.findtext("file/pathurl")
    if url and is_still(Path(path_of_url(url))) and clip.find("stillframe") is None:
        SubElement(clip, "stillframe").text = "TRUE"
