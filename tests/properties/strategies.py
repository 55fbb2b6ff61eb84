"""Random narrations, scenes and policies for the property tests."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hypothesis import strategies as st
from otio_gvideo.compiler.sync.edit import SceneInput, SilencePolicy, VoiceSource
from otio_gvideo.compiler.sync.types import Interval, Word

RATES = tuple(Fraction(rate) for rate in ("24", "25", "30", "60", "24000/1001", "30000/1001"))
rates = st.sampled_from(RATES)


def seconds(least: int, most: int) -> st.SearchStrategy[Fraction]:
    """Milliseconds as fractions of a second; 1 ms is finer than any transcript."""
    return st.integers(least, most).map(lambda ms: Fraction(ms, 1000))


@dataclass(frozen=True)
class Reel:
    """Input for `make_schedule`, and the duration of its narration."""

    scenes: tuple[SceneInput, ...]
    duration: Fraction
    fps: Fraction

    @property
    def sources(self) -> tuple[VoiceSource, ...]:
        return (VoiceSource(0, self.duration),)


@st.composite
def silences(
    draw: st.DrawFn, policies: tuple[str, ...] = ("hold", "gap", "tighten")
) -> SilencePolicy:
    keep = draw(seconds(0, 600))
    return SilencePolicy(draw(st.sampled_from(policies)), keep + draw(seconds(0, 1000)), keep)


@st.composite
def reels(
    draw: st.DrawFn, *, beats: bool = True, timed: bool = True, start: Fraction = Fraction(0)
) -> Reel:
    """Words with pauses, in scenes, with beats and stated times in between."""
    fps = draw(rates)
    clock = start + draw(seconds(0, 2000))
    scenes: list[SceneInput] = []
    for index in range(draw(st.integers(1, 8))):
        transition = draw(seconds(0, 2500))
        kinds = ["words", *(["beat"] if beats else []), *(["time"] if timed else [])]
        kind = draw(st.sampled_from(kinds)) if index else "words"
        if kind == "beat":
            scenes.append(
                SceneInput(f"s{index}", beat=draw(seconds(50, 12000)), transition=transition)
            )
            continue
        words = []
        for number in range(draw(st.integers(1, 12))):
            length = draw(seconds(60, 900))
            words.append(Word(f"w{index}.{number}", clock, clock + length))
            clock += length + draw(seconds(0, 400) | seconds(0, 4000))
        if kind == "time":
            span = Interval(words[0].start, words[-1].end)
            scenes.append(SceneInput(f"s{index}", time=span, transition=transition))
        else:
            scenes.append(
                SceneInput(
                    f"s{index}",
                    words=tuple(words),
                    transition=transition,
                    may_cut_in=draw(st.booleans()),
                )
            )
    return Reel(tuple(scenes), clock + draw(seconds(0, 1500)), fps)
