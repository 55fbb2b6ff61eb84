"""Written: the report holds the timeline's hash, by which an edit is known the next time."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ...renderers.replace import replace_file
from ..backend.whole_file import writing
from ..outputs import Outputs, write_text
from ..report import Report


def write_report(report: Report, outputs: Outputs) -> None:
    """Write a report, with the hash of the timeline that is there."""
    report.timeline_sha256 = _sha256(outputs.timeline)
    write_text(outputs.report, report.as_text())


def keep_edited(outputs: Outputs) -> Path | None:
    """Set aside a timeline that was edited since it was written, before it is written again.

    Returns:
        The name the edited timeline is kept under, or None where there was nothing to keep.

    Raises:
        WorkError: it cannot be renamed, as on Windows while an editor has it open.
    """
    try:
        written = json.loads(outputs.report.read_text("utf-8"))["timeline"]["sha256"]
        found = _sha256(outputs.timeline)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if found == written:
        return None
    number = 1
    while (kept := outputs.folder / f"{outputs.name}.edited-{number}.otio").exists():
        number += 1
    with writing(outputs.timeline):
        replace_file(outputs.timeline, kept)
    return kept


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
