"""Number words: spoken forms of cardinals, ordinals, years, decimals, currencies and percents."""

from __future__ import annotations

import re
from collections.abc import Callable

import num2words

_CURRENCIES = {
    "$": ("dollar", "dollars"),
    "€": ("euro", "euros"),
    "£": ("pound", "pounds"),
    "¥": ("yen", "yen"),
}
SIGNS = {"%": "percent", "&": "and", "+": "plus", "=": "equals", "@": "at", "°": "degrees"}
"""Symbols that are read aloud in English."""
NUMBER = re.compile(
    r"(?P<sign>[-−])?(?P<currency>[$€£¥])?(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<part>\d+))?"
    r"(?P<rest>st|nd|rd|th|s|%|°|[$€£¥])?",
    re.IGNORECASE,
)


def number_readings(match: re.Match[str], language: str) -> list[tuple[str, ...]]:
    """Return the readings of a match of `NUMBER`, the likeliest first.

    >>> number_readings(NUMBER.fullmatch("$2"), "en")
    [('two', 'dollars')]
    """
    whole = int(match["whole"].replace(",", ""))
    part, rest = match["part"], (match["rest"] or "").lower()
    currency = match["currency"] or (rest if rest in _CURRENCIES else "")
    minus: tuple[str, ...] = ("minus",) if match["sign"] else ()
    cardinal = _words(lambda: num2words.num2words(whole, lang=language))
    readings = [cardinal, tuple(word for word in cardinal if word != "and")]
    if language != "en":
        return [minus + readings[0]]
    if rest in ("st", "nd", "rd", "th"):
        return [_words(lambda: num2words.num2words(whole, to="ordinal"))]
    if part is not None:
        digits = tuple(num2words.num2words(int(digit)) for digit in part)
        readings = [(*reading, "point", *digits) for reading in readings]
        if currency:
            names = _CURRENCIES[currency]
            cents = _words(lambda: num2words.num2words(int(part)))
            return [(*cardinal, names[1], *cents), (*cardinal, names[1], "and", *cents, "cents")]
    elif "," not in match["whole"] and 1000 <= whole <= 2099 and not currency:
        year = _words(lambda: num2words.num2words(whole, to="year"))
        digits = tuple(num2words.num2words(int(digit)) for digit in match["whole"])
        readings = [_plural(year) if rest == "s" else year, *readings, digits]
    elif len(match["whole"]) > 1 and match["whole"].startswith("0"):
        readings = [tuple(num2words.num2words(int(digit)) for digit in match["whole"])]
    if whole in (100, 1000, 1_000_000):
        readings.append(("a", *cardinal[1:]))
    if currency:
        readings = [(*reading, _CURRENCIES[currency][whole != 1]) for reading in readings]
    elif rest in SIGNS:
        readings = [(*reading, SIGNS[rest]) for reading in readings]
    return list(dict.fromkeys(minus + reading for reading in readings))


def _plural(words: tuple[str, ...]) -> tuple[str, ...]:
    last = words[-1]
    return (*words[:-1], last[:-1] + "ies" if last.endswith("y") else last + "s")


def _words(spell: Callable[[], str]) -> tuple[str, ...]:
    try:
        text = spell()
    except (NotImplementedError, OverflowError, ValueError):
        return ("number",)
    return tuple(re.findall(r"[^\W\d_]+", text.lower().replace("-", " ")))
