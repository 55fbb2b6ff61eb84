"""Print the results of a run, and its warnings."""

from __future__ import annotations

from pathlib import Path

from ..printing import print_json, print_warnings
from ..report import Report


def print_report(report: Report, style: str, *also: Path) -> None:
    """Print the warnings of a run and the paths of its files.

    Args:
        report: of the run.
        style: of ``--progress``; ``json`` prints the whole report.
        also: further paths.
    """
    print_warnings(report.warnings, style)
    if style == "json":
        print_json({"report": report.as_json()})
        return
    if style == "none":
        return
    print(*report.paths, *also, sep="\n")
