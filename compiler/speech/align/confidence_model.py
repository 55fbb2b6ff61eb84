"""Coefficients of the confidence models, by source of the times; intercepts first.

Written by ``benchmarks/fit_confidence.py --write`` from labelled voices; do not edit.
"""

from __future__ import annotations

WORDS = {
    "dtw": (0.582, 1.51, 0.536, -1.14, -0.789, 0.474, -3.5, 2.09, 0, -7.3),
    "forced": (-2.84, 2.86, 1.52, -0.719, -0.361, -1.34, -2.84, 6.24, 0, 0),
    "transcript": (-6.44, 1.21, 1.15, -0.651, -0.302, -0.9, -0.0152, 9.11, -0.488, -0.582),
}

CUTS = {
    "dtw": (3.89, 0.841, -1.32, 1.2, -3.2, 1.42, 0, -2.77),
    "forced": (0.514, 0.593, -1.75, 2.71, -2.06, 4.54, 0, 0),
    "transcript": (-0.846, -1.98, -0.526, 3.55, -1.82, 2.92, -1.09, -4.44),
}
