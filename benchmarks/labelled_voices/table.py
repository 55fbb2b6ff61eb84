"""The table of a run, in Markdown: a row for each condition, other programs in further columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .references import REFERENCES
from .scores import CLOSE_MS, HALF_FRAME, Scores, calibration_error

OURS = "ours"
Results = Mapping[str, Mapping[str, Scores]]
"""Scores by row and program."""
_COLUMNS = (
    *("", "cuts", "silent", "median, p95", "50 ms", "bias", "refused", "warned"),
    *("sure: words, cuts", "ECE: words, cuts"),
)


def print_table(results: Results) -> None:
    """Print a row for each condition, and their sum."""
    total: dict[str, Scores] = {}
    for programs in results.values():
        for program, scores in programs.items():
            total.setdefault(program, Scores()).__iadd__(scores)
    others = [program for program in REFERENCES if program in total]
    columns = [*_COLUMNS, *others]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for row, programs in [*results.items(), ("all", total)]:
        cells = _cells(programs[OURS])
        cells += [_short(programs[one]) if one in programs else "" for one in others]
        print(f"| {row} | {' | '.join(cells)} |")
    quiet = [cut for cut in total[OURS].cuts if not cut.is_warned]
    fine = sum(cut.outside_frames <= HALF_FRAME for cut in quiet)
    if quiet:
        share = f"{fine} of {len(quiet)} cuts ({fine / len(quiet):.2%})"
        print(f"\nWithout a warning: {share} are in their pause.")


def _cells(scores: Scores) -> list[str]:
    sure_words = [c for c in scores.word_confidences if c is not None]
    of_cuts = [cut.confidence for cut in scores.cuts]
    sure_cuts = [c for c in of_cuts if c is not None]
    close = [abs(error) <= CLOSE_MS for error in scores.word_errors_ms]
    inside = [cut.outside_frames <= HALF_FRAME for cut in scores.cuts]
    eces = (calibration_error(scores.word_confidences, close), calibration_error(of_cuts, inside))
    return [
        _of(scores.in_pause, len(scores.cuts)),
        str(len(scores.silent)),
        *_words(scores.word_errors_ms),
        f"{scores.refused_wrongly}, {scores.refused_rightly}",
        f"{scores.warned_wrongly}, {scores.warned_rightly}",
        ", ".join(f"{np.mean(some):.2f}" if some else "-" for some in (sure_words, sure_cuts)),
        ", ".join("-" if ece is None else f"{ece:.2f}" for ece in eces),
    ]


def _words(errors_ms: Sequence[float]) -> list[str]:
    if not errors_ms:
        return [""] * 3
    errors = np.abs(errors_ms)
    return [
        f"{np.median(errors):.0f}, {np.percentile(errors, 95):.0f}",
        f"{np.mean(errors <= CLOSE_MS):.0%}",
        f"{np.median(errors_ms):+.0f}",
    ]


def _short(scores: Scores) -> str:
    """Return another program's cuts and words; a word that it lost is not within 50 ms."""
    errors = np.abs(scores.word_errors_ms)
    if not len(errors):
        return "fails"
    close = np.sum(errors <= CLOSE_MS) / (len(errors) + scores.words_not_found)
    return f"{_of(scores.in_pause, len(scores.cuts))}; {np.median(errors):.0f} ms, {close:.0%}"


def _of(some: int, count: int) -> str:
    return f"{some} of {count}"
