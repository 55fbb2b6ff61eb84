"""Two rooms of the tower: the stairs seen from above, and the lamp room with its lens.

Lengths in metres. In `stairs` y = 0 is the camera's landing, and the well goes down; in
`lantern` the lens is at x = z = 0, and y = 0 is the height of the flame.
"""

from __future__ import annotations

import math

from numba import njit

from .noise import FAST, fbm2, fbm3, hash2, noise2, smooth

SHAFT = 2.7
WELL = 0.95
RISE = 0.21
STEPS_A_TURN = 22
PITCH = RISE * STEPS_A_TURN
BOTTOM = -34.0
KEEPER_ANGLE = 4.30
KEEPER_TURN = -2.0
KEEPER_R = 1.62

STONE, TREAD, IRON, CLOTH, FLAME, DAY, BRASS, LENS, PANE, FLOOR = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10


@njit(**FAST)
def _capsule(x, y, z, ax, ay, az, bx, by, bz, ra, rb):
    """Return the distance to a rounded cone between two points."""
    ux, uy, uz = bx - ax, by - ay, bz - az
    vx, vy, vz = x - ax, y - ay, z - az
    k = (vx * ux + vy * uy + vz * uz) / (ux * ux + uy * uy + uz * uz)
    k = min(max(k, 0.0), 1.0)
    d = math.sqrt((vx - ux * k) ** 2 + (vy - uy * k) ** 2 + (vz - uz * k) ** 2)
    return d - (ra + (rb - ra) * k)


@njit(**FAST)
def _keeper_foot():
    """Return the position of the keeper on the stairs."""
    step = math.floor(KEEPER_ANGLE / (2 * math.pi) * STEPS_A_TURN)
    y = (step + STEPS_A_TURN * KEEPER_TURN + 1) * RISE
    return KEEPER_R * math.cos(KEEPER_ANGLE), y, KEEPER_R * math.sin(KEEPER_ANGLE)


@njit(**FAST)
def _lantern():
    """Return the position of his lantern: ahead of him, over the rail."""
    a = KEEPER_ANGLE + 0.34
    _x, y, _z = _keeper_foot()
    return 1.25 * math.cos(a), y + 1.12, 1.25 * math.sin(a)


@njit(**FAST)
def _wall(y, r, angle):
    """The tower's wall from inside: courses of stone, broken by windows."""
    row = math.floor(y / 0.42)
    along = angle / (2 * math.pi) * 22.0 + 0.5 * (row % 2)
    stone = math.floor(along + 0.5)
    ex = (along - stone) * 0.75
    ey = y - (row + 0.5) * 0.42
    joint = min(0.375 - abs(ex), 0.21 - abs(ey))
    bulge = 0.035 * smooth(0.0, 0.05, joint) + 0.03 * hash2(int(row), int(stone))
    level = math.floor((y + 1.3) / 4.2)
    wy = y - (level * 4.2 + 0.6)
    wa = (angle - 4.25 + 1.35 * (level % 3)) * r
    if abs(wa) < 0.34 and wy < 0.62 and wy > -0.55:
        deep = SHAFT + 0.75 - r
        return deep, (DAY if deep < 0.05 else STONE)
    return SHAFT + 0.05 - r - bulge, STONE


@njit(**FAST)
def _flight(y, r, turn, angle, lap):
    """One turn of the stairs: treads, balusters and the rail, by the distance to each."""
    tread, iron = 1e9, 1e9
    cell = math.floor(turn * STEPS_A_TURN)
    for side in range(-1, 2):
        i = cell + side
        top = (i + 1) * RISE + lap * PITCH
        mid = (i + 0.5) * 2 * math.pi / STEPS_A_TURN
        da = r * abs(angle - mid)
        dz = da - r * math.pi / STEPS_A_TURN * 1.10
        dy = max(y - top, top - 0.20 - y)
        dr = max(WELL - r, r - SHAFT - 0.2)
        d = math.sqrt(max(dz, 0.0) ** 2 + max(dy, 0.0) ** 2 + max(dr, 0.0) ** 2)
        tread = min(tread, d + min(max(dz, dy, dr), 0.0) - 0.008)
        post = math.hypot(da, r - WELL - 0.06) - 0.014
        iron = min(iron, max(post, top - y, y - top - 0.92))
    rail = (y - (PITCH * turn + RISE * 0.5 + lap * PITCH + 0.95)) * 0.82
    return tread, min(iron, math.hypot(r - WELL - 0.06, rail) - 0.034)


