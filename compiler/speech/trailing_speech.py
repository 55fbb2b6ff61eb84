"""Trailing speech: a narration that goes on after the end of the last scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from ..sync.types import Interval, Word

FADE_OUT = Fraction(2)
"""Longest rest of a narration, in seconds, that is ignored."""
MIN_SPEECH = Fraction(1)
"""Least seconds of detected speech; breaths are shorter."""


def trailing_speech(
    end: Fraction,
    duration: Fraction,
    words: Sequence[Word] | None,
    speech: Callable[[], Sequence[Interval]],
) -> str:
    """Return a warning if there is speech long after the last scene; else empty.

    Args:
        end: of the last scene, as stated.
        duration: of the narration.
        words: of its transcript; None if it has none.
        speech: returns that of the narration, by energy; called if ``words`` is None.
    """
    rest = duration - end
    if rest <= FADE_OUT:
        return ""
    if words is not None:
        has_speech = any((word.start + word.end) / 2 > end for word in words)
    else:
        after = (max(Fraction(0), it.end - max(it.start, end)) for it in speech())
        has_speech = sum(after, Fraction(0)) >= MIN_SPEECH
    if not has_speech:
        return ""
    return (
        f"the narration goes on for {float(rest):.1f} s after the end of this scene, with speech "
        "that no scene shows; state a later end, or add a scene"
    )
