"""The time in a plan: measured before, else of a table of cards, else unknown and said so."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from otio_gvideo.compiler.api.plan import CompilePlan, plan_script
from otio_gvideo.compiler.cli import main
from otio_gvideo.renderers.base import Call, Keyframe
from otio_gvideo.renderers.diffusion import card_speed
from otio_gvideo.renderers.diffusion.call_timer import work_kind
from otio_gvideo.renderers.diffusion.card_speed import model_time, nvidia_card, table_tflops
from otio_gvideo.renderers.diffusion.diffusion_renderer import DiffusionRenderer
from otio_gvideo.renderers.files.speeds import processor, recall_speed, remember_rate
from otio_gvideo.renderers.registry import renderer_class

pytest.importorskip("torch", reason="the extra [diffusion] is not installed")
pytest.importorskip("diffusers", reason="the extra [diffusion] is not installed")

CARD = "NVIDIA GeForce RTX 4090"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OTIO_GVIDEO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(card_speed.shutil, "which", lambda _: None)
    nvidia_card.cache_clear()
    yield
    nvidia_card.cache_clear()


def install_cards(folder: Path, monkeypatch: pytest.MonkeyPatch, *cards: str) -> None:
    """Put a driver's program in a folder, which names cards."""
    if sys.platform == "win32":
        pytest.skip("the program is a shell script")
    program = folder / "nvidia-smi"
    program.write_text("#!/bin/sh\n" + "".join(f"echo '{card}'\n" for card in cards))
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setattr(card_speed.shutil, "which", lambda _: os.fspath(program))
    nvidia_card.cache_clear()


def renderer(name: str, **settings: object) -> DiffusionRenderer:
    made = renderer_class(name)(settings, "standard")
    assert isinstance(made, DiffusionRenderer)
    return made


CALL = Call(544, 960, Fraction(24), 121, 0, (Keyframe(Path("still.jpg"), 0),), 0, 0)


def test_a_listed_card_gives_a_time_of_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_cards(tmp_path, monkeypatch, CARD)
    ltx = renderer("ltx")
    work, rate = ltx.work(CALL), table_tflops(CARD)
    assert work is not None
    assert rate == pytest.approx(0.4 * 165.2)
    found = model_time(ltx, [CALL, CALL])
    assert (found.source, found.device) == ("table", CARD)
    assert found.seconds == pytest.approx(2 * work.total / rate)


def test_decoding_in_32_bits_is_half_as_fast_by_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_cards(tmp_path, monkeypatch, CARD)
    wan = renderer("wan")
    call = replace(CALL, width=480, height=832)
    work, rate = wan.work(call), table_tflops(CARD)
    assert work is not None
    assert rate is not None
    expected = (work.encode + work.denoise + 2 * work.decode) / rate
    assert model_time(wan, [call]).seconds == pytest.approx(expected)


def test_what_was_measured_on_a_card_counts_and_not_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_cards(tmp_path, monkeypatch, CARD)
    ltx = renderer("ltx")
    kind, work = work_kind(ltx.setup, ltx.half), ltx.work(CALL)
    assert work is not None
    for seconds in (50.0, 10.0, 10.0):  # The first of a run is slow.
        remember_rate(CARD, f"{kind} denoise", 100 * seconds, seconds)
        remember_rate(CARD, f"{kind} decode", 400.0, seconds)
    found = model_time(ltx, [CALL])
    assert (found.source, found.device) == ("measured", CARD)
    assert found.seconds == pytest.approx((work.encode + work.denoise) / 100 + work.decode / 40)
    assert model_time(renderer("ltx", quantization="fp8"), [CALL]).source == "table"
    assert model_time(renderer("wan"), [CALL]).source == "table"


@pytest.mark.parametrize("cards", [(), ("NVIDIA GeForce RTX 4090 Laptop GPU",)])
def test_no_time_is_known_without_a_listed_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cards: tuple[str, ...]
) -> None:
    install_cards(tmp_path, monkeypatch, *cards)
    found = model_time(renderer("ltx"), [CALL])
    assert (found.seconds, found.source) == (None, "unknown")
    assert found.device == next(iter(cards), None)
    assert model_time(renderer("ltx", device="cpu"), [CALL]).device == processor()


def test_a_device_that_no_driver_names_is_the_one_that_ran_last() -> None:
    ltx = renderer("ltx")
    for phase in ("denoise", "decode"):
        remember_rate("MPS of here", f"{work_kind(ltx.setup, ltx.half)} {phase}", 5.0, 1.0)
    found = model_time(ltx, [CALL])
    assert (found.source, found.device) == ("measured", "MPS of here")
    assert model_time(renderer("ltx", device="cpu"), [CALL]).source == "unknown"


