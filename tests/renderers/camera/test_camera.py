"""Frames of the camera: smooth, sharp, repeatable, and never with an edge of the still."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from otio_gvideo.compiler.evaluation.still_similarity import ssim_map
from otio_gvideo.renderers.base import CAMERA_MOVES, Frame, Keyframe, Motion, RendererError, Shot
from otio_gvideo.renderers.camera.camera import (
    CameraRenderer,
    chroma_matrix,
    draw_view,
    view_matrix,
)
from otio_gvideo.renderers.camera.keyframe_weights import keyframe_weights
from otio_gvideo.renderers.camera.poses import pose_at
from otio_gvideo.renderers.camera.still_planes import still_planes
from otio_gvideo.renderers.fit import run_renderer
from otio_gvideo.renderers.image.yuv import Grid, blank, to_planes
from PIL import Image

motions = st.builds(
    Motion,
    camera=st.sampled_from(CAMERA_MOVES),
    amount=st.floats(0, 1),
    easing=st.sampled_from(("linear", "ease_in", "ease_out", "ease_in_out")),
)


def shot(image: Path, **values: object) -> Shot:
    given_values = {
        "width": 90,
        "height": 160,
        "fps": Fraction(24),
        "frames": 24,
        "head": 0,
        "tail": 0,
        "start": 0,
        "span": 24,
        "keyframes": (Keyframe(image, 0),),
    }
    return Shot(**(given_values | values))  # type: ignore[arg-type]


def render(slot: Shot, quality: str = "standard") -> list[Frame]:
    return list(run_renderer.frames(CameraRenderer({}, quality), slot, lambda *_: None))


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grey card with soft white dots, whose centres can be measured to a fraction of a pixel."""
    y, x = np.mgrid[0:640, 0:360].astype(np.float64)
    level = np.full((640, 360), 40.0)
    for row in range(80, 640, 120):
        for column in range(60, 360, 120):
            level += 200 * np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * 7.0**2))
    path = tmp_path_factory.mktemp("card") / "card.png"
    Image.fromarray(level.clip(0, 255).astype(np.uint8)).convert("RGB").save(path)
    return path


@pytest.mark.parametrize("move", CAMERA_MOVES)
def test_points_follow_the_ideal_path(move: str, card: Path) -> None:
    slot = shot(card, width=180, height=320, motion=Motion(move, 0.5), frames=36, span=36)
    picture = still_planes(card, slot, slot.motion)
    tracks: dict[tuple[int, int], list[float]] = {}
    for index, frame in enumerate(render(slot)):
        luma = frame[:320].astype(np.float64) - 50
        pose = pose_at(slot.motion, index / 35, picture.framing)
        inverse = np.linalg.inv(pose.matrix())
        for row in range(80, 640, 120):
            for column in (60, 180, 300):
                place = inverse @ [(column - 179.5) / 360, (row - 319.5) / 360, 1]
                x, y = place[:2] / place[2] * 180 + (89.5, 159.5)
                if not (16 < x < 164 and 16 < y < 304):
                    continue
                left, top = round(x) - 12, round(y) - 12
                patch = luma[top : top + 25, left : left + 25].clip(0)
                ys, xs = np.mgrid[0:25, 0:25]
                found_x = float((patch * xs).sum() / patch.sum() + left - x)
                found_y = float((patch * ys).sum() / patch.sum() + top - y)
                tracks.setdefault((row, column), []).extend((found_x, found_y))
    errors = np.concatenate([np.array(track) for track in tracks.values()])
    assert np.sqrt(np.mean(errors**2)) < 0.1
    # No jitter: a point's error barely changes from one frame to the next.
    steps = np.concatenate(
        [np.diff(np.array(track).reshape(-1, 2), axis=0) for track in tracks.values()]
    )
    assert np.sqrt(np.mean(steps**2)) < 0.05


