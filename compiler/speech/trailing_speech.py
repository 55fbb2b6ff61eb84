"""What is said after a narration's last scene has ended, while its last picture is held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from ..sync.types import Interval, Word

LONGEST_REST = Fraction(2)
"""Seconds of narration after the last scene's stated end that are taken for its fading away."""
LEAST_VOICE = Fraction(1)
"""Seconds of a voice, by energy alone, that are taken for something said: breaths are less."""


def said_afterwards(
    end: Fraction,
    duration: Fraction,
    words: Sequence[Word] | None,
    voiced: Iterable[Interval],
) -> str:
    """What is to be told of a narration that goes on for long after its last scene; else empty.

    Args:
        end: of the last scene, as it is stated.
        duration: of the narration.
        words: of its transcript; None where there is none, and energy has to tell.
        voiced: where it has a voice, by energy; only asked where there are no words.
    """
    rest = duration - end
    if rest <= LONGEST_REST:
        return ""
    if words is not None:
        is_said = any((word.start + word.end) / 2 > end for word in words)
    else:
        voice = sum((max(Fraction(0), v.end - max(v.start, end)) for v in voiced), Fraction(0))
        is_said = voice >= LEAST_VOICE
    if not is_said:
        return ""
    return (
        f"the narration goes on for {float(rest):.1f} s after the end of this scene, and something "
        "is said there that no scene shows; state a later end, or add a scene"
    )
