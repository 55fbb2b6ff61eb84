"""A timeline resolves to spans exactly, with warnings for omissions."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest
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
from otio_gvideo.compiler.backend.spans.read_spans import SpanReading, read_spans
from otio_gvideo.compiler.backend.spans.spans import Span
from otio_gvideo.compiler.timeline.media import media_path
from otio_gvideo.compiler.timeline.properties import frames_of, rate_of
from otio_gvideo.compiler.timeline.rate import exact_rate, seconds, time, time_range
from PIL import Image

from ..frame_stamps import write_stamped

FPS = Fraction(24)
Child = otio.core.Composable


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    write_stamped(folder / "a.mp4", 0, 60, FPS)
    write_stamped(folder / "b.mp4", 64, 60, FPS)
    write_stamped(folder / "fast.mp4", 0, 60, Fraction(30))
    Image.new("RGB", (30, 40), "red").save(folder / "s.png")
    return folder


def clip(name: str, start: int, frames: int, effects: list[otio.schema.Effect] | None = None):  # type: ignore[no-untyped-def]
    reference = otio.schema.ExternalReference(name, time_range(0, 60, FPS))
    return otio.schema.Clip(name, reference, time_range(start, frames, FPS), effects=effects)


def gap(frames: int) -> otio.schema.Gap:
    return otio.schema.Gap(source_range=time_range(0, frames, FPS))


def fade(before: int, after: int, name: str = "dissolve") -> otio.schema.Transition:
    kinds = otio.schema.TransitionTypes
    return otio.schema.Transition(
        transition_type=kinds.SMPTE_Dissolve if name == "dissolve" else kinds.Custom,
        in_offset=time(before, FPS),
        out_offset=time(after, FPS),
        metadata={"otio_gvideo": {"transition": name}},
    )


def track(*children: Child) -> otio.schema.Track:
    made = otio.schema.Track("V", kind=otio.schema.TrackKind.Video)
    made.extend(children)
    return made


def read(media: Path, *tracks: Child) -> SpanReading:
    timeline = otio.schema.Timeline("t")
    timeline.tracks.extend(tracks)
    return read_spans(timeline, media, FPS)


def shown(media: Path, *tracks: Child) -> list[Span]:
    return list(read(media, *tracks).spans)


def at(name: str, frame: int, speed: Fraction | int = 1, rate: int = 24) -> VideoContent:
    return VideoContent(Path(name), Fraction(frame, rate), Fraction(speed))


def named(spans: list[Span], media: Path) -> list[Span]:
    """With the folder taken from every path."""

    def bare(picture):  # type: ignore[no-untyped-def]
        match picture:
            case VideoContent(path, start, speed):
                return VideoContent(path.relative_to(media), start, speed)
            case ImageContent(path):
                return ImageContent(path.relative_to(media))
            case TransitionContent(name, one, other, frames, done, rate):
                return TransitionContent(name, bare(one), bare(other), frames, done, rate)
        return picture

    return [Span(span.start, span.end, bare(span.picture)) for span in spans]


def test_clips_gaps_and_transitions(media: Path) -> None:
    spans = shown(media, track(clip("a.mp4", 5, 20), fade(3, 4), clip("b.mp4", 8, 20), gap(6)))
    assert named(spans, media) == [
        Span(0, 17, at("a.mp4", 5)),
        Span(17, 24, TransitionContent("dissolve", at("a.mp4", 22), at("b.mp4", 5), 7)),
        Span(24, 40, at("b.mp4", 12)),
        Span(40, 46, TransparentContent()),
    ]


def test_available_ranges_that_start_at_a_time_code(media: Path) -> None:
    reference = otio.schema.ExternalReference("a.mp4", time_range(86400, 60, FPS))
    late = otio.schema.Clip("a", reference, time_range(86407, 20, FPS))
    assert named(shown(media, track(late)), media) == [Span(0, 20, at("a.mp4", 7))]


def test_a_transition_at_the_ends_of_a_track_is_with_black(media: Path) -> None:
    spans = shown(media, track(fade(0, 4), clip("a.mp4", 5, 20), fade(5, 0)))
    assert named(spans, media) == [
        Span(0, 4, TransitionContent("dissolve", TransparentContent(), at("a.mp4", 5), 4)),
        Span(4, 15, at("a.mp4", 9)),
        Span(15, 20, TransitionContent("dissolve", at("a.mp4", 20), TransparentContent(), 5)),
    ]


def test_transitions_that_reach_beyond_a_track_count_to_its_length(media: Path) -> None:
    made = track(fade(3, 4), clip("a.mp4", 5, 20), clip("b.mp4", 0, 10), fade(5, 6))
    reading = read(media, made)
    first, last = made[1], made[2]
    assert made.range_of_child(first) == time_range(0, 20, FPS)
    assert made.range_of_child(last) == time_range(20, 10, FPS)
    assert made.duration().value == 3 + 20 + 10 + 6
    assert named(list(reading.spans), media) == [
        Span(0, 4, TransitionContent("dissolve", TransparentContent(), at("a.mp4", 5), 4)),
        Span(4, 20, at("a.mp4", 9)),
        Span(20, 25, at("b.mp4", 0)),
        Span(25, 36, TransitionContent("dissolve", at("b.mp4", 5), TransparentContent(), 11)),
        Span(36, 39, TransparentContent()),
    ]
    assert reading.warnings == (
        "transition at frame 0: 3 of its frames lie before its track and are not shown; "
        "it is as much shorter",
    )


def test_a_track_that_ends_in_a_transition_pushes_later_items(media: Path) -> None:
    inner = track(clip("a.mp4", 5, 10), fade(2, 4))
    spans = shown(media, track(inner, clip("b.mp4", 0, 6)))
    assert named(spans, media) == [
        Span(0, 8, at("a.mp4", 5)),
        Span(8, 14, TransitionContent("dissolve", at("a.mp4", 13), TransparentContent(), 6)),
        Span(14, 20, at("b.mp4", 0)),
    ]


def test_the_upper_track_hides_the_lower(media: Path) -> None:
    spans = shown(
        media,
        track(clip("a.mp4", 0, 40)),
        track(gap(10), clip("b.mp4", 3, 10), fade(2, 2), gap(10)),
    )
    assert named(spans, media) == [
        Span(0, 10, at("a.mp4", 0)),
        Span(10, 18, at("b.mp4", 3)),
        Span(18, 22, TransitionContent("dissolve", at("b.mp4", 11), at("a.mp4", 18), 4)),
        Span(22, 40, at("a.mp4", 22)),
    ]


def test_a_nested_timeline_shows_its_range_and_lends_its_handles(media: Path) -> None:
    inner = otio.schema.Stack("inner", source_range=time_range(10, 20, FPS))
    inner.append(track(clip("a.mp4", 0, 20), clip("b.mp4", 0, 20)))
    spans = shown(media, track(clip("s.png", 0, 8), fade(2, 2), inner, gap(2)))
    still = ImageContent(Path("s.png"))
    assert named(spans, media) == [
        Span(0, 6, still),
        Span(6, 10, TransitionContent("dissolve", still, at("a.mp4", 8), 4)),
        Span(10, 18, at("a.mp4", 12)),
        Span(18, 28, at("b.mp4", 0)),
        Span(28, 30, TransparentContent()),
    ]


def test_retimes_and_freezes(media: Path) -> None:
    slow = clip("a.mp4", 6, 20, [otio.schema.LinearTimeWarp("slow", time_scalar=0.5)])
    held = clip("b.mp4", 9, 20, [otio.schema.FreezeFrame("held")])
    spans = shown(media, track(slow, fade(2, 2), held))
    assert named(spans, media) == [
        Span(0, 18, at("a.mp4", 6, Fraction(1, 2))),
        Span(
            18,
            22,
            TransitionContent("dissolve", at("a.mp4", 15, Fraction(1, 2)), at("b.mp4", 9, 0), 4),
        ),
        Span(22, 40, at("b.mp4", 9, 0)),
    ]


def test_disabled_items_are_not_shown(media: Path) -> None:
    off = clip("a.mp4", 0, 10)
    off.enabled = False
    effect = otio.schema.Effect("x", "Glow", enabled=False)
    hidden = track(clip("b.mp4", 0, 20))
    hidden.enabled = False
    spans = shown(media, track(off, clip("b.mp4", 0, 10, [effect])), hidden)
    assert named(spans, media) == [Span(0, 10, TransparentContent()), Span(10, 20, at("b.mp4", 0))]


def test_places_of_other_rates_do_not_add_up_their_error(media: Path) -> None:
    parts = [
        otio.schema.Clip(
            "a",
            otio.schema.ExternalReference("s.png"),
            otio.opentime.TimeRange(
                otio.opentime.RationalTime(0, 29.97), otio.opentime.RationalTime(7, 29.97)
            ),
        )
        for _ in range(50)
    ]
    spans = shown(media, track(*parts))
    assert spans[-1].end == round(50 * 7 * Fraction(1001, 30000) * 24)


def test_a_missing_handle_holds_a_frame_with_a_warning(media: Path) -> None:
    reading = read(media, track(clip("a.mp4", 30, 30), fade(0, 6), clip("b.mp4", 0, 20)))
    assert [warning.split(":")[0] for warning in reading.warnings] == ["a.mp4"]
    assert "last frame is held" in reading.warnings[0]
    reading = read(media, track(clip("a.mp4", 0, 30), fade(6, 0), clip("b.mp4", 0, 20)))
    assert "first frame is held" in reading.warnings[0]


def test_all_that_is_missing_is_named_and_has_a_slate(media: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"x" * 100)
    (tmp_path / "broken.png").write_bytes(b"x" * 100)
    slot = otio.schema.Clip("slot", source_range=time_range(0, 10, FPS))
    slot.media_reference = otio.schema.GeneratorReference("", "otio_gvideo.shot")
    strange = otio.schema.Clip("strange", source_range=time_range(0, 10, FPS))
    strange.media_reference = otio.schema.GeneratorReference("", "plasma")
    wanted = {
        "empty: has no media; a slate replaces it": otio.schema.Clip(
            "empty", source_range=time_range(0, 10, FPS)
        ),
        "a.mp4 are on a network": clip("http://example.com/a.mp4", 0, 10),
        "none.mp4 does not exist": clip("none.mp4", 0, 10),
        "missing.png does not exist": clip("missing.png", 0, 10),
        f"{media} is a folder": clip(str(media), 0, 10),
        "broken.mp4: cannot be read as media": clip(str(tmp_path / "broken.mp4"), 0, 5),
        "broken.png: cannot be read as an image": clip(str(tmp_path / "broken.png"), 0, 5),
        "slot: its slot has no media yet": slot,
        "the generator 'plasma' is not known": strange,
        "a clip without a name: has no media": otio.schema.Clip(
            source_range=time_range(0, 10, FPS)
        ),
    }
    reading = read(media, track(*wanted.values()))
    for what, span, told in zip(wanted, reading.spans, reading.missing, strict=True):
        assert what in told
        assert isinstance(span.picture, SlateContent)
        assert "MEDIA MISSING" in span.picture.lines


def test_unsupported_effects_and_transitions_are_named(media: Path) -> None:
    glowing = clip("b.mp4", 0, 10, [otio.schema.Effect("", "Glow")])
    blurred = track(clip("a.mp4", 0, 10))
    blurred.effects.append(otio.schema.Effect("", "Blur"))
    subtitles = otio.schema.Track("S1", kind="Subtitle")
    subtitles.append(gap(5))
    reading = read(
        media,
        track(glowing, clip("b.mp4", 0, 20), fade(2, 2, "star_wipe"), clip("a.mp4", 50, 20)),
        blurred,
        subtitles,
    )
    wanted = ["effect Glow", "'star_wipe' is not a known transition", "frames 50 to 69",
              "V: the effect Blur is not supported; the track", "kind 'Subtitle'"]  # fmt: skip
    for what in wanted:
        assert sum(what in line for line in reading.warnings) == 1, (what, reading.warnings)
    assert len(reading.warnings) == len(wanted)
    assert not reading.missing


def test_transitions_that_reach_into_each_other_are_shortened(media: Path) -> None:
    parts = (clip("a.mp4", 5, 20), fade(3, 4), clip("b.mp4", 9, 6), fade(3, 2), clip("a.mp4", 9, 9))
    reading = read(media, track(*parts))
    assert reading.warnings == (
        "b.mp4: its transitions need 7 frames of its 6; they are shortened",
    )
    lengths = [span.frames for span in reading.spans if isinstance(span.picture, TransitionContent)]
    assert lengths == [3 + 3, 3 + 2]


def test_reversed_clips_start_at_the_end_of_their_range(media: Path) -> None:
    def back(speed: float) -> list[otio.schema.Effect]:
        return [otio.schema.LinearTimeWarp("rev", time_scalar=speed)]

    spans = shown(media, track(clip("a.mp4", 20, 10, back(-1)), clip("b.mp4", 9, 10, back(-2))))
    assert named(spans, media) == [
        Span(0, 10, at("a.mp4", 29, -1)),
        Span(10, 20, at("b.mp4", 27, -2)),
    ]


def test_a_nested_timeline_is_retimed_as_a_whole(media: Path) -> None:
    def warped(speed: float) -> list[Span]:
        inner = otio.schema.Stack("inner", source_range=time_range(4, 8, FPS))
        inner.append(track(clip("a.mp4", 0, 10), fade(2, 2), clip("b.mp4", 20, 20)))
        inner.effects.append(otio.schema.LinearTimeWarp("w", time_scalar=speed))
        return named(shown(media, track(gap(3), inner)), media)

    def blend(done: int, speed: int) -> TransitionContent:
        sides = at("a.mp4", 8 + done, speed), at("b.mp4", 18 + done, speed)
        return TransitionContent("dissolve", *sides, 4, done, speed)

    assert warped(2)[1:] == [
        Span(3, 5, at("a.mp4", 4, 2)),
        Span(5, 7, blend(0, 2)),
        Span(7, 11, at("b.mp4", 22, 2)),
    ]
    assert warped(-1)[1:] == [Span(3, 7, blend(3, -1)), Span(7, 11, at("a.mp4", 7, -1))]
    assert warped(0)[1:] == [Span(3, 11, at("a.mp4", 4, 0))]


def test_translucent_pictures_composite_over_lower_tracks(media: Path, tmp_path: Path) -> None:
    Image.new("RGBA", (30, 40), (255, 0, 0, 128)).save(tmp_path / "half.png")
    half = ImageContent(tmp_path / "half.png", opaque=False)
    glass = otio.schema.Clip("glass", source_range=time_range(0, 10, FPS))
    glass.media_reference = otio.schema.GeneratorReference(
        "", "SolidColor", parameters={"color": "#00ff0080"}
    )
    spans = shown(
        media,
        track(clip("a.mp4", 0, 20)),
        track(clip(str(tmp_path / "half.png"), 0, 10), fade(2, 2), gap(10)),
        track(gap(15), glass),
    )
    assert [(span.start, span.end) for span in spans] == [
        (0, 8), (8, 12), (12, 15), (15, 20), (20, 25)
    ]  # fmt: skip
    green = ColourContent((0, 255, 0, 128))
    lower = VideoContent(media / "a.mp4", Fraction(0))
    assert spans[0].picture == OverlayContent(half, lower)
    crossing = spans[1].picture
    assert isinstance(crossing, TransitionContent)
    assert isinstance(crossing.outgoing, OverlayContent)
    assert crossing.incoming == VideoContent(media / "a.mp4", Fraction(8, 24))
    assert isinstance(spans[3].picture, OverlayContent)
    assert spans[4].picture == OverlayContent(green, TransparentContent())


@pytest.mark.parametrize(
    ("kind", "parameters", "picture"),
    [
        ("black", {}, ColourContent((0, 0, 0, 255))),
        ("SolidColor", {"color": "red"}, ColourContent((255, 0, 0, 255))),
        ("Solid Color", {"Color": [0.0, 0.5, 1.0, 1.0]}, ColourContent((0, 128, 255, 255))),
        ("SMPTEBars", {}, Bars("smpte")),
        ("pal_75_bars", {}, Bars("ebu")),
    ],
)
def test_generators(kind: str, parameters: dict[str, object], picture: object, media: Path) -> None:
    made = otio.schema.Clip("made", source_range=time_range(0, 10, FPS))
    made.media_reference = otio.schema.GeneratorReference("", kind, parameters=parameters)
    assert shown(media, track(made)) == [Span(0, 10, picture)]


def test_the_length_is_that_of_the_longest_track(media: Path) -> None:
    timeline = otio.schema.Timeline("t")
    timeline.tracks.append(track(clip("a.mp4", 0, 10), fade(2, 2), clip("b.mp4", 5, 10)))
    timeline.tracks.append(otio.schema.Track("A1", kind=otio.schema.TrackKind.Audio))
    timeline.tracks[1].append(gap(33))
    assert frames_of(timeline, FPS) == 33 == timeline.duration().value
    assert read_spans(timeline, media, FPS).spans[-1] == Span(20, 33, TransparentContent())


@pytest.mark.parametrize(
    ("written", "exact"),
    [
        (24, "24"), (23.976, "24000/1001"), (23.98, "24000/1001"), (29.97, "30000/1001"),
        (59.94, "60000/1001"), (119.88, "120000/1001"), (12.5, "25/2"), (15.0, "15"),
        (1000.0, "1000"), (48000.0, "48000"),
    ],
)  # fmt: skip
def test_rates_are_the_ones_that_are_meant(written: float, exact: str) -> None:
    assert exact_rate(written) == Fraction(exact)


@pytest.mark.parametrize(
    ("rates", "begins", "fps"),
    [
        ((15, 30, 30), None, "30"),
        ((15, 30), None, "30"),
        ((24, 24, 30), None, "30"),  # at 24 it would not be as long as it states
        ((24, 24, 48), 48.0, "48"),
        ((24, 24, 48), 1.0, "24"),  # what a start time of no meaning counts in
        ((23.98, 23.98, 24), None, "24000/1001"),
        ((25,), None, "25"),
        ((), 25.0, "24"),
    ],
)
def test_the_rate_is_the_one_that_most_of_the_timeline_is_cut_at(
    rates: tuple[float, ...], begins: float | None, fps: str
) -> None:
    def part(rate: float) -> otio.schema.Clip:
        begin, length = otio.opentime.RationalTime(0, rate), otio.opentime.RationalTime(2, rate)
        black = otio.schema.GeneratorReference("", "black")
        return otio.schema.Clip("part", black, otio.opentime.TimeRange(begin, length))

    timeline = otio.schema.Timeline("t")
    timeline.tracks.append(track(*(part(rate) for rate in rates)))
    if not rates:
        sound = otio.schema.Track(kind=otio.schema.TrackKind.Audio)
        sound.append(part(48000))
        sound[0].source_range = time_range(0, 48000, Fraction(48000))
        timeline.tracks.append(sound)
    if begins:
        timeline.global_start_time = otio.opentime.RationalTime(0, begins)
    assert rate_of(timeline) == Fraction(fps)


def test_times_are_exact() -> None:
    assert seconds(otio.opentime.RationalTime(7.00000001, 29.97)) == Fraction(7 * 1001, 30000)
    assert seconds(otio.opentime.RationalTime(0.5, 24)) == Fraction(1, 48)


@pytest.mark.posix
@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a b.mp4", "a b.mp4"),
        ("a b.mp4", "a%20b.mp4"),
        ("100%20x.mp4", "100%20x.mp4"),
        ("c#d?e.mp4", "file://{folder}/c%23d%3Fe.mp4"),
        ("c#d?e.mp4", "file://{folder}/c#d?e.mp4"),
        ("f.mp4", "file://localhost{folder}/f.mp4"),
        ("g.mp4", "file:{folder}/g.mp4"),
        ("ü 🎬.mp4", "file://{folder}/%C3%BC%20%F0%9F%8E%AC.mp4"),
    ],
)
def test_media_are_found_however_they_are_written(name: str, written: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    reference = otio.schema.ExternalReference(written.format(folder=tmp_path))
    assert media_path(reference, tmp_path) == tmp_path / name
