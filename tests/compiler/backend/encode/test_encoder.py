"""Encoded clips hold all their frames, in the right colours."""

from __future__ import annotations

import functools
import pickle
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.backend.encode.encoder import encode_frames
from otio_gvideo.compiler.backend.encode.encoder_settings import Encoding, timescale
from otio_gvideo.compiler.backend.segments.join import read_cut_points
from otio_gvideo.compiler.errors import InputError, WorkError
from otio_gvideo.compiler.media import ffmpeg
from otio_gvideo.compiler.media.probe import probe
from otio_gvideo.compiler.script.config import DRAFT_PRESET, USUAL_PRESET
from otio_gvideo.renderers.base import Keyframe, Motion, Shot
from otio_gvideo.renderers.camera.camera import CameraRenderer
from otio_gvideo.renderers.fit import run_renderer

from ..frame_stamps import FAST, HEIGHT, WIDTH, read_stamps, stamp

EXAMPLE = Path(__file__).parents[4] / "examples" / "lighthouse"
FPS = Fraction(24)
write = functools.partial(encode_frames, width=WIDTH, height=HEIGHT, fps=FPS, encoding=FAST)


def test_every_frame_comes_back(each_ffmpeg: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    assert write((stamp(n) for n in range(1, 101)), path) == 100
    assert read_stamps(path) == list(range(1, 101))


def test_idr_frames_are_where_requested(each_ffmpeg: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    veryfast = Encoding()
    write((stamp(7) for _ in range(60)), path, idr=(5, 6, 31), encoding=veryfast)
    places = read_cut_points(path, FPS)
    assert places is not None
    assert {0, 5, 6, 31} <= set(places.starts)
    assert {5, 6, 31, 60} <= set(places.stops)


@pytest.mark.parametrize("preset", ["superfast", "veryfast", "medium"])
def test_a_short_search_in_transitions_keeps_headers_and_quality(
    each_ffmpeg: str, preset: str, tmp_path: Path
) -> None:
    random = np.random.default_rng(3)
    still = cv2.resize(random.integers(20, 230, (24, 12, 1)).astype(np.uint8), (WIDTH, HEIGHT * 2))
    frames = [np.vstack([still[n : n + HEIGHT], still[: HEIGHT // 2]]) for n in range(36)]
    settings = Encoding(preset=preset)
    errors, headers = [], []
    for name, transitions in (("full", ()), ("short", (range(12), range(30, 36)))):
        path = tmp_path / f"{name}.mp4"
        write(frames, path, idr=(12, 30), transitions=transitions, encoding=settings)
        is_short = b"zones=0,11,me=dia,subme=1,partitions=i8x8/30,35," in path.read_bytes()
        assert is_short == (name == "short" and preset != "superfast")
        with av.open(str(path)) as container:
            headers.append(container.streams.video[0].codec_context.extradata)
            shown = [frame.to_ndarray() for frame in container.decode(video=0)]
        assert len(shown) == len(frames)
        errors.append(
            np.mean(
                [np.square(a.astype(float) - b).mean() for a, b in zip(shown, frames, strict=True)]
            )
        )
    assert headers[0] == headers[1]
    assert errors[1] <= 1.2 * errors[0]


def rgb(red: int, green: int, blue: int) -> NDArray[np.uint8]:
    return np.full((HEIGHT, WIDTH, 3), (red, green, blue), np.uint8)


def bt709(red: float, green: float, blue: float) -> tuple[float, float, float]:
    """ITU-R BT.709, 8 bits, limited range."""
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (
        16 + 219 * luma / 255,
        128 + 224 * (blue - luma) / 1.8556 / 255,
        128 + 224 * (red - luma) / 1.5748 / 255,
    )


@pytest.mark.parametrize(
    "colour",
    [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 120, 40)],
)
def test_rgb_becomes_bt709_in_limited_range(
    each_ffmpeg: str, colour: tuple[int, int, int], tmp_path: Path
) -> None:
    path = tmp_path / "a.mp4"
    write([rgb(*colour)] * 2, path, encoding=Encoding(preset="ultrafast", crf=1))
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    planes = frame.to_ndarray()
    levels = (
        float(planes[:HEIGHT].mean()),
        float(planes[HEIGHT : HEIGHT * 5 // 4].mean()),
        float(planes[HEIGHT * 5 // 4 :].mean()),
    )
    assert levels == pytest.approx(bt709(*colour), abs=1.2)


def test_planar_frames_are_not_converted(each_ffmpeg: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    given = np.random.default_rng(1).integers(60, 70, (HEIGHT * 3 // 2, WIDTH), np.uint8)
    write([given], path, encoding=Encoding(preset="ultrafast", crf=1))
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
    assert np.abs(frame.to_ndarray().astype(int) - given).mean() < 0.5


def test_a_slow_push_over_soft_clouds_stays_even_in_the_encoded_picture(tmp_path: Path) -> None:
    still = Keyframe(EXAMPLE / "keyframes" / "dusk.jpg", 0)
    moved = Shot(1080, 1920, FPS, 36, 0, 0, 30, 126, (still,), motion=Motion("push_in", 0.3))
    given = list(run_renderer.frames(CameraRenderer({}, "standard"), moved, lambda *_: None))
    write(given, tmp_path / "a.mp4", width=1080, height=1920, encoding=Encoding())
    with av.open(str(tmp_path / "a.mp4")) as container:
        encoded = [frame.to_ndarray() for frame in container.decode(video=0)]
    assert unevenness(given) < 0.06
    assert unevenness(encoded) < 0.14


def unevenness(frames: Sequence[NDArray[np.uint8]]) -> float:
    """Deviation of the steps of a patch of sky from a smooth motion, in pixels (RMS)."""
    patches = [frame[500:692, 60:252].astype(np.float32) for frame in frames]
    window = cv2.createHanningWindow((192, 192), cv2.CV_32F)
    pairs = pairwise([patch - patch.mean() for patch in patches])
    steps = np.array([cv2.phaseCorrelate(one, other, window)[0] for one, other in pairs])
    number = np.arange(len(steps))
    smooth = np.stack([np.polyval(np.polyfit(number, axis, 3), number) for axis in steps.T])
    return float(np.sqrt(np.mean((steps.T - smooth) ** 2)))


def test_both_layouts_give_the_same_headers_and_tags(each_ffmpeg: str, tmp_path: Path) -> None:
    write([rgb(9, 9, 9)] * 3, tmp_path / "a.mp4")
    write([stamp(1)] * 40, tmp_path / "b.mp4", idr=(7,))
    one, two = probe(tmp_path / "a.mp4").video, probe(tmp_path / "b.mp4").video
    assert one is not None
    assert two is not None
    assert one.extradata == two.extradata
    assert one.colors == two.colors == (1, 1, 1, 1)


def test_drafts_are_copied_into_a_reel_of_the_default_preset(
    each_ffmpeg: str, tmp_path: Path
) -> None:
    headers = set()
    for preset in (USUAL_PRESET, DRAFT_PRESET):
        write((stamp(7) for _ in range(9)), tmp_path / "a.mp4", encoding=Encoding(preset=preset))
        video = probe(tmp_path / "a.mp4").video
        assert video is not None
        headers.add(video.extradata)
    assert len(headers) == 1


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write((stamp(n) for n in range(30)), tmp_path / name, encoding=Encoding())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_encoding_is_deterministic(tmp_path: Path) -> None:
    # A dark sky: with look-ahead in a thread of its own, x264 varies between two or three files.
    still = Keyframe(EXAMPLE / "keyframes" / "stars.jpg", 0)
    shot = Shot(270, 480, FPS, 102, 0, 0, 0, 102, (still,), motion=Motion("pan_right"))
    frames = list(run_renderer.frames(CameraRenderer({}, "standard"), shot, lambda *_: None))
    made = set()
    for _ in range(10):
        encode_frames(
            frames, tmp_path / "a.mp4", width=270, height=480, fps=FPS, encoding=Encoding()
        )
        made.add((tmp_path / "a.mp4").read_bytes())
    assert len(made) == 1


def test_frames_are_pulled_while_the_encoder_works(tmp_path: Path) -> None:
    def frames() -> Iterator[NDArray[np.uint8]]:
        for n in range(6):
            time.sleep(0.05)
            made.append(n)
            yield stamp(n)

    made: list[int] = []
    write(frames(), tmp_path / "a.mp4")
    assert made == [0, 1, 2, 3, 4, 5]


def test_a_failing_producer_leaves_no_file(tmp_path: Path) -> None:
    closed = []

    def frames() -> Iterator[NDArray[np.uint8]]:
        try:
            for n in range(8):
                yield stamp(n)
            raise RuntimeError("no more")
        finally:
            closed.append(True)

    with pytest.raises(RuntimeError, match="no more"):
        write(frames(), tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []
    assert closed == [True]


def test_frames_of_a_wrong_shape_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frame 1"):
        write([stamp(0), stamp(0, 32, 32)], tmp_path / "a.mp4")
    with pytest.raises(ValueError, match="not 96x160"):
        write([stamp(0, 32, 32)], tmp_path / "a.mp4")
    with pytest.raises(ValueError, match="no frames"):
        write([], tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorkError, match="file"):
        write([stamp(0)], tmp_path / "file" / "a.mp4")


def test_an_encoder_that_dies_ends_the_producer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffmpeg, "COMMON_ARGS", ("-hide_banner", "-t", "0", "-nonsense"))
    taken = []

    def frames() -> Iterator[NDArray[np.uint8]]:
        for n in range(5000):
            taken.append(n)
            yield stamp(n)

    with pytest.raises(WorkError, match="nonsense"):
        write(frames(), tmp_path / "a.mp4")
    assert len(taken) < 5000


@pytest.mark.posix
def test_special_characters_in_names_are_harmless(each_ffmpeg: str, tmp_path: Path) -> None:
    name = "-it's, a [long]: 100%d 'näme' 🎬\n;second.mp4"
    write([stamp(3)], tmp_path / name)
    assert read_stamps(tmp_path / name) == [3]
    long = tmp_path / ("ü" * 120 + ".mp4")
    write([stamp(4)], long)
    assert read_stamps(long) == [4]


def test_the_writer_can_be_pickled_for_worker_processes() -> None:
    assert pickle.loads(pickle.dumps(write)).func is encode_frames


@pytest.mark.parametrize(
    "wrong",
    [
        {"codec": "vp8"},
        {"preset": "fastest"},
        {"crf": 0},
        {"codec": "av1", "preset": "veryfast"},
        {"codec": "prores", "crf": 18},
    ],
)
def test_invalid_encodings_are_rejected(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        Encoding(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30000, 1001), Fraction(12, 5), Fraction(1)])
def test_a_frame_is_a_whole_number_of_ticks(fps: Fraction) -> None:
    assert (timescale(fps) / fps).denominator == 1