@njit(**FAST)
def _keeper(x, y, z):
    """A man in a long coat and a cap, his arm held out with the lantern; and its flame."""
    fx, fy, fz = _keeper_foot()
    lx, ly, lz = _lantern()
    if (x - fx) ** 2 + (z - fz) ** 2 + (y - fy - 1) ** 2 > 6.0:
        return 1.0, 1.0
    a = KEEPER_ANGLE + math.pi / 2
    ax, az = math.cos(a), math.sin(a)
    sx, sz = -az * 0.17, ax * 0.17
    coat = _capsule(x, y, z, fx, fy + 0.12, fz, fx, fy + 1.05, fz, 0.26, 0.15)
    chest = _capsule(x, y, z, fx - sx, fy + 1.28, fz - sz, fx + sx, fy + 1.28, fz + sz, 0.12, 0.12)
    blend = max(0.10 - abs(coat - chest), 0.0)
    body = min(coat, chest) - blend * blend * 2.5
    hx, hz = fx + ax * 0.04, fz + az * 0.04
    head = _capsule(x, y, z, hx, fy + 1.52, hz, hx, fy + 1.58, hz, 0.095, 0.10)
    crown = max(math.hypot(x - hx, z - hz) - 0.135, abs(y - fy - 1.66) - 0.035) - 0.02
    px, pz = hx + ax * 0.10, hz + az * 0.10
    peak = max(math.hypot(x - px, z - pz) - 0.10, abs(y - fy - 1.63) - 0.006)
    body = min(body, head, crown, peak)
    ex, ey, ez = (fx + lx) / 2 + sx * 0.4, fy + 1.12, (fz + lz) / 2 + sz * 0.4
    near = 1.0 if (lx - fx) * sx + (lz - fz) * sz > 0 else -1.0
    arm = _capsule(x, y, z, fx + sx * near, fy + 1.28, fz + sz * near, ex, ey, ez, 0.075, 0.055)
    arm = min(arm, _capsule(x, y, z, ex, ey, ez, lx, ly + 0.26, lz, 0.055, 0.04))
    arm = min(arm, max(math.hypot(x - lx, z - lz) - 0.07, abs(y - ly - 0.15) - 0.015))
    flame = math.sqrt((x - lx) ** 2 + ((y - ly) * 0.7) ** 2 + (z - lz) ** 2) - 0.070
    return min(body, arm), flame


@njit(**FAST)
def _stairs(x, y, z):
    """Return the distance to the nearest part of the stairwell, and its material."""
    r = math.sqrt(x * x + z * z)
    angle = math.atan2(z, x)
    if angle < 0:
        angle += 2 * math.pi
    turn = angle / (2 * math.pi)
    best, what = _wall(y, r, angle)
    lap = math.floor(y / PITCH - turn + 0.5)
    for k in range(2):
        tread, iron = _flight(y, r, turn, angle, lap + k)
        if tread < best:
            best, what = tread, TREAD
        if iron < best:
            best, what = iron, IRON
    if y - BOTTOM < best:
        best, what = y - BOTTOM, TREAD
    body, flame = _keeper(x, y, z)
    if body < best:
        best, what = body, CLOTH
    if flame < best:
        best, what = flame, FLAME
    return best, what


