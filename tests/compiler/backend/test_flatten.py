"""A flattened file shows the frames of the timeline, and copies those that need no encoding."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from otio_gvideo.compiler.backend.encode.encoder import encode_frames
from otio_gvideo.compiler.backend.encode.encoder_settings import Encoding
from otio_gvideo.compiler.backend.flatten import flatten
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.media.ffmpeg import input_args, output_args, run
from otio_gvideo.compiler.media.probe import probe
from otio_gvideo.compiler.timeline.rate import time_range
from PIL import Image

from .frame_stamps import HEIGHT, WIDTH, planes, read_stamps, stamp, write_stamped
from .reels import FPS, Shown, clip, flat, of, reel, stills

# Frames.


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(24000, 1001), Fraction(30)])
def test_cuts_are_copied_and_every_frame_is_the_right_one(tmp_path: Path, fps: Fraction) -> None:
    clips = [Shown(5, 20), Shown(0, 31), Shown(12, 7)]
    result = flat(reel(tmp_path, clips, fps), tmp_path)
    assert (result.frames, result.segments.copied_frames, result.segments.copied_segments) == (
        58,
        58,
        3,
    )
    assert result.fps == fps
    expected = [i * 64 + c.start + n for i, c in enumerate(clips) for n in range(c.frames)]
    assert read_stamps(tmp_path / "reel.mp4") == expected


def test_both_versions_of_ffmpeg_join_copies_and_encodes(each_ffmpeg: str, tmp_path: Path) -> None:
    clips = [Shown(5, 30), Shown(12, 40, "dissolve", 8), Shown(12, 30, "slide_up", 7)]
    result = flat(reel(tmp_path, clips), tmp_path)
    stamps = read_stamps(tmp_path / "reel.mp4")
    assert len(stamps) == result.frames == 100
    assert result.segments.copied_frames >= 20
    assert stamps[:26] == list(range(5, 31))
    assert stamps[34:67] == list(range(64 + 16, 64 + 49))
    assert stamps[-26:] == list(range(128 + 16, 128 + 42))


def test_frames_have_evenly_spaced_times(tmp_path: Path) -> None:
    fps = Fraction(30000, 1001)
    flat(reel(tmp_path, [Shown(5, 20), Shown(3, 30, "dissolve", 8)], fps), tmp_path)
    with av.open(str(tmp_path / "reel.mp4")) as container:
        stream = container.streams.video[0]
        times = [frame.pts * stream.time_base for frame in container.decode(stream)]
    assert times[0] == 0
    assert {late - early for early, late in pairwise(times)} == {1 / fps}


def shown_frames(clips: list[Shown]) -> Iterator[tuple[int, int]]:
    """Yield every frame outside of transitions, and its expected stamp."""
    position = 0
    for index, shown in enumerate(clips):
        into = shown.length - shown.length // 2 if shown.transition and index else 0
        following = clips[index + 1] if index + 1 < len(clips) else None
        out = following.length // 2 if following and following.transition else 0
        for n in range(into, shown.frames - out):
            yield position + n, index * 64 + shown.start + n
        position += shown.frames


RANDOM_CLIPS = st.lists(
    st.builds(
        Shown,
        st.integers(12, 20),
        st.integers(12, 25),
        st.sampled_from(["", "dissolve", "wipe_left", "slide_up", "fade_black", "zoom_in"]),
        st.integers(1, 12),
    ),
    min_size=1,
    max_size=4,
)


def check_random(clips: list[Shown], folder: Path) -> None:
    result = flat(reel(folder, clips), folder)
    stamps = read_stamps(folder / "reel.mp4")
    assert len(stamps) == result.frames == sum(shown.frames for shown in clips)
    for frame, number in shown_frames(clips):
        assert stamps[frame] == number


@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(clips=RANDOM_CLIPS)
def test_random_reels_show_the_frames_that_the_timeline_says(
    clips: list[Shown], tmp_path_factory: pytest.TempPathFactory
) -> None:
    check_random(clips, tmp_path_factory.mktemp("reel"))


@pytest.mark.slow
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(clips=RANDOM_CLIPS)
def test_many_random_reels(clips: list[Shown], tmp_path_factory: pytest.TempPathFactory) -> None:
    check_random(clips, tmp_path_factory.mktemp("reel"))


# Copies.


def test_copied_packets_are_those_of_the_media_to_the_bit(tmp_path: Path) -> None:
    media = tmp_path / "clip0.mp4"
    encode_frames(
        (stamp(n) for n in range(60)),
        media,
        width=WIDTH,
        height=HEIGHT,
        fps=FPS,
        idr=(10,),
        encoding=Encoding(),
    )
    timeline = of(clip(media, 10, 50), *stills(tmp_path))
    result = flatten(timeline, tmp_path / "reel.mp4", spec=OutputSpec(Encoding()))
    assert result.segments.copied_frames == 50

    def packets(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            return [bytes(p) for p in container.demux(video=0) if p.size]

    assert packets(tmp_path / "reel.mp4") == packets(media)[10:]


def test_a_trim_between_idr_frames_encodes_only_up_to_the_next(tmp_path: Path) -> None:
    media = write_stamped(tmp_path / "a.mp4", 0, 60, FPS, (20,))
    result = flat(of(clip(media, 15, 40)), tmp_path)
    assert read_stamps(tmp_path / "reel.mp4") == list(range(15, 55))
    assert (result.segments.copied_frames, result.segments.encoded_frames) == (35, 5)


def test_media_with_other_headers_are_encoded(tmp_path: Path) -> None:
    ours = write_stamped(tmp_path / "a.mp4", 0, 60, FPS, (30,))
    other = tmp_path / "b.mp4"
    run(
        [*input_args(ours), "-c:v", "libx264", "-preset", "medium", *output_args(other)],
        what="encoding otherwise",
    )
    result = flat(of(clip(ours, 0, 30), clip(other, 0, 30)), tmp_path)
    assert (result.segments.copied_frames, result.segments.encoded_frames) == (30, 30)
    assert read_stamps(tmp_path / "reel.mp4")[31:] == list(range(1, 30))


def test_foreign_media_are_copied_if_nothing_must_be_encoded(tmp_path: Path) -> None:
    ours = write_stamped(tmp_path / "a.mp4", 0, 60, FPS)
    other = tmp_path / "b.mp4"
    run(
        [*input_args(ours), "-c:v", "libx264", "-preset", "slow", *output_args(other)],
        what="encoding otherwise",
    )
    result = flat(of(clip(other, 0, 60), clip(other, 0, 60)), tmp_path)
    assert result.segments.encoded_frames == 0
    assert read_stamps(tmp_path / "reel.mp4")[1:60] == list(range(1, 60))


def test_a_copy_starts_at_the_right_key_frame(tmp_path: Path) -> None:
    media = tmp_path / "clip0.mp4"
    usual = Encoding(preset="veryfast", crf=18)  # frames are decoded out of display order
    frames = (stamp(number) for number in range(60))
    keys = (20, 21, 22, 24)
    encode_frames(frames, media, width=WIDTH, height=HEIGHT, fps=FPS, idr=keys, encoding=usual)
    timeline = of(clip(media, 20, 24))
    result = flatten(timeline, tmp_path / "reel.mp4", spec=OutputSpec(usual))
    assert result.segments.copied_frames == 24
    assert read_stamps(tmp_path / "reel.mp4") == list(range(20, 44))


# Kinds of pictures.


def test_media_of_another_rate_show_the_frame_nearest_in_time(tmp_path: Path) -> None:
    path = write_stamped(tmp_path / "fast.mp4", 0, 60, Fraction(30))
    media = otio.schema.ExternalReference(str(path), time_range(0, 60, Fraction(30)))
    flat(of(otio.schema.Clip("fast", media, time_range(6, 24, FPS))), tmp_path)
    shown = read_stamps(tmp_path / "reel.mp4")
    assert shown == [math.ceil(Fraction(6 + n, 24) * 30 - Fraction(1, 2)) for n in range(24)]


@pytest.mark.parametrize("speed", [0.5, 2.0, 1.25, 0.0])
def test_a_retimed_clip_shows_the_nearest_frame(speed: float, tmp_path: Path) -> None:
    made = clip(write_stamped(tmp_path / "a.mp4", 0, 60, FPS), 6, 20)
    made.effects.append(otio.schema.LinearTimeWarp("speed", time_scalar=speed))
    flat(of(made), tmp_path)
    exact = [6 + n * Fraction(speed) for n in range(20)]
    wanted = [math.ceil(place - Fraction(1, 2)) for place in exact]
    assert read_stamps(tmp_path / "reel.mp4") == wanted


def test_a_sequence_in_matroska_keeps_its_frames(tmp_path: Path) -> None:
    ours = write_stamped(tmp_path / "a.mp4", 0, 60, Fraction(30000, 1001))
    other = tmp_path / "b.mkv"
    run([*input_args(ours), *output_args(other, "-c", "copy")], what="wrapping")
    fps = Fraction(30000, 1001)
    flat(of(clip(other, 9, 40, fps)), tmp_path)
    assert read_stamps(tmp_path / "reel.mp4") == list(range(9, 49))


def test_layers_and_nested_timelines(tmp_path: Path) -> None:
    a = write_stamped(tmp_path / "a.mp4", 0, 60, FPS)
    b = write_stamped(tmp_path / "b.mp4", 64, 60, FPS)
    inner = otio.schema.Stack("inner", source_range=time_range(5, 20, FPS))
    inner.append(of(clip(a, 1, 15), clip(b, 0, 15)).tracks[0].deepcopy())
    timeline = of(clip(a, 30, 10), inner)
    upper = otio.schema.Track("V2", kind=otio.schema.TrackKind.Video)
    upper.extend([otio.schema.Gap(source_range=time_range(0, 4, FPS)), clip(b, 40, 3)])
    timeline.tracks.append(upper)
    flat(timeline, tmp_path)
    below = [*range(30, 40), *range(6, 16), *range(64, 74)]
    assert read_stamps(tmp_path / "reel.mp4") == [*below[:4], 104, 105, 106, *below[7:]]


def test_segments_of_single_frames_lose_none(each_ffmpeg: str, tmp_path: Path) -> None:
    a = write_stamped(tmp_path / "a.mp4", 64, 60, FPS)
    flat(of(*(clip(a, frame, 1) for frame in (3, 40, 7, 7, 1, 30, 2))), tmp_path)
    assert read_stamps(tmp_path / "reel.mp4") == [67, 104, 71, 71, 65, 94, 66]


def test_gaps_are_black(tmp_path: Path) -> None:
    timeline = reel(tmp_path, [Shown(5, 10), Shown(5, 10)])
    timeline.tracks[0].insert(1, otio.schema.Gap(source_range=time_range(0, 9, FPS)))
    assert flat(timeline, tmp_path).frames == 29
    levels = [luma.mean() for luma in planes(tmp_path / "reel.mp4")]
    assert max(levels[10:19]) < 3 < min(levels[:10])


def colours(path: Path) -> list[NDArray[np.float64]]:
    """Return the mean colour in the middle of every frame."""
    with av.open(str(path)) as container:
        return [
            frame.to_ndarray(format="rgb24")[60:100, 30:66].mean(axis=(0, 1))
            for frame in container.decode(video=0)
        ]


def test_a_still_covers_the_frame_upright_and_over_black(tmp_path: Path) -> None:
    wide = Image.new("RGB", (400, 100), "red")
    wide.paste("blue", (175, 0, 225, 100))
    wide.save(tmp_path / "wide.png")
    lying = Image.new("RGB", (160, 96), "lime")
    exif = lying.getexif()
    exif[0x0112] = 6
    lying.save(tmp_path / "lying.jpg", exif=exif, quality=98)
    Image.new("RGBA", (96, 160), (255, 255, 255, 128)).save(tmp_path / "half.png")
    names = ("wide.png", "lying.jpg", "half.png")
    flat(of(*(clip(tmp_path / name, 0, 2) for name in names)), tmp_path)
    seen = colours(tmp_path / "reel.mp4")
    for at, wanted in ((0, (0, 0, 255)), (2, (0, 255, 0)), (4, (128, 128, 128))):
        assert np.abs(seen[at] - wanted).max() < 6, (at, seen[at])


@pytest.mark.parametrize(
    ("options", "size"),
    [
        (["-colorspace", "smpte170m", "-vf", "scale=out_color_matrix=bt601"], "90x150"),
        (["-vf", "scale=out_color_matrix=bt601"], "90x150"),
        (["-vf", "scale=out_color_matrix=bt709", "-colorspace", "bt709"], "320x180"),
        (["-vf", "scale=out_color_matrix=bt709:out_range=pc", "-colorspace", "bt709",
          "-color_range", "pc", "-pix_fmt", "yuvj420p"], "64x64"),
        (["-pix_fmt", "yuv444p10le", "-vf", "scale=out_color_matrix=bt2020",
          "-colorspace", "bt2020nc", "-c:v", "ffv1"], "96x160"),
        (["-vf", "scale=out_color_matrix=bt601,setsar=2", "-c:v", "mpeg4", "-q:v", "1"], "48x160"),
    ],
)  # fmt: skip
def test_foreign_media_keep_their_colours(
    each_ffmpeg: str, options: list[str], size: str, tmp_path: Path
) -> None:
    path = tmp_path / "foreign.mkv"
    source = f"color=c=0xc87828:s={size}:r=24:d=1,format=rgb24"
    pixels = [] if "-pix_fmt" in options else ["-pix_fmt", "yuv420p"]
    run(
        ["-f", "lavfi", "-i", source, *pixels, *output_args(path, "-crf", "5", *options)],
        what="making media",
    )
    flat(of(clip(path, 0, 4)), tmp_path)
    assert np.abs(colours(tmp_path / "reel.mp4")[1] - (200, 120, 40)).max() < 7


def test_high_dynamic_range_is_tone_mapped(tmp_path: Path) -> None:
    path = tmp_path / "hdr.mp4"
    source = "color=c=0x808080:s=96x160:r=24:d=1"
    hlg = ["-colorspace", "bt2020nc", "-color_primaries", "bt2020", "-color_trc", "arib-std-b67"]
    tags = "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=arib-std-b67:range=tv"
    x264 = ["-x264-params", "colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc"]
    encode = ["-vf", tags, "-pix_fmt", "yuv420p", *hlg, *x264]
    run(["-f", "lavfi", "-i", source, *output_args(path, *encode)], what="making media")
    assert probe(path).video.colors[1] == 18  # type: ignore[union-attr]
    result = flat(of(clip(path, 0, 4)), tmp_path)
    assert result.segments.encoded_frames == 4
    assert 60 < colours(tmp_path / "reel.mp4")[1].mean() < 220
