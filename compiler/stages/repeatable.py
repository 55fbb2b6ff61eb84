"""The files that a finished run depends on: while none changes, the next run changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...renderers.files.digest import sha256_of
from ...renderers.registry import STILL_RENDERERS
from ...renderers.run.store import DamagedError, read_sidecar, sidecar_of
from ..backend.captions.fonts import RUBIK, face_of
from ..backend.captions.style import is_font_file
from ..files.exists import is_file
from ..outputs.last_run import inputs_as_read
from ..outputs.paths import Outputs, segments_of
from ..report import Report
from ..script.config import places_of
from ..script.model import Script
from .input_files import inputs_of_script
from .read import ParsedScript


def files_of_run(
    parsed: ParsedScript,
    outputs: Outputs,
    config: str | Path | None,
    report: Report,
    started: float,
) -> dict[str, str] | None:
    """Return the SHA-256 of each file that a run has read or written, by its path.

    A file that was absent has an empty one; that of a segment is its first digits.

    Args:
        parsed: the script.
        outputs: of the run.
        config: the stated configuration; None if the run looked for one.
        report: of the finished run.
        started: when the run began, in seconds since the epoch.

    Returns:
        None if the run depends on more than these files, or one of them may have changed meanwhile.
    """
    if parsed.credentials is not None or parsed.config.renderers or _listens(parsed.script):
        return None
    if not STILL_RENDERERS.issuperset(slot.renderer for slot in report.slots):
        return None
    if parsed.script.captions.burn and _needs_fonts_of_system(parsed.script, report):
        return None
    script = parsed.script.path
    named = inputs_of_script(parsed.script, parsed.config)
    names = {one.path.absolute() for one in named} - {script}
    settings = [] if config is not None else places_of(script)
    present = [path for path in settings if is_file(path)]
    files = inputs_as_read([*sorted(names), *present], started)
    written = dict(_written(outputs, report, started))
    if files is None or "" in written.values():
        return None
    absent = {str(path): "" for path in settings if path not in present}
    # In the order in which they are compared: what changes most is small, and comes first.
    return {**absent, str(script): parsed.script.sha256, **files, **written}


def _listens(script: Script) -> bool:
    """Whether a model recognises or aligns speech: its weights are not in the list."""
    voices = (script.narration, *(scene.narration for scene in script.scenes))
    return any(voice and (voice.asr or voice.align_model) for voice in voices)


def _needs_fonts_of_system(script: Script, report: Report) -> bool:
    """Whether captions need a font that is neither bundled nor a file of the script."""
    named = script.captions.font
    if named is not None and not is_font_file(named):
        return True
    face = face_of(RUBIK if named is None else Path(named))
    letters = {letter for scene in report.scenes for word in scene.words for letter in word.text}
    return not all(face.has(letter) or letter.isspace() for letter in letters)


def _written(outputs: Outputs, report: Report, started: float) -> Iterator[tuple[str, str]]:
    """Yield the files of a run with their SHA-256; an empty one if it is unknown."""
    for path in report.paths:
        yield str(path), report.files.get(path.name, [""])[-1]
    for slot in report.slots:
        try:
            sidecar = sidecar_of(slot.media)
            yield str(sidecar), sha256_of(sidecar)
            yield str(slot.media), (read_sidecar(slot.media) or {}).get("sha256", "")
        except (OSError, DamagedError):
            yield str(slot.media), ""
    folder = segments_of(outputs.video)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file() and path.stat().st_mtime >= started - 1:  # A segment in use.
            yield str(path), path.stem.rpartition("-")[2]
