"""A small schedule for the tests of timelines."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
from otio_gvideo.compiler.assembly.build import Sound, build_timeline
from otio_gvideo.compiler.assembly.recipes import RendererInputs, slot_recipes
from otio_gvideo.compiler.script import model
from otio_gvideo.compiler.script.pictures import ScriptKeyframe
from otio_gvideo.compiler.sync.edit import SceneInput, Schedule, SilencePolicy, VoiceSource
from otio_gvideo.compiler.sync.schedule import make_schedule
from otio_gvideo.compiler.sync.types import Word
from otio_gvideo.renderers.run.recipe import Recipe

STILL = ScriptKeyframe(Path("/stills/one.png"))


def key_of(recipe: Recipe) -> str:
    return hashlib.sha256(json.dumps(recipe.as_json(), sort_keys=True).encode()).hexdigest()


MAKING = RendererInputs(
    versions={"camera": 1, "parallax": 1},
    settings={},
    encoding=lambda _: {"codec": "h264", "preset": "veryfast", "crf": 18},
    key_of=key_of,
)


def scene(name: str, **values: object) -> model.ScriptScene:
    return model.ScriptScene(**{"id": name, "keyframes": (STILL,), "text": name} | values)  # type: ignore[arg-type]


def words(*times: tuple[str, float, float]) -> tuple[Word, ...]:
    return tuple(Word(text, Fraction(str(start)), Fraction(str(end))) for text, start, end in times)


DISSOLVE = model.ScriptTransition("dissolve", Fraction(1, 2))
SCENES = (
    scene("stairs", transition=DISSOLVE),
    scene("storm", transition=model.ScriptTransition("wipe_left", Fraction(2, 5))),
    scene("breath", text=None, duration=Fraction(3, 2), transition=DISSOLVE),
    scene(
        "long",
        keyframes=(STILL, ScriptKeyframe(STILL.image, model.ScenePlace("word", word="fire"))),
    ),
)
WORDS = {
    "stairs": words(("Up", 0.5, 0.8), ("he", 0.8, 1.0), ("went.", 1.0, 3.0)),
    "storm": words(("Then", 4.0, 4.2), ("storm.", 4.3, 6.0)),
    "long": words(("And", 8.0, 9.0), ("Fire,", 14.0, 15.0), ("out.", 19.0, 24.5)),
}


def reel(fps: Fraction = Fraction(24), policy: str = "hold") -> tuple[model.Script, Schedule]:
    script = model.Script(
        path=Path("/reels/light.yaml"),
        sha256="0" * 64,
        title="The keeper of the light",
        output=model.ScriptOutput(fps=fps),
        scenes=SCENES,
        music=model.Music(Path("/reels/bed.flac")),
    )
    inputs = [
        SceneInput(s.id, WORDS.get(s.id, ()), beat=s.duration, transition=s.transition.duration)
        for s in SCENES
    ]
    silences = SilencePolicy(policy)  # type: ignore[arg-type]
    return script, make_schedule(inputs, [VoiceSource(0, Fraction(25))], fps, silences)


def timeline(fps: Fraction = Fraction(24), policy: str = "hold") -> otio.schema.Timeline:
    script, schedule = reel(fps, policy)
    return build_timeline(
        script,
        schedule,
        slot_recipes(script, schedule, MAKING),
        [Sound(Path("/reels/voice.wav"), Fraction(25))],
        Sound(Path("/reels/bed.flac"), Fraction(15, 2)),
    )
