"""Fit the coefficients of compiler/speech/align/confidence_model.py on labelled voices.

    python benchmarks/fit_confidence.py [--only …] [--write]

Words are right within 50 ms, cuts within half a frame of their true pause (`labelled_voices`). The
voices of `HELD_OUT` are not fitted on: tests measure the calibration with them
(`tests/compiler/speech/align/test_labelled_voices.py`). Those of speech models are fitted with the
small model of the tests, on voices of espeak-ng that it never heard. Printed, for words and cuts of
each source of times: rows, share that is right, expected calibration error on voices
left out of the fit in turn, and what a confidence of 0.8 is worth.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from labelled_voices import material, synthesized, texts
from labelled_voices.aligned import cuts_s, evidence_of, recorded_steps, write_wav
from labelled_voices.clips import Clip, digest, joined
from labelled_voices.degrade import CONDITIONS
from labelled_voices.references import REFERENCES, Times
from labelled_voices.scores import CLOSE_MS, HALF_FRAME, calibration_error, outside
from labelled_voices.scripts import EDITS, Scene
from numpy.typing import NDArray
from otio_gvideo.compiler.speech.align import (
    SceneText,
    align_scenes,
    confidence,
    confidence_model,
)
from otio_gvideo.compiler.speech.align.ctc_folder import read_ctc_folder
from otio_gvideo.compiler.speech.transcripts import Transcript
from otio_gvideo.compiler.sync.types import Word
from otio_gvideo.compiler.timeline.confidence import LEAST_CUT
from otio_gvideo.renderers.files.user_folders import cache_folder
from voices import IN_BABBLE, LANGUAGES_ALSO, available, cached_times, is_chosen, prepared

HELD_OUT = (
    *("kal, festival", "rms, flite", "bobby and mary", "LibriVox", "two_cities", "??: *f3, *"),
    *("CTC: ??+m8", "CTC: ??+Annie"),
)
"""Voices that are not fitted on."""
MODEL = Path(confidence.__file__).with_name("confidence_model.py")
CTC_MODEL = material.RECORDED / "ctc"
CTC_VOICES = {
    f"CTC: {language}+{variant}": f"{language}+{variant}"
    for language in ("es", "ru")
    for variant in ("Andy", "Annie", "Gene", "Jacky", "m8", "steph")
}
"""Voices of espeak-ng, none of which the model of the tests was trained on."""
CTC_CONDITIONS = (
    *("clean", "babble 20 dB", "babble 10 dB", "noise 10 dB", "room 0.4 s", "telephone"),
    *("10% swapped", "scene never said"),
)
RIDGE = 0.3
"""Weight of the squared coefficients, as of so many rows."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Features of words or cuts, whether each is right, and the voice of each."""

    features: Floats
    right: Floats
    voices: NDArray[np.str_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=["*"], help="clips or conditions, as in awb*")
    parser.add_argument("--write", action="store_true", help="write what was fitted")
    parser.add_argument("--cache", type=Path, default=cache_folder() / "labelled-voices")
    arguments = parser.parse_args()
    measured: dict[tuple[str, str], list[tuple[Floats, Floats, str]]] = {}
    sources = alignments, ctc_alignments
    for name, parts in chain(*(made(arguments.only, arguments.cache) for made in sources)):
        for kind, source, features, right in parts:
            if len(right):
                measured.setdefault((kind, source), []).append((features, right, name))
    fitted = {
        (kind, source): np.array(values)
        for kind in ("WORDS", "CUTS")
        for source, values in getattr(confidence_model, kind).items()
    }
    for (kind, source), parts in sorted(measured.items()):
        rows = Rows(
            np.concatenate([features for features, _, _ in parts]),
            np.concatenate([right for _, right, _ in parts]),
            np.concatenate([[name] * len(right) for _, right, name in parts]),
        )
        held = np.array([any(fnmatch.fnmatch(v, one) for one in HELD_OUT) for v in rows.voices])
        fitted[kind, source] = logistic(rows.features[~held], rows.right[~held])
        report(f"{kind}, {source}", rows, held, fitted[kind, source])
    if arguments.write:
        MODEL.write_text(module_text(fitted))


