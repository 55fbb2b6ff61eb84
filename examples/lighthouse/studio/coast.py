"""The shapes of the coast in metres: sea, headland, lighthouse, cottage and a schooner.

The lighthouse is at x = z = 0; y is height above the calm sea.
"""

from __future__ import annotations

import math

from numba import njit

from .noise import FAST, fbm2, noise2, smooth

# The fields of a scene, in the order of `world.Scene`.
WAVE = 0
WAVE_LENGTH = 1
CHOP = 2
SEA_TIME = 3
FOAM = 4
LAND = 5
LAMP = 6
BEAM_AZIMUTH = 7
BEAM_DIP = 8
BEAM_GAIN = 9
HAZE = 10
SHIP = 11
SHIP_X, SHIP_Z, SHIP_YAW, SHIP_HEEL, SHIP_SCALE = 12, 13, 14, 15, 16
DEEP_RGB = 17
SCATTER_RGB = 20
WET = 23
WINDOWS = 24
SHIP_LIFT = 25
SHIP_REEFED = 26

PLATEAU = 15.0
LAMP_Y = PLATEAU + 24.4

NOTHING, LANDS, PLASTER, GLASS, METAL, ROOF, HULL, SAIL, PANE = 0, 1, 2, 3, 4, 5, 6, 7, 8


@njit(**FAST)
def _wave_octave(x: float, y: float, choppy: float) -> float:
    n = 2 * noise2(x, y) - 1
    x, y = x + n, y + n
    wx, wy = 1 - abs(math.sin(x)), 1 - abs(math.sin(y))
    cx, cy = abs(math.cos(x)), abs(math.cos(y))
    wx, wy = wx + (cx - wx) * wx, wy + (cy - wy) * wy
    return max(1 - max(wx * wy, 0.0) ** 0.65, 0.0) ** choppy


@njit(**FAST)
def sea_height(p, x: float, z: float, octaves: int) -> float:
    """Return the height of the water: sharp crests, wide troughs, after Alekseev's "Seascape"."""
    if p[WAVE] <= 0.0:
        return 0.0
    freq, amp, choppy = 3.2 / p[WAVE_LENGTH], p[WAVE], p[CHOP]
    u, v = x * 0.75, z
    total = 0.0
    t = p[SEA_TIME]
    for _ in range(octaves):
        d = _wave_octave((u + t) * freq, (v + t) * freq, choppy)
        d += _wave_octave((u - t) * freq, (v - t) * freq, choppy)
        total += d * amp
        u, v = 1.6 * u - 1.2 * v, 1.2 * u + 1.6 * v
        freq *= 1.9 / 2.0 * 1.02
        amp *= 0.38
        choppy += (1 - choppy) * 0.2
    return total - 0.55 * p[WAVE]


@njit(**FAST)
def land_height(p, x: float, z: float, octaves: int) -> float:
    """Return the height of the headland: a plateau with broken cliffs, open to the right."""
    point = 1.0 - math.sqrt((x / 27.0) ** 2 + (z / 21.0) ** 2)
    back = 1.0 - math.sqrt(((z - 10.0 - 0.25 * x) / 25.0) ** 2 + (min(x - 8.0, 0.0) / 22.0) ** 2)
    s = max(point, back)
    if s < -1.2:
        return -8.0
    warp = fbm2(x * 0.055 + 7.0, z * 0.055 + 2.0, min(octaves, 4)) - 0.5
    crack = fbm2(x * 0.17 + 1.0, z * 0.17 + 8.0, octaves) - 0.5
    rib = 1.0 - abs(2 * noise2(x * 0.095 + 2.0 * warp, z * 0.095 + 4.0) - 1)
    s += 0.75 * warp + 0.30 * crack + 0.16 * (rib - 0.5)
    flat = 0.34 * smooth(-0.04, 0.05, s) + 0.30 * smooth(0.09, 0.17, s + 0.25 * crack)
    flat += 0.36 * smooth(0.20, 0.58, s + 0.1 * warp)
    top = PLATEAU + 5.0 * (fbm2(x * 0.03 + 31.0, z * 0.03, 3) - 0.5) + 0.05 * max(x - 14.0, 0.0)
    near = math.exp(-(x * x + z * z) / 140.0)
    top = top * (1 - near) + PLATEAU * near
    ledges = 1.0 - abs(2 * noise2(x * 0.16 + 5, z * 0.16) - 1)
    rocks = smooth(-0.75, 0.0, s) * (ledges * ledges * 5.2 - 3.1) - 3.0 * smooth(0.0, -0.8, s)
    h = rocks * (1 - flat) + top * flat**0.8
    return h + (fbm2(x * 0.6, z * 0.6, octaves) - 0.5) * (0.5 + 2.6 * flat * (1 - flat))


