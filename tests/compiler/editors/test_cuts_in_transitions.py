"""Transitions that do not lie half before their cut come back so."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler import export_timeline
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.timeline.rate import time, time_range

from ..backend.frame_stamps import write_stamped

FPS = Fraction(24)
NTSC = Fraction(24000, 1001)


def cut(folder: Path, *offsets: tuple[int, int], fps: Fraction = FPS) -> Path:
    """A timeline of clips of 30 frames, with a dissolve between two of them for each pair."""
    media = write_stamped(folder / "a.mp4", 1, 100, fps)
    timeline = otio.schema.Timeline("cut", global_start_time=time(0, fps))
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    timeline.tracks.append(track)
    for number, pair in enumerate([None, *offsets]):
        if pair is not None:
            kind = otio.schema.TransitionTypes.SMPTE_Dissolve
            track.append(otio.schema.Transition("", kind, *(time(one, fps) for one in pair)))
        reference = otio.schema.ExternalReference(str(media), time_range(0, 100, fps))
        track.append(otio.schema.Clip(f"c{number}", reference, time_range(20, 30, fps)))
    path = folder / "cut.otio"
    otio.adapters.write_to_file(timeline, str(path))
    return path


def layout(path: Path) -> list[tuple[float, float]]:
    """The offsets of transitions, and the starts and lengths of clips, in frames."""
    timeline = read_timeline(path)
    return [
        (item.in_offset.value, item.out_offset.value)
        if isinstance(item, otio.schema.Transition)
        else (item.source_range.start_time.value, item.source_range.duration.value)
        for item in timeline.video_tracks()[0]
    ]


@pytest.mark.parametrize("fps", [FPS, NTSC])
@pytest.mark.parametrize("suffix", [".fcpxml", ".xml", ".edl", ".aaf"])
def test_a_cut_within_a_transition_comes_back(suffix: str, fps: Fraction, tmp_path: Path) -> None:
    path = cut(tmp_path, (3, 9), (0, 8), (8, 0), (5, 6), fps=fps)
    exported = export_timeline(path, tmp_path / f"out{suffix}")
    assert exported.warnings == ()
    assert layout(exported.path) == layout(path)


@pytest.mark.parametrize(
    ("suffix", "before", "after"),
    [
        (".xml", "<cutPointTicks>31752000000<", "<cutPointTicks>9999999999999<"),
        (".xml", "<cutPointTicks>31752000000<", "<cutPointTicks>soon<"),
        (".edl", "AFTER 3 OF 12", "AFTER 3 OF 11"),
        (".edl", "AFTER 3 OF 12", "AFTER 13 OF 12"),
    ],
)
def test_a_cut_that_cannot_be_is_in_the_middle(
    suffix: str, before: str, after: str, tmp_path: Path
) -> None:
    exported = export_timeline(cut(tmp_path, (3, 9)), tmp_path / f"out{suffix}").path
    text = exported.read_text()
    assert text.count(before) == 1
    exported.write_text(text.replace(before, after))
    assert layout(exported)[1] == (6, 6)


def test_ticks_of_an_earlier_export_are_not_written_again(tmp_path: Path) -> None:
    """Premiere writes them; the adapter keeps them as metadata."""
    timeline = read_timeline(export_timeline(cut(tmp_path, (3, 9)), tmp_path / "a.xml").path)
    transition = timeline.video_tracks()[0][1]
    transition.metadata["fcp_xml"] = {"cutPointTicks": "31752000000", "alignment": "start"}
    transition.in_offset, transition.out_offset = time(4, FPS), time(8, FPS)
    timeline.to_json_file(str(tmp_path / "b.otio"))
    exported = export_timeline(tmp_path / "b.otio", tmp_path / "b.xml").path
    assert layout(exported)[1] == (4, 8)
