"""The table of a run, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .scores import CLOSE_MS, HALF_FRAME, Scores, calibration_error

OURS = "ours"
Results = Mapping[str, Mapping[str, Scores]]
"""Scores by row and program."""


def print_table(results: Results) -> None:
    """Print a row for each condition, as Markdown."""
    print(
        "| condition | program | cuts | silent | median | p95 | 50 ms | bias | refused | warned "
        "| sure | ECE |\n|" + "---|" * 12
    )
    for row, programs in results.items():
        for program, scores in programs.items():
            print(f"| {row} | {program} | {' | '.join(_cells(scores, program == OURS))} |")
    total = Scores()
    for programs in results.values():
        total += programs[OURS]
    print(f"| all | ours | {' | '.join(_cells(total, is_ours=True))} |")
    quiet = [cut for cut in total.cuts if not cut.is_warned]
    fine = sum(cut.outside_frames <= HALF_FRAME for cut in quiet)
    if quiet:
        print(
            f"\nUnwarned: {fine} of {len(quiet)} cuts ({fine / len(quiet):.2%}) are in their pause."
        )


def _cells(scores: Scores, is_ours: bool) -> list[str]:
    errors = np.abs(scores.word_errors_ms)
    words = [""] * 4
    if len(errors):
        words = [
            f"{np.median(errors):.0f}",
            f"{np.percentile(errors, 95):.0f}",
            f"{np.mean(errors <= CLOSE_MS):.0%}",
            f"{np.median(scores.word_errors_ms):+.0f}",
        ]
    cuts = f"{scores.in_pause} of {len(scores.cuts)}"
    if not is_ours:
        missing = f"{scores.words_not_found} words lost" if scores.words_not_found else ""
        return [cuts, "", *words, missing, "", "", ""]
    found = [c for c in scores.word_confidences if c is not None]
    of_cuts = [cut.confidence for cut in scores.cuts]
    known = [c for c in of_cuts if c is not None]
    close = [abs(error) <= CLOSE_MS for error in scores.word_errors_ms]
    inside = [cut.outside_frames <= HALF_FRAME for cut in scores.cuts]
    eces = (calibration_error(scores.word_confidences, close), calibration_error(of_cuts, inside))
    return [
        cuts,
        str(len(scores.silent)),
        *words,
        f"{scores.refused_wrongly} / {scores.refused_rightly}",
        f"{scores.warned_wrongly} / {scores.warned_rightly}",
        " / ".join(f"{np.mean(some):.2f}" if some else "-" for some in (found, known)),
        " / ".join("-" if ece is None else f"{ece:.2f}" for ece in eces),
    ]
