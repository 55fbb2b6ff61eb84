"""The reel of `reel.py`: stills of the example, with pushes, pans and tilts."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import yaml

EXAMPLE = Path(__file__).parent.parent / "examples" / "lighthouse"
STILLS = ("stairs", "storm", "ship", "lamp", "home", "sail", "dusk", "stars")
MOVES = (
    "push_in",
    "pan_right",
    "pull_out",
    "tilt_up",
    "pan_left",
    "push_in",
    "tilt_down",
    "pan_right",
)
SCENE_S, DISSOLVE_S = 4.0, 0.5
FPS, WIDTH, HEIGHT = 24, 1080, 1920


def write_script(folder: Path, scenes: int) -> Path:
    """Write a script of silent beats."""
    shutil.copytree(EXAMPLE / "keyframes", folder / "keyframes")
    written = []
    for number, (still, move) in zip(
        range(scenes), itertools.cycle(zip(STILLS, MOVES, strict=True)), strict=False
    ):
        written.append(
            {
                "id": f"{number:03}-{still}",
                "duration": SCENE_S,
                "keyframe": f"keyframes/{still}.jpg",
                "motion": {"camera": move},
                "renderer": "camera",
                "transition": {"type": "dissolve", "duration": DISSOLVE_S}
                if number
                else {"type": "cut"},
            }
        )
    path = folder / "reel.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "title": "Benchmark", "scenes": written}))
    return path
