"""Forced alignment by a CTC model: place tokens on a recording, in chunks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ....renderers.base import RendererError
from ...errors import WorkError
from ...media.samples import SPEECH_RATE
from ...script.tokens import Token
from ...sync.types import Interval
from ..pauses import speech_intervals
from .alignment_result import ForcedAlignment
from .ctc_folder import CtcFolder, Vocabulary
from .ctc_model import Emissions, emissions_of
from .ctc_text import Spelling, check_letters, spell
from .ctc_viterbi import SPOKEN, CtcPenalties, best_ctc_path, ctc_graph
from .mfcc import Array
from .verdicts import AlignmentWarning, SceneText
from .viterbi import AlignedPiece

CHUNK, OVERLAP = Fraction(60), Fraction(12)
"""Seconds of a chunk, and those that consecutive ones share."""
PACE = 25
"""Labels a second of the fastest speech."""
LOOKAHEAD, MAX_LOOKAHEAD = 300, 6000
"""Further labels in the graph of a chunk, and the same if much of the script is unspoken."""
UNSCRIPTED = 1.5
"""Nats that a label of unscripted speech costs: more than one that is said, less than a wrong one.
Else the path would leave the script for good wherever it may end before the script does."""
CONTRAST = 13.0
"""What margins compare with, in nats a label."""
BEFORE, AFTER = Fraction(1, 5), Fraction(3, 10)
"""Most seconds that a word reaches over blanks before its first and after its last label."""


def align_by_model(
    scenes: Sequence[SceneText],
    tokens: Sequence[Token],
    samples: NDArray[np.int16],
    model: CtcFolder,
    trusted: frozenset[int] = frozenset(),
    on_progress: Callable[[float], None] | None = None,
) -> tuple[ForcedAlignment, list[AlignmentWarning]]:
    """Place tokens on a recording.

    Args:
        scenes: in order.
        tokens: of all scenes, at least one.
        samples: mono, 16 kHz.
        model: to listen with.
        trusted: tokens that are spoken for certain, whatever their scores.
        on_progress: called with 0..1.

    Returns:
        The alignment, and a warning about letters that the model does not know: tokens of such
        letters alone lie between their neighbours.

    Raises:
        AlignmentError: the model knows less than half of a scene's letters.
        WorkError: packages or the device are missing, the model cannot be loaded, or failed.
    """
    report = on_progress or (lambda _: None)
    try:
        spelling = spell(tokens, model.vocabulary, model.language)
        doubts = check_letters(scenes, spelling.unknown, model.folder.name)
        emissions = emissions_of(model, samples, lambda share: report(0.9 * share))
    except RendererError as error:
        raise WorkError(str(error)) from error
    found = ctc_align(
        spelling, emissions, model.vocabulary, trusted, lambda share: report(0.9 + 0.1 * share)
    )
    duration = Fraction(len(samples), SPEECH_RATE)
    times = reach_over_blanks(found.times, speech_intervals(samples), duration)
    for index, options in enumerate(spelling.readings):
        if not options:
            before = next((t.end for t in times[:index][::-1] if t), Fraction(0))
            after = next((t.start for t in times[index + 1 :] if t), duration)
            times[index] = Interval(before, max(before, after))
    return replace(found, times=tuple(times)), doubts


def ctc_align(
    spelling: Spelling,
    emissions: Emissions,
    vocabulary: Vocabulary,
    trusted: frozenset[int] = frozenset(),
    on_progress: Callable[[float], None] = lambda _: None,
) -> ForcedAlignment:
    """Place tokens on a recording.

    Args:
        spelling: of the tokens; those without labels are not placed.
        emissions: of the recording.
        vocabulary: of the model.
        trusted: tokens that are spoken for certain, whatever their scores.
        on_progress: called with 0..1.

    Returns:
        Times from the first to the last label of each token. Margins are in nats a label, above 0
        for speech that says the token.
    """
    spelled = [index for index, options in enumerate(spelling.readings) if options]
    readings = [spelling.readings[index] for index in spelled]
    must = [index in trusted for index in spelled]
    pieces = _search(readings, must, emissions, vocabulary, on_progress)
    count = len(spelling.readings)
    times: list[Interval | None] = [None] * count
    margins = [0.0] * count
    unscripted = []
    followers = [*spelled, count]
    for piece in pieces:
        token = followers[piece.token]
        interval = Interval(
            emissions.offset + piece.start * emissions.hop,
            emissions.offset + piece.end * emissions.hop,
        )
        if piece.unscripted:
            unscripted.append((token, interval))
        else:
            times[token], margins[token] = interval, piece.margin + SPOKEN
    return ForcedAlignment(tuple(times), tuple(margins), tuple(unscripted), CONTRAST)


def _search(
    readings: Sequence[Sequence[Sequence[int]]],
    must: Sequence[bool],
    emissions: Emissions,
    vocabulary: Vocabulary,
    report: Callable[[float], None],
) -> list[AlignedPiece]:
    """Align chunk by chunk: each begins after the last token that is certain in the one before."""
    lengths = np.cumsum([0, *(len(options[0]) for options in readings)])
    chunk, overlap = int(CHUNK / emissions.hop), int(OVERLAP / emissions.hop)
    frames, hop = len(emissions), float(emissions.hop)
    pieces: list[AlignedPiece] = []
    frame = position = 0
    lookahead = LOOKAHEAD
    while frame < frames and position < len(readings):
        stop = min(frames, frame + chunk)
        room = lengths[position] + (stop - frame) * hop * PACE + lookahead
        end = max(position + 1, int(np.searchsorted(lengths, room)))
        window = readings[position:end]
        has_last, is_last = position + len(window) == len(readings), stop == frames
        scores, gap, unscripted = _scores(emissions, frame, stop, vocabulary)
        graph = ctc_graph(window, vocabulary.blank, gap, must[position:end])
        penalties = CtcPenalties(skip_label=SPOKEN)
        path = best_ctc_path(graph, scores, gap, unscripted, penalties, to_end=is_last and has_last)
        found = [] if path is None else [_trimmed(p, scores, gap, unscripted) for p in path.pieces]
        scripted = sum(p.end - p.start for p in found if not p.unscripted)
        departed = sum(p.end - p.start for p in found if p.unscripted)
        if departed > 2 * scripted and not has_last and lookahead < MAX_LOOKAHEAD:
            lookahead = MAX_LOOKAHEAD
            continue
        kept = [p for p in found if is_last or p.end <= stop - frame - overlap]
        while kept and kept[-1].unscripted and not is_last:
            kept.pop()
        pieces += [
            replace(p, token=p.token + position, start=p.start + frame, end=p.end + frame)
            for p in kept
        ]
        if is_last:
            break
        if kept:
            frame, position = frame + kept[-1].end, position + kept[-1].token + 1
            lookahead = LOOKAHEAD
        else:
            departed_to = stop - overlap
            if any(p.unscripted for p in found):
                pieces.append(AlignedPiece(position, frame, departed_to, unscripted=True))
            frame = departed_to
        report(frame / frames)
    return _joined(pieces)


def _scores(
    emissions: Emissions, first: int, last: int, vocabulary: Vocabulary
) -> tuple[Array, int, Array]:
    """Return scores with a column for silence between words, that column, and those of any speech.

    A label between words, as wav2vec2 has it, is silence like the blank. Any speech has the score
    of each frame's likeliest label, less `UNSCRIPTED` where another one begins.
    """
    scores = emissions.dense(first, last)
    quiet = scores[:, vocabulary.blank]
    if vocabulary.delimiter is not None:
        quiet = np.maximum(quiet, scores[:, vocabulary.delimiter])
    likeliest = scores.argmax(axis=1)
    is_silent = quiet == scores.max(axis=1)
    begins = ~is_silent & (np.diff(likeliest, prepend=-1) != 0)
    unscripted = scores.max(axis=1) - np.float32(UNSCRIPTED) * begins
    return np.column_stack([scores, quiet]), scores.shape[1], unscripted


def _trimmed(piece: AlignedPiece, scores: Array, gap: int, unscripted: Array) -> AlignedPiece:
    """Trim silence off unscripted speech."""
    if not piece.unscripted:
        return piece
    part = slice(piece.start, piece.end)
    voiced = np.flatnonzero(scores[part, gap] < unscripted[part])
    if not len(voiced):
        return replace(piece, end=piece.start)
    start = piece.start
    return replace(piece, start=start + int(voiced[0]), end=start + int(voiced[-1]) + 1)


def _joined(pieces: Sequence[AlignedPiece]) -> list[AlignedPiece]:
    """Join stretches of unscripted speech before the same token, which chunks divided."""
    joined: list[AlignedPiece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last and last.unscripted and piece.unscripted and last.token == piece.token:
            joined[-1] = replace(last, end=piece.end)
        elif piece.end > piece.start:
            joined.append(piece)
    return joined


def reach_over_blanks(
    times: Sequence[Interval | None], speech: Sequence[Interval], duration: Fraction
) -> list[Interval | None]:
    """Let words reach over the blanks beside them, up to a pause or the next word.

    A label of a CTC model often lasts for one frame, within the sound that it stands for.

    Args:
        times: of words, in order, from their first to their last label.
        speech: from `speech_intervals`.
        duration: of the recording.
    """
    spoken = [index for index, time in enumerate(times) if time is not None]
    reached = list(times)
    previous = Fraction(0)
    place = 0
    for index, following in itertools.zip_longest(spoken, spoken[1:]):
        time = times[index]
        after = times[following] if following is not None else None
        assert time is not None
        limit = after.start if after is not None else duration
        while place < len(speech) and speech[place].end <= time.start:
            place += 1
        start, end = time.start, time.end
        if place < len(speech) and speech[place].start <= start:
            begin = max(previous, speech[place].start)
            if begin == speech[place].start and start - begin <= BEFORE:
                start = begin
        last = place
        while last < len(speech) and speech[last].end < end:
            last += 1
        if last < len(speech) and speech[last].start <= end:
            stop = min(limit, speech[last].end)
            end = stop if stop - end <= AFTER else end
        reached[index] = Interval(start, max(end, start))
        previous = reached[index].end  # type: ignore[union-attr]
    return reached
