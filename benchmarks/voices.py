"""Word times, cuts, warnings and confidence on labelled voices, clean and made worse.

    python benchmarks/voices.py [--quick] [--only PATTERN ...] [--references] [--list]

Every clip is aligned to its script, as it was recorded and in every condition (babble, music,
rooms, telephone, clipping, tempo), and to scripts that are wrong (words swapped, missing, extra, a
scene that was never said, one left out). Truth is exact (synthesised voices), labelled by people,
or where two other aligners agree. Results are kept by content: a rerun computes what changed.

Columns:

* ``cuts``: those in their true pause, or within half a frame of it.
* ``silent``: cuts more than two frames outside, without a warning that names the scene that starts
  there. Must be 0.
* ``median, p95``, ``50 ms``, ``bias``: of the errors of word starts in ms, their share within 50
  ms, and the median with its sign.
* ``refused``: scenes refused though they are said, and rightly.
* ``warned``: scenes with a warning without a fault, and with one: altered text, a cut outside its
  pause, a word more than 150 ms off.
* ``sure``, ``ECE``: mean confidence, and expected calibration error.

``--references`` adds pocketsphinx's own aligner and faster-whisper's tiny.en (English, right
scripts): cuts, median error of word starts, share of all words within 50 ms.
"""

from __future__ import annotations

import argparse
import csv
import fnmatch
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple
from pathlib import Path

from labelled_voices import material
from labelled_voices.aligned import Aligned, aligned, write_wav
from labelled_voices.clips import Clip, MissingVoiceError, SaidWord, digest
from labelled_voices.degrade import CONDITIONS, Condition, babble_of
from labelled_voices.references import REFERENCES, Times
from labelled_voices.scores import Scores, score, score_reference
from labelled_voices.scripts import EDITS, RIGHT, Edit, Scene
from labelled_voices.table import OURS, print_table
from otio_gvideo.compiler.media.samples import speech_samples
from otio_gvideo.renderers.files.user_folders import cache_folder

