"""Time, memory and cuts of aligning a long narration: an hour in 665 scenes.

    python benchmarks/hour.py [--hours N] [--text FILE] [--voices NAME,NAME] [--pocketsphinx]

Needs flite, whose voices read the scenes; its phone times are the truth. The scenes are random
sentences, or the sentences of a text (a book). Prints seconds for an hour of sound, the ratio to
real time, peak memory, how many cuts are in their pauses, and the seconds after an edit of one
word; with ``--pocketsphinx`` also the seconds of its own aligner, which gets a scene at a time.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
import wave
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

SCENES = 665
RATE = 16000
EDGE_S = 0.03
"""Seconds around a scene's phones."""
HALF_FRAME_S = 1 / 48
LEAD_S = 0.12
CHILD = """
import json, resource, sys, time
from pathlib import Path
from itertools import pairwise
from otio_gvideo.compiler.speech.align import SceneText, align_scenes
from otio_gvideo.compiler.speech.align.search_memo import SearchMemo
from otio_gvideo.compiler.sync.silences import cut_pause
texts = json.loads(Path(sys.argv[1]).read_text())
def aligned(texts):
    started, used = time.perf_counter(), time.process_time()
    memo = SearchMemo(Path(sys.argv[1]).with_name("searches.json"))
    scenes = [SceneText(f"s{n}", text) for n, text in enumerate(texts)]
    found = align_scenes(scenes, Path(sys.argv[2]), unheard="warn", memo=memo)
    memo.save()
    return found, time.perf_counter() - started, time.process_time() - used
found, seconds, cpu = aligned(texts)
megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
first, _, rest = texts[len(texts) // 2].partition(" ")
texts[len(texts) // 2] = f"{first} umbrellas {rest}"
_, edited_seconds, edited_cpu = aligned(texts)
print(json.dumps({
    "seconds": seconds,
    "cpu": cpu,
    "edited_seconds": edited_seconds,
    "edited_cpu": edited_cpu,
    "mb": megabytes,
    "warnings": len(found.warnings),
    "pauses": [
        [float(pause.start), float(pause.end)]
        for a, b in pairwise(found.scenes)
        for pause in [cut_pause(a.words[-1], b.unscripted, b.words[0])]
    ],
}))
"""
NOUNS = "harbour lantern captain garden letter window teacher market river engine winter village"
VERBS = "remembered carried followed painted repaired borrowed visited answered counted described"
PLACES = "behind the station|across the valley|near the old mill|before the storm|after breakfast"


