"""CapCut's transitions: names and resources from the catalogues of VectCutAPI and capcut-cli."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TransitionName:
    """A transition of CapCut: its English name and the number of its resource."""

    name: str
    resource: str


DISSOLVE = TransitionName("Dissolve", "6724846004274729480")
TRANSITIONS = {
    "dissolve": DISSOLVE,
    "fade_black": TransitionName("Black Fade", "6724239388189921806"),
    "fade_white": TransitionName("White Flash", "6724845376098013708"),
    "wipe_left": TransitionName("Wipe Left", "6724849999336706573"),
    "wipe_right": TransitionName("Wipe Right", "6724849898857959950"),
    "wipe_up": TransitionName("Wipe Up", "6724849456891564557"),
    "push_left": TransitionName("Left", "6726711499676455435"),
    "push_up": TransitionName("Up", "6724846395116753416"),
}
"""By our names. Others have no equivalent in both catalogues."""
