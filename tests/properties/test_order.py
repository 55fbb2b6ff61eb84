"""Ordered word times: without overlaps, each with a length, inside the narration."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from otio_gvideo.compiler.speech.align.monotone_times import in_order
from otio_gvideo.compiler.sync.types import Interval

from .strategies import seconds

intervals = st.builds(
    lambda start, length: Interval(start, start + length), seconds(0, 12_000), seconds(0, 900)
)


@given(st.lists(intervals, max_size=40), seconds(1, 12_000))
def test_times_are_in_order_without_overlaps_and_inside(
    times: list[Interval], duration: Fraction
) -> None:
    found = in_order(times, duration)
    assert len(found) == len(times)
    assert all(a.end <= b.start for a, b in pairwise(found))
    least = min(Fraction(1, 1000), duration / max(1, len(times)))
    assert all(time.duration >= least for time in found)
    assert not found or (found[0].start >= 0 and found[-1].end <= duration)


@given(st.lists(st.tuples(seconds(0, 900), seconds(1, 900)), max_size=40))
def test_ordered_times_are_unchanged(steps: list[tuple[Fraction, Fraction]]) -> None:
    clock = Fraction(0)
    times = []
    for pause, length in steps:
        times.append(Interval(clock + pause, clock + pause + length))
        clock += pause + length
    assert in_order(times, clock + Fraction(1, 1000)) == times


@given(st.lists(intervals, max_size=40))
def test_ordering_is_idempotent(times: list[Interval]) -> None:
    once = in_order(times, Fraction(15))
    assert in_order(once, Fraction(15)) == once
