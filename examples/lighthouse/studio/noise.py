"""Repeatable noise without seeds: hashes, value noise and fractal sums for compiled code."""

from __future__ import annotations

import math

from numba import njit

FAST = {"fastmath": True, "nogil": True}


@njit(**FAST)
def hash2(x: int, y: int) -> float:
    """Return a number in 0..1 for the lattice point (x, y)."""
    n = (x * 374761393 + y * 668265263) & 0xFFFFFFFF
    n = ((n ^ (n >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((n ^ (n >> 16)) & 0xFFFFFF) / 16777216.0


@njit(**FAST)
def hash3(x: int, y: int, z: int) -> float:
    """Return a number in 0..1 for the lattice point (x, y, z)."""
    n = (x * 374761393 + y * 668265263 + z * 1440662683) & 0xFFFFFFFF
    n = ((n ^ (n >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((n ^ (n >> 16)) & 0xFFFFFF) / 16777216.0


@njit(**FAST)
def noise2(x: float, y: float) -> float:
    """Smooth value noise in 0..1 on the plane."""
    fx, fy = math.floor(x), math.floor(y)
    ix, iy = int(fx), int(fy)
    u, v = x - fx, y - fy
    u = u * u * u * (u * (u * 6 - 15) + 10)
    v = v * v * v * (v * (v * 6 - 15) + 10)
    a, b = hash2(ix, iy), hash2(ix + 1, iy)
    c, d = hash2(ix, iy + 1), hash2(ix + 1, iy + 1)
    return a + (b - a) * u + (c - a + (a - b - c + d) * u) * v


@njit(**FAST)
def noise3(x: float, y: float, z: float) -> float:
    """Smooth value noise in 0..1 in space."""
    fx, fy, fz = math.floor(x), math.floor(y), math.floor(z)
    ix, iy, iz = int(fx), int(fy), int(fz)
    u, v, w = x - fx, y - fy, z - fz
    u = u * u * (3 - 2 * u)
    v = v * v * (3 - 2 * v)
    w = w * w * (3 - 2 * w)
    a = hash3(ix, iy, iz)
    a += (hash3(ix + 1, iy, iz) - a) * u
    b = hash3(ix, iy + 1, iz)
    b += (hash3(ix + 1, iy + 1, iz) - b) * u
    c = hash3(ix, iy, iz + 1)
    c += (hash3(ix + 1, iy, iz + 1) - c) * u
    d = hash3(ix, iy + 1, iz + 1)
    d += (hash3(ix + 1, iy + 1, iz + 1) - d) * u
    a += (b - a) * v
    c += (d - c) * v
    return a + (c - a) * w


@njit(**FAST)
def fbm2(x: float, y: float, octaves: int) -> float:
    """A fractal sum of `noise2`, about 0..1; each octave is rotated against the last."""
    total, weight, norm = 0.0, 0.5, 0.0
    for _ in range(octaves):
        total += weight * noise2(x, y)
        norm += weight
        x, y = 1.62 * x - 1.18 * y + 17.3, 1.18 * x + 1.62 * y + 5.7
        weight *= 0.5
    return total / norm


@njit(**FAST)
def fbm3(x: float, y: float, z: float, octaves: int) -> float:
    """A fractal sum of `noise3`, about 0..1."""
    total, weight, norm = 0.0, 0.5, 0.0
    for _ in range(octaves):
        total += weight * noise3(x, y, z)
        norm += weight
        x, y, z = (
            1.62 * x - 0.9 * y + 0.76 * z + 11.3,
            1.2 * x + 1.5 * y - 0.55 * z + 3.1,
            -0.32 * x + 0.92 * y + 1.75 * z + 7.9,
        )
        weight *= 0.5
    return total / norm


@njit(**FAST)
def smooth(edge0: float, edge1: float, x: float) -> float:
    """Smoothstep; the edges may be in either order."""
    t = min(max((x - edge0) / (edge1 - edge0), 0.0), 1.0)
    return t * t * (3 - 2 * t)
