"""What is printed when the work is done."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ..report import Report


def tell(report: Report, style: str, *also: Path) -> None:
    """Print warnings and the paths that were written, in a style of progress.

    Args:
        report: of the work.
        style: of its progress.
        also: paths that the report does not name.
    """
    if style == "none":
        return
    if style == "json":
        print(json.dumps({"report": report.as_json()}, ensure_ascii=False))
        return
    for warning in report.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for path in (report.timeline, report.video, *report.other_videos, *report.captions, *also):
        if path is not None:
            print(path)
