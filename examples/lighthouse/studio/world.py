"""The outdoor ray marcher: solids, waves, haze and the lighthouse's beams.

The length of a ray is the picture's exact depth.
"""

from __future__ import annotations

import math

from numba import njit

from . import coast, sky
from .noise import FAST, fbm2, fbm3, noise2, smooth

FAR = 9000.0


@njit(**FAST)
def _solid(p, x: float, y: float, z: float, octaves: int) -> tuple[float, int]:
    best, what = 1e9, coast.NOTHING
    if p[coast.LAND] > 0:
        ground = (y - coast.land_height(p, x, z, octaves)) * 0.42 if y < 24.0 else y - 23.0
        best, what = ground, coast.LANDS
        r = math.sqrt(x * x + z * z)
        if r < 22.0:
            d, m = coast.buildings(p, x, y, z)
            if d < best:
                best, what = d, m
        else:
            best = min(best, r - 20.5) if y > 24.0 else best
    if p[coast.SHIP] > 0:
        d, m = coast.ship(p, x, y, z)
        if d < best:
            best, what = d, m
    return best, what


@njit(**FAST)
def _march(p, ox, oy, oz, dx, dy, dz, limit, steps) -> tuple[float, int]:
    t = 0.4
    for _ in range(steps):
        d, what = _solid(p, ox + dx * t, oy + dy * t, oz + dz * t, 4)
        if d < 0.0006 * t + 0.002:
            return t, what
        t += max(d, 0.002)
        if t > limit or (dy >= 0 and oy + dy * t > 60.0):
            break
    return FAR, coast.NOTHING


@njit(**FAST)
def _sea_hit(p, ox, oy, oz, dx, dy, dz) -> float:
    """Return the distance along a ray to the waves, or FAR."""
    high = 2.4 * p[coast.WAVE]
    if dy >= 0 and oy > high:
        return FAR
    t = max((high - oy) / dy, 0.3) if oy > high else 0.3
    flat = -oy / dy if dy < -1e-6 else FAR
    for _ in range(160):
        x, y, z = ox + dx * t, oy + dy * t, oz + dz * t
        if y > high and dy >= 0:
            return FAR
        d = y - coast.sea_height(p, x, z, 3)
        if d < 0.0012 * t:
            return t
        t += max(d * 0.55, 0.002 * t)
        if t > 700.0 + 60 * p[coast.WAVE]:
            return max(flat, t) if flat < FAR else FAR
    return max(flat, t) if flat < FAR else t


@njit(**FAST)
def _shadow(p, w, x, y, z) -> float:
    """Return the visibility of the sun or moon from a point on land (soft shadow)."""
    t, light = 0.6, 1.0
    for _ in range(40):
        d, _what = _solid(p, x + w[sky.SUN_X] * t, y + w[sky.SUN_Y] * t, z + w[sky.SUN_Z] * t, 3)
        light = min(light, 9.0 * d / t)
        if light < 0.02 or t > 70:
            break
        t += min(max(d, 0.25), 6.0)
    return max(light, 0.0)


@njit(**FAST)
def _solid_normal(p, what, x, y, z, dx, dz, t):
    """Return the unit normal of a surface, at the resolution of a pixel at that distance."""
    if what == coast.SAIL:
        # A sail is thinner than the difference step; its normal is across its ship.
        nx, ny, nz = -math.sin(p[coast.SHIP_YAW]), 0.05, math.cos(p[coast.SHIP_YAW])
        if nx * dx + nz * dz > 0:
            nx, nz = -nx, -nz
    elif what == coast.LANDS:
        e = max(0.05, t * 0.0014)
        nx = coast.land_height(p, x - e, z, 7) - coast.land_height(p, x + e, z, 7)
        nz = coast.land_height(p, x, z - e, 7) - coast.land_height(p, x, z + e, 7)
        ny = 2 * e
    else:
        e = max(0.02, t * 0.0011)
        nx = _solid(p, x + e, y, z, 3)[0] - _solid(p, x - e, y, z, 3)[0]
        ny = _solid(p, x, y + e, z, 3)[0] - _solid(p, x, y - e, z, 3)[0]
        nz = _solid(p, x, y, z + e, 3)[0] - _solid(p, x, y, z - e, 3)[0]
    n = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
    return nx / n, ny / n, nz / n


