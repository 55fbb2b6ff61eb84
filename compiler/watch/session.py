"""Follow a script: compile it after every save, and keep the open page current.

The main thread compiles. A newer save interrupts it as Ctrl-C does, so that what a run leaves
behind is what an interrupted `compile` leaves behind: whole files, which the next run reuses.
"""

from __future__ import annotations

import _thread
import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...renderers import registry
from ...renderers.run.loaded_renderers import LoadedRenderers
from ...renderers.run.recipe import Recipe, recipe_key
from ...renderers.run.store import Store
from ..api.compile import compile_parsed
from ..api.plan import CompilePlan, plan_edit
from ..assembly.rendered_media import link_rendered
from ..errors import InputError, Problem, WorkError
from ..files.file_version import file_version
from ..notices import Notice
from ..outputs.paths import Outputs, refuse_unwritable
from ..page.build_view import build_view
from ..progress import OnProgress, Progress
from ..progress_clock import ProgressClock, count
from ..script.config import FILE_NAME
from ..script.model import Quality
from ..stages.edit import build_edit
from ..stages.input_files import inputs_of_script
from ..stages.output_options import OutputOptions
from ..stages.read import ParsedScript, read_script
from ..stages.render import RenderOptions
from ..timeline.slots import SlotClip, set_media, slot_clips
from .animatic import animatic_of
from .changes import FolderWatch
from .drafts import Drafts
from .live_page import empty_view, live_page
from .live_state import LiveState
from .script_edit import edit_script
from .served_files import ServedFiles
from .stored_takes import another_seed, takes_of_slot
from .storyboard import BoardSlot, problems_html

_TELL_S = 0.2
"""Least seconds between two reports of progress."""


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """What to watch, with the options of `compile_script`."""

    script: Path
    config: Path | None = None
    renderer: str | None = None
    quality: Quality | None = None
    allow_outside: bool = False


@dataclass(frozen=True, slots=True)
class _Edit:
    """A script as it was compiled last."""

    parsed: ParsedScript
    outputs: Outputs
    timeline: otio.schema.Timeline
    fps: Fraction
    plan: CompilePlan
    recipes: Mapping[str, Recipe]


