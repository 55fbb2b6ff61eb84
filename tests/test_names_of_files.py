"""Names of written files are valid on every system."""

from __future__ import annotations

import zipfile
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler import compile_script
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.editors import formats
from otio_gvideo.compiler.editors.known_slots import find_known_slots
from otio_gvideo.compiler.script.model import reel_name
from otio_gvideo.compiler.timeline.slots import slot_clips
from otio_gvideo.renderers.files.file_names import portable
from otio_gvideo.renderers.run.store import Store
from PIL import Image

KEY = "0123456789abcdef" * 4
SCRIPT = """\
version: 1
output: {width: 108, height: 192, fps: 24}
scenes:
  - {id: con, duration: 21, keyframe: a.png, renderer: camera, motion: {cut_in: false}}
  - {id: Aux, duration: 2, keyframe: a.png, renderer: camera}
  - {id: aux, duration: 2, keyframe: a.png, renderer: camera, motion: {camera: pan_left}}
"""


@pytest.mark.parametrize(
    ("slot", "name"),
    [
        ("stairs", "stairs"),
        ("stairs.2", "stairs.2"),
        ("con", "con"),
        ("con.2", "_con.2"),
        ("NUL.3", "_NUL.3"),
        ("com1.2~2", "_com1.2_2"),
        ("con .2", "con_.2"),
        ("über 2", "über_2"),
        ("...", "slot"),
    ],
)
def test_media_of_a_slot_have_a_valid_name_on_every_system(
    slot: str, name: str, tmp_path: Path
) -> None:
    path = Store(tmp_path).path_for(slot, KEY)
    assert path.name == f"{name}-0123456789ab.mp4"
    assert portable(path.name) == path.name


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ("teaser.v1.yaml", "teaser.v1"),
        ("con.yaml", "_con"),
        ("Aux.v2.yaml", "_Aux.v2"),
        ("teaser .yaml", "teaser"),
        ("teaser. .yaml", "teaser"),
        ("what?.yaml", "what?"),
        ("console.yaml", "console"),
    ],
)
def test_a_reel_has_a_valid_name_on_every_system(script: str, name: str) -> None:
    assert reel_name(Path(script)) == name


@pytest.mark.slow
def test_scenes_named_like_devices_are_rendered_and_reused(tmp_path: Path) -> None:
    Image.linear_gradient("L").convert("RGB").resize((108, 192)).save(tmp_path / "a.png")
    script = tmp_path / "prn.yaml"
    script.write_text(SCRIPT, encoding="utf-8")
    report = compile_script(script, until="media")
    assert report.timeline == tmp_path / "build" / "_prn" / "_prn.otio"
    made = sorted((tmp_path / "build").rglob("*"))
    names = [path.name for path in made]
    assert [portable(name) for name in names] == names
    assert len({name.casefold() for name in names}) == len(names)
    assert any(name.startswith("_con.2-") for name in names)

    timeline = otio.adapters.read_from_file(str(report.timeline), adapter_name="otio_json")
    known = find_known_slots(timeline, report.timeline.with_name("back.otio"))
    assert {one.scene for one in known.by_stem.values()} == {"con", "Aux", "aux"}
    assert {one.name for one in known.by_stem.values()} == {s.name for s in slot_clips(timeline)}
    assert all(slot.reused for slot in compile_script(script, until="media").slots)


@pytest.mark.posix
def test_a_bundle_has_names_that_every_system_accepts(tmp_path: Path) -> None:
    stills = ["A.png", "a.png", "con.png", "what?.png", "b..png", "ä b#%20.png", "x/a.png"]
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for number, name in enumerate(stills):
        path = tmp_path / "stills" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (number, 0, 0)).save(path)
        span = otio.opentime.TimeRange(
            otio.opentime.RationalTime(0, 24), otio.opentime.RationalTime(24, 24)
        )
        track.append(otio.schema.Clip(name, otio.schema.ExternalReference(str(path), span), span))
    timeline = otio.schema.Timeline("cut")
    timeline.tracks.append(track)
    source = tmp_path / "cut.otio"
    otio.adapters.write_to_file(timeline, str(source))

    bundle = export_timeline(source, tmp_path / "cut.otioz").path
    with zipfile.ZipFile(bundle) as archive:
        names = [Path(name).name for name in archive.namelist() if name.startswith("media/")]
    assert [portable(name) for name in names] == names
    assert len({name.casefold() for name in names}) == len(names) == len(stills)
    assert {"A.png", "b..png", "ä b#%20.png"} <= set(names)
    back = formats.read(bundle)
    assert isinstance(back, otio.schema.Timeline)
    for number, clip in enumerate(back.find_clips()):
        shown = Image.open(clip.media_reference.target_url)
        assert shown.getpixel((0, 0)) == (number, 0, 0)
