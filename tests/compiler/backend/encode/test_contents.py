"""Transparent pictures, image sequences, reversed clips and slates show the right frames."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.media.find_ffmpeg import ffmpeg_path
from otio_gvideo.compiler.stages.frame_stills import frame_still
from otio_gvideo.compiler.timeline.rate import time_range
from PIL import Image

from ..frame_stamps import planes, read_stamps, write_stamped
from ..reels import FPS, clip_of, dissolve, flat_to, of


def colours(path: Path) -> list[NDArray[np.float64]]:
    with av.open(str(path)) as container:
        return [
            frame.to_ndarray(format="rgb24")[60:100, 30:66].mean(axis=(0, 1))
            for frame in container.decode(video=0)
        ]


def test_transparent_pictures_show_the_track_below(each_ffmpeg: str, tmp_path: Path) -> None:
    Image.new("RGB", (96, 160), (0, 0, 200)).save(tmp_path / "blue.png")
    Image.new("RGBA", (192, 320), (200, 100, 0, 128)).save(tmp_path / "half.png")
    moving = tmp_path / "half.mov"
    source = "color=c=0xc86400@0.5:s=48x80:r=24:d=1,format=rgba"
    run(["-f", "lavfi", "-i", source, *output_args(moving, "-c:v", "qtrle")], what="making media")
    upper = otio.schema.Track("V2", kind=otio.schema.TrackKind.Video)
    glass = otio.schema.Clip("glass", source_range=time_range(0, 4, FPS))
    glass.media_reference = otio.schema.GeneratorReference(
        "", "SolidColor", parameters={"color": "#c8640080"}
    )
    upper.extend([clip_of(tmp_path / "half.png", 0, 4), clip_of(moving, 0, 4), glass])
    timeline = of(clip_of(tmp_path / "blue.png", 0, 16))
    timeline.tracks.append(upper)
    result = flat_to(timeline, tmp_path / "reel.mp4")
    assert not result.warnings
    seen = colours(tmp_path / "reel.mp4")
    for frame in (1, 5, 9):
        assert np.abs(seen[frame] - (100, 50, 100)).max() < 7, (frame, seen[frame])
    assert np.abs(seen[13] - (0, 0, 200)).max() < 7


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_a_webm_with_alpha_shows_the_track_below(
    codec: str, each_ffmpeg: str, tmp_path: Path
) -> None:
    """FFmpeg's own decoders of VP8 and VP9 drop the alpha."""
    Image.new("RGB", (96, 160), (0, 0, 200)).save(tmp_path / "blue.png")
    moving = tmp_path / "half.webm"
    source = "color=c=0xc86400@0.5:s=48x80:r=24:d=2,format=yuva420p"
    coded = ("-c:v", codec, "-auto-alt-ref", "0", "-b:v", "1M", "-g", "12")
    run(["-f", "lavfi", "-i", source, *output_args(moving, *coded)], what="making media")
    timeline = of(clip_of(tmp_path / "blue.png", 0, 8))
    upper = otio.schema.Track("V2", kind=otio.schema.TrackKind.Video)
    upper.extend([clip_of(moving, 30, 4)])
    timeline.tracks.append(upper)
    result = flat_to(timeline, tmp_path / "reel.mp4")
    assert not result.warnings
    seen = colours(tmp_path / "reel.mp4")
    assert np.abs(seen[2] - (100, 50, 100)).max() < 7, seen[2]
    assert np.abs(seen[6] - (0, 0, 200)).max() < 7
    with Image.open(frame_still(moving, Fraction(1), tmp_path / "stills")) as still:
        assert still.getpixel((24, 40)) == pytest.approx((200, 100, 0, 128), abs=7)


