"""Time and memory of compiling a script to its timeline: 100 to 10,000 scenes of ten words.

    python benchmarks/compile.py [SCENES ...]
    python benchmarks/compile.py --text

Scripts, a transcript with word times and a silent recording are synthetic. Word times come from the
transcript (``narration.align: transcript``), without forced alignment of ten hours of audio. Each
size runs in a process of its own. Prints seconds, milliseconds per scene and their ratio to the
smallest size's, and peak memory.

``--text`` times only the alignment of texts to a transcript, 20 to 2,000 scenes of 100 words, with
the word frequencies of English and a transcript with missing, extra and misspelt words.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import yaml
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.script.tokens import tokenize
from otio_gvideo.compiler.speech.align.transcript_anchors import TranscriptAnchors
from otio_gvideo.compiler.speech.align.verdicts import SceneText, check_anchors
from otio_gvideo.compiler.speech.transcripts import Transcript
from otio_gvideo.compiler.sync.types import Word
from PIL import Image

WORDS = 10
WORD_S = 0.3
PAUSE_S = 0.5
CHILD = """
import json, resource, sys, time
from otio_gvideo.compiler import compile_script
started = time.perf_counter()
report = compile_script(sys.argv[1], output=sys.argv[2], until="timeline")
print(json.dumps({
    "seconds": time.perf_counter() - started,
    "stages": report.seconds,
    "frames": report.frames,
    "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""


def main() -> None:
    if sys.argv[1:] == ["--text"]:
        align_texts()
        return
    sizes = [int(size) for size in sys.argv[1:]] or [100, 1000, 10_000]
    print("  scenes   words    reel      seconds  per scene   ratio  peak")
    first = 0.0
    for size in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            script = make_script(Path(scratch), size)
            child = subprocess.run(
                [sys.executable, "-c", CHILD, str(script), str(Path(scratch) / "out")],
                check=True,
                capture_output=True,
                text=True,
            )
        found = json.loads(child.stdout)
        each = found["seconds"] / size * 1000
        first = first or each
        minutes = found["frames"] / 24 / 60
        print(
            f"{size:8} {size * WORDS:7} {minutes:6.0f} min {found['seconds']:8.2f}"
            f" {each:7.2f} ms {each / first:7.2f} {found['mb']:5.0f} MB"
        )
        print("         ", ", ".join(f"{k} {v:.2f} s" for k, v in found["stages"].items()))


def align_texts() -> None:
    """Time the alignment of texts to a faulty transcript, at growing sizes."""
    print("  scenes   words   seconds  per word  placed right       worst")
    for scenes in (20, 200, 2000):
        choose = random.Random(scenes)
        vocabulary = make_vocabulary(choose, 8000)
        rank = [1 / (place + 1) for place in range(len(vocabulary))]
        said = choose.choices(vocabulary, rank, k=scenes * 100)
        words: list[Word] = []
        for place, word in enumerate(said):
            start = Fraction(place)
            if choose.random() < 0.04:
                continue
            if choose.random() < 0.04:
                words.append(Word(choose.choice(vocabulary), start - Fraction(1, 3), start))
            text = word[:-1] + "q" if choose.random() < 0.04 else word
            words.append(Word(text, start, start + Fraction(1, 2)))
        texts = [SceneText(f"s{n}", " ".join(said[n * 100 : n * 100 + 100])) for n in range(scenes)]
        started = time.perf_counter()
        tokens = [token for scene in texts for token in tokenize(scene.text)]
        members = [range(n * 100, n * 100 + 100) for n in range(scenes)]
        anchors = TranscriptAnchors.of(tokens, Transcript(tuple(words)), "en")
        check_anchors(texts, members, anchors)
        times = anchors.interpolated(Fraction(len(said)))
        seconds = time.perf_counter() - started
        off = [abs(found.start - place) for place, found in enumerate(times)]
        right = sum(error < Fraction(1, 10) for error in off) / len(off)
        print(
            f"{scenes:8} {len(said):7} {seconds:9.2f} {seconds / len(said) * 1e6:6.0f} us"
            f" {right:12.1%} {float(max(off)):10.2f} s"
        )


def make_vocabulary(choose: random.Random, size: int) -> list[str]:
    """Return random words."""
    letters = "abcdefghijklmnop"
    return ["".join(choose.choices(letters, k=choose.randint(2, 9))) for _ in range(size)]


def make_script(folder: Path, scenes: int) -> Path:
    """Write a script of many scenes, its stills, its transcript and its recording."""
    choose = random.Random(scenes)
    vocabulary = make_vocabulary(choose, 4000)
    for number in range(20):
        Image.new("RGB", (90, 160), (number * 12, 80, 120)).save(folder / f"{number}.png")
    clock = 0.4
    texts, words = [], []
    for _ in range(scenes):
        said = choose.choices(vocabulary, k=WORDS)
        texts.append(" ".join(said))
        for word in said:
            words.append(
                {"word": f" {word}", "start": round(clock, 2), "end": round(clock + WORD_S, 2)}
            )
            clock += WORD_S
        clock += PAUSE_S
    segment = {"start": 0.0, "end": clock, "text": "", "words": words}
    (folder / "words.json").write_text(json.dumps({"language": "en", "segments": [segment]}))
    silence = f"anullsrc=r=8000:cl=mono:d={clock + 0.5:.2f}"
    run(["-f", "lavfi", "-i", silence, *output_args(folder / "voice.wav")], what="making silence")
    script = {
        "version": 1,
        "narration": {"audio": "voice.wav", "transcript": "words.json", "align": "transcript"},
        "defaults": {"transition": {"type": "dissolve", "duration": 0.5}},
        "scenes": [
            {"id": f"s{n}", "text": text, "keyframe": f"{n % 20}.png"}
            for n, text in enumerate(texts)
        ],
    }
    path = folder / "long.yaml"
    path.write_text(yaml.safe_dump(script, sort_keys=False))
    return path


if __name__ == "__main__":
    main()
