"""Spell tokens in the labels of a CTC model."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ....renderers.base import UnavailableError
from ...script.tokens import Token, tokenize
from .ctc_folder import Vocabulary
from .ctc_model import PACKAGES
from .ctc_viterbi import BETWEEN_WORDS
from .japanese import can_read_kanji, kana_of
from .verdicts import AlignmentError, AlignmentWarning, MissingScene, SceneText

LATIN = frozenset("abcdefghijklmnopqrstuvwxyz'")


@dataclass(frozen=True, slots=True)
class Spelling:
    """Tokens in labels.

    Attributes:
        readings: of each token, each once, with `BETWEEN_WORDS`; none without a known letter.
        unknown: letters that the model does not know, in order.
    """

    readings: tuple[tuple[tuple[int, ...], ...], ...]
    unknown: tuple[str, ...]


def spell(tokens: Sequence[Token], vocabulary: Vocabulary, language: str) -> Spelling:
    """Spell tokens in a vocabulary.

    Letters may be of either case. A vocabulary of plain Latin letters alone, such as that of MMS'
    aligner, was trained on romanised text: words with other letters are romanised by ``uroman``
    (Hermjakob et al. 2018), Japanese by its kana. Else a letter without a label loses its
    marks, or is left out.

    Args:
        tokens: of the script.
        vocabulary: of the model.
        language: ISO 639-3.

    Raises:
        UnavailableError: text has to be romanised, and the package is missing.
    """
    known = {
        label: number
        for label, number in vocabulary.labels.items()
        if len(label) == 1 and number not in (vocabulary.blank, vocabulary.delimiter)
    }
    is_romanised = all(label.lower() in LATIN for label in known if label.isalpha())
    unknown: dict[str, None] = {}
    kana = kana_of(tokens) if is_romanised and can_read_kanji(language) else None
    readings = []
    for place, token in enumerate(tokens):
        options = []
        for words in _in_kana(token, kana[place]) if kana else _marked(token) or token.readings:
            labels: list[int] = []
            for word in words:
                plain = _romanised(word, language) if is_romanised else word
                found = [label for letter in plain for label in _labels(letter, known, unknown)]
                labels += [BETWEEN_WORDS, *found] if labels and found else found
            if labels:
                options.append(tuple(labels))
        readings.append(tuple(dict.fromkeys(options)))
    return Spelling(tuple(readings), tuple(unknown))


def check_letters(
    scenes: Sequence[SceneText], unknown: Sequence[str], model: str
) -> list[AlignmentWarning]:
    """Return a warning about letters that a model does not know.

    Args:
        scenes: in order.
        unknown: letters without a label.
        model: its name.

    Raises:
        AlignmentError: it knows less than half of a scene's letters.
    """
    if not unknown:
        return []
    missing = []
    for scene in scenes:
        letters = [letter for letter in scene.text.casefold() if letter.isalpha()]
        if sum(letter in unknown for letter in letters) > len(letters) / 2:
            what = f"the model {model} does not know most of its letters"
            hint = "choose a model for this language as narration.align_model"
            missing.append(MissingScene(scene.id, what, hint))
    if missing:
        raise AlignmentError(missing)
    first = next((s for s in scenes if any(u in s.text.casefold() for u in unknown)), scenes[0])
    shown = " ".join(unknown[:12]) + (" …" if len(unknown) > 12 else "")
    return [AlignmentWarning(first.id, f"letters that the model {model} does not know: {shown}")]


def _labels(letter: str, known: dict[str, int], unknown: dict[str, None]) -> list[int]:
    """Return the labels of a letter: its own, those of its other case, or without its marks."""
    for form in (letter, letter.lower(), letter.upper()):
        if form in known:
            return [known[form]]
    parts = [part for part in unicodedata.normalize("NFKD", letter) if part != letter]
    found = [
        known[form]
        for part in parts
        for form in (part, part.lower(), part.upper())
        if form in known
    ]
    if not found and letter.isalnum():
        unknown[letter] = None
    return found


def _marked(token: Token) -> tuple[tuple[str, ...], ...]:
    """Return the reading of a token with vowel signs, as in Hindi, which readings leave out."""
    text = unicodedata.normalize("NFKC", token.text).lower()
    kinds = [unicodedata.category(letter)[0] for letter in text]
    if "M" not in kinds or "N" in kinds:
        return ()
    return (("".join(c for c, kind in zip(text, kinds, strict=True) if kind in "LM"),),)


def _in_kana(token: Token, kana: str) -> list[tuple[str, ...]]:
    """Return the readings of a token of Japanese; numbers are read as their words."""
    if not any(letter.isdigit() for letter in token.text):
        return [(kana,)]
    return [tuple("".join(kana_of(tokenize(w, "ja"))) for w in words) for words in token.readings]


def _romanised(word: str, language: str) -> str:
    if word.isascii():
        return word
    found: str = _romaniser().romanize_string(word, lcode=language)
    return found.lower()


@cache
def _romaniser() -> Any:
    try:
        from uroman import Uroman  # noqa: PLC0415 - optional, and reads tables for seconds
    except ImportError as error:
        raise UnavailableError(PACKAGES) from error
    return Uroman()
