"""Read FCPXML as Final Cut Pro and Resolve write it.

The primary storyline becomes ``V1``. Each lane above it becomes a picture track; each lane below
it, and all items with sound alone, become audio tracks. Compound, synchronized and multicam clips
become nested timelines; of an audition, the pick is read. Titles, generators and drawings become
clips without media that keep their place and name.

A file without a project holds clips, as Final Cut exports them from its browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import opentimelineio as otio

from ...errors import InputError, Problem
from ...timeline.properties import state_format
from ...timeline.rate import time
from .base import read_xml
from .fcpxml_media import seconds_of
from .fcpxml_storylines import ITEMS, Storylines
from .fcpxml_tracks import LaneItem, lane_tracks

BUNDLE_INFO = "Info.fcpxml"
"""The file in the folder ``.fcpxmld`` that Final Cut 10.6 and later export."""


def read(path: Path, _fps: Fraction | None) -> otio.core.SerializableObject:
    """Read ``.fcpxml``, or the folder ``.fcpxmld``.

    Raises:
        InputError: it is not FCPXML, or holds no project and no clip.
    """
    file = path / BUNDLE_INFO if path.is_dir() else path
    try:
        root = ElementTree.fromstring(read_xml(file))
    except ElementTree.ParseError as error:
        raise InputError(Problem.in_file(path, f"is not XML: {error}")) from error
    if root.tag != "fcpxml":
        raise InputError(Problem.in_file(path, f"is not FCPXML: its root is <{root.tag}>"))
    resources = {r.get("id", ""): r for r in root.iterfind("./resources/*")}
    try:
        timelines = [
            _timeline(resources, sequence, name)
            for name, sequence in _sequences(root, resources, path)
        ]
    except KeyError as error:
        what = f"refers to the resource {error}, which it does not hold"
        raise InputError(Problem.in_file(path, what)) from error
    except ZeroDivisionError as error:
        raise InputError(Problem.in_file(path, "is invalid: a time is divided by 0")) from error
    except ValueError as error:
        raise InputError(Problem.in_file(path, f"is invalid: {error}")) from error
    if len(timelines) == 1:
        return timelines[0]
    return otio.schema.SerializableCollection(path.stem, timelines)


def _sequences(
    root: Element, resources: Mapping[str, Element], path: Path
) -> list[tuple[str, Element]]:
    """Return names and sequences of the projects, else of the clips in the browser.

    Raises:
        InputError: there are none.
    """
    projects = [
        (project.get("name", path.stem), sequence)
        for project in root.iter("project")
        if (sequence := project.find("sequence")) is not None
    ]
    clips = [clip for parent in (root, *root.iter("event")) for clip in parent if clip.tag in ITEMS]
    if not projects and not clips:
        what = "holds no project and no clip of Final Cut"
        raise InputError(Problem.in_file(path, what, "export a project"))
    return projects or [
        (clip.get("name", path.stem), _sequence_of(clip, resources)) for clip in clips
    ]


def _sequence_of(clip: Element, resources: Mapping[str, Element]) -> Element:
    """Return the sequence in a compound clip, else one of the clip alone."""
    source = resources.get(clip.get("ref", ""))
    inside = source.find("sequence") if source is not None else None
    if inside is not None:
        return inside
    stated = {} if source is None else source.attrib
    multicam = source.find("multicam") if source is not None else None
    kind = clip.get("format") or stated.get("format") or ""
    if multicam is not None:
        kind = multicam.get("format", kind)
    sequence = Element("sequence", {"format": kind})
    clip.set("offset", "0s")
    SubElement(sequence, "spine").append(clip)
    return sequence


def _timeline(
    resources: Mapping[str, Element], sequence: Element, name: str
) -> otio.schema.Timeline:
    sequence_format = resources[sequence.get("format", "")]
    fps = 1 / seconds_of(sequence_format.get("frameDuration", "100/2400s"))
    found = Storylines(resources, fps).sequence(sequence)
    timeline = otio.schema.Timeline(name)
    timeline.global_start_time = time(round(seconds_of(sequence.get("tcStart")) * fps), fps)
    timeline.tracks.extend(lane_tracks([i for i in found if isinstance(i, LaneItem)], fps))
    timeline.tracks.markers.extend(i for i in found if isinstance(i, otio.schema.Marker))
    width, height = (int(sequence_format.get(name) or 0) for name in ("width", "height"))
    if width and height:
        state_format(timeline, width, height, fps)
    return timeline
