"""Parse exact numbers from untrusted text."""

from __future__ import annotations

import re
from fractions import Fraction

_RATIONAL = re.compile(
    r"[-+]?[0-9]{1,20}(?:/[0-9]{1,20}|(?:\.[0-9]{0,20})?(?:[eE][-+]?[0-9]{1,2})?)"
    r"|[-+]?\.[0-9]{1,20}"
)


def parse_rational(text: str) -> Fraction:
    """Return a decimal number or a quotient of whole numbers, of up to 20 digits.

    `Fraction` itself computes for minutes over ``1e999999999``.

    >>> parse_rational("30000/1001"), parse_rational("0.5")
    (Fraction(30000, 1001), Fraction(1, 2))

    Raises:
        ValueError: it is none, or has more digits.
        ZeroDivisionError: its denominator is 0.
    """
    if not _RATIONAL.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a number of up to 20 digits")
    return Fraction(text)
