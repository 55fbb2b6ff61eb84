"""Verdicts on alignments: errors for missing scenes, warnings for doubtful ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from ...script.tokens import Token
from ...sync.types import Interval
from ...timeline.confidence import TimedWord, doubtful_scenes
from .alignment_result import ForcedAlignment
from .confidence import Confidence
from .transcript_anchors import TranscriptAnchors
from .unheard_room import letters_of, rooms_in_noise

MISSING = 0.33
"""Share of a scene's words in the transcript below which it is missing."""
WEAK = 0.66
"""The same below which it is doubtful, and from which its times stand if it is not heard."""
MISFIT = 0.1
"""Largest negative margin of a scene without a warning, as a share of the contrast."""
RUSHED = 25.0
"""Letters a second that nobody speaks at (people speak at 12 to 20): an unspoken scene was squeezed
into other speech if it is this fast, its margin is negative, and half of it was skipped."""
UNSPOKEN = 0.6
"""Share of a scene's letters in unspoken tokens from which it is missing, if most tokens are."""
INSIST = "narration.unheard: warn places it all the same"
Unheard: TypeAlias = Literal["error", "warn"]
LONG_UNSCRIPTED = Fraction(3, 5)
"""Seconds of unscripted speech from which it is reported."""


@dataclass(frozen=True, slots=True)
class SceneText:
    """The name of a scene and its text."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class AlignmentWarning:
    """A doubt about the alignment of a scene; ``unscripted`` is speech outside the script."""

    scene_id: str
    what: str
    unscripted: Interval | None = None


@dataclass(frozen=True, slots=True)
class MissingScene:
    """A scene that is not in the narration."""

    scene_id: str
    what: str
    hint: str


class AlignmentError(Exception):
    """Scenes are not in the narration; ``entries`` lists all of them."""

    def __init__(self, entries: Sequence[MissingScene]):
        self.entries = tuple(entries)
        super().__init__("; ".join(f"{e.scene_id}: {e.what}" for e in entries))


def check_forced_alignment(
    scenes: Sequence[SceneText],
    tokens: Sequence[Token],
    members: Sequence[Sequence[int]],
    alignment: ForcedAlignment,
    anchors: TranscriptAnchors | None,
    duration: Fraction,
    unheard: Unheard = "error",
) -> tuple[list[AlignmentWarning], list[int]]:
    """Return warnings about unspoken words, bad scores and unscripted speech.

    Args:
        scenes: in order.
        tokens: of all scenes.
        members: the tokens of each scene.
        alignment: of the tokens.
        anchors: the transcript; it outvotes the ear if it has most of a scene's words.
        duration: of the recording, in seconds.
        unheard: ``warn`` makes missing scenes warnings.

    Returns:
        The warnings, and the numbers of the scenes that were not heard.

    Raises:
        AlignmentError: scenes that are mostly unspoken, and that no noise can hide.
    """
    missing: dict[int, MissingScene] = {}
    not_heard: list[int] = []
    warnings: list[AlignmentWarning] = []
    for number, (scene, group) in enumerate(zip(scenes, members, strict=True)):
        unspoken = [index for index in group if alignment.times[index] is None]
        margin = alignment.margin_of(group)
        doubted = 2 * len(alignment.skipped.intersection(group)) >= len(group)
        squeezed = doubted and margin < 0 and _pace(tokens, group, alignment) >= RUSHED
        mostly = letters_of(tokens, unspoken) >= UNSPOKEN * letters_of(tokens, group)
        if squeezed or (mostly and 2 * len(unspoken) > len(group)):
            not_heard.append(number)
            share = 0.0 if anchors is None else anchors.matched_share(group)
            if share >= WEAK:
                what = f"it was not heard; placed by the transcript, which has {share:.0%} of it"
                warnings.append(AlignmentWarning(scene.id, f"{what}: listen to it"))
            else:
                place = place_of(group, alignment)
                missing[number] = missing_scene(scene, group, anchors, place)
        elif unspoken:
            shown = shortened(" ".join(tokens[index].text for index in unspoken))
            warnings.append(AlignmentWarning(scene.id, f"{shown!r} was not heard in it"))
        elif margin < -MISFIT * alignment.contrast:
            what = f"low confidence ({margin:.1f}); check that the narration says this text"
            warnings.append(AlignmentWarning(scene.id, what))
    rooms = rooms_in_noise(missing, tokens, members, alignment, duration)
    warnings += as_hidden(missing, rooms, unheard)
    return warnings + unscripted_warnings(scenes, members, alignment), not_heard


def unscripted_warnings(
    scenes: Sequence[SceneText], members: Sequence[Sequence[int]], alignment: ForcedAlignment
) -> list[AlignmentWarning]:
    """Return warnings about speech outside the script, by the scene before it or the first."""
    scene_of = {index: number for number, group in enumerate(members) for index in group}
    return [
        AlignmentWarning(
            scenes[scene_of[max(0, index - 1)]].id,
            f"speech that is not in the script {_span(interval)}",
            interval,
        )
        for index, interval in alignment.unscripted
        if interval.duration >= LONG_UNSCRIPTED
    ]


def as_hidden(
    missing: Mapping[int, MissingScene], rooms: Mapping[int, Interval], unheard: Unheard
) -> list[AlignmentWarning]:
    """Return warnings about missing scenes that noise may hide, and `as_warnings` of the others.

    Args:
        missing: by number.
        rooms: of those that may be said.
        unheard: of the narration.

    Raises:
        AlignmentError: as of `as_warnings`.
    """
    hidden = [
        AlignmentWarning(
            missing[number].scene_id,
            f"it was not heard in the noise; placed where it has room, {_span(room)}",
        )
        for number, room in rooms.items()
    ]
    others = [entry for number, entry in missing.items() if number not in rooms]
    return hidden + as_warnings(others, unheard)


def as_warnings(missing: Sequence[MissingScene], unheard: Unheard) -> list[AlignmentWarning]:
    """Return warnings about missing scenes if they are allowed.

    Raises:
        AlignmentError: they are not, and there are some.
    """
    if missing and unheard == "error":
        raise AlignmentError(missing)
    return [
        AlignmentWarning(entry.scene_id, f"{entry.what}; placed between its neighbours")
        for entry in missing
    ]


def check_anchors(
    scenes: Sequence[SceneText],
    members: Sequence[Sequence[int]],
    anchors: TranscriptAnchors,
    unheard: Unheard = "error",
) -> list[AlignmentWarning]:
    """Return warnings about scenes that a transcript has only in part.

    Args:
        scenes: in order.
        members: the tokens of each scene.
        anchors: the transcript.
        unheard: ``warn`` makes missing scenes warnings.

    Raises:
        AlignmentError: scenes that it lacks.
    """
    shares = [anchors.matched_share(group) for group in members]
    missing = [
        missing_scene(scene, group, anchors, None)
        for scene, group, share in zip(scenes, members, shares, strict=True)
        if share < MISSING
    ]
    return as_warnings(missing, unheard) + [
        AlignmentWarning(scene.id, f"the transcript has {share:.0%} of its words; check its place")
        for scene, share in zip(scenes, shares, strict=True)
        if MISSING <= share < WEAK
    ]


def with_doubts(
    warnings: Sequence[AlignmentWarning],
    scenes: Sequence[SceneText],
    members: Sequence[Sequence[int]],
    times: Sequence[Interval],
    confidence: Confidence,
) -> list[AlignmentWarning]:
    """Return the warnings with one for each scene whose cut is doubtful: its first, if it has any.

    Args:
        warnings: so far.
        scenes: in order.
        members: the tokens of each scene.
        times: of all tokens, in order.
        confidence: of tokens and scenes.
    """
    words = [
        TimedWord(scene.id, float(times[i].start), float(times[i].end), confidence.words[i] or 0)
        for scene, group in zip(scenes, members, strict=True)
        for i in group
    ]
    ids = (scene.id for scene in scenes)
    known = zip(ids, confidence.scenes, strict=True)
    cuts = {scene: sure for scene, sure in known if sure is not None}
    doubts = {doubt.scene: str(doubt) for doubt in doubtful_scenes(words, cuts)}
    merged = []
    for warning in warnings:
        doubt = doubts.pop(warning.scene_id, "")
        what = f"{warning.what}; {doubt}"
        merged.append(AlignmentWarning(warning.scene_id, what) if doubt else warning)
    return merged + [AlignmentWarning(scene, doubt) for scene, doubt in doubts.items()]


def _pace(tokens: Sequence[Token], group: Sequence[int], alignment: ForcedAlignment) -> float:
    """Letters a second of a scene as aligned."""
    seconds = sum(float(time.duration) for i in group if (time := alignment.times[i]))
    return letters_of(tokens, group) / max(seconds, 1e-3)


def place_of(group: Sequence[int], alignment: ForcedAlignment) -> Interval | None:
    """Return the gap for a scene between the nearest spoken tokens; None at either end."""
    before = next((time for time in reversed(alignment.times[: group[0]]) if time), None)
    after = next((time for time in alignment.times[group[-1] + 1 :] if time), None)
    return None if before is None or after is None else Interval(before.end, after.start)


def missing_scene(
    scene: SceneText,
    group: Sequence[int],
    anchors: TranscriptAnchors | None,
    place: Interval | None,
) -> MissingScene:
    """Return a scene that is not in the narration, with what the transcript or the place tells."""
    what = f"{shortened(scene.text)!r} is not in the narration"
    if anchors is not None:
        passage, share = anchors.nearest_passage(group)
        hint = f"the nearest passage is {passage!r} ({share:.0%} of its words agree)"
    elif place is not None:
        hint = f"correct the text, or record it: it would be {_span(place)}"
    else:
        hint = "correct the text, or record it"
    return MissingScene(scene.id, what, f"{hint}; {INSIST}")


def _span(interval: Interval) -> str:
    return f"from {float(interval.start):.1f} to {float(interval.end):.1f} s"


def shortened(text: str, most: int = 40) -> str:
    """Return a text on one line, cut to a number of characters."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
