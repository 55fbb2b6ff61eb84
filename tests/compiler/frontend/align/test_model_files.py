"""English alignment works with the model of either package, and falls back without it."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from otio_gvideo.compiler.frontend.align import Alignment, AlignmentError, align_scenes, pronounce
from otio_gvideo.compiler.frontend.align import model as acoustic
from otio_gvideo.compiler.frontend.align.model_files import HELP, ModelFiles, find_model
from otio_gvideo.compiler.frontend.transcripts import Transcript
from otio_gvideo.compiler.sync.types import Word

from .recordings import DATA, scenes, truth

VOICE = DATA / "slt.flac"
CACHES = (find_model, acoustic.english, pronounce._dictionary, pronounce.pronunciations)


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Lets a test hide packages; their caches are cleared before and after."""
    for cache in CACHES:
        cache.cache_clear()
    yield monkeypatch
    for cache in CACHES:
        cache.cache_clear()


@pytest.fixture
def _without_model(hidden: pytest.MonkeyPatch) -> None:
    for module in ("pocketsphinx", "speech_recognition"):
        hidden.setitem(sys.modules, module, None)
    assert find_model() is None


def errors_ms(found: Alignment) -> list[float]:
    said = [word for line in truth("slt") for word in line]
    words = [word for scene in found.scenes for word in scene.words]
    return [abs(float(w.start) - true.start) * 1000 for w, true in zip(words, said, strict=True)]


def transcript(late_s: float) -> Transcript:
    words = [word for line in truth("slt") for word in line]
    late = Fraction(late_s)
    return Transcript(
        tuple(Word(w.text, Fraction(w.start) + late, Fraction(w.end) + late) for w in words)
    )


def files_of(found: ModelFiles) -> dict[str, str]:
    names = ("mdef", "means", "variances", "sendump", "transition_matrices")
    contents = {name: (found.acoustic / name).read_bytes() for name in names}
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


@pytest.mark.slow
def test_both_packages_carry_the_same_model(hidden: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pocketsphinx", reason="there is no wheel of it for every Python")
    one = find_model()
    assert one is not None
    first = align_scenes(scenes("slt"), VOICE)
    hidden.setitem(sys.modules, one.module, None)
    for cache in CACHES:
        cache.cache_clear()
    other = find_model()
    assert other is not None
    assert other.module != one.module
    assert files_of(other) == files_of(one)
    # The dictionaries have a few words that the other says otherwise.
    second = align_scenes(scenes("slt"), VOICE)
    apart = np.abs(np.array(errors_ms(first)) - np.array(errors_ms(second)))
    print(f"{np.count_nonzero(apart)} of {len(apart)} words, by {apart.max():.0f} ms at most")
    assert np.median(apart) == 0
    assert apart.max() <= 30


@pytest.mark.usefixtures("_without_model")
def test_without_the_model_a_transcript_places_the_words() -> None:
    found = align_scenes(scenes("slt"), VOICE, transcript=transcript(0.02))
    assert np.median(errors_ms(found)) <= 21
    assert [warning.what for warning in found.warnings if HELP in warning.what]


@pytest.mark.slow
@pytest.mark.usefixtures("_without_model", "synthesizer")
def test_without_the_model_a_synthesized_voice_is_followed() -> None:
    found = align_scenes(scenes("slt"), VOICE)
    print(f"median {np.median(errors_ms(found)):.0f} ms")
    assert np.median(errors_ms(found)) < 60
    assert [warning.what for warning in found.warnings if HELP in warning.what]


@pytest.mark.usefixtures("_without_model")
def test_without_anything_the_error_says_what_helps(
    hidden: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hidden.setenv("PATH", str(tmp_path))
    with pytest.raises(AlignmentError) as raised:
        align_scenes(scenes("slt"), VOICE)
    (entry,) = raised.value.entries
    assert entry.what == "there is no acoustic model for language 'en'"
    for way in ("espeak-ng", "narration.transcript", "pip install SpeechRecognition"):
        assert way in entry.hint
