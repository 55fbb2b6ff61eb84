"""Whether scenes are in the narration: errors for those that are not, warnings about others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

from ...script.tokens import Token
from ...sync.types import Interval
from .dtw_align import DtwAlignment
from .forced_align import ForcedAlignment
from .transcript_anchors import Guide

MISSING = 0.34
"""A scene of whose words a transcript has a smaller share is not in the narration."""
WEAK = 0.67
"""A scene of whose words it has a smaller share is doubtful."""
MISFIT = 0.1
"""By how much of the contrast a scene may fit its sound worse than any other speech."""
RUSHED = 25.0
"""Letters a second that nobody speaks at: people say 12 to 20. Words that are squeezed like that
into bits of other speech, and fit it worse than any speech would, were not said."""
HURRIED, DIFFERENT = 0.5, 0.1
"""Share of the usual pace, and distance beyond the usual one, from which a scene was not said."""
FAST = 0.65
"""Share of the usual pace below which a scene is doubtful."""
STRANGE = Fraction(3, 5)
"""Seconds of speech from which what is not in the script is worth a warning."""


@dataclass(frozen=True, slots=True)
class SceneText:
    """A scene's name and what is said in it."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class AlignmentWarning:
    """Something about a scene that may be wrong."""

    scene_id: str
    what: str


@dataclass(frozen=True, slots=True)
class MissingScene:
    """A scene that is not in the narration."""

    scene_id: str
    what: str
    hint: str


class AlignmentError(Exception):
    """Scenes are not in the narration; ``entries`` names all of them."""

    def __init__(self, entries: Sequence[MissingScene]):
        self.entries = tuple(entries)
        super().__init__("; ".join(f"{e.scene_id}: {e.what}" for e in entries))


def judge_by_ear(
    scenes: Sequence[SceneText],
    tokens: Sequence[Token],
    members: Sequence[Sequence[int]],
    hearing: ForcedAlignment,
    guide: Guide | None,
) -> list[AlignmentWarning]:
    """Warnings about scenes that are said in part, differently, or with something else between.

    Args:
        scenes: with their ``tokens``; ``members`` are the tokens of each scene.
        hearing: of the tokens.
        guide: to say what a transcript has instead.

    Raises:
        AlignmentError: scenes of which most was not said.
    """
    unheard: list[MissingScene] = []
    warnings: list[AlignmentWarning] = []
    scene_of = {index: number for number, group in enumerate(members) for index in group}
    for scene, group in zip(scenes, members, strict=True):
        lost = [index for index in group if hearing.times[index] is None]
        squeezed = _margin(group, hearing) < 0 and _pace(tokens, group, hearing) >= RUSHED
        if squeezed or _letters(tokens, lost) >= 0.6 * _letters(tokens, group):
            unheard.append(_unheard(scene, group, guide, _place_of(group, hearing)))
        elif lost:
            shown = _short(" ".join(tokens[index].text for index in lost))
            warnings.append(AlignmentWarning(scene.id, f"{shown!r} was not heard in it"))
        elif (margin := _margin(group, hearing)) < -MISFIT * hearing.contrast:
            what = f"its words fit the sound badly ({margin:.1f}); check what is said"
            warnings.append(AlignmentWarning(scene.id, what))
    if unheard:
        raise AlignmentError(unheard)
    for index, stretch in hearing.strange:
        if stretch.duration >= STRANGE and index in scene_of and index - 1 in scene_of:
            scene = scenes[scene_of[index - 1]]
            what = f"something that is not in the script is said {_span(stretch)}"
            warnings.append(AlignmentWarning(scene.id, what))
    return warnings


def judge_by_transcript(
    scenes: Sequence[SceneText], members: Sequence[Sequence[int]], guide: Guide
) -> list[AlignmentWarning]:
    """Warnings about scenes that a transcript has only in part.

    Raises:
        AlignmentError: scenes that it hardly has at all.
    """
    shares = [guide.share(group) for group in members]
    unheard = [
        _unheard(scene, group, guide, None)
        for scene, group, share in zip(scenes, members, shares, strict=True)
        if share < MISSING
    ]
    if unheard:
        raise AlignmentError(unheard)
    return [
        AlignmentWarning(scene.id, f"the transcript has {share:.0%} of its words; check its place")
        for scene, share in zip(scenes, shares, strict=True)
        if share < WEAK
    ]


def judge_by_synthesis(scenes: Sequence[SceneText], found: DtwAlignment) -> list[AlignmentWarning]:
    """Warnings about scenes that leave the pace of the others.

    A warp always arrives. Where it was given words that nobody said, it hurried through them: at
    0.4 to 0.6 of the usual pace in three languages, where said scenes take 0.8 to 2 times of it.

    Raises:
        AlignmentError: scenes that were hurried through and sound different.
    """
    pace, distance = median(found.paces), median(found.distances)
    unheard: list[MissingScene] = []
    warnings: list[AlignmentWarning] = []
    for scene, own_pace, own_distance in zip(scenes, found.paces, found.distances, strict=True):
        if own_pace < HURRIED * pace and own_distance > distance + DIFFERENT:
            unheard.append(
                MissingScene(
                    scene.id,
                    f"{_short(scene.text)!r}, or a scene beside it, is not in the narration",
                    "correct the text, or record it; a transcript tells which",
                )
            )
        elif own_pace < FAST * pace:
            what = (
                f"it takes {own_pace / pace:.0%} of the time that such words take elsewhere; "
                "check that it and its neighbours are said"
            )
            warnings.append(AlignmentWarning(scene.id, what))
    if unheard:
        raise AlignmentError(unheard)
    return warnings


def _letters(tokens: Sequence[Token], chosen: Sequence[int]) -> int:
    return sum(len(word) for index in chosen for word in tokens[index].readings[0])


def _pace(tokens: Sequence[Token], group: Sequence[int], hearing: ForcedAlignment) -> float:
    """Letters a second at which a scene would have been said."""
    seconds = sum(float(time.duration) for i in group if (time := hearing.times[i]))
    return _letters(tokens, group) / max(seconds, 1e-3)


def _margin(group: Sequence[int], hearing: ForcedAlignment) -> float:
    """Mean margin of some tokens by their lengths."""
    lengths = [float(time.duration) if (time := hearing.times[i]) else 0.0 for i in group]
    margins = [hearing.margins[index] for index in group]
    return sum(m * s for m, s in zip(margins, lengths, strict=True)) / max(sum(lengths), 1e-6)


def _place_of(group: Sequence[int], hearing: ForcedAlignment) -> Interval | None:
    """Where the scene would be: from the word before it that was heard to the one after."""
    before = [time.end for time in hearing.times[: group[0]] if time]
    after = [time.start for time in hearing.times[group[-1] + 1 :] if time]
    if not before or not after:
        return None
    return Interval(before[-1], after[0])


def _unheard(
    scene: SceneText, group: Sequence[int], guide: Guide | None, place: Interval | None
) -> MissingScene:
    what = f"{_short(scene.text)!r} is not in the narration"
    if guide is not None:
        passage, share = guide.nearest(group)
        hint = f"the nearest passage is {passage!r} ({share:.0%} of its words agree)"
    elif place is not None:
        hint = f"correct the text, or record it: it would be {_span(place)}"
    else:
        hint = "correct the text, or record it"
    return MissingScene(scene.id, what, hint)


def _span(stretch: Interval) -> str:
    return f"from {float(stretch.start):.1f} to {float(stretch.end):.1f} s"


def _short(text: str, most: int = 40) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
