"""Coefficients of the confidence models, by source of the times; intercepts first."""

from __future__ import annotations

WORDS = {
    "forced": (-1.1, 3.3, 3.7, -0.1, -0.2, -1.3, -2.3, 3.1, 0.0, 0.0, 0.0),
    "dtw": (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "transcript": (0.5, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
}
CUTS = {
    "forced": (1.7, 4.9, 4.6, 7.7, -1.5, 1.7, -0.1),
    "dtw": (3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "transcript": (1.5, 0.0, 1.5, 0.0, 0.0, 0.0, 0.0),
}
