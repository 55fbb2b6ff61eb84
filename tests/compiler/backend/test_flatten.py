"""Flattening shows every frame where the timeline has it, and copies what needs no encoding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from otio_gvideo.compiler.backend.flatten import FlattenResult, flatten
from otio_gvideo.compiler.backend.transitions import SLIDES, XFADE_NAMES
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.timeline.rate import time, time_range
from PIL import Image

from .stamped import FAST, HEIGHT, WIDTH, planes, read_stamps, write_stamped

FPS = Fraction(24)


@dataclass(frozen=True)
class Shown:
    """A clip of a test reel: media of 60 frames, a body from frame ``start`` on."""

    start: int
    frames: int
    transition: str = ""
    length: int = 0


def reel(folder: Path, clips: list[Shown], fps: Fraction = FPS) -> otio.schema.Timeline:
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for index, clip in enumerate(clips):
        path = folder / f"clip{index}.mp4"
        write_stamped(path, index * 64, 60, fps, (clip.start, clip.start + clip.frames))
        if clip.transition and index:
            kinds = otio.schema.TransitionTypes
            dissolve = clip.transition == "dissolve"
            track.append(
                otio.schema.Transition(
                    transition_type=kinds.SMPTE_Dissolve if dissolve else kinds.Custom,
                    in_offset=time(clip.length // 2, fps),
                    out_offset=time(clip.length - clip.length // 2, fps),
                    metadata={"otio_gvideo": {"transition": clip.transition}},
                )
            )
        track.append(
            otio.schema.Clip(
                f"clip{index}",
                otio.schema.ExternalReference(str(path), time_range(0, 60, fps)),
                time_range(clip.start, clip.frames, fps),
            )
        )
    timeline = otio.schema.Timeline("reel")
    timeline.tracks.append(track)
    return timeline


def flat(timeline: otio.schema.Timeline, folder: Path, fps: Fraction = FPS) -> FlattenResult:
    return flatten(
        timeline,
        folder / "reel.mp4",
        media_root=folder,
        width=WIDTH,
        height=HEIGHT,
        fps=fps,
        encoding=FAST,
    )


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(24000, 1001), Fraction(30)])
def test_cuts_are_copied_and_every_frame_is_the_right_one(tmp_path: Path, fps: Fraction) -> None:
    clips = [Shown(5, 20), Shown(0, 31), Shown(12, 7)]
    result = flat(reel(tmp_path, clips, fps), tmp_path, fps)
    assert (result.frames, result.copied_frames) == (58, 58)
    expected = [i * 64 + c.start + n for i, c in enumerate(clips) for n in range(c.frames)]
    assert read_stamps(tmp_path / "reel.mp4") == expected


def test_frames_have_evenly_spaced_times(tmp_path: Path) -> None:
    fps = Fraction(30000, 1001)
    flat(reel(tmp_path, [Shown(5, 20), Shown(3, 30, "dissolve", 8)], fps), tmp_path, fps)
    with av.open(str(tmp_path / "reel.mp4")) as container:
        stream = container.streams.video[0]
        times = [frame.pts * stream.time_base for frame in container.decode(stream)]
    assert times[0] == 0
    assert {late - early for early, late in pairwise(times)} == {1 / fps}


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(
    clips=st.lists(
        st.builds(
            Shown,
            st.integers(12, 20),
            st.integers(12, 25),
            st.sampled_from(["", "dissolve", "wipe_left", "slide_up"]),
            st.integers(2, 12),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_random_reels_show_the_frames_that_the_timeline_says(
    clips: list[Shown], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("reel")
    result = flat(reel(folder, clips), folder)
    stamps = read_stamps(folder / "reel.mp4")
    assert len(stamps) == result.frames == sum(clip.frames for clip in clips)
    position = 0
    for index, clip in enumerate(clips):
        into = clip.length - clip.length // 2 if clip.transition and index else 0
        following = clips[index + 1] if index + 1 < len(clips) else None
        out = following.length // 2 if following and following.transition else 0
        for n in range(into, clip.frames - out):
            assert stamps[position + n] == index * 64 + clip.start + n
        position += clip.frames


@pytest.mark.parametrize("name", sorted({*XFADE_NAMES, *SLIDES, "radial", "smoothleft"}))
def test_every_transition_turns_the_one_picture_into_the_other(name: str, tmp_path: Path) -> None:
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for colour in ("white", "blue"):
        Image.new("RGB", (90, 160), colour).save(tmp_path / f"{colour}.png")
    for colour in ("white", "blue"):
        still = otio.schema.ExternalReference(
            str(tmp_path / f"{colour}.png"), time_range(0, 40, FPS)
        )
        track.append(otio.schema.Clip(colour, still, time_range(10, 20, FPS)))
    track.insert(
        1,
        otio.schema.Transition(
            transition_type=otio.schema.TransitionTypes.Custom,
            in_offset=time(6, FPS),
            out_offset=time(6, FPS),
            metadata={"otio_gvideo": {"transition": name}},
        ),
    )
    timeline = otio.schema.Timeline("two")
    timeline.tracks.append(track)
    assert flat(timeline, tmp_path).frames == 40
    levels = [float(luma.mean()) for luma in planes(tmp_path / "reel.mp4")]
    assert levels[13] > 220
    assert levels[26] < 60
    assert all(abs(level - levels[0]) < 3 for level in levels[:14])
    assert all(abs(level - levels[-1]) < 3 for level in levels[26:])
    assert any(abs(a - b) > 4 for a, b in pairwise(levels[13:27]))


def test_wipes_and_slides_travel_the_way_they_are_named(tmp_path: Path) -> None:
    for name, side in (("wipe_left", "right"), ("slide_right", "left"), ("push_up", "bottom")):
        folder = tmp_path / name
        folder.mkdir()
        test_every_transition_turns_the_one_picture_into_the_other(name, folder)
        middle = list(planes(folder / "reel.mp4"))[16].astype(int)
        halves = {
            "left": middle[:, : WIDTH // 3].mean(),
            "right": middle[:, -WIDTH // 3 :].mean(),
            "top": middle[: HEIGHT // 3].mean(),
            "bottom": middle[-HEIGHT // 3 :].mean(),
        }
        assert min(halves, key=lambda part: halves[part]) == side, (name, halves)


def test_gaps_are_black(tmp_path: Path) -> None:
    timeline = reel(tmp_path, [Shown(5, 10), Shown(5, 10)])
    timeline.tracks[0].insert(1, otio.schema.Gap(source_range=time_range(0, 9, FPS)))
    assert flat(timeline, tmp_path).frames == 29
    levels = [luma.mean() for luma in planes(tmp_path / "reel.mp4")]
    assert max(levels[10:19]) < 3 < min(levels[:10])


def test_media_of_another_rate_show_the_frame_of_their_time(tmp_path: Path) -> None:
    path = write_stamped(tmp_path / "fast.mp4", 0, 60, Fraction(30))
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    media = otio.schema.ExternalReference(str(path), time_range(0, 60, Fraction(30)))
    track.append(otio.schema.Clip("fast", media, time_range(6, 24, FPS)))
    timeline = otio.schema.Timeline("rates")
    timeline.tracks.append(track)
    flat(timeline, tmp_path)
    shown = read_stamps(tmp_path / "reel.mp4")
    assert shown == [math.ceil(Fraction(6 + n, 24) * 30 - Fraction(1, 2)) for n in range(24)]


def test_awkward_file_names_are_only_names(tmp_path: Path) -> None:
    folder = tmp_path / "it's, a [long]: 100% 'näme' 🎬\nsecond line"
    folder.mkdir()
    assert flat(reel(folder, [Shown(0, 10), Shown(2, 10, "dissolve", 4)]), folder).frames == 20
    assert len(read_stamps(folder / "reel.mp4")) == 20


def test_everything_that_cannot_be_rendered_is_named(tmp_path: Path) -> None:
    timeline = reel(tmp_path, [Shown(0, 10), Shown(0, 10), Shown(0, 10)])
    (tmp_path / "clip0.mp4").unlink()
    timeline.tracks[0][1].effects.append(otio.schema.Effect("glow", "Glow"))
    timeline.tracks[0][2].media_reference = otio.schema.MissingReference()
    with pytest.raises(InputError) as caught:
        flat(timeline, tmp_path)
    text = str(caught.value)
    assert [problem.where for problem in caught.value.problems] == ["clip0", "clip1", "clip2"]
    assert "does not exist" in text
    assert "Glow" in text
    assert "no media" in text
    assert not (tmp_path / "reel.mp4").exists()


def test_a_silent_reel_still_has_a_sound_track(tmp_path: Path) -> None:
    result = flat(reel(tmp_path, [Shown(0, 24)]), tmp_path)
    assert result.loudness_lufs is None
    with av.open(str(tmp_path / "reel.mp4")) as container:
        samples = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    assert abs(len(samples) / 48000 - 1) < 1 / 24
    assert float(np.abs(samples).max()) < 1e-3
