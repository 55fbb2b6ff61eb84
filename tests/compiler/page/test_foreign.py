"""Foreign timelines: other rates and formats, retimed, layered, nested, without media."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from otio_gvideo.compiler import view_timeline
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.timeline.rate import time, time_range

from ..backend.frame_stamps import BITS
from ..editors.sample_cut import cut, media
from .test_view import save, view

FOREIGN = sorted((Path(__file__).parents[2] / "data" / "otio").glob("*.otio"))
NTSC = Fraction(24000, 1001)


def stamp_of(picture: np.ndarray) -> int:
    """Read the frame number off a thumbnail."""
    row = picture.shape[0] // BITS
    levels = [picture[bit * row + 3 : (bit + 1) * row - 3].mean() for bit in range(BITS)]
    return sum((level > 128) << bit for bit, level in enumerate(levels))


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: path.stem)
def test_foreign_timelines_have_a_page(path: Path, tmp_path: Path) -> None:
    shutil.copy(path, tmp_path)
    page = view(tmp_path / path.name)
    (timeline,) = page.find("section", "timeline")
    loaded = otio.adapters.read_from_file(str(path))
    tracks = [track for track in loaded.tracks if isinstance(track, otio.schema.Track)]
    lanes = page.find(kind="picture") + page.find(kind="sound")
    assert len(lanes) == len(tracks)
    # The only track of one of them states a range before its first clip.
    assert page.slots() or "V: nothing on it lies within the reel" in page.notes
    assert timeline.words


def test_pictures_are_those_of_the_frames_that_a_clip_shows(tmp_path: Path) -> None:
    fps = Fraction(24)
    media(tmp_path / "media", fps)
    made = cut(tmp_path / "media", fps)
    page = view(save(made, tmp_path / "a.otio"))
    shown = {}
    for row in page.data["strips"]:
        for block in row:
            shown[block["s"], block["e"]] = [
                (frame - block["s"], stamp_of(page.picture(number))) for frame, number in block["t"]
            ]
    assert page.data["frames"] == 165
    # Clip 1 shows frames 112 to 142 of its media; a keyframe may replace its neighbours.
    assert [stamp for _, stamp in shown[40, 71]] == sorted(s for _, s in shown[40, 71])
    assert all(112 <= stamp <= 142 for _, stamp in shown[40, 71])
    # Clip 2 runs at half speed from frame 10 of its media on.
    assert all(210 <= stamp <= 225 for _, stamp in shown[80, 110])
    # The upper track's clip is another part of the first one's media.
    assert all(20 <= stamp <= 30 for _, stamp in shown[50, 61])
    assert "0.5 times as fast" in page.detail("scene 2").words


def test_the_uppermost_picture_shows_and_changes_in_the_middle_of_a_transition(
    tmp_path: Path,
) -> None:
    media(tmp_path / "media", Fraction(24))
    page = view(save(cut(tmp_path / "media"), tmp_path / "a.otio"))
    parts = [(one["s"], one["e"], one.get("u", "")[-7:]) for one in page.data["seen"]]
    assert parts == [
        (0, 40, "%200.mp4"[-7:]),
        (40, 50, "%201.mp4"[-7:]),
        (50, 61, "%200.mp4"[-7:]),
        (61, 71, "%201.mp4"[-7:]),
        (71, 80, ""),
        (80, 110, "%202.mp4"[-7:]),
        (110, 135, "%203.mp4"[-7:]),
        (135, 165, "%204.mp4"[-7:]),
    ]
    slow = page.data["seen"][5]
    assert (slow["a"], slow["v"]) == (pytest.approx(10 / 24), 0.5)


def test_odd_rates_and_start_times(tmp_path: Path) -> None:
    media(tmp_path / "media", NTSC)
    page = view(save(cut(tmp_path / "media", NTSC), tmp_path / "a.otio"))
    assert page.facts["Rate"] == "23.976 fps (24000/1001)"
    assert page.facts["Starts at"] == "01:00:00:00"
    assert page.data["fps"] == [24000, 1001]
    assert page.data["counting"] == "plain"
    assert [row["In"] for row in page.slots()][1:3] == ["01:00:00:00", "01:00:01:16"]


@pytest.mark.parametrize("suffix", [".fcpxml", ".xml", ".edl", ".otioz", ".otiod"])
def test_other_formats(tmp_path: Path, suffix: str) -> None:
    fps = Fraction(24)
    media(tmp_path / "media", fps)
    source = save(cut(tmp_path / "media", fps, plain=True), tmp_path / "a.otio")
    exported = export_timeline(source, tmp_path / f"b{suffix}").path
    page = view(exported)
    assert page.path == tmp_path / "b.html"
    assert page.data["frames"] == 165
    clips = [row for row in page.slots() if row["State"] == "in place"]
    assert len(clips) == 5
    assert page.data["strips"][0][0]["t"]


def test_nested_ranged_disabled_and_generated(tmp_path: Path) -> None:
    fps = Fraction(24)
    media(tmp_path / "media", fps)
    file = tmp_path / "media" / "a 0.mp4"

    def clip(name: str, start: int, frames: int) -> otio.schema.Clip:
        reference = otio.schema.ExternalReference(str(file), time_range(0, 60, fps))
        return otio.schema.Clip(name, reference, time_range(start, frames, fps))

    inner = otio.schema.Track("inner", kind="Video")
    inner.extend([clip("one", 0, 10), clip("two", 30, 20)])
    nested = otio.schema.Stack("the nest", source_range=time_range(5, 20, fps))
    nested.append(inner)
    track = otio.schema.Track("V1", kind="Video", source_range=time_range(12, 60, fps))
    off = clip("off", 0, 10)
    off.enabled = False
    solid = otio.schema.GeneratorReference("c", "SolidColor", parameters={"color": "#ff8000"})
    colour = otio.schema.Clip("colour", solid, time_range(0, 12, fps))
    track.extend([clip("before", 0, 20), nested, off, colour])
    track.markers.append(otio.schema.Marker("here", time_range(20, 1, fps)))
    made = otio.schema.Timeline("odd", tracks=[track])
    page = view(save(made, tmp_path / "odd.otio"))
    states = {row["Slot"]: (row["State"], row["In"], row["Frames"]) for row in page.slots()}
    assert states == {
        "before": ("in place", "00:00:00:00", "8"),
        "the nest": ("nested", "00:00:00:08", "20"),
        "off": ("switched off", "00:00:01:04", "10"),
        "colour": ("in place", "00:00:01:14", "12"),
    }
    assert "a stack of 2 clips: one, two" in page.detail("the nest").words
    assert [(one["s"], one["e"], one.get("c")) for one in page.data["seen"]][-3:] == [
        (28, 38, None),
        (38, 50, "#ff8000"),
        (50, 60, None),
    ]
    (mark,) = page.find("span", "mark")
    assert mark.attributes["style"].startswith("--s:8;--n:1")
    nest = page.data["strips"][0][1]
    assert stamp_of(page.picture(nest["t"][0][1])) in range(5, 10)


def test_a_clip_within_a_long_gop_shows_its_own_frame(tmp_path: Path) -> None:
    file = tmp_path / "long.mp4"
    colours = "color=red:s=64x64:r=24:d=4[a];color=blue:s=64x64:r=24:d=4[b];[a][b]concat"
    coded = ["-c:v", "libx264", "-g", "1000", "-sc_threshold", "0", "-pix_fmt", "yuv420p"]
    run(["-f", "lavfi", "-i", colours, *coded, *output_args(file)], what="making two halves")
    fps = Fraction(24)
    track = otio.schema.Track("V1", kind="Video")
    reference = otio.schema.ExternalReference("long.mp4", time_range(0, 192, fps))
    track.append(otio.schema.Clip("blue half", reference, time_range(120, 48, fps)))
    page = view(save(otio.schema.Timeline("halves", tracks=[track]), tmp_path / "halves.otio"))
    first = page.data["strips"][0][0]["t"][0]
    red, _, blue = page.picture(first[1]).reshape(-1, 3).mean(axis=0)
    assert first[0] == 0
    assert blue > 200 > red + 100


def test_sound_alone(tmp_path: Path) -> None:
    tone = tmp_path / "tone.wav"
    chord = "aevalsrc=if(lt(t\\,1)\\,0\\,0.25*sin(880*PI*t)):s=48000:d=2"
    run(["-f", "lavfi", "-i", chord, *output_args(tone)], what="making a tone")
    track = otio.schema.Track("A", kind="Audio")
    track.append(
        otio.schema.Clip("tone", otio.schema.ExternalReference("tone.wav"),
                         otio.opentime.TimeRange(time(0, Fraction(25)), time(50, Fraction(25))))
    )  # fmt: skip
    page = view(save(otio.schema.Timeline("t", tracks=[track]), tmp_path / "t.otio"))
    peaks = page.peaks(0)
    assert len(peaks) == 200
    assert peaks[:99].max() == 0
    assert peaks[101:].min() == peaks[101:].max() == 128  # 255 times the root of 0.25
    assert page.slots() == []
    (heard,) = page.data["heard"]
    assert (heard["u"], heard["s"], heard["e"]) == ("./tone.wav", 0, 2)
    assert view_timeline(tmp_path / "t.otio").warnings == ()
