"""Evaluate: renderers compared on slots of a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..editors.formats import refuse_missing
from ..editors.read_timeline import read_timeline
from ..errors import InputError, Problem
from ..evaluation.evaluation import Evaluation, is_evaluation, redrawn
from ..evaluation.page import page_of
from ..evaluation.selection import chosen_slots, known_qualities, pick_takes, picked_takes
from ..files.exists import is_there
from ..files.protected_files import refuse_inputs
from ..outputs.paths import Outputs, refuse_unwritable, write_text, write_timeline
from ..outputs.reel_lock import lock_reel
from ..page.generator import is_page
from ..progress import OnProgress, silent
from ..progress_clock import ProgressClock, count
from ..script.renderer_settings import read_config
from ..stages.evaluate import evaluate_slots
from ..stages.input_files import inputs_of_timeline, not_rendered
from ..timeline.disclosure import disclose
from ..timeline.slots import slot_clips
from .arguments import as_names

_ELSEWHERE = "rename it, or copy the timeline to another folder"


def evaluate_timeline(
    timeline: str | Path,
    *,
    renderers: Sequence[str] = (),
    qualities: Sequence[str] = ("standard",),
    slots: Sequence[str] = (),
    picks: Sequence[str] = (),
    config: str | Path | None = None,
    force: bool = False,
    on_progress: OnProgress = silent,
) -> Evaluation:
    """Compare renderers on slots of a timeline: render takes, measure them, write a page.

    Takes are added to the timeline's clips; their active media stay until a take is picked. Earlier
    takes and measurements are reused. A string in place of a list of names is one name.

    Args:
        timeline: as written by `compile_script`.
        renderers: by default all available ones, or none if there are ``picks``.
        qualities: of each renderer.
        slots: by default three, spread over the reel; ``["all"]`` for all.
        picks: takes to activate, as ``TAKE`` or ``SLOT=TAKE``.
        config: the configuration; else ``video_config.yaml`` beside the input, else in the user's
            configuration folder.
        force: ignore earlier takes and measurements.
        on_progress: called with each step.

    Returns:
        The evaluation, as written to ``<name>.evaluation.json``.

    Raises:
        InputError: the timeline, a name or the configuration is wrong. Nothing was written.
        WorkError: a take cannot be measured.
    """
    path = Path(timeline).absolute()
    refuse_missing(path)
    refuse_unwritable(Outputs(path.parent, path.stem))
    with lock_reel(path, "evaluate", on_progress):
        return _evaluate(
            path,
            as_names(renderers),
            as_names(qualities),
            as_names(slots),
            as_names(picks),
            config,
            on_progress,
            force=force,
        )


def _evaluate(
    path: Path,
    renderers: Sequence[str],
    qualities: Sequence[str],
    slots: Sequence[str],
    picks: Sequence[str],
    config: str | Path | None,
    on_progress: OnProgress,
    *,
    force: bool,
) -> Evaluation:
    """Evaluate under the lock of the timeline."""
    found = Evaluation(path)
    clock = ProgressClock(on_progress)
    with clock.stage("read"):
        settings = read_config(config, path)
        _refuse_foreign(found)
        loaded = read_timeline(path)
        tried = chosen_slots(loaded, slots, path)
        wanted = known_qualities(qualities)
        inputs = inputs_of_timeline(loaded, path, settings)
        refuse_inputs([path, found.data, found.page], inputs, _ELSEWHERE)
        clock.done("read", f"{path.name}: {count(len(list(slot_clips(loaded))), 'slot')}")
    if renderers or not picks:
        with clock.stage("evaluate"):
            outputs = Outputs(path.parent, path.stem)
            refuse_unwritable(outputs, [slot.name for slot in tried])
            found = evaluate_slots(
                path,
                tried,
                renderers,
                wanted,
                settings,
                outputs,
                on_progress,
                force=force,
                inputs=not_rendered(inputs),
            )
            clock.done("evaluate", f"{count(len(found.takes), 'take')} measured")
    found.restored = pick_takes(loaded, picks, slots, path)
    found.picked = picked_takes(loaded)
    if picks:
        disclose(loaded, path.parent)
    if found.takes or picks:
        write_timeline(loaded, path)
    shown = found if found.takes else redrawn(found)
    if shown.takes:
        write_text(found.data, shown.as_text())
        write_text(found.page, page_of(shown, tried if found.takes else list(slot_clips(loaded))))
    return found


def _refuse_foreign(found: Evaluation) -> None:
    """Reject a timeline that cannot be updated, and results that would replace foreign files."""
    problems = []
    if is_there(found.timeline) and found.timeline.suffix.lower() != ".otio":
        what, hint = "takes can be added to .otio files only", "export it as X.otio first"
        problems.append(Problem.in_file(found.timeline, what, hint))
    ours = {found.data: is_evaluation, found.page: is_page}
    problems += [
        Problem.in_file(path, "exists already, and is not an evaluation", _ELSEWHERE)
        for path, is_ours in ours.items()
        if is_there(path) and not is_ours(path)
    ]
    if problems:
        raise InputError(problems)