@pytest.mark.posix
def test_an_ffmpeg_without_the_decoder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moving, ffmpeg = tmp_path / "half.webm", ffmpeg_path()
    source = "color=c=red@0.5:s=48x80:r=24:d=0.5,format=yuva420p"
    coded = ("-c:v", "libvpx-vp9", "-auto-alt-ref", "0")
    run(["-f", "lavfi", "-i", source, *output_args(moving, *coded)], what="making media")
    other = tmp_path / "ffmpeg"
    other.write_text(
        f"""#!/bin/sh
case "$*" in *-decoders) "{ffmpeg}" "$@" | grep -v libvpx; exit;; esac
exec "{ffmpeg}" "$@"
"""
    )
    other.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(other))
    result = flat_to(of(clip_of(moving, 0, 4)), tmp_path / "reel.mp4")
    assert [warning.coded for warning in result.warnings] == [
        "half: half.webm is shown without its transparency; "
        "this ffmpeg lacks the decoder libvpx-vp9 [effect]"
    ]
    assert colours(tmp_path / "reel.mp4")[2] == pytest.approx((255, 0, 0), abs=7)


@pytest.mark.parametrize("policy", ["hold", "black", "error"])
def test_an_image_sequence_shows_its_images(policy: str, tmp_path: Path) -> None:
    folder = tmp_path / "it's 100%d [in]: order"
    folder.mkdir()
    stamped = write_stamped(tmp_path / "a.mp4", 64, 20, FPS)
    for number, luma in enumerate(planes(stamped)):
        Image.fromarray(luma).convert("RGB").save(folder / f"f'%d_{1001 + 2 * number:04d}.png")
    lost = folder / f"f'%d_{1001 + 2 * 5:04d}.png"
    lost.unlink()
    reference = otio.schema.ImageSequenceReference(
        target_url_base=str(folder),
        name_prefix="f'%d_",
        name_suffix=".png",
        start_frame=1001,
        frame_step=2,
        rate=48,
        frame_zero_padding=4,
        missing_frame_policy=getattr(otio.schema.ImageSequenceReference.MissingFramePolicy, policy),
        available_range=time_range(100, 20, FPS),
    )
    made = otio.schema.Clip("images", reference, time_range(103, 12, FPS))
    result = flat_to(of(made), tmp_path / "reel.mp4")
    wanted: list[int | None] = list(range(67, 79))
    wanted[2] = None if policy == "black" else 68
    assert read_stamps(tmp_path / "reel.mp4") == wanted
    assert len(result.missing) == (policy == "error")


def test_clips_and_nested_timelines_run_backwards(media: list[Path], tmp_path: Path) -> None:
    def back(item: otio.core.Item, speed: float = -1.0) -> otio.core.Item:
        item.effects.append(otio.schema.LinearTimeWarp("", time_scalar=speed))
        return item

    inner = otio.schema.Stack("inner")
    forward = of(clip_of(media[0], 0, 10), dissolve(4), clip_of(media[1], 10, 10))
    inner.append(forward.tracks[0].deepcopy())
    timeline = of(
        back(clip_of(media[0], 10, 40)), back(clip_of(media[1], 0, 10), -2), back(inner), back(
            inner.deepcopy(), 0.0
        )
    )  # fmt: skip
    flat_to(timeline, tmp_path / "reel.mp4")
    stamps = read_stamps(tmp_path / "reel.mp4")
    assert stamps[:40] == list(range(64 + 49, 64 + 9, -1))
    assert stamps[40:50] == list(range(128 + 18, 128 - 2, -2))
    assert stamps[50:58] == list(range(128 + 19, 128 + 11, -1))
    assert stamps[62:70] == list(range(64 + 7, 64 - 1, -1))
    frames = list(planes(tmp_path / "reel.mp4"))
    flat_to(forward, tmp_path / "forward.mp4")
    turned = reversed(list(planes(tmp_path / "forward.mp4")))
    for one, other in zip(frames[50:70], turned, strict=True):
        assert np.abs(one.astype(int) - other).mean() < 3


def test_missing_media_show_a_slate(media: list[Path], tmp_path: Path) -> None:
    timeline = of(clip_of(media[0], 0, 10), clip_of(tmp_path / "gone: it's.mp4", 0, 10))
    result = flat_to(timeline, tmp_path / "reel.mp4")
    assert len(result.missing) == 1
    frames = list(planes(tmp_path / "reel.mp4"))
    assert len(frames) == 20
    assert frames[15].std() > 15
    assert np.abs(frames[11].astype(int) - frames[19]).max() < 8
