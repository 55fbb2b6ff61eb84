"""MLT, the engine of real editors, makes as many frames and the same pictures of a timeline."""

from __future__ import annotations

import os
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from otio_gvideo.compiler.backend.encode.encoder_settings import Encoding
from otio_gvideo.compiler.backend.flatten import flatten
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.timeline.rate import time, time_range
from skimage.metrics import structural_similarity

from .frame_stamps import planes

pytest.importorskip("otio_mlt_adapter", reason="needs otio-mlt-adapter (the extra `test`)")
MELT = shutil.which("melt")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(MELT is None, reason="needs melt (apt-get install melt)"),
]
FPS = Fraction(24)
TRIES = 4
LONGEST_S = 30
"""Timeout of melt, which takes about a second."""
WIDTH, HEIGHT = 180, 320
PROFILE = f"""description=test
frame_rate_num=24
frame_rate_den=1
width={WIDTH}
height={HEIGHT}
progressive=1
sample_aspect_num=1
sample_aspect_den=1
display_aspect_num={WIDTH}
display_aspect_den={HEIGHT}
colorspace=709
"""


def media(folder: Path) -> list[Path]:
    sources = ("testsrc2", "mandelbrot", "testsrc")
    made = []
    for number, source in enumerate(sources):
        path = folder / f"m{number}.mp4"
        args = ["-f", "lavfi", "-i", f"{source}=s={WIDTH}x{HEIGHT}:r=24", "-t", "5"]
        colours = ["-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"]
        tags = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
        run([*args, *output_args(path, *colours, *tags, "-crf", "8")], what="making media")
        made.append(path)
    return made


def timeline(files: list[Path]) -> otio.schema.Timeline:
    made = otio.schema.Timeline("reel")
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    made.tracks.append(track)

    def clip(number: int, start: int, frames: int) -> otio.schema.Clip:
        reference = otio.schema.ExternalReference(str(files[number]), time_range(0, 120, FPS))
        return otio.schema.Clip(f"c{number}", reference, time_range(start, frames, FPS))

    def dissolve() -> otio.schema.Transition:
        half = time(6, FPS)
        return otio.schema.Transition("", "SMPTE_Dissolve", in_offset=half, out_offset=half)

    track.extend([clip(0, 10, 48), dissolve(), clip(1, 20, 40), clip(2, 5, 30)])
    track.append(otio.schema.Gap(source_range=time_range(0, 12, FPS)))
    track.extend([clip(0, 60, 30), dissolve(), clip(2, 30, 40)])
    return made


def melt(*args: str) -> None:
    """Run melt; retry if it hangs, as it sometimes does on a busy machine."""
    assert MELT is not None
    environment = os.environ | {"SDL_AUDIODRIVER": "dummy", "QT_QPA_PLATFORM": "offscreen"}
    for left in reversed(range(TRIES)):
        try:
            subprocess.run(
                [MELT, *args],
                check=True,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=LONGEST_S,
                env=environment,
            )
            return
        except subprocess.TimeoutExpired:
            if not left:
                raise


def by_melt(made: otio.schema.Timeline, folder: Path) -> Path:
    plan, profile, video = folder / "reel.mlt", folder / "profile", folder / "melt.mp4"
    profile.write_text(PROFILE)
    otio.adapters.write_to_file(made, str(plan), adapter_name="mlt_xml")
    melt(
        *("-profile", str(profile), str(plan), "-consumer", f"avformat:{video}"),
        *("vcodec=libx264", "crf=8", "preset=veryfast", "an=1", "real_time=-1", "threads=1"),
    )
    return video


def test_melt_makes_as_many_frames_and_the_same_pictures(tmp_path: Path) -> None:
    made = timeline(media(tmp_path))
    path = tmp_path / "reel.mp4"
    result = flatten(made, path, size=(WIDTH, HEIGHT), spec=OutputSpec(Encoding(crf=8)))
    own, theirs = list(planes(path)), list(planes(by_melt(made, tmp_path)))
    assert len(own) == len(theirs) == result.frames == 200
    inside = {*range(42, 54), *range(154, 166)}
    alike = {
        frame: structural_similarity(
            one.astype(np.float32), other.astype(np.float32), data_range=255
        )
        for frame, (one, other) in enumerate(zip(own, theirs, strict=True))
        if frame not in inside
    }
    worst = min(alike, key=lambda frame: alike[frame])
    assert alike[worst] > 0.97, (worst, alike[worst])


def test_melt_seeks_in_a_flattened_file(tmp_path: Path) -> None:
    made = timeline(media(tmp_path))
    path = tmp_path / "reel.mp4"
    flatten(made, path, size=(WIDTH, HEIGHT), spec=OutputSpec(Encoding(crf=8)))
    profile = tmp_path / "profile"
    profile.write_text(PROFILE)
    frames = list(planes(path))
    for wanted in (47, 88, 160):
        shot = tmp_path / f"shot{wanted}.mp4"
        args = ["-profile", str(profile), str(path), f"in={wanted}", f"out={wanted}"]
        melt(*args, "-consumer", f"avformat:{shot}", "vcodec=libx264", "crf=4", "an=1")
        (seen,) = planes(shot)
        near = {n: float(np.abs(frames[n].astype(int) - seen).mean()) for n in
                range(wanted - 2, wanted + 3)}  # fmt: skip
        assert min(near, key=lambda n: near[n]) == wanted