def alignments(only: Sequence[str], cache: Path) -> Iterator[tuple[str, list[Any]]]:
    """Yield the voice of each alignment, and its words and cuts: features, and which are right."""
    found = {item.name: item for item in material.materials()}
    conditions = {condition.name: condition for condition in (*CONDITIONS, *EDITS)}
    known = [*found, *CTC_VOICES]
    names = [name for name in found if is_chosen(name, known, only)]
    clips = available([found[name] for name in names], cache)
    bank = list(available([found[name] for name in IN_BABBLE], cache).values())
    for title, condition in conditions.items():
        for name, whole in clips.items():
            is_meant = whole.language == "en" or title in LANGUAGES_ALSO
            if not is_meant or not is_chosen(title, conditions, only):
                continue
            clip, script = prepared(whole, condition, bank)
            print(f"\r{name}, {title:40}", end="", file=sys.stderr, flush=True)
            yield (
                name,
                list(
                    measure(
                        clip,
                        script,
                        evidence_of(clip.samples, script, clip.language, cache).measures,
                    )
                ),
            )
            if clip.language == "en":
                for times in transcripts(clip, script, cache):
                    yield name, list(measure(clip, script, by_transcript(clip, script, times)))


def ctc_alignments(only: Sequence[str], cache: Path) -> Iterator[tuple[str, list[Any]]]:
    """Yield the same by the speech model of the tests."""
    conditions = {condition.name: condition for condition in (*CONDITIONS, *EDITS)}
    found = {item.name: item for item in material.materials()}
    chosen = [name for name in CTC_VOICES if is_chosen(name, [*CTC_VOICES, *found], only)]
    bank = list(available([found[name] for name in IN_BABBLE], cache).values()) if chosen else []
    for name in chosen:
        language = CTC_VOICES[name][:2]
        spoken = [synthesized.espeak(text, CTC_VOICES[name]) for text in texts.OTHERS[language]]
        whole = joined(name, language, spoken, material.PAUSES)
        model = read_ctc_folder(CTC_MODEL, (language,), "cpu")
        for title in CTC_CONDITIONS:
            if is_chosen(title, conditions, only):
                clip, script = prepared(whole, conditions[title], bank)
                print(f"\r{name}, {title:40}", end="", file=sys.stderr, flush=True)
                found_by = evidence_of(clip.samples, script, language, cache, model)
                yield name, list(measure(clip, script, found_by.measures))


def transcripts(clip: Clip, script: Sequence[Scene], cache: Path) -> Iterator[Times]:
    """Yield the times of other programs that are cached, and true ones to a hundredth."""
    if any(place is None for scene in script for _, place in scene.words):
        return
    words = [word for scene in script for word, _ in scene.words]
    for program in REFERENCES:
        if (cache / f"reference-{digest(program, clip.samples, words)}.json").exists():
            yield cached_times(clip, script, program, cache)
    said = [clip.words[place] for scene in script for _, place in scene.words if place is not None]
    yield [(round(word.start, 2), round(word.end, 2)) for word in said]


def by_transcript(clip: Clip, script: Sequence[Scene], times: Times) -> tuple[Any, ...]:
    """Return the measures of a transcript's times, as in a language without a model."""
    texts = [word for scene in script for word, _ in scene.words]
    words = tuple(
        Word(text, *(Fraction(second).limit_denominator(1000) for second in (time[0], max(time))))
        for text, time in zip(texts, times, strict=True)
        if time is not None
    )
    transcript = Transcript(words)
    with tempfile.TemporaryDirectory() as folder, recorded_steps() as kept:
        sound = Path(folder) / "voice.wav"
        write_wav(sound, clip.samples)
        asked = [SceneText(scene.id, scene.text) for scene in script]
        align_scenes(asked, sound, language="eo", transcript=transcript, unheard="warn")
    return kept["confidence"]


