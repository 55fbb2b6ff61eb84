"""Transcripts of one narration in many formats give the same cuts, to the frame."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from otio_gvideo.compiler import Report, compile_script
from otio_gvideo.compiler.speech.transcripts import read_transcript

from .conftest import LIGHTHOUSE

Words = Sequence[tuple[str, int, int]]
"""Text, and start and end in milliseconds."""


def clock(ms: int, point: str = ".") -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"


def timed(words: Words, text: str = "word", blank: str = "") -> list[dict[str, Any]]:
    return [{text: blank + w, "start": a / 1000, "end": b / 1000} for w, a, b in words]


def openai_whisper(words: Words) -> str:
    segment = {"id": 0, "start": 0.0, "end": words[-1][2] / 1000, "text": ""}
    whole = [{**segment, "words": timed(words, blank=" ")}]
    return json.dumps({"text": "", "segments": whole, "language": "en"})


def faster_whisper_list(words: Words) -> str:
    return json.dumps(
        [
            {
                "id": n,
                "start": w[1] / 1000,
                "end": w[2] / 1000,
                "text": w[0],
                "words": timed([w], blank=" "),
            }
            for n, w in enumerate(words)
        ]
    )


def whisper_x(words: Words) -> str:
    segment = {"start": words[0][1] / 1000, "end": words[-1][2] / 1000, "text": ""}
    scored = [{**word, "score": 0.9} for word in timed(words)]
    return json.dumps({"segments": [{**segment, "words": scored}], "word_segments": scored})


def whisper_cpp(words: Words) -> str:
    """Like ``-ml 1 -sow``."""
    rows = [
        {
            "timestamps": {"from": clock(a, ","), "to": clock(b, ",")},
            "offsets": {"from": a, "to": b},
            "text": f" {w}",
        }
        for w, a, b in words
    ]
    return json.dumps({"systeminfo": "", "result": {"language": "en"}, "transcription": rows})


def openai_api(words: Words) -> str:
    return json.dumps(
        {"task": "transcribe", "language": "english", "text": "", "words": timed(words)}
    )


def hugging_face(words: Words) -> str:
    chunks = [{"text": f" {w}", "timestamp": [a / 1000, b / 1000]} for w, a, b in words]
    return json.dumps({"text": "", "chunks": chunks})


def eleven_labs(words: Words) -> str:
    characters: list[str] = []
    starts: list[float] = []
    ends: list[float] = []
    for index, (word, start, end) in enumerate(words):
        if index:
            characters.append(" ")
            starts.append(words[index - 1][2] / 1000)
            ends.append(start / 1000)
        for place, letter in enumerate(word):
            characters.append(letter)
            starts.append((start + (end - start) * place / len(word)) / 1000)
            ends.append((start + (end - start) * (place + 1) / len(word)) / 1000)
        ends[-1] = end / 1000
    return json.dumps(
        {
            "alignment": {
                "characters": characters,
                "character_start_times_seconds": starts,
                "character_end_times_seconds": ends,
            }
        }
    )


def edge_tts(words: Words) -> str:
    return "\n".join(
        json.dumps(
            {"type": "WordBoundary", "offset": a * 10_000, "duration": (b - a) * 10_000, "text": w}
        )
        for w, a, b in words
    )


def gentle(words: Words) -> str:
    rows = [{**word, "case": "success", "alignedWord": "x"} for word in timed(words)]
    return json.dumps({"transcript": " ".join(w for w, _, _ in words), "words": rows})


def text_grid(words: Words) -> str:
    rows: list[tuple[str, int, int]] = []
    end = 0
    for word, start, stop in words:
        if start > end:
            rows.append(("", end, start))
        rows.append((word, start, stop))
        end = stop
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", f"{end / 1000}"]
    lines += ["<exists>", "1", '"IntervalTier"', '"words"', "0", f"{end / 1000}", str(len(rows))]
    for word, start, stop in rows:
        lines += [f"{start / 1000}", f"{stop / 1000}", f'"{word}"']
    return "\n".join(lines)


def ctm(words: Words) -> str:
    return "\n".join(f"take 1 {a / 1000:.3f} {(b - a) / 1000:.3f} {w} 0.9" for w, a, b in words)


def deepgram(words: Words) -> str:
    rows = [{**word, "punctuated_word": word["word"]} for word in timed(words)]
    channel = {"alternatives": [{"transcript": "", "words": rows}]}
    return json.dumps({"metadata": {}, "results": {"channels": [channel]}})


def aws(words: Words) -> str:
    items = [
        {
            "type": "pronunciation",
            "start_time": f"{a / 1000:.3f}",
            "end_time": f"{b / 1000:.3f}",
            "alternatives": [{"content": w, "confidence": "0.9"}],
        }
        for w, a, b in words
    ]
    return json.dumps({"jobName": "x", "status": "COMPLETED", "results": {"items": items}})


FORMATS: dict[str, Callable[[Words], str]] = {
    write.__name__: write
    for write in (
        openai_whisper,
        faster_whisper_list,
        whisper_x,
        whisper_cpp,
        openai_api,
        hugging_face,
        eleven_labs,
        edge_tts,
        gentle,
        text_grid,
        ctm,
        deepgram,
        aws,
    )
}


@pytest.fixture(scope="module")
def words() -> Words:
    document = json.loads((LIGHTHOUSE / "audio" / "narration.json").read_text())
    return [
        (word["word"].strip(), round(word["start"] * 1000), round(word["end"] * 1000))
        for segment in document["segments"]
        for word in segment["words"]
    ]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's folder, with ``align: transcript``."""
    folder = tmp_path_factory.mktemp("lighthouse")
    for name in ("audio", "keyframes"):
        shutil.copytree(LIGHTHOUSE / name, folder / name)
    return folder


def compiled(project: Path, content: str) -> Report:
    (project / "words.txt").write_text(content)
    script = yaml.safe_load((LIGHTHOUSE / "script.yaml").read_text())
    script["narration"] |= {"transcript": "words.txt", "align": "transcript"}
    (project / "script.yaml").write_text(yaml.safe_dump(script, sort_keys=False))
    return compile_script(project / "script.yaml", until="timeline")


@pytest.fixture(scope="module")
def wanted(project: Path, words: Words) -> Report:
    return compiled(project, openai_whisper(words))


@pytest.mark.slow
@pytest.mark.parametrize("format_", [name for name in FORMATS if name != "openai_whisper"])
def test_every_format_of_a_narration_gives_the_same_cuts(
    format_: str, wanted: Report, project: Path, words: Words
) -> None:
    report = compiled(project, FORMATS[format_](words))
    assert len(report.scenes) == 11
    # Ends of words differ with what a format knows of punctuation.
    assert [replace(scene, words=()) for scene in report.scenes] == [
        replace(scene, words=()) for scene in wanted.scenes
    ]
    assert not report.warnings
    assert len(read_transcript(project / "words.txt").words) == len(words)