@njit(**FAST)
def _room(x, y, z):
    """The lamp room: lens, pedestal, glazing, floor, cowl."""
    r = math.sqrt(x * x + z * z)
    angle = math.atan2(z, x)
    v = y / 1.32
    radius = 0.95 if abs(v) < 0.62 else 0.95 - 0.62 * (abs(v) - 0.62) ** 1.3
    best = max(r - radius, abs(y) - 1.42) * 0.75
    what = LENS
    eighth = math.pi / 4
    seam = angle / eighth
    seam = (seam - math.floor(seam + 0.5) + 0.5) % 1.0 - 0.5
    # frames stand between panels; panels are centred on multiples of an eighth, turned a little
    frame = abs(abs(seam) - 0.5) * eighth * r
    d = max(math.sqrt(frame * frame + (r - radius - 0.01) ** 2) - 0.020, abs(y) - 1.44)
    for ring in range(4):
        h = (-1.40, -0.82, 0.82, 1.40)[ring]
        rr = 0.95 if abs(h) < 1.0 else 0.69
        d = min(d, math.sqrt((r - rr - 0.005) ** 2 + (y - h) ** 2) - 0.026)
    dome = math.sqrt(r * r + ((y - 1.42) * 1.7) ** 2) - 0.62
    d = min(d, max(dome, 1.42 - y) * 0.6)
    d = min(d, max(r - 0.05, 1.4 - y, y - 1.95))
    if d < best:
        best, what = d, BRASS
    base = max(r - 0.78, abs(y + 1.56) - 0.10)
    base = min(base, max(r - 0.4 - 0.1 * smooth(-2.0, -1.6, y), -3.2 - y, y + 1.6))
    base = min(base, max(r - 0.9, abs(y + 1.74) - 0.04))
    if base < best:
        best, what = base, IRON
    wide = 2.9
    glaze = wide - r
    bars = 16.0
    a = angle / (2 * math.pi) * bars + 0.5
    lean = y * 0.42
    one = abs((a + lean) % 1.0 - 0.5) * 2 * math.pi * r / bars
    two = abs((a - lean) % 1.0 - 0.5) * 2 * math.pi * r / bars
    bar = math.sqrt((min(one, two) * 0.85) ** 2 + (r - wide + 0.02) ** 2) - 0.030
    bar = min(bar, math.sqrt((r - wide + 0.03) ** 2 + (y + 1.5) ** 2) - 0.06)
    bar = min(bar, math.sqrt((r - wide + 0.03) ** 2 + (y - 2.05) ** 2) - 0.06)
    parapet = max(wide - 0.04 - r, y + 1.5)
    bar = min(bar, parapet)
    ceiling = 2.05 + (wide - r) * 0.45 - y
    rib = abs(a % 1.0 - 0.5) * 2 * math.pi * r / bars
    ceiling -= 0.04 * (1 - smooth(0.02, 0.05, rib))
    bar = min(bar, ceiling * 0.85)
    if bar < best:
        best, what = bar, IRON
    if y + 2.7 < best:
        best, what = y + 2.7, FLOOR
    if glaze < best:
        best, what = glaze, PANE
    return best, what


@njit(**FAST)
def _shape(lamp, x, y, z):
    if lamp:
        return _room(x, y, z)
    return _stairs(x, y, z)


@njit(**FAST)
def _march(lamp, ox, oy, oz, dx, dy, dz, limit):
    t = 0.02
    what = 0
    for _ in range(420):
        d, what = _shape(lamp, ox + dx * t, oy + dy * t, oz + dz * t)
        if d < 0.0004 * t + 0.0005:
            return t, what
        t += d * 0.7
        if t > limit:
            break
    return limit, what


@njit(**FAST)
def _normal(lamp, x, y, z, e):
    nx = _shape(lamp, x + e, y, z)[0] - _shape(lamp, x - e, y, z)[0]
    ny = _shape(lamp, x, y + e, z)[0] - _shape(lamp, x, y - e, z)[0]
    nz = _shape(lamp, x, y, z + e)[0] - _shape(lamp, x, y, z - e)[0]
    n = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
    return nx / n, ny / n, nz / n


@njit(**FAST)
def _hollow(lamp, x, y, z, nx, ny, nz):
    """Return ambient occlusion, from five steps along the normal."""
    shut = 0.0
    weight = 1.0
    for k in range(1, 6):
        q = 0.07 * k * k
        d = _shape(lamp, x + nx * q, y + ny * q, z + nz * q)[0]
        shut += (q - min(d, q)) * weight / q
        weight *= 0.75
    return max(1 - 0.36 * shut, 0.0)


