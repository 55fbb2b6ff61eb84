"""Coefficients of the confidence models, by source of the times; intercepts first.

Written by ``benchmarks/fit_confidence.py --write`` from labelled voices; do not edit.
"""

from __future__ import annotations

# fmt: off
WORDS = {
    "dtw": (
        0.165, 1.26, 0.49, -0.974, -0.789, -0.311, -4.32, 2.9, 5.5e-07, -6.79
    ),
    "forced": (
        -2.22, 2.36, 0.677, -0.871, -0.583, -1.56, -4.06, 5.96, 0, 0
    ),
    "transcript": (
        -6.6, 1.39, 1.51, -0.543, -0.175, -2.35, 4.23, 8.97, -0.471, -0.689
    ),
}
# fmt: on

# fmt: off
CUTS = {
    "dtw": (
        2.3, 1.95, -2.21, -0.396, -1.88, 3.15, -2.99, 0.242, -1.96, 2.44, 1.66, -2.33, 7.68e-06,
        -4.5
    ),
    "forced": (
        0.421, 4.63, -0.976, 1.63, -1.97, 4.79, -1.33, 1.04, -2.38, 0.514, 1.52, -0.0266, 0, 0
    ),
    "transcript": (
        0.259, -0.145, -0.772, 2.35, -0.616, 0.935, -2.82, 0, -2.74, 0.991, 0.201, -1.35, 0.0512,
        -3
    ),
}
# fmt: on
