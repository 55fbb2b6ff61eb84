"""Random edits of a script: slots that an edit does not touch keep their keys."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from otio_gvideo.compiler.assembly.recipes import RendererInputs, slot_recipes
from otio_gvideo.compiler.script import model
from otio_gvideo.compiler.script.pictures import ScriptKeyframe
from otio_gvideo.compiler.sync.edit import SceneInput, VoiceSource
from otio_gvideo.compiler.sync.schedule import make_schedule
from otio_gvideo.compiler.sync.types import Word
from otio_gvideo.renderers.run.recipe import Recipe

FPS = Fraction(24)
MOVES = ("static", "push_in", "pan_left", "tilt_up")


def key_of(recipe: Recipe) -> str:
    return hashlib.sha256(json.dumps(recipe.as_json(), sort_keys=True).encode()).hexdigest()


ENCODING = {"codec": "h264", "preset": "veryfast", "crf": 18}
MAKING = RendererInputs({"camera": 1, "parallax": 1}, {}, lambda _: ENCODING, key_of)


class Script(RuleBasedStateMachine):
    """Scenes with voice files of their own, whose times are independent of the others."""

    def __init__(self) -> None:
        super().__init__()
        self.scenes: list[model.ScriptScene] = []
        self.lengths: dict[str, Fraction] = {}
        self.count = 0

    def keys(self) -> dict[str, str]:
        """Return the key of every slot, by name."""
        if not self.scenes:
            return {}
        sources, inputs, start = [], [], 0
        for scene in self.scenes:
            length = self.lengths[scene.id]
            sources.append(VoiceSource(start, length))
            offset = start / FPS
            words = (Word("w", offset + Fraction(1, 5), offset + length - Fraction(1, 5)),)
            inputs.append(SceneInput(scene.id, words, transition=scene.transition.duration))
            start += -(-length * FPS // 1)
        schedule = make_schedule(inputs, sources, FPS)
        script = model.Script(
            Path("/s.yaml"), "0" * 64, "s", model.ScriptOutput(), tuple(self.scenes)
        )
        return {
            name: key_of(recipe) for name, recipe in slot_recipes(script, schedule, MAKING).items()
        }

    def neighbours(self, index: int) -> set[str]:
        """Return the scenes that an edit may change: two on either side.

        A scene shorter than its two transitions shares its frames between them, so a new transition
        on one side shortens the one on the other side, and with it the next scene's handle.
        """
        return {scene.id for scene in self.scenes[max(0, index - 2) : index + 3]}

    def unchanged_but(self, before: dict[str, str], touched: set[str]) -> None:
        after = self.keys()
        for name in before.keys() & after.keys():
            if name.partition(".")[0] not in touched:
                assert before[name] == after[name], name

    @rule(
        place=st.integers(0, 12),
        length=st.integers(800, 14_000),
        transition=st.sampled_from([0, 500, 1000]),
        move=st.sampled_from(MOVES),
    )
    def add(self, place: int, length: int, transition: int, move: str) -> None:
        before, index = self.keys(), min(place, len(self.scenes))
        self.count += 1
        name = f"scene{self.count}"
        self.lengths[name] = Fraction(length, 1000)
        scene = model.ScriptScene(
            name,
            (ScriptKeyframe(Path(f"/{name}.png")),),
            text="w",
            motion=model.ScriptMotion(camera=move),
            transition=model.ScriptTransition("dissolve", Fraction(transition, 1000)),
        )
        self.scenes.insert(index, scene)
        self.unchanged_but(before, self.neighbours(index))

    @precondition(lambda self: self.scenes)
    @rule(place=st.integers(0, 12))
    def drop(self, place: int) -> None:
        before, index = self.keys(), place % len(self.scenes)
        touched = self.neighbours(index)
        del self.scenes[index]
        self.unchanged_but(before, touched | self.neighbours(index))

    @precondition(lambda self: len(self.scenes) > 1)
    @rule(place=st.integers(0, 12), other=st.integers(0, 12))
    def swap(self, place: int, other: int) -> None:
        before = self.keys()
        one, two = place % len(self.scenes), other % len(self.scenes)
        self.scenes[one], self.scenes[two] = self.scenes[two], self.scenes[one]
        self.unchanged_but(before, self.neighbours(one) | self.neighbours(two))

    @precondition(lambda self: self.scenes)
    @rule(place=st.integers(0, 12), length=st.integers(800, 14_000))
    def retime(self, place: int, length: int) -> None:
        before, index = self.keys(), place % len(self.scenes)
        self.lengths[self.scenes[index].id] = Fraction(length, 1000)
        self.unchanged_but(before, self.neighbours(index))

    @precondition(lambda self: self.scenes)
    @rule(place=st.integers(0, 12), prompt=st.text(max_size=3))
    def reword(self, place: int, prompt: str) -> None:
        before, index = self.keys(), place % len(self.scenes)
        self.scenes[index] = replace(self.scenes[index], prompt=prompt)
        self.unchanged_but(before, {self.scenes[index].id})

    @invariant()
    def the_same_script_has_the_same_keys(self) -> None:
        assert self.keys() == self.keys()


TestEdits = Script.TestCase
TestEdits.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)


def test_a_new_transition_affects_at_most_two_scenes_before_it() -> None:
    """The third scene's dissolve shortens the second's, which shares its frames."""
    script = Script()
    for place, transition in enumerate((0, 1000, 1000, 1000)):
        script.add(place=place, length=800, transition=transition, move="static")
