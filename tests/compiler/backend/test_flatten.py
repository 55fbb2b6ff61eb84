"""Flattening shows every frame where the timeline has it, and copies what needs no encoding."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
from otio_gvideo.compiler.backend.encode import Encoding, write_clip
from otio_gvideo.compiler.backend.ffmpeg import input_args, output_args, run
from otio_gvideo.compiler.backend.flatten import FlattenResult, flatten
from otio_gvideo.compiler.backend.probe import probe
from otio_gvideo.compiler.backend.transitions import DIPS, SLIDES, XFADE_NAMES
from otio_gvideo.compiler.errors import InputError, WorkError
from otio_gvideo.compiler.timeline.rate import time, time_range
from PIL import Image

from .stamped import FAST, HEIGHT, WIDTH, planes, read_stamps, stamp, write_stamped

FPS = Fraction(24)


@dataclass(frozen=True)
class Shown:
    """A clip of a test reel: media of 60 frames, a body from frame ``start`` on."""

    start: int
    frames: int
    transition: str = ""
    length: int = 0


def transition(name: str, length: int, fps: Fraction = FPS) -> otio.schema.Transition:
    kinds = otio.schema.TransitionTypes
    return otio.schema.Transition(
        transition_type=kinds.SMPTE_Dissolve if name == "dissolve" else kinds.Custom,
        in_offset=time(length // 2, fps),
        out_offset=time(length - length // 2, fps),
        metadata={"otio_gvideo": {"transition": name}},
    )


def clip(path: Path, start: int, frames: int, fps: Fraction = FPS) -> otio.schema.Clip:
    reference = otio.schema.ExternalReference(str(path), time_range(0, 60, fps))
    return otio.schema.Clip(path.stem, reference, time_range(start, frames, fps))


def of(*children: otio.core.Composable) -> otio.schema.Timeline:
    timeline = otio.schema.Timeline("reel")
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    track.extend(children)
    timeline.tracks.append(track)
    return timeline


def reel(folder: Path, clips: list[Shown], fps: Fraction = FPS) -> otio.schema.Timeline:
    children: list[otio.core.Composable] = []
    for index, shown in enumerate(clips):
        path = folder / f"clip{index}.mp4"
        write_stamped(path, index * 64, 60, fps, (shown.start, shown.start + shown.frames))
        if shown.transition and index:
            children.append(transition(shown.transition, shown.length, fps))
        children.append(clip(path, shown.start, shown.frames, fps))
    return of(*children)


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


def stills(folder: Path, *colours: str) -> list[Path]:
    for colour in colours:
        Image.new("RGB", (90, 160), colour).save(folder / f"{colour}.png")
    return [folder / f"{colour}.png" for colour in colours]


# The frames.


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(24000, 1001), Fraction(30)])
def test_cuts_are_copied_and_every_frame_is_the_right_one(tmp_path: Path, fps: Fraction) -> None:
    clips = [Shown(5, 20), Shown(0, 31), Shown(12, 7)]
    result = flat(reel(tmp_path, clips, fps), tmp_path, fps)
    assert (result.frames, result.copied_frames, result.copied_pieces) == (58, 58, 3)
    assert result.duration == 58 / fps
    expected = [i * 64 + c.start + n for i, c in enumerate(clips) for n in range(c.frames)]
    assert read_stamps(tmp_path / "reel.mp4") == expected


def test_both_versions_of_ffmpeg_join_copies_and_encodes(each_ffmpeg: str, tmp_path: Path) -> None:
    clips = [Shown(5, 30), Shown(12, 40, "dissolve", 8), Shown(12, 30, "slide_up", 7)]
    result = flat(reel(tmp_path, clips), tmp_path)
    stamps = read_stamps(tmp_path / "reel.mp4")
    assert len(stamps) == result.frames == 100
    assert result.copied_frames >= 20
    assert stamps[:26] == list(range(5, 31))
    assert stamps[34:67] == list(range(64 + 16, 64 + 49))
    assert stamps[-26:] == list(range(128 + 16, 128 + 42))


def test_frames_have_evenly_spaced_times(tmp_path: Path) -> None:
    fps = Fraction(30000, 1001)
    flat(reel(tmp_path, [Shown(5, 20), Shown(3, 30, "dissolve", 8)], fps), tmp_path, fps)
    with av.open(str(tmp_path / "reel.mp4")) as container:
        stream = container.streams.video[0]
        times = [frame.pts * stream.time_base for frame in container.decode(stream)]
    assert times[0] == 0
    assert {late - early for early, late in pairwise(times)} == {1 / fps}


def shown_frames(clips: list[Shown]) -> Iterator[tuple[int, int]]:
    """Every frame outside of transitions, and the stamp that it should show."""
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
    write_clip(
        (stamp(n) for n in range(60)),
        media,
        width=WIDTH,
        height=HEIGHT,
        fps=FPS,
        idr=(10,),
        encoding=Encoding(),
    )
    timeline = of(clip(media, 10, 50), *stills(tmp_path))
    result = flatten(timeline, tmp_path / "reel.mp4", encoding=Encoding())
    assert result.copied_frames == 50

    def packets(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            return [bytes(p) for p in container.demux(video=0) if p.size]

    assert packets(tmp_path / "reel.mp4") == packets(media)[10:]


def test_a_trim_between_idr_frames_encodes_only_up_to_the_next(tmp_path: Path) -> None:
    media = write_stamped(tmp_path / "a.mp4", 0, 60, FPS, (20,))
    result = flat(of(clip(media, 15, 40)), tmp_path)
    assert read_stamps(tmp_path / "reel.mp4") == list(range(15, 55))
    assert (result.copied_frames, result.encoded_frames) == (35, 5)


def test_media_with_other_headers_are_encoded(tmp_path: Path) -> None:
    ours = write_stamped(tmp_path / "a.mp4", 0, 60, FPS, (30,))
    other = tmp_path / "b.mp4"
    run(
        [*input_args(ours), "-c:v", "libx264", "-preset", "medium", *output_args(other)],
        what="encoding otherwise",
    )
    result = flat(of(clip(ours, 0, 30), clip(other, 0, 30)), tmp_path)
    assert (result.copied_frames, result.encoded_frames) == (30, 30)
    assert read_stamps(tmp_path / "reel.mp4")[31:] == list(range(1, 30))


def test_foreign_media_are_copied_where_nothing_must_be_encoded(tmp_path: Path) -> None:
    ours = write_stamped(tmp_path / "a.mp4", 0, 60, FPS)
    other = tmp_path / "b.mp4"
    run(
        [*input_args(ours), "-c:v", "libx264", "-preset", "slow", *output_args(other)],
        what="encoding otherwise",
    )
    result = flat(of(clip(other, 0, 60), clip(other, 0, 60)), tmp_path)
    assert result.encoded_frames == 0
    assert read_stamps(tmp_path / "reel.mp4")[1:60] == list(range(1, 60))


def test_a_copy_begins_where_it_should_amid_key_frames(tmp_path: Path) -> None:
    media = tmp_path / "clip0.mp4"
    usual = Encoding(preset="veryfast", crf=18)  # it decodes some frames ahead of showing them
    frames = (stamp(number) for number in range(60))
    keys = (20, 21, 22, 24)
    write_clip(frames, media, width=WIDTH, height=HEIGHT, fps=FPS, idr=keys, encoding=usual)
    timeline = of(clip(media, 20, 24))
    result = flatten(timeline, tmp_path / "reel.mp4", encoding=usual)
    assert result.copied_frames == 24
    assert read_stamps(tmp_path / "reel.mp4") == list(range(20, 44))


# Pictures of any kind.


def test_media_of_another_rate_show_the_frame_of_their_time(tmp_path: Path) -> None:
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
    flat(of(clip(other, 9, 40, fps)), tmp_path, fps)
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


def test_pieces_of_single_frames_keep_every_one(each_ffmpeg: str, tmp_path: Path) -> None:
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
    """The mean colour in the middle of every frame."""
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


def test_high_dynamic_range_is_mapped_not_just_relabelled(tmp_path: Path) -> None:
    path = tmp_path / "hdr.mp4"
    source = "color=c=0x808080:s=96x160:r=24:d=1"
    hlg = ["-colorspace", "bt2020nc", "-color_primaries", "bt2020", "-color_trc", "arib-std-b67"]
    tags = "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=arib-std-b67:range=tv"
    x264 = ["-x264-params", "colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc"]
    encode = ["-vf", tags, "-pix_fmt", "yuv420p", *hlg, *x264]
    run(["-f", "lavfi", "-i", source, *output_args(path, *encode)], what="making media")
    assert probe(path).video.colors[1] == 18  # type: ignore[union-attr]
    result = flat(of(clip(path, 0, 4)), tmp_path)
    assert result.encoded_frames == 4
    assert 60 < colours(tmp_path / "reel.mp4")[1].mean() < 220


# Transitions.

NAMES = sorted({*XFADE_NAMES, *SLIDES, *DIPS, "radial", "smoothleft", "circlecrop"})
LENGTH, BODY = 9, 12


@pytest.fixture(scope="module")
def all_transitions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[NDArray[np.int16]]]:
    """Frames of each transition from white to blue, with two frames before and after."""
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
def test_the_new_picture_travels_the_way_that_the_name_says(
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


# The file.


def test_progress_ends_with_every_frame(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    threads = set()

    def note(done: int, total: int) -> None:
        calls.append((done, total))
        threads.add(threading.get_ident())

    timeline = reel(tmp_path, [Shown(5, 20), Shown(5, 20, "dissolve", 6)])
    flatten(timeline, tmp_path / "reel.mp4", encoding=FAST, on_progress=note)
    assert calls[-1] == (40, 40)
    assert calls == sorted(calls)
    assert threads == {threading.get_ident()}


def test_a_timeline_says_its_own_size_and_rate(tmp_path: Path) -> None:
    timeline = reel(tmp_path, [Shown(5, 20)], Fraction(30))
    result = flatten(timeline, tmp_path / "a.mp4", encoding=FAST)
    assert (result.frames, result.fps) == (20, 30)
    video = probe(tmp_path / "a.mp4").video
    assert video is not None
    assert (video.width, video.height) == (WIDTH, HEIGHT)
    timeline.metadata["otio_gvideo"] = {"output": {"width": 64, "height": 96, "fps": "24/1"}}
    result = flatten(timeline, tmp_path / "b.mp4", encoding=FAST)
    assert (result.frames, result.fps) == (16, 24)
    video = probe(tmp_path / "b.mp4").video
    assert video is not None
    assert (video.width, video.height) == (64, 96)


def test_relative_media_are_found_in_the_folder_that_is_named(tmp_path: Path) -> None:
    write_stamped(tmp_path / "a.mp4", 1, 20, FPS)
    timeline = of(clip(Path("a.mp4"), 0, 20))
    flatten(timeline, tmp_path / "reel.mp4", media_root=tmp_path, encoding=FAST)
    assert read_stamps(tmp_path / "reel.mp4") == list(range(1, 21))


def test_the_file_is_tagged_titled_and_fit_for_the_web(each_ffmpeg: str, tmp_path: Path) -> None:
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


def test_awkward_file_names_are_only_names(each_ffmpeg: str, tmp_path: Path) -> None:
    folder = tmp_path / "-it's, a [long]: 100%d 'näme' ;🎬\nsecond line"
    folder.mkdir()
    timeline = reel(folder, [Shown(0, 10), Shown(2, 10, "dissolve", 4)])
    timeline.tracks[0].append(clip(stills(folder, "red")[0], 0, 5))
    assert flat(timeline, folder).frames == 25
    assert len(read_stamps(folder / "reel.mp4")) == 25


def test_a_refused_timeline_leaves_nothing(tmp_path: Path) -> None:
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
def test_an_interrupt_leaves_nothing_half_done(error: BaseException, tmp_path: Path) -> None:
    timeline = reel(tmp_path, [Shown(5, 20), Shown(5, 20, "dissolve", 6)])
    (tmp_path / "reel.mp4").write_bytes(b"the old one")

    def fail(done: int, total: int) -> None:
        raise error

    with pytest.raises((KeyboardInterrupt, WorkError)):
        flatten(timeline, tmp_path / "reel.mp4", encoding=FAST, on_progress=fail)
    assert (tmp_path / "reel.mp4").read_bytes() == b"the old one"
    assert {path.name for path in tmp_path.iterdir()} == {"reel.mp4", "clip0.mp4", "clip1.mp4"}


def test_what_killed_processes_left_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / ".flatten-99999999-abc").mkdir()
    (tmp_path / ".flatten-other").mkdir()
    flat(reel(tmp_path, [Shown(0, 5)]), tmp_path)
    assert not (tmp_path / ".flatten-99999999-abc").exists()
    assert (tmp_path / ".flatten-other").exists()


def test_long_stretches_are_encoded_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otio_gvideo.compiler.backend.pieces.LONGEST_S", 1)
    media = write_stamped(tmp_path / "a.mp4", 0, 100, FPS)
    made = otio.schema.Clip(
        "a", otio.schema.ExternalReference(str(media)), time_range(0, 100, Fraction(24))
    )
    result = flatten(of(made), tmp_path / "b.mp4", encoding=replace(FAST, preset="superfast"))
    assert result.encoded_pieces == 0  # one set of headers: all of it is copied
    made.effects.append(otio.schema.LinearTimeWarp("same", time_scalar=1.0))
    half = otio.schema.ExternalReference(str(media))
    timeline = of(otio.schema.Clip("a", half, time_range(0, 100, FPS)))
    timeline.metadata["otio_gvideo"] = {"output": {"width": 64, "height": 96}}
    result = flatten(timeline, tmp_path / "b.mp4", encoding=FAST)
    assert result.encoded_pieces == 5
    assert len(list(planes(tmp_path / "b.mp4"))) == 100


def test_a_silent_reel_still_has_a_sound_track(tmp_path: Path) -> None:
    result = flat(reel(tmp_path, [Shown(0, 24)]), tmp_path)
    assert result.loudness_lufs is None
    with av.open(str(tmp_path / "reel.mp4")) as container:
        samples = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    assert abs(len(samples) / 48000 - 1) < 1 / 24
    assert float(np.abs(samples).max()) < 1e-3


@pytest.mark.parametrize("size", [(95, 160), (2, 2)])
def test_sizes_that_cannot_be_encoded_are_refused(size: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be encoded"):
        flatten(reel(tmp_path, [Shown(0, 5)]), tmp_path / "a.mp4", width=size[0], height=size[1])
