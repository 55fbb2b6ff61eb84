"""Joined segments look like one encode, and seek to every frame."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from otio_gvideo.compiler.backend.encode.codecs import AQ_STRENGTH
from otio_gvideo.compiler.backend.encode.encoder_settings import Encoding
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run

from ..frame_stamps import planes
from ..reels import FPS, clip_of, dissolve, flat_to, of


def moving(folder: Path) -> list[Path]:
    """Clips that are hard to encode, so that a join would show."""
    made = []
    for number, source in enumerate(("testsrc2", "mandelbrot", "life=mold=10:life_color=green")):
        path = folder / f"moving{number}.mkv"
        shape = "=" if "=" not in source else ":"
        args = ["-f", "lavfi", "-i", f"{source}{shape}s=160x240:r=24", "-t", "4"]
        run([*args, *output_args(path, "-c:v", "ffv1", "-pix_fmt", "yuv420p")], what="making media")
        made.append(path)
    return made


@pytest.mark.slow
def test_joins_are_seamless_and_seekable(tmp_path: Path) -> None:
    a, b, c = moving(tmp_path)
    timeline = of(
        clip_of(a, 10, 60), dissolve(12), clip_of(b, 20, 60), clip_of(c, 0, 60), clip_of(a, 0, 30)
    )
    encoding = Encoding(preset="veryfast", crf=18)
    size = (160, 240)
    result = flat_to(timeline, tmp_path / "segments.mp4", spec=OutputSpec(encoding), size=size)
    assert result.segments.encoded_segments >= 4
    exact = tmp_path / "exact.mp4"
    lossless = OutputSpec(Encoding(preset="ultrafast", crf=1))
    flat_to(timeline, exact, spec=lossless, size=size)
    single = tmp_path / "single.mp4"
    options = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p"]
    options += ["-x264-params", f"aq-strength={AQ_STRENGTH}"]
    run([*input_args(exact), *output_args(single, *options)], what="encoding in one pass")

    def psnr(path: Path) -> list[float]:
        found = []
        for one, other in zip(planes(path), planes(exact), strict=True):
            error = float(((one.astype(float) - other) ** 2).mean())
            found.append(10 * np.log10(255**2 / max(error, 1e-3)))
        return found

    joined, whole = psnr(tmp_path / "segments.mp4"), psnr(single)
    for join in (54, 66, 120, 180):
        around = slice(join - 2, join + 3)
        assert np.mean(joined[around]) > np.mean(whole[around]) - 1, join
    with av.open(str(tmp_path / "segments.mp4")) as container:
        stream = container.streams.video[0]
        decoding = [p.dts for p in container.demux(stream) if p.dts is not None]
        assert all(early < late for early, late in pairwise(decoding))
        frames = list(planes(tmp_path / "segments.mp4"))
        tick = int(1 / FPS / stream.time_base)
        for wanted in (0, 53, 60, 65, 66, 119, 120, 150, 181, 209):
            container.seek(wanted * tick, stream=stream)
            found = next(frame for frame in container.decode(stream) if frame.pts == wanted * tick)
            assert np.array_equal(found.to_ndarray(format="gray"), frames[wanted])
