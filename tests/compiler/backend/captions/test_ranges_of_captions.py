"""Ranges of a reel's captions: each has what is shown in it, and is found without a search."""

from __future__ import annotations

import random
import time
from fractions import Fraction

from otio_gvideo.compiler.backend.captions.ass_script import AssScript, Event


def test_a_range_has_the_captions_that_are_shown_in_it_in_order() -> None:
    """Whether they overlap, and whatever their order."""
    chance = random.Random(3)
    for _ in range(50):
        starts = [Fraction(chance.randrange(100), 10) for _ in range(20)]
        events = tuple(Event(at, at + Fraction(chance.randrange(30), 10), f"{at}") for at in starts)
        script = AssScript("header", events)
        for _ in range(20):
            start = Fraction(chance.randrange(110), 10)
            end = start + Fraction(chance.randrange(1, 40), 10)
            shown = [event for event in events if event.start < end and event.end > start]
            assert script.shown(start, end) == shown


def test_hours_of_captions_are_ranged_in_no_time() -> None:
    seconds = 20_000
    script = AssScript(
        "header", tuple(Event(Fraction(n), Fraction(n + 1), "a") for n in range(seconds))
    )
    began = time.process_time()
    for start in range(0, seconds, 20):
        assert len(script.shown(Fraction(start), Fraction(start + 20))) == 20
    assert time.process_time() - began < 2
