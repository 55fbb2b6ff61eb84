"""A timeline that no reel can have is refused in a line, before it is used."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import opentimelineio as otio
import pytest
from opentimelineio.opentime import RationalTime, TimeRange
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.backend.spans.read_spans import read_spans
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.errors import InputError, WorkError
from otio_gvideo.compiler.inspection.expected_reel import expected_reel
from otio_gvideo.compiler.page.build_view import build_view
from otio_gvideo.compiler.timeline.bounds import refuse_impossible
from otio_gvideo.compiler.timeline.json_text import DEEPEST, depth_of
from otio_gvideo.compiler.timeline.media import MOST_IMAGES
from otio_gvideo.compiler.timeline.metadata import GENERATOR_KIND

DATA = Path(__file__).parents[2] / "data" / "otio"


def refused(path: Path) -> list[str]:
    begun = time.monotonic()
    with pytest.raises(InputError) as caught:
        read_timeline(path)
    assert time.monotonic() - begun < 10
    assert all(problem.file == str(path) for problem in caught.value.problems)
    return [str(problem).removeprefix(f"{path}: ") for problem in caught.value.problems]


def refused_text(folder: Path, text: str) -> list[str]:
    path = folder / "cut.otio"
    path.write_text(text)
    return refused(path)


def one_clip() -> otio.schema.Timeline:
    shown = TimeRange(RationalTime(0, 24), RationalTime(48, 24))
    media = otio.schema.ExternalReference("a.mp4", shown)
    timeline = otio.schema.Timeline("cut")
    timeline.tracks.append(otio.schema.Track("V1", [otio.schema.Clip("dusk", media, shown)]))
    return timeline


def changed(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A timeline of one clip whose JSON is changed."""
    document = json.loads(one_clip().to_json_string())
    change(document["tracks"]["children"][0]["children"][0])
    path = folder / "cut.otio"
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("path", sorted(DATA.glob("*.otio")), ids=lambda path: path.stem)
def test_files_of_editors_are_within_the_bounds(path: Path) -> None:
    refuse_impossible(read_timeline(path), path)
    assert depth_of(path.read_bytes()) < DEEPEST / 5


@pytest.mark.parametrize("levels", [DEEPEST + 1, 100_000])
def test_json_nested_too_deeply_is_refused_before_it_is_parsed(levels: int, tmp_path: Path) -> None:
    found = refused_text(tmp_path, "[" * levels + "]" * levels)
    assert found == [
        f"cannot be read as a timeline: it is nested {levels} levels deep; the most is {DEEPEST}"
    ]


def test_three_thousand_stacks_are_refused(tmp_path: Path) -> None:
    stack = '{"OTIO_SCHEMA":"Stack.1","children":['
    text = f'{{"OTIO_SCHEMA":"Timeline.1","tracks":{stack * 3000}{"]}" * 3000}}}'
    assert "it is nested 6001 levels deep" in refused_text(tmp_path, text)[0]


def test_brackets_in_strings_are_no_nesting() -> None:
    assert depth_of(rb'{"a": ["[[[\"[[{{", "\\"], "[": []}') == 2
    assert depth_of(b'["' + b'\\"' * 500_000) == 1


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"OTIO_SCHEMA":"UnknownSchema.1"}', "'UnknownSchema.1' is not a schema of a file"),
        (
            '{"OTIO_SCHEMA":"Clip.1","media_references":{"a":{"OTIO_SCHEMA":"MissingReference.1"}}}',
            "a clip is 'Clip.1', but has the media_references of a Clip.2",
        ),
        (
            '{"OTIO_SCHEMA":"Clip.1","media_reference":[{"OTIO_SCHEMA":"GeneratorReference.1"}]}',
            "the media_reference of a clip is none",
        ),
        (
            '{"OTIO_SCHEMA":"Timeline.1","tracks":{"OTIO_SCHEMA":"Stack.1","OTIO_REF_ID":"s",'
            '"children":[{"OTIO_SCHEMA":"SerializableObjectRef.1","id":"s"}]}}',
            "'SerializableObjectRef.1' is not a schema of a file",
        ),
        ('{"OTIO_SCHEMA":"Timeline.1","tracks":null}', "a timeline has no tracks"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice in an object"),
    ],
)
def test_input_that_crashes_the_parser_is_rejected_before_it(
    text: str, what: str, tmp_path: Path
) -> None:
    assert refused_text(tmp_path, text) == [f"cannot be read as a timeline: {what}"]


