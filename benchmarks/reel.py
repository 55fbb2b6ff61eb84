"""Speed of compiling a reel, beside the encoder alone, ffmpeg's zoompan and MoviePy.

    python benchmarks/reel.py [--scenes 8] [--rounds 3] [--ways floor camera draft zoompan moviepy]

The reel: stills of the example, four seconds each, with pushes, pans and tilts, joined by
dissolves, 1080x1920 at 24 frames a second.

* ``floor``: the reel's frames, from memory, through the same encoder: a lower bound.
* ``camera``, ``parallax``: from the script to the reel with that renderer.
* ``cuts``: `camera` with cuts instead of dissolves, whose frames are encoded three times.
* ``narrated``: eight scenes of the example in 40 s, by `camera` with cuts, its voice and its music:
  listening and sound included, without anything cached. Its share is of the floor's rate.
* ``draft``: `camera` at draft quality.
* ``zoompan``: one ffmpeg command with a ``zoompan`` of each still, enlarged three times beforehand
  against its jitter, and ``xfade`` between them, with the same encoder settings.
* ``moviepy``: MoviePy, as in its documentation, on the first two scenes; its time for a second of
  reel does not depend on the length.

Each way runs in a process of its own, in rounds, so that other load on the machine affects all of
them. Prints medians: seconds of reel for a second of work, CPU seconds for a second of reel, both
beside the floor's, and the peak memory of all processes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray
from other_programs import moviepy, zoompan
from reel_script import DISSOLVE_S, EXAMPLE, FPS, HEIGHT, SCENE_S, WIDTH, write_script
from usage import PeakMemory, clocks, proportional_mb, timed

IN_MEMORY = 8
"""Scenes of the floor, at most: 300 MB each."""
WAYS = ("floor", "camera", "cuts", "narrated", "parallax", "draft", "zoompan", "moviepy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=8, help="of four seconds each")
    parser.add_argument("--rounds", type=int, default=3, help="times that each way is run")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--only", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--script", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps(measured(arguments.only, arguments.script)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        script = write_script(Path(scratch), arguments.scenes)
        ways = [way for way in arguments.ways if is_available(way)]
        found: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
        for number in range(arguments.rounds):
            for way in ways:
                print(f"round {number + 1}: {way}", file=sys.stderr, flush=True)
                found[way].append(run(way, script))
    print(
        f"{arguments.scenes * SCENE_S:.0f} s of {WIDTH}x{HEIGHT}, {os.cpu_count()} cores; in "
        f"brackets: of the floor"
    )
    print(f"{'':10}{'reel s per s':>20}{'CPU s per reel s':>28}{'peak memory':>14}")
    for way, results in found.items():
        line = f"{way:10}"
        for key, better in (("rate", 1), ("cpu", -1)):
            middle = statistics.median(result[key] for result in results)
            share = ""
            if "floor" in found:
                # Within a round, as a machine's speed varies between rounds.
                ratios = [
                    (mine[key] / floor[key]) ** better
                    for mine, floor in zip(results, found["floor"], strict=True)
                ]
                share = f" ({statistics.median(ratios):.2f})"
            line += f"{middle:.2f}{share}".rjust(20 if key == "rate" else 28)
        print(line + f"{max(result['peak_mb'] for result in results):11.0f} MB")
        stages = [result["stages"] for result in results if "stages" in result]
        if stages:
            middles = {name: statistics.median(run[name] for run in stages) for name in stages[0]}
            print("".ljust(10) + ", ".join(f"{name} {s:.2f} s" for name, s in middles.items()))
        if stages and "floor" in found:
            ratios = [
                mine["rendering"] / floor["rate"]
                for mine, floor in zip(results, found["floor"], strict=True)
            ]
            print(
                "".ljust(10)
                + f"rendering alone, handles counted: ({statistics.median(ratios):.2f})"
            )


def is_available(way: str) -> bool:
    from importlib.util import find_spec  # noqa: PLC0415

    from otio_gvideo.renderers.registry import renderer_names  # noqa: PLC0415

    if way == "moviepy":
        return find_spec("moviepy") is not None
    return way != "parallax" or way in renderer_names()


def run(way: str, script: Path) -> dict[str, Any]:
    """Measure a way in a process of its own."""
    command = [sys.executable, __file__, "--only", way, "--script", str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        peak = PeakMemory(process.pid, proportional_mb, 0.1)
        output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{way} failed")
    return {**json.loads(output.splitlines()[-1]), "peak_mb": peak.stop()}


def measured(way: str, script: Path) -> dict[str, Any]:
    """Run a way in this process; return its rate and CPU time."""
    folder = Path(tempfile.mkdtemp(dir=script.parent))
    result = {
        "floor": floor, "camera": camera, "cuts": cuts, "narrated": narrated, "parallax": parallax,
        "draft": draft, "zoompan": zoompan, "moviepy": moviepy,
    }[way](script, folder)  # fmt: skip
    shutil.rmtree(folder)
    return result


def floor(script: Path, folder: Path) -> dict[str, Any]:
    """Encode the reel's frames, rendered beforehand."""
    from otio_gvideo.compiler.backend.encode.encoder import encode_frames  # noqa: PLC0415
    from otio_gvideo.compiler.backend.encode.encoder_settings import Encoding  # noqa: PLC0415

    frames = reel_frames(script)
    before = clocks()
    encode_frames(
        frames, folder / "floor.mp4", width=WIDTH, height=HEIGHT, fps=Fraction(FPS),
        encoding=Encoding(),
    )  # fmt: skip
    return timed(len(frames) / FPS, before)


