"""`melt` plays every export frame for frame as `flatten` shows the timeline.

The media carry the number of each frame in their pixels.
"""

from __future__ import annotations

import shutil
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.api.export import export_timeline
from otio_gvideo.compiler.backend.flatten import flatten
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.editors.read_timeline import read_timeline
from otio_gvideo.compiler.media.ffmpeg import output_args, run
from otio_gvideo.compiler.timeline.rate import time, time_range

from ..backend.frame_stamps import FAST, HEIGHT, WIDTH, planes, read_stamps, write_stamped
from .test_melt import difference, play

FPS = Fraction(24)
Item = otio.core.Composable

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("melt") is None, reason="melt is not installed"),
]


def clip(
    start: float, frames: int, speed: float = 1, name: str = "a.mp4", rate: Fraction = FPS
) -> otio.schema.Clip:
    made = otio.schema.Clip(name, otio.schema.ExternalReference(name))
    made.source_range = otio.opentime.TimeRange(
        otio.opentime.RationalTime(start, float(rate)), time(frames, rate)
    )
    if speed == 0:
        made.effects.append(otio.schema.FreezeFrame())
    elif speed != 1:
        made.effects.append(otio.schema.LinearTimeWarp(time_scalar=speed))
    return made


def images(
    start: int,
    frames: int,
    speed: float = 1,
    *,
    step: int = 1,
    rate: int = 24,
    folder: str = "images",
) -> otio.schema.Clip:
    policy = otio.schema.ImageSequenceReference.MissingFramePolicy.hold
    made = clip(start, frames, speed)
    made.media_reference = otio.schema.ImageSequenceReference(
        *(folder, "shot.", ".png", 1001, step, rate, 4, policy),
        available_range=time_range(0, 40, Fraction(rate)),
    )
    return made


def gap(frames: int) -> otio.schema.Gap:
    return otio.schema.Gap(source_range=time_range(0, frames, FPS))


def blend(before: int, after: int) -> otio.schema.Transition:
    kind = otio.schema.TransitionTypes.SMPTE_Dissolve
    return otio.schema.Transition("dissolve", kind, time(before, FPS), time(after, FPS))


def track(*items: Item, start: int | None = None, frames: int = 0) -> otio.schema.Track:
    made = otio.schema.Track("V", items, kind=otio.schema.TrackKind.Video)
    made.source_range = None if start is None else time_range(start, frames, FPS)
    return made


def stack(
    *tracks: Item, start: int | None = None, frames: int = 0, speed: float = 1
) -> otio.schema.Stack:
    made = otio.schema.Stack("nested", tracks)
    made.source_range = None if start is None else time_range(start, frames, FPS)
    if speed != 1:
        made.effects.append(otio.schema.LinearTimeWarp(time_scalar=speed))
    return made


