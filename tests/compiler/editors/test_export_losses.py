"""Losses are reported: by readers of a format as effects, by writers as warnings."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.timeline.rate import time_range
from PIL import Image

FCPXML = """<?xml version="1.0" encoding="UTF-8"?>
<fcpxml version="1.10">
  <resources>
    <format id="r0" width="96" height="160" frameDuration="1/24s"/>
    <asset id="r1" name="storm" start="0s" duration="4s" hasVideo="1" format="r0">
      <media-rep kind="original-media" src="file:///storm.mp4"/>
    </asset>
    <effect id="r4" name="Gaussian Blur" uid="FFGaussianBlur"/>
  </resources>
  <library><event><project name="cut"><sequence format="r0" duration="2s"><spine>
    <asset-clip ref="r1" name="plain" offset="0s" start="0s" duration="1s">
      <adjust-conform type="fit"/>
      <adjust-transform position="0 0" scale="1 1" anchor="0 0" rotation="0"/>
      <filter-video ref="r4" name="Gaussian Blur" enabled="0"/>
    </asset-clip>
    <asset-clip ref="r1" name="laden" offset="1s" start="0s" duration="1s">
      <timeMap>
        <timept time="0s" value="0s"/><timept time="1s" value="2s"/><timept time="2s" value="3s"/>
      </timeMap>
      <adjust-transform position="0 0" scale="1.5 1.5"/>
      <adjust-volume><param name="amount" value="-6dB"/></adjust-volume>
      <filter-video ref="r4" name="Gaussian Blur"/>
    </asset-clip>
  </spine></sequence></project></event></library>
</fcpxml>
"""


def test_final_cut_filters_become_effects(tmp_path: Path) -> None:
    path = tmp_path / "cut.fcpxml"
    path.write_text(FCPXML)
    plain, laden = read_timeline(path).find_clips()
    assert not plain.effects
    others = [one for one in laden.effects if not isinstance(one, otio.schema.TimeEffect)]
    assert [effect.effect_name for effect in others] == [
        "Transform",
        "Volume",
        "Gaussian Blur",
    ]


@pytest.mark.parametrize(
    ("suffix", "left_out"),
    [
        (".otio", []),
        (".otioz", []),
        (".mlt", ["effect Glow"]),
        (".kdenlive", ["effect Glow"]),
        (".fcpxml", ["effect Glow"]),
        (".xml", ["effect Glow"]),
        (".edl", ["effect Glow", "markers of the timeline are left out"]),
        (
            ".aaf",
            ["effect Glow", "its speed, -2, is", "markers"],
        ),
    ],
)
def test_losses_of_a_format_are_reported(suffix: str, left_out: list[str], tmp_path: Path) -> None:
    Image.new("RGB", (108, 192)).save(tmp_path / "a.png")
    made = otio.schema.Timeline("cut")
    made.tracks.append(otio.schema.Track("V1", kind=otio.schema.TrackKind.Video))
    still = otio.schema.ExternalReference("a.png", time_range(0, 48, 24))
    made.tracks[0].append(otio.schema.Clip("a", still, time_range(0, 12, 24)))
    made.tracks[0][0].effects.append(otio.schema.Effect("", "Glow"))
    made.tracks[0][0].effects.append(otio.schema.LinearTimeWarp(time_scalar=-2.0))
    made.tracks.append(otio.schema.Track("A1", kind=otio.schema.TrackKind.Audio))
    levels = {"role": "music", "gain_db": 0.0, "duck_db": 8.0, "fade_out": 1.0}
    made.tracks[1].metadata["otio_gvideo"] = levels
    made.tracks[1].append(otio.schema.Gap(source_range=time_range(0, 12, 24)))
    made.tracks.markers.append(otio.schema.Marker("m", time_range(0, 1, 24)))
    path = tmp_path / "cut.otio"
    otio.adapters.write_to_file(made, str(path))
    notes = export_timeline(path, tmp_path / f"out{suffix}").warnings
    told = [note for note in notes if note.code == "format" and "left out" in note]
    expected = [*left_out]
    assert [any(what in note for note in told) for what in expected] == [True] * len(expected)
    others = [note for note in told if not any(what in note for what in expected)]
    assert all("carries no sound" in note for note in others)


def test_a_loss_fails_the_export_on_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (108, 192)).save(tmp_path / "a.png")
    made = otio.schema.Timeline("cut")
    made.tracks.append(otio.schema.Track("V1", kind=otio.schema.TrackKind.Video))
    for name in ("a", "gone"):
        reference = otio.schema.ExternalReference(f"{name}.png")
        made.tracks[0].append(otio.schema.Clip(name, reference, time_range(0, 6, 24)))
    made.tracks[0][0].effects.append(otio.schema.Effect("", "Glow"))
    path = tmp_path / "cut.otio"
    otio.adapters.write_to_file(made, str(path))
    assert main(["export", str(path), "-o", str(tmp_path / "x.mlt"), "--fail-on", "format"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "warning: gone: its media are missing; it stays, offline [missing]",
        "warning: a: the effect Glow is left out [format]",
        "otio-gvideo: 1 warning counts as an error (format)",
    ]
    assert (tmp_path / "x.mlt").is_file()
    assert main(["export", str(path), "-o", str(tmp_path / "y.otio")]) == 0
    assert "left out" not in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".otio", ".xml", ".mlt", ".kdenlive"])
def test_a_missing_clip_of_a_nested_timeline_is_named(tmp_path: Path, suffix: str) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "here.png")
    names = "here.png", "gone.mp4"
    clips = [
        otio.schema.Clip(name, otio.schema.ExternalReference(name), time_range(0, 12, Fraction(24)))
        for name in names
    ]
    inner = otio.schema.Stack("inner", [otio.schema.Track("V", clips, kind="Video")])
    timeline = otio.schema.Timeline("outer")
    timeline.tracks.append(otio.schema.Track("V1", [inner], kind="Video"))
    timeline.to_json_file(str(tmp_path / "outer.otio"))
    exported = export_timeline(tmp_path / "outer.otio", tmp_path / "sent" / f"x{suffix}")
    assert exported.warnings == ("gone.mp4: its media are missing; it stays, offline",)
    assert str(tmp_path / "here.png") in exported.path.read_text()