@njit(**FAST)
def _box(x: float, y: float, z: float, bx: float, by: float, bz: float) -> float:
    qx, qy, qz = abs(x) - bx, abs(y) - by, abs(z) - bz
    out = math.sqrt(max(qx, 0.0) ** 2 + max(qy, 0.0) ** 2 + max(qz, 0.0) ** 2)
    return out + min(max(qx, qy, qz), 0.0)


@njit(**FAST)
def _tube(r: float, y: float, radius: float, y0: float, y1: float) -> float:
    """Return the distance to a capped cylinder; `r` is the distance from its axis."""
    dr, dy = r - radius, max(y0 - y, y - y1)
    return math.sqrt(max(dr, 0.0) ** 2 + max(dy, 0.0) ** 2) + min(max(dr, dy), 0.0)


@njit(**FAST)
def buildings(p, x: float, y: float, z: float) -> tuple[float, int]:
    """Return the distance to the lighthouse and its cottage, and the nearest part's material."""
    h = y - PLATEAU
    r = math.sqrt(x * x + z * z)
    best, what = 1e9, NOTHING
    k = min(max(h / 22.0, 0.0), 1.0)
    body = max(r - (3.35 - 1.35 * k**0.8 + 0.5 * math.exp(-max(h, 0.0) * 1.4)), h - 22.0, -4.0 - h)
    best, what = body * 0.96, PLASTER
    angle = math.atan2(z, x)
    for row in range(3):
        hy = 5.0 + 6.2 * row
        if abs(h - hy) < 1.2:
            a = angle + 1.9 - 0.45 * row
            slot = _box(a * r, h - hy, 0.0, 0.28, 0.55, 9.0)
            if slot < 0.05 and abs(body) < 0.15 and math.cos(a) > 0:
                what = PANE
    d = _tube(r, h, 3.05, 21.7, 22.15)
    d = min(d, _tube(r, h, 2.6, 21.2, 21.7))
    d = min(d, math.hypot(r - 2.95, h - 23.2) - 0.055)
    d = min(d, math.hypot(r - 2.95, h - 22.7) - 0.035)
    post = (angle / (2 * math.pi / 14.0) + 100.5) % 1.0 - 0.5
    d = min(d, max(math.hypot(r - 2.95, post * 2 * math.pi / 14.0 * r) - 0.045, 22.0 - h, h - 23.2))
    d = min(d, _tube(r, h, 1.62, 22.1, 22.9))
    bar = (angle / (2 * math.pi / 10.0) + 100.25) % 1.0 - 0.5
    d = min(d, max(math.hypot(r - 1.6, bar * 2 * math.pi / 10.0 * r) - 0.05, 22.0 - h, h - 26.0))
    d = min(d, math.hypot(r - 1.6, h - 24.4) - 0.045)
    d = min(d, _tube(r, h, 1.8, 25.75, 25.95))
    dome = math.sqrt(r * r + ((h - 25.9) * 1.25) ** 2) - 1.62
    d = min(d, max(dome, 25.9 - h) * 0.8)
    d = min(d, math.sqrt(r * r + (h - 27.5) ** 2) - 0.3)
    d = min(d, _tube(r, h, 0.045, 27.0, 29.6))
    if d < best:
        best, what = d, METAL
    d = _tube(r, h, 1.5, 22.5, 25.8)
    if d < best:
        best, what = d, GLASS
    cx, cy, cz = x - 10.0, h - 1.4, z - 1.0
    wall = _box(cx, cy, cz, 4.2, 2.0, 2.6)
    if wall < best:
        best, what = wall, PLASTER
        for row in range(2):
            wx = cx + 2.0 - 3.4 * row
            if abs(wx) < 0.42 and abs(cy - 0.1) < 0.55 and cz < 0:
                what = PANE
    slope = (cy - 3.9) * 0.78 + abs(cz) * 0.63
    roof = max(slope, abs(cx) - 4.5, 1.75 - cy)
    roof = min(roof, _box(cx - 3.2, cy - 4.0, cz, 0.42, 1.0, 0.42))
    if roof < best:
        best, what = roof, ROOF
    return best, what


