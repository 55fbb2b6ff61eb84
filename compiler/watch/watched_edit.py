"""A script as it was compiled last: its page, and the changes that the page proposes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...renderers import registry
from ...renderers.run.recipe import Recipe, recipe_key
from ...renderers.run.store import Store
from ..api.plan import CompilePlan, PlannedSlot, plan_edit
from ..assembly.rendered_media import link_rendered
from ..errors import InputError
from ..notices import Notice
from ..outputs.paths import Outputs
from ..page.build_view import build_view
from ..stages.edit import build_edit
from ..stages.read import ParsedScript
from ..timeline.slots import set_media, slot_clips
from .animatic import FrameOf, animatic_of
from .live_page import live_page
from .script_edit import ScriptEdit, edit_script, read_text
from .served_files import ServedFiles
from .stored_takes import another_seed, takes_of_slot
from .storyboard import BoardSlot

FindDraft = Callable[[str, Recipe], Path | None]
"""Returns the draft of a slot, by its name and recipe; None if there is none."""


@dataclass(frozen=True, slots=True)
class WatchedEdit:
    """The edit of a script, and what of it is rendered.

    Attributes:
        parsed: the script.
        outputs: its files.
        timeline: with the media that are rendered.
        plan: its slots.
        recipes: of the slots, by name.
        rendered: their finished media, by name.
        scenes: their scenes, by name.
    """

    parsed: ParsedScript
    outputs: Outputs
    timeline: otio.schema.Timeline
    plan: CompilePlan
    recipes: Mapping[str, Recipe]
    rendered: Mapping[str, Path]
    scenes: Mapping[str, str]

    @classmethod
    def of(cls, parsed: ParsedScript, outputs: Outputs) -> WatchedEdit:
        """Schedule a script, and find what of it is rendered. Writes nothing.

        Raises:
            InputError, WorkError: as `build_edit`.
        """
        schedule, timeline = build_edit(parsed)
        link_rendered(timeline, [outputs.media])
        plan = plan_edit(parsed, schedule, timeline, outputs)
        store = Store(outputs.media, read=False)
        found = {slot.name: store.find(slot.name, slot.key) for slot in plan.slots}
        slots = list(slot_clips(timeline))
        return cls(
            parsed,
            outputs,
            timeline,
            plan,
            {slot.name: slot.recipe for slot in slots},
            {name: media for name, media in found.items() if media is not None},
            {slot.name: slot.scene for slot in slots},
        )

    def with_media(self, name: str, media: Path) -> WatchedEdit:
        """Return the edit once a slot is rendered; its timeline is changed."""
        for slot in slot_clips(self.timeline):
            if slot.name == name:
                set_media(slot, media)
        slots = (replace(s, is_rendered=s.is_rendered or s.name == name) for s in self.plan.slots)
        plan = replace(self.plan, slots=tuple(slots))
        return replace(self, plan=plan, rendered={**self.rendered, name: media})

    def unapproved(self, approved: Collection[str]) -> set[str]:
        """Return the `approval_key` of slots that run a model, lack media and are not approved."""
        costly = (s.name for s in self.plan.slots if is_costly(s) and s.name not in self.rendered)
        return {approval_key(self.recipes[name]) for name in costly} - set(approved)

    def drafted(self) -> list[tuple[str, Recipe]]:
        """Return the slots that are to have a draft: those without a model that lack media."""
        slots = (s for s in self.plan.slots if not is_costly(s) and s.name not in self.rendered)
        return [(slot.name, self.recipes[slot.name]) for slot in slots]

    def page(
        self,
        version: int,
        served: ServedFiles,
        approved: Collection[str],
        find_draft: FindDraft,
        frame_of: FrameOf,
        warnings: Collection[Notice],
        reel: Path | None,
    ) -> str:
        """Return the page's HTML.

        Args:
            version: of the page.
            served: the files that it may link to.
            approved: as in `unapproved`.
            find_draft: finds drafts.
            frame_of: saves frames of the user's own clips as stills.
            warnings: of the run.
            reel: the finished one; None if it is still to come.
        """
        view = build_view(self.timeline, self.outputs.timeline)
        view.reel = reel
        view.notes += [notice for notice in warnings if notice not in view.notes]
        waiting = self.unapproved(approved)

        def video_url(name: str) -> str:
            media = self.rendered.get(name) or find_draft(name, self.recipes[name])
            return served.url(media) if media is not None else ""

        board = [self._board_slot(slot, served, waiting) for slot in self.plan.slots]
        animatic = animatic_of(self.timeline, self.plan.fps, served.still_url, video_url, frame_of)
        names = registry.renderer_names()
        return live_page(view, version, served, board, self.plan, animatic, names)

    def _board_slot(
        self, planned: PlannedSlot, served: ServedFiles, waiting: Collection[str]
    ) -> BoardSlot:
        name, recipe = planned.name, self.recipes[planned.name]
        key = approval_key(recipe)
        return BoardSlot(
            planned,
            recipe,
            served.still_url(recipe.shot.keyframes[0].image),
            key if key in waiting else "",
            takes_of_slot(self.outputs, name, recipe, planned.key),
        )

    def propose(self, asked: Mapping[str, Any]) -> ScriptEdit:
        """Return a change of the script that the page asks for; see `PageRequests`.

        Raises:
            InputError: the script cannot say that, or was changed meanwhile.
        """
        slot = str(asked.get("slot"))
        if slot not in self.recipes:
            raise InputError(f"there is no slot {slot!r}")
        recipe = self.recipes[slot]
        what = asked.get("what")
        changes: Mapping[Any, Any] | None = None
        if what == "seed":
            changes = {("seed",): another_seed(recipe.shot.seed)}
        elif what == "renderer" and asked.get("renderer") in registry.renderer_names():
            changes = {("renderer",): str(asked["renderer"])}
        elif what == "take":
            takes = takes_of_slot(self.outputs, slot, recipe, recipe_key(recipe))
            changes = next((t.changes for t in takes if t.name == asked.get("take")), None)
        if not changes:
            raise InputError("the script cannot say that")
        script = self.parsed.script
        if hashlib.sha256(read_text(script.path).encode()).hexdigest() != script.sha256:
            raise InputError("the script has changed; wait until it is compiled without an error")
        number = [scene.id for scene in script.scenes].index(self.scenes[slot])
        places = {("scenes", number, *path): value for path, value in changes.items()}
        return edit_script(script.path, places)


def is_costly(slot: PlannedSlot) -> bool:
    """Whether a slot runs a model."""
    return slot.needs.calls > 0


def approval_key(recipe: Recipe) -> str:
    """Return what an approval is for: the key, before a language model has written the prompt."""
    return recipe_key(replace(recipe, shot=replace(recipe.shot, written="")))
