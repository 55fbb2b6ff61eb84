"""A language model rewrites described prompts: cached, part of the recipe, and never trusted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from otio_gvideo.compiler import InputError, compile_script, plan_script
from otio_gvideo.compiler.stages.model_checks import finished_prompts
from otio_gvideo.renderers.base import Motion, RendererError, Shot, UnavailableError
from otio_gvideo.renderers.diffusion.model_settings import model_setup
from otio_gvideo.renderers.diffusion.prompt_writer import FOLDER, PromptWriter, answer_hash
from otio_gvideo.renderers.diffusion.repository_files import needed_files
from otio_gvideo.renderers.registry import renderer_class
from otio_gvideo.renderers.run.motion_guard import MOTION_WORDS, attempt_shots
from otio_gvideo.renderers.run.recipe import Recipe, recipe_key
from otio_gvideo.renderers.run.store import Store

from . import tiny
from .hub import COMMIT

ANSWER = "Waves rise against the rocks while light turns above."
CHAT = "{% for one in messages %}{{ one['content'] }} {% endfor %}<assistant>"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OTIO_GVIDEO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / FOLDER


@pytest.fixture(scope="session")
def writes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.language_model(tmp_path_factory.mktemp("writes") / "lm", ANSWER, template=CHAT)


def ltx(model: Path | str, name: str = "ltx") -> Any:
    return renderer_class(name)({"prompt_model": str(model), "device": "cpu"}, "draft")


@pytest.mark.parametrize("template", [CHAT, ""])
def test_the_model_is_asked_once_for_a_prompt(template: str, shot: Shot, tmp_path: Path) -> None:
    model = tiny.language_model(tmp_path / "lm", ANSWER, template=template)
    # Without permission to run the model, there is only the cache to take an answer from.
    without = PromptWriter(runs=False)
    assert without.write(ltx(model), shot) == ""
    described = ltx(model).prompt(shot).positive
    assert without.waiting == {described: str(model)}
    writer = PromptWriter(runs=True)
    assert writer.write(ltx(model), shot) == ANSWER
    writer.close()
    again = PromptWriter(runs=False)
    assert again.write(ltx(model), shot) == ANSWER
    assert again.waiting == again.faults == {}
    assert again.write(ltx(model), replace(shot, prompt="another")) == ""


def test_what_it_wrote_is_the_prompt_and_retries_add_to_it(shot: Shot) -> None:
    written = replace(shot, written=ANSWER)
    first, second, *_ = attempt_shots(written)
    renderer = renderer_class("ltx")({}, "draft")
    prompt: Any = renderer
    assert prompt.prompt(first).positive == ANSWER
    assert prompt.prompt(second).positive == f"{ANSWER.rstrip('.')}, {MOTION_WORDS[0]}"
    assert prompt.prompt(first).negative == prompt.prompt(shot).negative


def test_a_damaged_answer_is_asked_for_again(shot: Shot, writes: Path, cache: Path) -> None:
    with_model = PromptWriter(runs=True)
    with_model.write(ltx(writes), shot)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    for damaged in (whole.replace(b"rocks", b"ricks"), whole[:20], b"[]"):
        file.write_bytes(damaged)
        assert PromptWriter(runs=False).write(ltx(writes), shot) == ""
        assert with_model.write(ltx(writes), shot) == ANSWER
        assert file.read_bytes() == whole
    with_model.close()


@pytest.mark.parametrize(
    ("answer", "ends", "fault"),
    [
        ("", True, "wrote nothing"),
        ("... !", True, "wrote nothing"),
        ("<think> so it is", True, "wrote nothing"),
        (ANSWER, False, "wrote a prompt without an end"),
        (" ".join(f"lanternlight{n}" for n in range(50)), True, "152 tokens of which 77 are"),
    ],
)
def test_a_faulty_answer_leaves_the_described_prompt(
    answer: str, ends: bool, fault: str, shot: Shot, tmp_path: Path
) -> None:
    model = tiny.language_model(tmp_path / "lm", answer, ends=ends, template=CHAT)
    renderer = ltx(model, "animatediff")
    for runs in (True, False):  # Also from the cache.
        writer = PromptWriter(runs=runs)
        assert writer.write(renderer, shot) == ""
        writer.close()
        ((prompt, said),) = writer.faults.items()
        assert prompt == renderer.prompt(shot).positive
        assert fault in said
        assert not writer.waiting


def test_another_model_or_shape_is_asked_anew(shot: Shot, writes: Path, tmp_path: Path) -> None:
    writer = PromptWriter(runs=True)
    writer.write(ltx(writes), shot)
    other = tiny.language_model(tmp_path / "other", "Another answer.", template=CHAT)
    assert PromptWriter(runs=False).write(ltx(other), shot) == ""
    assert PromptWriter(runs=False).write(ltx(writes, "wan"), shot) == ""
    assert writer.write(ltx(other), shot) == "Another answer."
    writer.close()


def test_a_folder_without_a_safe_language_model_is_refused(
    shot: Shot, writes: Path, tmp_path: Path
) -> None:
    writer = PromptWriter(runs=True)
    with pytest.raises(UnavailableError, match="gone: model folder not found"):
        writer.write(ltx(tmp_path / "gone"), shot)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnavailableError, match="empty: not a language model of transformers"):
        writer.write(ltx(tmp_path / "empty"), shot)
    pickled = shutil.copytree(writes, tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(RendererError, match="is a pickle"):
        writer.write(ltx(pickled), shot)
    with pytest.raises(UnavailableError, match="owner/lm is not on this machine; fetch it: otio-g"):
        writer.write(ltx("owner/lm"), shot)
    broken = shutil.copytree(writes, tmp_path / "broken")
    (broken / "chat_template.jinja").write_text("{{ raise_exception('no system message') }}")
    with pytest.raises(RendererError, match="the language model failed: no system message"):
        writer.write(ltx(broken), shot)
    writer.close()


def test_settings_that_it_cannot_serve_are_refused() -> None:
    with pytest.raises(RendererError, match="it writes described prompts; leave out prompt_style"):
        model_setup("ltx", {"prompt_model": "owner/lm", "prompt_style": "plain"}, "draft")


def test_a_pull_fetches_its_safetensors_and_tokenizer() -> None:
    setup = model_setup("ltx", {"prompt_model": {"model": "o/lm", "revision": COMMIT}}, "draft")
    assert setup.prompt_model in setup.sources
    files = [
        "config.json", "tokenizer.json", "merges.txt", "chat_template.jinja", "pytorch_model.bin",
        "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
        "model.safetensors.index.json", "original/consolidated.safetensors", "onnx/config.json",
    ]  # fmt: skip
    assert setup.prompt_model is not None
    unwanted = {"pytorch_model.bin", "original/consolidated.safetensors", "onnx/config.json"}
    assert set(files) - set(needed_files(setup.prompt_model, setup, files, {})) == unwanted


def test_finished_media_bring_their_prompts_to_a_machine_without_the_model(
    shot: Shot, tmp_path: Path
) -> None:
    settings = {"prompt_model": {"model": "owner/lm", "revision": COMMIT}, "device": "cpu"}
    done = replace(shot, settings=settings, written=ANSWER)
    recipe = Recipe("ltx", 1, done, {"codec": "h264"}, (0,))
    assert recipe_key(recipe) != recipe_key(replace(recipe, shot=replace(done, written="")))
    (tmp_path / "media").mkdir()
    media = tmp_path / "media" / f"breath-{recipe_key(recipe)[:12]}.mp4"
    media.write_bytes(b"video")
    Store(media.parent).commit(media, recipe_key(recipe), recipe.as_json())
    renderer: Any = renderer_class("ltx")(settings, "draft")
    writer = PromptWriter(runs=True, earlier=lambda: finished_prompts(media.parent))
    assert writer.write(renderer, shot) == ANSWER
    local = replace(shot, settings={"prompt_model": str(tmp_path / "gone"), "device": "cpu"})
    folder: Any = renderer_class("ltx")(local.settings, "draft")
    recalled = PromptWriter(runs=True, earlier=lambda: {answer_hash(folder, local): ANSWER})
    with pytest.raises(UnavailableError, match="gone: model folder not found"):
        recalled.write(folder, local)
    moved = replace(shot, motion=Motion(camera="pan_left"))
    with pytest.raises(UnavailableError, match=r"owner/lm@01234567.* is not on this machine"):
        writer.write(renderer, moved)


@pytest.fixture
def script(project: Path, models: Callable[[str], Path], writes: Path) -> Path:
    text = project.read_text()
    project.write_text(text.replace("defaults: {", "defaults: {renderer: ltx, quality: draft, "))
    settings = {"model": str(models("ltx")), "device": "cpu", "prompt_model": str(writes)}
    config = {"renderers": {"ltx": settings}}
    (project.parent / "video_config.yaml").write_text(yaml.safe_dump(config))
    return project


def test_compiling_writes_the_prompts_and_the_plan_shows_them(script: Path, writes: Path) -> None:
    before = plan_script(script)
    assert {slot.prompt_model for slot in before.slots} == {str(writes)}
    assert "        prompt, for " in "\n".join(before.lines())
    report = compile_script(script, until="timeline")
    assert report.timeline.read_text().count(f'"written": "{ANSWER}"') == len(before.slots)
    after = plan_script(script)
    assert {(slot.needs.prompt, slot.prompt_model) for slot in after.slots} == {(ANSWER, "")}
    assert not [one for one in report.warnings if one.code == "prompt"]


def test_a_faulty_answer_is_a_warning_and_a_missing_model_an_error_before_any_work(
    script: Path, tmp_path: Path
) -> None:
    config = script.parent / "video_config.yaml"
    settings = yaml.safe_load(config.read_text())

    def configure(model: Path | str) -> None:
        settings["renderers"]["ltx"]["prompt_model"] = str(model)
        config.write_text(yaml.safe_dump(settings))

    configure("owner/lm")
    with pytest.raises(InputError, match=r"prompt_model: owner/lm is not on this machine; fetch"):
        compile_script(script, until="timeline")
    assert not (script.parent / "build").exists()
    configure(tiny.language_model(tmp_path / "mute", "", template=CHAT))
    report = compile_script(script, until="timeline")
    (warning,) = [one for one in report.warnings if one.code == "prompt"]
    assert "wrote nothing; the described prompt is used" in warning
    assert warning in plan_script(script).warnings
    settings["renderers"]["svd"] = {"prompt_model": "owner/lm"}
    configure("owner/lm")
    with pytest.raises(InputError, match=r"prompt_model: svd takes no prompt"):
        plan_script(script, renderer="svd")
