"""Segments are reused wherever they move, and verified; their keys never change."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
from otio_gvideo.compiler.backend.audio.mix import AudioTrack, Clip, Mix
from otio_gvideo.compiler.backend.encode.encoder_settings import Encoding
from otio_gvideo.compiler.backend.segments.store import VERSION, key_of
from otio_gvideo.compiler.backend.spans.frame_content import (
    Bars,
    ColourContent,
    ImageContent,
    OverlayContent,
    SlateContent,
    TransitionContent,
    TransparentContent,
    VideoContent,
)
from otio_gvideo.compiler.media.find_ffmpeg import ffmpeg_version
from otio_gvideo.compiler.timeline.rate import time_range

from ..frame_stamps import read_stamps, write_stamped
from ..reels import FPS, clip_of, dissolve, flat_to, of


def texts(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_a_segment_is_reused_at_another_position(media: list[Path], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    a, b, c = media

    def timeline(first: int) -> otio.schema.Timeline:
        return of(
            clip_of(a, 10, first), clip_of(a, 10, 30), dissolve(8), clip_of(b, 10, 40), dissolve(8),
            clip_of(c, 14, 30),
        )  # fmt: skip

    first = flat_to(timeline(20), tmp_path / "reel.mp4", segments=kept)
    encoded = first.segments.encoded_segments
    assert (encoded >= 2, first.segments.reused_segments) == (True, 0)
    before = (tmp_path / "reel.mp4").read_bytes()
    names = {path.name for path in kept.iterdir()}
    again = flat_to(timeline(20), tmp_path / "reel.mp4", segments=kept)
    assert (again.segments.encoded_segments, again.segments.reused_segments) == (0, encoded)
    assert (tmp_path / "reel.mp4").read_bytes() == before
    moved = flat_to(timeline(25), tmp_path / "reel.mp4", segments=kept)
    assert (moved.segments.encoded_segments, moved.segments.reused_segments) == (0, encoded)
    assert len(read_stamps(tmp_path / "reel.mp4")) == 125
    changed = timeline(25)
    changed.tracks[0][-1].source_range = time_range(16, 30, FPS)
    other = flat_to(changed, tmp_path / "reel.mp4", segments=kept)
    assert (other.segments.encoded_segments, other.segments.reused_segments) == (2, encoded - 2)
    assert names <= {path.name for path in kept.iterdir()}


@pytest.mark.parametrize("kind", ["bit", "zeros", "short", "empty", "other"])
def test_damaged_segments_are_reported_and_encoded_again(
    media: list[Path], tmp_path: Path, kind: str
) -> None:
    kept = tmp_path / "kept"
    timeline = of(clip_of(media[0], 10, 30), dissolve(8), clip_of(media[1], 10, 40))
    timeline.tracks.append(otio.schema.Track("A1", kind=otio.schema.TrackKind.Audio))
    flat_to(timeline, tmp_path / "reel.mp4", segments=kept)
    before = (tmp_path / "reel.mp4").read_bytes()
    names = sorted(path.name for path in kept.iterdir())
    assert {name.split("-")[0] for name in names} >= {"headers", "sound"}
    (kept / "own file.mp4").write_text("of the user")
    for name in names:
        path, content = kept / name, (kept / name).read_bytes()
        middle = len(content) // 2
        damaged = {
            "bit": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
            "zeros": content[:middle] + bytes(len(content) - middle),
            "short": content[:middle],
            "empty": b"",
            "other": next(p for p in kept.iterdir() if p.name != name).read_bytes(),
        }[kind]
        state = path.stat()
        path.write_bytes(damaged)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
        (tmp_path / "reel.mp4").unlink()
        result = flat_to(timeline, tmp_path / "reel.mp4", segments=kept)
        assert result.warnings == (f"{name} was damaged; it is encoded again",)
        assert (tmp_path / "reel.mp4").read_bytes() == before
        assert {path.name for path in kept.iterdir()} == {*names, "own file.mp4"}


def test_media_that_changed_are_encoded_again(media: list[Path], tmp_path: Path) -> None:
    own = shutil.copy(media[0], tmp_path / "own.mp4")
    timeline = of(clip_of(own, 10, 30), dissolve(8), clip_of(media[1], 10, 40))
    flat_to(timeline, tmp_path / "a.mp4", segments=tmp_path / "kept")
    write_stamped(own, 256, 60, FPS, (10, 50))
    result = flat_to(timeline, tmp_path / "a.mp4", segments=tmp_path / "kept")
    assert result.segments.encoded_segments == 1
    assert read_stamps(tmp_path / "a.mp4")[0] == 266


def test_unused_segments_are_evicted(media: list[Path], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for start in range(10, 22, 2):
        timeline = of(clip_of(media[0], start, 30), dissolve(8), clip_of(media[1], 10, 40))
        flat_to(timeline, tmp_path / "a.mp4", segments=kept)
        for path in kept.iterdir():
            os.utime(path, ns=(0, path.stat().st_mtime_ns - 10**9))
    flat_to(timeline, tmp_path / "a.mp4", segments=tmp_path / "alone")
    needed = sum(path.stat().st_size for path in (tmp_path / "alone").iterdir())
    assert needed < sum(path.stat().st_size for path in kept.iterdir()) <= 2 * needed


NOWHERE = Path("nowhere.mp4")
VIDEO = VideoContent(NOWHERE, Fraction(1, 3))
"""Keys hold names of fields, and names of classes as they were in the first release."""
EXPECTED = {
    TransparentContent(): ["Clear", {}],
    ColourContent((1, 2, 3, 255)): ["Solid", {"rgba": [1, 2, 3, 255]}],
    Bars("ebu"): ["Bars", {"standard": "ebu"}],
    SlateContent(("a", "b")): ["Slate", {"lines": ["a", "b"]}],
    ImageContent(NOWHERE): ["Still", {"path": "missing", "opaque": True}],
    VIDEO: [
        "Video",
        {
            "path": "missing",
            "start": "1/3",
            "speed": "1",
            "opaque": True,
            "fit": "cover",
            "focus": None,
        },
    ],
    TransitionContent("blur", TransparentContent(), Bars("ebu"), 8): [
        "Blend",
        {
            "name": "blur",
            "outgoing": ["Clear", {}],
            "incoming": ["Bars", {"standard": "ebu"}],
            "frames": 8,
            "done": 0,
            "rate": 1,
        },
    ],
    OverlayContent(Bars("ebu"), TransparentContent()): [
        "Over",
        {"upper": ["Bars", {"standard": "ebu"}], "lower": ["Clear", {}]},
    ],
    Encoding("hevc", "fast", 20, "hevc_qsv"): [
        "Encoding",
        {"codec": "hevc", "preset": "fast", "crf": 20, "encoder": "hevc_qsv"},
    ],
    Mix((AudioTrack((Clip(NOWHERE, 0, 48000, 5),), duck_db=6.0),), 48000, ((0.5, 0.75),)): [
        "Mix",
        {
            "tracks": [
                [
                    "AudioTrack",
                    {
                        "clips": [
                            [
                                "Clip",
                                {
                                    "path": "missing",
                                    "start": 0,
                                    "end": 48000,
                                    "source": 5,
                                    "fade_in": 0,
                                    "fade_out": 0,
                                    "speed": "1",
                                    "gain_db": 0.0,
                                    "levels": [],
                                    "linear_fades": [False, False],
                                },
                            ]
                        ],
                        "gain_db": 0.0,
                        "duck_db": 6.0,
                        "attack_s": 0.25,
                        "release_s": 0.5,
                        "role": "",
                        "fade_in_s": 0.0,
                        "fade_out_s": 0.0,
                    },
                ]
            ],
            "samples": 48000,
            "speech": [[0.5, 0.75]],
            "missing": [],
            "warnings": [],
        },
    ],
}


def test_keys_of_segments_never_change() -> None:
    for value, plain in EXPECTED.items():
        text = json.dumps([VERSION, ffmpeg_version(), plain], sort_keys=True)
        assert key_of({}, value) == hashlib.sha256(text.encode()).hexdigest()[:24], value
