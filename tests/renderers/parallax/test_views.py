"""Views of a small world against ground truth.

The world consists of cards, each with a texture that continues behind the others: a sky, the ground
in front of it, a tower and a mast, whose edges cross each other. Occluded parts of a card have to
be inpainted; everything else can be exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from otio_gvideo.renderers.base import Motion
from otio_gvideo.renderers.camera.poses import Pose
from otio_gvideo.renderers.parallax.layered_scene import LayeredImage
from otio_gvideo.renderers.parallax.perspective import camera_view

from .test_parallax import layered, save, shot

WIDTH, HEIGHT = 540, 960
STILL = 720, 1280
FINER = 2
"""Samples to a pixel, along each axis."""


def grain(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(512, 512)).astype(np.float32)
    octaves = sum(cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (2, 6))
    return np.asarray(octaves / octaves.std(), np.float32)


@dataclass(frozen=True)
class Card:
    """A card: depth 0..1, level, texture, and the distance of a point inside its edge."""

    depth: float
    level: float
    texture: np.ndarray
    inside: Callable[[np.ndarray, np.ndarray], np.ndarray]

    def levels(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return levels at points of the still, in its widths from the middle."""
        columns, rows = ((v * 400 + 256).astype(np.float32) for v in (x, y))
        found = cv2.remap(self.texture, columns, rows, cv2.INTER_LINEAR, None, cv2.BORDER_WRAP)
        return np.asarray(self.level + 10 * found)


def bar(left: float, right: float, top: float) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    return lambda x, y: np.minimum(np.minimum(x - left, right - x), y - top)


CARDS = (
    Card(0.0, 170, grain(1), lambda x, y: np.ones_like(x)),
    Card(0.3, 90, grain(2), lambda x, y: y - 0.1),
    Card(0.6, 220, grain(3), bar(-0.02, 0.2, -0.4)),
    Card(1.0, 40, grain(4), bar(-0.1, -0.07, -1.0)),
)


def world(
    place: Callable[[float], tuple[np.ndarray, np.ndarray]], sample: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return visible levels and depth; ``place`` maps a depth to the still points at that depth."""
    level, depth = None, None
    for card in CARDS:
        x, y = place(card.depth)
        cover = np.clip(0.5 + card.inside(x, y) / sample, 0, 1)
        level = card.levels(x, y) * cover + (0 if level is None else level * (1 - cover))
        depth = np.where(cover > 0.5, card.depth, 0 if depth is None else depth)
    return level, depth


def grid(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0 : height * FINER, 0 : width * FINER].astype(np.float32)
    return tuple(
        (v + 0.5) / (FINER * width) - side / (2 * width) for v, side in ((x, width), (y, height))
    )


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("world")
    level, depth = world(lambda _: grid(*STILL), 1 / (FINER * STILL[0]))
    small = cv2.resize(level, STILL, interpolation=cv2.INTER_AREA).clip(0, 255).round()
    image = save(folder / "world.png", np.dstack([small.astype(np.uint8)] * 3))
    return image, save(folder / "depth.png", (depth[::4, ::4] * 65535).astype(np.uint16))


def truth(
    scene: LayeredImage, pose: Pose, reliefs: dict[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the levels of a camera's view, and a mask around the edges of cards."""
    x, y = grid(WIDTH, HEIGHT)
    camera = camera_view(pose, scene.rest)
    rays = np.tensordot(camera.homography, np.stack([x, y, np.ones_like(x)]), 1)
    level, depth = world(lambda d: camera.still_points(rays, reliefs[d]), 1 / (FINER * WIDTH))
    edges = cv2.morphologyEx(depth.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0
    near = cv2.dilate(edges.astype(np.uint8), np.ones((13, 13), np.uint8))
    size = (WIDTH, HEIGHT)
    return cv2.resize(level, size, interpolation=cv2.INTER_AREA), near[::FINER, ::FINER] > 0


@pytest.mark.parametrize(
    ("move", "amount", "at_edges", "elsewhere"),
    [("orbit_left", 0.3, 25, 38.5), ("orbit_left", 0.6, 25.5, 38), ("push_in", 1.0, 26.5, 52)],
)
def test_views_across_crossing_depth_edges_match_ground_truth(
    still: tuple[Path, Path], move: str, amount: float, at_edges: float, elsewhere: float
) -> None:
    slot = shot(*still, motion=Motion(move, amount), width=WIDTH, height=HEIGHT)
    scene = layered(slot)
    # Depth 0 and 1 have the least and the largest relief.
    front = max(float(drawn.relief.values.max()) for drawn in scene.layers)
    back = min(float(drawn.relief.values.min()) for drawn in scene.layers)
    reliefs = {card.depth: back + (front - back) * card.depth for card in CARDS}
    for share in (0.0, 1.0):
        pose = scene.pose(slot.motion, share)
        frame = np.empty((HEIGHT * 3 // 2, WIDTH), np.uint8)
        scene.draw(pose, frame)
        ideal, edges = truth(scene, pose, reliefs)
        off = ((frame[:HEIGHT].astype(np.float64) - 16) * 255 / 219 - ideal) ** 2
        psnr = [10 * np.log10(255**2 / off[part].mean()) for part in (edges, ~edges)]
        assert psnr[0] > at_edges
        assert psnr[1] > elsewhere
