"""How compiling a script to its timeline grows: 100, 1,000 and 10,000 scenes of ten words.

    python benchmarks/compile.py [SCENES ...]

Scripts, a transcript with word times and a silent recording of the right length are made up; word
times are taken from the transcript (``narration.align: transcript``), as a recording of ten hours
would otherwise be listened to. Each size runs in a process of its own. Prints seconds, seconds per
scene beside the smallest size's, and peak memory.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from otio_gvideo.compiler.backend.ffmpeg import output_args, run
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


def make_script(folder: Path, scenes: int) -> Path:
    """A script of many scenes, its stills, its transcript and its recording."""
    choose = random.Random(scenes)
    vocabulary = [
        "".join(choose.choices("abcdefghijklmnop", k=choose.randint(2, 9))) for _ in range(4000)
    ]
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
