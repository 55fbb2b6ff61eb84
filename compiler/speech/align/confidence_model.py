"""Coefficients of the confidence models, by source of the times; intercepts first.

Written by ``benchmarks/fit_confidence.py --write`` from labelled voices; do not edit.
"""

from __future__ import annotations

# fmt: off
WORDS = {
    "dtw": (
        -0.974, 1.31, 0.576, -0.959, -0.746, -0.366, -4.49, 4.1, -3.25e-06, -6.69
    ),
    "forced": (
        -2.51, 2.5, 0.534, -0.919, -0.604, -1.43, -4.11, 6.18, 0, 0
    ),
    "transcript": (
        -6.6, 1.39, 1.51, -0.543, -0.175, -2.35, 4.23, 8.97, -0.471, -0.689
    ),
}
# fmt: on

# fmt: off
CUTS = {
    "dtw": (
        1.78, 2.22, -1.96, -0.402, -1.89, 3.23, -2.59, 0.262, -1.83, 2.39, 1.48, -2.08, 5.94e-06,
        -3.8
    ),
    "forced": (
        0.851, 4.3, -0.898, 0.922, -2.05, 4.04, -1.15, 1.07, -2.37, 1.06, 1.45, -0.254, 0, 0
    ),
    "transcript": (
        0.259, -0.145, -0.772, 2.35, -0.616, 0.935, -2.82, 0, -2.74, 0.991, 0.201, -1.35, 0.0512,
        -3
    ),
}
# fmt: on