def reel_frames(script: Path) -> list[NDArray[np.uint8]]:
    """Render the reel's first scenes by `camera`, dissolves included."""
    from otio_gvideo.renderers.base import Keyframe, Motion, Shot  # noqa: PLC0415
    from otio_gvideo.renderers.camera.camera import CameraRenderer  # noqa: PLC0415
    from otio_gvideo.renderers.fit import run_renderer  # noqa: PLC0415

    body, handle = round(FPS * SCENE_S), round(FPS * DISSOLVE_S) // 2
    made: list[NDArray[np.uint8]] = []
    for number, scene in enumerate(yaml.safe_load(script.read_text())["scenes"][:IN_MEMORY]):
        span = body + 2 * handle
        still = Keyframe(script.parent / scene["keyframe"], 0)
        shot = Shot(
            WIDTH, HEIGHT, Fraction(FPS), span, handle, handle, 0, span, (still,),
            motion=Motion(scene["motion"]["camera"]),
        )  # fmt: skip
        frames = list(run_renderer.frames(CameraRenderer({}, "standard"), shot, lambda *_: None))
        if number:
            for index in range(2 * handle):
                share = (index + 1) / (2 * handle + 1)
                place = index - 2 * handle
                made[place] = cv2.addWeighted(made[place], 1 - share, frames[index], share, 0)
            made += frames[2 * handle :]
        else:
            made += frames[handle:]
    return made[:-handle]


def camera(script: Path, folder: Path) -> dict[str, Any]:
    return compiled(script, folder)


def cuts(script: Path, folder: Path) -> dict[str, Any]:
    """Compile the reel without its dissolves."""
    document = yaml.safe_load(script.read_text())
    for scene in document["scenes"]:
        scene["transition"] = {"type": "cut"}
    without = script.with_name("cuts.yaml")
    without.write_text(yaml.safe_dump(document))
    return compiled(without, folder)


def narrated(script: Path, folder: Path) -> dict[str, Any]:
    """Compile the example's scenes of its first 40 s with cuts, and nothing cached."""
    os.environ["OTIO_GVIDEO_CACHE"] = str(folder / "cache")
    project = folder / "lighthouse"
    shutil.copytree(EXAMPLE, project)
    document = yaml.safe_load((project / "script.yaml").read_text("utf-8"))
    document["captions"]["burn"] = False
    document["defaults"] |= {"renderer": "camera", "transition": {"type": "cut"}}
    document["narration"]["unheard"] = "warn"
    document["scenes"] = [scene for scene in document["scenes"] if "text" in scene][:8]
    for scene in document["scenes"]:
        scene.pop("transition", None)
    path = project / "narrated.yaml"
    path.write_text(yaml.safe_dump(document), "utf-8")
    return compiled(path, folder)


def parallax(script: Path, folder: Path) -> dict[str, Any]:
    return compiled(script, folder, renderer="parallax")


def draft(script: Path, folder: Path) -> dict[str, Any]:
    return compiled(script, folder, quality="draft")


def compiled(script: Path, folder: Path, **options: Any) -> dict[str, Any]:
    from otio_gvideo.compiler import compile_script  # noqa: PLC0415

    before = clocks()
    report = compile_script(script, output=folder / "out", **options)
    result = timed(report.frames / FPS, before, stages=report.seconds)
    recipes = [json.loads(path.read_text())["recipe"] for path in recipes_of(folder)]
    rendered = sum(recipe["frames"] for recipe in recipes)
    return {**result, "rendering": rendered / FPS / report.seconds["render"]}


def recipes_of(folder: Path) -> list[Path]:
    """Return the recipes beside the media of a compiled reel."""
    return sorted((folder / "out" / "media").glob("*.json"))


if __name__ == "__main__":
    main()
