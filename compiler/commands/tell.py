"""What is printed when the work is done, or has failed."""

from __future__ import annotations

import sys
from pathlib import Path

from ..report import Report
from ..streams import print_json


def tell(report: Report, style: str, *also: Path) -> None:
    """Print warnings and the paths that were written, in a style of progress.

    Args:
        report: of the work.
        style: of its progress.
        also: paths that the report does not name.
    """
    if style == "json":
        for warning in report.warnings:
            print_json({"warning": warning})
        print_json({"report": report.as_json()})
        return
    for warning in report.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if style == "none":
        return
    for path in (report.timeline, report.video, *report.other_videos, *report.captions, *also):
        if path is not None:
            print(path)