@njit(**FAST)
def _ground(x, y, z, ny):
    """Return colour and roughness of rock: strata, dark when wet, under turf."""
    rough = fbm3(x * 0.9, y * 2.6, z * 0.9, 6)
    strata = 0.5 + 0.5 * math.sin(y * 2.1 + 5.0 * fbm2(x * 0.12, z * 0.12 + y * 0.05, 4))
    tone = 0.46 + 0.80 * rough + 0.24 * strata
    r, g, b = 0.150 * tone, 0.128 * tone, 0.110 * tone
    wet = 1 - smooth(0.4, 3.6 + 2.0 * rough, y)
    r, g, b = r * (1 - 0.6 * wet), g * (1 - 0.58 * wet), b * (1 - 0.52 * wet)
    turf = smooth(0.62, 0.82, ny + 0.35 * (fbm2(x * 0.35, z * 0.35, 5) - 0.5))
    turf *= smooth(6.0, 10.5, y)
    blade = fbm2(x * 2.3, z * 2.3, 5)
    dry = fbm2(x * 0.11 + 3, z * 0.11, 4)
    shade = 0.45 + 1.1 * blade
    r += ((0.10 + 0.09 * dry) * shade - r) * turf
    g += ((0.115 + 0.03 * dry) * shade - g) * turf
    b += ((0.042 + 0.015 * dry) * shade - b) * turf
    return r, g, b, rough


@njit(**FAST)
def _paint(what, x, y, z):
    """Return the albedo of buildings and the ship."""
    if what == coast.PLASTER:
        tone = (
            0.52 + 0.30 * fbm3(x * 0.7, y * 0.16, z * 0.7, 6) + 0.12 * fbm3(x * 3, y * 3, z * 3, 4)
        )
        return 0.78 * tone, 0.75 * tone, 0.70 * tone
    if what == coast.ROOF:
        tone = 0.6 + 0.8 * noise2(x * 3.0, y * 4.0 + z)
        return 0.10 * tone, 0.085 * tone, 0.08 * tone
    if what == coast.HULL:
        plank = smooth(0.0, 0.16, abs((y * 2.6) % 1.0 - 0.5) * 2)
        tone = (0.55 + 0.45 * plank) * (0.7 + 0.6 * fbm3(x * 1.1, y * 5, z * 1.1, 4))
        return 0.085 * tone, 0.062 * tone, 0.050 * tone
    if what == coast.SAIL:
        seam = smooth(0.0, 0.10, abs((y * 0.52) % 1.0 - 0.5) * 2)
        tone = (0.80 + 0.2 * seam) * (0.72 + 0.5 * fbm2(y * 0.5, x * 0.5, 4))
        return 0.78 * tone, 0.71 * tone, 0.60 * tone
    if what == coast.METAL:
        return 0.055, 0.060, 0.066
    return 0.03, 0.033, 0.038