@pytest.mark.parametrize("move", ["push_in", "pull_out", "pan_left", "roll_left", "orbit_left"])
@pytest.mark.parametrize("amount", [0.3, 1.0])
def test_fine_detail_is_accurate_and_does_not_shimmer(
    tmp_path: Path, move: str, amount: float
) -> None:
    # Noise with the falling power spectrum of photographs, down to the finest detail.
    noise = np.fft.rfft2(np.random.default_rng(5).normal(size=(1280, 720)))
    frequency = np.hypot(np.fft.fftfreq(1280)[:, None], np.fft.rfftfreq(720)[None, :])
    texture = np.fft.irfft2(noise / np.maximum(frequency, 1e-3), s=(1280, 720))
    detail = np.clip(128 + 40 * texture / texture.std(), 0, 255).round()
    path = tmp_path / "detail.png"
    Image.fromarray(detail.astype(np.uint8)).convert("RGB").save(path)
    slot = shot(path, width=180, height=320, motion=Motion(move, amount), frames=8, span=8)
    framing = still_planes(path, slot, slot.motion).framing
    likeness, errors, crispness = [], [], []
    for index, frame in enumerate(render(slot)):
        matrix = pose_at(slot.motion, index / 7, framing).matrix()
        expected = 16 + ideal(detail, matrix, 180, 320) * 219 / 255
        found = frame[:320].astype(np.float64)
        likeness.append(float(ssim_map(found, expected).mean()))
        errors.append(found - expected)
        crispness.append(fine(found) / fine(expected))
    assert min(likeness) > 0.98
    shimmer = np.sqrt(np.mean(np.diff(np.array(errors), axis=0)[:, 8:-8, 8:-8] ** 2))
    assert shimmer < 2.5  # levels
    # Neither blurred nor sharpened, from the first frame to the last. The upper bound is that of a
    # full orbit, whose far side is sampled a little more densely than its near one.
    assert min(crispness) > 0.94
    assert max(crispness) < 1.08


def fine(luma: np.ndarray) -> float:
    """Return the strength of the finest detail."""
    return float(cv2.Laplacian(luma.astype(np.float64), cv2.CV_64F)[8:-8, 8:-8].std())


