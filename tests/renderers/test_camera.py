"""Camera moves are smooth, repeatable, whole, and never show an edge of the still."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.renderers import assemble
from otio_gvideo.renderers.base import CAMERA_MOVES, Frame, Keyframe, Motion, Shot
from otio_gvideo.renderers.camera import CameraRenderer, chroma_matrix, morph, view_matrix
from otio_gvideo.renderers.moves import ease, pose_at, room_for
from otio_gvideo.renderers.stills import fit_still, load_still
from otio_gvideo.renderers.yuv import to_planes
from PIL import Image

EASINGS = ("linear", "ease_in", "ease_out", "ease_in_out")
motions = st.builds(
    Motion,
    camera=st.sampled_from(CAMERA_MOVES),
    amount=st.floats(0, 1),
    easing=st.sampled_from(EASINGS),
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


def render(made: Shot, quality: str = "standard") -> list[Frame]:
    return list(assemble.frames(CameraRenderer({}, quality), made, lambda *_: None))


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A grey card with soft white dots whose centres can be measured to a fraction of a pixel."""
    y, x = np.mgrid[0:640, 0:360].astype(np.float64)
    level = np.full((640, 360), 40.0)
    for row in range(80, 640, 120):
        for column in range(60, 360, 120):
            level += 200 * np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * 7.0**2))
    path = tmp_path / "card.png"
    Image.fromarray(level.clip(0, 255).astype(np.uint8)).convert("RGB").save(path)
    return path


@given(motions, st.floats(0, 1), st.floats(0.3, 3), st.floats(0.4, 2.4))
def test_a_view_never_leaves_the_picture(
    motion: Motion, share: float, picture: float, frame: float
) -> None:
    room = room_for(picture, frame)
    pose = pose_at(motion, share, room)
    width, height = 360, round(360 * frame / 2) * 2
    shape = (round(1000 * room.height), round(1000 * room.width))
    matrix = view_matrix(pose, (1000, 1000), shape, width, height)
    corners = np.array(
        [[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]]
    )
    for x, y in (matrix @ corners.T).T:
        assert -0.5 <= x <= shape[1] - 0.5
        assert -0.5 <= y <= shape[0] - 0.5


@given(motions, st.integers(2, 400))
def test_moves_have_no_jump(motion: Motion, span: int) -> None:
    room = room_for(16 / 9, 16 / 9)
    poses = [pose_at(motion, n / (span - 1), room) for n in range(span)]
    bound = 4 / (span - 1)
    for early, late in pairwise(poses):
        steps = (
            late.x - early.x,
            late.y - early.y,
            late.zoom - early.zoom,
            late.angle - early.angle,
        )
        assert max(map(abs, steps)) <= bound


@pytest.mark.parametrize("easing", EASINGS)
def test_easings_go_from_start_to_end_without_standing_still(easing: str) -> None:
    values = [ease(n / 100, easing) for n in range(101)]
    assert values[0] == 0
    assert values[-1] == pytest.approx(1)
    assert min(np.diff(values)) > 0.002


@pytest.mark.parametrize("move", CAMERA_MOVES)
def test_points_follow_the_ideal_path_to_a_tenth_of_a_pixel(move: str, card: Path) -> None:
    made = shot(card, width=180, height=320, motion=Motion(move, 0.5), frames=36, span=36)
    room = room_for(640 / 360, 320 / 180)
    errors: list[float] = []
    for index, frame in enumerate(render(made)):
        luma = frame[:320].astype(np.float64) - 50
        matrix = view_matrix(
            pose_at(made.motion, index / 35, room), (360, 360), (640, 360), 180, 320
        )
        inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
        for row in range(200, 560, 120):
            for column in (180,):
                x, y, _ = inverse @ [column, row, 1]
                if not (16 < x < 164 and 16 < y < 304):
                    continue
                left, top = round(x) - 12, round(y) - 12
                patch = luma[top : top + 25, left : left + 25].clip(0)
                ys, xs = np.mgrid[0:25, 0:25]
                errors.append(float((patch * xs).sum() / patch.sum() + left - x))
                errors.append(float((patch * ys).sum() / patch.sum() + top - y))
    assert np.sqrt(np.mean(np.square(errors))) < 0.1
    # No periodic jitter: the error barely changes from one frame to the next.
    assert np.std(np.diff(errors[::2])) < 0.15


