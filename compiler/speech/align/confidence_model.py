"""Coefficients of the confidence models, by source of the times; intercepts first.

Written by ``benchmarks/fit_confidence.py --write`` from labelled voices; do not edit.
"""

from __future__ import annotations

# fmt: off
WORDS = {
    "dtw": (
        1.4, 1.35, 0.48, -0.879, -0.815, 0.0221, -3.69, 1.2, 4.66e-06, -7.16
    ),
    "forced": (
        -4.01, 3.17, 1.49, -0.468, -0.376, -1.5, -3.18, 7.65, 0, 0
    ),
    "transcript": (
        -6.6, 1.39, 1.51, -0.543, -0.175, -2.35, 4.23, 8.97, -0.471, -0.689
    ),
}
# fmt: on

# fmt: off
CUTS = {
    "dtw": (
        3.47, 1.98, -2.23, 1.41, -1.84, 0.715, -2.36, 0.0475, -1.91, 1.01, 1.33, -2.59, 1.16e-05,
        -2.06
    ),
    "forced": (
        1.38, 3.14, -1.11, 0.976, -0.7, 1.56, 0.617, -0.264, -1.82, 2.35, 2.03, 0.191, 0, 0
    ),
    "transcript": (
        0.259, -0.145, -0.772, 2.35, -0.616, 0.935, -2.82, 0, -2.74, 0.991, 0.201, -1.35, 0.0512,
        -3
    ),
}
# fmt: on
