"""Numbers and timestamps of timing files as exact fractions of a second, never through a float."""

from __future__ import annotations

import re
from fractions import Fraction

_NUMBER = re.compile(r"([-+]?)(\d{1,40})?(?:\.(\d{0,40}))?(?:[eE]([-+]?\d{1,3}))?")
_CLOCK = re.compile(r"(?:(\d{1,6}):)?(\d{1,4}):(\d{1,4})(?:[.,](\d{1,12}))?")
_MOST_EXPONENT = 30
_PLAIN = 24
_POWERS = tuple(10**power for power in range(_PLAIN + 1))


def parse_decimal(text: str) -> Fraction | None:
    """Parse a decimal number; None for anything else, also NaN, infinity and absurd sizes.

    >>> parse_decimal("4.72"), parse_decimal("1e-3"), parse_decimal("NaN")
    (Fraction(118, 25), Fraction(1, 1000), None)
    """
    # Fast path: nearly every number is plain and short.
    whole, _, decimals = text.partition(".")
    if len(text) <= _PLAIN and whole.isdecimal() and decimals.isdecimal():
        return Fraction(int(whole + decimals), _POWERS[len(decimals)])
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    sign, whole, decimals, exponent = match.groups()
    digits = (whole or "") + (decimals or "")
    if not digits:
        return None
    power = (int(exponent) if exponent else 0) - len(decimals or "")
    number = -int(digits) if sign == "-" else int(digits)
    if power >= 0:
        return Fraction(number * 10**power) if power <= _MOST_EXPONENT else None
    return Fraction(number, 10**-power) if power >= -2 * _MOST_EXPONENT else None


def seconds(value: object, per_second: int = 1) -> Fraction | None:
    """Return a time from parsed JSON in seconds; None if it is missing or not a number.

    Args:
        value: a number, or a string with a number.
        per_second: units a second.
    """
    if isinstance(value, str):
        value = parse_decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        return None
    if per_second == 1:
        return value if isinstance(value, Fraction) else Fraction(value)
    return Fraction(value, per_second)


def parse_clock(text: str) -> Fraction | None:
    """Parse ``HH:MM:SS,mmm`` or ``MM:SS.mmm`` into seconds; None for anything else.

    >>> parse_clock("01:02.5")
    Fraction(125, 2)
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        return None
    hours, minutes, whole, decimals = match.groups()
    total = (int(hours or 0) * 60 + int(minutes)) * 60 + int(whole)
    if not decimals:
        return Fraction(total)
    scale: int = 10 ** len(decimals)
    return Fraction(total * scale + int(decimals), scale)
