"""Quality and speed of frame interpolation, beside ffmpeg's ``minterpolate``.

    python benchmarks/interpolate.py [--width 540] [--rife FILE.onnx] [--out FOLDER]

The test clip has 24 frames a second and all the hard cases: a still with a pan and a push, in front
of it an occluding piece of another still that rotates as it crosses the frame, a second object from
the other side, and a cut in the middle. The clip at 8 fps (the rate of SVD and AnimateDiff) and at
16 fps (Wan's) is interpolated to 24 fps and compared with the original: PSNR over all three
channels, as the mean over the interpolated frames, and CPU time for each of them. The worst frame
is beside the cut at 8 fps: no frame shows on which side of it the cut was. ``minterpolate`` runs in
its default mode (``mci``) and in its fast mode ``blend``. Frames are raw; no encoder takes part.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from otio_gvideo.compiler.media.find_ffmpeg import ffmpeg_path
from otio_gvideo.renderers.fit.interpolate import interpolator_for, retime
from usage import cpu_seconds

Frame = NDArray[np.uint8]
STILLS = Path(__file__).parent.parent / "examples" / "lighthouse" / "keyframes"
FPS = Fraction(24)
SCENES = (("ship", "lamp", "home"), ("dusk", "stairs", "gale"))
"""For each scene a background, and the stills of two moving objects."""
SCENE_FRAMES = 37


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=540, help="of the frames; they are 9:16")
    parser.add_argument("--rife", type=Path, help="a RIFE network as ONNX, to compare as well")
    parser.add_argument("--out", type=Path, help="write the interpolated frames there")
    arguments = parser.parse_args()
    width = arguments.width // 2 * 2
    truth = test_clip(width, width * 16 // 9 // 2 * 2)
    print(f"{len(truth)} frames of {width}x{truth[0].shape[0]}, a cut at {SCENE_FRAMES}")
    print(f"{'':24}{'PSNR':>10}{'worst':>10}{'of a frame':>14}{'wall':>12}")
    for native_fps in (Fraction(8), Fraction(16)):
        kept = [n for n in range(len(truth)) if (n * native_fps / FPS).denominator == 1]
        given = [n * FPS / native_fps for n in range(int(kept[-1] * native_fps / FPS) + 1)]
        # Every second frame at 16 fps is between two of the clip's, and is drawn separately.
        native = [frame_at(float(at), width, truth[0].shape[0]) for at in given]
        new_frames = [n for n in range(kept[-1]) if n not in kept]
        ways: dict[str, Callable[[], list[Frame]]] = {
            "optical flow": lambda s=native, f=native_fps, c=kept[-1] + 1: list(  # type: ignore[misc]
                retime(iter(s), f, FPS, c, interpolator_for())
            ),
            "minterpolate": lambda s=native, f=native_fps: minterpolate(s, f, "mci"),  # type: ignore[misc]
            "minterpolate, blend": lambda s=native, f=native_fps: minterpolate(s, f, "blend"),  # type: ignore[misc]
        }
        if arguments.rife:
            ways["RIFE"] = lambda s=native, f=native_fps, c=kept[-1] + 1: list(  # type: ignore[misc]
                retime(iter(s), f, FPS, c, interpolator_for(arguments.rife))
            )
        found: dict[str, tuple[float, float]] = {}
        for name, way in ways.items():
            started, before = time.perf_counter(), cpu_seconds()
            made = way()
            wall, spent = time.perf_counter() - started, cpu_seconds() - before
            # ffmpeg drops the last interval.
            places = [n for n in new_frames if n < len(made)]
            errors = [float(np.mean((made[n].astype(int) - truth[n]) ** 2)) for n in places]
            each = 10 * np.log10(255**2 / np.array(errors))
            psnr, worst = float(each.mean()), float(each.min())
            found[name] = (psnr, spent / len(new_frames))
            print(
                f"{int(native_fps):3} to 24, {name:20}{psnr:7.2f} dB{worst:7.2f} dB"
                f"{spent / len(new_frames) * 1e3:11.1f} ms{wall / len(new_frames) * 1e3:9.1f} ms",
                flush=True,
            )
            if arguments.out:
                show(arguments.out / f"{int(native_fps)} {name}", made)
        ours, theirs = found["optical flow"], found["minterpolate"]
        print(
            f"{'':14}optical flow is {ours[0] - theirs[0]:+.2f} dB better, "
            f"{theirs[1] / ours[1]:.1f} times as fast"
        )


def test_clip(width: int, height: int) -> list[Frame]:
    """Return two scenes of RGB frames with a cut between them."""
    return [frame_at(float(n), width, height) for n in range(2 * SCENE_FRAMES)]


def frame_at(at: float, width: int, height: int) -> Frame:
    """Draw the clip's frame at any instant, counted in frames."""
    scene = SCENES[0 if at < SCENE_FRAMES else 1]
    share = (at % SCENE_FRAMES) / SCENE_FRAMES
    across = 1 if scene is SCENES[0] else -1
    zoom = 1.25 + 0.2 * share
    centre = (0.5 + across * 0.06 * (share - 0.5), 0.5)
    picture = drawn(scene[0], (width, height), centre, zoom, 0.0)[0]
    objects = (
        (scene[1], (0.5 + across * 0.9 * (share - 0.5), 0.38 + 0.1 * share), 50 * share, 0.16),
        (scene[2], (0.5 - across * 0.6 * (share - 0.5), 0.72 - 0.15 * share), 0.0, 0.11),
    )
    for still, place, angle, radius in objects:
        inside, x, y = drawn(still, (width, height), (0.5, 0.5), 1.2, angle, place)
        distance = np.hypot(x - place[0] * width, (y - place[1] * height) * 0.8)
        alpha = np.clip(radius * width - distance + 0.5, 0, 1)[..., None].astype(np.float32)
        picture = picture + (inside - picture) * alpha
    return np.asarray(picture.round().clip(0, 255), np.uint8)


