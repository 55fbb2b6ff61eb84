"""Clean texts of words: noise markers such as ``[Music]``, lone punctuation, broken characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .base import Repair
from .integer_time import Repaired, TickWord
from .words import is_spoken

_LONGEST = 12
"""Words of the longest marker, as in ``[upbeat music playing]``."""
_CLOSERS = {"[": "]", "(": ")", "*": "*", "<": ">", "{": "}", "【": "】", "（": "）"}
_SOUNDS = re.compile(
    r"\b(music|musik|musique|música|applause|applaus|laughter|laugh(s|ing)?|chuckl\w+|silence|"
    r"inaudible|unintelligible|crosstalk|noise|cough(s|ing)?|sigh(s|ing)?|breath(s|ing|es)?|gasps?|"
    r"cheer(s|ing)|clapping|footsteps|singing|humming|beep(s|ing)?|static|blank_audio|foreign|"
    r"no audio|bell(s)? ring\w*|wind (blow|howl)\w*|clears throat|speaking \w+)\b",
    re.IGNORECASE,
)
_JOINERS = "\u200c\u200d"
"""Zero-width joiners, which Persian, Hindi and emoji need."""
_UNPAIRED = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_PLAIN = re.compile(r"[A-Za-z0-9][!-'+-;=?-Z^-~]*", re.ASCII)


def clean_texts(words: Sequence[TickWord]) -> Repaired:
    """Drop noise markers, join lone punctuation to the word before, remove broken characters."""
    kept: list[TickWord] = []
    repairs: list[Repair] = []
    index = 0
    while index < len(words):
        word = words[index]
        if _PLAIN.fullmatch(word.text):
            kept.append(word)
            index += 1
            continue
        stop = _marker_end(words, index)
        if stop > index:
            marker = " ".join(part.text for part in words[index:stop])
            repairs.append(Repair(word.place, f"{marker!r} is not speech; dropped"))
            index = stop
            continue
        index += 1
        text = _clean(word.text)
        if "�" in text:
            repairs.append(Repair(word.place, f"{text!r} has broken characters; removed"))
            text = text.replace("�", "").strip()
        if not text:
            if (shown := word.text.strip()) and "�" not in shown:
                repairs.append(Repair(word.place, f"{shown!r} is not a word; dropped"))
        elif is_spoken(text):
            kept.append(_with_text(word, text))
        elif kept:
            before = kept[-1]
            what = f"{text!r} is not a word; joined to {before.text!r}"
            repairs.append(Repair(word.place, what))
            kept[-1] = _with_text(before, f"{before.text} {text}")
        else:
            repairs.append(Repair(word.place, f"{text!r} is not a word; dropped"))
    return kept, repairs


def _with_text(word: TickWord, text: str) -> TickWord:
    return TickWord(text, word.start, word.end, word.place)


def _marker_end(words: Sequence[TickWord], index: int) -> int:
    """Return the end of a noise marker that begins at a word; ``index`` if none does."""
    text = words[index].text.strip()
    closer = _CLOSERS.get(text[:1])
    if closer is None:
        return index
    for stop in range(index + 1, min(len(words), index + _LONGEST) + 1):
        last = words[stop - 1].text.rstrip(" .,;:!?\n\t")
        if not last.endswith(closer) or (stop == index + 1 and len(last) == 1):
            continue
        inside = " ".join(part.text for part in words[index:stop])
        if text[0] in "[{<【" or _SOUNDS.search(inside) or (text[0] == "*" and stop == index + 1):
            return stop
        return index
    return index


def _clean(text: str) -> str:
    """Return a text without music signs and invisible characters; broken ones become ``�``."""
    text = " ".join(text.split()).strip("♪♫♬🎵🎶 ")
    if not text.isascii():
        # Bytes that were no UTF-8 come as lone surrogates; together they may form a character.
        text = (
            _UNPAIRED.sub("�", text).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        )
    text = "".join(char for char in text if char.isprintable() or char in _JOINERS)
    return text.strip(f" {_JOINERS}")
