"""Dissolves that are mixed in-process equal those of ffmpeg, to a level."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import pytest
from numpy.typing import NDArray
from otio_gvideo.compiler.backend.encode.encoder import encode_frames
from otio_gvideo.compiler.backend.encode.encoder_settings import Encoding
from otio_gvideo.compiler.backend.encode.ffmpeg_stream import graph_args, source
from otio_gvideo.compiler.backend.encode.scale_crop import Canvas
from otio_gvideo.compiler.backend.encode.transitions import TransitionPart, TransitionStyle, blend
from otio_gvideo.compiler.backend.flatten import flatten
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.backend.segments.dissolve import (
    UndecodableError,
    can_mix,
    mix_frames,
)
from otio_gvideo.compiler.backend.segments.join import read_cut_points
from otio_gvideo.compiler.backend.segments.plan import CutPoints, Encode
from otio_gvideo.compiler.backend.spans.frame_content import (
    Picture,
    TransitionContent,
    TransparentContent,
    VideoContent,
)
from otio_gvideo.compiler.backend.spans.spans import Span
from otio_gvideo.compiler.media.ffmpeg import run
from otio_gvideo.compiler.media.media_info import MediaInfo
from otio_gvideo.compiler.media.probe import probe
from otio_gvideo.compiler.timeline.rate import time, time_range
from otio_gvideo.renderers.files.open_media import url

FPS = Fraction(24)
WIDTH, HEIGHT, FRAMES = 80, 144, 40
"""Chroma lines are no multiple of the padding of decoders."""
ENCODING = Encoding(preset="veryfast", crf=18)
SPEC = OutputSpec(ENCODING)
CANVAS = Canvas((WIDTH, HEIGHT), FPS)

Clips = tuple[Path, Path]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """Two clips in motion, with B frames; IDR frames at 0, 17 and 29 of the first."""
    folder = tmp_path_factory.mktemp("clips")
    made = []
    for name, idr in (("old", (17, 29)), ("new", ())):
        random = np.random.default_rng(len(name) + len(idr))
        still = random.integers(20, 230, (HEIGHT * 3 // 16, WIDTH // 8)).astype(np.uint8)
        large = np.kron(still, np.ones((8, 8), np.uint8))
        made.append(folder / f"{name}.mp4")
        encode_frames(
            (np.roll(large, number, axis=1) for number in range(FRAMES)),
            made[-1], width=WIDTH, height=HEIGHT, fps=FPS, idr=idr, encoding=ENCODING,
        )  # fmt: skip
    return made[0], made[1]


def decoded(path: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray() for frame in container.decode(video=0)]


def video(path: Path, first: int) -> VideoContent:
    return VideoContent(path, first / FPS)


def shown(picture: Picture, frames: int) -> list[NDArray[np.uint8]]:
    return list(mix_frames(Encode((Span(0, frames, picture),)), FPS))


def accepts(
    picture: Picture, frames: int, spec: OutputSpec = SPEC, canvas: Canvas = CANVAS
) -> bool:
    def cut_points_of(path: Path) -> CutPoints | None:
        return read_cut_points(path, FPS)

    media: dict[Path, MediaInfo] = {}
    for side in (
        (picture.outgoing, picture.incoming)
        if isinstance(picture, TransitionContent)
        else (picture,)
    ):
        if isinstance(side, VideoContent):
            media[side.path] = probe(side.path)
    return can_mix(Encode((Span(0, frames, picture),)), media, spec, canvas, cut_points_of)


@pytest.mark.parametrize(
    ("done", "rate"), [(0, Fraction(1)), (5, Fraction(1)), (2, Fraction(3, 2))]
)
def test_a_dissolve_equals_ffmpegs_to_a_level(
    clips: Clips, done: int, rate: Fraction, tmp_path: Path
) -> None:
    first, frames, whole = 17, 6, 12
    part = TransitionContent(
        "dissolve", video(clips[0], first), video(clips[1], 3), whole, done, rate
    )
    assert accepts(part, frames)
    streams = [
        source(url(path))
        .filter("trim", start_frame=start, end_frame=start + frames)
        .filter("setpts", "PTS-STARTPTS")
        for path, start in zip(clips, (first, 3), strict=True)
    ]
    passage = TransitionPart(whole, Fraction(done), rate, frames, (WIDTH, HEIGHT), FPS)
    graph = blend(*streams, "dissolve", passage, style=TransitionStyle())
    raw = tmp_path / "mixed.yuv"
    run([*graph_args(graph), "-map", "[out]", "-f", "rawvideo", url(raw)], what="mixing")
    theirs = np.fromfile(raw, np.uint8).reshape(frames, -1, WIDTH).astype(int)
    ours = np.stack(shown(part, frames)).astype(int)
    luma, chroma = slice(0, HEIGHT), slice(HEIGHT, None)
    assert np.abs(ours - theirs)[:, luma].max() <= 1
    # xfade mixes at full chroma resolution: chroma is upsampled, and downsampled again.
    sides = [decoded(path)[start:] for path, start in zip(clips, (first, 3), strict=True)]
    for number, (mixed, old, new) in enumerate(zip(ours, *sides, strict=False)):
        weight = float((done + 1 + number * rate) / (whole + 1))
        exact = old[chroma] * (1 - weight) + new[chroma] * weight
        assert np.abs(mixed[chroma] - exact).max() <= 0.51
    assert np.abs((ours - theirs)[:, chroma].mean(axis=(1, 2))).max() < 1, "no cast of colour"
    for one, other in pairwise(ours):
        assert np.abs(one - other).mean() > 2, "the frames are not alike"


def test_frames_are_decoded_wherever_the_idr_frames_are(clips: Clips) -> None:
    whole = decoded(clips[0])
    for first in range(FRAMES - 2):
        for mine, frame in zip(shown(video(clips[0], first), 3), whole[first:], strict=False):
            assert np.array_equal(mine, frame), first


def test_the_last_frame_is_decoded(clips: Clips) -> None:
    assert np.array_equal(shown(video(clips[0], FRAMES - 1), 1)[0], decoded(clips[0])[-1])
    assert accepts(video(clips[0], FRAMES - 1), 1)
    assert not accepts(video(clips[0], FRAMES - 1), 2), "there is one frame only"


@pytest.mark.parametrize(
    "change",
    [
        lambda part: replace(part, name="blur"),
        lambda part: replace(part, rate=-1),
        lambda part: replace(part, incoming=TransparentContent()),
        lambda part: replace(part, incoming=replace(part.incoming, speed=2)),
        lambda part: replace(part, incoming=replace(part.incoming, opaque=False)),
        lambda part: replace(part, outgoing=video(part.outgoing.path, 36)),
        lambda part: replace(part, outgoing=replace(part.outgoing, start=Fraction(1, 48))),
    ],
)
def test_other_contents_go_through_the_filtergraph(
    clips: Clips, change: Callable[[TransitionContent], TransitionContent]
) -> None:
    plain = TransitionContent("dissolve", video(clips[0], 17), video(clips[1], 0), 12)
    assert accepts(plain, 12)
    assert not accepts(change(plain), 12)


@pytest.mark.parametrize(
    ("spec", "canvas"),
    [
        (replace(SPEC, transitions=TransitionStyle(linear_light=True)), CANVAS),
        (replace(SPEC, transitions=TransitionStyle({"dissolve": "A*P+B*(1-P)"})), CANVAS),
        (replace(SPEC, encoding=Encoding("prores")), CANVAS),
        (SPEC, replace(CANVAS, size=(WIDTH, HEIGHT + 2))),
    ],
)
def test_other_outputs_go_through_the_filtergraph(
    clips: Clips, spec: OutputSpec, canvas: Canvas
) -> None:
    plain = TransitionContent("dissolve", video(clips[0], 17), video(clips[1], 0), 12)
    assert not accepts(plain, 12, spec, canvas)


def test_a_file_without_the_frames_is_named(clips: Clips) -> None:
    with pytest.raises(UndecodableError, match=r"old\.mp4: has no frame 40"):
        shown(video(clips[0], FRAMES - 2), 5)


def test_damaged_frames_are_concealed_as_ffmpeg_does(clips: Clips, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(clips[0].read_bytes())
    with av.open(str(clips[0])) as container:
        packets = [packet for packet in container.demux(video=0) if packet.pos]
    with damaged.open("r+b") as stream:
        for packet in packets[18:24]:
            stream.seek(packet.pos)
            stream.write(b"\xff" * packet.size)
    with pytest.raises(UndecodableError, match=r"damaged\.mp4: "):
        shown(video(damaged, 17), 12)

    timeline = otio.schema.Timeline("reel")
    timeline.tracks.append(otio.schema.Track("V1", kind=otio.schema.TrackKind.Video))
    for path, start, frames in ((damaged, 0, 23), (clips[1], 6, 24)):
        reference = otio.schema.ExternalReference(str(path), time_range(0, FRAMES, FPS))
        timeline.tracks[0].append(
            otio.schema.Clip(path.stem, reference, time_range(start, frames, FPS))
        )
    mix = otio.schema.Transition(
        transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve,
        in_offset=time(6, FPS),
        out_offset=time(6, FPS),
    )
    timeline.tracks[0].insert(1, mix)
    reel = tmp_path / "reel.mp4"
    assert flatten(timeline, reel, size=(WIDTH, HEIGHT), spec=OutputSpec(ENCODING)).frames == 47
    assert len(decoded(reel)) == 47
