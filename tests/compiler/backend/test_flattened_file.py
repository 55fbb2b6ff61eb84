"""The flattened file: atomic, tagged, of the timeline's size and rate."""

from __future__ import annotations

import threading
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import pytest
from otio_gvideo.compiler.backend.flatten import flatten
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.errors import InputError, WorkError
from otio_gvideo.compiler.media.ffmpeg import input_args, run
from otio_gvideo.compiler.media.probe import probe
from otio_gvideo.compiler.timeline.rate import time_range
from otio_gvideo.renderers.files.atomic_file import SCRATCH

from .frame_stamps import FAST, HEIGHT, WIDTH, planes, read_stamps, write_stamped
from .reels import FPS, Shown, clip, flat, of, reel, stills


def test_progress_ends_at_the_last_frame(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    threads = set()

    def note(done: int, total: int) -> None:
        calls.append((done, total))
        threads.add(threading.get_ident())

    timeline = reel(tmp_path, [Shown(5, 20), Shown(5, 20, "dissolve", 6)])
    flatten(timeline, tmp_path / "reel.mp4", spec=OutputSpec(FAST), on_progress=note)
    assert calls[-1] == (40, 40)
    assert calls == sorted(calls)
    assert threads == {threading.get_ident()}


def test_size_and_rate_come_from_the_timeline(tmp_path: Path) -> None:
    timeline = reel(tmp_path, [Shown(5, 20)], Fraction(30))
    result = flatten(timeline, tmp_path / "a.mp4", spec=OutputSpec(FAST))
    assert (result.frames, result.fps) == (20, 30)
    video = probe(tmp_path / "a.mp4").video
    assert video is not None
    assert (video.width, video.height) == (WIDTH, HEIGHT)
    timeline.metadata["otio_gvideo"] = {"output": {"width": 64, "height": 96, "fps": "24/1"}}
    result = flatten(timeline, tmp_path / "b.mp4", spec=OutputSpec(FAST))
    assert (result.frames, result.fps) == (16, 24)
    video = probe(tmp_path / "b.mp4").video
    assert video is not None
    assert (video.width, video.height) == (64, 96)


def test_relative_media_are_found_in_media_root(tmp_path: Path) -> None:
    write_stamped(tmp_path / "a.mp4", 1, 20, FPS)
    timeline = of(clip(Path("a.mp4"), 0, 20))
    flatten(timeline, tmp_path / "reel.mp4", media_root=tmp_path, spec=OutputSpec(FAST))
    assert read_stamps(tmp_path / "reel.mp4") == list(range(1, 21))


def test_the_file_has_tags_a_title_and_a_fast_start(each_ffmpeg: str, tmp_path: Path) -> None:
    timeline = reel(tmp_path, [Shown(5, 40), Shown(5, 40)])
    timeline.name = "A [light]; one = two # 50%\\ \n 🎬"
    for name, start in (("in = the; #beginning", 0), ("later\\", 40)):
        timeline.tracks.markers.append(
            otio.schema.Marker(name=name, marked_range=time_range(start, 40, FPS))
        )
    flat(timeline, tmp_path)
    data = (tmp_path / "reel.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(tmp_path / "reel.mp4")) as container:
        assert container.metadata["title"] == timeline.name
        assert "otio-gvideo" in container.metadata["encoder"]
        chapters = [
            (c["metadata"]["title"].rstrip(), round(c["start"] * c["time_base"] * FPS, 1))
            for c in container.chapters()
        ]
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("aac", 48000, 2)
        assert video.start_time * video.time_base == 0
        assert abs(audio.duration * audio.time_base - 80 / FPS) < 1 / FPS
    assert chapters == [("in = the; #beginning", 0), ("later\\", 40)]
    info = probe(tmp_path / "reel.mp4").video
    assert info is not None
    assert (info.colors, info.fps, info.pixel_format) == ((1, 1, 1, 1), FPS, "yuv420p")
    run([*input_args(tmp_path / "reel.mp4"), "-xerror", "-f", "null", "-"], what="decoding")


@pytest.mark.posix
def test_special_characters_in_file_names_are_harmless(each_ffmpeg: str, tmp_path: Path) -> None:
    folder = tmp_path / "-it's, a [long]: 100%d 'näme' ;🎬\nsecond line"
    folder.mkdir()
    timeline = reel(folder, [Shown(0, 10), Shown(2, 10, "dissolve", 4)])
    timeline.tracks[0].append(clip(stills(folder, "red")[0], 0, 5))
    assert flat(timeline, folder).frames == 25
    assert len(read_stamps(folder / "reel.mp4")) == 25


def test_a_rejected_timeline_leaves_no_file(tmp_path: Path) -> None:
    timeline = reel(tmp_path, [Shown(0, 10), Shown(0, 10)])
    for index in (0, 1):
        (tmp_path / f"clip{index}.mp4").unlink()
    for child in timeline.tracks[0]:
        child.source_range = None
        child.media_reference.available_range = None
    with pytest.raises(InputError, match="has no length"):
        flat(timeline, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, WorkError("no")])
def test_an_interrupt_leaves_no_partial_file(error: BaseException, tmp_path: Path) -> None:
    timeline = reel(tmp_path, [Shown(5, 20), Shown(5, 20, "dissolve", 6)])
    (tmp_path / "reel.mp4").write_bytes(b"the old one")

    def fail(done: int, total: int) -> None:
        raise error

    with pytest.raises((KeyboardInterrupt, WorkError)):
        flatten(timeline, tmp_path / "reel.mp4", spec=OutputSpec(FAST), on_progress=fail)
    assert (tmp_path / "reel.mp4").read_bytes() == b"the old one"
    assert {path.name for path in tmp_path.iterdir()} == {"reel.mp4", "clip0.mp4", "clip1.mp4"}


def test_scratch_folders_of_killed_processes_are_deleted(tmp_path: Path) -> None:
    (tmp_path / f"{SCRATCH}00000000" / "tmp").mkdir(parents=True)
    flat(reel(tmp_path, [Shown(0, 5)]), tmp_path)
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_long_spans_are_encoded_in_parallel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otio_gvideo.compiler.backend.segments.plan.MAX_SEGMENT_S", 1)
    media = write_stamped(tmp_path / "a.mp4", 0, 100, FPS)
    made = otio.schema.Clip(
        "a", otio.schema.ExternalReference(str(media)), time_range(0, 100, Fraction(24))
    )
    result = flatten(
        of(made), tmp_path / "b.mp4", spec=OutputSpec(replace(FAST, preset="superfast"))
    )
    assert result.segments.encoded_segments == 0  # one set of headers: all frames are copied
    made.effects.append(otio.schema.LinearTimeWarp("same", time_scalar=1.0))
    half = otio.schema.ExternalReference(str(media))
    timeline = of(otio.schema.Clip("a", half, time_range(0, 100, FPS)))
    timeline.metadata["otio_gvideo"] = {"output": {"width": 64, "height": 96}}
    result = flatten(timeline, tmp_path / "b.mp4", spec=OutputSpec(FAST))
    assert result.segments.encoded_segments == 5
    assert len(list(planes(tmp_path / "b.mp4"))) == 100


def test_a_silent_reel_still_has_a_sound_track(tmp_path: Path) -> None:
    result = flat(reel(tmp_path, [Shown(0, 24)]), tmp_path)
    assert result.loudness_lufs is None
    with av.open(str(tmp_path / "reel.mp4")) as container:
        samples = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    assert abs(len(samples) / 48000 - 1) < 1 / 24
    assert float(np.abs(samples).max()) < 1e-3


@pytest.mark.parametrize("size", [(95, 160), (2, 2)])
def test_odd_and_tiny_sizes_are_rejected(size: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be encoded"):
        flatten(reel(tmp_path, [Shown(0, 5)]), tmp_path / "a.mp4", size=(size[0], size[1]))
