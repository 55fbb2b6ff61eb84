"""Smoothness of camera moves: points of a test card, tracked through every move to 0.001 pixels.

    python benchmarks/smoothness.py [--width 1080] [--frames 48]

For each move: the distance of the points from their ideal positions (*error*), their deviation
from a smooth path of their own (*jitter*), the variation of the finest detail (*breathing*), and
the CPU time of a frame. Beside it the same pushes and pans by ffmpeg's ``zoompan``, plain and on a
still enlarged three times, the usual cure for its jitter. Jitter is measured in the same way for
all, without the ideal positions.

Then the shimmer of a slow pull out over the finest detail, against frames supersampled 16 times
along each axis: SSIM of the frames, and of slices through time (one row of each frame, stacked),
which show shimmer that no single frame shows.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from otio_gvideo.compiler.evaluation.still_similarity import ssim_map
from otio_gvideo.compiler.media.find_ffmpeg import ffmpeg_path
from otio_gvideo.renderers.base import CAMERA_MOVES, Keyframe, Motion, Shot
from otio_gvideo.renderers.camera.camera import CameraRenderer
from otio_gvideo.renderers.camera.poses import cover_framing, pose_at
from otio_gvideo.renderers.fit import run_renderer
from PIL import Image
from usage import cpu_seconds

Luma = NDArray[np.float64]
AMOUNT = 0.3
RADIUS = 26
"""Half the side of the patch around a dot, in pixels."""
WINDOW = 6.0
"""Sigma of the patch's Gaussian weights: 0 in effect at its sides."""
SAMPLES = 16
"""Samples to a pixel, along each axis, of the reference for shimmer."""
SPAN, SLICE = 96, 12
"""Frames of the pull-out, and how many of its middle are compared."""
BACKGROUND = 16 + 40 * 219 / 255
"""Level of the card between its dots."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=1080, help="of the frame; it is 9:16")
    parser.add_argument("--frames", type=int, default=48, help="of each move")
    arguments = parser.parse_args()
    width, frames = arguments.width, arguments.frames
    height = width * 16 // 9 // 2 * 2
    with tempfile.TemporaryDirectory() as folder:
        card, dots = make_card(Path(folder) / "card.png", width * 4 // 3, height * 4 // 3)
        grain = make_grain(Path(folder) / "grain.png", width * 4 // 3, height * 4 // 3)
        print(f"{'':34}{'error':>9}{'jitter':>9}{'breathing':>11}{'time':>11}")
        for move in CAMERA_MOVES:
            motion = Motion(move, AMOUNT, "linear")
            made, seconds = timed(lambda m=motion: by_camera(card, m, width, height, frames))
            ideal = [
                dot_positions(motion, n / (frames - 1), dots, width, height) for n in range(frames)
            ]
            tracks = track(made, ideal)
            off = float(np.sqrt(np.nanmean((tracks - np.array(ideal)) ** 2)))
            detail = by_camera(grain, motion, width, height, frames)
            report(f"camera {move}", off, tracks, sharpness(detail), seconds / frames)
        for move in ("push_in", "pan_right"):
            for factor in (1, 3):
                draw = zoompan(move, factor, width, height, frames)
                made, seconds = timed(lambda d=draw: by_ffmpeg(card, d, width, height))
                motion = Motion(move, AMOUNT, "linear")
                near = [
                    dot_positions(motion, n / (frames - 1), dots, width, height)
                    for n in range(frames)
                ]
                detail = by_ffmpeg(grain, draw, width, height)
                name = f"zoompan {move}" + (f", {factor}x enlarged" if factor > 1 else "")
                report(name, None, track(made, near), sharpness(detail), seconds / frames)
        shimmer(Path(folder), width // 8 * 2)


def shimmer(folder: Path, width: int) -> None:
    """Print the likeness of pull-outs over fine detail to supersampled ones."""
    height = width * 16 // 9 // 2 * 2
    path = make_grain(folder / "fine.png", width * 4 // 3, height * 4 // 3)
    still = np.asarray(Image.open(path).convert("L"), np.float32)
    framing = cover_framing(still.shape[0] / still.shape[1], height / width)
    motion = Motion("pull_out", AMOUNT, "linear")
    part = range(SPAN // 2 - SLICE // 2, SPAN // 2 + SLICE // 2)
    print(f"\n{'pull out over fine detail':34}{'SSIM, worst frame':>20}{'SSIM through time':>20}")

    def line(name: str, made: list[Luma], matrices: list[NDArray[np.float64]]) -> None:
        ideal = np.array([reference(still, matrix, width, height) for matrix in matrices])
        found = np.array(made, np.float64)
        frames = min(ssim_map(one, other).mean() for one, other in zip(found, ideal, strict=True))
        rows = range(8, height - 8, 4)
        slices = np.mean([ssim_map(found[:, row], ideal[:, row]).mean() for row in rows])
        print(f"{name:34}{frames:20.4f}{slices:20.4f}", flush=True)

    poses = [pose_at(motion, n / (SPAN - 1), framing).matrix() for n in part]
    made = by_camera(path, motion, width, height, SPAN)
    line("camera", [made[n] for n in part], poses)
    zooms = [1.15 ** (1 - n / (SPAN - 1)) for n in part]
    for factor in (1, 3):
        drawn = by_ffmpeg(path, zoompan("pull_out", factor, width, height, SPAN), width, height)
        name = "zoompan" + (f", {factor}x enlarged" if factor > 1 else "")
        line(name, [drawn[n] for n in part], [np.diag([1 / z, 1 / z, 1]) for z in zooms])


def reference(
    still: NDArray[np.float32], matrix: NDArray[np.float64], width: int, height: int
) -> NDArray[np.float64]:
    """Return the luma of a view, supersampled `SAMPLES` times along each axis."""
    rows, columns = still.shape
    big = (width * SAMPLES, height * SAMPLES)
    from_big = np.array(
        [
            [1 / big[0], 0, (1 - big[0]) / (2 * big[0])],
            [0, 1 / big[0], (1 - big[1]) / (2 * big[0])],
            [0, 0, 1],
        ]
    )
    to_still = np.array([[columns, 0, (columns - 1) / 2], [0, columns, (rows - 1) / 2], [0, 0, 1]])
    sampled = cv2.warpPerspective(
        still,
        to_still @ matrix @ from_big,
        big,
        flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    reduced = Image.fromarray(sampled).resize((width, height), Image.Resampling.LANCZOS)
    return 16 + np.asarray(reduced, np.float64) * 219 / 255


def make_card(path: Path, width: int, height: int) -> tuple[Path, NDArray[np.float64]]:
    """Write a dark card with soft dots; return their positions in widths from the middle."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    level = np.full((height, width), 40, np.float32)
    centres = []
    spacing = 120
    for row in range(height % spacing // 2 + spacing, height - spacing, spacing):
        for column in range(width % spacing // 2 + spacing, width - spacing, spacing):
            window = np.s_[row - 40 : row + 41, column - 40 : column + 41]
            level[window] += 200 * np.exp(
                -((x[window] - column) ** 2 + (y[window] - row) ** 2) / (2 * 8.0**2)
            )
            centres.append(((column - (width - 1) / 2) / width, (row - (height - 1) / 2) / width))
    Image.fromarray(level.round().astype(np.uint8)).convert("RGB").save(path)
    return path, np.array(centres)


def make_grain(path: Path, width: int, height: int) -> Path:
    """Write noise down to the finest detail, with the spectrum of a photograph."""
    noise = np.fft.rfft2(np.random.default_rng(5).normal(size=(height, width)))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    texture = np.fft.irfft2(noise / np.maximum(frequency, 1e-3), s=(height, width))
    levels = np.clip(128 + 40 * texture / texture.std(), 0, 255).round()
    Image.fromarray(levels.astype(np.uint8)).convert("RGB").save(path)
    return path


def by_camera(still: Path, motion: Motion, width: int, height: int, frames: int) -> list[Luma]:
    shot = Shot(
        width, height, Fraction(24), frames, 0, 0, 0, frames, (Keyframe(still, 0),), motion=motion
    )
    made = run_renderer.frames(CameraRenderer({}, "standard"), shot, lambda *_: None)
    return [frame[:height].copy() for frame in made]  # type: ignore[misc]


def dot_positions(
    motion: Motion, share: float, dots: NDArray[np.float64], width: int, height: int
) -> NDArray[np.float64]:
    """Return the ideal positions of the dots in a frame, in pixels."""
    inverse = np.linalg.inv(pose_at(motion, share, cover_framing(16 / 9, height / width)).matrix())
    projected = np.column_stack([dots, np.ones(len(dots))]) @ inverse.T
    return np.asarray(
        projected[:, :2] / projected[:, 2:] * width + ((width - 1) / 2, (height - 1) / 2),
        np.float64,
    )


def zoompan(move: str, factor: int, width: int, height: int, frames: int) -> str:
    """Return the usual ``zoompan`` filter for a similar move."""
    last = frames - 1
    if move in ("push_in", "pull_out"):
        share = f"on/{last}" if move == "push_in" else f"1-on/{last}"
        path = f"z='pow(1.15,{share})':x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2'"
    else:
        path = f"z=1.15:x='(iw-iw/zoom)*on/{last}':y='ih/2-ih/zoom/2'"
    enlarged = f"scale={width * 4 // 3 * factor}:-1:flags=lanczos,"
    return f"{enlarged}zoompan={path}:d={frames}:s={width}x{height}:fps=24,format=gray"


def by_ffmpeg(still: Path, graph: str, width: int, height: int) -> list[Luma]:
    raw = subprocess.run(
        [ffmpeg_path(), "-v", "error", "-i", still, "-vf", graph, "-f", "rawvideo", "-"],
        capture_output=True,
        check=True,
    ).stdout
    return list(np.frombuffer(raw, np.uint8).reshape(-1, height, width))  # type: ignore[arg-type]


def track(frames: list[Luma], near: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Track dots through the frames: shape ``(frames, dots, 2)``, NaN near the frame's sides.

    A dot is at the fixed point of its centroid under Gaussian weights, which depends neither on
    whole pixels nor on the start of the search.
    """
    height, width = frames[0].shape
    found = np.full((len(frames), len(near[0]), 2), np.nan)
    for index, frame in enumerate(frames):
        for dot, (x, y) in enumerate(near[index]):
            if 2 * RADIUS < x < width - 2 * RADIUS and 2 * RADIUS < y < height - 2 * RADIUS:
                found[index, dot] = find_dot(frame, float(x), float(y))
    return found


def find_dot(frame: Luma, x: float, y: float) -> tuple[float, float]:
    """Return the position of the dot near a point; (nan, nan) if the search does not converge."""
    across = np.arange(-RADIUS, RADIUS + 1, dtype=np.float64)
    left, top = round(x), round(y)
    patch = frame[top - RADIUS : top + RADIUS + 1, left - RADIUS : left + RADIUS + 1]
    weight = patch.astype(np.float64) - BACKGROUND
    for _ in range(60):
        over_x = np.exp(-((across + left - x) ** 2) / (2 * WINDOW**2))
        over_y = np.exp(-((across + top - y) ** 2) / (2 * WINDOW**2))
        total = over_y @ weight @ over_x
        step_x = over_y @ weight @ (over_x * across) / total + left - x
        step_y = (over_y * across) @ weight @ over_x / total + top - y
        x, y = x + step_x, y + step_y
        if max(abs(step_x), abs(step_y)) < 1e-5:
            return x, y
    return np.nan, np.nan


def sharpness(frames: list[Luma]) -> NDArray[np.float64]:
    """Return the strength of the finest detail, frame by frame."""
    return np.array(
        [
            cv2.Laplacian(frame.astype(np.float64), cv2.CV_64F)[16:-16, 16:-16].std()
            for frame in frames
        ]
    )


def report(
    name: str,
    off: float | None,
    tracks: NDArray[np.float64],
    detail: NDArray[np.float64],
    seconds: float,
) -> None:
    """Print a line; jitter is the deviation of a dot's path from a polynomial in time."""
    time = np.linspace(-1, 1, len(tracks))
    whole = tracks[:, ~np.isnan(tracks).any(axis=(0, 2))].reshape(len(tracks), -1)
    rest = whole - np.polynomial.chebyshev.chebval(
        time, np.polynomial.chebyshev.chebfit(time, whole, 5)
    ).T.reshape(whole.shape)
    jitter = float(np.sqrt(np.mean(rest**2)))
    line = np.polynomial.chebyshev.chebval(time, np.polynomial.chebyshev.chebfit(time, detail, 3))
    breathing = float(np.sqrt(np.mean((detail / line - 1) ** 2)))
    error = f"{off:6.3f} px" if off is not None else ""
    print(
        f"{name:34}{error:>9}{jitter:6.3f} px{breathing * 100:9.2f} %{seconds * 1e3:8.1f} ms",
        flush=True,
    )


def timed(make: Callable[[], list[Luma]]) -> tuple[list[Luma], float]:
    """Return a function's result and its CPU time, child processes included."""
    before = cpu_seconds()
    made = make()
    return made, cpu_seconds() - before


if __name__ == "__main__":
    main()
