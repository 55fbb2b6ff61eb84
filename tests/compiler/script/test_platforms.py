"""A reel for a platform keeps captions off its overlays, and warns of what does not suit it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
import skimage.data
from otio_gvideo import schemas
from otio_gvideo.compiler import compile_script
from otio_gvideo.compiler.api.check import check_video
from otio_gvideo.compiler.backend.captions.style import area_of, read_style
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.script.platforms import platforms
from otio_gvideo.compiler.script.read_script import load_script
from PIL import Image


def warnings(script: Path) -> list[str]:
    report = compile_script(script, until="timeline")
    return [str(one) for one in report.warnings if one.code == "platform"]


def name_platform(script: Path, platform: str, size: str = "108, height: 192") -> None:
    text = script.read_text()
    assert "output: {width: 108, height: 192," in text
    script.write_text(
        text.replace(
            "output: {width: 108, height: 192,", f"output: {{platform: {platform}, width: {size},"
        )
    )


def test_the_schema_names_the_platforms() -> None:
    known = schemas.load("script")["properties"]["output"]["properties"]["platform"]["enum"]
    assert list(platforms()) == known


@pytest.mark.parametrize("name", platforms())
def test_captions_keep_off_the_overlays_of_a_platform(project: Path, name: str) -> None:
    name_platform(project, name)
    report = compile_script(project, until="timeline")
    timeline = otio.adapters.read_from_file(str(report.timeline))
    style = read_style(dict(timeline.metadata["otio_gvideo"]["captions"]))
    area = area_of(style, (1080, 1920))
    covered = platforms()[name].safe_area
    assert area.bottom == pytest.approx(19.2 * covered["bottom"])
    assert area.middle("bottom", 200) + 100 <= 1920 * (1 - covered["bottom"] / 100) + 1e-6
    assert area.right == pytest.approx(10.8 * covered["right"])


def test_a_stated_side_of_the_safe_area_stands(project: Path) -> None:
    name_platform(project, "shorts")
    project.write_text(f"{project.read_text()}captions: {{safe_area: {{bottom: 20}}}}\n")
    safe = load_script(project).captions.safe_area
    assert safe == {**platforms()["shorts"].safe_area, "bottom": 20.0}


def test_a_reel_that_is_too_long_or_of_another_shape_is_warned_about(project: Path) -> None:
    name_platform(project, "shorts", "192, height: 108")
    text = project.read_text()
    project.write_text(text.replace("duration: 1.0", "duration: 190"))
    long, shape = warnings(project)
    assert long.endswith(" s; shorts takes reels of at most 180 s")
    assert shape == "the reel is 192x108; shorts shows 1080x1920 full-screen"


def test_a_head_under_an_overlay_is_warned_about(project: Path) -> None:
    face = Image.fromarray(skimage.data.astronaut()[:300, 80:380]).resize((540, 540))
    portrait = Image.fromarray(np.full((960, 540, 3), 90, np.uint8))
    portrait.paste(face, (0, 420))
    portrait.save(project.parent / "stills" / "red.png")
    assert warnings(project) == []
    name_platform(project, "reels")
    assert warnings(project) == [
        "dusk: heads are under what reels shows at the bottom; set motion.focus, or fit"
    ]


def test_an_opening_that_stands_still_is_warned_about(project: Path) -> None:
    name_platform(project, "tiktok")
    assert warnings(project) == []
    text = project.read_text()
    project.write_text(text.replace("camera: push_in", "camera: static", 1))
    (still,) = warnings(project)
    assert still == "dusk: the reel opens on a picture that stands still; give it a move"
    for amount, expected in {"0": [still], "0.0009": [still], "0.03": []}.items():
        move = f"camera: push_in, amount: {amount}"
        project.write_text(text.replace("camera: push_in", move, 1))
        assert warnings(project) == expected


def test_a_black_opening_is_warned_about(project: Path) -> None:
    name_platform(project, "tiktok")
    Image.new("RGB", (108, 192), (12, 12, 14)).save(project.parent / "stills" / "red.png")
    (black,) = warnings(project)
    assert black == "dusk: the reel opens on black, or nearly so; begin with a brighter picture"


def test_an_opening_on_a_single_colour_is_warned_about(project: Path) -> None:
    name_platform(project, "tiktok")
    for colour in ("white", (0, 90, 200)):
        Image.new("RGB", (108, 192), colour).save(project.parent / "stills" / "red.png")
        (single,) = warnings(project)
        assert single == "dusk: the reel opens on a single colour; begin with a picture"


def test_an_opening_clip_is_judged_where_it_begins(tmp_path: Path) -> None:
    fading = "testsrc=s=108x192:r=24:d=2,fade=in:0:24"
    run(["-f", "lavfi", "-i", fading, *output_args(tmp_path / "fading.mp4")], what="a fade")
    Image.new("RGB", (108, 192), "white").save(tmp_path / "white.png")
    script = tmp_path / "small.yaml"
    for start, told in ((0, ["a: the reel opens on black, or nearly so"]), (1.5, [])):
        script.write_text(
            "version: 1\noutput: {width: 108, height: 192, platform: reels}\nscenes:\n"
            f"  - {{id: a, duration: 0.5, clip: {{video: fading.mp4, in: {start}}}}}\n"
            "  - {id: b, duration: 0.5, keyframe: white.png, motion: {camera: static}}\n"
        )
        assert [line.partition(";")[0] for line in warnings(script)] == told


@pytest.mark.slow
@pytest.mark.parametrize("platform", ["tiktok", ""])
def test_check_lists_a_black_opening_that_stands_still(tmp_path: Path, platform: str) -> None:
    Image.new("RGB", (108, 192), (12, 12, 14)).save(tmp_path / "night.png")
    script = tmp_path / "small.yaml"
    script.write_text(
        "version: 1\ntitle: small\n"
        f"output: {{width: 108, height: 192{f', platform: {platform}' if platform else ''}}}\n"
        "scenes: [{id: night, duration: 1.5, keyframe: night.png, renderer: camera}]\n"
    )
    report = compile_script(script)
    assert report.video is not None
    found = check_video(report.video, report.timeline)
    listed = [one.measured for one in found.findings if one.name == "opening"]
    assert [one for one in found.findings if not one.ok] == []
    wanted = ["the first frame is black, or nearly so", "stands still for a second"]
    assert listed == (wanted if platform else [])
