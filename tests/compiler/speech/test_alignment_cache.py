"""A narration is listened to once: words are kept by everything that decides on them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.media import samples
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from otio_gvideo.compiler.script.read_script import load_script
from otio_gvideo.compiler.speech import align as module
from otio_gvideo.compiler.speech.align import narration_sound
from otio_gvideo.compiler.speech.align_narration import Speech, align_narration
from otio_gvideo.renderers.files.user_folders import CACHE_VARIABLE
from PIL import Image

NARRATION = Path(__file__).parents[3] / "examples" / "lighthouse" / "audio" / "narration.flac"
SCRIPT = """version: 1
narration: {audio: voice.wav, language: en}
scenes:
  - {id: sea, text: At the edge of the sea there was once a light, keyframe: still.png}
  - {id: keeper, text: and a man who kept it., keyframe: still.png}
"""


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the first five seconds of the example's narration."""
    path = tmp_path_factory.mktemp("voice") / "voice.wav"
    run([*input_args(NARRATION), "-t", "5", *output_args(path)], what="cutting the voice")
    return path


@pytest.fixture
def listened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the voice files that were listened to."""
    heard: list[Path] = []
    align = module.align_scenes

    def listen(scenes, audio, **settings):  # type: ignore[no-untyped-def]
        heard.append(audio)
        return align(scenes, audio, **settings)

    monkeypatch.setattr(module, "align_scenes", listen)
    return heard


@pytest.fixture
def script(tmp_path: Path, voice: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a script in two scenes, with a cache of its own."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    folder = tmp_path / "reel"
    folder.mkdir()
    shutil.copyfile(voice, folder / "voice.wav")
    Image.new("RGB", (108, 192), "navy").save(folder / "still.png")
    path = folder / "script.yaml"
    path.write_text(SCRIPT)
    return path


def _align(script: Path) -> Speech:
    return align_narration(load_script(script))


def _kept(script: Path) -> list[Path]:
    return list((script.parents[1] / "cache" / "alignments").glob("*.json"))


@pytest.mark.parametrize("content", ['{"sha256": "", "content": null}', "[" * 100000, "", "1"])
def test_a_damaged_alignment_is_made_again(
    content: str, script: Path, listened: list[Path]
) -> None:
    first = _align(script)
    (kept,) = _kept(script)
    kept.write_text(content)
    assert _align(script) == first
    assert len(listened) == 2


def test_another_synthesizer_listens_again(
    script: Path, listened: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _align(script)
    program = tmp_path / "bin" / "espeak-ng"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    _align(script)
    assert len(listened) == 2


def test_a_voice_that_is_replaced_while_it_is_heard_is_not_kept(
    script: Path, listened: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    align = module.align_scenes

    def replaced(scenes, audio, **settings):  # type: ignore[no-untyped-def]
        found = align(scenes, audio, **settings)
        audio.write_bytes(audio.read_bytes()[:-2000])
        return found

    monkeypatch.setattr(module, "align_scenes", replaced)
    _align(script)
    assert not _kept(script)


@pytest.mark.parametrize("transcript", ["", ", transcript: voice.srt"])
def test_an_edit_does_not_decode_the_voice_again(
    script: Path, monkeypatch: pytest.MonkeyPatch, transcript: str
) -> None:
    srt = "1\n00:00:00,000 --> 00:00:05,000\nAt the edge of the sea there was once a light\n"
    (script.parent / "voice.srt").write_text(srt)
    script.write_text(SCRIPT.replace(", language: en", f", language: en{transcript}"))
    monkeypatch.setattr(narration_sound, "KEPT_FROM_S", 1)
    _align(script)
    monkeypatch.setattr(samples, "speech_blocks", lambda _: pytest.fail("it decoded again"))
    script.write_text(script.read_text().replace("a light", "the light"))
    _align(script)


def test_a_second_compile_does_not_listen_again(script: Path, listened: list[Path]) -> None:
    first = _align(script)
    assert len(listened) == 1
    assert _align(script) == first
    assert len(listened) == 1


def test_whatever_decides_on_the_words_is_listened_to_again(
    script: Path, listened: list[Path]
) -> None:
    first = _align(script)
    text = script.read_text()
    script.write_text(text.replace("once a light", "only a light"))
    assert _align(script) != first
    script.write_text(text)
    voice = first.voices[0].path
    content = voice.read_bytes()
    voice.write_bytes(content + b"\0")  # Another file, though it sounds the same.
    _align(script)
    voice.write_bytes(content)
    assert _align(script) == first
    assert len(listened) == 3


def test_what_does_not_decide_is_not(script: Path, listened: list[Path]) -> None:
    first = _align(script)
    script.write_text(script.read_text() + "\n# A comment.\n")
    assert _align(script) == first
    assert len(listened) == 1


@pytest.mark.parametrize("damage", ["", "{}", "[]", "flip"])
def test_a_damaged_entry_is_made_again(script: Path, listened: list[Path], damage: str) -> None:
    first = _align(script)
    (kept,) = _kept(script)
    whole = kept.read_text()
    kept.write_text(whole.replace("keeper", "reaper") if damage == "flip" else damage)
    assert _align(script) == first
    assert len(listened) == 2
    assert kept.read_text() == whole


def test_a_cache_that_cannot_be_written_breaks_nothing(script: Path, listened: list[Path]) -> None:
    (script.parents[1] / "cache").write_text("a file")
    assert _align(script) == _align(script)
    assert len(listened) == 2


def test_a_scene_that_is_not_there_is_an_error_every_time(script: Path) -> None:
    text = script.read_text().replace(
        "and a man who kept it.", "Purple elephants negotiated quarterly invoices."
    )
    script.write_text(text)
    for _ in range(2):
        with pytest.raises(InputError, match="is not in the narration"):
            _align(script)
    assert not _kept(script)
