"""The prompt that a model is given: composed from the script in the shape of each family."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler import plan_script
from otio_gvideo.renderers.base import CAMERA_MOVES, Keyframe, Motion, RendererError, Shot
from otio_gvideo.renderers.diffusion.prompt import STYLES, cut_note, estimated_tokens, prompt_of
from otio_gvideo.renderers.registry import renderer_class


def positive(name: str, shot: Shot, **settings: Any) -> str:
    renderer: Any = renderer_class(name)(settings, "draft")
    return str(renderer.prompt(shot).positive)


def test_ltx_reads_a_paragraph_that_begins_with_the_action_and_ends_with_the_camera(
    shot: Shot,
) -> None:
    assert positive("ltx", shot) == (
        "A lamp above the sea. The movement is natural and continuous. The camera slowly pushes in."
    )


def test_wan_reads_the_camera_first(shot: Shot) -> None:
    assert positive("wan", shot) == (
        "The camera slowly pushes in. A lamp above the sea. The movement is natural and continuous."
    )


def test_animatediff_reads_tags(shot: Shot) -> None:
    assert positive("animatediff", shot) == (
        "a lamp above the sea, the camera slowly pushes in, natural movement"
    )


@pytest.mark.parametrize("name", ["ltx", "ltx2", "wan", "animatediff"])
def test_the_plain_style_puts_phrases_after_commas(name: str, shot: Shot) -> None:
    assert positive(name, shot, prompt_style="plain") == prompt_of(shot).positive


def test_another_style_is_refused(shot: Shot) -> None:
    with pytest.raises(RendererError, match="prompt_style: 'poetic' is not described or plain"):
        positive("ltx", shot, prompt_style="poetic")


def test_several_keyframes_are_one_shot_without_a_cut(shot: Shot) -> None:
    more = replace(shot, keyframes=(*shot.keyframes, Keyframe(Path("end.png"), 40)))
    assert "changes gradually, in one shot without a cut." in positive("ltx", more)
    assert "without a cut" not in positive("ltx", shot)


def test_a_shot_that_ends_as_the_next_one_begins_says_so_in_the_order_of_time(shot: Shot) -> None:
    shot = replace(shot, ending="waves rise against the tower,")
    assert positive("ltx", shot).startswith(
        "A lamp above the sea. By the end of the shot: waves rise against the tower. The movement"
    )
    assert "the sea. By the end of the shot: waves rise against the tower. " in positive(
        "wan", shot
    )
    assert positive("animatediff", shot).endswith(", then waves rise against the tower")
    crowded = replace(shot, prompt="a lamp above the sea, " * 14)
    assert "waves" not in positive("animatediff", crowded)
    plain = replace(shot, ending="")
    assert positive("ltx", shot, prompt_style="plain") == prompt_of(plain).positive


def test_stronger_motion_is_said_in_other_words(shot: Shot) -> None:
    said = {
        positive("ltx", replace(shot, motion=replace(shot.motion, strength=strength)))
        for strength in (0.1, 0.5, 0.9)
    }
    assert len(said) == 3


@pytest.mark.parametrize("own", ["灯塔的光扫过海面。", "Свет маяка!", "نور المنارة؟", "“A lamp.”"])
def test_prompts_of_other_languages_keep_their_words_and_marks(own: str, shot: Shot) -> None:
    for name in ("ltx", "wan"):
        made = positive(name, replace(shot, prompt=own))
        assert own in made
        assert f"{own}." not in made
    assert own.rstrip("。!؟") in positive("animatediff", replace(shot, prompt=own))


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=300)


@given(
    texts,
    st.sampled_from(CAMERA_MOVES),
    st.floats(0, 1),
    st.sampled_from(("paragraph", "camera_first", "tags")),
    st.sampled_from(STYLES),
)
def test_the_scripts_words_are_never_cut_and_nothing_is_added_past_the_limit(
    own: str, camera: str, strength: float, shape: Any, style: str
) -> None:
    shot = replace(EMPTY, prompt=own, motion=Motion(camera, strength=strength))
    made = prompt_of(shot, style, shape, 77).positive
    assert made == prompt_of(shot, style, shape, 77).positive
    words = [word.strip(".!?…。！？｡؟।,;:，、；：،") for word in own.split()]
    assert all(word.lower() in made.lower() for word in words)
    if style == "described" and estimated_tokens(own) > 77:
        assert "camera" not in made.removeprefix(own) or "camera" in own


def test_an_empty_prompt_leaves_camera_and_motion(shot: Shot) -> None:
    assert positive("ltx", replace(shot, prompt=" ")).startswith("The movement is")


def test_a_prompt_longer_than_the_model_reads_is_noted(shot: Shot) -> None:
    long = replace(shot, prompt="a lamp above the sea, " * 20)
    clip: Any = renderer_class("animatediff")({}, "draft")
    note = cut_note(long, clip.prompt_tokens)
    assert note.startswith("prompt has about ")
    assert "77 are read" in note
    assert cut_note(shot, clip.prompt_tokens) is None
    wan: Any = renderer_class("wan")({}, "draft")
    assert cut_note(long, wan.prompt_tokens) is None
    assert clip.prompt(long).positive.startswith("a lamp above the sea, a lamp")


def test_the_plan_shows_the_prompt_and_warns_of_one_that_is_cut(
    project: Path, models: Callable[[str], Path]
) -> None:
    text = project.read_text()
    text = text.replace("defaults: {", "defaults: {renderer: ltx, quality: draft, ")
    text = text.replace("  - id: breath\n", f"  - id: breath\n    prompt: {'a lamp ' * 200}\n")
    project.write_text(text)
    config = f"renderers: {{ltx: {{model: {models('ltx')}, device: cpu}}}}"
    (project.parent / "video_config.yaml").write_text(config)
    plan = plan_script(project)
    lines = list(plan.lines())
    first = next(line for line in lines if line.startswith("        prompt: "))
    assert plan.slots[0].needs.prompt.startswith(first.removeprefix("        prompt: "))
    needed = plan.slots[0].needs.needed_gb
    assert needed is not None
    assert any(line.endswith(f", at least {needed:.1f} GB of GPU memory") for line in lines)
    assert all(len(line) <= 80 for line in lines if line.startswith("  "))
    assert any("256 are read" in str(warning) for warning in plan.warnings)


def test_the_plan_says_how_a_shot_ends_and_nothing_of_what_follows_a_cut(
    project: Path, models: Callable[[str], Path]
) -> None:
    text = project.read_text()
    text = text.replace("defaults: {", "defaults: {renderer: ltx, quality: draft, ")
    ids = re.findall(r"  - id: (\w+)\n", text)
    for number, name in enumerate(ids):
        text = text.replace(f"  - id: {name}\n", f"  - id: {name}\n    prompt: number {number}\n")
    keyframes = re.findall(r"    keyframe: (.*)\n", text)
    text = text.replace(
        f"    keyframe: {keyframes[0]}\n",
        f"    keyframes: [{{image: {keyframes[0]}}}, {{image: {keyframes[1]}, at: end}}]\n",
        1,
    )
    project.write_text(text)
    config = f"renderers: {{ltx: {{model: {models('ltx')}, device: cpu}}}}"
    (project.parent / "video_config.yaml").write_text(config)
    prompts = [slot.needs.prompt for slot in plan_script(project).slots]
    assert "Number 0. By the end of the shot: number 1. " in prompts[0]
    for number, prompt in enumerate(prompts[1:], 1):
        assert f"Number {number}." in prompt
        assert "By the end" not in prompt


EMPTY = Shot(64, 96, Fraction(24), 48, 0, 0, 0, 48, ())