def test_fine_detail_does_not_shimmer_when_zooming_out(tmp_path: Path) -> None:
    # Noise whose power falls with frequency, as that of photographs does, to the finest detail.
    noise = np.fft.rfft2(np.random.default_rng(5).normal(size=(1280, 720)))
    frequency = np.hypot(np.fft.fftfreq(1280)[:, None], np.fft.rfftfreq(720)[None, :])
    texture = np.fft.irfft2(noise / np.maximum(frequency, 1e-3), s=(1280, 720))
    detail = np.clip(128 + 40 * texture / texture.std(), 0, 255).round()
    path = tmp_path / "detail.png"
    Image.fromarray(detail.astype(np.uint8)).convert("RGB").save(path)
    made = shot(path, width=180, height=320, motion=Motion("pull_out", 0.6), frames=24, span=24)
    room = room_for(1280 / 720, 320 / 180)
    likeness = []
    for index, frame in enumerate(render(made)):
        pose = pose_at(made.motion, index / 23, room)
        matrix = view_matrix(pose, (720, 720), (1280, 720), 180, 320)
        fine = np.array([[1 / 8, 0, -7 / 16], [0, 1 / 8, -7 / 16], [0, 0, 1]])
        big = cv2.warpAffine(
            detail.astype(np.float32),
            matrix @ fine,
            (1440, 2560),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        ideal = 16 + cv2.resize(big, (180, 320), interpolation=cv2.INTER_AREA) * 219 / 255
        likeness.append(ssim(frame[:320].astype(np.float64), ideal.astype(np.float64)))
    assert min(likeness) > 0.965
    assert np.std(np.diff(likeness)) < 0.01


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    """Wang et al. 2004 with a Gaussian window of 1.5 pixels."""

    def blur(image: np.ndarray) -> np.ndarray:
        return np.asarray(cv2.GaussianBlur(image, (11, 11), 1.5))

    mean, mean_other = blur(one), blur(other)
    variance = blur(one * one) - mean**2
    variance_other = blur(other * other) - mean_other**2
    covariance = blur(one * other) - mean * mean_other
    top = (2 * mean * mean_other + 6.5025) * (2 * covariance + 58.5225)
    bottom = (mean**2 + mean_other**2 + 6.5025) * (variance + variance_other + 58.5225)
    return float((top / bottom).mean())


@given(st.integers(1, 23), motions)
def test_continuation_slots_carry_the_move_on_bit_for_bit(split: int, motion: Motion) -> None:
    card = Path(__file__).parent / "card.jpg"
    whole = render(shot(card, width=32, height=56, motion=motion))
    first = render(shot(card, width=32, height=56, motion=motion, frames=split))
    second = render(shot(card, width=32, height=56, motion=motion, frames=24 - split, start=split))
    assert all(np.array_equal(a, b) for a, b in zip(whole, [*first, *second], strict=True))


def test_static_is_static(card: Path) -> None:
    frames = render(shot(card, motion=Motion("static")))
    assert all(np.array_equal(frames[0], frame) for frame in frames)


@pytest.mark.parametrize("size", [(400, 300), (90, 160), (33, 500), (3000, 1000)])
@pytest.mark.parametrize("fit", ["cover", "contain", "blur"])
def test_stills_of_any_shape_fill_the_frame(
    tmp_path: Path, size: tuple[int, int], fit: str
) -> None:
    path = tmp_path / "still.png"
    Image.new("RGB", size, (220, 60, 40)).save(path)
    frames = render(shot(path, fit=fit, frames=2, span=2, motion=Motion("static")))
    luma = frames[0][:160]
    assert luma.max() > 80
    if fit == "cover":
        assert luma.min() > 80
    else:
        assert load_still(path).size == size
        canvas = fit_still(load_still(path), 160 / 90, fit)
        assert canvas.height / canvas.width == pytest.approx(160 / 90, rel=0.03)


def test_keyframes_are_reached_at_their_frames(tmp_path: Path) -> None:
    paths = []
    for number, level in enumerate((0, 255)):
        paths.append(tmp_path / f"{number}.png")
        Image.new("RGB", (90, 160), (level,) * 3).save(paths[-1])
    keyframes = (Keyframe(paths[0], 0), Keyframe(paths[1], 20))
    levels = [float(f[:160].mean()) for f in render(shot(paths[0], keyframes=keyframes))]
    assert levels[0] == pytest.approx(16, abs=1)
    assert all(level == pytest.approx(235, abs=1) for level in levels[20:])
    assert all(early <= late + 0.5 for early, late in pairwise(levels))
    assert 60 < levels[15] < 190


@given(st.integers(0, 100), st.lists(st.integers(0, 100), min_size=1, max_size=4, unique=True))
def test_a_morph_is_between_neighbours_and_its_weight_a_share(
    frame: int, places: list[int]
) -> None:
    keyframes = tuple(Keyframe(Path("x"), place) for place in sorted(places))
    lower, upper, weight = morph(keyframes, frame, shot(Path("x"), span=101))
    assert 0 <= lower <= upper < len(keyframes)
    assert 0 <= weight <= 1
    assert upper - lower <= 1


def test_chroma_is_sited_left() -> None:
    identity = np.array([[1.0, 0, 0], [0, 1.0, 0]])
    assert np.allclose(chroma_matrix(identity), [[1, 0, -0.25], [0, 1, 0]])
    shifted = np.array([[1.0, 0, 4.0], [0, 1.0, 2.0]])
    assert np.allclose(chroma_matrix(shifted), [[1, 0, 1.75], [0, 1, 1]])


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
    planes = to_planes(np.full((64, 64, 3), colour, np.uint8), (64, 64))
    found = (planes.y.mean(), planes.u.mean(), planes.v.mean())
    assert found == pytest.approx(expected, abs=0.6)


def test_pictures_stand_upright_and_sixteen_bits_are_not_clipped(tmp_path: Path) -> None:
    turned = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (160, 90), "red").save(turned, exif=exif)
    assert load_still(turned).size == (90, 160)
    deep = tmp_path / "deep.png"
    Image.fromarray(np.full((8, 8), 32768, np.uint16)).save(deep)
    assert load_still(deep).getpixel((0, 0)) == pytest.approx((128,) * 3, abs=1)
    clear = tmp_path / "clear.png"
    Image.new("RGBA", (8, 8), (255, 255, 255, 0)).save(clear)
    assert load_still(clear).getpixel((0, 0)) == (0, 0, 0)