class WatchSession:
    """Compiles a script again and again.

    Args:
        options: what to watch.
        state: what the server tells.
        outputs: the files to write.
        on_progress: called with each step, for the terminal.
        on_result: called after each run with its errors, its warnings, and its seconds.
    """

    def __init__(
        self,
        options: WatchOptions,
        state: LiveState,
        outputs: Outputs,
        on_progress: OnProgress,
        on_result: Callable[[tuple[Problem, ...], tuple[Notice, ...], float], None],
    ):
        self._options, self._state, self._outputs = options, state, outputs
        self._on_progress, self._on_result = on_progress, on_result
        self._watch = FolderWatch(self._look)
        self._loaded = LoadedRenderers()
        self._drafts = Drafts()
        project = (options.script.parent, outputs.folder, self._drafts.folder)
        self.files = ServedFiles(project, allow_outside=options.allow_outside)
        self._seen = {options.script: file_version(options.script)}
        self._listed: frozenset[str] = frozenset()
        self._failed = False
        self._edit: _Edit | None = None
        self._warnings: tuple[Notice, ...] = ()
        self._told_at = 0.0
        self._lock = threading.Lock()
        self._due = threading.Event()
        self._compiling = self._superseded = False
        state.show(live_page(empty_view(options.script), 1, self.files))

    def run(self) -> None:
        """Compile after every change, until interrupted.

        Raises:
            WorkError: the script's folder is gone.
        """
        self._due.set()
        self._watch.start()
        try:
            while True:
                self._wait()
                with self._interruptible():
                    self._compile()
        finally:
            self._watch.end()
            self._loaded.close()
            self._drafts.close()

    # ---- Changes, from the thread that watches ----

    def _look(self) -> None:
        """Compile again if a file has changed since the last run began.

        After a failure, which a missing file may have caused, a new name in a folder counts too.
        """
        with self._lock:
            changed = {path: file_version(path) for path in self._seen} != self._seen
            if changed or (self._failed and self._names() != self._listed):
                self._renew()

    def _renew(self) -> None:
        """Ask for another run, and interrupt the present one. Needs the lock."""
        self._due.set()
        if self._compiling and not self._superseded:
            self._superseded = True
            _thread.interrupt_main()

    def _names(self) -> frozenset[str]:
        found: set[str] = set()
        for folder in {path.parent for path in self._seen}:
            with contextlib.suppress(OSError):
                found.update(entry.path for entry in os.scandir(folder) if entry.name[:1] != ".")
        return frozenset(found)

    # ---- Runs, in the main thread ----

    def _wait(self) -> None:
        while not self._due.wait(0.5):  # Waiting without end cannot be interrupted on Windows.
            self._refuse_gone()
        self._due.clear()
        self._refuse_gone()

    def _refuse_gone(self) -> None:
        folder = self._options.script.parent
        if not folder.is_dir():
            raise WorkError(f"{folder}: the script's folder is gone")

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let a newer save end what is done here, and report how it ended."""
        started = time.perf_counter()
        with self._lock:
            self._compiling, self._superseded = True, False
            self._seen = {path: file_version(path) for path in self._seen}
            self._listed = self._names()
        problems: tuple[Problem, ...] = ()
        try:
            try:
                yield
            except (InputError, WorkError) as error:
                problems = error.problems
            with self._lock:
                self._compiling = False
            self._finish(problems, time.perf_counter() - started)
        except KeyboardInterrupt:
            with self._lock:
                self._compiling = False
                if not self._superseded:
                    raise

    def _finish(self, problems: tuple[Problem, ...], seconds: float) -> None:
        self._refuse_gone()
        self._failed = bool(problems)
        self._watch.watch(self._seen)
        if problems:
            files = {one.file: Path(one.file).absolute() for one in problems if one.file}
            told = problems_html(problems, files)
            kept = "; the last good reel stays" if self._edit is not None else ""
            self._state.tell(
                phase="error", status=f"{count(len(problems), 'problem')}{kept}", problems=told,
                share=None,
            )  # fmt: skip
        self._on_result(problems, () if problems else self._warnings, seconds)

    def _compile(self) -> None:
        """Compile the script: an animatic at once, then drafts, then the reel."""
        options = self._options
        self._state.tell(phase="read", status="Reading the script", share=None)
        outputs = self._outputs
        refuse_unwritable(outputs)
        clock = ProgressClock(self._step)
        parsed = read_script(
            options.script, options.config, options.renderer, options.quality,
            options.allow_outside, clock, OutputOptions(), outputs, media=outputs.media,
        )  # fmt: skip
        self._follow(parsed)
        schedule, timeline = build_edit(parsed)
        link_rendered(timeline, [outputs.media])
        recipes = {slot.name: slot.recipe for slot in slot_clips(timeline)}
        plan = plan_edit(parsed, schedule, timeline, outputs)
        self._warnings = plan.warnings
        self._edit = _Edit(parsed, outputs, timeline, schedule.fps, plan, recipes)
        self._state.tell(phase="animatic", status="Animatic", problems="")
        self._show()
        self._render(clock)

    def _follow(self, parsed: ParsedScript) -> None:
        """Watch the files of a script; those that were watched keep their version."""
        script = self._options.script
        files = [one.path for one in inputs_of_script(parsed.script, parsed.config)]
        paths = [path.absolute() for path in (*files, script, script.with_name(FILE_NAME))]
        with self._lock:
            self._seen = {path: self._seen.get(path) or file_version(path) for path in paths}
        self._watch.watch(paths)

    def _render(self, clock: ProgressClock) -> None:
        edit = self._edit
        assert edit is not None
        waiting = self._unapproved()
        drafted = [
            (slot.name, edit.recipes[slot.name])
            for slot in edit.plan.slots
            if not slot.is_rendered and not slot.needs.calls
        ]
        self._state.tell(phase="drafts", status="Drafts")
        self._drafts.render(drafted, edit.parsed.config.workers, self._show)
        self._state.tell(phase="render", status="Rendering")
        options = RenderOptions(
            "local",
            force=False,
            relative_media=False,
            wanted=lambda recipe: recipe_key(recipe) not in waiting,
            on_rendered=self._replace,
            loaded=self._loaded,
        )
        report = compile_parsed(
            edit.parsed, edit.outputs, "media" if waiting else "video", options, clock
        )
        status = "Up to date"
        if waiting:
            status = f"{count(len(waiting), 'slot')} to approve in the storyboard"
        self._warnings = tuple(report.warnings)
        self._show(None if waiting else report.video)
        self._state.tell(phase="done", status=status, share=None)

    def _unapproved(self) -> set[str]:
        """Return the keys of slots that run a model, lack media and were not approved."""
        edit = self._edit
        if edit is None:
            return set()
        costly = {s.key for s in edit.plan.slots if s.needs.calls and not s.is_rendered}
        return costly - self._state.approved

    def _replace(self, name: str, media: Path) -> None:
        """Show a slot's finished media."""
        edit = self._edit
        assert edit is not None
        slots = [slot for slot in slot_clips(edit.timeline) if slot.name == name]
        if any(_media_of(slot) != str(media) for slot in slots):
            for slot in slots:
                set_media(slot, media)
            planned = (
                replace(s, is_rendered=s.is_rendered or s.name == name) for s in edit.plan.slots
            )
            self._edit = replace(edit, plan=replace(edit.plan, slots=tuple(planned)))
            self._show()

    def _video_url(self, name: str) -> str:
        """Return the URL of a slot's finished video, else that of its draft."""
        assert self._edit is not None
        store = Store(self._edit.outputs.media, read=False)
        slot = next(slot for slot in self._edit.plan.slots if slot.name == name)
        media = store.find(name, slot.key) or self._drafts.find(name, self._edit.recipes[name])
        return self.files.url(media) if media is not None else ""

    def _show(self, reel: Path | None = None) -> None:
        """Make the page anew."""
        edit = self._edit
        assert edit is not None
        view = build_view(edit.timeline, edit.outputs.timeline)
        view.reel = reel
        view.notes += [notice for notice in self._warnings if notice not in view.notes]
        waiting = self._unapproved()
        board = [
            BoardSlot(
                planned,
                edit.recipes[planned.name],
                self.files.still_url(edit.recipes[planned.name].shot.keyframes[0].image),
                planned.key in waiting,
                takes_of_slot(
                    edit.outputs.media, planned.name, edit.recipes[planned.name], planned.key
                ),
            )
            for planned in edit.plan.slots
        ]
        self._state.show(
            live_page(
                view,
                self._state.version + 1,
                self.files,
                board,
                edit.plan,
                animatic_of(edit.timeline, edit.fps, self.files.still_url, self._video_url),
                registry.renderer_names(),
            )
        )

    def _step(self, progress: Progress) -> None:
        self._on_progress(progress)
        now = time.monotonic()
        if progress.stage in ("render", "flatten") and now - self._told_at > _TELL_S:
            self._told_at = now
            what = "Rendering" if progress.stage == "render" else "Finishing the reel"
            slot = f" {progress.slot}" if progress.slot else ""
            share = progress.done / progress.total if progress.total else None
            self._state.tell(status=f"{what}{slot}", share=share)

    # ---- Requests of the page, from threads of the server ----

    def act(self, name: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Carry out a request of the page.

        ``approve`` lets models render slots: ``keys``. ``propose`` returns a change of the script
        as a diff: ``slot``, and ``what`` is ``seed``, ``renderer`` or ``take``. ``write`` writes
        it: ``edit``.

        Raises:
            InputError, WorkError: it cannot be done.
        """
        if name == "approve":
            keys = asked.get("keys")
            self._state.approved.update(map(str, keys if isinstance(keys, list) else ()))
            with self._lock:
                self._renew()
            return {}
        if name == "propose":
            return self._propose(asked)
        if name == "write":
            edit = self._state.edits.pop(str(asked.get("edit")), None)
            if edit is None:
                raise InputError("there is no such change any longer")
            edit.write()
            return {}
        raise InputError(f"{name!r} is no request")

    def _propose(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        edit = self._edit
        slot = str(asked.get("slot"))
        if edit is None or slot not in edit.recipes:
            raise InputError(f"there is no slot {slot!r}")
        recipe = edit.recipes[slot]
        what = asked.get("what")
        changes: Mapping[Any, Any] | None
        if what == "seed":
            changes = {("seed",): another_seed(recipe.shot.seed)}
        elif what == "renderer" and asked.get("renderer") in registry.renderer_names():
            changes = {("renderer",): str(asked["renderer"])}
        elif what == "take":
            takes = takes_of_slot(edit.outputs.media, slot, recipe, recipe_key(recipe))
            changes = next((t.changes for t in takes if t.name == asked.get("take")), None)
        else:
            changes = None
        if not changes:
            raise InputError("the script cannot say that")
        scene = next(s.scene for s in slot_clips(edit.timeline) if s.name == slot)
        number = [one.id for one in edit.parsed.script.scenes].index(scene)
        made = edit_script(
            self._options.script,
            {("scenes", number, *path): value for path, value in changes.items()},
        )
        if not made.diff:
            return {"edit": "", "diff": "The script says so already."}
        key = hashlib.sha256(f"{made.before}\0{made.after}".encode()).hexdigest()
        self._state.edits[key] = made
        return {"edit": key, "diff": made.diff}


def _media_of(slot: SlotClip) -> str:
    return str(getattr(slot.clip.media_reference, "target_url", ""))
