"""Every codec, preview, size limit and network option of the output works."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import opentimelineio as otio
import pytest
from otio_gvideo.compiler.backend.encode.codecs import HARDWARE, hardware_encoder
from otio_gvideo.compiler.backend.encode.encoder_settings import Encoding
from otio_gvideo.compiler.backend.mux.preview import Preview
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from otio_gvideo.compiler.timeline.rate import time_range
from PIL import Image

from .frame_stamps import FAST, planes, read_stamps
from .reels import FPS, clip_of, dissolve, flat_to, of


def three_clips(media: list[Path]) -> otio.schema.Timeline:
    a, b, c = media
    return of(clip_of(a, 10, 30), dissolve(8), clip_of(b, 10, 40), clip_of(c, 10, 20))


@pytest.mark.parametrize(
    ("codec", "preset", "pixels"),
    [
        ("hevc", "ultrafast", "yuv420p"),
        ("av1", "10", "yuv420p"),
        ("prores", "lt", "yuv422p10le"),
    ],
)
def test_every_codec_joins_segments(
    each_ffmpeg: str, codec: str, preset: str, pixels: str, media: list[Path], tmp_path: Path
) -> None:
    spec = OutputSpec(Encoding(codec, preset))
    path = tmp_path / f"reel{spec.suffix}"
    timeline = three_clips(media)
    timeline.tracks[0].append(
        otio.schema.Clip(
            "bars", otio.schema.GeneratorReference("", "SMPTEBars"), time_range(0, 9, FPS)
        )
    )
    result = flat_to(timeline, path, spec=spec)
    assert (result.frames, result.segments.copied_frames, result.segments.encoded_segments) == (
        99,
        0,
        4,
    )
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        assert video.codec_context.pix_fmt == pixels
        assert video.average_rate == FPS
        if codec == "hevc":
            assert video.codec_context.codec_tag == "hvc1"
    stamps = read_stamps(path)
    assert len(stamps) == 99
    assert stamps[:26] == list(range(74, 100))
    assert stamps[34:70] == list(range(128 + 14, 128 + 50))
    assert stamps[70:90] == list(range(192 + 10, 192 + 30))
    run([*input_args(path), "-xerror", "-f", "null", "-"], what="decoding")


def test_media_of_the_codec_are_copied(media: list[Path], tmp_path: Path) -> None:
    spec = OutputSpec(Encoding("hevc", "ultrafast"))
    flat_to(of(clip_of(media[0], 0, 48)), tmp_path / "a.mp4", spec=spec)
    result = flat_to(of(clip_of(tmp_path / "a.mp4", 0, 48)), tmp_path / "b.mp4", spec=spec)
    assert result.segments.copied_frames == 48
    assert read_stamps(tmp_path / "b.mp4") == list(range(64, 112))


def test_absent_hardware_is_not_used() -> None:
    for kind in HARDWARE:
        name = hardware_encoder("h264", kind)
        assert name in ("", f"h264_{kind}")
    assert hardware_encoder("h264", "auto") in ("", *(f"h264_{kind}" for kind in HARDWARE))


def test_previews_are_small_and_move(media: list[Path], tmp_path: Path) -> None:
    for kind in ("gif", "webp"):
        path = tmp_path / f"reel.{kind}"
        flat_to(three_clips(media), path, spec=OutputSpec(preview=Preview(kind, height=80, fps=8)))
        with Image.open(path) as image:
            frames = image.n_frames  # type: ignore[attr-defined]
            assert image.size == (48, 80)
            # A frame that equals the one before may be merged with it.
            assert 25 <= frames <= 31
            assert image.info["loop"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_two_passes_keep_a_size_limit(codec: str, tmp_path: Path) -> None:
    noise = tmp_path / "noise.mp4"
    source = "testsrc2=s=320x240:r=24:d=3,noise=alls=30:allf=t"
    run(["-f", "lavfi", "-i", source, *output_args(noise, "-crf", "12")], what="making noise")
    limit = 200_000
    assert noise.stat().st_size > 3 * limit
    spec = OutputSpec(Encoding(codec, "veryfast"), max_bytes=limit)
    path = tmp_path / "small.mp4"
    result = flat_to(of(clip_of(noise, 0, 72)), path, spec=spec, size=None)
    assert 0.7 * limit < path.stat().st_size <= limit
    assert len(list(planes(path))) == result.frames == 72


def test_a_size_limit_that_is_too_small_is_rejected(media: list[Path], tmp_path: Path) -> None:
    spec = OutputSpec(FAST, max_bytes=10_000)
    with pytest.raises(InputError, match=r"need at least .* MB, more than 0.01 MB"):
        flat_to(
            of(clip_of(media[0], 0, 60), clip_of(media[1], 0, 60)), tmp_path / "a.mp4", spec=spec
        )
    assert not (tmp_path / "a.mp4").exists()


@pytest.fixture
def server(media: list[Path]) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            asked.append(self.path)

    handler = functools.partial(Handler, directory=str(media[0].parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}", asked
        serving.shutdown()


def test_the_network_is_used_only_if_allowed(server: tuple[str, list[str]], tmp_path: Path) -> None:
    address, asked = server
    lists = tmp_path / "list.m3u8"
    lists.write_text(f"#EXTM3U\n#EXTINF:2,\n{address}/0.mp4\n#EXT-X-ENDLIST\n")
    remote = otio.schema.Clip(
        "remote", otio.schema.ExternalReference(f"{address}/0.mp4?x=1"), time_range(0, 10, FPS)
    )
    timeline = of(remote, clip_of(lists, 0, 10))
    result = flat_to(timeline, tmp_path / "reel.mp4")
    assert len(result.missing) == 2
    assert asked == []
    result = flat_to(timeline, tmp_path / "reel.mp4", spec=OutputSpec(FAST, allow_network=True))
    assert len(result.missing) == 1  # URLs in a playlist are still not fetched
    assert [path.split("?")[0] for path in asked] == ["/0.mp4"]
    assert read_stamps(tmp_path / "reel.mp4")[:10] == list(range(64, 74))
