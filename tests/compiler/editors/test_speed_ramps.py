"""Speed ramps of editors are played piece by piece; what is not played is named."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.diff import diff_timelines
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.api.render import render_timeline
from otio_gvideo.compiler.editors.formats.time_maps import ConstantSpeed, map_pieces
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.editors.reimport import reimport
from otio_gvideo.compiler.timeline.effects import effect_notices
from otio_gvideo.compiler.timeline.layout import lay_out

from .edit import Edit
from .resolve import FPS

FCPXML = """<?xml version="1.0" encoding="UTF-8"?>
<fcpxml version="1.10">
  <resources>
    <format id="r0" width="96" height="160" frameDuration="1/24s"/>
    <asset id="r1" name="stairs" start="0s" duration="46/24s" hasVideo="1" format="r0">
      <media-rep kind="original-media" src="file://{stairs}"/>
    </asset>
  </resources>
  <library><event><project name="reel"><sequence format="r0" duration="40/24s"><spine>
    <asset-clip ref="r1" name="stairs" offset="0s" start="{start}" duration="40/24s">
      <timeMap>{points}</timeMap>
      {more}
    </asset-clip>
  </spine></sequence></project></event></library>
</fcpxml>
"""
FCP7 = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE xmeml>
<xmeml version="4"><sequence id="s1"><name>reel</name><duration>40</duration>
  <rate><timebase>24</timebase><ntsc>FALSE</ntsc></rate>
  <media><video><track>
    <clipitem id="c1"><name>stairs</name><duration>46</duration>
      <rate><timebase>24</timebase><ntsc>FALSE</ntsc></rate>
      <start>0</start><end>40</end><in>0</in><out>40</out>
      <file id="f1"><name>stairs</name><pathurl>file://localhost{stairs}</pathurl>
        <rate><timebase>24</timebase><ntsc>FALSE</ntsc></rate><duration>46</duration></file>
      <filter><effect><name>Time Remap</name><effectid>timeremap</effectid>
        {parameters}
      </effect></filter>
      <filter><effect><name>Basic Motion</name><effectid>basic</effectid>
        <parameter><parameterid>scale</parameterid><name>Scale</name><value>{scale}</value>
        </parameter>
      </effect></filter>
    </clipitem>
  </track></video></media>
</sequence></xmeml>
"""


def parameter(name: str, value: str) -> str:
    return f"<parameter><parameterid>{name}</parameterid><name>{name}</name>{value}</parameter>"


def ramp(path: Path) -> list[tuple[int, int, int, Fraction]]:
    """Return start, length, first frame of the media and speed of each clip of the first track."""
    placed = lay_out(read_timeline(path).tracks[0], FPS)
    return [(one.start, one.frames, one.media_start, one.speed) for one in placed]


def fcpxml(edit: Edit, points: str, start: str = "0s", more: str = "") -> Path:
    path = edit.folder / "edited.fcpxml"
    stairs = edit.clip("stairs").media_reference.target_url
    path.write_text(FCPXML.format(points=points, stairs=stairs, start=start, more=more))
    return path


def fcp7(edit: Edit, parameters: str, scale: str = "100") -> Path:
    path = edit.folder / "edited.xml"
    stairs = edit.clip("stairs").media_reference.target_url
    path.write_text(FCP7.format(parameters=parameters, stairs=stairs, scale=scale))
    return path


RAMP = (
    '<timept time="0s" value="0s" interp="linear"/>'
    '<timept time="10/24s" value="10/24s" interp="linear"/>'
    '<timept time="30/24s" value="20/24s" interp="linear"/>'
    '<timept time="40/24s" value="40/24s" interp="linear"/>'
)
GRAPH = "".join(
    f"<keyframe><when>{when}</when><value>{value}</value></keyframe>"
    for when, value in ((0, 0), (10, 10), (30, 20), (40, 40), (50, -1815255671))
)
PARTS = [
    (0, 10, 0, Fraction(1)),
    (10, 20, 10, Fraction(1, 2)),
    (30, 10, 20, Fraction(2)),
]
SAID = "stairs has a speed ramp: 10 frames at 100 %, 20 frames at 50 %, 10 frames at 200 %"


def variable(graph: str) -> str:
    most = "<valuemax>46</valuemax>"
    return parameter("variablespeed", "<value>1</value>") + parameter("graphdict", most + graph)


@pytest.mark.parametrize("dialect", ["fcpxml", "fcp7"])
def test_a_speed_ramp_is_played_in_its_parts_and_named(dialect: str, edit: Edit) -> None:
    path = fcpxml(edit, RAMP) if dialect == "fcpxml" else fcp7(edit, variable(GRAPH))
    assert ramp(path) == PARTS
    diff = diff_timelines(edit.folder / "reel.otio", path)
    assert [line for line in diff.lines() if line.startswith("stairs")] == [SAID]
    assert diff.reused == 1
    assert not diff.to_render
    assert {one.use.slot.name for one in reimport(path).rebuilt} == {"stairs"}
    # The same file again, from .otio, which has no ramps: nothing changes.
    out = export_timeline(path, edit.folder / "again.otio").path
    assert ramp(out) == PARTS
    assert diff_timelines(path, out).lines()[0] == "nothing changed"


