"""Takes are rendered, measured, compared and picked; a failed take does not affect the others."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import jsonschema
import opentimelineio as otio
import pytest
from otio_gvideo import schemas
from otio_gvideo.compiler import (
    InputError,
    evaluate_timeline,
    flatten_timeline,
    render_timeline,
)
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.evaluation.evaluation import Evaluation, Take, takes_before
from otio_gvideo.compiler.evaluation.measure import Measures
from otio_gvideo.compiler.evaluation.table import as_lines
from otio_gvideo.compiler.evaluation.worker import MadeTake
from otio_gvideo.compiler.timeline.slots import slot_clips
from otio_gvideo.compiler.timeline.takes import set_take
from otio_gvideo.renderers import registry

ROOT = Path(__file__).parent.parent.parent.parent


@pytest.fixture
def timeline(compiled: Path) -> Path:
    return compiled


def clips(timeline: Path) -> dict[str, otio.schema.Clip]:
    loaded = otio.adapters.read_from_file(str(timeline))
    return {clip.name: clip for clip in loaded.video_tracks()[0].find_clips()}


@pytest.mark.slow
def test_takes_are_rendered_measured_reused_and_picked(timeline: Path) -> None:
    found = evaluate_timeline(
        timeline, renderers=["camera"], qualities=["draft", "standard"], slots=["dusk", "breath"]
    )
    takes = {(take.slot, take.name): take for take in found.takes}
    assert set(takes) == {
        (slot, name) for slot in ("dusk", "breath") for name in ("camera.draft", "camera.standard")
    }
    assert not found.failed
    for take in found.takes:
        assert take.made.path.is_file()
        assert take.made.seconds > 0
        assert 30 < take.made.memory_mb < 4000
        assert take.measures.fidelity is not None
        assert take.measures.fidelity > 0.8
    assert takes["dusk", "camera.draft"].measures.motion > 1
    assert takes["breath", "camera.draft"].measures.motion < 0.1

    document = json.loads(found.data.read_text())
    jsonschema.validate(document, schemas.load("evaluation"))
    assert document == found.as_json()

    before = clips(timeline)
    assert before["dusk"].active_media_reference_key == "DEFAULT_MEDIA"
    reference = before["dusk"].media_references()["camera.draft"]
    assert Path(reference.target_url) == takes["dusk", "camera.draft"].made.path
    generator = before["dusk"].media_references()["generator"]
    assert reference.available_range == generator.available_range
    assert "camera.draft" not in before["stairs"].media_references()

    page = found.page.read_text()
    assert page.count("data:video/mp4;base64,") == 4
    assert not re.findall(r'(?:src|href)="(?!data:)', page)

    # A second run renders and measures nothing, and reports the same figures.
    written = {path: path.stat().st_mtime_ns for path in (timeline.parent / "media").iterdir()}
    again = evaluate_timeline(
        timeline, renderers=["camera"], qualities=["draft"], slots=["dusk"], picks=["camera.draft"]
    )
    assert {p: p.stat().st_mtime_ns for p in (timeline.parent / "media").iterdir()} == written
    assert [take.as_json() for take in again.takes] == [takes["dusk", "camera.draft"].as_json()]
    assert len(json.loads(again.data.read_text())["takes"]) == 4
    assert again.picked == {"dusk": "camera.draft"}

    # A picked take counts as rendered, and is in the reel.
    report = render_timeline(timeline)
    made = {slot.name: slot for slot in report.slots}
    assert list(made) == ["dusk", "breath", "stairs"]
    assert made["dusk"].media == takes["dusk", "camera.draft"].made.path
    assert made["dusk"].renderer == "camera"
    assert clips(timeline)["dusk"].active_media_reference_key == "camera.draft"
    assert flatten_timeline(timeline, timeline.with_suffix(".mp4")).video is not None

    # A pick alone rewrites the page, with all takes.
    assert found.page.read_text().count("data:video/mp4;base64,") == 1
    assert evaluate_timeline(timeline, picks=["breath=camera.standard"]).takes == []
    page = found.page.read_text()
    assert page.count("data:video/mp4;base64,") == 4
    assert [name + mark for name, mark in re.findall(r"<h3>([\w.]+)(, picked)</h3>", page)] == [
        "camera.draft, picked",
        "camera.standard, picked",
    ]
    document = json.loads(found.data.read_text())
    jsonschema.validate(document, schemas.load("evaluation"))
    assert document["picked"] == {"dusk": "camera.draft", "breath": "camera.standard"}
    assert len(document["takes"]) == 4

    back = evaluate_timeline(timeline, picks=["dusk=none", "breath=none"])
    assert back.picked == {}
    assert clips(timeline)["dusk"].active_media_reference_key == "DEFAULT_MEDIA"
    assert not back.takes


def test_if_the_media_of_a_picked_take_are_missing_the_recipe_is_rendered(timeline: Path) -> None:
    evaluate_timeline(
        timeline,
        renderers=["camera"],
        qualities=["draft"],
        slots=["breath"],
        picks=["camera.draft"],
    )
    clip = clips(timeline)["breath"]
    Path(clip.media_reference.target_url).unlink()
    render_timeline(timeline)
    clip = clips(timeline)["breath"]
    assert clip.active_media_reference_key == "DEFAULT_MEDIA"
    assert Path(clip.media_reference.target_url).is_file()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"slots": ["dusk", "dawn"]}, "'dawn' is not a slot; known: dusk, breath, stairs"),
        ({"slots": "dawn"}, "'dawn' is not a slot"),
        ({"qualities": ["best"]}, "'best' is not a quality; known: draft, standard, high"),
        ({"renderers": ["crayon"]}, "'crayon' is not a renderer; known: "),
        ({"picks": ["ltx.high"]}, "no slot has a take 'ltx.high'; evaluate makes takes"),
        ({"picks": ["dusk=ltx.high"]}, "dusk has no take 'ltx.high'"),
        ({"picks": ["dawn=ltx.high"]}, "'dawn' is not a slot; known: dusk"),
    ],
)
def test_unknown_names_are_reported_and_nothing_is_written(
    timeline: Path, wrong: dict[str, list[str] | str], said: str
) -> None:
    before = timeline.read_bytes()
    with pytest.raises(InputError, match=re.escape(said)):
        evaluate_timeline(timeline, **wrong)  # type: ignore[arg-type]
    assert timeline.read_bytes() == before
    assert not (timeline.parent / "media").exists()


def test_a_timeline_without_slots_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "empty.otio"
    otio.adapters.write_to_file(otio.schema.Timeline("empty"), str(path))
    with pytest.raises(InputError, match="has no slots"):
        evaluate_timeline(path)


THIRD_PARTY = """
import os
import numpy as np
from otio_gvideo.renderers.base import FrameGrid, Limits, RendererError, UnavailableError