@njit(**FAST)
def _solid_light(p, w, what, ox, oy, oz, dx, dy, dz, t):
    """Shade land, walls, metal and sails under sun, sky, flash and lamp."""
    x, y, z = ox + dx * t, oy + dy * t, oz + dz * t
    nx, ny, nz = _solid_normal(p, what, x, y, z, dx, dz, t)
    if what == coast.PANE:
        k = p[coast.WINDOWS]
        return 2.6 * k + 0.01, 1.25 * k + 0.01, 0.38 * k + 0.012
    if what == coast.GLASS:
        h = (y - coast.LAMP_Y) / 1.2
        core = math.exp(-h * h * 1.2) * (0.25 + 0.75 * max(-(nx * dx + nz * dz), 0.0) ** 1.5)
        core *= p[coast.LAMP]
        ar, ag, ab = sky.air(w, 2 * nx * 0.7 + dx, 0.25, 2 * nz * 0.7 + dz)
        return 30 * core + 0.25 * ar, 20 * core + 0.25 * ag, 9.5 * core + 0.25 * ab
    hollow = 1.0
    if what == coast.LANDS:
        r, g, b, rough = _ground(x, y, z, ny)
        bend = (rough - 0.5) * 1.5
        nx, nz = nx + bend * 0.7 * (1 - ny), nz - bend * 0.5 * (1 - ny)
        hollow = smooth(-1.0, 1.6, y - coast.land_height(p, x + nx * 2.2, z + nz * 2.2, 3))
        hollow = 0.3 + 0.7 * hollow
    else:
        r, g, b = _paint(what, x, y, z)
    sun = nx * w[sky.SUN_X] + ny * w[sky.SUN_Y] + nz * w[sky.SUN_Z]
    if what == coast.SAIL:
        # Cloth is translucent: backlit it glows, and shadows of masts are ignored.
        sun = 0.16 + 0.62 * abs(sun)
    elif sun > 0:
        lift = 0.15 if what == coast.LANDS else 0.6
        sun *= _shadow(p, w, x + nx * lift, y + ny * lift, z + nz * lift)
    sun = max(sun, 0.0) * 1.25
    zr, zg, zb = sky.air(w, nx, max(ny, 0.25), nz)
    up = (0.35 + 0.65 * (0.5 + 0.5 * ny)) * hollow
    lr = w[sky.SUN_RGB] * sun + (zr * 0.95 + w[sky.SHADE_RGB] * 0.7) * up
    lg = w[sky.SUN_RGB + 1] * sun + (zg * 0.95 + w[sky.SHADE_RGB + 1] * 0.7) * up
    lb = w[sky.SUN_RGB + 2] * sun + (zb * 0.95 + w[sky.SHADE_RGB + 2] * 0.7) * up
    flash = 0.25 + max(nx * w[sky.FLASH_X] + ny * 0.4 + nz * w[sky.FLASH_Z], 0.0) * 1.2
    lr += w[sky.FLASH_RGB] * flash
    lg += w[sky.FLASH_RGB + 1] * flash
    lb += w[sky.FLASH_RGB + 2] * flash
    if p[coast.LAMP] > 0 and p[coast.LAND] > 0:
        ax, ay, az = -x, coast.LAMP_Y - y, -z
        d2 = ax * ax + ay * ay + az * az
        facing = 0.4 + 0.6 * max((nx * ax + ny * ay + nz * az) / math.sqrt(d2), 0.0)
        near = 7.0 * p[coast.LAMP] * facing / (1.5 + d2)
        lr, lg, lb = lr + near, lg + near * 0.62, lb + near * 0.26
    return r * lr, g * lg, b * lb


@njit(**FAST)
def _glint(lx, ly, lz, dx, dy, dz, nx, ny, nz, variance) -> float:
    """Return the specular reflection of facets with slopes scattered around the wave's."""
    hx, hy, hz = lx - dx, ly - dy, lz - dz
    n = math.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9
    hx, hy, hz = hx / n, hy / n, hz / n
    if hy < 0.02 or ny < 0.02:
        return 0.0
    ax, az = hx / hy - nx / ny, hz / hy - nz / ny
    d = math.exp(-(ax * ax + az * az) / (2 * variance)) / (6.2832 * variance * hy**4)
    grazing = max(-(dx * hx + dy * hy + dz * hz), 0.0)
    fresnel = 0.02 + 0.98 * (1 - grazing) ** 5
    return d * fresnel * 0.25 / max(abs(dx * nx + dy * ny + dz * nz), 0.12)


