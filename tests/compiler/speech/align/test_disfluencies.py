"""What speakers add to a script, "um" and false starts, moves no word and no cut."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.media.samples import SPEECH_RATE, speech_samples
from otio_gvideo.compiler.script.tokens import tokenize
from otio_gvideo.compiler.speech.align import SceneText, align_scenes
from otio_gvideo.compiler.speech.align.acoustic_model import english
from otio_gvideo.compiler.speech.align.lattice import lattice_of
from otio_gvideo.compiler.sync.edit import SceneInput, VoiceSource
from otio_gvideo.compiler.sync.schedule import make_schedule

from .recordings import TrueWord, samples, saved, scenes, truth


def spliced(
    voice: str, parts: dict[tuple[int, int], NDArray[np.int16]]
) -> tuple[NDArray[np.int16], list[list[TrueWord]]]:
    """Return a recording with sounds before some words, by line and word, and its words."""
    whole = samples(voice)
    pieces, lines, last = [], [], 0
    added = 0.0
    for number, line in enumerate(truth(voice)):
        said = []
        for place, word in enumerate(line):
            extra = parts.get((number, place))
            if extra is not None:
                at = round(word.start * SPEECH_RATE)
                pieces += [whole[last:at], extra]
                last, added = at, added + len(extra) / SPEECH_RATE
            said.append(TrueWord(word.text, word.start + added, word.end + added))
        lines.append(said)
    return np.concatenate([*pieces, whole[last:]]), lines


def filler() -> NDArray[np.int16]:
    """Return "um", spoken."""
    ((word,),) = truth("um")
    start, end = round(word.start * SPEECH_RATE), round(word.end * SPEECH_RATE)
    return samples("um")[start:end]


@pytest.mark.slow
def test_fillers_that_the_script_leaves_out_move_no_word(tmp_path: Path) -> None:
    sound, lines = spliced("slt", {(0, 2): filler(), (1, 3): filler(), (4, 0): filler()})
    found = align_scenes(scenes("slt"), saved(sound, tmp_path))
    assert not found.warnings
    for scene, line in zip(found.scenes, lines, strict=True):
        for word, true in zip(scene.words, line, strict=True):
            assert abs(float(word.start) - true.start) < 0.15, (scene.scene, word)


def part(voice: str, line: int, first: int, last: int) -> NDArray[np.int16]:
    """Return the sound of some words."""
    said = truth(voice)[line]
    start, end = said[first].start, said[last].end
    return samples(voice)[round(start * SPEECH_RATE) : round(end * SPEECH_RATE)]


@pytest.mark.slow
def test_a_false_start_belongs_to_the_scene_that_it_begins(tmp_path: Path) -> None:
    starts = {(1, 0): part("slt", 1, 0, 2), (2, 0): part("slt", 2, 0, 1)}
    sound, lines = spliced("slt", starts)
    found = align_scenes(scenes("slt"), saved(sound, tmp_path))
    cuts = make_schedule(
        [SceneInput(s.scene, s.words, unscripted=s.unscripted) for s in found.scenes],
        [VoiceSource(0, found.duration)],
        Fraction(24),
    ).scenes
    for (number, _), extra in starts.items():
        cut = cuts[number].start / 24
        spoken = len(extra) / SPEECH_RATE
        assert lines[number - 1][-1].end - 0.04 <= cut <= lines[number][0].start - spoken + 0.04


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("flite") is None, reason="needs flite")
def test_words_that_the_script_says_twice_are_no_filler(tmp_path: Path) -> None:
    texts = (
        "But I'm NOT a serpent, I tell you! said Alice.",
        "I'm a I'm a Well! What are you? said the Pigeon.",
        "A likely story indeed! said the Pigeon in a tone of the deepest contempt.",
    )
    parts = []
    for text in texts:
        path = tmp_path / "line.wav"
        subprocess.run(["flite", "-voice", "rms", "-t", text, "-o", path], check=True)
        parts += [speech_samples(path), np.zeros(SPEECH_RATE // 2, np.int16)]
    asked = [SceneText(f"s{number}", text) for number, text in enumerate(texts)]
    found = align_scenes(asked, saved(np.concatenate(parts), tmp_path)).scenes[1]
    assert all(sound.duration < Fraction(1, 10) for sound in found.unscripted)
    assert all(word.end - word.start >= Fraction(3, 100) for word in found.words[:4])


def test_pauses_are_expected_where_a_line_or_a_scene_ends() -> None:
    tokens = tokenize("the keeper climbed")
    ended = [tokens[0], replace(tokens[1], line_end=True), tokens[2]]
    assert lattice_of(tokens, english()).unlikely.sum() == 2
    assert lattice_of(ended, english()).unlikely.sum() == 1
