"""The shots of the film: camera, weather, coast and film stock of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from . import film, grass, inside, tempest, world
from .camera import Expose, View, shoot
from .film import Picture, Stock
from .grass import Bank
from .weather import Coast, Ship, Weather, toward

Overlay = Callable[[Picture, np.ndarray], tuple[Picture, np.ndarray]]


@dataclass(frozen=True, slots=True)
class Outdoors:
    """A picture of the coast; `overlay` paints over it without rays: rain, grass."""

    view: View
    weather: Weather
    coast: Coast
    stock: Stock
    depth: bool = False
    cloud_steps: int = 64
    overlay: Overlay | None = None


DUSK = Weather(
    sun=toward(-22, 5),
    sun_rgb=(2.5, 1.12, 0.46),
    zenith=(0.030, 0.070, 0.165),
    horizon=(0.26, 0.20, 0.24),
    glow=(0.80, 0.30, 0.10),
    shade=(0.050, 0.055, 0.095),
    cover=0.60,
    cloud_scale=0.0019,
    glow_width=0.45,
)
MOONLIT = Weather(
    sun=toward(1.5, 15.0),
    sun_rgb=(0.52, 0.60, 0.74),
    zenith=(0.003, 0.008, 0.024),
    horizon=(0.016, 0.034, 0.068),
    glow=(0.040, 0.060, 0.100),
    shade=(0.006, 0.010, 0.020),
    cover=0.45,
    cloud_scale=0.0026,
    stars=0.35,
    disc=0.016,
    glow_width=0.9,
)
STORM = Weather(
    sun=toward(120, 40),
    sun_rgb=(0.15, 0.19, 0.23),
    zenith=(0.010, 0.016, 0.024),
    horizon=(0.060, 0.082, 0.092),
    glow=(0.03, 0.05, 0.06),
    shade=(0.012, 0.018, 0.026),
    cover=0.80,
    cloud_base=380.0,
    cloud_top=1500.0,
    cloud_scale=0.0030,
    glow_width=0.3,
)
STARRY = Weather(
    sun=toward(38, 3),
    sun_rgb=(0.10, 0.10, 0.13),
    zenith=(0.004, 0.010, 0.030),
    horizon=(0.028, 0.062, 0.105),
    glow=(0.22, 0.12, 0.06),
    shade=(0.005, 0.008, 0.016),
    cover=0.0,
    stars=1.0,
    glow_width=0.3,
)
DAWN = Weather(
    sun=toward(-2.5, 5.2),
    sun_rgb=(2.5, 1.30, 0.55),
    zenith=(0.055, 0.165, 0.360),
    horizon=(0.24, 0.21, 0.23),
    glow=(0.50, 0.22, 0.07),
    shade=(0.085, 0.085, 0.130),
    cover=0.50,
    cloud_scale=0.0030,
    disc=0.014,
    glow_width=0.7,
)
MORNING = Weather(
    sun=toward(-48, 20),
    sun_rgb=(2.6, 1.95, 1.30),
    zenith=(0.07, 0.18, 0.40),
    horizon=(0.42, 0.50, 0.58),
    glow=(0.40, 0.28, 0.15),
    shade=(0.18, 0.21, 0.28),
    cover=0.60,
    cloud_scale=0.0022,
    glow_width=0.5,
)


@dataclass(frozen=True, slots=True)
class Indoors:
    """A picture of one of the tower's rooms: the stairs, or the lamp room."""

    view: View
    lamp_room: bool
    stock: Stock
    depth: bool = True


def _storm(light: Picture, distance: np.ndarray) -> tuple[Picture, np.ndarray]:
    light = tempest.bolt(light, distance, (0.24, -0.02), (0.17, 0.60), seed=11)
    return tempest.rain(light, 0.9, slant_deg=-14, seed=5), distance


def _gale(light: Picture, distance: np.ndarray) -> tuple[Picture, np.ndarray]:
    light = tempest.bolt(light, distance, (0.78, -0.02), (0.88, 0.575), seed=4)
    return tempest.rain(light, 1.0, slant_deg=-20, seed=6), distance


def _bank(bank: Bank, seed: int) -> Overlay:
    return partial(grass.plant, bank=bank, seed=seed)


