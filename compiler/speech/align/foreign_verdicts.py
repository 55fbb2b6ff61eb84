"""Verdicts on alignments in languages without an acoustic model."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from statistics import median

from ...media.programs import SYNTHESIZER
from ...script.tokens import Token
from .foreign_align import OTHER_TEXT, ForeignAlignment
from .japanese import EXTRA, can_read_kanji, is_japanese
from .unheard_room import letters_of, rooms_in_noise
from .verdicts import (
    LONG_UNSCRIPTED,
    UNSPOKEN,
    AlignmentWarning,
    MissingScene,
    SceneText,
    Unheard,
    as_hidden,
    missing_scene,
    place_of,
    shortened,
    unscripted_warnings,
)

DOUBTFUL, DOUBTFUL_LETTER = 0.1, 0.35
"""Distance of a scene's margin below the median, as a share of the contrast, from which it is
doubtful: more for a scene of a few letters."""
LOST, LOST_START = 0.7, 0.35
"""Seconds between the two passes from which a word is doubtful, and the first one of a scene."""
UNREAD = 0.1
"""Least share of a scene's letters that the synthesizer cannot read to report."""
PARTLY = 0.25
"""Least share of a scene's letters in unspoken tokens to report."""


def check_foreign_alignment(
    scenes: Sequence[SceneText],
    tokens: Sequence[Token],
    members: Sequence[Sequence[int]],
    found: ForeignAlignment,
    language: str,
    duration: Fraction,
    unheard: Unheard = "error",
) -> tuple[list[AlignmentWarning], list[int]]:
    """Return warnings about scenes in a language without a model, as `check_forced_alignment`.

    A scene that is not said scores far below the others. Where the two passes disagree, one of them
    is lost.

    Raises:
        AlignmentError: scenes that are mostly unspoken.
    """
    heard = found.heard
    margins = [heard.margin_of(group) for group in members]
    usual = median(margin for margin, group in zip(margins, members, strict=True) if group)
    missing: dict[int, MissingScene] = {}
    not_heard: list[int] = []
    warnings: list[AlignmentWarning] = []
    for number, (scene, group) in enumerate(zip(scenes, members, strict=True)):
        if not group:
            continue
        unspoken = [index for index in group if heard.times[index] is None]
        share = letters_of(tokens, unspoken) / max(1, letters_of(tokens, group))
        behind = (usual - margins[number]) / heard.contrast
        lost = max(group, key=lambda index: abs(found.apart[index]))
        apart = abs(found.apart[lost])
        if share >= UNSPOKEN or behind >= OTHER_TEXT:
            not_heard.append(number)
            missing[number] = missing_scene(scene, group, None, place_of(group, heard))
        elif apart >= LOST or abs(found.apart[group[0]]) >= LOST_START:
            time = heard.times[lost]
            place = f" at {float(time.start):.1f} s" if time else ""
            what = f"{tokens[lost].text!r}{place} may be off by {apart:.1f} s: listen to the scene"
            warnings.append(AlignmentWarning(scene.id, what))
        elif share >= PARTLY:
            shown = shortened(" ".join(tokens[index].text for index in unspoken))
            warnings.append(AlignmentWarning(scene.id, f"{shown!r} was not heard in it"))
        elif behind >= DOUBTFUL + DOUBTFUL_LETTER / letters_of(tokens, group) ** 0.5:
            what = "low confidence; check that the narration says this text"
            warnings.append(AlignmentWarning(scene.id, what))
    rooms = rooms_in_noise(missing, tokens, members, heard, duration)
    warnings += as_hidden(missing, rooms, unheard)
    warnings += unscripted_warnings(scenes, members, heard)
    hint = "write it phonetically"
    if is_japanese(language):
        hint = "write it in kana" if can_read_kanji(language) else EXTRA
    warnings += [
        AlignmentWarning(
            scene.id,
            f"{SYNTHESIZER} cannot read {share:.0%} of it: its times are guesses; {hint}, or give "
            "a transcript with word times",
        )
        for scene, share in zip(scenes, found.unread, strict=True)
        if share >= UNREAD
    ]
    following = {at for at, time in heard.unscripted if time.duration >= LONG_UNSCRIPTED}
    warnings += [
        AlignmentWarning(scene.id, "other speech comes before it; check where it starts")
        for scene, group in zip(scenes, members, strict=True)
        if group and group[0] in following
    ]
    return warnings, not_heard