@njit(**FAST)
def _visible(lamp, x, y, z, lx, ly, lz, size, stop):
    """Soft shadow from a light of radius `size`; the march ends `stop` short of it."""
    ax, ay, az = lx - x, ly - y, lz - z
    n = math.sqrt(ax * ax + ay * ay + az * az)
    ax, ay, az = ax / n, ay / n, az / n
    t, light = 0.03, 1.0
    for _ in range(90):
        if t > n - stop:
            break
        d, _what = _shape(lamp, x + ax * t, y + ay * t, z + az * t)
        light = min(light, d * n / (size * t))
        if light < 0.01:
            return 0.0
        t += max(d * 0.7, 0.008)
    return light


@njit(**FAST)
def _glow(ox, oy, oz, dx, dy, dz, t, lx, ly, lz, core):
    """Return light scattered by dust around a point light: the closed integral of 1 / d^2."""
    vx, vy, vz = lx - ox, ly - oy, lz - oz
    b = vx * dx + vy * dy + vz * dz
    h = math.sqrt(max(vx * vx + vy * vy + vz * vz - b * b, 0.0) + core * core)
    return (math.atan((t - b) / h) + math.atan(b / h)) / h


@njit(**FAST)
def _matter(what, x, y, z):
    """Return the albedo of stone, worn treads, iron and cloth."""
    grain = fbm3(x * 7, y * 7, z * 7, 6) * 0.7 + (fbm3(x * 26, y * 26, z * 26, 5) - 0.5) * 0.55
    if what == STONE:
        tone = 0.45 + grain
        damp = smooth(0.5, 0.75, fbm2(math.atan2(z, x) * 4, y * 0.5, 4))
        return (
            0.40 * tone * (1 - 0.4 * damp),
            0.37 * tone * (1 - 0.33 * damp),
            0.34 * tone * (1 - 0.33 * damp),
        )
    if what == TREAD:
        worn = math.exp(-(((math.hypot(x, z) - 1.75) / 0.4) ** 2))
        tone = 0.52 + 0.8 * grain + 0.18 * worn
        return 0.38 * tone, 0.355 * tone, 0.33 * tone
    if what == IRON:
        return 0.05, 0.05, 0.055
    return 0.016, 0.019, 0.028


@njit(**FAST)
def _windows(x, y, z, nx, ny, nz):
    """Return blue daylight from the windows in the wall, as small area lights."""
    total = 0.0
    for level in range(-6, 1):
        a = 4.25 - 1.35 * (level % 3)
        wx, wy, wz = (SHAFT + 0.2) * math.cos(a), level * 4.2 + 0.6, (SHAFT + 0.2) * math.sin(a)
        bx, by, bz = wx - x, wy - y, wz - z
        e2 = bx * bx + by * by + bz * bz
        if e2 < 30.0:
            e = math.sqrt(e2)
            lit = max((nx * bx + ny * by + nz * bz) / e, 0.0)
            lit *= max((bx * math.cos(a) + bz * math.sin(a)) / e, 0.0)
            if lit > 0.01:
                sx, sy, sz = x + nx * 0.03, y + ny * 0.03, z + nz * 0.03
                total += lit / (0.25 + e2) * _visible(False, sx, sy, sz, wx, wy, wz, 0.5, 0.5)
    return total


