"""How well and how fast frames are made between frames, beside ffmpeg's ``minterpolate``.

    python benchmarks/interpolate.py [--width 540] [--rife FILE.onnx] [--out FOLDER]

The test clip has 24 frames a second and everything that is hard: a still that is panned over and
pushed into, in front of it a piece of another still that turns as it crosses the picture and hides
what is behind it, a second thing that comes the other way, and in the middle a cut. The same at 8
fps (as SVD and AnimateDiff make frames) and at 16 fps (as Wan does) is turned into 24 fps, and what
was made is held against what is there: the peak signal to noise ratio over all three channels, as
the mean over the made frames, and processor time for a made frame. The worst frame is that beside
the cut at 8 fps: nothing in the frames says on which side of it the cut was. ``minterpolate`` runs
as it does without options (``mci``), and as its fast ``blend``. Raw frames go in and come out of
either; no encoder takes part.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from otio_gvideo.compiler.media.find_ffmpeg import ffmpeg_path
from otio_gvideo.renderers.fit.interpolate import interpolator_for, retime

Frame = NDArray[np.uint8]
STILLS = Path(__file__).parent.parent / "examples" / "lighthouse" / "keyframes"
FPS = Fraction(24)
SCENES = (("ship", "lamp", "home"), ("dusk", "stairs", "gale"))
"""For each scene a background and the stills that two moving things are cut out of."""
SCENE_FRAMES = 37


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=540, help="of the frames; they are 9:16")
    parser.add_argument("--rife", type=Path, help="a RIFE network as ONNX, to be tried as well")
    parser.add_argument("--out", type=Path, help="write made frames there, to be looked at")
    arguments = parser.parse_args()
    width = arguments.width // 2 * 2
    truth = test_clip(width, width * 16 // 9 // 2 * 2)
    print(f"{len(truth)} frames of {width}x{truth[0].shape[0]}, a cut at {SCENE_FRAMES}")
    print(f"{'':24}{'PSNR':>10}{'worst':>10}{'of a frame':>14}{'wall':>12}")
    for native_fps in (Fraction(8), Fraction(16)):
        kept = [n for n in range(len(truth)) if (n * native_fps / FPS).denominator == 1]
        given = [n * FPS / native_fps for n in range(int(kept[-1] * native_fps / FPS) + 1)]
        # Every second frame of 16 fps lies between two of the clip's, and is drawn for itself.
        native = [frame_at(float(at), width, truth[0].shape[0]) for at in given]
        made_places = [n for n in range(kept[-1]) if n not in kept]
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
            started, before = time.perf_counter(), processor_time()
            made = way()
            wall, spent = time.perf_counter() - started, processor_time() - before
            # ffmpeg holds the last interval back.
            places = [n for n in made_places if n < len(made)]
            errors = [float(np.mean((made[n].astype(int) - truth[n]) ** 2)) for n in places]
            each = 10 * np.log10(255**2 / np.array(errors))
            psnr, worst = float(each.mean()), float(each.min())
            found[name] = (psnr, spent / len(made_places))
            print(
                f"{int(native_fps):3} to 24, {name:20}{psnr:7.2f} dB{worst:7.2f} dB"
                f"{spent / len(made_places) * 1e3:11.1f} ms{wall / len(made_places) * 1e3:9.1f} ms",
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
    """Two scenes of RGB frames, a cut between them."""
    return [frame_at(float(n), width, height) for n in range(2 * SCENE_FRAMES)]


def frame_at(at: float, width: int, height: int) -> Frame:
    """The clip's picture at any instant, counted in frames; drawn from the stills each time."""
    scene = SCENES[0 if at < SCENE_FRAMES else 1]
    share = (at % SCENE_FRAMES) / SCENE_FRAMES
    across = 1 if scene is SCENES[0] else -1
    zoom = 1.25 + 0.2 * share
    centre = (0.5 + across * 0.06 * (share - 0.5), 0.5)
    picture = drawn(scene[0], (width, height), centre, zoom, 0.0)[0]
    things = (
        (scene[1], (0.5 + across * 0.9 * (share - 0.5), 0.38 + 0.1 * share), 50 * share, 0.16),
        (scene[2], (0.5 - across * 0.6 * (share - 0.5), 0.72 - 0.15 * share), 0.0, 0.11),
    )
    for still, place, angle, radius in things:
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
    """A still, seen so that its point ``centre`` lies at ``place``, and the pixels' coordinates."""
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
    """A still as RGB of about the size it is shown at."""
    if (still, width) not in _LOADED:
        image = cv2.cvtColor(cv2.imread(str(STILLS / f"{still}.jpg")), cv2.COLOR_BGR2RGB)
        wide = round(width * 1.4)
        small = cv2.resize(
            image, (wide, wide * image.shape[0] // image.shape[1]), interpolation=cv2.INTER_AREA
        )
        _LOADED[still, width] = small.astype(np.float32)
    return _LOADED[still, width]


def minterpolate(frames: list[Frame], fps: Fraction, mode: str) -> list[Frame]:
    """What ffmpeg's filter makes of frames."""
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
    """Write frames as pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{number:03}.png"), cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))


def processor_time() -> float:
    """Seconds of this process and its children."""

    def of(who: int) -> Iterator[float]:
        usage = resource.getrusage(who)
        yield usage.ru_utime
        yield usage.ru_stime

    return sum((*of(resource.RUSAGE_SELF), *of(resource.RUSAGE_CHILDREN)))


if __name__ == "__main__":
    main()
