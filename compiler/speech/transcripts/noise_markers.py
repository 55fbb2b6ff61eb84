"""Texts of words cleaned: marks for what is no speech, lone punctuation, broken characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .base import Repair
from .integer_time import TickWord
from .words import is_spoken

_LONGEST = 12
"""Words that a mark may span, as in ``[upbeat music playing]``."""
_CLOSERS = {"[": "]", "(": ")", "*": "*", "<": ">", "{": "}", "【": "】", "（": "）"}
_SOUNDS = re.compile(
    r"\b(music|musik|musique|música|applause|applaus|laughter|laugh(s|ing)?|chuckl\w+|silence|"
    r"inaudible|unintelligible|crosstalk|noise|cough(s|ing)?|sigh(s|ing)?|breath(s|ing|es)?|gasps?|"
    r"cheer(s|ing)|clapping|footsteps|singing|humming|beep(s|ing)?|static|blank_audio|foreign|"
    r"no audio|bell(s)? ring\w*|wind (blow|howl)\w*|clears throat|speaking \w+)\b",
    re.IGNORECASE,
)
_JOINERS = "\u200c\u200d"
"""Invisible, but part of how Persian, Hindi and emoji are written."""
_UNPAIRED = re.compile("[\ud800-\udc7f\udd00-\udfff]")
_PLAIN = re.compile(r"[A-Za-z0-9][!-'+-;=?-Z^-~]*", re.ASCII)


def clean_texts(words: Sequence[TickWord], repairs: list[Repair]) -> list[TickWord]:
    """Words that are spoken, their texts clean; what was taken out goes to ``repairs``."""
    kept: list[TickWord] = []
    index = 0
    while index < len(words):
        word = words[index]
        if _PLAIN.fullmatch(word.text):
            kept.append(word)
            index += 1
            continue
        stop = _mark_end(words, index)
        if stop > index:
            shown = " ".join(part.text for part in words[index:stop])
            repairs.append(Repair(word.place, f"{shown!r} is no speech; left out"))
            index = stop
            continue
        shown = word.text.strip()
        _clean(word, repairs)
        index += 1
        if not word.text:
            if shown and "�" not in shown:
                repairs.append(Repair(word.place, f"{shown!r} is no word; left out"))
            continue
        if is_spoken(word.text):
            kept.append(word)
        elif kept:
            before = kept[-1]
            what = f"{word.text!r} is no word of its own; joined to {before.text!r}"
            repairs.append(Repair(word.place, what))
            before.text = f"{before.text} {word.text}"
        else:
            repairs.append(Repair(word.place, f"{word.text!r} is no word; left out"))
    return kept


def _mark_end(words: Sequence[TickWord], index: int) -> int:
    """Where a mark for no speech that begins at a word ends; ``index`` where none does."""
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


def _clean(word: TickWord, repairs: list[Repair]) -> None:
    text = " ".join(word.text.split()).strip("♪♫♬🎵🎶 ")
    if not text.isascii():
        # Bytes that were no UTF-8 come as lone surrogates; together they may make a character.
        text = (
            _UNPAIRED.sub("�", text).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        )
    text = "".join(char for char in text if char.isprintable() or char in _JOINERS)
    text = text.strip(f" {_JOINERS}")
    if "�" in text:
        repairs.append(Repair(word.place, f"{text!r} has broken characters; taken out"))
        text = text.replace("�", "").strip()
    word.text = text
