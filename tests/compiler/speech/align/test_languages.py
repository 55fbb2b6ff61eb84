"""Languages without an acoustic model: every cut lies in its pause, or a warning names its scene.

The Catalan and Russian voices are festival's, whose word times are exact; they have nothing in
common with the synthesizer. The synthesizer speaks French, German, Japanese, Chinese and Thai
in another voice and pace, line by line, which gives the edges of every line.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import subprocess
import sys
import wave
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.media.samples import SPEECH_RATE
from otio_gvideo.compiler.script.tokens import tokenize
from otio_gvideo.compiler.speech.align import (
    Alignment,
    AlignmentError,
    SceneText,
    align_scenes,
    dtw,
)
from otio_gvideo.compiler.speech.align.dtw_align import dtw_align
from otio_gvideo.compiler.speech.align.foreign_phones import pronounced
from otio_gvideo.compiler.speech.align.narration_sound import NarrationSound
from otio_gvideo.compiler.speech.transcripts import Transcript, read_transcript
from otio_gvideo.compiler.sync.cuts import cut_in_pause
from otio_gvideo.compiler.sync.types import Interval

from .recordings import DATA, OTHERS, in_room, samples, saved, scenes, truth, with_noise

FPS = Fraction(24)
CONDITIONS = {
    "clean": lambda sound: sound,
    "noise at 15 dB": lambda sound: with_noise(sound, 15),
    "room of 0.4 s": lambda sound: in_room(sound, 0.4),
}
VOICE = {"zh": "cmn"}
LINES = {
    "fr": [
        "Chaque soir, le gardien montait cent marches pour allumer la lampe.",
        "La mer était calme.",
        "Puis la tempête est venue, et le vent emportait toutes les voix.",
        "Au matin, les pêcheurs sont rentrés chez eux.",
    ],
    "de": [
        "Jeden Abend stieg der Wärter hundert Stufen hinauf, um die Lampe anzuzünden.",
        "Das Meer war ruhig.",
        "Dann kam der Sturm, und der Wind trug jede Stimme davon.",
        "Am Morgen kehrten die Fischer nach Hause zurück.",
    ],
    "it": [
        "Ogni sera il guardiano saliva cento gradini per accendere la lampada.",
        "Il mare era calmo e nessuno parlava.",
        "Poi venne la tempesta.",
        "Al mattino i pescatori tornarono a casa.",
    ],
    "hi": [
        "हर शाम रखवाला दीपक जलाने के लिए सौ सीढ़ियाँ चढ़ता था।",
        "समुद्र शांत था और कोई नहीं बोल रहा था।",
        "फिर तूफान आया।",
        "सुबह आसमान साफ था और मछुआरे घर लौट आए।",
    ],
    "ar": [
        "كان الحارس يصعد الدرج كل مساء.",
        "كان البحر هادئا ولم يتكلم أحد.",
        "ثم جاءت العاصفة.",
        "وفي الصباح عاد الصيادون إلى بيوتهم.",
    ],
    "ja": [
        "まいばん、とうだいもりはかいだんをのぼりました。",
        "うみはしずかでした。",
        "そして、おおきなあらしがきました。",
        "あさ、そらははれていました。",
    ],
    "zh": [
        "每天晚上，守灯人爬上一百级台阶点亮灯。",
        "海面很平静。",
        "后来暴风雨来了，风带走了所有的声音。",
        "早上，渔夫们回家了。",
    ],
    "th": [
        "ทุกเย็นคนเฝ้าประภาคารปีนขึ้นบันได",
        "ทะเลสงบ",
        "แล้วพายุก็มา ลมพัดเสียงหายไป",
        "ตอนเช้าท้องฟ้าแจ่มใส",
    ],
}


@pytest.fixture(scope="module", autouse=True)
def _synthesizer(tmp_path_factory: pytest.TempPathFactory) -> object:
    """Put the synthesizer of the `espeakng-loader` wheel first on the PATH: the same everywhere."""
    folder = tmp_path_factory.mktemp("programs")
    program = folder / "espeak-ng"
    launcher = Path(__file__).with_name("espeak_ng.py")
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{launcher}" "$@"\n')
    program.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        yield


UNSAID = SceneText("moon", "Els plàtans creixen cada estiu a la cara oculta de la lluna.")


def bad_cuts(found: Alignment, edges: list[tuple[float, float]]) -> list[str]:
    """Return scenes whose cut lies more than a frame outside the pause before them."""
    return [
        after.scene
        for (before, after), (_, end), (start, _) in zip(
            itertools.pairwise(found.scenes), edges, edges[1:], strict=False
        )
        if not end - 1 / FPS
        <= cut_in_pause(Interval(before.words[-1].end, after.words[0].start), FPS).frame / FPS
        <= start + 1 / FPS
    ]


@pytest.mark.slow
@pytest.mark.parametrize("voice", OTHERS)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_voice_in_another_language_is_aligned(voice: str, condition: str, tmp_path: Path) -> None:
    sound = CONDITIONS[condition](samples(voice))
    found = align_scenes(scenes(voice), saved(sound, tmp_path), language=OTHERS[voice])
    said = [word for line in truth(voice) for word in line]
    words = [word for scene in found.scenes for word in scene.words]
    errors = [
        abs(float(word.start) - true.start) * 1000 for word, true in zip(words, said, strict=True)
    ]
    median, p95 = np.median(errors), np.percentile(errors, 95)
    print(f"{OTHERS[voice]}, {condition}: median {median:.0f} ms, 95th percentile {p95:.0f} ms")
    assert median < 40
    assert p95 < 200
    assert not found.warnings
    assert not bad_cuts(found, [(line[0].start, line[-1].end) for line in truth(voice)])


def spoken(
    language: str, shortest: float = 0.3, longest: float = 0.8
) -> tuple[NDArray[np.int16], list[tuple[float, float]]]:
    """Speak lines in a voice unlike the synthesizer's own, with pauses of some seconds.

    Returns:
        The sound, and the edges of the lines.
    """
    random = np.random.default_rng(1904)
    parts = [np.zeros(SPEECH_RATE // 4, np.int16)]
    edges = []
    for line in LINES[language]:
        done = subprocess.run(
            [
                "espeak-ng",
                "-v",
                f"{VOICE.get(language, language)}+f3",
                "-s",
                "145",
                "--stdin",
                "--stdout",
            ],
            input=line.encode(),
            capture_output=True,
            check=True,
        )
        with wave.open(io.BytesIO(done.stdout)) as sound:
            rate = sound.getframerate()
            said = np.frombuffer(sound.readframes(1 << 30), np.int16)
        loud = np.flatnonzero(abs(said.astype(int)) > 300)
        said = said[loud[0] : loud[-1] + 1]
        places = np.arange(len(said) * SPEECH_RATE // rate) * rate / SPEECH_RATE
        resampled = np.interp(places, np.arange(len(said)), said).astype(np.int16)
        at = sum(map(len, parts)) / SPEECH_RATE
        edges.append((at, at + len(resampled) / SPEECH_RATE))
        parts += [
            resampled,
            np.zeros(int(random.uniform(shortest, longest) * SPEECH_RATE), np.int16),
        ]
    return np.concatenate(parts), edges


@pytest.mark.slow
@pytest.mark.parametrize("language", LINES)
def test_cuts_are_in_their_pauses_in_any_script(language: str, tmp_path: Path) -> None:
    sound, edges = spoken(language)
    texts = [SceneText(f"s{number}", line) for number, line in enumerate(LINES[language])]
    found = align_scenes(texts, saved(with_noise(sound, 25), tmp_path), language=language)
    assert not bad_cuts(found, edges)
    errors = [
        abs(float(scene.words[0].start) - start)
        for scene, (start, _) in zip(found.scenes, edges, strict=True)
    ]
    print(f"{language}: lines start within {max(errors) * 1000:.0f} ms of where they do")
    assert max(errors) < 0.15
    if language in ("ja", "zh", "th"):
        letters = [word.text for scene in found.scenes for word in scene.words]
        assert all(sum(letter.isalnum() for letter in text) == 1 for text in letters)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["it", "hi", "ja", "ar"])
def test_cuts_are_in_pauses_of_150_milliseconds(language: str, tmp_path: Path) -> None:
    sound, edges = spoken(language, 0.15, 0.15)
    texts = [SceneText(f"s{number}", line) for number, line in enumerate(LINES[language])]
    found = align_scenes(texts, saved(with_noise(sound, 25), tmp_path), language=language)
    assert not bad_cuts(found, edges)


@pytest.mark.slow
@pytest.mark.parametrize("place", [0, 3, 7])
def test_an_unspoken_scene_is_an_error_that_names_it(place: int) -> None:
    texts = scenes("ona")
    texts.insert(place, UNSAID)
    with pytest.raises(AlignmentError) as caught:
        align_scenes(texts, DATA / "ona.flac", language="ca")
    assert [entry.scene_id for entry in caught.value.entries] == ["moon"]
    found = align_scenes(texts, DATA / "ona.flac", language="ca", unheard="warn")
    assert late_scenes(found, "ona") == []


@pytest.mark.slow
@pytest.mark.parametrize("missing", [(2,), (2, 3), (0, 1)], ids=str)
@pytest.mark.parametrize("voice", OTHERS)
def test_unscripted_sentences_move_no_scene_in_silence(
    voice: str, missing: tuple[int, ...]
) -> None:
    texts = [scene for number, scene in enumerate(scenes(voice)) if number not in missing]
    found = align_scenes(texts, DATA / f"{voice}.flac", language=OTHERS[voice])
    assert set(late_scenes(found, voice)) <= {warning.scene_id for warning in found.warnings}
    if 0 not in missing:
        assert any("not in the script" in warning.what for warning in found.warnings)


def late_scenes(found: Alignment, voice: str) -> list[str]:
    """Return the scenes of a voice that start more than 0.15 s from their true start."""
    starts = {f"s{number}": line[0].start for number, line in enumerate(truth(voice))}
    return [
        scene.scene
        for scene in found.scenes
        if scene.scene in starts and abs(float(scene.words[0].start) - starts[scene.scene]) > 0.15
    ]


@pytest.mark.slow
def test_alignment_refines_the_segments_of_a_transcript(tmp_path: Path) -> None:
    segments = [
        {"start": line[0].start, "end": line[-1].end + 0.4, "text": scene.text}
        for scene, line in zip(scenes("nsh"), truth("nsh"), strict=True)
    ]
    path = tmp_path / "segments.json"
    path.write_text(json.dumps({"segments": segments, "language": "ru"}))
    transcript = read_transcript(path)
    assert transcript.timed == "segment"

    def errors(given: Transcript, method: str) -> NDArray[np.float64]:
        found = align_scenes(
            scenes("nsh"),
            DATA / "nsh.flac",
            language="ru",
            transcript=given,
            method="transcript" if method == "transcript" else "audio",
        )
        words = [word for scene in found.scenes for word in scene.words]
        said = [word for line in truth("nsh") for word in line]
        return np.array([abs(float(w.start) - t.start) for w, t in zip(words, said, strict=True)])

    shared, refined = errors(transcript, "transcript"), errors(transcript, "audio")
    print(f"by letters {np.median(shared) * 1000:.0f} ms, refined {np.median(refined) * 1000:.0f}")
    assert np.median(refined) < np.median(shared) / 2
    # A transcript whose times are all elsewhere is trusted against DTW.
    moved = replace(
        transcript,
        words=tuple(replace(w, start=w.start / 2, end=w.end / 2) for w in transcript.words),
    )
    far = errors(moved, "audio")
    assert np.median(far) > 1


def test_a_long_voice_is_warped_coarse_to_fine_onto_the_same_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dtw, "_MOST", 800)
    random = np.random.default_rng(3)
    walk = np.cumsum(random.normal(size=(3000, 8)), axis=0)
    voice = (walk - walk.mean(axis=0)).astype(np.float32)
    pace = np.sort(random.integers(0, 3000, 4000))
    pace[0], pace[-1] = 0, 2999
    path = dtw.warp(voice[pace], voice)
    assert np.all(np.diff(path) >= 0)
    assert np.percentile(abs(path - pace), 99) <= 5


def test_letters_that_the_synthesizer_only_names_are_counted() -> None:
    found = pronounced(["海", "うみ", "Reel"], "ja")
    assert [one.unread for one in found] == [1, 0, 0]


def test_silence_is_an_error() -> None:
    with pytest.raises(Exception, match="the narration has no speech"):
        dtw_align([tokenize("la mer", "fr")], NarrationSound(np.zeros(16000, np.int16)), "fr")
