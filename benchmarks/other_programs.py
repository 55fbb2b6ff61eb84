"""The reel of `reel.py` by other programs: one ffmpeg command, and MoviePy."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml
from reel_script import DISSOLVE_S, FPS, HEIGHT, SCENE_S, WIDTH
from usage import clocks, timed


def zoompan(script: Path, folder: Path) -> dict[str, Any]:
    from otio_gvideo.compiler.media.find_ffmpeg import ffmpeg_path  # noqa: PLC0415

    scenes = yaml.safe_load(script.read_text())["scenes"]
    frames = round(FPS * (SCENE_S + DISSOLVE_S))
    inputs: list[str] = []
    graph = []
    for number, scene in enumerate(scenes):
        inputs += ["-i", str(script.parent / scene["keyframe"])]
        graph.append(
            f"[{number}]scale={WIDTH * 3}:-1:flags=lanczos,{zoompan_of(scene, frames)}[v{number}]"
        )
    last = "v0"
    for number in range(1, len(scenes)):
        at = number * SCENE_S
        graph.append(
            f"[{last}][v{number}]xfade=duration={DISSOLVE_S}:offset={at},format=yuv420p[x{number}]"
        )
        last = f"x{number}"
    before = clocks()
    subprocess.run(
        [
            ffmpeg_path(), "-v", "error", "-y", *inputs, "-filter_complex", ";".join(graph),
            "-map", f"[{last}]", "-c:v", "libx264", "-preset", "veryfast", "-crf", "18",
            "-pix_fmt", "yuv420p", str(folder / "zoompan.mp4"),
        ],
        check=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return timed(len(scenes) * SCENE_S, before)


def zoompan_of(scene: dict[str, Any], frames: int) -> str:
    """Return the usual ``zoompan`` filter for a move."""
    move, last = scene["motion"]["camera"], frames - 1
    zoom, x, y = "1.15", "iw/2-iw/zoom/2", "ih/2-ih/zoom/2"
    if move in ("push_in", "pull_out"):
        share = f"on/{last}" if move == "push_in" else f"(1-on/{last})"
        zoom = f"pow(1.15,{share})"
    elif move.startswith("pan"):
        x = f"(iw-iw/zoom)*{f'on/{last}' if move.endswith('right') else f'(1-on/{last})'}"
    else:
        y = f"(ih-ih/zoom)*{f'on/{last}' if move.endswith('down') else f'(1-on/{last})'}"
    return f"zoompan=z='{zoom}':x='{x}':y='{y}':d={frames}:s={WIDTH}x{HEIGHT}:fps={FPS}"


def moviepy(script: Path, folder: Path) -> dict[str, Any]:
    from moviepy import CompositeVideoClip, ImageClip, vfx  # noqa: PLC0415

    scenes = yaml.safe_load(script.read_text())["scenes"][:2]
    length = SCENE_S + DISSOLVE_S
    before = clocks()
    clips = []
    for number, scene in enumerate(scenes):
        still = ImageClip(str(script.parent / scene["keyframe"]), duration=length)
        grown = still.resized(width=round(WIDTH * 1.15))
        if scene["motion"]["camera"] in ("push_in", "pull_out"):
            moved = (
                still.resized(width=WIDTH)
                .with_effects([vfx.Resize(lambda t: 1 + 0.15 * t / length)])
                .with_position("center")
            )
        else:
            spare = grown.w - WIDTH
            moved = grown.with_position(lambda t, spare=spare: (-spare * t / length, "center"))
        shown = CompositeVideoClip([moved], size=(WIDTH, HEIGHT)).with_duration(length)
        if number:
            shown = shown.with_effects([vfx.CrossFadeIn(DISSOLVE_S)])
        clips.append(shown.with_start(number * SCENE_S))
    reel = CompositeVideoClip(clips, size=(WIDTH, HEIGHT)).with_duration(len(scenes) * SCENE_S)
    reel.write_videofile(
        str(folder / "moviepy.mp4"), fps=FPS, codec="libx264", preset="veryfast", audio=False,
        ffmpeg_params=["-crf", "18"], logger=None,
    )  # fmt: skip
    return timed(len(scenes) * SCENE_S, before)
