"""Rounded rates stand for exact ones, however a file spells them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from opentimelineio.opentime import RationalTime
from otio_gvideo.compiler.timeline.rate import exact_rate, seconds, whole_frames

SPELLINGS = {
    Fraction(24000, 1001): (23.976, 23.98, 23.976023976, 23.9760, 23.97602, 24000 / 1001),
    Fraction(30000, 1001): (29.97, 29.97002997, 29.970, 30000 / 1001),
    Fraction(48000, 1001): (47.95, 47.952, 47.952047952, 48000 / 1001),
    Fraction(60000, 1001): (59.94, 59.9400599, 59.940, 60000 / 1001),
    Fraction(120000, 1001): (119.88, 119.88011988, 120000 / 1001),
    Fraction(240000, 1001): (239.76, 239.76023976, 240000 / 1001),
    Fraction(15000, 1001): (14.985, 14.99, 15000 / 1001),
    Fraction(24): (24.0, 24.0000001),
    Fraction(25): (25.0,),
    Fraction(25, 2): (12.5,),
    Fraction(48000): (48000.0,),
}


@pytest.mark.parametrize(
    ("rate", "exact"), [(rate, exact) for exact, rates in SPELLINGS.items() for rate in rates]
)
def test_every_spelling_of_a_rate_is_that_rate(rate: float, exact: Fraction) -> None:
    assert exact_rate(rate) == exact
    assert exact_rate(Fraction(str(rate))) == exact


def test_times_count_in_the_exact_rate() -> None:
    assert seconds(RationalTime(24000, 23.98)) == 1001
    assert seconds(RationalTime(47.99999, 24)) == 2
    assert whole_frames(RationalTime(47952, 47.95), Fraction(24000, 1001)) == 23976
