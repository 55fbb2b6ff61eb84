"""A bank of grass in the foreground, drawn blade by blade from back to front."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .film import Picture

Rgb = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Bank:
    """The bank's edge on the left and right (0..1 of the height), its colours and its wind.

    `root` is the colour in the shade of the turf, `tip` that of the translucent tips.
    `near_m` and `far_m` are its distances from the camera.
    """

    left: float
    right: float
    root: Rgb
    tip: Rgb
    wind: float = 0.5
    blades: int = 9000
    near_m: float = 2.0
    far_m: float = 12.0
    flowers: Rgb | None = None


def plant(
    light: Picture, distance: np.ndarray, bank: Bank, seed: int
) -> tuple[Picture, np.ndarray]:
    """Paint the bank over the picture and its depth, a smooth slope under the blades."""
    height, width = light.shape[:2]
    rng = np.random.default_rng(seed)
    light, bare, distance = light.copy(), distance, distance.copy()
    order = np.sort(rng.random(bank.blades))
    across = rng.uniform(-0.05, 1.05, bank.blades)
    edge = bank.left + (bank.right - bank.left) * across + _ripple(across)
    foot = edge + (1.12 - edge) * order**1.25
    size = (0.016 + 0.105 * order**1.3) * rng.uniform(0.55, 1.35, bank.blades)
    gust = np.sin(across * 5 + foot * 9) * 0.25
    sway = bank.wind * (0.7 + gust) + rng.normal(0, 0.28, bank.blades)
    root, tip = np.array(bank.root), np.array(bank.tip)
    x = np.linspace(0, 1, 40)
    turf = bank.left + (bank.right - bank.left) * x + _ripple(x) + 0.012
    outline = np.concatenate([np.stack([x, turf], 1), [[1.0, 1.1], [0.0, 1.1]]])
    points = np.round(outline * (width, height)).astype(np.int32)
    cv2.fillPoly(light, [points], (root * 0.7).tolist())
    cv2.fillPoly(distance, [points], bank.far_m)
    for i in range(bank.blades):
        near = order[i]
        metres = bank.far_m + (bank.near_m - bank.far_m) * near**0.7
        tone = rng.uniform(0.55, 1.35)
        gold = rng.random() ** 2
        hue = np.array([1 + 0.35 * gold, 1.0, 1 - 0.3 * gold])
        _blade(
            light,
            distance,
            (across[i] * width, foot[i] * height),
            size[i] * height,
            sway[i],
            max(0.8, size[i] * height * 0.022),
            root * tone * hue * (0.45 + 0.4 * (1 - near)),
            tip * tone * hue * (1.0 - 0.45 * near),
            metres,
        )
        if bank.flowers and rng.random() < 0.012 and 0.1 < near < 0.8:
            _flower(
                light, (across[i], foot[i] - size[i] * 0.9), size[i], np.array(bank.flowers), rng
            )
    grown = (distance != bare).astype(np.float32)
    slope = cv2.GaussianBlur(distance * grown, (0, 0), width / 90)
    slope /= np.maximum(cv2.GaussianBlur(grown, (0, 0), width / 90), 1e-3)
    return light, np.where(grown > 0, slope, bare)


def _ripple(across: np.ndarray) -> np.ndarray:
    """Return the height of the bank's edge across the picture."""
    return 0.012 * np.sin(across * 9 + 1) + 0.008 * np.sin(across * 23)


def _blade(
    light: Picture,
    distance: np.ndarray,
    foot: tuple[float, float],
    length: float,
    sway: float,
    thick: float,
    root: np.ndarray,
    tip: np.ndarray,
    metres: float,
) -> None:
    """Draw one tapered, bent blade in four pieces, from root colour to tip colour."""
    t = np.linspace(0, 1, 9)
    x = foot[0] + length * sway * t**1.9
    y = foot[1] - length * (t - 0.22 * abs(sway) * t**2)
    half = thick * (1 - t) ** 0.7
    left = np.stack([x - half, y], 1)
    right = np.stack([x + half, y], 1)
    for piece in range(4):
        a, b = piece * 2, piece * 2 + 2
        outline = np.concatenate([left[a : b + 1], right[a : b + 1][::-1]])
        mix = (piece + 0.5) / 4
        colour = root + (tip - root) * mix**1.5
        points = np.round(outline * 16).astype(np.int32)
        cv2.fillConvexPoly(light, points, colour.tolist(), cv2.LINE_AA, 4)
        cv2.fillConvexPoly(distance, points, metres, cv2.LINE_8, 4)


def _flower(
    light: Picture,
    place: tuple[float, float],
    size: float,
    colour: np.ndarray,
    rng: np.random.Generator,
) -> None:
    height, width = light.shape[:2]
    for _ in range(5):
        x = place[0] * width + rng.normal(0, size * height * 0.045)
        y = place[1] * height + rng.normal(0, size * height * 0.045)
        radius = max(1.0, size * height * rng.uniform(0.018, 0.04))
        centre = (round(x * 16), round(y * 16))
        shade = (colour * rng.uniform(0.5, 1.2)).tolist()
        cv2.circle(light, centre, round(radius * 16), shade, -1, cv2.LINE_AA, 4)
