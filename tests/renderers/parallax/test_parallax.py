"""Frames of parallax: true perspective, clean depth edges, no holes, never an edge of the still."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from otio_gvideo.renderers.base import CAMERA_MOVES, Frame, Keyframe, Motion, RendererError, Shot
from otio_gvideo.renderers.camera.poses import FOCAL_LENGTH, Pose, cover_framing, pose_at
from otio_gvideo.renderers.fit import run_renderer
from otio_gvideo.renderers.image.resample import axis, resample
from otio_gvideo.renderers.image.yuv import Planes
from otio_gvideo.renderers.parallax import mesh
from otio_gvideo.renderers.parallax.depth_image import load_depth_image
from otio_gvideo.renderers.parallax.layered_scene import DEPTH, LayeredImage, layered_image
from otio_gvideo.renderers.parallax.move_extent import measure_extent
from otio_gvideo.renderers.parallax.parallax import ParallaxRenderer
from otio_gvideo.renderers.parallax.perspective import camera_centre, camera_view
from PIL import Image

MOVING = tuple(move for move in CAMERA_MOVES if move != "static")
WIDTH, HEIGHT = 180, 320


def shot(image: Path, depth: Path | None = None, **values: object) -> Shot:
    given_values = {
        "width": WIDTH,
        "height": HEIGHT,
        "fps": Fraction(24),
        "frames": 12,
        "head": 0,
        "tail": 0,
        "start": 0,
        "span": 12,
        "keyframes": (Keyframe(image, 0),),
        "depth": depth,
    }
    return Shot(**(given_values | values))  # type: ignore[arg-type]


def render(slot: Shot, **given_settings: object) -> list[Frame]:
    renderer = ParallaxRenderer(given_settings, slot.quality)
    return list(run_renderer.frames(renderer, slot, lambda *_: None))


def layered(slot: Shot) -> LayeredImage:
    return layered_image(load_depth_image(slot.keyframes[0].image, slot, {}), slot, slot.motion)


def save(path: Path, values: np.ndarray) -> Path:
    Image.fromarray(values).save(path)
    return path


def project(point: tuple[float, float], relief: float, pose: Pose, rest: np.ndarray) -> np.ndarray:
    """Project a point of the still through a pinhole camera in three dimensions; in pixels."""
    place = rest + (np.array([*point, 0.0]) - rest) / relief
    ahead = np.array([math.sin(pose.yaw), 0.0, math.cos(pose.yaw)])
    right = np.array([math.cos(pose.yaw), 0.0, -math.sin(pose.yaw)])
    camera = np.array([pose.x, pose.y, 0.0]) - ahead * FOCAL_LENGTH / pose.zoom
    away = place - camera
    u, v = FOCAL_LENGTH * away @ right / (away @ ahead), FOCAL_LENGTH * away[1] / (away @ ahead)
    cos, sin = math.cos(pose.angle), math.sin(pose.angle)
    return np.array([cos * u + sin * v, cos * v - sin * u]) * WIDTH + (
        (WIDTH - 1) / 2,
        (HEIGHT - 1) / 2,
    )


@given(
    x=st.floats(-0.4, 0.4),
    y=st.floats(-0.8, 0.8),
    relief=st.floats(0.6, 1.4),
    yaw=st.floats(-0.3, 0.3),
    angle=st.floats(-0.3, 0.3),
    zoom=st.floats(0.9, 1.6),
)
def test_a_view_is_that_of_a_pinhole_camera(
    x: float, y: float, relief: float, yaw: float, angle: float, zoom: float
) -> None:
    rest = np.array(camera_centre(Pose(x=0.03, y=-0.02, zoom=1.1)))
    pose = Pose(x=0.1, y=0.05, zoom=zoom, angle=angle, yaw=yaw)
    u, v = (project((x, y), relief, pose, rest) - ((WIDTH - 1) / 2, (HEIGHT - 1) / 2)) / WIDTH
    camera = camera_view(pose, tuple(rest))
    rays = (camera.homography @ [u, v, 1])[:, None].astype(np.float32)
    found = camera.still_points(rays, relief)
    assert np.allclose(np.array(found)[:, 0], (x, y), atol=2e-4)


@pytest.fixture(scope="module")
def two_planes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Soft white dots on grey; those in the middle are nearer than the others."""
    folder = tmp_path_factory.mktemp("planes")
    y, x = np.mgrid[0:640, 0:360].astype(np.float64)
    level = np.full((640, 360), 40.0)
    for row in range(80, 640, 120):
        for column in range(60, 360, 120):
            level += 200 * np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * 7.0**2))
    depth = np.where((abs(x - 180) < 60) & (abs(y - 320) < 180), 255, 0)
    image = save(folder / "card.png", np.dstack([level.clip(0, 255).astype(np.uint8)] * 3))
    return image, save(folder / "depth.png", depth.astype(np.uint8))


