"""Alignment through a speech model is exact on exact labels of voices and sentences it never heard.

The model is small and our own (`train_ctc`): its voices are espeak-ng's, its letters Spanish and
Russian.
"""

from __future__ import annotations

import importlib
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
import opentimelineio as otio
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.media.samples import SPEECH_RATE
from otio_gvideo.compiler.speech.align import AlignmentError, SceneText, align_scenes, ctc_model
from otio_gvideo.compiler.speech.align import ctc_align as search
from otio_gvideo.compiler.speech.align.ctc_align import reach_over_blanks
from otio_gvideo.compiler.speech.align.ctc_folder import read_ctc_folder
from otio_gvideo.compiler.sync.types import Interval, Word
from otio_gvideo.renderers.files.user_folders import CACHE_VARIABLE
from PIL import Image

from .recordings import saved

pytest.importorskip("torch", reason="the extra [align] is not installed")
from .espeak_words import spoken

scores = importlib.import_module("labelled_voices.scores")  # Beside the module above.

FOLDER = Path(__file__).parent / "data" / "ctc"
HOP = 0.02
"""Seconds between frames of the model."""
SENTENCES = {
    "es": [
        "La lluvia cayó sobre los tejados y un perro ladraba lejos.",
        "Mi hermana cerró la puerta despacio.",
        "Nadie respondió.",
    ],
    "ru": [
        "Дождь стучал по крышам и рядом лаяла собака.",
        "Моя сестра тихо закрыла дверь.",
        "Никто не ответил.",
    ],
}
PAUSE = 0.4
Said = tuple[NDArray[np.int16], list[list[tuple[float, float]]]]