@njit(**FAST)
def _wave_normal(p, x, z, dx, dy, dz, t):
    """Return the unit normal of the water, always facing the eye, and the water's height."""
    e = max(0.02, t * 0.0012)
    octaves = 9
    if t > 60:
        octaves = 7
    if t > 200:
        octaves = 5
    h = coast.sea_height(p, x, z, octaves)
    nx = coast.sea_height(p, x - e, z, octaves) - coast.sea_height(p, x + e, z, octaves)
    nz = coast.sea_height(p, x, z - e, octaves) - coast.sea_height(p, x, z + e, octaves)
    ny = 2 * e
    fade = 1.0 / (1.0 + (t / 900.0) ** 2)
    nx, nz = nx * fade, nz * fade
    n = math.sqrt(nx * nx + ny * ny + nz * nz)
    nx, ny, nz = nx / n, ny / n, nz / n
    facing = -(dx * nx + dy * ny + dz * nz)
    if facing < 0.03:
        # A facet facing away is occluded by its own crest: bend it back into view.
        k = 0.03 - facing
        nx, ny, nz = nx - dx * k, ny - dy * k, nz - dz * k
        n = math.sqrt(nx * nx + ny * ny + nz * nz)
        nx, ny, nz = nx / n, ny / n, nz / n
    return nx, ny, nz, h


@njit(**FAST)
def _mirrored(p, w, x, y, z, rx, ry, rz, jitter):
    """Return the reflection in the water: sky, clouds, and nearby solids."""
    if p[coast.LAND] > 0 and x * x + z * z < 130.0**2:
        hit, what = _march(p, x, max(y, 0.0) + 0.3, z, rx, ry, rz, 90.0, 44)
        if hit < FAR:
            return _solid_light(p, w, what, x, max(y, 0.0) + 0.3, z, rx, ry, rz, hit)
    elif p[coast.SHIP] > 0:
        hit, what = _march(p, x, y + 0.2, z, rx, ry, rz, 60.0, 40)
        if hit < FAR:
            return _solid_light(p, w, what, x, y + 0.2, z, rx, ry, rz, hit)
    r, g, b = sky.air(w, rx, ry, rz)
    cr, cg, cb, through = sky.clouds(w, 0.0, rx, ry, rz, jitter, 9)
    return r * through + cr, g * through + cg, b * through + cb


@njit(**FAST)
def _foam(p, x, z, crest, t):
    """Return the share of foam: torn crests, streaks down the wind, surf at the rocks."""
    lace = fbm2(x * 0.9, z * 0.9, 6)
    veins = 1 - abs(2 * fbm2(x * 0.40 + 2.2 * lace, z * 0.40, 6) - 1)
    streak = 1 - abs(2 * fbm2(x * 0.16 + 1.2 * lace, z * 0.75 + 0.8 * lace, 6) - 1)
    torn = crest * 0.58 + 0.9 * (lace - 0.5) + 0.35 * (veins - 0.7)
    foam = smooth(0.72, 1.12, torn)
    foam += smooth(0.86, 0.985, streak) * (0.12 + 0.42 * min(crest, 1.0))
    foam += smooth(0.90, 0.995, veins) * 0.25 * crest
    foam *= p[coast.FOAM]
    if p[coast.LAND] > 0 and x * x + z * z < 160.0**2:
        ground = coast.land_height(p, x, z, 4)
        surf = smooth(-5.2, -0.6, ground + 2.6 * (lace - 0.5)) * (0.35 + 0.9 * veins * veins)
        foam += surf * min(0.5 + p[coast.WAVE], 1.0)
    fine = fbm2(x * 3.1, z * 3.1, 5)
    foam = min(max(foam, 0.0), 1.0) * (0.25 + 0.95 * smooth(0.28, 0.68, fine))
    return min(foam, 1.0) / (1 + t / 900.0)


@njit(**FAST)
def _glitter(p, w, x, y, z, dx, dy, dz, nx, ny, nz, t):
    """Return the glitter of sun or moon on the water, and of the lamp."""
    variance = 0.0060 + 0.018 * min(p[coast.WAVE], 1.0) * (1 - math.exp(-t / 160.0))
    spark = fbm2(x * 9.0 / (1 + t * 0.02), z * 9.0 / (1 + t * 0.05), 3)
    spark = 0.08 + 2.7 * max(spark - 0.46, 0.0)
    shine = _glint(w[sky.SUN_X], w[sky.SUN_Y], w[sky.SUN_Z], dx, dy, dz, nx, ny, nz, variance)
    shine = min(shine, 6.0) * spark * w[sky.DISC] * 80.0
    r, g, b = w[sky.SUN_RGB] * shine, w[sky.SUN_RGB + 1] * shine, w[sky.SUN_RGB + 2] * shine
    if p[coast.LAMP] > 0 and p[coast.LAND] > 0:
        lx, ly, lz = -x, coast.LAMP_Y - y, -z
        d = math.sqrt(lx * lx + ly * ly + lz * lz)
        shine = _glint(lx / d, ly / d, lz / d, dx, dy, dz, nx, ny, nz, variance)
        shine = min(shine, 8.0) * spark * p[coast.LAMP] * 0.55 / (1 + (d / 260.0) ** 2)
        r, g, b = r + shine, g + shine * 0.66, b + shine * 0.30
    return r, g, b


