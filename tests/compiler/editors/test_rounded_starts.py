"""Starts in videos that a format rounds: one warning says how far off; some come back exact."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler import export_timeline
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.timeline.media import source_start
from otio_gvideo.compiler.timeline.rate import time, time_range

from ..backend.frame_stamps import write_stamped

REEL, VIDEO = Fraction(24), Fraction(30)


def cut(folder: Path, *starts: Fraction) -> Path:
    """A timeline at 24 fps with clips of a video at 30 fps, one for each start in its frames."""
    video = write_stamped(folder / "a.mp4", 1, 60, VIDEO)
    timeline = otio.schema.Timeline("cut", global_start_time=time(0, REEL))
    timeline.metadata["otio_gvideo"] = {"output": {"width": 96, "height": 160, "fps": 24}}
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    timeline.tracks.append(track)
    for number, start in enumerate(starts):
        reference = otio.schema.ExternalReference(str(video), time_range(0, 60, VIDEO))
        span = otio.opentime.TimeRange(otio.opentime.RationalTime(float(start), 30), time(12, REEL))
        track.append(otio.schema.Clip(f"c{number}", reference, span))
    path = folder / "cut.otio"
    otio.adapters.write_to_file(timeline, str(path))
    return path


OFF = "off in the video: the format counts in frames of the reel"


@pytest.mark.parametrize("suffix", [".xml", ".edl", ".aaf", ".mlt", ".otio", ".fcpxml"])
def test_a_rounded_start_is_told_in_milliseconds(suffix: str, tmp_path: Path) -> None:
    path = cut(tmp_path, Fraction(16), Fraction(20))
    told = [str(one) for one in export_timeline(path, tmp_path / f"out{suffix}").warnings]
    # Frame 16 at 30 fps is frame 12.8 at 24 fps; frame 20 is frame 16.
    wanted = [f"c0 starts 8.3 ms {OFF}"] if suffix not in (".otio", ".fcpxml") else []
    assert [one for one in told if "off in the video" in one] == wanted


@pytest.mark.parametrize("suffix", [".xml", ".otio"])
def test_a_start_between_frames_is_told_in_any_format(suffix: str, tmp_path: Path) -> None:
    path = cut(tmp_path, Fraction(33, 2), Fraction(49, 2))
    told = [str(one) for one in export_timeline(path, tmp_path / f"out{suffix}").warnings]
    assert [one for one in told if "off in the video" in one] == [
        f"2 clips start up to 16.7 ms {OFF}"
    ]


def test_starts_on_frames_of_the_reel_are_not_told(tmp_path: Path) -> None:
    path = cut(tmp_path, Fraction(20), Fraction(25))
    assert not [
        str(n) for n in export_timeline(path, tmp_path / "out.xml").warnings if OFF in str(n)
    ]


def starts_of(path: Path) -> list[Fraction]:
    timeline = read_timeline(path)
    return [source_start(clip) for clip in timeline.find_clips()]


@pytest.mark.parametrize("suffix", [".xml", ".edl"])
def test_rounded_starts_come_back_exact(suffix: str, tmp_path: Path) -> None:
    starts = [Fraction(16), Fraction(20), Fraction(33, 2)]
    exported = export_timeline(cut(tmp_path, *starts), tmp_path / f"out{suffix}").path
    assert starts_of(exported) == [start / VIDEO for start in starts]


@pytest.mark.parametrize(
    ("suffix", "before", "after"),
    [
        (".xml", "<in>13</in>", "<in>14</in>"),
        (".edl", "C        00:00:00:13 00:00:01:01", "C        00:00:00:14 00:00:01:02"),
    ],
)
def test_a_start_that_was_edited_is_not_undone(
    suffix: str, before: str, after: str, tmp_path: Path
) -> None:
    exported = export_timeline(cut(tmp_path, Fraction(16)), tmp_path / f"out{suffix}").path
    text = exported.read_text()
    assert text.count(before) == 1
    exported.write_text(text.replace(before, after))
    assert starts_of(exported) == [14 / REEL]
