"""Choose a camera move for scenes with ``auto``, as an editor would.

Wide stills are panned and tall ones tilted rather than pushed; pans and tilts go towards the focus,
and pushes end on it; no kind of move repeats; longer scenes move further, but more slowly.

Each scene prefers a kind of move by its own id and still. If two in a row prefer the same, the
second takes another one that the third does not prefer. So a change to one scene affects only its
neighbours, or a run of scenes with the same preference and up to one more before a stated move; all
others keep their moves and media.
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
"""Kinds of moves for ``auto``, and the moves of each."""
OPPOSITE = {one: other for pair in KINDS.values() for one, other in (pair, pair[::-1])}
"""The move back of each of them."""
WEIGHTS = {"push": 4.0, "pan": 2.0, "tilt": 2.0, "orbit": 2.0}
"""Relative frequency of the kinds."""
FITTING = 4.0
"""Factor for the kind that suits the shape of the still."""
FILLS = frozenset({"auto", "cover"})
"""Fits of a still that fills the frame."""
MUCH_WIDER = 1.25
"""Least ratio of the aspects of still and frame for a wide still; its inverse for a tall one."""
IN_DEPTH = frozenset({"parallax"})
"""Renderers with depth; without it, an orbit looks like a tilted card."""
PULLED = 0.3
"""Share of pushes that pull out."""
OFF_MIDDLE = 0.06
"""Least offset of a focus from the middle, as a share of a side, that sets the direction."""
USUAL_S = 5.0
"""Length in seconds of a scene whose move has exactly its ``amount``."""
LENGTHENS = 0.4
"""A scene twice as long moves ``2 ** LENGTHENS`` times as far, at two thirds of the speed."""
LEAST_MOVE = 0.4
"""Share of its amount below which a move that keeps its subject in the frame is replaced."""
LEAST, MOST = 0.6, 1.5
"""Bounds of that factor."""


@dataclass(frozen=True, slots=True)
class SceneView:
    """Shape and focus of a scene's still.

    Attributes:
        wideness: aspect (width over height) of the still over that of the frame.
        focus: ``(x, y)``, 0..1 of the still's width and height.
    """

    wideness: float = 1.0
    focus: tuple[float, float] = (0.5, 0.5)


def choose_moves(
    scenes: Sequence[model.ScriptScene],
    views: Mapping[str, SceneView],
    seconds: Mapping[str, float],
) -> dict[str, model.ScriptMotion]:
    """Return the motion of each scene, by id, with ``auto`` resolved.

    Args:
        scenes: of the reel, in order.
        views: of the scenes with ``auto``.
        seconds: lengths of those scenes.
    """
    preferred = [_preferred(scene, views) for scene in scenes]
    chosen: dict[str, model.ScriptMotion] = {}
    before = ""
    for index, scene in enumerate(scenes):
        kind = preferred[index]
        if scene.motion.camera == "auto":
            after = scenes[index + 1] if index + 1 < len(scenes) else None
            is_next = after is not None and after.motion.camera != "auto"
            if kind == before or (is_next and kind == preferred[index + 1]):
                taken = {before, *preferred[index + 1 : index + 2]}
                kind = next(k for k in _order(scene, views) if k not in taken)
            view = views[scene.id]
            chosen[scene.id] = replace(
                scene.motion,
                camera=move_of(scene.id, kind, view),
                amount=amount_for(scene.motion.amount, seconds[scene.id]),
            )
        else:
            chosen[scene.id] = scene.motion
        before = kind
    return chosen


def amount_for(amount: float, seconds: float) -> float:
    """Scale the amount of a move by the length of its scene."""
    factor = min(max(math.pow(seconds / USUAL_S, LENGTHENS), LEAST), MOST)
    # Rounded: the last digit of a power depends on the machine.
    return min(1.0, round(amount * factor, 3))


def kind_of(move: str) -> str:
    """Return the kind of a move, or the move itself if it has none."""
    return next((kind for kind, moves in KINDS.items() if move in moves), move)


def _preferred(scene: model.ScriptScene, views: Mapping[str, SceneView]) -> str:
    if scene.motion.camera != "auto":
        return kind_of(scene.motion.camera)
    return _order(scene, views)[0]


def _order(scene: model.ScriptScene, views: Mapping[str, SceneView]) -> list[str]:
    """Return the possible kinds of a scene in order of preference, a weighted random order.

    Sorted by ``chance ** (1 / weight)``, after P. Efraimidis and P. Spirakis, Information
    Processing Letters 97 (5), 2006.
    """
    weights = dict(WEIGHTS)
    if scene.renderer not in IN_DEPTH:
        del weights["orbit"]
    wideness = views[scene.id].wideness
    if scene.fit in FILLS and wideness > MUCH_WIDER:
        weights["pan"] *= FITTING
    if scene.fit in FILLS and wideness < 1 / MUCH_WIDER:
        weights["tilt"] *= FITTING
    return sorted(weights, key=lambda kind: -(_chance(scene.id, kind) ** (1 / weights[kind])))


def move_of(name: str, kind: str, view: SceneView) -> str:
    """Return the move of a kind, in the direction of the focus."""
    if kind == "push":
        return "pull_out" if _chance(name, "pulled") < PULLED else "push_in"
    first, second = KINDS[kind]
    off = view.focus[1 if kind == "tilt" else 0] - 0.5
    if abs(off) > OFF_MIDDLE:
        return first if off < 0 else second
    return first if _chance(name, "side") < 0.5 else second


def _chance(name: str, what: str) -> float:
    """Return a pseudorandom number 0..1 from a scene's id."""
    digest = hashlib.sha256(f"{what} {name}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / (1 << 48)
