"""The sky: its gradient, volumetric clouds, stars, the Milky Way and the moon."""

from __future__ import annotations

import math

from numba import njit

from .noise import FAST, fbm2, fbm3, hash3, noise3, smooth

# The fields of a sky, in the order of `world.Weather`; colours take three places.
(SUN_X, SUN_Y, SUN_Z) = (0, 1, 2)
SUN_RGB = 3
ZENITH_RGB = 6
HORIZON_RGB = 9
GLOW_RGB = 12
CLOUD_RGB = 15
COVER = 18
STARS = 19
DISC = 20
CLOUD_BASE = 21
CLOUD_TOP = 22
FLASH_X, FLASH_Y, FLASH_Z = 23, 24, 25
FLASH_RGB = 26
CLOUD_SCALE = 29
GLOW_WIDTH = 30
SHADE_RGB = 31


@njit(**FAST)
def air(w, dx: float, dy: float, dz: float) -> tuple[float, float, float]:
    """Return the clear sky in a direction: gradient, and glow around the sun or moon."""
    up = max(dy, 0.0)
    k = 1.0 - math.exp(-up * 4.2)
    toward = dx * w[SUN_X] + dy * w[SUN_Y] + dz * w[SUN_Z]
    flat = math.sqrt(max(1e-6, (w[SUN_X] ** 2 + w[SUN_Z] ** 2) * (dx * dx + dz * dz)))
    azimuth = 0.5 + 0.5 * (dx * w[SUN_X] + dz * w[SUN_Z]) / flat
    band = max(azimuth, 0.0) ** (2.0 + 4 * (1 - w[GLOW_WIDTH])) * math.exp(-up * 6.5)
    halo = min(max(toward, 0.0), 1.0)
    halo = 0.30 * halo**8 + 0.6 * halo**60 + 1.2 * halo**900
    r = w[ZENITH_RGB] * k + w[HORIZON_RGB] * (1 - k)
    g = w[ZENITH_RGB + 1] * k + w[HORIZON_RGB + 1] * (1 - k)
    b = w[ZENITH_RGB + 2] * k + w[HORIZON_RGB + 2] * (1 - k)
    glow = band * 0.9 + halo * w[GLOW_WIDTH]
    r += w[GLOW_RGB] * glow
    g += w[GLOW_RGB + 1] * glow
    b += w[GLOW_RGB + 2] * glow
    return r, g, b


@njit(**FAST)
def _star_field(dx: float, dy: float, dz: float, cells: float, rarity: float) -> float:
    """Return stars on a lattice of directions, of many sizes, few of them bright."""
    x, y, z = dx * cells, dy * cells, dz * cells
    ix, iy, iz = math.floor(x), math.floor(y), math.floor(z)
    total = 0.0
    for ox in range(-1, 2):
        for oy in range(-1, 2):
            for oz in range(-1, 2):
                a, b, c = ix + ox, iy + oy, iz + oz
                h = hash3(a, b, c)
                if h > rarity:
                    px = a + hash3(a + 71, b, c)
                    py = b + hash3(a, b + 73, c)
                    pz = c + hash3(a, b, c + 79)
                    n = math.sqrt(px * px + py * py + pz * pz)
                    ex, ey, ez = px / n - dx, py / n - dy, pz / n - dz
                    size = 0.00042 + 0.00045 * hash3(a, b + 5, c + 9) ** 6
                    d2 = (ex * ex + ey * ey + ez * ez) / (size * size)
                    if d2 < 40 and abs(n - cells) < 1.0:
                        total += (0.15 + 3.2 * hash3(a + 9, b, c + 5) ** 7) * math.exp(-d2)
    return total


@njit(**FAST)
def stars(dx: float, dy: float, dz: float) -> tuple[float, float, float]:
    """Return stars of two populations, and the Milky Way with its dust."""
    s = _star_field(dx, dy, dz, 60.0, 0.86) * 1.6 + _star_field(dx, dy, dz, 130.0, 0.72) * 0.5
    tint = noise3(dx * 40, dy * 40, dz * 40)
    across = dx * 0.80 + dy * 0.42 - dz * 0.43 + 0.06
    across += 0.10 * (fbm3(dx * 3 + 5, dy * 3, dz * 3, 4) - 0.5)
    band = math.exp(-((across / 0.17) ** 2))
    dust = fbm3(dx * 7 + 1.7, dy * 7, dz * 7, 6)
    lane = smooth(0.36, 0.62, fbm3(dx * 11, dy * 11 + 4, dz * 11, 6)) * math.exp(
        -((across / 0.085) ** 2)
    )
    core = band * (0.15 + 1.25 * max(dust - 0.25, 0.0) ** 1.3) * (1 - 0.8 * lane)
    s *= 1 + 1.3 * band
    fade = smooth(0.0, 0.22, dy)
    r = (s * (0.8 + 0.45 * tint) + core * 0.20) * fade
    g = (s * (0.88 + 0.12 * tint) + core * 0.20) * fade
    b = (s * (1.2 - 0.4 * tint) + core * 0.29) * fade
    return r, g, b


