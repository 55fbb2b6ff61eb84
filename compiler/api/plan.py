"""Plan: the slots that compiling a script would render or reuse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from textwrap import wrap
from typing import Any, get_args

import opentimelineio as otio

from ...renderers.run.concurrency import slots_at_once
from ...renderers.run.recipe import recipe_key
from ...renderers.run.store import Store
from ..notices import Notice
from ..outputs.paths import Outputs, outputs_beside
from ..progress import silent
from ..progress_clock import ProgressClock, count
from ..script.model import Quality
from ..stages.cropped_stills import cropped_stills
from ..stages.edit import build_edit
from ..stages.edit_warnings import edit_warnings
from ..stages.missing_downloads import MissingDownload, missing_downloads
from ..stages.planned_clips import PlannedClip, planned_clips
from ..stages.read import ParsedScript, read_script
from ..stages.slot_needs import SlotNeeds, duration, slot_needs
from ..sync.edit import Schedule
from ..timeline.cover import cover_of
from ..timeline.slots import slot_clips
from .arguments import refuse_unknown, script_of

INDENTED: dict[str, Any] = {"initial_indent": " " * 8, "subsequent_indent": " " * 10}
"""Of a prompt in the plan."""
LEAST_NAME = 20
"""Least width of the column of names."""
SOURCES = {"measured": "measured", "table": "by the table of cards", "unknown": ""}
"""Where the speed of a device comes from."""
GPU_MEMORY = "at least {:.1f} GB of GPU memory"
NOT_COUNTED = "without loading, prompts, retries, sound and the finished file"
"""What the times of a plan leave out."""


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """A slot of a script that is not compiled yet.

    Attributes:
        name: of the slot.
        key: of its recipe; slots that share it are rendered once.
        is_rendered: whether the store holds its media.
        start, end: frames of the reel from which and before which it is seen, without handles.
        frames: of its media, with handles.
        renderer: its name.
        camera, zoom: the camera move, and the zoom of a closer framing, or 1.
        crops: how much of its stills is outside the frame, a line each.
        needs: what rendering it takes.
        prompt_model: the language model that is still to rewrite the prompt; empty for none.
    """

    name: str
    key: str
    is_rendered: bool
    start: int
    end: int
    frames: int
    renderer: str
    camera: str
    zoom: float
    crops: tuple[str, ...]
    needs: SlotNeeds
    prompt_model: str

    def lines(self, fps: Fraction, width: int) -> Iterator[str]:
        """Yield it as text, with a column of some width for its name."""
        state = "reuse" if self.is_rendered else "render"
        seen = f"{float(self.start / fps):.2f} to {float(self.end / fps):.2f} s"
        shown = f"{self.camera} {self.zoom:g}x closer" if self.zoom > 1 else self.camera
        frames = f"{self.frames:4} frames  {self.renderer} {shown}"
        yield f"{state:<7} {self.name:<{width}} {seen:>18}  {frames}"
        yield from (f"        {line}" for line in self.crops)
        yield from (f"        {line}" for line in self.needs.described)
        if not self.is_rendered:
            yield from (f"        {line}" for line in self._cost_lines())
        if self.needs.prompt:
            rewritten = f", for {self.prompt_model} to rewrite" if self.prompt_model else ""
            yield from wrap(f"prompt{rewritten}: {self.needs.prompt}", 80, **INDENTED)

    def _cost_lines(self) -> Iterator[str]:
        """Yield time and memory as text; no time without a model that nobody timed."""
        needs = self.needs
        if needs.seconds is not None:
            source = f" on {needs.device} ({SOURCES[needs.speed]})" if needs.calls else ""
            yield f"about {duration(needs.seconds)}{source}"
        elif needs.calls:
            where = needs.device or "this machine"
            yield f"no time known for {self.renderer} on {where} until its first slot"
        if needs.needed_gb is not None:
            yield GPU_MEMORY.format(needs.needed_gb)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PlannedSum:
    """What slots to render take together.

    Attributes:
        slots: to render, each recipe once.
        calls: of models.
        seconds: of those whose time is known; None if no time is.
        untimed: slots whose time is unknown.
        needed_gb: GPU memory of the largest; None without one, or if unknown.
    """

    slots: int
    calls: int
    seconds: float | None
    untimed: int
    needed_gb: float | None

    def text(self) -> str:
        """Return it as text."""
        parts = [count(self.slots, "slot")]
        if self.calls:
            parts.append(count(self.calls, "call"))
        if self.seconds is None:
            parts.append("no time known")
        else:
            more = f" and {count(self.untimed, 'slot')} of unknown time" if self.untimed else ""
            parts.append(f"about {duration(self.seconds)}{more}")
        return ", ".join(
            parts if self.needed_gb is None else [*parts, GPU_MEMORY.format(self.needed_gb)]
        )


@dataclass(frozen=True, slots=True)
class CompilePlan:
    """The work of compiling a script.

    Attributes:
        timeline: the `.otio` file that `compile_script` would write.
        frames, fps: of the reel.
        cover: the frame of the reel that is its cover; None for none.
        slots: in the order of the reel.
        clips: videos of the user's own, in the order of the reel.
        at_once: slots without a model that are rendered side by side.
        downloads: weights that this machine lacks; nothing else is asked of the network.
        warnings: that `compile_script` would begin with.
    """

    timeline: Path
    frames: int
    fps: Fraction
    cover: int | None
    slots: tuple[PlannedSlot, ...]
    clips: tuple[PlannedClip, ...]
    at_once: int
    downloads: tuple[MissingDownload, ...]
    warnings: tuple[Notice, ...]

    def lines(self) -> Iterator[str]:
        """Yield the plan as text, without the warnings."""
        yield f"{self.timeline}: {count(self.frames, 'frame')} at {float(self.fps):g}"
        if self.cover is not None:
            at = f"{float(self.cover / self.fps):.2f} s"
            yield f"{'cover:':<12} {self.timeline.stem}.jpg, the frame at {at}"
        shown: list[PlannedSlot | PlannedClip] = [*self.slots, *self.clips]
        width = max([LEAST_NAME, *(len(one.name) for one in shown)])
        for one in sorted(shown, key=lambda one: one.start):
            yield from one.lines(self.fps, width)
        sums = self.by_renderer()
        if len(sums) > 1:
            yield from (f"{name + ':':<12} {each.text()}" for name, each in sums.items())
        if sums:
            yield f"{'to render:':<12} {self.total().text()}"
            yield f"{'':<12} ({NOT_COUNTED})"
        for text in [one.line() for one in self.downloads] or ["nothing is asked of it"]:
            line = f"{'network:':<12} {text}"
            yield from wrap(line, 80, subsequent_indent=" " * 13, break_on_hyphens=False)

    def by_renderer(self) -> dict[str, PlannedSum]:
        """Return what the slots to render take, by renderer."""
        slots = {slot.key: slot for slot in self.slots if not slot.is_rendered}
        names = sorted({slot.renderer for slot in slots.values()})
        return {
            name: self._sum([slot for slot in slots.values() if slot.renderer == name])
            for name in names
        }

    def total(self) -> PlannedSum:
        """Return what all slots to render take."""
        sums = list(self.by_renderer().values())
        known = [each.seconds for each in sums if each.seconds is not None]
        return PlannedSum(
            sum(each.slots for each in sums),
            sum(each.calls for each in sums),
            sum(known) if known else None,
            sum(each.untimed for each in sums),
            max((each.needed_gb for each in sums if each.needed_gb is not None), default=None),
        )

    def _sum(self, slots: Sequence[PlannedSlot]) -> PlannedSum:
        """Return what slots of one renderer take: those of a model one after the other."""
        needs = [slot.needs for slot in slots]
        known = [each.seconds for each in needs if each.seconds is not None]
        calls = sum(each.calls for each in needs)
        beside = 1 if calls else max(1, min(self.at_once, len(slots)))
        return PlannedSum(
            len(slots),
            calls,
            sum(known) / beside if known else None,
            len(slots) - len(known),
            max((each.needed_gb for each in needs if each.needed_gb is not None), default=None),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the plan as JSON, with what it leaves out."""
        return {
            "timeline": str(self.timeline),
            "frames": self.frames,
            "fps": str(self.fps),
            **({} if self.cover is None else {"cover_frame": self.cover}),
            "slots": [slot.as_json() for slot in self.slots],
            "clips": [clip.as_json() for clip in self.clips],
            "renderers": {name: asdict(each) for name, each in self.by_renderer().items()},
            "total": {**asdict(self.total()), "not_counted": NOT_COUNTED},
            "downloads": [asdict(one) for one in self.downloads],
            "warnings": [{"code": one.code, "message": str(one)} for one in self.warnings],
        }


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
        script: the YAML file, or a folder with a ``script.yaml``.
        output: the output folder, as in `compile_script`.
        config: the configuration; else as in `compile_script`.
        renderer: the renderer of every scene; by default the script's.
        quality: the quality of every scene; by default the script's.
        allow_outside: let the script name files outside its folder.

    Raises:
        InputError: the script, its files or the configuration are wrong.
    """
    refuse_unknown("quality", quality, "a quality", get_args(Quality))
    path = script_of(script)
    outputs = outputs_beside(path, Path(output).absolute() if output else None)
    clock, media = ProgressClock(silent), outputs.media
    parsed = read_script(path, config, renderer, quality, allow_outside, clock, media=media)
    return plan_edit(parsed, *build_edit(parsed), outputs)


def plan_edit(
    parsed: ParsedScript, schedule: Schedule, timeline: otio.schema.Timeline, outputs: Outputs
) -> CompilePlan:
    """Return the plan of a script that is scheduled."""
    store = Store(outputs.media, read=False)
    planned = [(slot, slot.recipe) for slot in slot_clips(timeline)]
    slots = tuple(
        PlannedSlot(
            name=slot.name,
            key=key,
            is_rendered=store.find(slot.name, key) is not None,
            start=seen.start_time.to_frames(),
            end=seen.end_time_exclusive().to_frames(),
            frames=recipe.shot.frames,
            renderer=recipe.renderer,
            camera=recipe.shot.motion.camera,
            zoom=recipe.shot.motion.zoom,
            crops=cropped_stills(recipe.shot),
            needs=needs,
            prompt_model=parsed.prompts.waiting.get(needs.prompt, ""),
        )
        for slot, recipe in planned
        for key, needs in [(recipe_key(recipe), slot_needs(recipe))]
        for seen in [slot.clip.range_in_parent()]
    )
    pixels = max((recipe.shot.width * recipe.shot.height for _, recipe in planned), default=1)
    workers, output = parsed.config.workers, parsed.script.output
    return CompilePlan(
        outputs.timeline,
        schedule.frames,
        schedule.fps,
        cover_of(timeline, schedule.fps),
        slots,
        tuple(planned_clips(timeline, schedule.fps, (output.width, output.height))),
        workers if isinstance(workers, int) else slots_at_once(pixels),
        missing_downloads(recipe for _, recipe in planned),
        tuple(edit_warnings(parsed, schedule, timeline)),
    )