@pytest.mark.parametrize(
    ("points", "start", "part"),
    [
        # Reversed: the clip begins with the last of its frames.
        ("0s 46/24s, 46/24s 0s", "0s", (0, 40, 6, Fraction(-1))),
        ("0s 46/24s, 46/24s 0s", "6/24s", (0, 40, 0, Fraction(-1))),
        ("0s 0s, 92/24s 46/24s", "20/24s", (0, 40, 10, Fraction(1, 2))),
        ("0s 7/24s, 40/24s 7/24s", "0s", (0, 40, 7, Fraction(0))),
    ],
)
def test_a_constant_time_map_is_a_speed(
    points: str, start: str, part: tuple[int, int, int, Fraction], edit: Edit
) -> None:
    stated = "".join(
        '<timept time="{}" value="{}"/>'.format(*point.split()) for point in points.split(", ")
    )
    assert ramp(fcpxml(edit, stated, start)) == [part]


@pytest.mark.parametrize(
    ("stated", "part"),
    [
        ({"speed": "50"}, (0, 40, 0, Fraction(1, 2))),
        ({"speed": "100", "reverse": "TRUE"}, (0, 40, 6, Fraction(-1))),
        ({"speed": "-50"}, (0, 40, 26, Fraction(-1, 2))),
    ],
)
def test_a_time_remap_of_one_speed_is_that_speed(
    stated: dict[str, str], part: tuple[int, int, int, Fraction], edit: Edit
) -> None:
    parameters = "".join(parameter(k, f"<value>{v}</value>") for k, v in stated.items())
    assert ramp(fcp7(edit, parameters)) == [part]


@pytest.mark.parametrize("suffix", [".xml", ".fcpxml"])
def test_a_reversed_clip_survives_a_round_trip(suffix: str, edit: Edit) -> None:
    stairs = edit.clip("stairs")
    stairs.effects.append(otio.schema.LinearTimeWarp(time_scalar=-1.0))
    edit.cut_only()
    before = edit.folder / "reversed.otio"
    edit.timeline.to_json_file(str(before))
    sent = export_timeline(before, edit.folder / f"sent{suffix}").path
    assert ramp(sent)[0] == (0, 40, 0, Fraction(-1))
    assert diff_timelines(before, sent).lines()[0] == "nothing changed"


def test_a_curved_ramp_is_played_in_straight_parts_and_named(edit: Edit) -> None:
    curved = RAMP.replace('value="10/24s" interp="linear"', 'value="10/24s" inTime="2/24s"')
    path = fcpxml(edit, curved)
    assert ramp(path) == PARTS
    assert str(next(effect_notices(read_timeline(path)))) == (
        "stairs: the effect Smooth Speed Transition is not supported; the clip is shown without it"
    )


@pytest.mark.parametrize("dialect", ["resolve", "fcpxml", "fcp7"])
def test_a_zoom_is_named_as_the_editor_names_it(dialect: str, edit: Edit) -> None:
    linear = '<timept time="0s" value="0s"/><timept time="40/24s" value="40/24s"/>'
    if dialect == "fcpxml":
        path, name = fcpxml(edit, linear, more='<adjust-transform scale="1.5 1.5"/>'), "Transform"
    elif dialect == "fcp7":
        path, name = fcp7(edit, parameter("speed", "<value>100</value>"), "150"), "Basic Motion"
    else:
        zoom = {"Parameter ID": "zoomX", "Parameter Value": 1.5, "Default Parameter Value": 1.0}
        stated = {"Effect Name": "Transform", "Enabled": True, "Parameters": [zoom], "Type": 2}
        effect = otio.schema.Effect("", "Resolve Effect", {"Resolve_OTIO": stated})
        edit.clip("stairs").effects.append(effect)
        path, name = edit.folder / "edited.otio", "Transform"
        edit.timeline.to_json_file(str(path))
    said = f"stairs: effect {name} added, which is not rendered"
    diff = diff_timelines(edit.folder / "reel.otio", path)
    assert said in diff.lines()
    assert diff_timelines(path, path).lines()[0] == "nothing changed"
    assert [f"the effect {name} is" in line for line in effect_notices(read_timeline(path))] == [
        True
    ]


def test_neutral_motion_effects_change_nothing(edit: Edit) -> None:
    path = fcp7(edit, parameter("speed", "<value>100</value>"))
    assert not list(effect_notices(read_timeline(path)))


def test_a_time_map_goes_on_at_the_speed_of_its_ends() -> None:
    points = [(Fraction(at), Fraction(value)) for at, value in ((0, 0), (4, 8), (8, 10))]
    assert map_pieces(points, Fraction(-2), 12) == [
        ConstantSpeed(0, 6, Fraction(-4), Fraction(2)),
        ConstantSpeed(6, 6, Fraction(8), Fraction(1, 2)),
    ]
    with pytest.raises(ValueError, match="increasing"):
        map_pieces([points[1], points[0]], Fraction(0), 4)


def test_render_names_an_effect_of_a_ramp_once(edit: Edit) -> None:
    path = fcpxml(edit, RAMP, more='<adjust-transform scale="1.5 1.5"/>')
    report = render_timeline(path)
    assert [str(line) for line in report.warnings if line.code == "effect"] == [
        "stairs: the effect Transform is not supported; the clip is shown without it"
    ]
    assert [slot.reused for slot in report.slots] == [True]
