"""How fast a reel is made, beside the floor: the same frames from memory through the same encoder.

    python benchmarks/reel.py [--seconds 60]

The example is stretched to the length asked for by a silent beat. Prints seconds of reel per second
of work for the whole way, for its stages, and for the floor, and the ratios.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import shutil
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import yaml
from otio_gvideo.compiler import compile_script
from otio_gvideo.compiler.backend.encode import Encoding, write_clip
from otio_gvideo.renderers import assemble
from otio_gvideo.renderers.camera import CameraRenderer
from otio_gvideo.renderers.recipe import shot_from_recipe

EXAMPLE = Path(__file__).parent.parent / "examples" / "lighthouse"
SAMPLE = 72
"""Frames of each slot that the floor is measured on: what fits into memory."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the reel")
    wanted = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        script = stretched(folder, wanted)
        started = time.perf_counter()
        report = compile_script(script, output=folder / "out")
        whole = time.perf_counter() - started
        peaks = [
            resource.getrusage(who).ru_maxrss / 1024
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        ]
        floor = floor_fps(folder)
    length = float(report.frames / report.fps)
    rate = length / whole
    floor_rate = floor / float(report.fps)
    print(f"reel            {length:6.1f} s, {report.frames} frames of 1080x1920")
    for stage, seconds in report.seconds.items():
        print(f"  {stage:<13} {seconds:6.2f} s")
    print(f"compile         {rate:6.2f} s of reel per second")
    print(f"floor           {floor_rate:6.2f} s of reel per second ({floor:.0f} frames/s)")
    print(f"compile / floor {rate / floor_rate:6.2f}")
    print(f"peak memory     {peaks[0]:6.0f} MB, and {peaks[1]:.0f} MB in ffmpeg")


def stretched(folder: Path, seconds: float) -> Path:
    """The example's script with a silent beat at its end that makes it as long as asked for."""
    script = yaml.safe_load((EXAMPLE / "script.yaml").read_text())
    for name in ("keyframes", "audio"):
        shutil.copytree(EXAMPLE / name, folder / name)
    report = compile_script(EXAMPLE / "script.yaml", output=folder / "measure", until="timeline")
    missing = seconds - float(report.frames / report.fps)
    if missing > 0:
        still = script["scenes"][0]["keyframe"]
        script["scenes"].append({"id": "hold", "duration": round(missing, 3), "keyframe": still})
    path = folder / "stretched.yaml"
    path.write_text(yaml.safe_dump(script))
    return path


def floor_fps(folder: Path) -> float:
    """Frames a second that the encoder alone makes of frames of this reel."""
    frames: list[np.ndarray] = []
    fps = Fraction(24)
    for sidecar in sorted((folder / "out" / "media").glob("*.json")):
        recipe = json.loads(sidecar.read_text())["recipe"]
        shot = shot_from_recipe(recipe)
        fps = shot.fps
        made = assemble.frames(CameraRenderer({}, "standard"), shot, lambda *_: None)
        frames += itertools.islice(made, SAMPLE)
    started = time.perf_counter()
    height, width = frames[0].shape[0] * 2 // 3, frames[0].shape[1]
    write_clip(
        frames, folder / "floor.mp4", width=width, height=height, fps=fps, encoding=Encoding()
    )
    return len(frames) / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
