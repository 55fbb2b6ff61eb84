"""Nested timelines are sequences of Kdenlive's bin, as its own files of 23.04 and later have them.

The facts are those of ``tests/dataset/test-nesting.kdenlive`` in Kdenlive's sources.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import opentimelineio as otio
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.timeline.rate import time_range
from PIL import Image

FPS = Fraction(24)


def value(element: Element, name: str) -> str | None:
    return element.findtext(f"property[@name='kdenlive:{name}']")


def export(folder: Path, *items: otio.core.Item) -> Element:
    timeline = otio.schema.Timeline("outer")
    timeline.tracks.append(otio.schema.Track("V1", items, kind="Video"))
    timeline.to_json_file(str(folder / "cut.otio"))
    exported = export_timeline(folder / "cut.otio", folder / "cut.kdenlive")
    assert exported.warnings == ()
    return ElementTree.parse(exported.path).getroot()


def still(folder: Path) -> otio.schema.Clip:
    Image.new("RGB", (8, 8)).save(folder / "a.png")
    reference = otio.schema.ExternalReference("a.png")
    return otio.schema.Clip("a", reference, time_range(0, 12, FPS))


def nested(name: str, *items: otio.core.Item) -> otio.schema.Stack:
    return otio.schema.Stack(name, [otio.schema.Track("V", items, kind="Video")])


def test_each_nested_timeline_is_a_sequence_of_the_bin(tmp_path: Path) -> None:
    inner = nested("inner", still(tmp_path))
    root = export(tmp_path, nested("middle", inner, still(tmp_path)), still(tmp_path))
    sequences = {
        str(element.get("id")): element
        for element in root.iter("tractor")
        if value(element, "producer_type") == "17"
    }
    assert [value(one, "clipname") for one in sequences.values()] == ["inner", "middle", "outer"]
    assert all(name == value(one, "uuid") for name, one in sequences.items())
    bin_list = root.find("playlist[@id='main_bin']")
    assert bin_list is not None
    listed = [entry.get("producer") for entry in bin_list.iter("entry")]
    assert set(sequences) <= set(listed)
    assert value(bin_list, "docproperties.version") == "1.1"
    # Entries of the timeline name their clip of the bin by its number.
    for playlist in root.iter("playlist"):
        for entry in playlist.iter("entry") if playlist is not bin_list else ():
            clip = sequences.get(entry.get("producer", ""))
            if clip is not None:
                assert value(entry, "id") == value(clip, "id")
    project = root[-1]
    assert value(project, "projectTractor") == "1"
    played = [track.get("producer") for track in project.iter("track")]
    assert played == [value(bin_list, "docproperties.activetimeline")]
    assert value(sequences[str(played[0])], "clipname") == "outer"


def test_elements_precede_those_that_refer_to_them(tmp_path: Path) -> None:
    deep = nested("middle", nested("inner", still(tmp_path)), still(tmp_path))
    for items in ([still(tmp_path)], [deep, still(tmp_path)]):
        known: set[str] = set()
        for element in export(tmp_path, *items):
            for child in element.iter():
                if child.tag in ("entry", "track"):
                    assert child.get("producer") in known
            assert element.get("id") not in known
            known.add(str(element.get("id")))


def test_a_timeline_without_nested_ones_opens_in_older_versions(tmp_path: Path) -> None:
    root = export(tmp_path, still(tmp_path))
    bin_list = root.find("playlist[@id='main_bin']")
    assert bin_list is not None
    assert value(bin_list, "docproperties.version") == "1.04"
    assert value(root[-1], "projectTractor") is None


def test_the_sound_of_a_nested_timeline_has_a_track_of_its_own(tmp_path: Path) -> None:
    inner = nested("inner", still(tmp_path))
    sound = otio.schema.Clip("v", otio.schema.ExternalReference("a.png"), time_range(0, 12, FPS))
    inner.append(otio.schema.Track("A", [sound], kind="Audio"))
    root = export(tmp_path, inner)
    using = [
        value(playlist, "audio_track")
        for playlist in root.iter("playlist")
        for entry in playlist.iter("entry")
        if str(entry.get("producer")).startswith("{") and playlist.get("id") != "main_bin"
    ]
    assert using == ["1", None]
