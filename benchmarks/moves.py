"""A contact sheet of every move of a renderer over stills, to judge by eye.

    python benchmarks/moves.py OUT.jpg STILL[:DEPTH] ... [--renderer parallax] [--amount 0.3]

Each row is a move, from its first frame over its middle to its last, for each still side by side.
"""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from otio_gvideo.renderers.base import CAMERA_MOVES, Keyframe, Motion, Shot
from otio_gvideo.renderers.fit import run_renderer
from otio_gvideo.renderers.registry import renderer_class

WIDTH, HEIGHT = 540, 960
SHOWN = (0, 2, 4)
FRAMES = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("stills", nargs="+", metavar="STILL[:DEPTH]")
    parser.add_argument("--renderer", default="parallax")
    parser.add_argument("--amount", type=float, default=0.3)
    parser.add_argument("--width", type=int, default=108, help="of one frame on the sheet")
    given = parser.parse_args()
    size = (given.width, given.width * HEIGHT // WIDTH)
    rows = []
    for move in CAMERA_MOVES:
        frames = []
        for still in given.stills:
            image, _, depth = still.partition(":")
            made = shot(Path(image), Path(depth) if depth else None, Motion(move, given.amount))
            frames += [
                cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
                for frame in shown(given.renderer, made)
            ]
        rows.append(named(move, np.hstack(frames)))
    cv2.imwrite(str(given.out), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 82])


def shot(image: Path, depth: Path | None, motion: Motion) -> Shot:
    return Shot(
        width=WIDTH,
        height=HEIGHT,
        fps=Fraction(24),
        frames=FRAMES,
        head=0,
        tail=0,
        start=0,
        span=FRAMES,
        keyframes=(Keyframe(image, 0),),
        depth=depth,
        motion=motion,
    )


def shown(renderer: str, made: Shot) -> list[np.ndarray]:
    """Return the frames of the sheet, in BGR."""
    frames = run_renderer.frames(renderer_class(renderer)({}, "standard"), made, lambda *_: None)
    return [
        cv2.cvtColor(frame, cv2.COLOR_YUV2BGR_I420) for n, frame in enumerate(frames) if n in SHOWN
    ]


def named(move: str, row: np.ndarray) -> np.ndarray:
    """Return a row of frames under the move's name."""
    strip = np.full((18, row.shape[1], 3), 255, np.uint8)
    cv2.putText(strip, move, (3, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (60, 60, 60), 1, cv2.LINE_AA)
    return np.vstack([strip, row])


if __name__ == "__main__":
    main()