@njit(**FAST)
def _triangle(x, y, ax, ay, bx, by, cx, cy):
    """Signed distance to a triangle in the plane."""
    best, inside = 1e18, 1e18
    turn = 1.0 if (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) > 0 else -1.0
    for edge in range(3):
        ex, ey, fx, fy = ax, ay, bx, by
        if edge == 1:
            ex, ey, fx, fy = bx, by, cx, cy
        elif edge == 2:
            ex, ey, fx, fy = cx, cy, ax, ay
        ux, uy = fx - ex, fy - ey
        vx, vy = x - ex, y - ey
        k = min(max((vx * ux + vy * uy) / (ux * ux + uy * uy), 0.0), 1.0)
        best = min(best, (vx - ux * k) ** 2 + (vy - uy * k) ** 2)
        inside = min(inside, turn * (ux * vy - uy * vx))
    return -math.sqrt(best) if inside > 0 else math.sqrt(best)


@njit(**FAST)
def ship(p, x: float, y: float, z: float) -> tuple[float, int]:
    """Return the distance to a two-masted schooner, bow towards +x, and its material."""
    s = p[SHIP_SCALE]
    x, y, z = (x - p[SHIP_X]) / s, (y - p[SHIP_LIFT]) / s, (z - p[SHIP_Z]) / s
    c, n = math.cos(p[SHIP_YAW]), math.sin(p[SHIP_YAW])
    x, z = c * x + n * z, -n * x + c * z
    far = math.sqrt(x * x + (y - 7) ** 2 + z * z) - 15.0
    if far > 3.0:
        return far * s, HULL
    c, n = math.cos(p[SHIP_HEEL]), math.sin(p[SHIP_HEEL])
    y, z = c * y + n * z, -n * y + c * z
    along = min(max(x / 9.5, -1.0), 1.0)
    sheer = 1.5 + 0.9 * along * along + 0.3 * along
    half = 2.1 * max(1 - abs(along) ** 2.6, 0.0) ** 0.7 * smooth(-2.6, 1.2, y) ** 0.5 + 0.04
    hull = max(abs(z) - half, abs(x) - 9.4 + 0.5 * max(sheer - y, 0.0), y - sheer, -2.4 - y)
    best, what = hull * 0.7, HULL
    cabin = _box(x + 3.0, y - 2.0, z, 1.6, 0.7, 0.9)
    best = min(best, cabin)
    d = math.hypot(x - 2.4, z) - 0.13
    d = max(d, 1.0 - y, y - 14.0)
    d2 = max(math.hypot(x + 3.0, z) - 0.14, 1.0 - y, y - 15.5)
    sprit = math.hypot(y - 2.4 - 0.28 * (x - 9.0), z) - 0.1
    sprit = max(sprit, 7.5 - x, x - 13.5)
    boom = max(math.hypot(y - 3.3, z) - 0.1, -10.6 - x, x + 3.0)
    boom2 = max(math.hypot(y - 3.4, z) - 0.09, -2.2 - x, x - 2.4)
    d = min(d, d2, sprit, boom, boom2)
    if d < best:
        best, what = d, HULL
    belly = z - 0.35 * math.sin(max(min((y - 3.0) / 10.0, 1.0), 0.0) * math.pi)
    t = _triangle(x, y, -3.2, 3.5, -10.4, 3.5, -8.6, 13.2)
    t = min(t, _triangle(x, y, -3.2, 3.5, -8.6, 13.2, -3.2, 11.6))
    t = min(t, _triangle(x, y, 2.2, 3.6, -2.2, 3.6, -1.9, 11.9))
    t = min(t, _triangle(x, y, 2.2, 3.6, -1.9, 11.9, 2.2, 10.4))
    t = min(t, _triangle(x, y, 2.9, 4.2, 8.3, 3.3, 2.8, 12.4))
    t = min(t, _triangle(x, y, 6.0, 4.2, 12.9, 3.9, 3.2, 13.4))
    if p[SHIP_REEFED] > 0:
        # Canvas for a gale: the lower half of each sail, its head cut by the lowered gaff.
        t = max(t, y - 7.9 + 0.05 * (x + 3.2))
    t = max(t, abs(belly) - 0.05) * 0.7
    if t < best:
        best, what = t, SAIL
    return best * s, what
