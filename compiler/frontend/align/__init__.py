"""The script's own words placed in time on the recorded narration."""

from .judge import AlignmentError, Doubt, SceneText, Unheard
from .scenes import Alignment, align_scenes

__all__ = ["Alignment", "AlignmentError", "Doubt", "SceneText", "Unheard", "align_scenes"]
