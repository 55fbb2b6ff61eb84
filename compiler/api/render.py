"""Render: fill the slots of a timeline, also after an edit elsewhere."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from ...renderers.files.digest import sha256_of
from ...renderers.run.store import Store
from ..editors.bundle_media import copy_media, rename_media
from ..editors.formats import refuse_missing
from ..editors.read_timeline import report_of_timeline
from ..editors.reimport import ReimportedTimeline, reimport
from ..errors import InputError, Problem
from ..files.exists import is_folder, is_there
from ..files.protected_files import InputFile, refuse_inputs
from ..notices import Notice
from ..outputs.paths import Outputs, refuse_unwritable
from ..outputs.reel_lock import lock_reel
from ..outputs.report_claims import is_claimed, keep_edited, sealed_hash, update_timeline
from ..progress import OnProgress, silent
from ..progress_clock import ProgressClock, count
from ..report import Report
from ..script.config import Config
from ..script.renderer_settings import read_config
from ..stages.input_files import (
    NEW_NAME,
    inputs_of_timeline,
    not_rendered,
    store_files,
    timeline_file,
)
from ..stages.model_checks import refuse_models
from ..stages.render import RenderOptions, fill_slots, refuse_engine, render_summary
from ..timeline.effects import effect_notices
from ..timeline.slots import slot_clips


def render_timeline(
    timeline: str | Path,
    *,
    fps: Fraction | None = None,
    sequence: str | None = None,
    output: str | Path | None = None,
    compiled: str | Path | None = None,
    media: str | Path | None = None,
    config: str | Path | None = None,
    engine: str = "local",
    force: bool = False,
    relative_media: bool = False,
    on_progress: OnProgress = silent,
) -> Report:
    """Fill the slots of a timeline that lack media, and reference the media in the file.

    The timeline may come from an editor that dropped the recipes: they are restored, and slots that
    show more than their media hold are rendered again. Media go to ``media/`` beside the timeline;
    media rendered before are used in place.

    Args:
        timeline: ``.otio``, or any file that an editor writes.
        fps: frame rate of an ``.edl``, which states none; by default the compiled timeline's.
        sequence: name of the timeline, for files that hold several.
        output: the ``.otio`` to write; by default the timeline itself, else ``<timeline>.otio``.
        compiled: the compiled timeline; by default searched beside the timeline and its media.
        media: another folder of rendered media.
        config: the configuration; else ``video_config.yaml`` beside the input, else in the user's
            configuration folder.
        engine: ``local``, ``ray`` or ``ray://HOST:PORT``.
        force: render every slot again, cache hits too.
        relative_media: write the paths of rendered media relative to the timeline.
        on_progress: called with each step.

    Returns:
        The report.

    Raises:
        InputError: a file or the configuration is wrong. Nothing was written.
        WorkError: the work failed. The next run reuses finished media.
    """
    refuse_engine(engine)
    path = Path(timeline).absolute()
    if output is not None and Path(output).suffix.lower() != ".otio":
        hint = f"name it {Path(output).stem}.otio, and export that"
        raise InputError(Problem.option("--output", "render writes an .otio file", hint))
    clock = ProgressClock(on_progress)
    reel = Path(output).absolute() if output else path
    refuse_missing(path)
    if compiled is not None and not is_there(Path(compiled)):
        raise InputError(Problem.option("--compiled", f"{compiled}: no such file"))
    if media is not None and not is_folder(Path(media)):
        raise InputError(Problem.option("--media", f"{media}: no such folder"))
    refuse_unwritable(Outputs(reel.parent, reel.stem))
    with lock_reel(reel, "render", on_progress):
        with clock.stage("read"):
            settings = read_config(config, path)
            reimported = reimport(
                path,
                fps,
                sequence=sequence,
                compiled=Path(compiled).absolute() if compiled else None,
                media=Path(media).absolute() if media else None,
            )
            if compiled is not None and reimported.known_slots.compiled is None:
                what, hint = "is not a compiled timeline", "name the .otio that compile wrote"
                raise InputError(Problem.option("--compiled", f"{compiled}: {what}", hint))
            target = Path(output).absolute() if output else reimported.output
            outputs = Outputs(target.parent, target.stem)
            refuse_unwritable(outputs, [slot.name for slot in slot_clips(reimported.timeline)])
            _refuse_inputs(reimported, path, target, outputs, settings)
            also = tuple(reimported.known_slots.folders)
            options = RenderOptions(engine, force, relative_media, also)
            refuse_models(reimported.timeline, outputs, settings, options)
            report = report_of_timeline(reimported.timeline, target, path.parent)
            report.warnings += [
                *reimported.warnings,
                *dict.fromkeys(effect_notices(reimported.timeline)),
            ]
            clock.done("read", f"{count(report.frames, 'frame')}; {reimported.summary}")
        # Keep a version that an editor saves meanwhile, too.
        in_place = target == path
        before = sha256_of(path) if in_place else sealed_hash(target)
        is_ours = in_place and is_claimed(path, path)
        with clock.stage("render"), report.kept_on_failure():
            copy_media(rename_media(reimported.timeline, outputs.media))
            try:
                fill_slots(reimported.timeline, outputs, report, settings, options, on_progress)
            finally:
                kept = None if output is not None else keep_edited(target, [before])
                if kept is not None:
                    what = f"{target.name} was edited since it was read or rendered"
                    report.warnings.append(Notice("edited", f"{what}; kept as {kept.name}"))
                update_timeline(reimported.timeline, target, is_ours=is_ours, sealed=not in_place)
            clock.done("render", render_summary(report.slots))
    report.seconds = clock.seconds
    return report


def _refuse_inputs(
    reimported: ReimportedTimeline, path: Path, target: Path, outputs: Outputs, config: Config
) -> None:
    """Reject outputs that would overwrite an input; the timeline may be updated in place."""
    inputs = inputs_of_timeline(reimported.timeline, path, config)
    others = [*inputs, *(timeline_file(path) if target != path else ())]
    compiled = reimported.known_slots.compiled_path
    # An earlier result is overwritten; an edited one is renamed and kept.
    again = compiled == target and target == reimported.output
    if compiled is not None and target != path and not again:
        others.append(InputFile(compiled, "the timeline that this one was made from"))
    refuse_inputs([target], others, NEW_NAME)
    recipes = ((slot.name, slot.recipe) for slot in slot_clips(reimported.timeline))
    media = store_files(Store(outputs.media, read=False), recipes)
    refuse_inputs(media, not_rendered(inputs), NEW_NAME)
