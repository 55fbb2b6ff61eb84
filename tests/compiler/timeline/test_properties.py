"""All commands agree on the rate, the length and the size of a timeline."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.cli import main
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.timeline.properties import rate_and_frames, rate_of, size_of
from otio_gvideo.compiler.timeline.rate import time, time_range
from PIL import Image

from ..backend.frame_stamps import HEIGHT, WIDTH, write_stamped

FPS = Fraction(24)


def clip(
    frames: int, fps: float | Fraction = FPS, path: str = "a.mp4", name: str = "a"
) -> otio.schema.Clip:
    span = time_range(0, frames, Fraction(fps))
    return otio.schema.Clip(name, otio.schema.ExternalReference(path), span)


def track(*children: otio.core.Composable, kind: str = "Video") -> otio.schema.Track:
    made = otio.schema.Track(kind, kind=kind)
    made.extend(children)
    return made


def of(*tracks: otio.core.Composable) -> otio.schema.Timeline:
    timeline = otio.schema.Timeline("reel")
    timeline.tracks.extend(tracks)
    return timeline


def test_the_first_clip_does_not_decide_the_rate() -> None:
    mixed = of(track(clip(60, 30), clip(48), clip(48), clip(48)))
    assert rate_and_frames(mixed) == (24, 192)


def test_the_rate_is_one_that_holds_the_length_in_whole_frames() -> None:
    assert rate_and_frames(of(track(clip(24), clip(25, 25), clip(31, 30)))) == (30, 91)


def test_a_stated_rate_may_be_rounded_too() -> None:
    stated = of(track(clip(60, 30)))
    stated.metadata["otio_gvideo"] = {"output": {"fps": 23.98}}
    assert rate_of(stated) == Fraction(24000, 1001)


def test_without_pictures_the_sound_has_the_rate() -> None:
    assert rate_of(of(track(clip(50, 25), kind="Audio"))) == 25
    assert rate_of(of(track(clip(48000, 48000), kind="Audio"))) == 24


def test_a_clip_without_a_length_is_named(tmp_path: Path) -> None:
    bare = of(track(otio.schema.Clip("bare")))
    with pytest.raises(InputError, match=r"^reel: bare: has no length; give every clip"):
        rate_of(bare)
    with pytest.raises(InputError, match=r"cut\.otio: bare: has no length"):
        rate_and_frames(bare, tmp_path / "cut.otio")


@pytest.mark.parametrize("words", ["render", "export -o a.fcpxml", "init", "diff a.otio", "view"])
def test_each_command_names_the_file_of_a_clip_without_a_length(
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    otio.adapters.write_to_file(of(track(otio.schema.Clip("bare"))), "a.otio")
    command, *more = words.split()
    assert main([command, "a.otio", *more]) == 2
    said = capsys.readouterr().err
    assert said.endswith("a.otio: bare: has no length; give every clip a source_range\n")
    assert [path.name for path in tmp_path.iterdir()] == ["a.otio"]


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    write_stamped(folder / "a.mp4", 0, 12, FPS)
    Image.new("RGB", (33, 41), "red").save(folder / "still.png")
    for number in range(3):
        Image.new("RGB", (63, 20), "blue").save(folder / f"shot.{number:03}.png")
    (folder / "broken.mp4").write_bytes(b"x" * 100)
    return folder


def sequence(frames: int) -> otio.schema.Clip:
    reference = otio.schema.ImageSequenceReference(
        "", "shot.", ".png", start_frame=0, rate=24, frame_zero_padding=3,
        available_range=time_range(0, 3, FPS),
    )  # fmt: skip
    return otio.schema.Clip("shot", reference, time_range(0, frames, FPS))


def test_an_unstated_size_is_that_of_the_first_video(media: Path) -> None:
    still = clip(9, path="still.png")
    assert size_of(of(track(still)), media) == (1080, 1920)
    assert size_of(of(track(still, clip(9, path="broken.mp4"), clip(9))), media) == (WIDTH, HEIGHT)
    assert size_of(of(track(sequence(3), clip(9))), media) == (64, 20)
    assert size_of(of(track(clip(9)), track(sequence(3))), media) == (64, 20)
    later = track(otio.schema.Gap(source_range=time_range(0, 1, FPS)), sequence(3))
    assert size_of(of(track(clip(9)), later), media) == (WIDTH, HEIGHT)
    hidden = track(sequence(3))
    hidden.enabled = False
    assert size_of(of(track(clip(9)), hidden), media) == (WIDTH, HEIGHT)


def test_media_outside_the_range_do_not_decide_the_size(media: Path) -> None:
    trimmed = track(sequence(3), clip(9))
    trimmed.source_range = time_range(3, 9, FPS)
    assert size_of(of(trimmed), media) == (WIDTH, HEIGHT)
    inner = otio.schema.Stack("inner", source_range=time_range(3, 9, FPS))
    inner.append(track(sequence(3), clip(9)))
    assert size_of(of(inner), media) == (WIDTH, HEIGHT)


def test_half_a_stated_size_is_kept(media: Path) -> None:
    stated = of(track(sequence(3)))
    stated.metadata["otio_gvideo"] = {"output": {"height": 40}}
    assert size_of(stated, media) == (64, 40)


def test_a_start_time_settles_a_tie() -> None:
    tied = of(track(clip(24), clip(48, 48)))
    assert rate_of(tied) == 48
    tied.global_start_time = time(86400, FPS)
    assert rate_of(tied) == 24
