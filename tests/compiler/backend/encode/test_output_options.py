"""What the finished file can be: codecs, previews, a size limit, other shapes, what is kept."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import opentimelineio as otio
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.backend.encode.codecs import HARDWARE, hardware_encoder
from otio_gvideo.compiler.backend.encode.encoding import Encoding
from otio_gvideo.compiler.backend.encode.reframe import best_point
from otio_gvideo.compiler.backend.flatten import FlattenResult, flatten
from otio_gvideo.compiler.backend.mux.preview import Preview
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from otio_gvideo.compiler.timeline.rate import time, time_range
from otio_gvideo.compiler.timeline.timecode import timecode_of
from otio_gvideo.renderers.image.saliency import saliency
from PIL import Image

from ..reels import of
from ..stamped import FAST, HEIGHT, WIDTH, planes, read_stamps, write_stamped

FPS = Fraction(24)


def clip(path: Path, start: int, frames: int) -> otio.schema.Clip:
    return otio.schema.Clip(
        path.stem, otio.schema.ExternalReference(str(path)), time_range(start, frames, FPS)
    )


def dissolve(frames: int) -> otio.schema.Transition:
    half = time(frames // 2, FPS)
    return otio.schema.Transition("", "SMPTE_Dissolve", in_offset=half, out_offset=half)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("media")
    return [write_stamped(folder / f"{n}.mp4", 64 * (n + 1), 60, FPS, (10, 50)) for n in range(3)]


def reel(media: list[Path]) -> otio.schema.Timeline:
    a, b, c = media
    return of(clip(a, 10, 30), dissolve(8), clip(b, 10, 40), clip(c, 10, 20))


def flat(timeline: otio.schema.Timeline, output: Path, **options: object) -> FlattenResult:
    wanted = {"spec": OutputSpec(FAST), "size": (WIDTH, HEIGHT), **options}
    return flatten(timeline, output, **wanted)  # type: ignore[arg-type]


# Codecs.


@pytest.mark.parametrize(
    ("codec", "preset", "pixels"),
    [
        ("hevc", "ultrafast", "yuv420p"),
        ("av1", "10", "yuv420p"),
        ("prores", "lt", "yuv422p10le"),
    ],
)
def test_every_codec_is_encoded_in_pieces_and_joined(
    each_ffmpeg: str, codec: str, preset: str, pixels: str, media: list[Path], tmp_path: Path
) -> None:
    spec = OutputSpec(Encoding(codec, preset))
    path = tmp_path / f"reel{spec.suffix}"
    timeline = reel(media)
    timeline.tracks[0].append(
        otio.schema.Clip(
            "bars", otio.schema.GeneratorReference("", "SMPTEBars"), time_range(0, 9, FPS)
        )
    )
    result = flat(timeline, path, spec=spec)
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
    flat(of(clip(media[0], 0, 48)), tmp_path / "a.mp4", spec=spec)
    result = flat(of(clip(tmp_path / "a.mp4", 0, 48)), tmp_path / "b.mp4", spec=spec)
    assert result.segments.copied_frames == 48
    assert read_stamps(tmp_path / "b.mp4") == list(range(64, 112))


def test_hardware_that_is_not_there_is_not_used() -> None:
    for kind in HARDWARE:
        name = hardware_encoder("h264", kind)
        assert name in ("", f"h264_{kind}")
    assert hardware_encoder("h264", "auto") in ("", *(f"h264_{kind}" for kind in HARDWARE))


def test_previews_are_small_and_move(media: list[Path], tmp_path: Path) -> None:
    for kind in ("gif", "webp"):
        path = tmp_path / f"reel.{kind}"
        flat(reel(media), path, spec=OutputSpec(preview=Preview(kind, height=80, fps=8)))
        with Image.open(path) as image:
            frames = image.n_frames  # type: ignore[attr-defined]
            assert image.size == (48, 80)
            # A frame that looks like the one before may be held instead of being kept.
            assert 25 <= frames <= 31
            assert image.info["loop"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_two_passes_fit_a_file_into_its_size(codec: str, tmp_path: Path) -> None:
    noise = tmp_path / "noise.mp4"
    source = "testsrc2=s=320x240:r=24:d=3,noise=alls=30:allf=t"
    run(["-f", "lavfi", "-i", source, *output_args(noise, "-crf", "12")], what="making noise")
    limit = 200_000
    assert noise.stat().st_size > 3 * limit
    spec = OutputSpec(Encoding(codec, "veryfast"), max_bytes=limit)
    path = tmp_path / "small.mp4"
    result = flat(of(clip(noise, 0, 72)), path, spec=spec, size=None)
    assert 0.7 * limit < path.stat().st_size <= limit
    assert len(list(planes(path))) == result.frames == 72


def test_a_size_that_is_too_small_is_refused(media: list[Path], tmp_path: Path) -> None:
    spec = OutputSpec(FAST, max_bytes=10_000)
    with pytest.raises(InputError, match=r"do not fit into 0.01 MB; they need"):
        flat(of(clip(media[0], 0, 60), clip(media[1], 0, 60)), tmp_path / "a.mp4", spec=spec)
    assert not (tmp_path / "a.mp4").exists()


# Other shapes.


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    """A wide picture with one thing on it, far from its centre."""
    rng = np.random.default_rng(1)
    ground = rng.normal(120, 2, (180, 480, 3)).clip(0, 255).astype(np.uint8)
    cv2.circle(ground, (400, 90), 30, (255, 60, 20), -1)
    cv2.circle(ground, (400, 90), 12, (20, 255, 255), -1)
    path = tmp_path / "marked.png"
    Image.fromarray(ground).save(path)
    return path


def redness(path: Path) -> float:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    red: NDArray[np.bool_] = (frame[:, :, 0] - frame[:, :, 2]) > 100
    return float(red.mean())


def test_a_picture_is_reframed_around_what_stands_out(marked: Path, tmp_path: Path) -> None:
    moving = tmp_path / "marked.mp4"
    args = ["-loop", "1", *input_args(marked), "-t", "2", "-r", "24", "-pix_fmt", "yuv420p"]
    run([*args, *output_args(moving)], what="making a video")
    seen = {}
    for path in (marked, moving):
        for reframe, told in (("centre", None), ("salient", saliency)):
            spec = OutputSpec(FAST, salience=told)
            flat(of(clip(path, 0, 3)), tmp_path / "a.mp4", spec=spec, size=(180, 180))
            seen[path.suffix, reframe] = redness(tmp_path / "a.mp4")
    for suffix in (".png", ".mp4"):
        assert seen[suffix, "centre"] == 0
        assert seen[suffix, "salient"] > 0.04


def test_the_window_lies_where_most_is(marked: Path) -> None:
    small = cv2.resize(np.asarray(Image.open(marked)), (96, 36))
    found = saliency(small.astype(np.uint8))
    across, down = best_point(found, 1.0)
    assert 0.7 < across < 0.82
    assert down == 0.5
    assert best_point(np.zeros((30, 96), np.float32), 1.0) == (0.5, 0.5)
    tall = best_point(np.rot90(found), 1.0)
    assert tall[0] == 0.5
    assert 0.18 < tall[1] < 0.3


# Alpha, sequences, generators, backwards.


def colours(path: Path) -> list[NDArray[np.float64]]:
    with av.open(str(path)) as container:
        return [
            frame.to_ndarray(format="rgb24")[60:100, 30:66].mean(axis=(0, 1))
            for frame in container.decode(video=0)
        ]


def test_what_is_not_opaque_lets_the_lower_track_through(each_ffmpeg: str, tmp_path: Path) -> None:
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
    upper.extend([clip(tmp_path / "half.png", 0, 4), clip(moving, 0, 4), glass])
    timeline = of(clip(tmp_path / "blue.png", 0, 16))
    timeline.tracks.append(upper)
    result = flat(timeline, tmp_path / "reel.mp4")
    assert not result.warnings
    seen = colours(tmp_path / "reel.mp4")
    for frame in (1, 5, 9):
        assert np.abs(seen[frame] - (100, 50, 100)).max() < 7, (frame, seen[frame])
    assert np.abs(seen[13] - (0, 0, 200)).max() < 7


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
    result = flat(of(made), tmp_path / "reel.mp4")
    wanted: list[int | None] = list(range(67, 79))
    wanted[2] = None if policy == "black" else 68
    assert read_stamps(tmp_path / "reel.mp4") == wanted
    assert len(result.missing) == (policy == "error")


def test_clips_and_nested_timelines_run_backwards(media: list[Path], tmp_path: Path) -> None:
    def back(item: otio.core.Item, speed: float = -1.0) -> otio.core.Item:
        item.effects.append(otio.schema.LinearTimeWarp("", time_scalar=speed))
        return item

    inner = otio.schema.Stack("inner")
    forward = of(clip(media[0], 0, 10), dissolve(4), clip(media[1], 10, 10))
    inner.append(forward.tracks[0].deepcopy())
    timeline = of(
        back(clip(media[0], 10, 40)), back(clip(media[1], 0, 10), -2), back(inner), back(
            inner.deepcopy(), 0.0
        )
    )  # fmt: skip
    flat(timeline, tmp_path / "reel.mp4")
    stamps = read_stamps(tmp_path / "reel.mp4")
    assert stamps[:40] == list(range(64 + 49, 64 + 9, -1))
    assert stamps[40:50] == list(range(128 + 18, 128 - 2, -2))
    assert stamps[50:58] == list(range(128 + 19, 128 + 11, -1))
    assert stamps[62:70] == list(range(64 + 7, 64 - 1, -1))
    frames = list(planes(tmp_path / "reel.mp4"))
    flat(forward, tmp_path / "forward.mp4")
    turned = reversed(list(planes(tmp_path / "forward.mp4")))
    for one, other in zip(frames[50:70], turned, strict=True):
        assert np.abs(one.astype(int) - other).mean() < 3


def test_media_that_are_missing_have_a_slate(media: list[Path], tmp_path: Path) -> None:
    timeline = of(clip(media[0], 0, 10), clip(tmp_path / "gone: it's.mp4", 0, 10))
    result = flat(timeline, tmp_path / "reel.mp4")
    assert len(result.missing) == 1
    frames = list(planes(tmp_path / "reel.mp4"))
    assert len(frames) == 20
    assert frames[15].std() > 15
    assert np.abs(frames[11].astype(int) - frames[19]).max() < 8


# What is kept.


def texts(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_what_was_encoded_is_found_again_wherever_it_moved(
    media: list[Path], tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    a, b, c = media

    def timeline(first: int) -> otio.schema.Timeline:
        return of(
            clip(a, 10, first), clip(a, 10, 30), dissolve(8), clip(b, 10, 40), dissolve(8),
            clip(c, 14, 30),
        )  # fmt: skip

    first = flat(timeline(20), tmp_path / "reel.mp4", segments=kept)
    encoded = first.segments.encoded_segments
    assert (encoded >= 2, first.segments.reused_segments) == (True, 0)
    before = (tmp_path / "reel.mp4").read_bytes()
    names = {path.name for path in kept.iterdir()}
    again = flat(timeline(20), tmp_path / "reel.mp4", segments=kept)
    assert (again.segments.encoded_segments, again.segments.reused_segments) == (0, encoded)
    assert (tmp_path / "reel.mp4").read_bytes() == before
    moved = flat(timeline(25), tmp_path / "reel.mp4", segments=kept)
    assert (moved.segments.encoded_segments, moved.segments.reused_segments) == (0, encoded)
    assert len(read_stamps(tmp_path / "reel.mp4")) == 125
    changed = timeline(25)
    changed.tracks[0][-1].source_range = time_range(16, 30, FPS)
    other = flat(changed, tmp_path / "reel.mp4", segments=kept)
    assert (other.segments.encoded_segments, other.segments.reused_segments) == (2, encoded - 2)
    assert names <= {path.name for path in kept.iterdir()}


@pytest.mark.parametrize("kind", ["bit", "zeros", "short", "empty", "other"])
def test_damaged_segments_are_named_and_made_again(
    media: list[Path], tmp_path: Path, kind: str
) -> None:
    kept = tmp_path / "kept"
    timeline = of(clip(media[0], 10, 30), dissolve(8), clip(media[1], 10, 40))
    timeline.tracks.append(otio.schema.Track("A1", kind=otio.schema.TrackKind.Audio))
    flat(timeline, tmp_path / "reel.mp4", segments=kept)
    before = (tmp_path / "reel.mp4").read_bytes()
    names = sorted(path.name for path in kept.iterdir())
    assert {name.split("-")[0] for name in names} >= {"headers", "sound"}
    (kept / "own file.mp4").write_text("of the user")
    for name in names:
        path, content = kept / name, (kept / name).read_bytes()
        middle = len(content) // 2
        damaged = {
            "bit": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
            "zeros": content[:middle] + bytes(len(content) - middle),
            "short": content[:middle],
            "empty": b"",
            "other": next(p for p in kept.iterdir() if p.name != name).read_bytes(),
        }[kind]
        state = path.stat()
        path.write_bytes(damaged)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
        (tmp_path / "reel.mp4").unlink()
        result = flat(timeline, tmp_path / "reel.mp4", segments=kept)
        assert result.warnings == (f"{name} was damaged and is made again",)
        assert (tmp_path / "reel.mp4").read_bytes() == before
        assert {path.name for path in kept.iterdir()} == {*names, "own file.mp4"}


def test_media_that_changed_are_encoded_again(media: list[Path], tmp_path: Path) -> None:
    own = shutil.copy(media[0], tmp_path / "own.mp4")
    timeline = of(clip(own, 10, 30), dissolve(8), clip(media[1], 10, 40))
    flat(timeline, tmp_path / "a.mp4", segments=tmp_path / "kept")
    write_stamped(own, 256, 60, FPS, (10, 50))
    result = flat(timeline, tmp_path / "a.mp4", segments=tmp_path / "kept")
    assert result.segments.encoded_segments == 1
    assert read_stamps(tmp_path / "a.mp4")[0] == 266


def test_what_is_no_longer_used_is_removed_in_the_end(media: list[Path], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for start in range(10, 22, 2):
        timeline = of(clip(media[0], start, 30), dissolve(8), clip(media[1], 10, 40))
        flat(timeline, tmp_path / "a.mp4", segments=kept)
        for path in kept.iterdir():
            os.utime(path, ns=(0, path.stat().st_mtime_ns - 10**9))
    flat(timeline, tmp_path / "a.mp4", segments=tmp_path / "alone")
    needed = sum(path.stat().st_size for path in (tmp_path / "alone").iterdir())
    assert needed < sum(path.stat().st_size for path in kept.iterdir()) <= 2 * needed


def moving(folder: Path) -> list[Path]:
    """Clips that are hard enough to encode for a join to show."""
    made = []
    for number, source in enumerate(("testsrc2", "mandelbrot", "life=mold=10:life_color=green")):
        path = folder / f"moving{number}.mkv"
        shape = "=" if "=" not in source else ":"
        args = ["-f", "lavfi", "-i", f"{source}{shape}s=160x240:r=24", "-t", "4"]
        run([*args, *output_args(path, "-c:v", "ffv1", "-pix_fmt", "yuv420p")], what="making media")
        made.append(path)
    return made


@pytest.mark.slow
def test_joins_cannot_be_seen_and_the_file_seeks(tmp_path: Path) -> None:
    a, b, c = moving(tmp_path)
    timeline = of(clip(a, 10, 60), dissolve(12), clip(b, 20, 60), clip(c, 0, 60), clip(a, 0, 30))
    encoding = Encoding(preset="veryfast", crf=18)
    size = (160, 240)
    result = flat(timeline, tmp_path / "segments.mp4", spec=OutputSpec(encoding), size=size)
    assert result.segments.encoded_segments >= 4
    exact = tmp_path / "exact.mp4"
    lossless = OutputSpec(Encoding(preset="ultrafast", crf=1))
    flat(timeline, exact, spec=lossless, size=size)
    single = tmp_path / "single.mp4"
    options = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p"]
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


# The network, time codes.


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


def test_the_network_is_reached_only_where_it_is_allowed(
    server: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, asked = server
    lists = tmp_path / "list.m3u8"
    lists.write_text(f"#EXTM3U\n#EXTINF:2,\n{address}/0.mp4\n#EXT-X-ENDLIST\n")
    remote = otio.schema.Clip(
        "remote", otio.schema.ExternalReference(f"{address}/0.mp4?x=1"), time_range(0, 10, FPS)
    )
    timeline = of(remote, clip(lists, 0, 10))
    result = flat(timeline, tmp_path / "reel.mp4")
    assert len(result.missing) == 2
    assert asked == []
    result = flat(timeline, tmp_path / "reel.mp4", spec=OutputSpec(FAST, allow_network=True))
    assert len(result.missing) == 1  # what a playlist names is still not reached
    assert [path.split("?")[0] for path in asked] == ["/0.mp4"]
    assert read_stamps(tmp_path / "reel.mp4")[:10] == list(range(64, 74))


@pytest.mark.parametrize(
    ("frame", "fps", "wanted"),
    [
        (86400, "24", "01:00:00:00"),
        (29, "25", "00:00:01:04"),
        (86405, "24000/1001", "01:00:00:05"),
        (1800, "30000/1001", "00:01:00;02"),
        (17982, "30000/1001", "00:10:00;00"),
        (-24, "24", "23:59:59:00"),
        (10, "37/2", ""),
    ],
)
def test_time_codes(frame: int, fps: str, wanted: str) -> None:
    timeline = otio.schema.Timeline("t", global_start_time=time(frame, Fraction(fps)))
    assert timecode_of(timeline, Fraction(fps)) == wanted


def test_the_file_carries_its_time_code(media: list[Path], tmp_path: Path) -> None:
    timeline = of(clip(media[0], 0, 24))
    timeline.global_start_time = time(3600 * 24 + 5, FPS)
    flat(timeline, tmp_path / "reel.mp4")
    with av.open(str(tmp_path / "reel.mp4")) as container:
        assert container.streams.video[0].metadata["timecode"] == "01:00:00:05"