def said(voice: str, sentences: list[str]) -> Said:
    """Return a narration with pauses, and the true times of the words of each sentence."""
    parts = [np.zeros(SPEECH_RATE // 4)]
    times = []
    for sentence in sentences:
        made = spoken(sentence, voice, speed=150)
        assert made is not None
        samples, words = made
        at = sum(map(len, parts)) / SPEECH_RATE
        times.append([(word.edges[0] + at, word.edges[-1] + at) for word in words])
        parts += [samples, np.zeros(int(PAUSE * SPEECH_RATE))]
    whole = np.concatenate(parts)
    return (whole * 25000 / abs(whole).max()).astype(np.int16), times


def aligned(
    tmp_path: Path,
    samples: NDArray[np.int16],
    language: str,
    sentences: list[str],
    unheard: Literal["error", "warn"] = "error",
) -> tuple[list[tuple[Word, ...]], list[str]]:
    """Return the words of each sentence, and the warnings."""
    found = align_scenes(
        [SceneText(f"s{number}", text) for number, text in enumerate(sentences)],
        saved(samples, tmp_path),
        language=language,
        model=read_ctc_folder(FOLDER, (language,), "cpu"),
        unheard=unheard,
    )
    return [scene.words for scene in found.scenes], [one.what for one in found.warnings]


def starts(scenes: list[tuple[Word, ...]]) -> NDArray[np.float64]:
    return np.array([float(word.start) for words in scenes for word in words])


@pytest.mark.parametrize("voice", ["es+f4", "es+m6", "ru+f4", "ru+m6"])
def test_words_start_within_a_frame_of_the_truth(tmp_path: Path, voice: str) -> None:
    language = voice[:2]
    samples, truth = said(voice, SENTENCES[language])
    scenes, warnings = aligned(tmp_path, samples, language, SENTENCES[language])
    errors = abs(starts(scenes) - [start for times in truth for start, _ in times])
    print(f"{voice}: {1000 * np.median(errors):.0f} ms, at most {1000 * errors.max():.0f} ms")
    assert warnings == []
    # The true start is up to half a frame off the grid itself.
    assert errors.max() <= 1.5 * HOP
    assert np.median(errors) <= HOP / 2


def test_a_cut_lies_in_the_pause_before_its_scene(tmp_path: Path) -> None:
    samples, truth = said("ru+m6", SENTENCES["ru"])
    scenes, _ = aligned(tmp_path, samples, "ru", SENTENCES["ru"])
    for before, after, times in zip(scenes, scenes[1:], truth, strict=False):
        assert float(before[-1].end) == pytest.approx(times[-1][1], abs=2 * HOP)
        assert float(after[0].start - before[-1].end) > PAUSE / 2


def test_a_sentence_sounds_the_same_after_others() -> None:
    first, _ = said("es+f4", SENTENCES["es"][2:])
    said("ru+m6", SENTENCES["ru"][2:])
    assert np.array_equal(said("es+f4", SENTENCES["es"][2:])[0], first)


def test_seams_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = SENTENCES["es"] * 4
    samples, _ = said("es+f4", texts)
    whole, _ = aligned(tmp_path, samples, "es", texts)
    monkeypatch.setattr(ctc_model, "CHUNK_S", 4)
    monkeypatch.setattr(ctc_model, "CONTEXT_S", 1)
    monkeypatch.setattr(search, "CHUNK", Fraction(9))
    monkeypatch.setattr(search, "OVERLAP", Fraction(3))
    monkeypatch.setattr(search, "LOOKAHEAD", 20)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    parts, warnings = aligned(tmp_path, samples, "es", texts)
    assert warnings == []
    assert abs(starts(whole) - starts(parts)).max() < 1.5 * HOP  # A frame, but for rounding.


def test_a_scene_that_was_not_said_is_an_error(tmp_path: Path) -> None:
    first, second, third = SENTENCES["ru"]
    samples, _ = said("ru+m6", [first, third])
    with pytest.raises(AlignmentError) as caught:
        aligned(tmp_path, samples, "ru", [first, second, third])
    assert [entry.scene_id for entry in caught.value.entries] == ["s1"]


def test_speech_outside_the_script_is_a_warning(tmp_path: Path) -> None:
    first, second, third = SENTENCES["ru"]
    samples, truth = said("ru+m6", [first, second, third])
    scenes, warnings = aligned(tmp_path, samples, "ru", [first, third])
    assert float(scenes[1][0].start) == pytest.approx(truth[2][0][0], abs=HOP)
    assert any("speech that is not in the script" in warning for warning in warnings)


def test_a_number_is_aligned_by_its_words(tmp_path: Path) -> None:
    samples, truth = said("es+f4", ["Mi hermana cerró siete puertas."])
    ((*_, number, _),), warnings = aligned(tmp_path, samples, "es", ["Mi hermana cerró 7 puertas."])
    assert warnings == []
    assert (number.text, float(number.start)) == ("7", pytest.approx(truth[0][3][0], abs=HOP))


def test_letters_of_another_script_are_an_error(tmp_path: Path) -> None:
    samples, _ = said("es+f4", SENTENCES["es"][2:])
    with pytest.raises(AlignmentError, match="the model ctc does not know most of its letters"):
        aligned(tmp_path, samples, "el", ["Κανείς δεν απάντησε."])


def test_words_reach_over_blanks_up_to_a_pause_or_the_next_word() -> None:
    spikes = [
        Interval(Fraction(11, 10), Fraction(12, 10)),
        Interval(Fraction(15, 10), Fraction(16, 10)),
        None,
    ]
    speech = [Interval(Fraction(1), Fraction(18, 10)), Interval(Fraction(3), Fraction(4))]
    assert reach_over_blanks(spikes, speech, Fraction(5)) == [
        Interval(Fraction(1), Fraction(15, 10)),
        Interval(Fraction(15, 10), Fraction(18, 10)),
        None,
    ]


def test_a_script_names_its_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples, truth = said("ru+m6", SENTENCES["ru"])
    saved(samples, tmp_path)
    shutil.copytree(FOLDER, tmp_path / "model")
    Image.new("RGB", (108, 192), "navy").save(tmp_path / "still.png")
    scenes = "".join(
        f"  - {{id: s{number}, text: {text!r}, keyframe: still.png}}\n"
        for number, text in enumerate(SENTENCES["ru"])
    )
    path = tmp_path / "script.yaml"
    narration = "narration: {audio: voice.wav, language: ru, align_model: ./model}"
    path.write_text(f"version: 1\n{narration}\nscenes:\n{scenes}", encoding="utf-8")
    assert main(["compile", str(path), "--until", "timeline"]) == 0, capsys.readouterr().err
    timeline = otio.adapters.read_from_file(str(tmp_path / "build" / "script" / "script.otio"))
    fps = timeline.global_start_time.rate if timeline.global_start_time else 24
    video = next(track for track in timeline.tracks if track.kind == otio.schema.TrackKind.Video)
    cuts = [float(clip.range_in_parent().start_time.value) / fps for clip in video[1:]]
    for cut, before, after in zip(cuts, truth, truth[1:], strict=False):
        assert before[-1][1] - HOP <= cut <= after[0][0] + HOP


def test_confidence_is_that_of_speech_models(tmp_path: Path) -> None:
    """Words are about as often right as they are certain, of voices that nothing was fitted on."""
    sure, right = [], []
    for voice in ("es+Annie", "ru+m8"):
        sentences = SENTENCES[voice[:2]]
        samples, truth = said(voice, sentences)
        level = np.abs(samples).max() / 32767
        for noise in (0, 3000, 9000):
            hiss = np.random.default_rng(noise).normal(size=len(samples)) * noise * level
            noisy = (samples + hiss).clip(-32768, 32767).astype(np.int16)
            scenes, _ = aligned(tmp_path, noisy, voice[:2], sentences, unheard="warn")
            words = [word for scene in scenes for word in scene]
            errors = abs(starts(scenes) - [start for times in truth for start, _ in times])
            sure += [float(word.confidence or 0) for word in words]
            right += (errors <= 0.05).tolist()
    error = scores.calibration_error(sure, right, bins=4)
    print(f"{np.mean(right):.0%} right, {np.mean(sure):.0%} certain, ECE {error:.2f}")
    assert error is not None
    assert error < 0.12