class Crashes:
    name, version, limits = "crashes", 1, Limits()
    def __init__(self, settings, quality): pass
    def generate(self, shot, call, before, on_step):
        print("a library that prints")
        os._exit(7)
        yield
    def close(self): pass

class Fails(Crashes):
    name = "fails"
    def generate(self, shot, call, before, on_step):
        if shot.motion.camera == "static":
            raise RendererError("nothing moves")
        for number in range(call.frames):
            yield np.full((call.height, call.width, 3), number, np.uint8)

class Absent(Crashes):
    name = "absent"
    def __init__(self, settings, quality): raise UnavailableError("there is no model")

class Unfetched(Crashes):
    name = "unfetched"
    def generate(self, shot, call, before, on_step):
        raise UnavailableError("fetch the weights first")
        yield

class Outdated(Crashes):
    name = "outdated"
    def generate(self, shot, call, before, on_step):
        raise TypeError("no such argument")
        yield

class Still(Crashes):
    name, limits = "still", Limits(FrameGrid(1, 0, most=300), multiple=4)
    def generate(self, shot, call, before, on_step):
        print("a library that prints")
        for _ in range(call.frames):
            yield np.zeros((call.height, call.width, 3), np.uint8)
"""


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package with two renderers."""
    site = tmp_path / "site"
    about = site / "third_party-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "third_party.py").write_text(THIRD_PARTY)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
    names = ("Crashes", "Fails", "Absent", "Unfetched", "Outdated", "Still")
    entries = "\n".join(f"{name.lower()} = third_party:{name}" for name in names)
    (about / "entry_points.txt").write_text(f"[otio_gvideo.renderers]\n{entries}\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.delitem(sys.modules, "third_party", raising=False)


@pytest.mark.slow
def test_a_failed_take_does_not_affect_the_others(
    timeline: Path, third_party: None, capfd: pytest.CaptureFixture[str]
) -> None:
    config = timeline.with_name("video_config.yaml")
    config.write_text("renderers: {still: {motion_guard: {retries: 1, fallback: camera}}}")
    arguments = ["--renderers", "crashes,fails,still", "--slots", "breath,stairs", "--config"]
    status = main(["evaluate", str(timeline), *arguments, str(config), "--progress", "plain"])
    out, err = capfd.readouterr()
    assert status == 1
    lines = out.splitlines()
    for slot in ("breath", "stairs"):
        assert f"{slot}: crashes.standard: its process ended with 7" in lines
    assert "breath: fails.standard: nothing moves" in lines
    notice = "little motion in 2 attempts with still; kept"
    assert f"warning: stairs: still.standard {notice} [fallback]" in err.splitlines()
    found = takes_before(timeline.with_name("small.evaluation.json"))
    assert {(take.slot, take.name) for take in found.values()} == {
        ("stairs", "fails.standard"),
        ("breath", "still.standard"),
        ("stairs", "still.standard"),
    }
    page = timeline.with_name("small.evaluation.html").read_text()
    assert "nothing moves" in page
    assert notice in page


@pytest.mark.slow
def test_unavailable_renderers_are_skipped_unless_named(
    timeline: Path, third_party: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="--renderers: there is no model"):
        evaluate_timeline(timeline, renderers=["absent"])
    named = evaluate_timeline(timeline, renderers=["unfetched"], slots=["breath"])
    assert named.failed == {("breath", "unfetched.standard"): "fetch the weights first"}
    assert not named.left_out
    monkeypatch.setattr(registry, "renderer_names", lambda: ("absent", "camera", "unfetched"))
    found = evaluate_timeline(timeline, slots=["breath"])
    assert found.left_out == {"absent": "there is no model", "unfetched": "fetch the weights first"}
    assert not found.failed
    assert [take.name for take in found.takes] == ["camera.standard"]


@pytest.mark.slow
def test_an_unexpected_error_names_the_packages(timeline: Path, third_party: None) -> None:
    found = evaluate_timeline(timeline, renderers=["outdated"], slots=["breath"])
    (why,) = found.failed.values()
    assert why.startswith("unexpected TypeError: no such argument; with python 3.")
    assert "(tested: " in why


def take(slot: str, name: str, **measures: float | None) -> Take:
    figures = {
        **{"fidelity": 0.9, "flicker": 1.5, "first_second": 12.34, "motion": 10.5},
        **{"smoothness": 0.93, "drift": 10.5},
    }
    made = MadeTake(slot, "0" * 64, Path("x.mp4"), 123.4, 12345.6, 15999.9, "a GPU", "")
    measured = Measures(**{**figures, **measures})  # type: ignore[arg-type]
    from fractions import Fraction

    return Take(slot, name, made, 120, Fraction(24), measured)


@pytest.mark.parametrize("slot", ["a", "the-lamp-above-the-sea.12", "灯" * 30])
def test_the_table_fits_a_terminal(slot: str) -> None:
    found = Evaluation(Path("x.otio"))
    names = ("camera.draft", "animatediff.standard")
    found.takes = [take(s, name) for s in (slot, "b") for name in names]
    found.takes.append(take("b", "svd.high", fidelity=None, smoothness=None, drift=None))
    found.picked = {"b": "svd.high"}
    lines = as_lines(found)
    assert all(len(line) <= 80 for line in lines)
    assert sum(line.startswith("mean ") for line in lines) == 3
    assert any(line.startswith("*b") and "svd.high" in line for line in lines)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 1, "takes": [{}]}', "null"])
def test_a_broken_evaluation_is_ignored(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.evaluation.json"
    path.write_text(text)
    assert takes_before(path) == {}


def test_restored_slots_are_named(
    timeline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded = otio.adapters.read_from_file(str(timeline))
    breath = next(slot for slot in slot_clips(loaded) if slot.name == "breath")
    set_take(breath, "camera.draft", tmp_path / "x.mp4")
    otio.adapters.write_to_file(loaded, str(timeline))
    evaluate_timeline(timeline, picks=["camera.draft"])
    for pick in ("none", "breath=none"):
        assert main(["evaluate", str(timeline), "--pick", pick, "--progress", "plain"]) == 0
        restored = [line for line in capsys.readouterr().out.splitlines() if "own media" in line]
        assert restored == ["breath: its own media are active again"]
    assert clips(timeline)["breath"].active_media_reference_key == "DEFAULT_MEDIA"
