"""Scenes that were not heard, or in part: placed where noise may hide them, else refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
from otio_gvideo.compiler.script.tokens import tokenize
from otio_gvideo.compiler.speech.align.alignment_result import ForcedAlignment
from otio_gvideo.compiler.speech.align.unheard_room import rooms_in_noise
from otio_gvideo.compiler.speech.align.verdicts import SceneText, check_forced_alignment
from otio_gvideo.compiler.sync.types import Interval

TOKENS = tokenize("the sea was calm stop and nobody spoke", "en")
MEMBERS = [[0, 1, 2, 3], [4], [5, 6, 7]]


def rooms(
    gap_s: float, contrast: float, stretches: tuple[tuple[Fraction, float], ...] = ()
) -> dict[int, Interval]:
    """Return the room of the second of three scenes, which was not heard."""
    starts = [0.2, 0.5, 0.8, 1.1, *(1.4 + gap_s + 0.3 * n for n in range(3))]
    times = [Interval(Fraction(round(s * 10), 10), Fraction(round(s * 10) + 3, 10)) for s in starts]
    heard = (*times[:4], None, *times[4:])
    alignment = ForcedAlignment(heard, (1.0,) * 8, (), contrast, stretches=stretches)
    return rooms_in_noise([1], TOKENS, MEMBERS, alignment, Fraction(4))


def test_noise_may_hide_a_scene_that_has_room() -> None:
    assert rooms(0.6, 7.0) == {1: Interval(Fraction(14, 10), Fraction(2))}


@pytest.mark.parametrize(("gap_s", "contrast"), [(0.1, 7.0), (3.0, 7.0), (0.6, 13.0)])
def test_a_scene_is_refused_without_room_with_too_much_and_where_nothing_hides_it(
    gap_s: float, contrast: float
) -> None:
    assert rooms(gap_s, contrast) == {}


@pytest.mark.parametrize(("middle", "is_hidden"), [(7.0, True), (13.0, False)])
def test_noise_elsewhere_in_a_recording_hides_no_scene(middle: float, is_hidden: bool) -> None:
    other = 20.0 - middle
    stretches = ((Fraction(0), other), (Fraction(13, 10), middle), (Fraction(21, 10), other))
    assert bool(rooms(0.6, other, stretches)) == is_hidden


def test_a_scene_with_half_of_its_words_said_is_warned_about() -> None:
    tokens = tokenize("the sea was calm suddenly yes and nobody spoke", "en")
    members = [[0, 1, 2, 3], [4, 5], [6, 7, 8]]
    texts = [SceneText(f"s{number}", "") for number in range(3)]
    times = [Interval(Fraction(n, 2), Fraction(n + 1, 2)) for n in range(9)]
    heard = ForcedAlignment((*times[:4], None, *times[5:]), (1.0,) * 9, (), 13.0)
    warnings, _ = check_forced_alignment(texts, tokens, members, heard, None, Fraction(6))
    assert [(warning.scene_id, warning.what) for warning in warnings] == [
        ("s1", "'suddenly' was not heard in it")
    ]