@njit(**FAST)
def _stairs_light(ox, oy, oz, dx, dy, dz):
    """Return the light from the stairwell along a ray, and the ray's length."""
    t, what = _march(False, ox, oy, oz, dx, dy, dz, 48.0)
    x, y, z = ox + dx * t, oy + dy * t, oz + dz * t
    lx, ly, lz = _lantern()
    if what == FLAME:
        return 26.0, 15.0, 5.6, t
    if what == DAY:
        sky = 0.75 + 0.4 * fbm2(x * 3, y * 3, 3)
        return 0.30 * sky, 0.52 * sky, 0.92 * sky, t
    nx, ny, nz = _normal(False, x, y, z, 0.004 + 0.0006 * t)
    bend = 0.1
    if what == STONE:
        bend = 0.55
    elif what == TREAD:
        bend = 0.22
    nx += (fbm3(x * 16 + 9, y * 16, z * 16, 4) - 0.5) * bend
    ny += (fbm3(x * 16, y * 16 + 9, z * 16, 4) - 0.5) * bend
    nz += (fbm3(x * 16, y * 16, z * 16 + 9, 4) - 0.5) * bend
    n = math.sqrt(nx * nx + ny * ny + nz * nz)
    nx, ny, nz = nx / n, ny / n, nz / n
    cr, cg, cb = _matter(what, x, y, z)
    ax, ay, az = lx - x, ly - y, lz - z
    d2 = ax * ax + ay * ay + az * az
    d = math.sqrt(d2)
    sx, sy, sz = x + nx * 0.02, y + ny * 0.02, z + nz * 0.02
    light = max((nx * ax + ny * ay + nz * az) / d, 0.0)
    if light > 0:
        light *= _visible(False, sx, sy, sz, lx, ly, lz, 0.07, 0.16) * 7.5 / (0.35 + d2)
    open_ = _hollow(False, x, y, z, nx, ny, nz)
    warm = open_ * (0.30 * math.exp(-d / 2.6) + 0.09 * math.exp(-d / 6.5))
    above = math.exp(y / 4.5) * (0.35 + 0.65 * max(ny * 0.7 + 0.3, 0.0))
    cold = open_ * (0.26 * above + 0.010 + 0.85 * _windows(x, y, z, nx, ny, nz))
    vr = light + warm + cold * 0.42
    vg = light * 0.56 + warm * 0.50 + cold * 0.70
    vb = light * 0.20 + warm * 0.17 + cold * 1.25
    shine = 0.0
    if what == IRON:
        hx, hy, hz = ax / d - dx, ay / d - dy, az / d - dz
        n = math.sqrt(hx * hx + hy * hy + hz * hz)
        shine = max((nx * hx + ny * hy + nz * hz) / n, 0.0) ** 40 * (light * 0.25 + 0.02)
    dust = 0.016 * _glow(ox, oy, oz, dx, dy, dz, t, lx, ly, lz, 0.10)
    air = 1 - math.exp(-max(t - 4.0, 0.0) * 0.018)
    return (
        cr * vr + shine + dust + 0.003 * air,
        cg * vg + shine * 0.6 + dust * 0.55 + 0.006 * air,
        cb * vb + shine * 0.25 + dust * 0.2 + 0.012 * air,
        t,
    )


@njit(**FAST)
def _outside(dx, dy, dz):
    """Dusk over the sea, through the panes."""
    k = 1 - math.exp(-max(dy, 0.0) * 4.0)
    side = 0.5 + 0.5 * (0.95 * dx + 0.3 * dz)
    r = 0.30 * (1 - k) + 0.020 * k + 0.42 * side * math.exp(-max(dy, 0.0) * 9)
    g = 0.20 * (1 - k) + 0.045 * k + 0.16 * side * math.exp(-max(dy, 0.0) * 9)
    b = 0.24 * (1 - k) + 0.120 * k + 0.04 * side * math.exp(-max(dy, 0.0) * 9)
    cloud = fbm2(dx * 3.2 / (abs(dy) + 0.16), dz * 3.2 / (abs(dy) + 0.16) + 3, 6)
    c = smooth(0.48, 0.74, cloud) * smooth(0.0, 0.12, dy)
    r, g, b = r + (0.20 - r) * c * 0.6, g + (0.13 - g) * c * 0.6, b + (0.17 - b) * c * 0.6
    if dy < -0.045:
        glitter = 0.6 + 0.8 * fbm2(dx * 14 / abs(dy), dz * 14 / abs(dy), 4)
        r, g, b = 0.050 * glitter, 0.058 * glitter, 0.082 * glitter
    return r * 0.80, g * 0.80, b * 0.95