@njit(**FAST)
def _sea_light(p, w, ox, oy, oz, dx, dy, dz, t, jitter):
    """Shade the water: reflection, subsurface glow, foam and glitter."""
    x, z = ox + dx * t, oz + dz * t
    nx, ny, nz, y = _wave_normal(p, x, z, dx, dy, dz, t)
    facing = -(dx * nx + dy * ny + dz * nz)
    rough = min(t / 1500.0, 1.0)
    fresnel = 0.02 + 0.98 * (1 - facing) ** 5 * (1 - 0.45 * rough)
    rx, ry, rz = dx + 2 * facing * nx, dy + 2 * facing * ny, dz + 2 * facing * nz
    ry = max(ry, 0.0) + 0.025 + 0.10 * rough
    n = math.sqrt(rx * rx + ry * ry + rz * rz)
    sr, sg, sb = _mirrored(p, w, x, y, z, rx / n, ry / n, rz / n, jitter)
    # Light transmitted through the water, most at thin, backlit crests.
    crest = min(max(y / (1.3 * p[coast.WAVE] + 0.05) + 0.25, 0.0), 1.2)
    crest *= crest / (1 + t / 500.0)
    toward = 0.35 + 0.65 * max(dx * w[sky.SUN_X] + dz * w[sky.SUN_Z], 0.0) ** 2
    lum = w[sky.SUN_RGB + 1] * 0.5 + w[sky.FLASH_RGB + 1] * 0.5 + w[sky.ZENITH_RGB + 2]
    glow = crest * toward * lum * (0.45 + 0.55 * (1 - ny) * 4)
    r = p[coast.DEEP_RGB] + p[coast.SCATTER_RGB] * glow
    g = p[coast.DEEP_RGB + 1] + p[coast.SCATTER_RGB + 1] * glow
    b = p[coast.DEEP_RGB + 2] + p[coast.SCATTER_RGB + 2] * glow
    r, g, b = r + (sr - r) * fresnel, g + (sg - g) * fresnel, b + (sb - b) * fresnel
    foam = _foam(p, x, z, crest, t)
    zr, zg, zb = sky.air(w, 0.0, 0.7, 0.3)
    lit = max(w[sky.SUN_Y], 0.12) * 1.1
    slope = 0.55 + 0.9 * max(ny - 0.5, 0.0)
    fr = (zr * 0.9 + w[sky.SUN_RGB] * lit + w[sky.SHADE_RGB] + w[sky.FLASH_RGB] * 0.3) * slope
    fg = (zg * 0.9 + w[sky.SUN_RGB + 1] * lit + w[sky.SHADE_RGB + 1]) * slope
    fg += w[sky.FLASH_RGB + 1] * 0.3 * slope
    fb = (zb * 0.9 + w[sky.SUN_RGB + 2] * lit + w[sky.SHADE_RGB + 2]) * slope
    fb += w[sky.FLASH_RGB + 2] * 0.3 * slope
    r, g, b = r + (0.8 * fr - r) * foam, g + (0.8 * fg - g) * foam, b + (0.8 * fb - b) * foam
    hr, hg, hb = _glitter(p, w, x, y, z, dx, dy, dz, nx, ny, nz, t)
    dull = 1 - 0.8 * foam
    return r + hr * dull, g + hg * dull, b + hb * dull


