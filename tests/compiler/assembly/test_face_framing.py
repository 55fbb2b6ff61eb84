"""Faces stay in the frame during every move, as the pictures show."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.api.plan import plan_script
from otio_gvideo.compiler.assembly.face_framing import FaceFraming, frame_faces
from otio_gvideo.renderers.base import CAMERA_MOVES, Keyframe, Motion, Shot
from otio_gvideo.renderers.camera.camera import CameraRenderer
from otio_gvideo.renderers.camera.poses import cover_framing, pose_at
from otio_gvideo.renderers.fit.planner import plan
from otio_gvideo.renderers.fit.scale import rgb_of
from otio_gvideo.renderers.image.faces import Face, find_faces
from PIL import Image

PORTRAIT = 16 / 9


def framed(
    faces: list[Face], aspect: float, camera: str = "push_in", amount: float = 0.3
) -> FaceFraming:
    return frame_faces(faces, aspect, PORTRAIT, Motion(camera, amount), None)


def face(x: float, y: float, size: float = 0.1, aspect: float = 1.0) -> Face:
    """Return a face of a size, in widths of the still."""
    return Face(x - size / 2, y - size / 2 / aspect, x + size / 2, y + size / 2 / aspect, 0.9)


@given(
    x=st.floats(0.15, 0.85),
    y=st.floats(0.2, 0.8),
    aspect=st.floats(0.98, 3),
    camera=st.sampled_from(CAMERA_MOVES),
    amount=st.floats(0, 1),
)
def test_a_crop_keeps_a_head_from_the_first_to_the_last_frame(
    x: float, y: float, aspect: float, camera: str, amount: float
) -> None:
    one = face(x, y, aspect=aspect)
    found = framed([one], aspect, camera, amount)
    if found.fit != "cover":
        return
    framing = cover_framing(aspect, PORTRAIT)
    left, top, right, bottom = one.head
    corners = np.array([(u, v, 1.0) for u in (left, right) for v in (top, bottom)])
    corners[:, :2] = (corners[:, :2] - 0.5) * (framing.width, framing.height)
    for t in np.linspace(0, 1, 41):
        pose = pose_at(Motion(camera, found.amount, focus=found.focus), float(t), framing)
        seen = corners @ np.linalg.inv(pose.matrix()).T
        seen = seen[:, :2] / seen[:, 2:]
        assert (np.abs(seen) <= (0.501, PORTRAIT / 2 + 0.001)).all(), t


def test_two_people_side_by_side_are_shown_whole_on_a_blur() -> None:
    assert framed([face(0.1, 0.4), face(0.9, 0.4)], 1.0).fit == "blur"


def test_a_photograph_of_which_too_much_would_go_is_shown_whole() -> None:
    assert framed([face(0.5, 0.4)], 1.0).fit == "cover"
    assert framed([face(0.5, 0.4)], 2 / 3).fit == "blur"


def test_a_passer_by_does_not_count() -> None:
    found = framed([face(0.3, 0.4, 0.2), face(0.95, 0.4, 0.05)], 1.0)
    assert found.fit == "cover"
    assert found.focus[0] == pytest.approx(0.3, abs=0.05)


def test_a_stated_crop_stays_one() -> None:
    faces = [face(0.1, 0.4), face(0.9, 0.4)]
    assert frame_faces(faces, 0.6, PORTRAIT, Motion("push_in"), "cover").fit == "cover"


def test_a_pan_over_a_face_is_shorter_than_over_a_landscape() -> None:
    wide = framed([face(0.5, 0.3, 0.35, 16 / 9)], 16 / 9, "pan_left", 0.6)
    assert 0 <= wide.amount < 0.6


def test_hair_near_the_upper_edge_of_a_still_does_not_need_a_blur() -> None:
    """The head leaves room at both sides of the crop, and a hundredth of the still above it."""
    face = Face(0.26, 0.2, 0.76, 0.52, 0.9)
    assert 0 < face.head[1] < 0.01
    assert framed([face], 880 / 577, "push_in", 0.3).fit == "cover"


@pytest.mark.parametrize("camera", ["push_in", "pan_left", "orbit_right", "tilt_down", "roll_left"])
def test_the_face_of_a_photograph_is_found_again_in_every_frame(
    tmp_path: Path, camera: str
) -> None:
    photo = skimage.data.astronaut()[:, 60:440]
    Image.fromarray(photo).save(tmp_path / "a.png")
    found = framed(list(find_faces(photo)), photo.shape[0] / photo.shape[1], camera, 0.5)
    motion = Motion(camera, found.amount, focus=found.focus)
    shot = Shot(
        *(360, 640, Fraction(24), 5, 0, 0, 0, 5),
        keyframes=(Keyframe(tmp_path / "a.png", 0),),
        fit=found.fit,
        motion=motion,
    )
    renderer = CameraRenderer({}, "standard")
    (call,) = plan(shot, renderer.limits).calls
    for frame in renderer.generate(shot, call, [], lambda *_: None):
        (seen,) = find_faces(rgb_of(frame))
        left, top, right, bottom = seen.head
        assert left >= 0
        assert right <= 1
        assert top > 0
        assert bottom < 1


def test_a_script_keeps_faces_unless_its_scene_says_how(project: Path) -> None:
    """``project`` has three scenes, the first with ``red.png``."""
    before = {slot.name: slot for slot in plan_script(project).slots}
    Image.fromarray(skimage.data.astronaut()[:340]).save(project.parent / "stills" / "red.png")
    (whole,) = next(slot.crops for slot in plan_script(project).slots if slot.name == "dusk")
    assert whole.startswith("shows all of red.png on a blurred copy; fit: cover would crop 6")
    text = project.read_text()
    project.write_text(text.replace("red.png\n", "red.png\n    fit: cover\n", 1))
    after = {slot.name: slot for slot in plan_script(project).slots}
    (crop,) = after["dusk"].crops
    assert crop.startswith("crops 6")
    others = before.keys() - {"dusk"}
    assert [after[name].key for name in others] == [before[name].key for name in others]


def test_a_face_is_framed_in_its_own_still(project: Path) -> None:
    """A wide still before a portrait would be cropped by too much for a face of its own."""
    stills = project.parent / "stills"
    Image.new("RGB", (320, 180), (90, 90, 90)).save(stills / "red.png")
    Image.fromarray(skimage.data.astronaut()[:426, 104:344]).save(stills / "face.png")
    keyframes = "keyframes: [{image: stills/red.png}, {image: stills/face.png, at: end}]"
    project.write_text(project.read_text().replace("keyframe: stills/red.png", keyframes, 1))
    slot = next(slot for slot in plan_script(project).slots if slot.name == "dusk")
    assert [crop.partition(" ")[0] for crop in slot.crops] == ["crops"]