@njit(**FAST)
def _lens(ox, oy, oz, dx, dy, dz, x, y, z):
    """Shade the Fresnel lens: rings of prisms, each with its own image of the flame."""
    r = math.sqrt(x * x + z * z)
    angle = math.atan2(z, x)
    eighth = math.pi / 4
    panel = math.floor(angle / eighth + 0.5)
    u = (angle - panel * eighth) * 0.95
    middle = abs(y) < 0.82
    rho = math.sqrt(u * u + y * y) if middle else abs(y) - 0.20
    width = 0.088 if middle else 0.066
    ring = rho / width
    index = math.floor(ring)
    f = ring - index
    nx, nz = x / r, z / r
    ex, ez = -dx, -dz
    turn = nx * ez - nz * ex
    facing = max(-(dx * nx + dz * nz), 0.0)
    cx, cz = math.cos(panel * eighth), math.sin(panel * eighth)
    axis = max(-(dx * cx + dz * cz), 0.0)
    # The image of the flame slides across each prism as the eye leaves the panel's axis.
    place = 0.5 + 1.1 * turn * (0.5 + 0.25 * math.sin(index * 2.4)) + 0.18 * math.sin(index * 1.7)
    place += 0.25 * y if not middle else 0.0
    image = math.exp(-(((f - place) / 0.16) ** 2))
    image += 0.45 * math.exp(-(((f - 1.0 + place) / 0.07) ** 2))
    spread = math.exp(-(u * u) / 0.10 - (y * y) / 0.75)
    on_axis = axis**14
    bull = math.exp(-((rho / 0.16) ** 2)) if middle else 0.0
    light = image * (0.10 + 1.7 * spread) * (0.25 + 1.5 * on_axis) + bull * (0.5 + 6.0 * on_axis)
    light += 0.012 + 0.10 * spread
    groove = smooth(0.0, 0.10, f) * smooth(1.0, 0.93, f)
    light *= 0.12 + 0.88 * groove
    light *= 0.75 + 0.5 * noise2(angle * 9, y * 7)
    rim = (1 - facing) ** 3
    edge = 1 - groove
    mx, mz = dx - 2 * nx * (dx * nx + dz * nz), dz - 2 * nz * (dx * nx + dz * nz)
    sr, sg, sb = _outside(mx, 0.10 + 0.10 * math.sin(ring * 3.0) + 0.2 * y * y, mz)
    warm = light * 1.25
    return (
        warm * 1.0 + sr * (0.14 + 1.4 * rim) + edge * 0.020,
        warm * 0.62 + sg * (0.14 + 1.4 * rim) + edge * 0.040,
        warm * 0.25 + sb * (0.14 + 1.4 * rim) + edge * 0.036,
    )


@njit(**FAST)
def _shaft(ox, oy, oz, dx, dy, dz, t, turn):
    """Return the light of one beam near its panel of the lens: a broad, soft blade."""
    ax, az = math.cos(turn), math.sin(turn)
    b = dx * ax + dz * az
    d = dx * ox + dy * oy + dz * oz
    e = ax * ox + az * oz
    sin2 = max(1 - b * b, 0.004)
    along = min(max((b * e - d) / sin2, 0.0), t)
    s = e + along * b
    px, py, pz = ox + dx * along - ax * s, oy + dy * along, oz + dz * along - az * s
    wide = 0.42 + 0.03 * max(s, 0.0)
    near = math.exp(-(px * px + pz * pz + 0.5 * py * py) / (wide * wide))
    dust = 0.55 + 0.9 * fbm3(
        (ox + dx * along) * 1.3, (oy + dy * along) * 1.6, (oz + dz * along) * 1.3, 5
    )
    return near * smooth(0.75, 1.25, s) * dust / math.sqrt(sin2) / (1 + 0.10 * max(s, 0.0))


