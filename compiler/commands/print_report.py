"""What is printed when the work is done, or has failed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..notices import Notice
from ..report import Report
from ..streams import print_json, print_warnings


def tell_lines(lines: Iterable[str]) -> list[Notice]:
    """Print lines, and those that are warnings as such; return the warnings."""
    warnings = []
    for line in lines:
        if isinstance(line, Notice):
            warnings.append(line)
        else:
            print(line)
    print_warnings(warnings)
    return warnings


def print_report(report: Report, style: str, *also: Path) -> None:
    """Print warnings and the paths that were written, in a style of progress.

    Args:
        report: of the work.
        style: of its progress.
        also: paths that the report does not name.
    """
    print_warnings(report.warnings, style)
    if style == "json":
        print_json({"report": report.as_json()})
        return
    if style == "none":
        return
    for path in (report.timeline, report.video, *report.other_videos, *report.captions, *also):
        if path is not None:
            print(path)
