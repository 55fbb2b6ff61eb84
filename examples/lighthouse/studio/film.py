"""The effects of lens and film stock: bloom, vignette, tone mapping, grade, grain."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

Picture = np.ndarray
"""Height x width x 3, float32, RGB; linear scene light by default."""


@dataclass(frozen=True, slots=True)
class Stock:
    """Parameters of development. The tints multiply RGB in shadows and highlights."""

    exposure: float = 1.0
    bloom: float = 0.10
    threshold: float = 1.0
    vignette: float = 0.32
    grain: float = 0.007
    saturation: float = 1.0
    contrast: float = 1.06
    shadows: tuple[float, float, float] = (0.95, 1.0, 1.08)
    lights: tuple[float, float, float] = (1.03, 1.0, 0.96)


def develop(light: Picture, stock: Stock, seed: int) -> np.ndarray:
    """Develop scene light to an 8-bit RGB picture, dithered by its own grain."""
    light = np.maximum(light, 0.0) * stock.exposure
    light = _bloom(light, stock.bloom, stock.threshold)
    light = light * _vignette(light.shape[:2], stock.vignette)
    picture = _tone(light)
    luma = picture @ np.float32([0.2126, 0.7152, 0.0722])
    picture = luma[..., None] + (picture - luma[..., None]) * stock.saturation
    weight = luma[..., None]
    tint = np.float32(stock.shadows) * (1 - weight) + np.float32(stock.lights) * weight
    picture = picture * tint
    picture = np.clip(0.5 + (picture - 0.5) * stock.contrast, 0.0, 1.0)
    picture += _grain(luma, stock.grain, seed)
    return (np.clip(picture, 0.0, 1.0) * 255 + 0.5).astype(np.uint8)


def _bloom(light: Picture, amount: float, threshold: float) -> Picture:
    """Add glow at four sizes, from a narrow halo to a veil over the frame."""
    height, width = light.shape[:2]
    small = cv2.resize(light, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    level = small.max(axis=2, keepdims=True)
    bright = small * np.clip(level - threshold, 0, None) / np.maximum(level, 1e-4)
    bright = np.minimum(bright, 30.0)
    glow = np.zeros_like(small)
    for size, weight in ((0.004, 0.42), (0.014, 0.28), (0.045, 0.18), (0.13, 0.12)):
        glow += weight * cv2.GaussianBlur(bright, (0, 0), size * small.shape[1])
    glow = cv2.resize(glow, (width, height), interpolation=cv2.INTER_CUBIC)
    soft = cv2.GaussianBlur(light, (0, 0), width / 260)
    return light * (1 - 0.12) + soft * 0.12 + np.maximum(glow, 0) * amount * 8


def _vignette(shape: tuple[int, int], amount: float) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j].astype(np.float32)
    r2 = (x * 0.75) ** 2 + (y * 0.95) ** 2
    return (1 - amount * np.clip(r2, 0, 1.5) ** 1.2)[..., None]


def _tone(light: Picture) -> Picture:
    """Tone-map by Narkowicz's fit to ACES, then apply an sRGB-like gamma."""
    x = light * 0.8
    x = x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14)
    return np.clip(x, 0.0, 1.0) ** np.float32(1 / 2.2)


def _grain(luma: np.ndarray, amount: float, seed: int) -> np.ndarray:
    """Return soft grain, strongest in the midtones; it also prevents banding."""
    rng = np.random.default_rng(seed)
    fine = rng.standard_normal(luma.shape, np.float32)
    grain = 0.45 * fine + 1.5 * cv2.GaussianBlur(fine, (0, 0), 0.9)
    strength = amount * (0.45 + 1.1 * np.sqrt(np.clip(luma, 0, 1)) * (1.15 - luma))
    return (grain * strength)[..., None]
