"""A probe is exact."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import pytest
from otio_gvideo.compiler.errors import WorkError
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.media.probe import probe
from PIL import Image

from ..backend.frame_stamps import HEIGHT, WIDTH, write_stamped


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30000, 1001), Fraction(12, 5)])
def test_probe_of_a_rendered_clip(fps: Fraction, tmp_path: Path) -> None:
    info = probe(write_stamped(tmp_path / "a.mp4", 0, 31, fps))
    assert info.video is not None
    assert info.audio is None
    assert (info.video.frames, info.video.fps, info.duration) == (31, fps, 31 / fps)
    assert (info.video.codec, info.video.pixel_format) == ("h264", "yuv420p")
    assert info.video.display_size == (WIDTH, HEIGHT)
    assert info.video.colors == (1, 1, 1, 1)
    assert len(info.video.extradata) > 20


def make(path: Path, *options: str) -> Path:
    run(
        [
            *("-f", "lavfi", "-i", "testsrc2=s=64x36:r=25:d=1"),
            *("-f", "lavfi", "-i", "sine=r=44100:d=1"),
            *output_args(path, "-pix_fmt", "yuv420p", *options),
        ],
        what="making media",
    )
    return path


def test_frames_of_matroska_are_counted(tmp_path: Path) -> None:
    info = probe(make(tmp_path / "a.mkv"))
    assert info.video is not None
    assert info.audio is not None
    assert (info.video.frames, info.video.fps) == (25, 25)
    assert info.audio.rate == 44100


@pytest.mark.parametrize("name", ["a.mkv", "a.webm", "a.flv", "a.avi", "a.ts"])
def test_a_variable_rate_is_the_average_of_the_whole_file(name: str, tmp_path: Path) -> None:
    codec = {"a.webm": "libvpx-vp9", "a.avi": "mjpeg"}.get(name, "libx264")
    some = "select='lt(t,0.5)+not(mod(n,5))'"  # 13 frames in half a second, then 2
    path = make(tmp_path / name, "-vf", some, "-fps_mode", "vfr", "-an", "-c:v", codec)
    video = probe(path).video
    assert video is not None
    assert not video.is_constant
    assert video.frames == 15
    assert float(video.frames / video.fps) == pytest.approx(0.84, abs=0.003)


@pytest.mark.parametrize("regular", [20, 24])
def test_a_length_of_decoding_times_is_too_short(regular: int, tmp_path: Path) -> None:
    """FFmpeg states it in an MP4 whose last frames are late, and B-frames come before them.

    If only the last one is late, all decoding times are regular.
    """
    late = f"setpts='if(lt(N,{regular}),N,{regular}+(N-{regular}+1)*10)/25/TB'"
    path = make(
        tmp_path / "a.mp4", "-vf", late, "-fps_mode", "vfr", "-an", "-c:v", "libx264", "-bf", "3"
    )
    info = probe(path)
    last, gap = Fraction(regular + (25 - regular) * 10, 25), Fraction(11, 25)
    assert info.video is not None
    assert not info.video.is_constant
    assert info.video.frames == 25
    assert last < info.video.frames / info.video.fps <= last + gap
    assert info.duration == info.video.frames / info.video.fps


@pytest.mark.parametrize("name", ["a.avi", "a.flv", "a.mkv", "a.webm"])
def test_a_file_without_frames_says_so(name: str, tmp_path: Path) -> None:
    codec = "libvpx" if name == "a.webm" else "mpeg4" if name == "a.avi" else "libx264"
    path = make(tmp_path / name, "-frames:v", "0", "-an", "-c:v", codec)
    with pytest.raises(WorkError, match=r"a\.\w+: holds no frames$"):
        probe(path)
    if name == "a.mkv":
        sound = probe(make(tmp_path / name, "-vf", "select=0", "-c:a", "pcm_s16le"))
        assert sound.video is None
        assert sound.audio is not None


def test_rounded_times_of_a_clock_are_a_constant_rate(tmp_path: Path) -> None:
    path = make(tmp_path / "a.flv", "-vf", "fps=30", "-c:v", "libx264", "-flvflags", "no_metadata")
    video = probe(path).video
    assert video is not None
    assert (video.fps, video.frames, video.is_constant) == (30, 30, True)


def test_non_square_pixels(tmp_path: Path) -> None:
    info = probe(make(tmp_path / "a.mp4", "-vf", "setsar=4/3", "-c:v", "mpeg4"))
    assert info.video is not None
    assert info.video.sample_aspect == Fraction(4, 3)
    assert info.video.display_size == (Fraction(64 * 4, 3), 36)


def test_a_rotated_video(tmp_path: Path) -> None:
    data = bytearray(make(tmp_path / "a.mp4").read_bytes())
    matrix = data.index(b"tkhd") + 44
    data[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    turned = tmp_path / "b.mp4"
    turned.write_bytes(data)
    info = probe(turned)
    assert info.video is not None
    assert info.video.rotation in (90, 270)
    assert info.video.display_size == (36, 64)


def test_sound_has_its_exact_length(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    run(["-f", "lavfi", "-i", "sine=r=44100:d=1.5", *output_args(path)], what="making sound")
    info = probe(path)
    assert info.audio is not None
    assert (info.audio.samples, info.audio.rate, info.duration) == (66150, 44100, Fraction(3, 2))


def test_a_still_is_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (40, 30))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif)
    info = probe(tmp_path / "a.jpg")
    assert info.still
    assert info.video is not None
    assert info.video.display_size == (30, 40)


@pytest.mark.parametrize("name", ["a.mp4", "a.png", "a.wav"])
def test_a_file_without_media_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"not media at all, by any means" * 20)
    with pytest.raises(WorkError, match=name):
        probe(tmp_path / name)
    with pytest.raises(WorkError):
        probe(tmp_path / f"missing-{name}")