@pytest.mark.parametrize("number", ["9" * 10_000, "1e999999999", "-1e400"])
def test_a_number_of_many_digits_is_refused(number: str, tmp_path: Path) -> None:
    assert "cannot be read as a timeline" in refused_text(tmp_path, f'{{"a": {number}}}')[0]


@pytest.mark.parametrize("rate", [0, 1e-9, -24.0, 1e12, math.nan, math.inf])
def test_a_rate_that_is_none_is_refused_with_the_clip(rate: float, tmp_path: Path) -> None:
    path = changed(tmp_path, lambda clip: clip["source_range"]["duration"].update(rate=rate))
    assert refused(path) == [
        f"dusk: source_range.duration counts {rate:g} units a second; 0.01 to 1e+09 are possible"
    ]


@pytest.mark.parametrize("field", ["start_time", "duration"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300])
def test_a_time_that_is_none_is_refused_with_the_clip(
    value: float, field: str, tmp_path: Path
) -> None:
    path = changed(tmp_path, lambda clip: clip["source_range"][field].update(value=value))
    assert refused(path) == [
        f"dusk: source_range.{field} is {value:g} at 24 a second, which is not a time"
    ]


def test_a_reel_of_years_is_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, lambda clip: clip["source_range"]["duration"].update(value=1e9))
    assert refused(path) == ["lasts 11,574.1 hours; the most is 24"]


@pytest.mark.parametrize("speed", [math.nan, math.inf, 1e300])
def test_a_speed_that_is_none_is_refused(speed: float, tmp_path: Path) -> None:
    timeline = one_clip()
    clip = next(iter(timeline.find_clips()))
    clip.effects.append(otio.schema.LinearTimeWarp(time_scalar=speed))
    with pytest.raises(InputError, match=r"dusk: plays .* times as fast as its media"):
        refuse_impossible(timeline, tmp_path)


def test_compositions_nested_too_deeply_are_refused(tmp_path: Path) -> None:
    timeline = one_clip()
    for _ in range(100):
        inner = timeline.tracks.deepcopy()
        timeline = otio.schema.Timeline("cut")
        timeline.tracks.append(inner)
    with pytest.raises(InputError, match="is nested more than 40 compositions deep"):
        refuse_impossible(timeline, tmp_path)


def images(folder: Path, **given: Any) -> otio.schema.Timeline:
    shown = TimeRange(RationalTime(0, 24), RationalTime(48, 24))
    values = {"start_frame": 1, "frame_zero_padding": 4, "rate": 24.0, **given}
    media = otio.schema.ImageSequenceReference(str(folder), "a.", ".png", **values)
    timeline = otio.schema.Timeline("cut")
    timeline.tracks.append(otio.schema.Track("V1", [otio.schema.Clip("dusk", media, shown)]))
    return timeline


def test_a_billion_images_are_refused_at_once(tmp_path: Path) -> None:
    held = TimeRange(RationalTime(0, 24), RationalTime(1e9, 24))
    begun = time.process_time()
    reading = read_spans(images(tmp_path, available_range=held), tmp_path, 24, transitions=())
    assert time.process_time() - begun < 2
    assert f"1,000,000,000 images are more than {MOST_IMAGES:,}" in reading.missing[0]


def test_millions_of_missing_images_are_not_checked_one_by_one(tmp_path: Path) -> None:
    held = TimeRange(RationalTime(0, 24), RationalTime(1_900_000, 24))
    begun = time.process_time()
    reading = read_spans(images(tmp_path, available_range=held), tmp_path, 24, transitions=())
    assert time.process_time() - begun < 5
    assert "no such images" in reading.missing[0]


def test_a_padding_of_a_billion_digits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the numbers of its images have 1000000000 digits"):
        refuse_impossible(images(tmp_path, frame_zero_padding=10**9), tmp_path)


@pytest.mark.parametrize("url", ["a\0b.mp4", "n" * 300 + ".mp4", "file:///" + "n" * 5000, "\ud7ff"])
def test_a_file_name_that_no_system_takes_is_a_missing_file(url: str, tmp_path: Path) -> None:
    timeline = one_clip()
    clip = next(iter(timeline.find_clips()))
    clip.media_reference = otio.schema.ExternalReference(url)
    reading = read_spans(timeline, tmp_path, 24, transitions=())
    assert reading.missing[0].startswith("dusk: its media ")


