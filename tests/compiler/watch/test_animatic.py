"""The animatic shows what the camera renders: the homographies are those of its frames."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import opentimelineio as otio
import pytest
from otio_gvideo.compiler import compile_script
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.page.build_view import build_view
from otio_gvideo.compiler.stages.frame_stills import frame_still
from otio_gvideo.compiler.timeline.slots import slot_clips
from otio_gvideo.compiler.watch.animatic import STEP, animatic_of
from otio_gvideo.compiler.watch.drafts import Drafts
from otio_gvideo.renderers.base import CAMERA_MOVES, FITS, Call
from otio_gvideo.renderers.camera.camera import CameraRenderer
from PIL import Image

SIZE = (108, 192)
SCRIPT = """\
version: 1
output: {{width: 108, height: 192, fps: 24}}
captions: {{burn: false}}
defaults: {{renderer: camera, fit: {fit}, transition: {{type: cut}}}}
scenes:
"""
SCENE = """\
  - {{id: {move}, duration: 1, keyframe: still.png, motion: {{camera: {move}, amount: 0.6}}}}
"""


@pytest.fixture(params=FITS)
def timeline(request: pytest.FixtureRequest, tmp_path: Path) -> otio.schema.Timeline:
    """A scene for each move, over a wide still with large shapes."""
    rng = np.random.default_rng(3)
    grain = rng.integers(0, 256, (6, 9, 3), dtype=np.uint8)
    Image.fromarray(grain).resize((480, 320), Image.Resampling.BICUBIC).save(tmp_path / "still.png")
    script = tmp_path / "s.yaml"
    scenes = "".join(SCENE.format(move=move) for move in CAMERA_MOVES)
    script.write_text(SCRIPT.format(fit=request.param) + scenes)
    path = compile_script(script, until="timeline").timeline
    return otio.adapters.read_from_file(str(path))


def test_stills_lie_where_the_camera_draws_them(timeline: otio.schema.Timeline) -> None:
    shots = animatic_of(timeline, Fraction(24), str, lambda _: "")["shots"]
    slots = list(slot_clips(timeline))
    assert [shot["n"] for shot in shots] == [slot.name for slot in slots]
    still = np.asarray(Image.open(slots[0].recipe.shot.keyframes[0].image)).astype(np.float32)
    for shot, slot in zip(shots, slots, strict=True):
        stated = slot.recipe.shot
        call = Call(*SIZE, stated.fps, stated.frames, 0, stated.keyframes, 0, 0)
        frames = list(CameraRenderer({}, "draft").generate(stated, call, [], lambda *_: None))
        for frame in (0, 8, 20):
            drawn = np.zeros((SIZE[1], SIZE[0], 3), np.float32)
            for layer in shot["layers"]:
                blurred = cv2.GaussianBlur(still, (0, 0), 12) * 0.55 if layer["b"] else still
                draw(blurred, layer["m"], frame, drawn)
            luma = drawn @ np.array([0.2126, 0.7152, 0.0722]) * 219 / 255 + 16
            apart = np.abs(luma - frames[frame][: SIZE[1]])
            # The blur behind is only alike.
            most = 12.0 if stated.fit == "blur" else 2.0
            assert apart.mean() < most, (slot.name, frame, apart.mean())


def draw(still: np.ndarray, numbers: list[float], frame: int, out: np.ndarray) -> None:
    """Draw a still by the homography of a frame, as the page does."""
    first = 0 if len(numbers) == 8 else frame // STEP * 8
    matrix = np.array([*numbers[first : first + 8], 1.0]).reshape(3, 3)
    height, width = still.shape[:2]
    to_unit = np.array([[1 / width, 0, 0.5 / width], [0, 1 / height, 0.5 / height], [0, 0, 1]])
    to_pixels = np.array([[SIZE[0], 0, -0.5], [0, SIZE[1], -0.5], [0, 0, 1.0]])
    whole = to_pixels @ matrix @ to_unit
    # Area sampling, as the still is reduced.
    picture = cv2.warpPerspective(cv2.GaussianBlur(still, (0, 0), 1.0), whole, SIZE)
    mask = cv2.warpPerspective(np.ones((height, width), np.float32), whole, SIZE)[..., None]
    out[:] = picture + out * (1 - mask)


def test_shots_overlap_in_their_transition(project: Path) -> None:
    """The example's first transition is a dissolve of 12 frames, the second scene's a cut."""
    path = compile_script(project, until="timeline").timeline
    timeline = otio.adapters.read_from_file(str(path))
    view = build_view(timeline, path)
    shots = animatic_of(timeline, view.fps, str, lambda name: f"{name}.mp4")["shots"]
    cut = view.rows[0].blocks[1].start
    assert shots[0]["e"] == cut + 6
    assert shots[1]["into"] == {"k": "dissolve", "s": cut - 6, "n": 12}
    assert (shots[1]["s"], shots[1]["a"], shots[1]["v"]) == (cut - 6, 0, "breath.mp4")
    assert shots[2]["into"] is None
    assert shots[2]["s"] == view.rows[0].blocks[2].start


def test_frames_of_a_clip_follow_each_other(tmp_path: Path) -> None:
    picture = "nullsrc=s=160x96:r=30:d=4,geq=lum='16+N':cb=128:cr=128"
    clip = output_args(tmp_path / "clip.mp4", "-c:v", "libx264", "-qp", "0")
    run(["-f", "lavfi", "-i", picture, *clip], what="making a video")
    script = tmp_path / "s.yaml"
    scene = "  - {id: a, duration: 3, clip: {video: clip.mp4, in: 0.5}}\n"
    script.write_text(SCRIPT.format(fit="blur") + scene)
    timeline = otio.adapters.read_from_file(str(compile_script(script, until="timeline").timeline))
    (shot,) = animatic_of(
        timeline, Fraction(24), str, str, lambda *video: frame_still(*video, tmp_path / "stills")
    )["shots"]
    assert (shot["s"], shot["e"], shot["n"], shot["v"]) == (0, 72, "a", "")
    behind, first, *_, last = shot["layers"]
    assert (behind["b"], first["b"]) == (True, False)
    assert (first["w"][0], first["w"][-1], last["w"][0], last["w"][-1]) == (1, 0, 0, 1)
    lumas = [np.asarray(Image.open(layer["u"])).mean() * 219 / 255 + 16 for layer in (first, last)]
    assert lumas == pytest.approx([16 + 15, 16 + 60], abs=1)


def test_frames_of_clips_are_small_and_shared_by_edits_that_move_them_little(
    tmp_path: Path,
) -> None:
    picture = output_args(tmp_path / "clip.mp4", "-c:v", "libx264")
    run(["-f", "lavfi", "-i", "testsrc=s=720x1280:r=24:d=4", *picture], what="making a video")
    script, drafts = tmp_path / "s.yaml", Drafts()
    found = []
    for start in ("0.5", "0.6"):
        clip = f"clip: {{video: clip.mp4, in: {start}, fit: hold}}"
        scene = f"  - {{id: a, duration: 3, {clip}}}\n"
        script.write_text(SCRIPT.format(fit="cover") + scene)
        path = compile_script(script, until="timeline").timeline
        timeline = otio.adapters.read_from_file(str(path))
        (shot,) = animatic_of(timeline, Fraction(24), str, str, drafts.frame_of)["shots"]
        found.append([layer["u"] for layer in shot["layers"]])
    assert found[0] == found[1] and len(found[0]) == 2
    assert sorted(map(str, drafts.folder.iterdir())) == sorted(found[0])
    with Image.open(found[0][0]) as image:
        assert image.size == (360, 640)
    assert not list(tmp_path.rglob("stills"))
    drafts.close()
    assert not drafts.folder.exists()


def test_a_clip_that_was_deleted_meanwhile_has_no_frames(tmp_path: Path) -> None:
    drafts = Drafts()
    assert drafts.frame_of(tmp_path / "deleted.mp4", Fraction(0)) is None
    drafts.close()
