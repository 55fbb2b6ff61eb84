"""Times in a scene or in the reel, as in ``at``."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from ..errors import Place
from ..sync.rationals import parse_rational


@dataclass(frozen=True, slots=True)
class ScenePlace:
    """The time of a keyframe or a sound in its scene.

    ``kind`` is the unit of ``value``: ``start`` and ``end`` ignore it, ``fraction`` is 0..1 of the
    scene, ``seconds`` from its start, ``word`` the nth (0-based) occurrence of ``word``.
    """

    kind: Literal["start", "end", "fraction", "seconds", "word"]
    value: Fraction = Fraction(0)
    word: str = ""

    @classmethod
    def parse(cls, at: str | int | Fraction) -> ScenePlace:
        """Parse ``start``, ``end``, ``40%``, ``word:storm#2`` or seconds.

        Raises:
            ValueError, ZeroDivisionError: it is none of these.
        """
        if at == "start":
            return cls("start")
        if at == "end":
            return cls("end")
        if isinstance(at, str) and at.endswith("%"):
            return cls("fraction", parse_rational(at[:-1]) / 100)
        if isinstance(at, str) and at.startswith("word:"):
            word, _, nth = at.removeprefix("word:").partition("#")
            if not word or int(nth or 1) < 1:
                raise ValueError(f"{at!r} names no word")
            return cls("word", Fraction(int(nth or 1) - 1), word)
        return cls("seconds", parse_rational(at) if isinstance(at, str) else Fraction(at))


@dataclass(frozen=True, slots=True)
class ScriptCover:
    """The frame that is the reel's cover: its time as in the script, and the place of that.

    The name of a scene, else as in `ScenePlace.parse`, in the whole reel.
    """

    at: str | int | Fraction
    place: Place
