"""Coefficients of the confidence models, by source of the times; intercepts first.

Written by ``benchmarks/fit_confidence.py --write`` from labelled voices; do not edit.
"""

from __future__ import annotations

WORDS = {
    "dtw": (1.4, 1.35, 0.48, -0.879, -0.815, 0.0221, -3.69, 1.2, 4.66e-06, -7.16),
    "forced": (-4.01, 3.17, 1.49, -0.468, -0.376, -1.5, -3.18, 7.65, 0, 0),
    "transcript": (-6.6, 1.39, 1.51, -0.543, -0.175, -2.35, 4.23, 8.97, -0.471, -0.689),
}

CUTS = {
    "dtw": (2.76, 1.18, -1.46, 1.07, -2.69, 2.29, 9.2e-06, -4.96),
    "forced": (1.2, 0.442, -1.21, 1.94, -2.29, 3.06, 0, 0),
    "transcript": (-0.808, -1.45, -0.233, 3.33, -1.28, 2.4, -0.509, -3.42),
}
