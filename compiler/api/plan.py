"""Plan: the slots that compiling a script would render or reuse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from textwrap import wrap
from typing import Any, get_args

import opentimelineio as otio

from ...renderers.run.recipe import recipe_key
from ...renderers.run.store import Store
from ..assembly.rendered_media import link_rendered
from ..notices import Notice
from ..outputs.paths import outputs_beside
from ..progress import silent
from ..progress_clock import ProgressClock, count
from ..script.model import Quality
from ..stages.edit import build_edit
from ..stages.edit_warnings import edit_warnings
from ..stages.read import read_script
from ..stages.render import describe_calls, model_prompt, needed_gb
from ..timeline.slots import slot_clips
from .arguments import refuse_unknown

INDENTED: dict[str, Any] = {"initial_indent": " " * 8, "subsequent_indent": " " * 10}
"""Of a prompt in the plan."""


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """A slot of a script that is not compiled yet.

    Attributes:
        name: of the slot.
        is_rendered: whether the store holds its media.
        scene_start: first frame of its scene in the reel.
        frames: of its media, with handles.
        renderer: its name.
        camera: the camera move.
        prompt: that the model is given; empty without one.
        prompt_model: the language model that is still to rewrite the prompt; empty for none.
        needed_gb: GPU memory that the model takes at least; None without one, or if unknown.
        calls: calls of the model, and unsupported settings, a line each; none without a model.
    """

    name: str
    is_rendered: bool
    scene_start: int
    frames: int
    renderer: str
    camera: str
    prompt: str
    prompt_model: str
    needed_gb: float | None
    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompilePlan:
    """The work of compiling a script.

    Attributes:
        timeline: the `.otio` file that `compile_script` would write.
        frames, fps: of the reel.
        slots: in the order of the reel.
        warnings: that `compile_script` would begin with.
    """

    timeline: Path
    frames: int
    fps: Fraction
    slots: tuple[PlannedSlot, ...]
    warnings: tuple[Notice, ...]

    def lines(self) -> Iterator[str]:
        """Yield the plan as text, without the warnings."""
        yield f"{self.timeline}: {count(self.frames, 'frame')} at {float(self.fps):g}"
        for slot in self.slots:
            state = "reuse" if slot.is_rendered else "render"
            start_s = float(slot.scene_start / self.fps)
            yield (
                f"{state:<7} {slot.name:<20} {start_s:7.2f} s  {slot.frames:4} frames  "
                f"{slot.renderer} {slot.camera}"
            )
            yield from (f"        {line}" for line in slot.calls)
            if slot.needed_gb is not None:
                yield f"        at least {slot.needed_gb:.1f} GB of GPU memory"
            if slot.prompt:
                label = (
                    f"prompt, for {slot.prompt_model} to rewrite" if slot.prompt_model else "prompt"
                )
                yield from wrap(f"{label}: {slot.prompt}", 80, **INDENTED)


def plan_script(
    script: str | Path,
    *,
    output: str | Path | None = None,
    config: str | Path | None = None,
    renderer: str | None = None,
    quality: Quality | None = None,
    allow_outside: bool = False,
) -> CompilePlan:
    """Return the slots that `compile_script` would render or reuse, and write nothing.

    Args:
        script: the YAML file.
        output: the output folder, as in `compile_script`.
        config: the configuration; else ``video_config.yaml`` beside the input, else in the user's
            configuration folder.
        renderer: the renderer of every scene; by default the script's.
        quality: the quality of every scene; by default the script's.
        allow_outside: let the script name files outside its folder.

    Raises:
        InputError: the script, its files or the configuration are wrong.
    """
    refuse_unknown("quality", quality, "a quality", get_args(Quality))
    path = Path(script).absolute()
    outputs = outputs_beside(path, Path(output).absolute() if output else None)
    clock, media = ProgressClock(silent), outputs.media
    parsed = read_script(path, config, renderer, quality, allow_outside, clock, media=media)
    schedule, timeline = build_edit(parsed)
    store = Store(outputs.media, read=False)
    scene_starts = {scene.id: scene.start for scene in schedule.scenes}
    slots = tuple(
        PlannedSlot(
            name=slot.name,
            is_rendered=store.find(slot.name, recipe_key(slot.recipe)) is not None,
            scene_start=scene_starts[slot.scene],
            frames=slot.recipe.shot.frames,
            renderer=slot.recipe.renderer,
            camera=slot.recipe.shot.motion.camera,
            prompt=model_prompt(slot.recipe),
            prompt_model=parsed.prompts.waiting.get(model_prompt(slot.recipe), ""),
            needed_gb=needed_gb(slot.recipe),
            calls=tuple(describe_calls(slot.recipe)),
        )
        for slot in slot_clips(timeline)
    )
    warnings = tuple(edit_warnings(parsed, schedule, timeline))
    return CompilePlan(outputs.timeline, schedule.frames, schedule.fps, slots, warnings)


def timeline_of_script(script: str | Path, *, allow_outside: bool = False) -> otio.schema.Timeline:
    """Return the timeline of a script, with the media that are rendered already. Writes nothing.

    Arguments and errors as in `compile_script`.
    """
    path = Path(script).absolute()
    clock, media = ProgressClock(silent), outputs_beside(path, None).media
    parsed = read_script(path, None, None, None, allow_outside, clock, media=media)
    _, timeline = build_edit(parsed)
    link_rendered(timeline, [media])
    return timeline
