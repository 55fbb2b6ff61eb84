"""MLT, the engine of Shotcut and Kdenlive, plays exported projects.

Its frames are compared with those that `flatten` writes of the same timeline.
"""

from __future__ import annotations

import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler import compile_script
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.backend.audio.read_mix import read_mix
from otio_gvideo.compiler.backend.flatten import flatten
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.editors.formats.mlt import LUMAS
from otio_gvideo.compiler.media.probe import probe
from otio_gvideo.compiler.media.samples import SoundReader
from otio_gvideo.compiler.timeline.rate import time, time_range
from PIL import Image

from ..backend.frame_stamps import FAST, HEIGHT, WIDTH, planes, read_stamps
from .levelled_cut import levelled_cut, windows
from .sample_cut import cut, media

FPS = Fraction(24)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("melt") is None, reason="melt is not installed"),
]


def play(project: Path) -> Path:
    """Render a project with melt."""
    video = project.with_suffix(f"{project.suffix}.mp4")
    consumer = f"avformat:{video}"
    settings = ["vcodec=libx264", "crf=12", "preset=ultrafast", "acodec=aac", "real_time=-1"]
    subprocess.run(
        ["melt", "-quiet", str(project), "-consumer", consumer, *settings],
        check=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    return video


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The cut, and its video by flatten."""
    folder = tmp_path_factory.mktemp("a cut")
    media(folder, Fraction(24))
    timeline = cut(folder, plain=True)
    timeline.to_json_file(str(folder / "cut.otio"))
    flatten(timeline, folder / "flat.mp4", media_root=folder, spec=OutputSpec(FAST))
    return folder / "cut.otio", folder / "flat.mp4"


@pytest.mark.parametrize("suffix", [".mlt", ".kdenlive"])
def test_melt_plays_the_frames_that_flatten_writes(ours: tuple[Path, Path], suffix: str) -> None:
    source, flat = ours
    played = play(export_timeline(source, source.with_name(f"out{suffix}")).path)
    info, wanted = probe(played), probe(flat)
    assert info.video is not None
    assert wanted.video is not None
    assert info.video.frames == wanted.video.frames == 165
    assert (info.video.width, info.video.height) == (WIDTH, HEIGHT)
    assert info.video.fps == 24
    theirs, mine = read_stamps(played), read_stamps(flat)
    blends = {*range(34, 46), *range(130, 140)}
    slow = set(range(80, 110))
    for frame in sorted(set(range(165)) - blends - slow):
        assert theirs[frame] == mine[frame], frame
    # At half speed, both show each frame of the media twice; they differ in rounding.
    for frame in sorted(slow):
        assert abs((theirs[frame] or 0) - (mine[frame] or 0)) <= 1, frame
    lumas = list(zip(planes(played), planes(flat), strict=True))
    for middle in (39, 40):
        # The middle of a dissolve; the programs differ in its ends.
        assert difference(*lumas[middle]) < 16


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def test_wipes_run_in_the_same_direction(tmp_path: Path) -> None:
    """All wipes in a row, from white to black and back."""
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    kinds = sorted(LUMAS)
    for index in range(len(kinds) + 1):
        file = tmp_path / f"{index}.png"
        Image.new("L", (WIDTH, HEIGHT), 255 * (index % 2)).convert("RGB").save(file)
        if index:
            track.append(
                otio.schema.Transition(
                    kinds[index - 1], "Custom_Transition", time(8, FPS), time(8, FPS)
                )
            )
        reference = otio.schema.ExternalReference(str(file), time_range(0, 60, FPS))
        track.append(otio.schema.Clip(str(index), reference, time_range(20, 24, FPS)))
    timeline = otio.schema.Timeline("wipes")
    timeline.tracks.append(track)
    timeline.metadata["otio_gvideo"] = {"output": {"width": WIDTH, "height": HEIGHT, "fps": "24/1"}}
    timeline.to_json_file(str(tmp_path / "wipe.otio"))
    flatten(timeline, tmp_path / "flat.mp4", media_root=tmp_path, spec=OutputSpec(FAST))
    wanted = list(planes(tmp_path / "flat.mp4"))
    for suffix in (".mlt", ".kdenlive"):
        exported = export_timeline(tmp_path / "wipe.otio", tmp_path / f"x{suffix}")
        assert exported.warnings == ()
        pictures = list(planes(play(exported.path)))
        assert len(pictures) == len(wanted) == 24 * 7
        for number, kind in enumerate(kinds, 1):
            for frame in (24 * number - 5, 24 * number, 24 * number + 5):
                agree = ((pictures[frame] > 128) == (wanted[frame] > 128)).mean()
                assert agree > 0.8, (suffix, kind, frame)


@pytest.mark.parametrize("suffix", [".mlt", ".kdenlive"])
def test_melt_plays_the_levels_of_the_mix(tmp_path: Path, suffix: str) -> None:
    timeline = levelled_cut(tmp_path)
    mix = np.concatenate(list(read_mix(timeline, tmp_path, Fraction(10)).blocks()))
    project = export_timeline(tmp_path / "cut.otio", tmp_path / f"out{suffix}").path
    theirs = SoundReader(play(project)).read(0, len(mix))
    difference = np.abs(windows(theirs[:, 0]) - windows(mix[:, 0]))
    # MLT crossfades in amplitude, from 4.75 s to 5.25 s.
    assert np.delete(difference, range(46, 54)).max() < 0.5


def test_a_compiled_reel_plays_in_melt_as_it_flattens(project: Path) -> None:
    script = project.read_text().replace("{type: cut}", "{type: wipe_up, duration: 0.5}")
    project.write_text(script)
    report = compile_script(project)
    assert report.video is not None
    exported = export_timeline(report.timeline, project.parent / "x.mlt")
    assert exported.warnings == ()
    played = play(exported.path)
    theirs, mine = list(planes(played)), list(planes(report.video))
    assert len(theirs) == len(mine) == report.frames
    assert max(difference(a, b) for a, b in zip(theirs, mine, strict=True)) < 12
    cuts = [scene.cut_frame for scene in report.scenes]
    for frame in (*cuts, report.frames - 1):
        assert difference(theirs[frame], mine[frame]) < 12
    sound = probe(played).audio
    assert sound is not None
    assert abs(sound.samples / sound.rate - float(report.frames / report.fps)) < 0.1