@njit(**FAST)
def _room_light(ox, oy, oz, dx, dy, dz):
    t, what = _march(True, ox, oy, oz, dx, dy, dz, 12.0)
    x, y, z = ox + dx * t, oy + dy * t, oz + dz * t
    if what == LENS:
        r, g, b = _lens(ox, oy, oz, dx, dy, dz, x, y, z)
    elif what == PANE:
        r, g, b = _outside(dx, dy, dz)
        a = math.atan2(z, x)
        smear = fbm2(a * 9, y * 5, 5)
        wipe = 0.018 * smooth(0.45, 0.8, smear)
        # The reflection of the lens in the old glass, faint and doubled.
        ghost = math.exp(-((y / 0.5) ** 2)) * math.exp(-(((a - math.pi / 2) / 0.30) ** 2)) * 0.03
        r, g, b = r + wipe + ghost, g + wipe * 0.8 + ghost * 0.6, b + wipe * 0.6 + ghost * 0.3
    else:
        nx, ny, nz = _normal(True, x, y, z, 0.003)
        rough = fbm3(x * 9, y * 9, z * 9, 5)
        r0 = math.sqrt(x * x + z * z)
        d2 = x * x + y * y + z * z
        d = math.sqrt(d2)
        facing = max(-(nx * x + ny * y + nz * z) / d, 0.0)
        angle = math.atan2(z, x)
        fan = 0.35 + 0.65 * math.cos(angle * 8) ** 2
        if r0 < 1.1:
            # The flame is occluded by the lens's ironwork; light leaks around its edges.
            spill = 0.75 * math.exp(-abs(y + 1.45) * 3.0) + 0.5 * math.exp(-abs(y) * 1.0)
            light = 0.35 * spill
        else:
            light = 2.6 * facing * fan / (0.6 + d2)
        open_ = _hollow(True, x, y, z, nx, ny, nz)
        cold = 0.16 * open_ * (0.6 + 0.4 * ny)
        if what == BRASS:
            br, bg, bb = 0.72, 0.48, 0.20
            hx, hy, hz = nx + dx, ny + dy, nz + dz
            sheen = 0.12 + 0.9 * max(1 - (hx * hx + hy * hy + hz * hz) * 0.9, 0.0)
            light = light * 0.8 + 0.20 * sheen
        elif what == FLOOR:
            plank = noise2(math.floor(x / 0.16), 3.0) * 0.5 + 0.5
            gap = smooth(0.5, 0.46, abs((x / 0.16) % 1.0 - 0.5))
            figure = 0.7 + 0.6 * fbm2(x * 26, z * 2.2, 5)
            tone = plank * figure * (0.25 + 0.75 * gap)
            br, bg, bb = 0.26 * tone, 0.17 * tone, 0.10 * tone
        else:
            br, bg, bb = 0.10 + 0.07 * rough, 0.105 + 0.06 * rough, 0.11 + 0.05 * rough
        r = br * (light + cold * 0.5)
        g = bg * (light * 0.68 + cold * 0.75)
        b = bb * (light * 0.34 + cold * 1.2)
    haze = 0.003 * _glow(ox, oy, oz, dx, dy, dz, t, 0.0, 0.0, 0.0, 0.30)
    beams = 0.0
    for k in range(8):
        beams += _shaft(ox, oy, oz, dx, dy, dz, t, k * math.pi / 4)
    haze += 0.034 * beams * (what != LENS)
    return r + haze, g + haze * 0.70, b + haze * 0.36, t


@njit(**FAST)
def expose(cam, lamp, xs, ys, light, depth):
    """Trace rays into one of the rooms, as `world.expose` does into the coast."""
    for i in range(xs.shape[0]):
        dx = cam[3] * xs[i] + cam[6] * ys[i] + cam[9] * cam[12]
        dy = cam[4] * xs[i] + cam[7] * ys[i] + cam[10] * cam[12]
        dz = cam[5] * xs[i] + cam[8] * ys[i] + cam[11] * cam[12]
        n = math.sqrt(dx * dx + dy * dy + dz * dz)
        dx, dy, dz = dx / n, dy / n, dz / n
        if lamp:
            r, g, b, t = _room_light(cam[0], cam[1], cam[2], dx, dy, dz)
        else:
            r, g, b, t = _stairs_light(cam[0], cam[1], cam[2], dx, dy, dz)
        light[i, 0], light[i, 1], light[i, 2] = r, g, b
        depth[i] = t