def ideal(detail: np.ndarray, matrix: np.ndarray, width: int, height: int) -> np.ndarray:
    """Supersample six times along each side, and reduce with Lanczos."""
    big_width, big_height = width * 6, height * 6
    from_big = np.array(
        [
            [1 / big_width, 0, (1 - big_width) / (2 * big_width)],
            [0, 1 / big_width, (1 - big_height) / (2 * big_width)],
            [0, 0, 1],
        ]
    )
    rows, columns = detail.shape
    to_detail = np.array([[columns, 0, (columns - 1) / 2], [0, columns, (rows - 1) / 2], [0, 0, 1]])
    big = cv2.warpPerspective(
        detail.astype(np.float32),
        to_detail @ matrix @ from_big,
        (big_width, big_height),
        flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(Image.fromarray(big).resize((width, height), Image.Resampling.LANCZOS))


@pytest.mark.parametrize(
    ("high", "tones"),
    [pytest.param(40, 4, id="dark"), pytest.param(200, 4, id="bright")],
)
def test_slow_zooms_over_a_smooth_sky_do_not_band(tmp_path: Path, high: int, tones: int) -> None:
    # A few levels over the whole height: banding would show as wide steps.
    ramp = np.linspace(high, high + tones, 640)[:, None].repeat(360, 1)
    grain = np.random.default_rng(2).random(ramp.shape) - 0.5
    path = tmp_path / "sky.png"
    Image.fromarray(np.rint(ramp + grain).astype(np.uint8)).convert("RGB").save(path)
    slot = shot(path, width=180, height=320, motion=Motion("push_in"), frames=3, span=48)
    for frame in render(slot):
        rows = frame[:320].mean(axis=1)
        smooth = np.convolve(rows, np.ones(16) / 16, "valid")
        straight = np.linspace(smooth[0], smooth[-1], len(smooth))
        assert np.abs(smooth - straight).max() < 0.15


@given(motions, st.floats(0.3, 3), st.sampled_from([(32, 56), (56, 32), (40, 40)]))
@settings(max_examples=30)
def test_the_still_extends_to_every_side_of_the_frame(
    motion: Motion, aspect: float, size: tuple[int, int]
) -> None:
    """Sampling beyond the still would repeat its last pixels: a ramp would stop rising."""
    width, height = 300, max(2, round(300 * aspect))
    folder = Path(__file__).parent
    for axis in (0, 1):
        ramp = np.linspace(20, 240, (width, height)[axis])
        levels = np.tile(ramp, (height, 1)) if axis == 0 else np.tile(ramp[:, None], (1, width))
        image = Image.fromarray(levels.round().astype(np.uint8)).convert("RGB")
        slot = shot(folder / "ramp", width=size[0], height=size[1], motion=motion, span=5)
        for share in (0, 0.5, 1):
            luma = luma_of(image, slot, share)
            across = luma if axis == 0 else luma.T
            rise = np.diff(across.astype(np.float64), axis=1)
            middle = np.median(rise)
            assert rise[:, :2].mean() > 0.5 * middle
            assert rise[:, -2:].mean() > 0.5 * middle


def luma_of(image: Image.Image, slot: Shot, share: float) -> np.ndarray:
    """Return the luma, in floats, of one view of a still in memory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("otio_gvideo.renderers.camera.still_planes.load_still", lambda _: image)
        picture = still_planes(Path("memory"), slot, slot.motion)
    planes = blank(slot.width, slot.height)
    draw_view(picture, pose_at(slot.motion, share, picture.framing), planes)
    return planes.y


@given(st.lists(st.integers(1, 23), max_size=4, unique=True), motions)
@settings(max_examples=25)
def test_continuation_slots_continue_the_move_bit_for_bit(cuts: list[int], motion: Motion) -> None:
    card = Path(__file__).parent / "card.jpg"
    whole = render(shot(card, width=32, height=56, motion=motion))
    parts: list[Frame] = []
    for start, end in pairwise([0, *sorted(cuts), 24]):
        part = shot(card, width=32, height=56, motion=motion, frames=end - start, start=start)
        parts += render(part)
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))


@pytest.mark.parametrize("move", ["push_in", "pan_left", "roll_left", "orbit_right", "auto"])
@pytest.mark.parametrize("quality", ["draft", "standard", "high"])
def test_the_same_shot_gives_the_same_bytes(card: Path, move: str, quality: str) -> None:
    slot = shot(card, motion=Motion(move), frames=4)
    one, other = render(slot, quality), render(slot, quality)
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert len({id(frame) for frame in one}) == 4


def test_a_static_shot_repeats_one_frame(card: Path) -> None:
    frames = render(shot(card, motion=Motion("static")))
    assert all(np.array_equal(frames[0], frame) for frame in frames)
    assert frames[0] is not frames[1]


def test_unknown_moves_are_rejected(card: Path) -> None:
    with pytest.raises(RendererError, match="sideways"):
        render(shot(card, motion=Motion("sideways")))


@pytest.mark.parametrize("move", ["static", "push_in", "roll_left", "orbit_left"])
@pytest.mark.parametrize("size", [(400, 300), (90, 160), (33, 500), (1500, 100), (1, 1), (3, 2)])
@pytest.mark.parametrize("fit", ["cover", "contain", "blur"])
def test_flat_stills_of_any_size_are_shown_flat(
    tmp_path: Path, size: tuple[int, int], fit: str, move: str
) -> None:
    path = tmp_path / "still.png"
    Image.new("RGB", size, (200, 200, 200)).save(path)
    frames = render(shot(path, fit=fit, frames=2, span=2, motion=Motion(move, 1.0)))
    lumas = [frame[:160].astype(int) for frame in frames]
    if fit == "cover":
        # 16 + 200 * 219 / 255 lies between two levels, and is dithered.
        assert all(187 <= luma.min() <= luma.max() <= 188 for luma in lumas)
    else:
        assert all(luma.max() > 180 for luma in lumas)
    assert all((frame[160:] == 128).all() for frame in frames)


@pytest.mark.parametrize(
    ("fit", "beside"), [("contain", 16), ("blur", 16 + 0.55 * 200 * 219 / 255)]
)
def test_letterboxed_stills_are_centred_on_their_background(
    tmp_path: Path, fit: str, beside: float
) -> None:
    path = tmp_path / "still.png"
    Image.new("RGB", (300, 300), (200, 200, 200)).save(path)
    luma = render(shot(path, fit=fit, frames=1, motion=Motion("static")))[0][:160].astype(float)
    assert luma[:33].mean() == pytest.approx(beside, abs=0.6)
    assert luma[-33:].mean() == pytest.approx(beside, abs=0.6)
    assert luma[37:-37].mean() == pytest.approx(16 + 200 * 219 / 255, abs=0.6)
    rows = luma.mean(axis=1)
    assert rows == pytest.approx(rows[::-1], abs=1)


@pytest.mark.parametrize("fit", ["cover", "contain", "blur"])
def test_chroma_is_aligned_with_luma(tmp_path: Path, fit: str) -> None:
    """Red above and blue below, in a still of the frame's own shape."""
    path = tmp_path / "still.png"
    picture = Image.new("RGB", (180, 320), (220, 30, 30))
    picture.paste((30, 30, 220), (0, 160, 180, 320))
    picture.save(path)
    for move in ("static", "push_in", "roll_left"):
        slot = shot(path, fit=fit, frames=1, motion=Motion(move, 0.0))
        frame = render(slot)[0]
        chroma = frame[160:].reshape(2, 80, 45).astype(float)
        red = chroma[1].mean(axis=1)
        assert red[:38].min() > 200
        assert red[42:].max() < 125
        assert abs((red > 160).sum() - 40) <= 1


def test_keyframes_are_reached_at_their_frames(tmp_path: Path) -> None:
    paths = []
    for number, level in enumerate((0, 255, 0)):
        paths.append(tmp_path / f"{number}.png")
        Image.new("RGB", (90, 160), (level,) * 3).save(paths[-1])
    places = (0, 12, 20)
    keyframes = tuple(Keyframe(path, place) for path, place in zip(paths, places, strict=True))
    levels = [float(f[:160].mean()) for f in render(shot(paths[0], keyframes=keyframes))]
    assert levels[0] == pytest.approx(16)
    assert levels[12] == pytest.approx(235)
    assert levels[20:] == pytest.approx([16] * 4)
    assert all(early <= late for early, late in pairwise(levels[:13]))
    assert all(early >= late for early, late in pairwise(levels[12:]))
    assert 60 < levels[9] < 190
    # A dissolve starts and ends gently.
    steps = np.abs(np.diff(levels[6:13]))
    assert steps[0] < steps.max() / 2
    assert steps[-1] < steps.max() / 2


@given(st.integers(0, 100), st.lists(st.integers(0, 100), min_size=1, max_size=4, unique=True))
def test_a_dissolve_is_between_neighbours_with_a_weight_in_0_to_1(
    frame: int, places: list[int]
) -> None:
    keyframes = tuple(Keyframe(Path("x"), place) for place in sorted(places))
    lower, upper, weight = keyframe_weights(keyframes, frame, shot(Path("x"), span=101))
    assert 0 <= lower <= upper < len(keyframes)
    assert 0 <= weight <= 1
    assert upper - lower <= 1
    if frame in places:
        assert lower == upper == sorted(places).index(frame)


def test_chroma_is_sited_left() -> None:
    assert np.allclose(chroma_matrix(np.eye(3)), np.eye(3))
    shifted = np.array([[1.0, 0, 4.0], [0, 1.0, 2.0], [0, 0, 1]])
    assert np.allclose(chroma_matrix(shifted), [[1, 0, 2], [0, 1, 1], [0, 0, 1]])


def test_chroma_is_sampled_at_its_sites() -> None:
    """Blue rises from left to right and red from top to bottom: siting shows as a level."""
    y, x = np.mgrid[0:64, 0:64].astype(np.float32)
    rgb = np.stack([y, np.zeros_like(x), x], axis=-1)
    as_is = Grid(64, 0.0, 1.0, 64, 1.0)
    planes = to_planes(rgb, as_is, as_is)
    j, i = np.mgrid[10:22, 10:22]
    blue, red = 2.0 * i, 2.0 * j + 0.5
    luma = 0.2126 * red + 0.0722 * blue
    expected = 128 + (blue - luma) / 1.8556 * 224 / 255
    assert planes.u[10:22, 10:22] == pytest.approx(expected, abs=0.02)
    expected = 128 + (red - luma) / 1.5748 * 224 / 255
    assert planes.v[10:22, 10:22] == pytest.approx(expected, abs=0.02)


def test_view_matrices_map_middle_to_middle(card: Path) -> None:
    slot = shot(card, motion=Motion("push_in"))
    picture = still_planes(card, slot, slot.motion)
    matrix = view_matrix(pose_at(slot.motion, 0.4, picture.framing), picture, 90, 160)
    assert matrix @ [44.5, 79.5, 1] == pytest.approx([*picture.middle, 1])


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ((255, 255, 255), (235, 128, 128)),
        ((0, 0, 0), (16, 128, 128)),
        ((255, 0, 0), (63, 102, 240)),
        ((0, 255, 0), (173, 42, 26)),
        ((0, 0, 255), (32, 240, 118)),
    ],
)
def test_colours_are_bt709_limited(colour: tuple[int, ...], expected: tuple[int, ...]) -> None:
    as_is = Grid(64, 0.0, 1.0, 64, 1.0)
    planes = to_planes(np.full((64, 64, 3), colour, np.uint8), as_is, as_is)
    found = (planes.y.mean(), planes.u.mean(), planes.v.mean())
    assert found == pytest.approx(expected, abs=0.6)