@njit(**FAST)
def _beam(p, ox, oy, oz, dx, dy, dz, t, turn):
    """Return the light scattered by one of the lamp's beams, a Gaussian cone, in closed form."""
    dip = p[coast.BEAM_DIP]
    ax = math.cos(turn) * math.cos(dip)
    ay = -math.sin(dip)
    az = math.sin(turn) * math.cos(dip)
    wx, wy, wz = ox, oy - coast.LAMP_Y, oz
    b = dx * ax + dy * ay + dz * az
    d = dx * wx + dy * wy + dz * wz
    e = ax * wx + ay * wy + az * wz
    sin2 = max(1 - b * b, 0.0025)
    along = (b * e - d) / sin2
    along = min(max(along, 0.0), t)
    s = e + along * b
    if s < -2.0:
        return 0.0
    px, py, pz = wx + dx * along - ax * s, wy + dy * along - ay * s, wz + dz * along - az * s
    radius = 0.62 + 0.026 * max(s, 0.0)
    near = math.exp(-(px * px + py * py + pz * pz) / (radius * radius))
    dust = 0.78 + 0.44 * fbm3(
        (ox + dx * along) * 0.035, (oy + dy * along) * 0.05, (oz + dz * along) * 0.035, 4
    )
    ahead = 0.55 + 0.9 * max(-b, 0.0) ** 2
    reach = smooth(-2.0, 2.0, s) * 4.0 / (3.0 + s * 0.20) * math.exp(-max(s, 0.0) / 900.0)
    return near * reach * dust * ahead / math.sqrt(math.sqrt(sin2))


@njit(**FAST)
def _haze(p, w, r, g, b, dx, dy, dz, t):
    """Apply aerial perspective towards the colour of the low sky behind."""
    k = 1 - math.exp(-((t * p[coast.HAZE]) ** 1.15))
    hr, hg, hb = sky.air(w, dx, 0.015, dz)
    return r + (hr - r) * k, g + (hg - g) * k, b + (hb - b) * k


@njit(**FAST)
def trace(cam, w, p, px, py, jitter, steps):
    """Trace one ray: its light (r, g, b) and its length in metres, FAR for the sky."""
    dx = cam[3] * px + cam[6] * py + cam[9] * cam[12]
    dy = cam[4] * px + cam[7] * py + cam[10] * cam[12]
    dz = cam[5] * px + cam[8] * py + cam[11] * cam[12]
    n = math.sqrt(dx * dx + dy * dy + dz * dz)
    dx, dy, dz = dx / n, dy / n, dz / n
    ox, oy, oz = cam[0], cam[1], cam[2]
    water = _sea_hit(p, ox, oy, oz, dx, dy, dz)
    t, what = _march(p, ox, oy, oz, dx, dy, dz, min(water, 1400.0), 260)
    if t < water:
        r, g, b = _solid_light(p, w, what, ox, oy, oz, dx, dy, dz, t)
        glass = what == coast.GLASS
        if not glass:
            r, g, b = _haze(p, w, r, g, b, dx, dy, dz, t)
    elif water < FAR:
        t = water
        r, g, b = _sea_light(p, w, ox, oy, oz, dx, dy, dz, t, jitter)
        r, g, b = _haze(p, w, r, g, b, dx, dy, dz, t)
    else:
        r, g, b = sky.sky(w, oy, dx, dy, dz, jitter, steps)
        t = FAR
    if p[coast.BEAM_GAIN] > 0:
        glow = _beam(p, ox, oy, oz, dx, dy, dz, t, p[coast.BEAM_AZIMUTH])
        glow += _beam(p, ox, oy, oz, dx, dy, dz, t, p[coast.BEAM_AZIMUTH] + math.pi)
        glow *= p[coast.BEAM_GAIN]
        r, g, b = r + glow, g + glow * 0.86, b + glow * 0.64
    return r, g, b, t


@njit(**FAST)
def expose(cam, w, p, xs, ys, jitter, steps, light, depth):
    """Trace many rays: `xs`, `ys` on the film (y up, half height 1) into `light`, `depth`."""
    for i in range(xs.shape[0]):
        r, g, b, t = trace(cam, w, p, xs[i], ys[i], jitter[i], steps)
        light[i, 0], light[i, 1], light[i, 2] = r, g, b
        depth[i] = t