def test_a_nested_timeline_on_the_first_track_can_be_checked(tmp_path: Path) -> None:
    timeline = one_clip()
    inner = timeline.tracks.deepcopy()
    inner.name = "inner"
    inner.find_clips()[0].name = "dawn"
    timeline.tracks[0].append(inner)
    assert expected_reel(timeline, tmp_path, Fraction(24)).cuts == ((48, "inner"),)


@pytest.mark.parametrize(
    ("stated", "what"),
    [
        ("text", "metadata.otio_gvideo is not a mapping"),
        ({"output": []}, "output is not a mapping"),
        ({"output": {"fps": "1e999999999"}}, "output.fps is '1e999999999', which is not a rate"),
        ({"output": {"fps": "1/0"}}, "output.fps is '1/0', which is not a rate"),
        ({"output": {"width": 1e9}}, "output.width is 1000000000.0; 2 to 16384 are possible"),
        ({"output": {"loudness": "loud"}}, "output.loudness is 'loud', which is not a number"),
        ({"words": 5}, "words is not a list"),
        ({"words": [{"text": "a", "start": math.nan, "end": 1}]},
         "words[0] has no start and end in seconds"),
        ({"words": [{"start": 0, "end": 1}]}, "words[0] has no text"),
        ({"captions": 1}, "captions is not a mapping"),
        ({"generated_by": ["a"]}, "generated_by is not a list of mappings"),
    ],
)  # fmt: skip
def test_metadata_of_the_wrong_kind_are_refused(stated: Any, what: str, tmp_path: Path) -> None:
    timeline = one_clip()
    timeline.metadata["otio_gvideo"] = stated
    path = tmp_path / "cut.otio"
    path.write_text(timeline.to_json_string())
    assert refused(path) == [f"timeline: {what}"]


@pytest.mark.parametrize(
    ("recipe", "what"),
    [
        ({"keyframes": [5]}, "keyframes of the recipe are no list of mappings"),
        ({"motion": {"a": otio.schema.Clip()}}, "the recipe holds Clip "),
        ({"seed": math.nan}, "the recipe holds float nan, which is not JSON"),
    ],
)
def test_a_recipe_of_the_wrong_kind_is_refused(
    recipe: dict[str, Any], what: str, tmp_path: Path
) -> None:
    timeline = one_clip()
    clip = next(iter(timeline.find_clips()))
    clip.media_reference = otio.schema.GeneratorReference("g", GENERATOR_KIND, parameters=recipe)
    with pytest.raises(InputError, match=f"dusk: {what}"):
        refuse_impossible(timeline, tmp_path)


@pytest.mark.parametrize("key", ["DEFAULT_MEDIA", ""])
def test_a_clip_without_the_media_that_it_names_has_none(key: str, tmp_path: Path) -> None:
    path = changed(
        tmp_path, lambda clip: clip.update(media_references={}, active_media_reference_key=key)
    )
    view = build_view(read_timeline(path), path)
    assert view.notes[0] == "dusk: has no media; a slate replaces it"


def test_a_clip_without_a_length_cannot_be_exported(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        lambda clip: clip.update(source_range=None, media_references={}),
    )
    with pytest.raises(InputError, match="give every clip a source_range"):
        export_timeline(path, tmp_path / "cut.fcpxml")


def test_a_timeline_that_a_format_cannot_hold_ends_in_a_line(tmp_path: Path) -> None:
    timeline = one_clip()
    timeline.video_tracks()[0][0].name = "a\x01b"
    path = tmp_path / "cut.otio"
    path.write_text(timeline.to_json_string())
    for suffix in (".fcpxml", ".mlt", ".kdenlive"):
        written = export_timeline(path, tmp_path / f"cut{suffix}").path
        ElementTree.parse(written)
    with pytest.raises(WorkError, match=r"cut\.xml: cannot be written as \.xml: "):
        export_timeline(path, tmp_path / "cut.xml")
    assert not (tmp_path / "cut.xml").exists()


@pytest.mark.parametrize("number", ["1e999999999", "9" * 5000, "1/0"])
def test_a_number_of_an_editor_takes_no_time(number: str, tmp_path: Path) -> None:
    path = tmp_path / "cut.fcpxml"
    path.write_text(
        '<fcpxml><resources><format id="r1" frameDuration="1/24s"/></resources><project>'
        f'<sequence format="r1" tcStart="{number}s"><spine/></sequence></project></fcpxml>'
    )
    assert "is invalid" in refused(path)[0]


def test_a_file_of_another_object_is_named_as_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "marker.otio"
    otio.adapters.write_to_file(otio.schema.Marker("a"), str(path))
    assert refused(path) == ["holds a Marker, not a timeline"]
