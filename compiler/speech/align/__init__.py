"""Align the script's words to the recorded narration."""

from .scenes import Alignment, align_scenes
from .verdicts import AlignmentError, AlignmentWarning, MissingScene, SceneText

__all__ = [
    "Alignment",
    "AlignmentError",
    "AlignmentWarning",
    "MissingScene",
    "SceneText",
    "align_scenes",
]
