"""Parameters of a scene as named fields; `pack` lays them out for the compiled code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import coast, sky

Rgb = tuple[float, float, float]
BLACK: Rgb = (0.0, 0.0, 0.0)


def toward(azimuth_deg: float, height_deg: float) -> Rgb:
    """Return a direction: azimuth 0 is +z, 90 is +x."""
    a, h = np.radians(azimuth_deg), np.radians(height_deg)
    return float(np.sin(a) * np.cos(h)), float(np.sin(h)), float(np.cos(a) * np.cos(h))


@dataclass(frozen=True, slots=True)
class Weather:
    """The sky and its lights. `sun` is the moon at night; `flash` is lightning."""

    sun: Rgb
    sun_rgb: Rgb
    zenith: Rgb
    horizon: Rgb
    glow: Rgb
    shade: Rgb
    cloud: Rgb = (1.0, 1.0, 1.0)
    cover: float = 0.0
    cloud_base: float = 700.0
    cloud_top: float = 1500.0
    cloud_scale: float = 0.0011
    stars: float = 0.0
    disc: float = 0.0
    glow_width: float = 0.7
    flash: Rgb = (0.0, 1.0, 0.0)
    flash_rgb: Rgb = BLACK

    def pack(self) -> np.ndarray:
        """Lay the fields out by the indices of `sky`."""
        fields = np.zeros(40)
        fields[sky.SUN_X : sky.SUN_X + 3] = self.sun
        fields[sky.SUN_RGB : sky.SUN_RGB + 3] = self.sun_rgb
        fields[sky.ZENITH_RGB : sky.ZENITH_RGB + 3] = self.zenith
        fields[sky.HORIZON_RGB : sky.HORIZON_RGB + 3] = self.horizon
        fields[sky.GLOW_RGB : sky.GLOW_RGB + 3] = self.glow
        fields[sky.CLOUD_RGB : sky.CLOUD_RGB + 3] = self.cloud
        fields[sky.SHADE_RGB : sky.SHADE_RGB + 3] = self.shade
        fields[sky.COVER] = self.cover
        fields[sky.STARS] = self.stars
        fields[sky.DISC] = self.disc
        fields[sky.CLOUD_BASE] = self.cloud_base
        fields[sky.CLOUD_TOP] = self.cloud_top
        fields[sky.CLOUD_SCALE] = self.cloud_scale
        fields[sky.FLASH_X : sky.FLASH_X + 3] = self.flash
        fields[sky.FLASH_RGB : sky.FLASH_RGB + 3] = self.flash_rgb
        fields[sky.GLOW_WIDTH] = self.glow_width
        return fields


@dataclass(frozen=True, slots=True)
class Ship:
    """Position and pose of the schooner; angles in degrees, `lift` raises it on a wave."""

    x: float
    z: float
    yaw: float = 0.0
    heel: float = 8.0
    scale: float = 1.0
    lift: float = 0.0
    reefed: bool = False


@dataclass(frozen=True, slots=True)
class Coast:
    """The sea, the land and the ship. Lengths in metres, the beam's azimuth in degrees."""

    wave: float = 0.35
    wave_length: float = 18.0
    chop: float = 3.0
    time: float = 3.0
    foam: float = 0.3
    land: bool = True
    lamp: float = 0.0
    windows: float = 0.0
    beam: float = 0.0
    beam_azimuth: float = 0.0
    beam_dip: float = 1.0
    haze: float = 1 / 2200
    ship: Ship | None = None
    deep: Rgb = (0.004, 0.012, 0.018)
    scatter: Rgb = (0.05, 0.14, 0.13)

    def pack(self) -> np.ndarray:
        """Lay the fields out by the indices of `coast`."""
        fields = np.zeros(32)
        fields[coast.WAVE : coast.FOAM + 1] = (
            self.wave,
            self.wave_length,
            self.chop,
            self.time,
            self.foam,
        )
        fields[coast.LAND] = self.land
        fields[coast.LAMP] = self.lamp
        fields[coast.WINDOWS] = self.windows
        fields[coast.BEAM_AZIMUTH] = np.radians(90 - self.beam_azimuth)
        fields[coast.BEAM_DIP] = np.radians(self.beam_dip)
        fields[coast.BEAM_GAIN] = self.beam
        fields[coast.HAZE] = self.haze
        if self.ship:
            fields[coast.SHIP] = 1
            fields[coast.SHIP_X] = self.ship.x
            fields[coast.SHIP_Z] = self.ship.z
            fields[coast.SHIP_YAW] = np.radians(self.ship.yaw)
            fields[coast.SHIP_HEEL] = np.radians(self.ship.heel)
            fields[coast.SHIP_SCALE] = self.ship.scale
            fields[coast.SHIP_LIFT] = self.ship.lift
            fields[coast.SHIP_REEFED] = self.ship.reefed
        fields[coast.DEEP_RGB : coast.DEEP_RGB + 3] = self.deep
        fields[coast.SCATTER_RGB : coast.SCATTER_RGB + 3] = self.scatter
        return fields
