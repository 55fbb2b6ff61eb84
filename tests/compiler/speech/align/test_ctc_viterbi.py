"""The search over emissions finds what trying every path finds, and what torchaudio finds."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.speech.align.ctc_viterbi import (
    BETWEEN_WORDS,
    CtcPenalties,
    best_ctc_path,
    ctc_graph,
)

NEVER = CtcPenalties(unscripted=1e6, skip=1e6)
TORCHAUDIO = Path(__file__).parent / "data" / "torchaudio_spans.json"
"""Spans of tokens by torchaudio 2.11's ``forced_align`` on `random_case` 0 to 59."""
Case = tuple[NDArray[np.float32], list[list[int]]]


def random_case(seed: int, frames: int = 0) -> Case:
    """Return emissions with the blank in column 0, and the labels of some tokens."""
    random = np.random.default_rng(seed)
    size = int(random.integers(3, 6 if frames else 7))
    tokens = [
        [int(label) for label in random.integers(1, size, size=random.integers(1, 4))]
        for _ in range(1 if frames else int(random.integers(1, 8)))
    ]
    if frames:
        tokens.append([int(random.integers(1, size))])
    logits = 2 * random.normal(size=(frames or int(random.integers(50, 120)), size))
    scores = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return scores.astype(np.float32), tokens


def spans(case: Case) -> list[tuple[int, int]]:
    scores, tokens = case
    graph = ctc_graph([[token] for token in tokens], 0, 0)
    path = best_ctc_path(graph, scores, 0, scores.max(axis=1), NEVER, to_end=True)
    assert path is not None
    assert [piece.token for piece in path.pieces] == list(range(len(tokens)))
    return [(piece.start, piece.end) for piece in path.pieces]


def tried(case: Case) -> list[tuple[int, int]]:
    """Return the spans on the best of all sequences of labels."""
    scores, tokens = case
    wanted = [(number, place) for number, token in enumerate(tokens) for place in range(len(token))]
    labels = [tokens[number][place] for number, place in wanted]
    frames, size = scores.shape
    best: tuple[float, tuple[int, ...]] = (-np.inf, ())
    for path in itertools.product(range(size), repeat=frames):
        runs = [label for label, _ in itertools.groupby(path)]
        if [label for label in runs if label] == labels:
            best = max(best, (float(scores[np.arange(frames), path].sum()), path))
    runs = []
    for label, group in itertools.groupby(enumerate(best[1]), key=lambda pair: pair[1]):
        if label:
            numbers = [frame for frame, _ in group]
            runs.append((numbers[0], numbers[-1] + 1))
    return [
        (
            min(run[0] for run, (owner, _) in zip(runs, wanted, strict=True) if owner == number),
            max(run[1] for run, (owner, _) in zip(runs, wanted, strict=True) if owner == number),
        )
        for number in range(len(tokens))
    ]


@pytest.mark.parametrize("seed", range(9))
def test_no_other_path_scores_higher(seed: int) -> None:
    case = random_case(seed, frames=6)
    assert spans(case) == tried(case)


def test_agrees_with_torchaudio() -> None:
    known = json.loads(TORCHAUDIO.read_text())
    assert [[list(span) for span in spans(random_case(seed))] for seed in range(60)] == known


def emitted(text: str, gap: float = 6.0) -> NDArray[np.float32]:
    """Return emissions that spell a text, a frame a letter: ``.`` is the blank."""
    letters = ".abcdefgh|"
    logits = np.zeros((len(text), len(letters)))
    logits[np.arange(len(text)), [letters.index(letter) for letter in text]] = gap
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def spelled(word: str) -> list[list[int]]:
    return [[BETWEEN_WORDS if c == " " else ".abcdefgh|".index(c) for c in word]]


def heard(text: str, words: list[str]) -> list[tuple[str, int, int]]:
    """Return words, and ``?`` for unscripted speech, as placed on what was said."""
    scores = emitted(text)
    scores = np.column_stack([scores, np.maximum(scores[:, 0], scores[:, 9])])
    graph = ctc_graph([spelled(word) for word in words], 0, 10)
    best = scores.max(axis=1)
    path = best_ctc_path(graph, scores, 10, best, CtcPenalties(), to_end=True)
    assert path is not None
    return [("?" if p.unscripted else words[p.token], p.start, p.end) for p in path.pieces]


def test_a_word_that_is_not_said_is_skipped() -> None:
    assert heard("..abc..fgh..", ["abc", "ddee", "fgh"]) == [("abc", 2, 5), ("fgh", 7, 10)]


def test_speech_outside_the_script_is_passed_by() -> None:
    found = heard("..abc.dedede..fgh", ["abc", "fgh"])
    assert [entry for entry in found if entry[0] != "?"] == [("abc", 2, 5), ("fgh", 14, 17)]
    assert any(word == "?" and start <= 6 and end >= 12 for word, start, end in found)


def test_a_doubled_letter_needs_a_blank_between() -> None:
    assert heard("ab.bc", ["abbc"]) == [("abbc", 0, 5)]
    assert heard("abbbc..ab", ["abc", "ab"]) == [("abc", 0, 5), ("ab", 7, 9)]


def test_the_label_between_words_is_silence() -> None:
    assert heard("abc|||fgh", ["abc", "fgh"]) == [("abc", 0, 3), ("fgh", 6, 9)]
    assert heard("abc||fgh|h", ["abc fgh", "h"]) == [("abc fgh", 0, 8), ("h", 9, 10)]


def test_the_reading_that_was_said_is_chosen() -> None:
    scores = emitted("..defd..a")
    graph = ctc_graph([[[1, 2, 3], [4, 5, 6, 4]], [[1]]], 0, 0)
    path = best_ctc_path(graph, scores, 0, scores.max(axis=1), CtcPenalties(), to_end=True)
    assert path is not None
    assert [(p.token, p.start, p.end) for p in path.pieces] == [(0, 2, 6), (1, 8, 9)]