@pytest.mark.parametrize("move", CAMERA_MOVES)
def test_points_at_any_depth_follow_the_ideal_path(
    move: str, two_planes: tuple[Path, Path]
) -> None:
    slot = shot(*two_planes, motion=Motion(move, 0.5), frames=24, span=24)
    scene = layered(slot)
    rest = np.array(scene.rest)
    extent = measure_extent(slot.motion, scene.framing, (1 - DEPTH, 1.0), 0.06)
    tracks: dict[tuple[int, int], list[np.ndarray]] = {}
    for index, frame in enumerate(render(slot)):
        luma = frame[:HEIGHT].astype(np.float64) - 50
        pose = scene.pose(slot.motion, index / 23)
        for row in range(80, 640, 120):
            for column in (60, 180, 300):
                is_near = column == 180 and 140 < row < 500
                relief = 1.0 if is_near else 1 - DEPTH * extent.strength
                point = ((column - 179.5) / 360, (row - 319.5) / 360)
                ideal = project(point, relief, pose, rest)
                if not (16 < ideal[0] < WIDTH - 16 and 16 < ideal[1] < HEIGHT - 16):
                    continue
                left, top = np.round(ideal).astype(int) - 12
                patch = luma[top : top + 25, left : left + 25].clip(0)
                ys, xs = np.mgrid[0:25, 0:25]
                found = np.array([(patch * xs).sum(), (patch * ys).sum()]) / patch.sum()
                tracks.setdefault((row, column), []).append(found + np.array([left, top]) - ideal)
    assert {(320, 180), (320, 60)} <= tracks.keys()
    errors = np.concatenate([np.array(track) for track in tracks.values()])
    assert np.sqrt(np.mean(errors**2)) < 0.1
    steps = np.concatenate([np.diff(np.array(track), axis=0) for track in tracks.values()])
    assert np.sqrt(np.mean(steps**2)) < 0.05  # No jitter.


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A light box before a dark wall, both with a fine texture."""
    folder = tmp_path_factory.mktemp("box")
    noise = cv2.GaussianBlur(np.random.default_rng(3).normal(size=(640, 360)), (0, 0), 1.0)
    noise = 12 * noise / noise.std()
    y, x = np.mgrid[0:640, 0:360]
    inside = (abs(x - 180) < 70) & (abs(y - 320) < 120)
    level = np.where(inside, 200, 70) + noise.clip(-25, 25)
    image = save(folder / "box.png", np.dstack([level.astype(np.uint8)] * 3))
    return image, save(folder / "depth.png", np.where(inside, 60000, 5000).astype(np.uint16))


def outline(scene: LayeredImage, pose: Pose) -> np.ndarray:
    """Return the positions of the box's corners in a view, in pixels."""
    corners = [(-70, -120), (70, -120), (70, 120), (-70, 120)]
    rest = np.array(scene.rest)
    return np.array(
        [project(((x + 0.0) / 360, y / 360), 1.0, pose, rest) for x, y in corners], np.float32
    )


