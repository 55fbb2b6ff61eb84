"""The cost of flattening: after one change, and in memory, beside one big graph and MLT.

    python benchmarks/flatten.py [--seconds 60] [--clips 12 500] [--size 270x480]

First the example, extended to a length, is compiled, one scene is changed, and it is compiled
again. Then timelines of one-second clips with dissolves between them are flattened, each in a
process of its own, with peak memory of the process and all its children. The smallest one is also
rendered by ffmpeg as one graph of `xfade`s over all clips and, if installed, by `melt` through
`otio-mlt-adapter`; media, size and codec settings are the same. Clips cycle through six files, so
that large timelines repeat dissolves, which are encoded once: compare their memory, not their
speed. Reads `/proc`: Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import yaml
from otio_gvideo.compiler import compile_script
from otio_gvideo.compiler.backend.encode.encoder import encode_frames
from otio_gvideo.compiler.media.find_ffmpeg import ffmpeg_path
from usage import PeakMemory, resident_mb

EXAMPLE = Path(__file__).parent.parent / "examples" / "lighthouse"
FPS = Fraction(24)
BODY, HALF = 24, 6
MEDIA = 6
"""Files that the clips cycle through."""
CHILD = """
import sys
from pathlib import Path
import opentimelineio as otio
from otio_gvideo.compiler.backend.flatten import flatten
flatten(otio.adapters.read_from_file(sys.argv[1]), Path(sys.argv[2]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="length of the reel; 0 for none"
    )
    parser.add_argument("--clips", type=int, nargs="+", default=[12, 500])
    parser.add_argument("--size", default="270x480")
    args = parser.parse_args()
    if args.seconds:
        with tempfile.TemporaryDirectory() as scratch:
            one_change(Path(scratch), args.seconds)
    width, height = map(int, args.size.split("x"))
    with tempfile.TemporaryDirectory() as scratch:
        sizes(Path(scratch), args.clips, width, height)


def one_change(folder: Path, seconds: float) -> None:
    """Compile, change one scene, compile again."""
    script = stretched(folder, seconds)
    spent = []
    for turn in ("first", "same again", "one scene changed"):
        if turn == "one scene changed":
            data = yaml.safe_load(script.read_text())
            data["scenes"][3]["motion"] = {"camera": "tilt_up", "amount": 0.4}
            script.write_text(yaml.safe_dump(data))
        before = {path.name for path in folder.glob("out/*.segments/*")}
        started = time.perf_counter()
        report = compile_script(script, output=folder / "out")
        spent.append(time.perf_counter() - started)
        new = {path.name for path in folder.glob("out/*.segments/*")} - before
        made = sum(not slot.reused for slot in report.slots)
        stages = ", ".join(f"{name} {taken:.1f}" for name, taken in report.seconds.items())
        print(
            f"{turn:<18} {spent[-1]:7.2f} s  {spent[-1] / spent[0]:6.1%} of the first  "
            f"{made} of {len(report.slots)} slots and {len(new)} segments made  ({stages})",
            flush=True,
        )


def stretched(folder: Path, seconds: float) -> Path:
    """Write the example's script, extended to a length by a silent beat at its end."""
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


def sizes(folder: Path, counts: list[int], width: int, height: int) -> None:
    """Flatten timelines of some sizes, and render the smallest with ffmpeg and MLT."""
    media = [make_media(folder / f"media{n}.mp4", n, width, height) for n in range(MEDIA)]
    first = 0.0
    columns = "clips  frames  seconds      CPU  frames/CPU s      peak   ratio"
    print(f"\n{width}x{height}           {columns}")
    for count in sorted(counts):
        made = timeline(media, count)
        path = folder / f"{count}.otio"
        otio.adapters.write_to_file(made, str(path))
        args = [sys.executable, "-c", CHILD, str(path), str(folder / "reel.mp4")]
        first = print_row("flatten", count, *measured(args), first)
        if count == min(counts):
            print_row("one graph", count, *measured(one_graph(media, count, folder)), first)
            if shutil.which("melt"):
                args = by_melt(made, folder, width, height)
                print_row("melt", count, *measured(args), first)


def print_row(
    name: str, clips: int, seconds: float, cpu_s: float, peak_mb: float, first: float
) -> float:
    """Print a line, and return the peak memory that others are compared with."""
    frames = clips * BODY
    first = first or peak_mb
    print(
        f"{name:<16} {clips:8} {frames:7} {seconds:8.2f} {cpu_s:8.2f} {frames / cpu_s:12.1f} "
        f"{peak_mb:6.0f} MB {peak_mb / first:7.2f}",
        flush=True,
    )
    return first


def make_media(path: Path, seed: int, width: int, height: int) -> Path:
    """Write three seconds of drifting texture, with IDR frames at the edges of dissolves."""
    rng = np.random.default_rng(seed)
    texture = rng.integers(16, 235, (height * 3 // 16 + 8, width // 8 + 8), dtype=np.uint8)
    fine = np.kron(texture, np.ones((8, 8), np.uint8))
    frames = [fine[n // 2 : n // 2 + height * 3 // 2, n // 3 : n // 3 + width] for n in range(72)]
    idr = (24 - HALF, 24 + HALF, 48 - HALF)
    encode_frames(
        map(np.ascontiguousarray, frames), path, width=width, height=height, fps=FPS, idr=idr
    )
    return path


def timeline(media: list[Path], count: int) -> otio.schema.Timeline:
    """Return a timeline of one-second clips with dissolves of half a second."""
    made = otio.schema.Timeline("benchmark")
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    half = otio.opentime.RationalTime(HALF, 24)
    for number in range(count):
        if number:
            track.append(
                otio.schema.Transition("", "SMPTE_Dissolve", in_offset=half, out_offset=half)
            )
        reference = otio.schema.ExternalReference(str(media[number % MEDIA]), span(0, 72))
        track.append(otio.schema.Clip(f"c{number}", reference, span(24, BODY)))
    made.tracks.append(track)
    return made


def span(start: int, frames: int) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(
        otio.opentime.RationalTime(start, 24), otio.opentime.RationalTime(frames, 24)
    )


def one_graph(media: list[Path], count: int, folder: Path) -> list[str]:
    """Return a command for one call of ffmpeg: an input for each clip, and a chain of xfades."""
    inputs, chains, joins = [], [], []
    last = "[v0]"
    for number in range(count):
        before = HALF if number else 0
        after = HALF if number < count - 1 else 0
        inputs += ["-i", str(media[number % MEDIA])]
        chains.append(
            f"[{number}:v]trim=start_frame={24 - before}:end_frame={24 + BODY + after},"
            f"setpts=PTS-STARTPTS,settb=1/24[v{number}]"
        )
        if number:
            offset = (number * BODY - HALF) / 24
            joins.append(
                f"{last}[v{number}]xfade=duration={2 * HALF / 24}:offset={offset:.6f}[x{number}]"
            )
            last = f"[x{number}]"
    graph = folder / "graph.txt"
    graph.write_text(";".join(chains + joins))
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p"]
    return [
        *(ffmpeg_path(), "-v", "error", "-y", "-nostdin", *inputs),
        *("-filter_complex_script", str(graph), "-map", last, *encode, str(folder / "graph.mp4")),
    ]


def by_melt(made: otio.schema.Timeline, folder: Path, width: int, height: int) -> list[str]:
    plan, profile = folder / "reel.mlt", folder / "profile"
    otio.adapters.write_to_file(made, str(plan), adapter_name="mlt_xml")
    profile.write_text(
        f"description=benchmark\nframe_rate_num=24\nframe_rate_den=1\nprogressive=1\n"
        f"width={width}\nheight={height}\n"
        f"sample_aspect_num=1\nsample_aspect_den=1\ndisplay_aspect_num={width}\n"
        f"display_aspect_den={height}\ncolorspace=709\n"
    )
    return [
        *("melt", "-profile", str(profile), str(plan), "-consumer", f"avformat:{folder}/melt.mp4"),
        *("vcodec=libx264", "crf=18", "preset=veryfast", "an=1", "real_time=-1"),
    ]


def measured(args: list[str]) -> tuple[float, float, float]:
    """Return a command's wall time, CPU time, and peak memory in MB with its children."""
    started = time.perf_counter()
    headless = os.environ | {"QT_QPA_PLATFORM": "offscreen", "SDL_AUDIODRIVER": "dummy"}
    child = subprocess.Popen(
        args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=headless
    )
    peak = PeakMemory(child.pid, resident_mb, 0.03)
    _, status, used = os.wait4(child.pid, 0)
    peak_mb = peak.stop()
    if status:
        raise SystemExit(json.dumps(args[:12]) + f" ended with {status}")
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, peak_mb


if __name__ == "__main__":
    main()
