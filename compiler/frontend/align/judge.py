"""Whether scenes are in the narration: errors for those that are not, doubts about others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from .guide import Guide
from .listen import Listener
from .tokens import Token

MISSING = 0.34
"""A scene of whose words the transcript has a smaller share is not in the narration."""
WEAK = 0.67
"""A scene of whose words it has a smaller share is doubtful."""
MISFIT = 0.06
"""By how much a scene may fit its sound worse than the median scene."""
GOOD_FIT = 0.94
"""Score of a scene that was certainly said."""
MOST_SUSPECTS = 12
"""Scenes that are tried one by one when some fit their sound badly."""


@dataclass(frozen=True, slots=True)
class SceneText:
    """A scene's name and what is said in it."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something about a scene that may be wrong."""

    scene_id: str
    what: str


@dataclass(frozen=True, slots=True)
class Unheard:
    """A scene that is not in the narration."""

    scene_id: str
    what: str
    hint: str


@dataclass(frozen=True, slots=True)
class Place:
    """A token's scene, and where it is in time once that is known."""

    scene: int
    token: Token


class AlignmentError(Exception):
    """Scenes are not in the narration; names all of them."""

    def __init__(self, entries: Sequence[Unheard]):
        self.entries = tuple(entries)
        super().__init__("; ".join(f"{e.scene_id}: {e.what}" for e in entries))


def judge_by_ear(
    scenes: Sequence[SceneText],
    places: Sequence[Place],
    listener: Listener,
    guide: Guide | None,
) -> list[Doubt]:
    """Doubts about scenes that fit their sound badly.

    One unsaid scene spoils the fit of its neighbours too; the one without which the others fit
    again is the one that was not said. The transcript alone condemns no scene here: programs skip
    clauses that are plainly there.

    Raises:
        AlignmentError: scenes were not said.
    """
    tokens = [place.token for place in places]
    members = _members(scenes, places)
    left_out: set[int] = set()
    unheard: list[int] = []
    scores = listener.scores
    while True:
        fits = {
            index: fmean(scores[token] for token in members[index])
            for index in range(len(scenes))
            if index not in unheard
        }
        bound = min(GOOD_FIT, median(fits.values()) - MISFIT) if len(fits) > 1 else 0.9
        suspects = [index for index, fit in fits.items() if fit < bound][:MOST_SUSPECTS]
        culprit = _culprit(suspects, members, tokens, left_out, listener)
        if culprit is None:
            break
        unheard.append(culprit)
        left_out |= set(members[culprit])
        scores = listener.scores_without(tokens, left_out) or scores
    if unheard:
        raise AlignmentError(
            [_unheard(scenes[index], members[index], guide) for index in sorted(unheard)]
        )
    return [
        Doubt(
            scenes[index].id,
            "its words fit the sound badly "
            f"({fits[index]:.2f}, the others {median(fits.values()):.2f}); check what is said",
        )
        for index in suspects
    ]


def _culprit(
    suspects: Sequence[int],
    members: Sequence[Sequence[int]],
    tokens: Sequence[Token],
    left_out: set[int],
    listener: Listener,
) -> int | None:
    """The suspect without which the other suspects fit, and their neighbours still do."""
    best: tuple[float, int] | None = None
    for suspect in suspects:
        scores = listener.scores_without(tokens, left_out | set(members[suspect]))
        if scores is None:
            continue
        others = [index for index in suspects if index != suspect] or [
            index
            for index in (suspect - 1, suspect + 1)
            if 0 <= index < len(members) and not left_out & set(members[index])
        ]
        if others:
            fit = min(fmean(scores[token] for token in members[index]) for index in others)
            best = max(best or (fit, suspect), (fit, suspect))
    return best[1] if best is not None and best[0] >= GOOD_FIT else None


def judge_by_transcript(
    scenes: Sequence[SceneText], places: Sequence[Place], guide: Guide
) -> list[Doubt]:
    """Doubts about scenes that a transcript has only in part.

    Raises:
        AlignmentError: scenes that it hardly has at all.
    """
    members = _members(scenes, places)
    shares = [guide.share(tokens) for tokens in members]
    unheard = [
        _unheard(scene, tokens, guide)
        for scene, tokens, share in zip(scenes, members, shares, strict=True)
        if share < MISSING
    ]
    if unheard:
        raise AlignmentError(unheard)
    return [
        Doubt(scene.id, f"the transcript has {share:.0%} of its words; check its place")
        for scene, share in zip(scenes, shares, strict=True)
        if share < WEAK
    ]


def _members(scenes: Sequence[SceneText], places: Sequence[Place]) -> list[list[int]]:
    """The tokens of each scene."""
    members: list[list[int]] = [[] for _ in scenes]
    for index, place in enumerate(places):
        members[place.scene].append(index)
    return members


def _unheard(scene: SceneText, tokens: Sequence[int], guide: Guide | None) -> Unheard:
    what = f"{_short(scene.text)!r} is not in the narration"
    if guide is None:
        return Unheard(scene.id, what, "correct the text, or record it")
    near = guide.nearest(tokens)
    share = guide.share(tokens)
    return Unheard(scene.id, what, f"the nearest passage is {near!r} ({share:.0%} agrees)")


def _short(text: str, most: int = 40) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
