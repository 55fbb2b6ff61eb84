"""The script's own words placed in time on the recorded narration."""

from .judge import AlignmentError, AlignmentWarning, SceneText, Unheard
from .scenes import Alignment, align_scenes

__all__ = [
    "Alignment",
    "AlignmentError",
    "AlignmentWarning",
    "SceneText",
    "Unheard",
    "align_scenes",
]