QUICK_CLIPS = ("slt, festival", "awb, flite", "joe, piper", "cold_corpus*", "LibriVox", "it: pc*")
QUICK = ("clean", "babble 10 dB", "babble 0 dB", "room 0.4 s", "telephone", "10% swapped")
IN_BABBLE = ("slt, festival", "kal, festival", "awb, flite", "rms, flite", "joe, piper")
NAMES_OF_CONDITIONS = frozenset(condition.name for condition in CONDITIONS)
ROWS: dict[str, Callable[[str, str, str], str]] = {
    "condition": lambda _, language, condition: (
        condition if language == "en" else f"other languages, {condition}"
    ),
    "language": lambda _, language, condition: f"{language}, {condition}",
    "clip": lambda name, _, condition: f"{name}, {condition}",
}
"""Names of rows, from those of a clip, its language and a condition."""
MAKE_CLIPS = frozenset(
    {
        *("material.py", "synthesized.py", "texts.py", "clips.py", "agreement.py", "sppas.py"),
        *("references.py", "espeak_events.py"),
    }
)
"""Modules that decide on the content of a clip."""
LANGUAGES_ALSO = (
    "clean",
    "babble 10 dB",
    "room 0.4 s",
    "telephone",
    "scene never said",
    "scene left out",
)
"""Conditions for languages other than English."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=["*"], help="clips or conditions, as in awb*")
    parser.add_argument("--quick", action="store_true", help="six clips, six conditions")
    parser.add_argument("--references", action="store_true", help="other programs, too")
    parser.add_argument("--list", action="store_true", help="name clips and conditions")
    parser.add_argument("--by", choices=ROWS, default="condition", help="what has a row of its own")
    parser.add_argument("--faults", action="store_true", help="name silent cuts and wrong refusals")
    parser.add_argument("--csv", type=Path, help="write every word and cut there")
    parser.add_argument("--cache", type=Path, default=cache_folder() / "labelled-voices")
    arguments = parser.parse_args()
    found = {item.name: item for item in material.materials()}
    conditions = {condition.name: condition for condition in (*CONDITIONS, *EDITS)}
    if arguments.list:
        for item in found.values():
            print(f"{item.name:28}{item.origin}")
        print(*conditions, sep="\n")
        return
    for pattern in arguments.only:
        if not fnmatch.filter([*found, *conditions], pattern):
            parser.error(f"--only {pattern}: no clip and no condition; --list names them")
    chosen = [
        (item.name, condition)
        for condition in conditions
        for item in found.values()
        if is_chosen(item.name, found, arguments.only)
        and is_chosen(condition, conditions, arguments.only)
        and (item.language == "en" or condition in LANGUAGES_ALSO)
        and not (arguments.quick and not is_quick(item.name, condition))
    ]
    clips = available([found[name] for name in found if name in dict(chosen)], arguments.cache)
    bank = available([found[name] for name in IN_BABBLE], arguments.cache)
    results: dict[str, dict[str, Scores]] = {}
    rows: list[list[object]] = []
    for number, (name, condition) in enumerate(chosen):
        if name not in clips:
            continue
        if sys.stderr.isatty():
            print(f"\r{number + 1}/{len(chosen)} {name}: {condition:40}", end="", file=sys.stderr)
        clip, script = prepared(clips[name], conditions[condition], list(bank.values()))
        ours = aligned(clip.samples, script, clip.language, arguments.cache)
        scores = score(clip, script, ours)
        row = ROWS[arguments.by](name, clip.language, condition)
        add(results, row, OURS, scores)
        rows += exported(name, condition, scores)
        if arguments.faults:
            print_faults(f"{name}, {condition}", clip, script, ours, scores)
        if arguments.references and clip.language == "en" and condition in NAMES_OF_CONDITIONS:
            for program in REFERENCES:
                times = cached_times(clip, script, program, arguments.cache)
                add(results, row, program, score_reference(clip, script, times))
    print_table(results)
    if arguments.csv:
        with arguments.csv.open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["clip", "condition", "kind", "scene", "off", "confidence", "warned"])
            writer.writerows(rows)


def available(chosen: Sequence[material.Material], cache: Path) -> dict[str, Clip]:
    """Return the clips that this machine can make, and name the others."""
    clips = {}
    for item in chosen:
        try:
            clips[item.name] = cached_clip(item, cache)
        except MissingVoiceError as error:
            print(f"left out: {item.name}: needs {error}", file=sys.stderr)
    return clips


def is_chosen(name: str, known: Iterable[str], patterns: Sequence[str]) -> bool:
    """Whether a name fits; patterns that fit no name of this kind choose all of it."""
    mine = [pattern for pattern in patterns if fnmatch.filter(list(known), pattern)]
    return not mine or any(fnmatch.fnmatch(name, pattern) for pattern in mine)


def is_quick(clip: str, condition: str) -> bool:
    return condition in QUICK and any(fnmatch.fnmatch(clip, pattern) for pattern in QUICK_CLIPS)


def cached_clip(item: material.Material, cache: Path) -> Clip:
    """Return a clip, made with the same code before or now."""
    sources = sorted(Path(material.__file__).parent.glob("*.py"))
    code = [path.read_bytes() for path in sources if path.name in MAKE_CLIPS]
    path = cache / f"clip-{digest(item.name, *code)}.json"
    if path.exists():
        words = [SaidWord(*word) for word in json.loads(path.read_text())]
        return Clip(
            item.name, item.language, speech_samples(path.with_suffix(".wav")), tuple(words)
        )
    clip = item.make()
    cache.mkdir(parents=True, exist_ok=True)
    write_wav(path.with_suffix(".wav"), clip.samples)
    path.write_text(json.dumps([astuple(word) for word in clip.words]))
    return clip


def prepared(
    clip: Clip, condition: Condition | Edit, bank: Sequence[Clip]
) -> tuple[Clip, list[Scene]]:
    """Return the degraded clip and its script."""
    if isinstance(condition, Edit):
        return clip, condition.of(clip)
    return condition.of(clip, babble_of(bank, clip.name)), RIGHT.of(clip)


def cached_times(
    clip: Clip,
    script: Sequence[Scene],
    program: str,
    cache: Path,
) -> Times:
    words = [word for scene in script for word, _ in scene.words]
    path = cache / f"reference-{digest(program, clip.samples, words)}.json"
    if path.exists():
        return [
            None if pair is None else (pair[0], pair[1]) for pair in json.loads(path.read_text())
        ]
    times = REFERENCES[program](clip.samples, words)
    cache.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(times))
    return times


def add(results: dict[str, dict[str, Scores]], row: str, program: str, scores: Scores) -> None:
    results.setdefault(row, {}).setdefault(program, Scores()).__iadd__(scores)


def exported(clip: str, condition: str, scores: Scores) -> Iterable[list[object]]:
    """Return every word and cut for a spreadsheet; ``off`` is in ms or frames."""
    for error, sure in zip(scores.word_errors_ms, scores.word_confidences, strict=True):
        yield [clip, condition, "word", "", round(error, 1), sure, ""]
    for cut in scores.cuts:
        off = round(cut.outside_frames, 2)
        yield [clip, condition, "cut", cut.scene, off, cut.confidence, cut.is_warned]


def print_faults(
    name: str, clip: Clip, script: Sequence[Scene], ours: Aligned, scores: Scores
) -> None:
    for cut in scores.silent:
        number = next(s.number for s in script if s.id == cut.scene)
        at = clip.pause_before(number or 1)[0]
        print(f"silent: {name}: {cut.scene} at {at:.1f} s: {cut.outside_frames:.1f} frames outside")
    for scene in script:
        if scene.id in ours.refused and scene.number is not None:
            print(f"refused: {name}: {scene.id}: {scene.text[:60]}")


if __name__ == "__main__":
    main()