SHOTS: dict[str, Outdoors | Indoors] = {
    "stairs": Indoors(
        view=View(eye=(0.25, 0.9, 0.75), target=(-0.30, -6.0, -0.30), height_deg=78),
        lamp_room=False,
        stock=Stock(exposure=1.5, contrast=1.1),
    ),
    "lamp": Indoors(
        view=View(eye=(0.45, -0.30, -2.72), target=(0.0, -0.12, 0.0), height_deg=86, shift=-0.06),
        lamp_room=True,
        stock=Stock(exposure=1.15, contrast=1.16),
    ),
    "dusk": Outdoors(
        view=View(eye=(-62, 9, -118), target=(2, 9, 0), height_deg=46, shift=0.34),
        weather=DUSK,
        coast=Coast(wave=0.45, foam=0.35, windows=1.0, lamp=0.35),
        stock=Stock(exposure=0.85, contrast=1.12),
        depth=True,
    ),
    "ship": Outdoors(
        view=View(eye=(-60, 5, -330), target=(-22, 5, 0), height_deg=29, shift=0.24),
        weather=replace(MOONLIT, sun=toward(4.5, 15.2), disc=0.008),
        coast=Coast(
            wave=0.55,
            lamp=1.3,
            windows=0.7,
            beam=1.4,
            beam_azimuth=203,
            haze=1 / 1500,
            ship=Ship(x=-50, z=-150, yaw=25, heel=6),
        ),
        stock=Stock(exposure=0.86, contrast=1.12),
        depth=True,
    ),
    "calm": Outdoors(
        view=View(eye=(-30, 4.5, -100), target=(3, 4.5, 0), height_deg=52, shift=0.42),
        weather=replace(MOONLIT, sun=toward(-42, 24)),
        coast=Coast(wave=0.35, lamp=1.0, beam=0.9, beam_azimuth=240, haze=1 / 1200, windows=0.6),
        stock=Stock(exposure=1.3, contrast=1.1),
    ),
    "storm": Outdoors(
        view=View(eye=(-30, 4.5, -100), target=(3, 4.5, 0), height_deg=52, shift=0.42),
        weather=replace(STORM, flash=toward(9, 28), flash_rgb=(0.26, 0.31, 0.42)),
        coast=Coast(
            wave=1.45,
            wave_length=40,
            chop=4.4,
            foam=0.9,
            lamp=1.0,
            beam=1.2,
            beam_azimuth=240,
            haze=1 / 600,
            windows=0.6,
        ),
        stock=Stock(exposure=1.3, contrast=1.14),
        depth=True,
        overlay=_storm,
    ),
    "gale": Outdoors(
        view=View(eye=(-10, 6.5, -62), target=(2, 6.0, 0), height_deg=46, shift=0.14, roll_deg=4),
        weather=replace(STORM, flash=toward(16, 22), flash_rgb=(0.26, 0.31, 0.42)),
        coast=Coast(
            wave=3.0,
            wave_length=56,
            chop=4.8,
            foam=0.9,
            land=False,
            haze=1 / 500,
            ship=Ship(x=2, z=0, yaw=24, heel=-20, lift=2.6, reefed=True),
        ),
        stock=Stock(exposure=1.3, contrast=1.14),
        depth=True,
        overlay=_gale,
    ),
    "moon": Outdoors(
        view=View(eye=(0, 3.0, 0), target=(-4, 3.0, 100), height_deg=44, shift=0.22),
        weather=MOONLIT,
        coast=Coast(wave=0.6, wave_length=20, land=False, chop=3.6),
        stock=Stock(exposure=1.2, contrast=1.1),
    ),
    "stars": Outdoors(
        view=View(eye=(-46, 5, -84), target=(0, 5, 0), height_deg=66, shift=0.55),
        weather=STARRY,
        coast=Coast(wave=0.25, lamp=1.0, beam=0.8, beam_azimuth=292, beam_dip=-3, windows=0.7),
        stock=Stock(exposure=1.4, contrast=1.1),
        depth=True,
    ),
    "sail": Outdoors(
        view=View(eye=(0, 5, -120), target=(0, 5, 0), height_deg=34, shift=0.18),
        weather=DAWN,
        coast=Coast(wave=0.4, land=False, ship=Ship(x=4, z=-20, yaw=155, heel=6)),
        stock=Stock(exposure=0.62, contrast=1.1),
        depth=True,
    ),
    "home": Outdoors(
        view=View(eye=(-96, 30, -92), target=(4, 24, 0), height_deg=44, shift=0.0),
        weather=MORNING,
        coast=Coast(wave=0.4, foam=0.5, ship=Ship(x=-30, z=260, yaw=-20)),
        stock=Stock(exposure=0.62, contrast=1.1),
        depth=True,
        overlay=_bank(
            Bank(
                left=0.72,
                right=0.84,
                root=(0.045, 0.055, 0.018),
                tip=(0.85, 0.78, 0.30),
                flowers=(1.3, 0.55, 0.75),
                near_m=9.0,
                far_m=30.0,
            ),
            seed=3,
        ),
    ),
    "evening": Outdoors(
        view=View(eye=(-210, 3.5, -420), target=(-6, 3.5, 0), height_deg=32, shift=0.46),
        weather=replace(
            DUSK,
            sun=toward(19, 2.2),
            cover=0.66,
            disc=0.0,
            sun_rgb=(2.4, 1.0, 0.40),
            glow=(1.0, 0.36, 0.11),
        ),
        coast=Coast(wave=0.40, lamp=1.0, beam=0.55, beam_azimuth=228, haze=1 / 1300, windows=0.8),
        stock=Stock(exposure=0.82, contrast=1.14),
        depth=True,
    ),
}


def paint(name: str, scale: float = 1.0) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the 8-bit RGB picture, and its depth map (near is white) if it has one."""
    shot = SHOTS[name]
    seed = sum(name.encode())
    light, distance = shoot(_exposer(shot), shot.view.shift, scale, seed)
    if isinstance(shot, Outdoors) and shot.overlay:
        light, distance = shot.overlay(light, distance)
    picture = film.develop(light, shot.stock, seed)
    return picture, nearness(distance) if shot.depth else None


def _exposer(shot: Outdoors | Indoors) -> Expose:
    camera = shot.view.pack()
    if isinstance(shot, Indoors):
        room = shot.lamp_room
        return lambda xs, ys, _jitter, light, depth: inside.expose(
            camera, room, xs, ys, light, depth
        )
    weather, scene, steps = shot.weather.pack(), shot.coast.pack(), shot.cloud_steps
    return lambda xs, ys, jitter, light, depth: world.expose(
        camera, weather, scene, xs, ys, jitter, steps, light, depth
    )


def nearness(distance: np.ndarray) -> np.ndarray:
    """Convert metres to 8-bit nearness: the root of inverse depth separates far layers."""
    inverse = 1.0 / np.maximum(distance, 1e-3)
    low, high = np.percentile(inverse, (0.5, 99.5))
    level = np.clip((inverse - low) / (high - low), 0, 1) ** 0.5
    small = cv2.resize(level, (720, 1280), interpolation=cv2.INTER_AREA)
    return (small * 255 + 0.5).astype(np.uint8)
