"""Languages without an acoustic model: sounds, onsets, and scenes that other speech tears apart."""

from __future__ import annotations

from fractions import Fraction

import pytest
from otio_gvideo.compiler.script.tokens import Token, tokenize
from otio_gvideo.compiler.speech.align.acoustic_model import english
from otio_gvideo.compiler.speech.align.alignment_result import ForcedAlignment
from otio_gvideo.compiler.speech.align.foreign_edges import (
    clipped_starts_moved,
    gathered,
    start_with_speech,
)
from otio_gvideo.compiler.speech.align.foreign_phones import _SOUNDS, in_phones
from otio_gvideo.compiler.speech.align.synthesis import plain_text
from otio_gvideo.compiler.sync.types import Interval


def interval(start: float, end: float) -> Interval:
    return Interval(Fraction(start).limit_denominator(100), Fraction(end).limit_denominator(100))


@pytest.mark.parametrize(
    ("ipa", "phones"),
    [
        ("sɛt evidˈɑ̃", "S EH T EY V IY D AA"),
        ("tʃˈɛnto ɡradˈinɪ", "CH EH N T OW G R AA D IY N IH"),
        ("rˌəkʰʋˈaːlaː", "R AH K V AA L AA"),
        ("mˈei2 thˈiɛ5n", "M EY T IY EH N"),
        ("(en)dʒˈapəniːz(ja)lˈe̞tə", "JH AA P AH N IY Z L EY T AH"),
        ("", "AH"),
    ],
)
def test_each_sound_becomes_the_nearest_one_of_english(ipa: str, phones: str) -> None:
    assert in_phones(ipa) == phones


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("कहानी", "hi"),
        ("শান্ত", "bn"),
        ("கதை", "ta"),
        ("చిన్న", "te"),
        ("ക്രിസ്മസ്", "ml"),
        ("مُحَمَّد", "ar"),
        ("ที่นี่", "th"),
        ("Ärger", "de"),
    ],
)
def test_vowel_signs_are_spoken(text: str, language: str) -> None:
    assert "".join(plain_text(token) for token in tokenize(text, language)) == text
    (emoji,) = tokenize("lamp ❤\ufe0f")
    assert plain_text(emoji).split() == ["lamp"]


def test_the_model_has_every_phone() -> None:
    assert {phone for phones in _SOUNDS for phone in phones.split()} <= set(english().phones)


def test_a_weak_onset_belongs_to_its_word() -> None:
    speech = [interval(0.3, 1.0), interval(1.5, 2.0)]
    times = [interval(0.3, 1.0), None, interval(1.62, 1.9)]
    assert start_with_speech(times, speech) == [times[0], None, interval(1.5, 1.9)]


def test_a_far_onset_is_left_to_other_speech() -> None:
    speech = [interval(0.3, 1.0), interval(1.5, 2.0)]
    times = [interval(0.3, 1.0), interval(1.8, 1.9)]
    assert start_with_speech(times, speech) == times


def test_a_clipped_first_word_joins_its_scene_behind_the_pause() -> None:
    times = [interval(0, 1), interval(1, 1.03), interval(1.6, 2)]
    moved = clipped_starts_moved(times, [[0], [1, 2]])
    assert moved == [times[0], interval(1.6, 1.65), interval(1.65, 2)]


def test_a_short_word_with_a_length_of_its_own_stays() -> None:
    times = [interval(0, 1), interval(1, 1.2), interval(1.6, 2)]
    assert clipped_starts_moved(times, [[0], [1, 2]]) == times


def torn(first: tuple[float, float], rest: list[tuple[float, float]]) -> ForcedAlignment:
    """Return a scene whose first word is far from the others, with other speech between."""
    times = [interval(*first), *(interval(*time) for time in rest)]
    outside = Interval(times[0].end, times[1].start)
    return ForcedAlignment(tuple(times), (1.0,) * len(times), ((1, outside),), 12.0)


def scene(text: str) -> list[list[Token]]:
    return [tokenize(text, "it")]


def test_the_stray_word_of_a_torn_scene_joins_the_others_after_the_pause() -> None:
    heard = torn((0.3, 0.8), [(5.1, 5.5), (5.5, 5.8), (5.8, 6.2)])
    speech = [interval(0.3, 4.2), interval(4.9, 6.2)]
    times = gathered(heard, scene("Il mare era calmo."), speech)
    assert times[0] == interval(4.9, 5.1)
    assert times[1:] == list(heard.times[1:])


def test_a_short_hesitation_tears_no_scene() -> None:
    heard = torn((0.3, 0.8), [(1.2, 1.6), (1.6, 1.9), (1.9, 2.3)])
    assert gathered(heard, scene("Il mare era calmo."), [interval(0.3, 2.3)]) == list(heard.times)