FLAT: dict[str, Callable[[], list[Item]]] = {
    "reversed": lambda: [clip(10, 6), clip(50, 8, -1), clip(20, 4)],
    "reversed at other speeds": lambda: [clip(11, 6, -2), clip(30, 7, -0.5), clip(40, 5, -3.3)],
    "retimed": lambda: [clip(11, 6, 2), clip(30, 7, 0.5), clip(40, 6, 1.5), clip(3, 9, 0.37)],
    "fast, from any frame": lambda: [clip(1, 5, 10), clip(2, 5, 10), clip(7, 5, 7), clip(9, 5)],
    "frozen": lambda: [clip(5, 4), clip(70, 6, 0), clip(30, 3), clip(119, 8, 0), clip(0, 4, 0)],
    "past the end": lambda: [clip(115, 10), clip(3, 4), clip(200, 5), clip(50, 3)],
    "past the end at other speeds": lambda: [clip(110, 9, 2), clip(90, 6, 10), clip(112, 9, -1)],
    "before the start": lambda: [clip(-4, 8), clip(-10, 6, 2), clip(-3, 7, -1), clip(60, 3)],
    "gaps": lambda: [gap(3), clip(10, 4, -1), gap(2), clip(9, 5, 2), gap(4)],
    "single frames": lambda: [clip(n * 9, 1, speed) for n, speed in enumerate((1, -1, 2, 0, -7))],
    "images": lambda: [images(0, 8), clip(5, 4), images(12, 9), images(35, 5)],
    "images, retimed": lambda: [images(5, 6, -1), images(7, 6, 2), images(9, 7, 0.5)],
    "images past the end": lambda: [images(36, 9), clip(2, 3), images(33, 6, 3)],
    "every second image": lambda: [images(0, 10, step=2), clip(3, 3), images(10, 8, -1, step=2)],
    "missing images": lambda: [images(12, 14, folder="holes"), images(12, 10, -1, folder="holes")],
    "images at half the rate": lambda: [images(4, 12, rate=12), clip(9, 3)],
    "media at other rates": lambda: [clip(3, 8, name="b.mp4"), clip(10, 7, -1, name="c.mp4")],
    "dissolves of retimed clips": lambda: [
        clip(30, 20, -1), blend(4, 4), clip(41, 20, 2), blend(3, 5), clip(100, 20, 0)
    ],
    "dissolves past the ends": lambda: [clip(105, 15), blend(4, 4), clip(2, 15, -1)],
    "fades from and to gaps, dissolved": lambda: [
        gap(6), blend(3, 4), clip(90, 20), blend(4, 3), gap(8), blend(2, 2), gap(3), clip(20, 9)
    ],
    "fades at the ends, dissolved": lambda: [
        stack(track(blend(0, 5), clip(30, 18, -1), blend(6, 0)))
    ],
    "media timecode": lambda: [
        clip(86430, 6, name="tc.mov"), clip(86410, 6, -1, name="tc.mov")
    ],
}  # fmt: skip
NESTED: dict[str, Callable[[], list[Item]]] = {
    "a nested track": lambda: [
        clip(3, 4), track(clip(20, 6), gap(2), clip(40, 6, -1)), clip(9, 4)
    ],
    "a range of a nested stack": lambda: [
        stack(track(clip(20, 20), clip(60, 20, 2)), start=15, frames=12), clip(9, 4)
    ],
    "a nested timeline twice": lambda: [
        stack(track(clip(20, 5), images(3, 4))), clip(1, 3), stack(track(clip(20, 5), images(3, 4)))
    ],
    "nested in nested": lambda: [
        stack(track(clip(7, 3), stack(track(clip(90, 8, -1), clip(2, 5)), start=4, frames=6)))
    ],
    "upper tracks of a nested timeline": lambda: [
        stack(track(clip(0, 20)), track(gap(5), clip(70, 6), gap(3), clip(30, 4)))
    ],
    "a nested timeline, retimed": lambda: [
        stack(track(clip(10, 10), clip(60, 20)), speed=2, start=4, frames=9),
        stack(track(clip(10, 10), clip(60, 20)), speed=-1, start=4, frames=12),
    ],
    "a dissolve into a nested timeline": lambda: [
        clip(10, 12), blend(3, 4), stack(track(clip(40, 30)), start=8, frames=14), blend(4, 2),
        clip(80, 10),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Media of 120 frames, 40 images from 1001 on, and the same without 1015 and 1016."""
    made = tmp_path_factory.mktemp("media")
    write_stamped(made / "a.mp4", 1, 120, FPS)
    write_stamped(made / "b.mp4", 1, 120, Fraction(25))
    write_stamped(made / "c.mp4", 1, 120, Fraction(30000, 1001))
    source = ("-i", str(made / "a.mp4"))
    timecode = output_args(made / "tc.mov", "-c", "copy", "-timecode", "01:00:00:00")
    run([*source, *timecode], what="making media")
    (made / "images").mkdir()
    numbered = ("-frames:v", "40", "-start_number", "1001")
    run([*source, *output_args(made / "images" / "shot.%04d.png", *numbered)], what="making images")
    shutil.copytree(made / "images", made / "holes")
    for number in (1015, 1016):
        (made / "holes" / f"shot.{number}.png").unlink()
    return made


GROUPS = {
    "flat": {name: make for name, make in FLAT.items() if "dissolve" not in name},
    "dissolves": {name: make for name, make in FLAT.items() if "dissolve" in name},
    "nested": NESTED,
}


@pytest.mark.parametrize("group", GROUPS)
def test_melt_plays_every_frame(group: str, folder: Path) -> None:
    """The timelines of a group follow each other, after a frame without a picture."""
    timeline = otio.schema.Timeline(group)
    timeline.metadata["otio_gvideo"] = {"output": {"width": WIDTH, "height": HEIGHT, "fps": "24/1"}}
    whole = track()
    names: dict[str, tuple[int, int]] = {}
    for name, make in GROUPS[group].items():
        whole.append(gap(1))
        begin = round(whole.available_range().duration.value)
        whole.extend(make())
        names[name] = begin, round(whole.available_range().duration.value)
    timeline.tracks.append(whole)
    path, flat = folder / f"{group}.otio", folder / f"{group}.mp4"
    timeline.to_json_file(str(path))
    flatten(read_timeline(path), flat, OutputSpec(FAST), media_root=folder)
    wanted = read_stamps(flat)
    for suffix in (".mlt", ".kdenlive"):
        exported = export_timeline(path, folder / f"{group}{suffix}")
        assert [one for one in exported.warnings if one.code != "range"] == []
        video = play(exported.path)
        shown = read_stamps(video)
        assert len(shown) == len(wanted)
        # Blends differ at their ends, where a number may still be read, or not.
        blends = {
            frame for name, span in names.items() if "dissolve" in name for frame in range(*span)
        }
        wrong = [
            (frame, *pair)
            for frame, pair in enumerate(zip(wanted, shown, strict=True))
            if pair[0] != pair[1] and not (frame in blends and None in pair)
        ]
        assert {
            (name, suffix): found
            for name, (begin, end) in names.items()
            if (found := [one for one in wrong if begin <= one[0] < end])
        } == {}
        assert wrong == []
        lumas = list(zip(planes(flat), planes(video), strict=True))
        for name in (name for name in names if "fade" in name):
            # The filter dims black, too.
            assert max(difference(*lumas[frame]) for frame in range(*names[name])) < 10
    readable = [frame for frame in wanted if frame is not None]
    assert len(readable) > len(wanted) / 2


def loudness(path: Path) -> NDArray[np.float64]:
    """Return the mean level of every eighth of a second."""
    with av.open(str(path)) as container:
        sound = np.concatenate([one.to_ndarray()[0] for one in container.decode(audio=0)])
    eighths = sound[: len(sound) // 6000 * 6000].reshape(-1, 6000)
    return np.asarray(np.abs(eighths).mean(axis=1))


def test_melt_plays_the_sound_of_retimed_clips_in_time(folder: Path) -> None:
    """A tone that gets louder each half second tells the place in the file."""
    steps = [np.sin(np.arange(24000) / 17) * (step + 1) * 1800 for step in range(10)]
    with wave.open(str(folder / "steps.wav"), "wb") as file:
        file.setparams((1, 2, 48000, 0, "NONE", ""))
        file.writeframes(np.concatenate(steps).astype("<i2").tobytes())
    uses = (
        *((0, 24, 1), (24, 48, -1), (12, 24, 2), (24, 24, 0.5), (100, 40, 1), (20, 24, 1)),
        *((50, 24, 0), (10, 30, -2), (100, 40, -1), (60, 26, 1)),
    )
    clips = [clip(start, frames, speed, "steps.wav") for start, frames, speed in uses]
    timeline = otio.schema.Timeline("sound")
    timeline.tracks.append(track(clip(0, 304, 0.25)))
    timeline.tracks.append(otio.schema.Track("A1", clips, kind="Audio"))
    path, flat = folder / "sound.otio", folder / "sound.mp4"
    timeline.to_json_file(str(path))
    flatten(read_timeline(path), flat, OutputSpec(FAST), media_root=folder)
    wanted = loudness(flat)
    for suffix in (".mlt", ".kdenlive"):
        played = loudness(play(export_timeline(path, folder / f"sound{suffix}").path))
        both = min(len(wanted), len(played))
        assert abs(len(wanted) - len(played)) <= 1
        mine, theirs = wanted[:both], played[:both]
        # `flatten` makes all of it as loud as reels are.
        theirs = theirs * (mine @ theirs) / (theirs @ theirs)
        assert np.abs(mine - theirs).max() < 0.05 * mine.max()
