"""What rendering a slot takes: the calls of its model, memory and time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ...renderers import base, registry
from ...renderers.diffusion.card import least_gb
from ...renderers.diffusion.card_speed import model_time
from ...renderers.diffusion.diffusion_renderer import DiffusionRenderer
from ...renderers.diffusion.prompt import cut_note
from ...renderers.files.speeds import processor, recall_speed
from ...renderers.fit.planner import SlotPlan, describe, plan
from ...renderers.fit.run_renderer import finishing_work, shot_megapixels
from ...renderers.run.recipe import Recipe


@dataclass(frozen=True, slots=True)
class SlotNeeds:
    """What rendering a slot takes.

    Attributes:
        calls: of the model; 0 without one.
        described: the calls and unsupported settings, a line each; none without a model.
        prompt: for the model; empty without one.
        needed_gb: GPU memory that the model takes at least; None without one, or if unknown.
        seconds: of one attempt, without loading; None if unknown.
        speed: where the seconds come from: runs on this device, or the table of cards.
        device: that renders; None if unknown.
    """

    calls: int
    described: tuple[str, ...]
    prompt: str
    needed_gb: float | None
    seconds: float | None
    speed: Literal["measured", "table", "unknown"]
    device: str | None


def slot_needs(recipe: Recipe) -> SlotNeeds:
    """Return what rendering a slot takes on this machine.

    Raises:
        RendererError: a setting is wrong, or a package is missing.
    """
    planned, renderer = _planned(recipe)
    calls = planned.calls
    if renderer.limits.is_unbounded:
        calls, lines = (), []
    else:
        note = _prompt_note(renderer, recipe)
        lines = [*describe(planned), *([note] if note else [])]
    megapixels = shot_megapixels(recipe.shot)
    if not isinstance(renderer, DiffusionRenderer):
        speed = recall_speed(recipe.renderer, processor())
        seconds = None if speed is None else megapixels / speed.rate
        source: Literal["measured", "unknown"] = "unknown" if speed is None else "measured"
        return SlotNeeds(len(calls), tuple(lines), "", None, seconds, source, processor())
    needed = [least_gb(renderer, call) for call in calls]
    time = model_time(renderer, calls)
    finishing = recall_speed(finishing_work(planned), processor())
    finish_s = 0.0 if finishing is None else megapixels / finishing.rate
    return SlotNeeds(
        len(calls),
        tuple(lines),
        _prompt(renderer, recipe),
        max((gb for gb in needed if gb is not None), default=None),
        None if time.seconds is None else time.seconds + finish_s,
        time.source,
        time.device,
    )


def model_prompt(recipe: Recipe) -> str:
    """Return the prompt of a slot; empty for a renderer without prompts."""
    return _prompt(_planned(recipe)[1], recipe)


def planner_notes(recipe: Recipe) -> tuple[str, ...]:
    """Return the unsupported settings and moved keyframes of a slot, a line each."""
    try:
        planned, renderer = _planned(recipe)
    except base.RendererError:
        return ()  # Rendering reports the error.
    note = _prompt_note(renderer, recipe)
    return (*planned.notes, note) if note else planned.notes


def duration(seconds: float) -> str:
    """Return about how long something takes: ``8 s``, ``4 min``, ``1 h 20 min``.

    >>> duration(7.6), duration(95), duration(4800)
    ('8 s', '1 min 35 s', '1 h 20 min')
    """
    whole = max(1, round(seconds))
    minutes, hours = round(seconds / 60), round(seconds / 60) // 60
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    if minutes < 60:
        return f"{minutes} min"
    return f"{hours} h" + (f" {minutes % 60} min" if minutes % 60 else "")


def _prompt(renderer: base.Renderer, recipe: Recipe) -> str:
    if "prompt" not in renderer.limits.controls or not isinstance(renderer, DiffusionRenderer):
        return ""
    return renderer.prompt(recipe.shot).positive


def _prompt_note(renderer: base.Renderer, recipe: Recipe) -> str | None:
    if not isinstance(renderer, DiffusionRenderer):
        return None
    return cut_note(recipe.shot, renderer.prompt_tokens)


def _planned(recipe: Recipe) -> tuple[SlotPlan, base.Renderer]:
    """Return the calls for a slot, and its renderer."""
    shot = recipe.shot
    renderer = registry.renderer_class(recipe.renderer)(shot.settings, shot.quality)
    # A continued slot is longer; the file that it continues from does not matter here.
    previous = Path(recipe.follows) if recipe.follows else None
    planned = plan(replace(shot, previous=previous), renderer.limits)
    return planned, renderer
