"""Which way each scene's camera goes where the script says ``auto``: as an editor would choose.

A wide still is panned over and a tall one tilted over, rather than pushed into; pans and tilts go
towards what draws the eye, and pushes end on it; no kind of move comes twice in a row; a longer
scene goes a little further, and yet more slowly.

Each scene *wishes* for a kind of move by its own name and still alone. Where two in a row wish for
the same, the second one gives way, to a kind that the third does not wish for. So a change to one
scene reaches its neighbours at the most, or the end of a run of scenes with one and the same wish:
all others keep their moves, and their media.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..script import model

KINDS = {
    "push": ("push_in", "pull_out"),
    "pan": ("pan_left", "pan_right"),
    "tilt": ("tilt_up", "tilt_down"),
    "orbit": ("orbit_left", "orbit_right"),
}
"""Kinds of moves that ``auto`` picks, and the moves of each."""
WISHES = {"push": 4.0, "pan": 2.0, "tilt": 2.0, "orbit": 2.0}
"""How often a kind is wished for, against the others."""
FITTING = 4.0
"""How much more often a kind is wished for that suits the shape of the still."""
MUCH_WIDER = 1.25
"""From this ratio of their shapes on a still is wide, or tall, for the frame."""
IN_DEPTH = frozenset({"parallax"})
"""Renderers that know depth, without which an orbit looks like a tilted card."""
PULLED = 0.3
"""Share of the pushes that pull out."""
OFF_MIDDLE = 0.06
"""Of a side: a focus this near to the middle draws the camera to neither side."""
USUAL_S = 5.0
"""Seconds of a scene whose move goes just as far as ``amount`` says."""
LENGTHENS = 0.4
"""A scene twice as long goes ``2 ** LENGTHENS`` times as far, and so at two thirds of the speed."""
LEAST, MOST = 0.6, 1.5
"""Bounds of that factor."""


@dataclass(frozen=True, slots=True)
class SceneView:
    """A scene as its camera sees it.

    Attributes:
        wideness: the still's width over its height, over that of the frame.
        focus: the point that draws the eye, ``(x, y)``, 0..1 of the still's width and height.
    """

    wideness: float = 1.0
    focus: tuple[float, float] = (0.5, 0.5)


def choose_moves(
    scenes: Sequence[model.ScriptScene],
    sights: Mapping[str, SceneView],
    seconds: Mapping[str, float],
) -> dict[str, model.ScriptMotion]:
    """The motion of each scene, by its id; decided where it is ``auto``.

    Args:
        scenes: of the reel, in order.
        sights: of those that are to be decided.
        seconds: that each of those is seen for.
    """
    wishes = [_wish(scene, sights) for scene in scenes]
    chosen: dict[str, model.ScriptMotion] = {}
    before = ""
    for index, scene in enumerate(scenes):
        kind = wishes[index]
        if scene.motion.camera == "auto":
            after = scenes[index + 1] if index + 1 < len(scenes) else None
            is_next = after is not None and after.motion.camera != "auto"
            if kind == before or (is_next and kind == wishes[index + 1]):
                taken = {before, *wishes[index + 1 : index + 2]}
                kind = next(k for k in _order(scene, sights) if k not in taken)
            sight = sights[scene.id]
            chosen[scene.id] = replace(
                scene.motion,
                camera=_move(scene.id, kind, sight),
                amount=amount_for(scene.motion.amount, seconds[scene.id]),
            )
        else:
            chosen[scene.id] = scene.motion
        before = kind
    return chosen


def amount_for(amount: float, seconds: float) -> float:
    """How far an undecided move goes in a scene of some length."""
    factor = min(max(math.pow(seconds / USUAL_S, LENGTHENS), LEAST), MOST)
    # Rounded, as the last digit of a power is not the same on every machine.
    return min(1.0, round(amount * factor, 3))


def kind_of(move: str) -> str:
    """The kind of a move; the move itself where it is of none."""
    return next((kind for kind, moves in KINDS.items() if move in moves), move)


def _wish(scene: model.ScriptScene, sights: Mapping[str, SceneView]) -> str:
    if scene.motion.camera != "auto":
        return kind_of(scene.motion.camera)
    return _order(scene, sights)[0]


def _order(scene: model.ScriptScene, sights: Mapping[str, SceneView]) -> list[str]:
    """All kinds that a scene may have, as it wishes for them.

    A kind comes first with a chance in proportion to its weight: sorted by ``chance ** (1 /
    weight)``, after P. Efraimidis and P. Spirakis, Information Processing Letters 97 (5), 2006.
    """
    weights = dict(WISHES)
    if scene.renderer not in IN_DEPTH:
        del weights["orbit"]
    wideness = sights[scene.id].wideness
    if scene.fit == "cover" and wideness > MUCH_WIDER:
        weights["pan"] *= FITTING
    if scene.fit == "cover" and wideness < 1 / MUCH_WIDER:
        weights["tilt"] *= FITTING
    return sorted(weights, key=lambda kind: -(_chance(scene.id, kind) ** (1 / weights[kind])))


def _move(name: str, kind: str, sight: SceneView) -> str:
    """The move of a kind: the side that it goes to."""
    if kind == "push":
        return "pull_out" if _chance(name, "pulled") < PULLED else "push_in"
    first, second = KINDS[kind]
    off = sight.focus[1 if kind == "tilt" else 0] - 0.5
    if abs(off) > OFF_MIDDLE:
        return first if off < 0 else second
    return first if _chance(name, "side") < 0.5 else second


def _chance(name: str, what: str) -> float:
    """A number 0..1 that hangs on a scene's name alone."""
    digest = hashlib.sha256(f"{what} {name}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / (1 << 48)
