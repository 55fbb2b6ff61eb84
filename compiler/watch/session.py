"""Follow a script: compile it after every save, and keep the open page current.

The main thread compiles. A newer save interrupts it as Ctrl-C does, so that what a run leaves
behind is what an interrupted `compile` leaves behind: whole files, which the next run reuses. A run
that failed on a full disk is repeated when there is space again.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ...renderers.run.loaded_renderers import LoadedRenderers
from ..api.compile_stages import compile_parsed
from ..errors import InputError, Problem, WorkError
from ..files.file_version import file_version
from ..notices import Notice
from ..outputs.paths import Outputs, refuse_unwritable
from ..progress import OnProgress, Progress
from ..progress_clock import ProgressClock, count
from ..script.config import FILE_NAME
from ..script.model import Quality
from ..stages.input_files import inputs_of_script
from ..stages.output_options import OutputOptions
from ..stages.read import ParsedScript, read_script
from ..stages.render import RenderOptions
from .changes import FolderWatch, folders_below, names_in
from .drafts import Drafts
from .full_disk import FullDisk
from .interrupts import Interrupts
from .live_page import empty_view, live_page
from .live_state import LiveState
from .served_files import ServedFiles
from .storyboard import problems_html
from .watched_edit import WatchedEdit, approval_key

_TELL_S = 0.2
"""Least seconds between two reports of progress."""
_SHOWN = 2
"""Least time between two pages while slots are rendered, in times that it takes to make one."""


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """What to watch, with the options of `compile_script`."""

    script: Path
    config: Path | None = None
    renderer: str | None = None
    quality: Quality | None = None
    allow_outside: bool = False


class WatchSession:
    """Compiles a script again and again.

    Args:
        options: what to watch.
        state: what the server tells.
        outputs: the files to write.
        on_progress: called with each step, for the terminal.
        on_result: called after each run with its errors, its warnings, and its seconds.

    Attributes:
        files: to serve.
        edit: the script as it was compiled last; None before that.
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
        self.edit: WatchedEdit | None = None
        self._warnings: tuple[Notice, ...] = ()
        self._told_at = self._shown_at = self._show_s = 0.0
        self._lock = threading.Lock()
        self._due = threading.Event()
        self._interrupts = Interrupts()
        self._compiling = False
        self._full_disk: FullDisk | None = None
        state.show(live_page(empty_view(options.script), 1, self.files))

    def run(self) -> None:
        """Compile after every change, until interrupted.

        Raises:
            WorkError: the script's folder is gone.
        """
        self._due.set()
        self._watch.start()
        try:
            with self._interrupts.handled():
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
            if changed or (self._failed and names_in(self._folders()) != self._listed):
                self._renew()

    def _renew(self) -> None:
        """Ask for another run, and end the present one. Needs the lock."""
        self._due.set()
        if self._compiling:
            self._interrupts.supersede()

    def _folders(self) -> set[Path]:
        """Return the folders of the files; after a failure, all where a file may be missing."""
        folders = {one.parent for path in self._seen for one in (path, path.resolve())}
        if self._failed:
            folders.update(folders_below(self._options.script.parent, self._outputs.folder))
        return folders

    # ---- Runs, in the main thread ----

    def _wait(self) -> None:
        while not self._due.wait(0.5):  # Waiting without end cannot be interrupted on Windows.
            self._refuse_gone()
            if self._full_disk is not None and self._full_disk.has_space():
                break
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
            self._interrupts.start_run()
            self._compiling = True
            self._seen = {path: file_version(path) for path in self._seen}
        problems: tuple[Problem, ...] = ()
        try:
            try:
                yield
            except (InputError, WorkError) as error:
                problems = error.problems
            with self._lock:
                self._compiling = False
            self._finish(problems, time.perf_counter() - started)
        except (Exception, KeyboardInterrupt):
            # An interrupt within a lock's own code raises other exceptions.
            with self._lock:
                self._compiling = False
            if not (self._interrupts.is_asked or self._interrupts.is_superseded):
                raise
        if self._interrupts.is_asked:
            raise KeyboardInterrupt

    def _finish(self, problems: tuple[Problem, ...], seconds: float) -> None:
        self._refuse_gone()
        self._failed = bool(problems)
        self._full_disk = FullDisk.of(problems, self._outputs.folder)
        if self._failed:
            self._listed = names_in(self._folders())
        self._watch.watch(self._folders())
        if problems:
            files = {one.file: Path(one.file).absolute() for one in problems if one.file}
            told = problems_html(problems, files)
            kept = "; the last good reel stays" if self.edit is not None else ""
            self._state.tell(
                phase="error", status=f"{count(len(problems), 'problem')}{kept}", problems=told,
                share=None,
            )  # fmt: skip
        self._on_result(problems, () if problems else self._warnings, seconds)

    def _compile(self) -> None:
        """Compile the script: an animatic at once, then drafts, then the reel."""
        self._state.tell(phase="read", status="Reading the script", share=None)
        refuse_unwritable(self._outputs)
        clock = ProgressClock(self._step)
        parsed = self._read(clock)
        self._follow(parsed)
        assert parsed.output is not None
        outputs = replace(self._outputs, suffix=parsed.output.suffix)
        self.edit = WatchedEdit.of(parsed, outputs)
        self._warnings = self.edit.plan.warnings
        self._state.tell(phase="animatic", status="Animatic", problems="")
        self._show()
        self._render(self.edit, clock)

    def _read(self, clock: ProgressClock, *, writes_prompts: bool = False) -> ParsedScript:
        options = self._options
        return read_script(
            options.script, options.config, options.renderer, options.quality,
            options.allow_outside, clock, OutputOptions(), self._outputs,
            media=self._outputs.media, writes_prompts=writes_prompts,
        )  # fmt: skip

    def _follow(self, parsed: ParsedScript) -> None:
        """Watch the files of a script; those that were watched keep their version."""
        script = self._options.script
        files = [one.path for one in inputs_of_script(parsed.script, parsed.config)]
        paths = [path.absolute() for path in (*files, script, script.with_name(FILE_NAME))]
        with self._lock:
            self._seen = {path: self._seen.get(path) or file_version(path) for path in paths}
            self._watch.watch(self._folders())

    def _render(self, edit: WatchedEdit, clock: ProgressClock) -> None:
        """Render drafts, then approved slots, then the complete reel."""
        waiting = edit.unapproved(self._state.approved)
        self._state.tell(phase="drafts", status="Drafts")
        self._drafts.render(edit.drafted(), edit.parsed.config.workers, self._show_progress)
        self._state.tell(phase="render", status="Rendering")
        options = RenderOptions(
            "local",
            force=False,
            relative_media=False,
            wanted=lambda recipe: approval_key(recipe) not in waiting,
            on_rendered=self._replace,
            loaded=self._loaded,
        )
        parsed = edit.parsed
        if parsed.prompts.waiting and not waiting:
            parsed = self._read(clock, writes_prompts=True)
        report = compile_parsed(
            parsed, edit.outputs, "media" if waiting else "video", options, clock
        )
        status = "Up to date"
        if waiting:
            status = f"{count(len(waiting), 'slot')} to approve in the storyboard"
        self._warnings = tuple(report.warnings)
        self._show(None if waiting else report.video)
        self._state.tell(phase="done", status=status, share=None)

    def _replace(self, name: str, media: Path) -> None:
        """Show a slot's finished media."""
        if self.edit is not None and self.edit.rendered.get(name) != media:
            self.edit = self.edit.with_media(name, media)
            self._show_progress()

    def _show_progress(self) -> None:
        """Make the page anew, unless a long reel's has only just been made."""
        if time.monotonic() - self._shown_at > _SHOWN * self._show_s:
            self._show()

    def _show(self, reel: Path | None = None) -> None:
        """Make the page anew."""
        started = time.monotonic()
        edit, state = self.edit, self._state
        assert edit is not None
        version = state.version + 1
        find, frame_of = self._drafts.find, self._drafts.frame_of
        state.show(
            edit.page(version, self.files, state.approved, find, frame_of, self._warnings, reel)
        )
        self._shown_at = time.monotonic()
        self._show_s = self._shown_at - started

    def _step(self, progress: Progress) -> None:
        self._on_progress(progress)
        now = time.monotonic()
        if progress.stage in ("render", "flatten") and now - self._told_at > _TELL_S:
            self._told_at = now
            what = "Rendering" if progress.stage == "render" else "Finishing the reel"
            slot = f" {progress.slot}" if progress.slot else ""
            share = progress.done / progress.total if progress.total else None
            self._state.tell(status=f"{what}{slot}", share=share)

    def approve(self) -> None:
        """Render what was approved; called from a thread of the server."""
        with self._lock:
            self._renew()