def measure(
    clip: Clip, script: Sequence[Scene], measures: tuple[Any, ...]
) -> Iterator[tuple[str, str, Floats, Floats]]:
    """Yield the features of words and cuts, and whether they are right."""
    tokens, members, times, apart, speech, evidence = measures
    words = confidence.word_features(tokens, times, speech, evidence)
    cuts = confidence.cut_features(tokens, members, times, apart, speech, evidence)
    placed = cuts_s(members, times, apart)
    rows, right = [], []
    for scene, group in zip(script, members, strict=True):
        for (_, place), token in zip(scene.words, first_tokens(scene, tokens, group), strict=True):
            if place is None:
                rows.append(words[token])
                right.append(False)  # It is never said.
            elif clip.words[place].is_timed:
                error = float(times[token].start) - clip.words[place].start
                rows.append(words[token])
                right.append(abs(error) * 1000 <= CLOSE_MS)
    yield "WORDS", evidence.source, np.array(rows), np.array(right, float)
    rows, right = [], []
    told = [(n, scene.number) for n, scene in enumerate(script) if scene.number is not None]
    for (_, first), (after, second) in pairwise(told):
        pause = (clip.pause_before(first + 1)[0], clip.pause_before(second)[1])
        rows.append(cuts[after])
        right.append(outside(placed[after], pause) <= HALF_FRAME)
    yield "CUTS", evidence.source, np.array(rows), np.array(right, float)


def first_tokens(scene: Scene, tokens: Sequence[Any], group: Sequence[int]) -> list[int]:
    """Return the first token of each word, letter by letter: some have several."""
    firsts, letters, place = [], 0, 0
    for text, _ in scene.words:
        while place + 1 < len(group) and letters >= len("".join(tokens[group[place]].text.split())):
            letters -= len("".join(tokens[group[place]].text.split()))
            place += 1
        firsts.append(group[place])
        letters += len("".join(text.split()))
    return firsts


def logistic(features: Floats, right: Floats) -> Floats:
    """Return the intercept and coefficients of largest likelihood, by Newton's method."""
    rows = np.column_stack([np.ones(len(right)), features])
    ridge = RIDGE * np.eye(rows.shape[1])
    ridge[0, 0] = 1e-6
    weights = np.zeros(rows.shape[1])
    for _ in range(100):
        found = probability(features, weights)
        slope = rows.T @ (right - found) - ridge @ weights
        curve = (rows * (found * (1 - found))[:, None]).T @ rows + ridge
        step = np.linalg.solve(curve, slope)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def probability(features: Floats, weights: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(weights[0] + features @ weights[1:], -30, 30)))


def report(name: str, rows: Rows, held: NDArray[np.bool_], weights: Floats) -> None:
    """Print how well the probabilities hold on voices that were not fitted on."""
    left = np.empty(len(rows.right))
    for voice in set(rows.voices[~held]):
        mine = rows.voices == voice
        left[mine] = probability(
            rows.features[mine], logistic(rows.features[~held & ~mine], rows.right[~held & ~mine])
        )
    left[held] = probability(rows.features[held], weights)
    for title, chosen in (("left out in turn", ~held), ("held out", held)):
        sure, right = left[chosen], rows.right[chosen]
        if not len(right):
            continue
        silent = sure >= float(LEAST_CUT)
        print(
            f"{name}, {title}: {len(right)} rows, {right.mean():.1%} right, ECE "
            f"{calibration_error(sure, right > 0):.3f}; {silent.mean():.1%} at least "
            f"{float(LEAST_CUT)}, of which {right[silent].mean():.2%} are right"
        )


def module_text(fitted: dict[tuple[str, str], Floats]) -> str:
    """Return the text of the module with the coefficients."""
    lines = [
        '"""Coefficients of the confidence models, by source of the times; intercepts first.',
        "",
        "Written by ``benchmarks/fit_confidence.py --write`` from labelled voices; do not edit.",
        '"""',
        "",
        "from __future__ import annotations",
    ]
    for kind in ("WORDS", "CUTS"):
        lines += ["", "# fmt: off", f"{kind} = {{"]
        for (one, source), weights in sorted(fitted.items()):
            if one == kind:
                numbers = ", ".join(f"{weight:.3g}" for weight in weights)
                text = fill(numbers, 98, initial_indent=" " * 8, subsequent_indent=" " * 8)
                lines += [f'    "{source}": (', text, "    ),"]
        lines += ["}", "# fmt: on"]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
