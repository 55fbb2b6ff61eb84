"""Every transition, flattened: frames, direction, colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.backend.encode.transitions import DIPS, SLIDES, XFADE_NAMES
from PIL import Image

from .frame_stamps import HEIGHT, WIDTH, planes
from .reels import clip, flat, of, stills, transition

NAMES = sorted({*XFADE_NAMES, *SLIDES, *DIPS, "radial", "smoothleft", "circlecrop"})
LENGTH, BODY = 9, 12


@pytest.fixture(scope="module")
def all_transitions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[NDArray[np.int16]]]:
    """The frames of each transition from white to blue, with two frames before and after."""
    folder = tmp_path_factory.mktemp("transitions")
    white, blue = stills(folder, "white", "blue")
    children: list[otio.core.Composable] = []
    for name in NAMES:
        children += [clip(white, 9, BODY), transition(name, LENGTH), clip(blue, 9, BODY)]
    assert flat(of(*children), folder).frames == 2 * BODY * len(NAMES)
    frames = [luma.astype(np.int16) for luma in planes(folder / "reel.mp4")]
    first = BODY - LENGTH // 2 - 2
    return {name: frames[2 * BODY * n + first :][: LENGTH + 4] for n, name in enumerate(NAMES)}


@pytest.mark.parametrize("name", NAMES)
def test_a_transition_takes_exactly_its_frames(
    name: str, all_transitions: dict[str, list[NDArray[np.int16]]]
) -> None:
    frames = all_transitions[name]
    levels = [float(luma.mean()) for luma in frames]
    assert all(abs(levels[n] - levels[0]) < 2 for n in (0, 1))
    assert all(abs(levels[n] - levels[-1]) < 2 for n in (-2, -1))
    assert levels[1] > 230
    assert levels[-2] < 45
    inside = levels[2:-2]
    assert any(abs(level - levels[0]) > 20 and abs(level - levels[-1]) > 20 for level in inside)
    if name in {*SLIDES, *DIPS, "dissolve", "wipe_up", "push_left", "zoom_in"}:
        assert levels[1] - levels[2] > 4 or name == "fade_white"
        assert abs(levels[-3] - levels[-2]) > 4


@pytest.mark.parametrize(
    ("direction", "uncovered"),
    [("left", "right"), ("right", "left"), ("up", "bottom"), ("down", "top")],
)
@pytest.mark.parametrize("kind", ["wipe", "slide", "push"])
def test_the_new_picture_moves_in_the_direction_of_the_name(
    kind: str,
    direction: str,
    uncovered: str,
    all_transitions: dict[str, list[NDArray[np.int16]]],
) -> None:
    frame = all_transitions[f"{kind}_{direction}"][2 + 2]
    sides = {
        "left": frame[:, : WIDTH // 4],
        "right": frame[:, -WIDTH // 4 :],
        "top": frame[: HEIGHT // 4],
        "bottom": frame[-HEIGHT // 4 :],
    }
    assert min(sides, key=lambda side: float(sides[side].mean())) == uncovered


def test_a_push_moves_the_old_picture_and_a_slide_does_not(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0, 255, WIDTH, dtype=np.uint8), (HEIGHT, 1))
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    (blue,) = stills(tmp_path, "blue")
    left = {}
    for name in ("slide_left", "push_left", "wipe_left"):
        flat(
            of(clip(tmp_path / "ramp.png", 9, 12), transition(name, 9), clip(blue, 9, 12)), tmp_path
        )
        left[name] = float(list(planes(tmp_path / "reel.mp4"))[12][:, :8].mean())
    assert left["slide_left"] < 40 > left["wipe_left"]
    assert left["push_left"] > 100


def test_a_dip_reaches_its_colour_in_the_middle(
    all_transitions: dict[str, list[NDArray[np.int16]]],
) -> None:
    assert all_transitions["fade_black"][2 + LENGTH // 2].max() <= 18
    assert all_transitions["fade_white"][2 + LENGTH // 2].min() >= 232


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("name", ["dissolve", "fade_black"])
def test_the_shortest_transitions(name: str, length: int, tmp_path: Path) -> None:
    white, blue = stills(tmp_path, "white", "blue")
    flat(of(clip(white, 9, 5), transition(name, length), clip(blue, 9, 5)), tmp_path)
    levels = [float(luma.mean()) for luma in planes(tmp_path / "reel.mp4")]
    before = length // 2
    assert len(levels) == 10
    assert all(level > 230 for level in levels[: 5 - before])
    assert all(level < 45 for level in levels[5 + length - before :])
    if name == "dissolve":
        shares = [(k + 1) / (length + 1) for k in range(length)]
        wanted = [levels[0] + share * (levels[-1] - levels[0]) for share in shares]
        assert levels[5 - before :][:length] == pytest.approx(wanted, abs=3)
