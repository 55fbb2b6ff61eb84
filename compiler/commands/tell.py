"""What is printed when the work is done, or has failed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import Problem
from ..report import Report
from ..streams import is_closed_pipe, print_json


def tell(report: Report, style: str, *also: Path) -> None:
    """Print warnings and the paths that were written, in a style of progress.

    Args:
        report: of the work.
        style: of its progress.
        also: paths that the report does not name.
    """
    if style == "json":
        for warning in report.warnings:
            tell_object({"warning": warning})
        tell_object({"report": report.as_json()})
        return
    for warning in report.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if style == "none":
        return
    for path in (report.timeline, report.video, *report.other_videos, *report.captions, *also):
        if path is not None:
            print(path)


def tell_object(what: Mapping[str, Any]) -> None:
    """Print an object for programs, on a line of its own."""
    print_json(what)


def tell_error(status: int, problems: Iterable[Problem]) -> None:
    """Print for programs why there is an exit status other than 0."""
    told = {"exit_status": status, "problems": [asdict(problem) for problem in problems]}
    try:
        tell_object({"error": told})
    except OSError as error:  # Nobody listens any more, and the status says it too.
        if not is_closed_pipe(error):
            raise