@dataclass(frozen=True, slots=True)
class Narration:
    """Scenes, and the seconds at which the first sound of each begins and the last one ends."""

    texts: list[str]
    spoken: list[tuple[float, float]]
    path: Path
    duration_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--text", type=Path)
    parser.add_argument("--voices", default="slt,rms,awb,kal16")
    parser.add_argument("--pocketsphinx", action="store_true")
    options = parser.parse_args()
    count = max(2, round(SCENES * options.hours))
    texts = scenes_of(options.text.read_text()) if options.text else invented(count)
    texts = (texts * (count // len(texts) + 1))[:count]
    with tempfile.TemporaryDirectory() as scratch:
        narration = recorded(texts, options.voices.split(","), Path(scratch))
        listed = Path(scratch) / "texts.json"
        listed.write_text(json.dumps(texts))
        child = subprocess.run(
            [sys.executable, "-c", CHILD, str(listed), str(narration.path)],
            check=True,
            capture_output=True,
            text=True,
        )
        found = json.loads(child.stdout)
        hours = narration.duration_s / 3600
        right = right_cuts(narration.spoken, found["pauses"])
        print(f"{len(texts)} scenes, {sum(len(t.split()) for t in texts)} words, {hours:.2f} h")
        print(
            f"{found['seconds'] / hours:.0f} s ({found['cpu'] / hours:.0f} s of processors) an "
            f"hour, {narration.duration_s / found['seconds']:.0f} times real time, "
            f"{found['mb']:.0f} MB; {right} of {len(texts) - 1} cuts in their pauses, "
            f"{found['warnings']} warnings"
        )
        print(
            f"with one word more: {found['edited_seconds']:.1f} s "
            f"({found['edited_cpu']:.1f} s of processors)"
        )
        if options.pocketsphinx:
            seconds = by_pocketsphinx(narration)
            print(f"pocketsphinx's aligner: {seconds / hours:.0f} s of processors an hour")


def invented(count: int) -> list[str]:
    """Return the texts of scenes, of some ten words each."""
    choose = random.Random(count)
    nouns, verbs, places = NOUNS.split(), VERBS.split(), PLACES.split("|")
    return [
        f"The {choose.choice(nouns)} {choose.choice(verbs)} the {choose.choice(nouns)} and "
        f"{choose.choice(verbs)} a {choose.choice(nouns)} {choose.choice(places)}."
        for _ in range(count)
    ]


def scenes_of(text: str, least: int = 9, most: int = 22) -> list[str]:
    """Return the sentences of a text in scenes of some words."""
    scenes: list[str] = []
    words: list[str] = []
    for sentence in re.split(r"(?<=[.!?])\s+", " ".join(text.split())):
        said = sentence.split()
        words += said if len(said) <= most and re.search("[a-z]", sentence) else []
        if len(words) >= least:
            scenes.append(" ".join(words))
            words = []
    return scenes


def recorded(texts: list[str], voices: list[str], folder: Path) -> Narration:
    """Record scenes with pauses of 0.2 to 0.9 s; the voice changes every so many scenes."""
    choose, noise = random.Random(len(texts)), np.random.default_rng(len(texts))
    spoken: list[tuple[float, float]] = []
    path = folder / "voice.wav"
    place = 0
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for number, text in enumerate(texts):
            sound, first, last = say(text, voices[number * len(voices) // len(texts)], folder)
            sound = sound[int((first - EDGE_S) * RATE) : int((last + EDGE_S) * RATE)]
            at = place / RATE + EDGE_S
            spoken.append((at, at + last - first))
            whole = np.concatenate([0.8 * sound, np.zeros(int(choose.uniform(0.2, 0.9) * RATE))])
            whole = whole + noise.normal(0, 6, len(whole))
            file.writeframes(whole.clip(-32768, 32767).astype(np.int16).tobytes())
            place += len(whole)
    return Narration(texts, spoken, path, place / RATE)


def say(text: str, voice: str, folder: Path) -> tuple[np.ndarray, float, float]:
    """Return samples, and the seconds at which the first phone begins and the last one ends."""
    path = folder / "scene.wav"
    command = ["flite", "-voice", voice, "-psdur", "-t", text, "-o", str(path)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
    if rate != RATE:
        sound = np.interp(np.arange(0, len(sound), rate / RATE), np.arange(len(sound)), sound)
    ends = [0.0]
    phones = []
    for item in printed.split():
        phone, _, end = item.rpartition(":")
        phones.append((phone, ends[-1], float(end)))
        ends.append(float(end))
    sounding = [phone for phone in phones if phone[0] != "pau"]
    return sound, sounding[0][1], sounding[-1][2]


def right_cuts(spoken: list[tuple[float, float]], pauses: list[list[float]]) -> int:
    """Return how many cuts fall into the pauses between scenes, give or take half a frame."""
    right = 0
    for number in range(1, len(spoken)):
        end, start = pauses[number - 1]
        cut = min(max(start - LEAD_S, end), start)
        begins, ends = spoken[number - 1][1] - HALF_FRAME_S, spoken[number][0] + HALF_FRAME_S
        right += begins <= cut <= ends
    return right


def by_pocketsphinx(narration: Narration) -> float:
    """Return the processor seconds of PocketSphinx's aligner, one scene after another."""
    decoder = import_module("pocketsphinx").Decoder(lm=None, loglevel="FATAL")
    with wave.open(str(narration.path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    used = time.process_time()
    for text, (start, end) in zip(narration.texts, narration.spoken, strict=True):
        words = re.findall(r"[a-z']+", text.lower())
        known = [word for word in words if decoder.lookup_word(word)]
        if not known:
            continue
        decoder.set_align_text(" ".join(known))
        decoder.start_utt()
        part = samples[max(0, int((start - 0.1) * RATE)) : int((end + 0.1) * RATE)]
        decoder.process_raw(part.tobytes(), no_search=False, full_utt=True)
        decoder.end_utt()
    return time.process_time() - used


if __name__ == "__main__":
    main()
