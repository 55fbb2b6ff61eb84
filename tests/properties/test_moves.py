"""Geometry of camera moves: within the still, without jumps in position or speed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from otio_gvideo.renderers.base import CAMERA_MOVES, Motion
from otio_gvideo.renderers.camera.poses import (
    Pose,
    cover_framing,
    ease,
    pose_at,
    resolve_auto,
    visible_bounds,
    zoom_range,
)

EASINGS = ("linear", "ease_in", "ease_out", "ease_in_out")
motions = st.builds(
    Motion,
    camera=st.sampled_from(CAMERA_MOVES),
    amount=st.floats(0, 1),
    easing=st.sampled_from(EASINGS),
    focus=st.sampled_from(((0.5, 0.5), (0.2, 0.5), (0.9, 0.1), (0.0, 1.0))),
)
shares = st.floats(0, 1)
picture_aspects = st.floats(0.1, 10)
frame_aspects = st.floats(0.4, 2.4)


@given(motions, shares, picture_aspects, frame_aspects)
def test_a_view_never_leaves_the_still(
    motion: Motion, share: float, picture: float, frame: float
) -> None:
    framing = cover_framing(picture, frame)
    corners = np.abs(pose_at(motion, share, framing).corners(frame))
    assert (corners <= np.array([framing.width, framing.height]) / 2 + 1e-12).all()  # Rounding.


@given(motions, shares, picture_aspects, frame_aspects)
def test_visible_bounds_contain_every_view(
    motion: Motion, share: float, picture: float, frame: float
) -> None:
    framing = cover_framing(picture, frame)
    (left, top), (right, bottom) = visible_bounds(motion, framing)
    corners = pose_at(motion, share, framing).corners(frame)
    # Sampled bounds may miss the extremum of a curved path by very little.
    assert corners[:, 0].min() >= left - 1e-3
    assert corners[:, 0].max() <= right + 1e-3
    assert corners[:, 1].min() >= top - 1e-3
    assert corners[:, 1].max() <= bottom + 1e-3


@given(motions, st.integers(3, 400), picture_aspects)
def test_moves_have_no_jumps_in_position_or_speed(
    motion: Motion, span: int, picture: float
) -> None:
    framing = cover_framing(picture, 16 / 9)
    places = np.array(
        [pose_at(motion, n / (span - 1), framing).corners(16 / 9) for n in range(span)]
    ).reshape(span, -1)
    speeds = np.diff(places, axis=0)
    assert np.abs(speeds).max() <= 3 / (span - 1)
    assert np.abs(np.diff(speeds, axis=0)).max() <= 12 / (span - 1) ** 2


@given(st.sampled_from(CAMERA_MOVES), st.floats(0.05, 1), st.sampled_from(EASINGS))
def test_moves_never_stand_still(move: str, amount: float, easing: str) -> None:
    assume(move != "static")
    framing = cover_framing(16 / 9, 16 / 9)
    motion = Motion(move, amount, easing)
    poses = [pose_at(motion, n / 50, framing).corners(16 / 9) for n in range(51)]
    assert min(np.abs(late - early).max() for early, late in pairwise(poses)) > 1e-3 * amount


@given(motions, shares, picture_aspects)
def test_opposite_moves_mirror_each_other(motion: Motion, share: float, picture: float) -> None:
    opposite = {"left": "right", "right": "left", "up": "down", "down": "up"}
    head, _, side = motion.camera.partition("_")
    assume(side in opposite)
    framing = cover_framing(picture, 16 / 9)
    here = pose_at(motion, share, framing)
    focus = (1 - motion.focus[0], 1 - motion.focus[1])
    there = pose_at(replace(motion, camera=f"{head}_{opposite[side]}", focus=focus), share, framing)
    mirrored = Pose(-here.x, -here.y, here.zoom, -here.angle, -here.yaw)
    assert np.allclose(there.matrix(), mirrored.matrix(), atol=1e-12)


@pytest.mark.parametrize(("move", "grows"), [("push_in", True), ("pull_out", False)])
def test_zooms_scale_by_a_constant_ratio(move: str, grows: bool) -> None:
    framing = cover_framing(16 / 9, 16 / 9)
    zooms = [pose_at(Motion(move, 0.3, "linear"), n / 10, framing).zoom for n in range(11)]
    ratios = [late / early for early, late in pairwise(zooms)]
    assert ratios == pytest.approx([ratios[0]] * 10)
    assert (ratios[0] > 1) == grows
    assert max(zooms) / min(zooms) == pytest.approx(1.15)


@pytest.mark.parametrize("easing", EASINGS)
def test_easings_are_strictly_increasing_from_start_to_end(easing: str) -> None:
    values = [ease(n / 100, easing) for n in range(101)]
    assert values[0] == 0
    assert values[-1] == pytest.approx(1)
    assert min(np.diff(values)) > 0.002


@pytest.mark.parametrize(
    ("move", "axis", "sign"),
    [("pan_right", 0, 1), ("pan_left", 0, -1), ("tilt_down", 1, 1), ("tilt_up", 1, -1)],
)
def test_pans_and_tilts_go_in_their_direction(move: str, axis: int, sign: int) -> None:
    framing = cover_framing(1.0, 16 / 9)
    start, end = (pose_at(Motion(move), share, framing).corners(16 / 9).mean(0) for share in (0, 1))
    assert np.sign(end - start)[axis] == sign
    assert (end - start)[1 - axis] == pytest.approx(0)


def test_an_orbit_enlarges_the_side_near_the_camera() -> None:
    framing = cover_framing(16 / 9, 16 / 9)
    seen = pose_at(Motion("orbit_right", 1.0), 1, framing).corners(16 / 9)
    left, right = seen[1, 1] - seen[0, 1], seen[3, 1] - seen[2, 1]
    # From the right, the right side is near: less of it fills the height of the frame.
    assert right < left


@pytest.mark.parametrize("move", ["push_in", "pull_out"])
@given(st.floats(0, 1), st.floats(0, 1), picture_aspects)
def test_a_push_moves_straight_to_its_focus(move: str, x: float, y: float, picture: float) -> None:
    """Every point of the still moves along a ray from the focus, if that can be reached."""
    framing = cover_framing(picture, 16 / 9)
    motion = Motion(move, 0.5, focus=(x, y))
    poses = [pose_at(motion, n / 10, framing) for n in range(11)]
    if move == "pull_out":
        poses.reverse()
    for axis in ("x", "y"):
        middles = [getattr(pose, axis) for pose in poses]
        widths = [1 / pose.zoom for pose in poses]
        line = np.polyfit(widths, middles, 1)
        assert np.polyval(line, widths) == pytest.approx(middles, abs=1e-9)
    wanted = np.array([(x - 0.5) * framing.width, (y - 0.5) * framing.height])
    before, after = (
        np.linalg.norm((wanted - (pose.x, pose.y)) * pose.zoom) for pose in (poses[0], poses[-1])
    )
    # No farther from the middle of the view than before.
    assert after <= before * poses[-1].zoom / poses[0].zoom + 1e-9
    assert (
        np.abs(wanted - (poses[-1].x, poses[-1].y))
        <= np.abs(wanted - (poses[0].x, poses[0].y)) + 1e-12
    ).all()


@given(motions)
def test_a_move_over_a_wide_still_keeps_its_focus_visible(motion: Motion) -> None:
    framing = cover_framing(16 / 27, 16 / 9)
    x = (motion.focus[0] - 0.5) * framing.width
    views = [pose_at(motion, n / 8, framing).corners(16 / 9)[:, 0] for n in range(9)]
    assert any(view.min() - 0.15 <= x <= view.max() + 0.15 for view in views)


@given(st.integers(0, 2**31))
def test_auto_moves_depend_on_the_seed_alone(seed: int) -> None:
    decided = resolve_auto(Motion("auto"), seed)
    assert decided == resolve_auto(Motion("auto"), seed)
    assert decided.camera in CAMERA_MOVES
    assert decided.camera != "static"


def test_unknown_moves_and_easings_are_rejected() -> None:
    framing = cover_framing(1, 1)
    with pytest.raises(ValueError, match="sideways"):
        pose_at(Motion("sideways"), 0, framing)
    with pytest.raises(ValueError, match="bouncy"):
        zoom_range(Motion("push_in", 0.3, "bouncy"), framing)