@pytest.mark.parametrize("move", MOVING)
def test_depth_edges_are_clean_and_disocclusions_inpainted(
    move: str, box: tuple[Path, Path]
) -> None:
    slot = shot(*box, motion=Motion(move, 0.6, "linear"), frames=5, span=5)
    scene = layered(slot)
    for index, frame in enumerate(render(slot)):
        luma = (frame[:HEIGHT].astype(np.float64) - 16) * 255 / 219
        corners = outline(scene, scene.pose(slot.motion, index / 4))
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.fillPoly(mask, [np.round(corners * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        # Corners are rounded by a sample or two of the work grid.
        for corner in corners:
            cv2.circle(mask, np.round(corner).astype(int).tolist(), 4, 128, -1)
        inner = cv2.erode(mask, np.ones((5, 5))) == 255
        outer = cv2.dilate(mask, np.ones((5, 5))) == 0
        # Two pixels from the edge all is box or all is wall: nothing is stretched, no holes.
        assert luma[inner].min() > 150
        assert luma[outer].max() < 120
        assert luma[outer].min() > 20
        # Inpainted parts have the wall's texture; flat patches would be noticed.
        beside = outer & (cv2.dilate(mask, np.ones((13, 13))) > 0)
        assert luma[beside].std() > 0.7 * luma[outer].std()


@pytest.mark.parametrize("width", [216, 270])
def test_a_thin_mast_stays_opaque_in_a_small_frame(tmp_path: Path, width: int) -> None:
    grain = np.random.default_rng(3).integers(110, 160, (640, 360), np.uint8)
    sky = cv2.resize(grain, (1440, 2560), interpolation=cv2.INTER_CUBIC)
    depth = np.full(sky.shape, 20, np.uint8)
    for row in range(300, 2560):
        mast = slice(790 - row // 12, 808 - row // 12)
        sky[row, mast], depth[row, mast] = 25, 170
    slot = shot(
        save(tmp_path / "mast.png", np.dstack([sky] * 3)),
        save(tmp_path / "depth.png", depth),
        width=width,
        height=width * 16 // 9,
        frames=2,
        span=2,
        motion=Motion("orbit_right", 0.35),
    )
    for frame in render(slot):
        rows = frame[width // 2 : width * 3 // 2].astype(float)
        assert np.percentile(rows.min(axis=1), 90) < 80


def test_near_points_move_more_than_far_ones(box: tuple[Path, Path]) -> None:
    for move in MOVING:
        scene = layered(shot(*box, motion=Motion(move, 0.5)))
        rest = np.array(scene.rest)
        ends = [scene.pose(Motion(move, 0.5), share) for share in (0, 1)]
        near, far = (
            np.subtract(*(project((0.15, 0.2), relief, pose, rest) for pose in ends))
            for relief in (1.0, 1 - DEPTH / 2)
        )
        assert np.linalg.norm(near - far) > 0.9, move


random_maps = st.builds(
    lambda seed, side: np.random.default_rng(seed).integers(0, 256, (side, side), np.uint8),
    seed=st.integers(0, 1000),
    side=st.integers(2, 9),
)


@settings(max_examples=25, deadline=None)
@given(
    values=random_maps,
    move=st.sampled_from(MOVING),
    amount=st.floats(0, 1),
    size=st.sampled_from([(180, 320), (400, 320), (180, 700)]),
    focus=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_no_edge_of_the_still_ever_shows(
    tmp_path_factory: pytest.TempPathFactory,
    values: np.ndarray,
    move: str,
    amount: float,
    size: tuple[int, int],
    focus: tuple[float, float],
) -> None:
    folder = tmp_path_factory.mktemp("edge")
    image = np.zeros((size[1], size[0], 3), np.uint8)
    image[[0, -1]] = image[:, [0, -1]] = 255
    slot = shot(
        save(folder / "a.png", image),
        save(folder / "d.png", values),
        motion=Motion(move, amount, "linear", focus=focus),
        frames=3,
        span=3,
        width=90,
        height=160,
    )
    for frame in render(slot):
        assert frame[:160].max() <= 24


def test_overscan_is_small(two_planes: tuple[Path, Path]) -> None:
    for move in MOVING:
        assert layered(shot(*two_planes, motion=Motion(move))).overscan < 1.06


def test_continuation_slots_continue_the_move_bit_for_bit(box: tuple[Path, Path]) -> None:
    slot = shot(*box, motion=Motion("orbit_left", 0.5), frames=12, span=12)
    whole = render(slot)
    parts = render(replace(slot, frames=5)) + render(replace(slot, frames=7, start=5))
    assert len(whole) == 12
    assert all(np.array_equal(one, other) for one, other in zip(whole, parts, strict=True))


def test_the_same_recipe_gives_the_same_bytes(box: tuple[Path, Path]) -> None:
    slot = shot(*box, motion=Motion("push_in"), frames=3, span=3)
    assert [frame.tobytes() for frame in render(slot)] == [f.tobytes() for f in render(slot)]


def test_a_static_shot_repeats_one_frame(box: tuple[Path, Path]) -> None:
    frames = render(shot(*box, motion=Motion("static"), frames=4, span=4))
    assert all(np.array_equal(frames[0], frame) for frame in frames)


@pytest.mark.skipif(mesh.kernel is None, reason="the kernel is not compiled")
def test_opencv_and_the_compiled_kernel_draw_the_same(
    box: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    slot = shot(*box, motion=Motion("orbit_left", 0.8), frames=3, span=3, width=182, height=318)
    compiled = render(slot)
    monkeypatch.setattr(mesh, "kernel", None)
    for one, other in zip(compiled, render(slot), strict=True):
        apart = np.abs(one.astype(int) - other)
        assert apart.max() <= 3
        assert apart.mean() < 0.1


@pytest.mark.skipif(mesh.kernel is None, reason="the kernel is not compiled")
@given(
    st.integers(0, 1 << 32),
    st.floats(-2, 5),
    st.floats(-0.5, 2.5),
    st.floats(-2, 2),
    st.integers(1, 3),
)
@example(0, 1.0, 1.0, 0.0, 3)
@example(1, 1.99, 1.6, 0.02, 2)
@example(2, 4.01, 1.0, 0.0, 2)
def test_the_vectorised_kernel_gives_the_bytes_of_the_scalar_one(
    seed: int, across: float, down: float, roll: float, layers: int
) -> None:
    width, height = 182, 78
    random = np.random.default_rng(seed)
    nodes = mesh.node_places(width, height)[:2] * width

    def plane(rows: int, columns: int) -> np.ndarray:
        return random.uniform(0, 255, (rows, columns)).astype(np.float32)

    drawn = []
    for number in range(layers):
        matte = np.repeat(np.repeat(random.choice([0, 255], (6, 12)), 20, 0), 20, 1)
        matte = cv2.blur(matte.astype(np.uint8), (5, 5)) if number else None
        planes = Planes(plane(120, 240), plane(60, 120), plane(60, 120))
        wavy = random.uniform(-2, 2, nodes.shape)
        # The first layer's last rows and columns are in the frame, those of the others may be.
        middle = np.array([[[width]], [[height]]]) / (1 if number else 0.6)
        places = np.stack([across * nodes[0] + roll * nodes[1], down * nodes[1] - roll * nodes[0]])
        drawn.append((mesh.make_layer(planes, matte), (places + middle + wavy).astype(np.float32)))
    draw, frames = mesh.kernel.draw, []  # type: ignore[union-attr]

    class Recorded:
        is_plain = False

        @classmethod
        def draw(cls, *args: object) -> None:
            draw(*args[:-1], cls.is_plain)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mesh, "kernel", Recorded)
        for Recorded.is_plain in (False, True):
            frames.append(np.zeros((height * 3 // 2, width), np.uint8))
            mesh.draw(frames[-1], drawn)
    assert np.array_equal(*frames)


@pytest.mark.skipif(mesh.kernel is None, reason="the kernel is not compiled")
def test_the_kernel_rejects_buffers_of_wrong_shapes() -> None:
    planes = np.zeros((1, 40, 40), np.int16)
    nodes = np.zeros((2, 5, 5), np.float32)
    noise = np.zeros((64, 32), np.int32)
    draw = mesh.kernel.draw  # type: ignore[union-attr]
    out = np.zeros((1, 32, 32), np.uint8)
    back = (planes, nodes, None, None)
    draw(out, (back,), noise, False, False)
    for bad in (
        (out, ((planes.astype(np.int32), nodes, None, None),), noise),
        (np.zeros((1, 64, 32), np.uint8), (back,), noise),
        (np.zeros((2, 32, 32), np.uint8), (back,), noise),
        (out[0], (back,), noise),
        (out, (back, back), noise),
        (out, (back,), noise[:, :8]),
        (out, (), noise),
        (out, (back,) * 5, noise),
    ):
        with pytest.raises((ValueError, BufferError)):
            draw(*bad, False, False)


def test_unknown_moves_are_rejected(box: tuple[Path, Path]) -> None:
    with pytest.raises(RendererError, match="unknown camera move 'spin'"):
        render(shot(*box, motion=Motion("spin")))


def test_guessed_depth_shifts_points_by_at_most_1_5_percent(
    two_planes: tuple[Path, Path],
) -> None:
    for move in MOVING:
        slot = shot(two_planes[0], motion=Motion(move, 1.0))
        still = load_depth_image(two_planes[0], slot, {})
        scene = layered(slot)
        reliefs = scene.layers[0].relief.values
        rest = np.array(scene.rest)
        ends = [scene.pose(slot.motion, share) for share in (0, 1)]
        for point in ((0, 0), (0.3, 0.5), (-0.4, -0.7)):
            near, far = (
                np.subtract(*(project(point, float(relief), pose, rest) for pose in ends))
                for relief in (reliefs.max(), reliefs.min())
            )
            assert np.linalg.norm(near - far) <= 0.0151 * WIDTH
        assert len(scene.layers) == 1
        assert still.depth.values.max() <= 1


@pytest.mark.parametrize("fit", ["blur", "contain"])
def test_a_letterboxed_still_stays_whole(tmp_path: Path, fit: str) -> None:
    image = save(tmp_path / "wide.png", np.full((200, 400, 3), 220, np.uint8))
    slot = shot(image, fit=fit, motion=Motion("push_in", 0.3), frames=3, span=3)
    middles = []
    for frame in render(slot):
        luma = frame[:HEIGHT].astype(int)
        rows = np.flatnonzero(luma[:, WIDTH // 2] > 190)
        assert abs(rows.mean() - (HEIGHT - 1) / 2) < 1
        assert np.array_equal(rows, np.arange(rows[0], rows[-1] + 1))
        middles.append(len(rows))
    assert middles[0] < middles[1] < middles[2]


def test_keyframes_are_alone_at_their_frames(tmp_path: Path, box: tuple[Path, Path]) -> None:
    black = save(tmp_path / "black.png", np.zeros((640, 360, 3), np.uint8))
    keys = (Keyframe(box[0], 0), Keyframe(black, 11))
    frames = render(shot(*box, keyframes=keys, motion=Motion("pan_left", 0.4)))
    assert frames[-1][:HEIGHT].max() <= 17
    alone = render(shot(*box, motion=Motion("pan_left", 0.4)))
    assert np.array_equal(frames[0], alone[0])


def test_framing_and_poses_are_those_of_the_camera_renderer(box: tuple[Path, Path]) -> None:
    slot = shot(*box, motion=Motion("pan_right", 0.4))
    scene = layered(slot)
    framing = cover_framing(640 / 360, HEIGHT / WIDTH)
    assert scene.framing == framing
    plain = pose_at(slot.motion, 0.25, framing)
    assert scene.pose(slot.motion, 0.25) == replace(plain, zoom=plain.zoom * scene.overscan)


def test_the_closest_view_has_all_detail_of_the_still(tmp_path: Path) -> None:
    width, height, finer = 180, 320, 1.3
    grain = np.random.default_rng(3).normal(128, 40, (round(height * finer), round(width * finer)))
    levels = np.clip(cv2.GaussianBlur(grain, (0, 0), 0.7), 0, 255).round().astype(np.uint8)
    image = save(tmp_path / "grain.png", np.dstack([levels] * 3))
    flat = save(tmp_path / "flat.png", np.full((64, 36), 128, np.uint8))
    slot = shot(image, flat, motion=Motion("push_in", 0.3), width=width, height=height)
    scene = layered(slot)
    pose = scene.pose(slot.motion, 1.0)
    frame = np.empty((height * 3 // 2, width), np.uint8)
    scene.draw(pose, frame)
    # The same view, resampled from the still with a filter for this view alone.
    rows, columns = levels.shape
    step = columns / (width * pose.zoom)
    down, across = (
        axis(count, (side - 1) / 2 - step * (count - 1) / 2, step, side)
        for count, side in ((height, rows), (width, columns))
    )
    ideal = resample(levels, down, across) * (219 / 255) + 16
    found, wanted = (
        cv2.Laplacian(picture.astype(np.float32), cv2.CV_32F)[8:-8, 8:-8].var()
        for picture in (frame[:height], ideal)
    )
    assert 0.9 < found / wanted < 1.15