def drawn(
    still: str,
    size: tuple[int, int],
    centre: tuple[float, float],
    zoom: float,
    angle: float,
    place: tuple[float, float] = (0.5, 0.5),
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return a still with its point ``centre`` at ``place``, and the pixels' coordinates."""
    image = pictures(still, size[0])
    scale = zoom * size[0] / image.shape[1]
    turn = cv2.getRotationMatrix2D(
        (centre[0] * image.shape[1], centre[1] * image.shape[0]), angle, scale
    )
    turn[:, 2] += (
        place[0] * size[0] - centre[0] * image.shape[1],
        place[1] * size[1] - centre[1] * image.shape[0],
    )
    shown = cv2.warpAffine(
        image, turn, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    x, y = np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
    return np.asarray(shown, np.float32), x, y


_LOADED: dict[tuple[str, int], NDArray[np.float32]] = {}


def pictures(still: str, width: int) -> NDArray[np.float32]:
    """Return a still as RGB, slightly larger than the frame."""
    if (still, width) not in _LOADED:
        image = cv2.cvtColor(cv2.imread(str(STILLS / f"{still}.jpg")), cv2.COLOR_BGR2RGB)
        wide = round(width * 1.4)
        small = cv2.resize(
            image, (wide, wide * image.shape[0] // image.shape[1]), interpolation=cv2.INTER_AREA
        )
        _LOADED[still, width] = small.astype(np.float32)
    return _LOADED[still, width]


def minterpolate(frames: list[Frame], fps: Fraction, mode: str) -> list[Frame]:
    """Interpolate frames by ffmpeg's filter."""
    height, width = frames[0].shape[:2]
    with tempfile.NamedTemporaryFile(suffix=".rgb") as raw:
        for frame in frames:
            raw.write(frame.tobytes())
        raw.flush()
        made = subprocess.run(
            [
                *(ffmpeg_path(), "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"),
                *("-video_size", f"{width}x{height}", "-framerate", str(fps), "-i", raw.name),
                *("-vf", f"format=yuv444p,minterpolate=fps={FPS}:mi_mode={mode},format=rgb24"),
                *("-f", "rawvideo", "-"),
            ],
            capture_output=True,
            check=True,
        ).stdout
    return list(np.frombuffer(made, np.uint8).reshape(-1, height, width, 3))


def show(folder: Path, frames: list[Frame]) -> None:
    """Write frames as PNG files."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{number:03}.png"), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