def test_of_several_cards_the_fastest_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_cards(tmp_path, monkeypatch, "NVIDIA GeForce RTX 3060", CARD, "Quadro K600")
    assert nvidia_card() == CARD
    nvidia_card.cache_clear()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert nvidia_card() is None


def test_a_driver_that_fails_names_no_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_cards(tmp_path, monkeypatch, CARD)
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'\nexit 9\n")
    assert nvidia_card() is None


def with_model(project: Path, renderer: str, folder: Path) -> None:
    text = project.read_text()
    project.write_text(
        text.replace("defaults: {", f"defaults: {{renderer: {renderer}, quality: draft, ")
    )
    config = f"renderers: {{{renderer}: {{model: {folder}, device: cpu, motion_guard: false}}}}"
    (project.parent / "video_config.yaml").write_text(config)


@pytest.mark.slow
def test_a_plan_tells_the_time_of_each_slot_once_one_was_rendered(
    project: Path, models: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with_model(project, "ltx", models("ltx"))
    before = plan_script(project)
    slots = len({slot.key for slot in before.slots})
    lines = list(before.lines())
    unknown = f"        no time known for ltx on {processor()} until its first slot"
    assert lines.count(unknown) == len(before.slots)
    assert f"{slots} slots, {slots} calls, no time known, at least" in lines[-3]
    assert main(["compile", str(project), "--progress", "none"]) == 0
    again = plan_script(project)
    assert all(slot.is_rendered for slot in again.slots)
    assert not again.by_renderer()
    assert not any("about" in line for line in again.lines())
    for phase in ("denoise", "decode"):
        assert recall_speed(f"ltx bfloat16 {phase}", processor()) is not None
    assert recall_speed("finish", processor()) is not None
    project.write_text(project.read_text().replace("quality: draft", "quality: draft, seed: 5"))
    timed = plan_script(project)
    found = [slot.needs for slot in timed.slots]
    assert {each.speed for each in found} == {"measured"}
    total = timed.total()
    assert total.seconds == pytest.approx(sum(each.seconds or 0 for each in found))
    assert (total.slots, total.untimed) == (slots, 0)
    text = list(timed.lines())
    assert sum(f" on {processor()} (measured)" in line for line in text) == len(timed.slots)
    capsys.readouterr()


def sums(plan: CompilePlan) -> list[str]:
    return [line for line in plan.lines() if not line.startswith((" ", "render ", "/", "network"))]


def test_slots_without_a_model_are_timed_by_their_pixels_and_side_by_side(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    camera = plan_script(project, renderer="camera", quality="draft")
    assert sums(camera)[-1].endswith(f"{len(camera.slots)} slots, no time known")
    assert not any("until its first slot" in line for line in camera.lines())
    remember_rate(processor(), "camera", 10.0, 1.0)
    timed = replace(plan_script(project, renderer="camera", quality="draft"), at_once=2)
    each = [slot.needs.seconds or 0.0 for slot in timed.slots]
    assert each[0] / each[1] == pytest.approx(timed.slots[0].frames / timed.slots[1].frames)
    assert timed.total().seconds == pytest.approx(sum(each) / 2)


def test_a_plan_as_json_has_the_sums_of_each_renderer(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = project.read_text()
    project.write_text(text.replace("  - id: breath\n", "  - id: breath\n    renderer: wan\n"))
    config = "renderers: {wan: {device: cpu}}"
    (project.parent / "video_config.yaml").write_text(config)
    remember_rate(processor(), "camera", 10.0, 1.0)
    assert main(["plan", str(project), "--renderer", "camera", "--json"]) == 0
    one = json.loads(capsys.readouterr().out)
    assert set(one["renderers"]) == {"camera"}
    assert one["total"]["seconds"] == one["renderers"]["camera"]["seconds"] > 0
    assert main(["plan", str(project), "--json"]) == 0
    both = json.loads(capsys.readouterr().out)
    assert both["total"]["slots"] == sum(each["slots"] for each in both["renderers"].values())
    wan = both["renderers"]["wan"]
    assert (wan["slots"], wan["calls"], wan["seconds"], wan["untimed"]) == (1, 1, None, 1)
    assert wan["needed_gb"] > 3
    assert both["total"]["calls"] == 1
    assert "retries" in both["total"]["not_counted"]
    assert one["downloads"] == []
    assert {download["renderer"] for download in both["downloads"]} == {"wan"}
    assert all(download["download_gb"] > 1 for download in both["downloads"])
    slot = next(slot for slot in both["slots"] if slot["renderer"] == "wan")
    assert slot["needs"]["speed"] == "unknown"
    assert slot["needs"]["described"][0].startswith("1 call of ")