@njit(**FAST)
def _density(w, x: float, y: float, z: float, octaves: int) -> float:
    """Return the cloud density at a point: large masses, eroded by finer noise, flat below."""
    base, top = w[CLOUD_BASE], w[CLOUD_TOP]
    h = (y - base) / (top - base)
    if h <= 0.0 or h >= 1.0:
        return 0.0
    s = w[CLOUD_SCALE]
    mass = fbm3(x * s, y * s * 1.6, z * s, octaves)
    wide = noise3(x * s * 0.31 + 3.3, 0.5, z * s * 0.31 + 9.1)
    shape = smooth(0.0, 0.16, h) * (1 - smooth(0.35, 1.0, h))
    d = mass * 0.86 + wide * 0.34 - (1.02 - 0.62 * w[COVER]) + (shape - 1.0) * 0.30
    if d > 0.0 and octaves > 4:
        d -= 0.10 * fbm3(x * s * 9.0, y * s * 9.0, z * s * 9.0, 3) * (1 - min(d * 4, 1.0))
    return max(d, 0.0) * 2.9


@njit(**FAST)
def clouds(w, oy: float, dx: float, dy: float, dz: float, jitter: float, steps: int):
    """March the cloud layer; return its light (r, g, b) and its transmittance."""
    if w[COVER] <= 0.0 or dy < 0.012:
        return 0.0, 0.0, 0.0, 1.0
    t0 = (w[CLOUD_BASE] - oy) / dy
    t1 = (w[CLOUD_TOP] - oy) / dy
    t1 = min(t1, t0 + 5200.0)
    step = (t1 - t0) / steps
    t = t0 + step * jitter
    toward = dx * w[SUN_X] + dy * w[SUN_Y] + dz * w[SUN_Z]
    phase = 0.50 + 1.7 * max(toward, 0.0) ** 12 + 0.4 * max(toward, 0.0) ** 2
    flash = max(dx * w[FLASH_X] + dy * w[FLASH_Y] + dz * w[FLASH_Z], 0.0)
    flash = flash**24 * 1.0 + flash**150 * 1.8
    ar, ag, ab = air(w, dx, 0.05 + 0.35 * dy, dz)
    r = g = b = 0.0
    through = 1.0
    for _ in range(steps):
        x, y, z = dx * t, oy + dy * t, dz * t
        d = _density(w, x, y, z, 6)
        if d > 0.002:
            depth = 0.0
            for k in range(1, 4):
                q = 55.0 * k * k
                lift = max(w[SUN_Y], 0.10)
                depth += _density(w, x + w[SUN_X] * q, y + lift * q, z + w[SUN_Z] * q, 4) * (
                    0.5 + 0.5 * k
                )
            lit = (math.exp(-depth * 1.15) + 0.22 * math.exp(-depth * 0.25)) * phase
            h = (y - w[CLOUD_BASE]) / (w[CLOUD_TOP] - w[CLOUD_BASE])
            sky = 0.35 + 0.65 * h
            ef = flash * math.exp(-d * 0.9)
            cr = w[SUN_RGB] * lit * w[CLOUD_RGB] + w[SHADE_RGB] * sky + w[FLASH_RGB] * ef
            cg = w[SUN_RGB + 1] * lit * w[CLOUD_RGB + 1] + w[SHADE_RGB + 1] * sky
            cg += w[FLASH_RGB + 1] * ef
            cb = w[SUN_RGB + 2] * lit * w[CLOUD_RGB + 2] + w[SHADE_RGB + 2] * sky
            cb += w[FLASH_RGB + 2] * ef
            haze = 1.0 - math.exp(-t / 5200.0)
            cr += (ar - cr) * haze
            cg += (ag - cg) * haze
            cb += (ab - cb) * haze
            alpha = 1.0 - math.exp(-d * step * 0.017)
            r += cr * alpha * through
            g += cg * alpha * through
            b += cb * alpha * through
            through *= 1.0 - alpha
            if through < 0.02:
                break
        t += step
    veil = smooth(0.012, 0.06, dy)
    return r * veil, g * veil, b * veil, 1.0 - (1.0 - through) * veil


@njit(**FAST)
def disc(w, dx: float, dy: float, dz: float) -> tuple[float, float, float]:
    """Return the disc of the sun or moon; `DISC` is its radius in radians."""
    toward = dx * w[SUN_X] + dy * w[SUN_Y] + dz * w[SUN_Z]
    if w[DISC] <= 0.0 or toward < 0.9:
        return 0.0, 0.0, 0.0
    angle = math.acos(min(toward, 1.0))
    edge = 1.0 - smooth(w[DISC] * 0.94, w[DISC] * 1.06, angle)
    if edge <= 0.0:
        return 0.0, 0.0, 0.0
    seas = smooth(
        0.35, 0.68, fbm2((dx - w[SUN_X]) / w[DISC] * 1.3, (dy - w[SUN_Y]) / w[DISC] * 1.3, 5)
    )
    face = edge * (1.0 - 0.42 * seas * w[STARS])
    return w[SUN_RGB] * 1.7 * face, w[SUN_RGB + 1] * 1.7 * face, w[SUN_RGB + 2] * 1.7 * face


@njit(**FAST)
def sky(w, oy: float, dx: float, dy: float, dz: float, jitter: float, steps: int):
    """Return the whole sky in a direction: air, disc, stars and clouds."""
    r, g, b = air(w, dx, dy, dz)
    fr, fg, fb = disc(w, dx, dy, dz)
    r, g, b = r + fr, g + fg, b + fb
    if w[STARS] > 0.0 and fr == 0.0:
        sr, sg, sb = stars(dx, dy, dz)
        r, g, b = r + sr * w[STARS], g + sg * w[STARS], b + sb * w[STARS]
    cr, cg, cb, through = clouds(w, oy, dx, dy, dz, jitter, steps)
    return r * through + cr, g * through + cg, b * through + cb
