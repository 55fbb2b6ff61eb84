"""Burned-in captions: the right words in the right frames, in the stated colours and positions."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import opentimelineio as otio
import pysubs2
import pytest
from numpy.typing import NDArray
from otio_gvideo import schemas
from otio_gvideo.compiler.backend.captions import trials
from otio_gvideo.compiler.backend.captions.ass import Typesetter
from otio_gvideo.compiler.backend.captions.ass_values import escape
from otio_gvideo.compiler.backend.captions.burn import prepare_captions, to_ass
from otio_gvideo.compiler.backend.captions.cues import Cue, make_cues
from otio_gvideo.compiler.backend.captions.fonts import EMOJI, RUBIK, face_of
from otio_gvideo.compiler.backend.captions.style import (
    CaptionStyle,
    area_of,
    parse_colour,
    parse_position,
    read_style,
)
from otio_gvideo.compiler.backend.captions.trials import as_bt601
from otio_gvideo.compiler.backend.captions.words import SpokenWord, words_of
from otio_gvideo.compiler.backend.encode.encoder_settings import Encoding
from otio_gvideo.compiler.backend.flatten import FlattenResult, flatten
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.errors import InputError
from otio_gvideo.compiler.timeline.rate import time_range

FPS = Fraction(24)
SIZE = (270, 480)


def said(text: str, step: float = 0.5, start: float = 0.5) -> list[dict[str, Any]]:
    return [
        {"text": word, "start": start + n * step, "end": start + (n + 1) * step, "scene": "a"}
        for n, word in enumerate(text.split())
    ]


def reel(
    words: list[dict[str, Any]], frames: int = 96, burn: bool = True, **captions: Any
) -> otio.schema.Timeline:
    timeline = otio.schema.Timeline("reel")
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    track.append(otio.schema.Gap(source_range=time_range(0, frames, FPS)))
    timeline.tracks.append(track)
    timeline.metadata["otio_gvideo"] = {
        "words": words,
        "language": "en",
        "captions": {"burn": burn, **captions},
    }
    return timeline


def flattened(timeline: otio.schema.Timeline, path: Path, **values: Any) -> FlattenResult:
    values = {"size": SIZE} | values
    return flatten(timeline, path, OutputSpec(Encoding(preset="ultrafast", crf=1)), **values)


def planes(path: Path) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]]:
    """Return luma and colour differences of every frame."""
    frames = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            flat = frame.to_ndarray()
            height, width = frame.height, frame.width
            chroma = flat[height:].reshape(2, height // 2, width // 2)
            frames.append((flat[:height], chroma[0], chroma[1]))
    return frames


def is_lit(frame: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]) -> bool:
    """Whether there is yellow."""
    return int(frame[1].min()) < 80


@pytest.mark.slow
def test_captions_begin_and_end_on_the_frames_of_their_words(
    each_ffmpeg: str, tmp_path: Path
) -> None:
    words = said("one", start=1.0) + said("two", start=2.51)
    result = flattened(reel(words, style="plain", outline=0, shadow=0), tmp_path / "reel.mp4")
    seen = [bool((luma > 128).any()) for luma, _, _ in planes(tmp_path / "reel.mp4")]
    # A cue lasts 5/6 s, and changes at the frames nearest to its times.
    assert [n for n, one in enumerate(seen) if one] == [*range(24, 44), *range(60, 80)]
    assert result.frames == 96


@pytest.mark.slow
def test_only_the_spoken_word_is_highlighted(each_ffmpeg: str, tmp_path: Path) -> None:
    words = said("left right", step=1.0, start=1.0)
    flattened(reel(words, style="karaoke"), tmp_path / "reel.mp4")
    frames = planes(tmp_path / "reel.mp4")
    assert [n for n, frame in enumerate(frames) if is_lit(frame)] == list(range(24, 72))
    for n in range(24, 72):
        places = np.flatnonzero((frames[n][1] < 80).any(axis=0))
        middle = SIZE[0] / 4
        assert places.max() < middle + 6 if n < 48 else places.min() > middle - 6, n


@pytest.mark.slow
def test_a_caption_continues_across_segments(tmp_path: Path) -> None:
    words = said("and so it went on", step=0.7, start=17.5)  # segments are 20 seconds long
    timeline = reel(words, frames=528, style="karaoke")
    flattened(timeline, tmp_path / "reel.mp4", segments=tmp_path / "segments")
    frames = planes(tmp_path / "reel.mp4")
    assert [n for n, frame in enumerate(frames) if is_lit(frame)] == list(range(420, 504))
    # The highlighted word at the start of the second segment is that at the end of the first.
    lit = [np.flatnonzero((frames[n][1] < 80).any(axis=0)).mean() for n in (478, 479, 480, 481)]
    assert lit[0] == lit[1] == lit[2] == lit[3]
    # If a caption moves, only its segments are encoded again.
    moved = reel([*words[:-1], {**words[-1], "text": "off"}], frames=528, style="karaoke")
    again = flattened(moved, tmp_path / "again.mp4", segments=tmp_path / "segments")
    assert again.segments.reused_frames > 0


@pytest.mark.slow
def test_caption_colours_do_not_depend_on_the_version_of_ffmpeg(
    each_ffmpeg: str, tmp_path: Path
) -> None:
    stated = {"outline": 0, "shadow": 0, "size": 600, "colour": "#ffd400"}
    flattened(reel(said("—", start=0.0), style="plain", **stated), tmp_path / "reel.mp4")
    luma, blue, red = planes(tmp_path / "reel.mp4")[5]
    # BT.709 of (255, 212, 0) in limited range.
    assert int(luma.max()) == pytest.approx(193, abs=2)
    assert int(blue.min()) == pytest.approx(31, abs=2)
    assert int(red.max()) == pytest.approx(155, abs=2)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["it's [a], 100%: b;c=d", "new\nline \\ 'q'"])
def test_any_folder_name_works(each_ffmpeg: str, name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    flattened(reel(said("one"), frames=24), folder / "reel.mp4")
    assert any((luma > 128).any() for luma, _, _ in planes(folder / "reel.mp4"))


@pytest.mark.slow
def test_video_without_captions_is_copied(tmp_path: Path) -> None:
    plain = reel([], frames=240)
    flattened(plain, tmp_path / "media.mp4")
    timeline = reel(said("one", start=4.0), frames=240)
    media = otio.schema.ExternalReference(str(tmp_path / "media.mp4"), time_range(0, 240, FPS))
    clip = otio.schema.Clip("clip", media, time_range(0, 240, FPS))
    timeline.tracks[0][:] = [clip]
    result = flattened(timeline, tmp_path / "reel.mp4")
    # The caption begins at 4 s; copies stop and start at IDR frames, two seconds apart.
    assert result.segments.copied_frames == 192
    frames = planes(tmp_path / "reel.mp4")
    assert [n for n, (luma, _, _) in enumerate(frames) if (luma > 128).any()] == list(
        range(96, 116)
    )


@pytest.mark.slow
@pytest.mark.parametrize("burn", [True, False])
def test_the_video_has_a_caption_track(each_ffmpeg: str, burn: bool, tmp_path: Path) -> None:
    words = said("a < b & -->", start=0.5)
    timeline = reel(words, burn=burn)
    timeline.metadata["otio_gvideo"]["language"] = "pt-BR"
    flattened(timeline, tmp_path / "reel.mp4")
    with av.open(str(tmp_path / "reel.mp4")) as container:
        (stream,) = (s for s in container.streams if s.type == "subtitle" and "por" in s.language)
        assert stream.codec_context.name == "mov_text"
        assert bool(stream.disposition & stream.disposition.default) is not burn
        assert container.streams.audio[0].language == "por"
        packets = [p for p in container.demux(stream) if p.size > 2]
        assert [bytes(p)[2:].decode() for p in packets] == ["a < b & -->"]
        assert float(packets[0].pts * packets[0].time_base) == pytest.approx(0.5, abs=0.001)


def test_captions_stay_in_the_safe_area() -> None:
    text = "Every evening the keeper climbed one hundred and seventeen steps to wake the lamp"
    for size in ((1080, 1920), (540, 960), (1080, 1080), (1920, 1080)):
        for kind in ("plain", "karaoke", "word"):
            style = CaptionStyle(style=kind, capitals=True)  # type: ignore[arg-type]
            setter = Typesetter(style, size, FPS)
            cues = make_cues(words_of(reel(said(text, 0.2))), setter.limits())
            room = area_of(style, size).room
            for cue in cues:
                assert len(cue.lines) <= (1 if kind == "word" else 2)
                assert len(cue.words) <= (3 if kind == "word" else 99)
                for line in cue.lines:
                    shown = " ".join(word.text.upper() for word in line)
                    assert setter.face.width(shown, style.size_px) <= room or len(line) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "position"),
    [("plain", "top"), ("karaoke", "30%"), ("word", "bottom"), ("karaoke", "middle")],
)
def test_drawn_text_matches_its_measured_position(kind: str, position: str, tmp_path: Path) -> None:
    text = "Extraordinarily-unpronounceable words everywhere, gentlemen"
    timeline = reel(said(text, 0.4, 0), frames=40, style=kind, position=position, box_colour="red")
    flattened(timeline, tmp_path / "reel.mp4")
    style = read_style(timeline.metadata["otio_gvideo"]["captions"])
    area, scale = area_of(style, SIZE), SIZE[0] / 1080
    for luma, _, _ in planes(tmp_path / "reel.mp4")[4::6]:
        letters = luma > 180
        if letters.any():
            columns, rows = (np.flatnonzero(letters.any(axis=axis)) for axis in (0, 1))
            assert columns.min() >= area.left * scale - 1
            assert columns.max() <= SIZE[0] - area.right * scale + 1
            assert rows.min() >= area.top * scale - 1
            assert rows.max() <= SIZE[1] - area.bottom * scale + 1
            if position == "30%":
                assert (rows.min() + rows.max()) / 2 == pytest.approx(0.3 * SIZE[1], abs=8)


@pytest.mark.slow
def test_letters_without_a_font_are_reported_and_emoji_dropped(
    each_ffmpeg: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folders in ("XDG_DATA_HOME", "XDG_DATA_DIRS"):  # without the system's colour font
        monkeypatch.setenv(folders, str(tmp_path))
    words = said("fire 🔥 \U0001fadf \U00012000")
    found = prepare_captions(reel(words), SIZE, FPS, tmp_path)
    assert found is not None
    assert r"{\fnNoto Emoji}🔥{\fnRubik}" in found.script.text()
    told = " | ".join(found.warnings)
    assert "Cuneiform (\U00012000); a box replaces each" in told
    assert "pictographs (\U0001fadf); they are dropped" in told or "\U0001fadf" not in told


def test_letters_without_a_font_are_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = "\n".join(
        f"failed to find any fallback with glyph 0x{ord(x):X}" for x in "「日本」カード。"
    )
    monkeypatch.setattr(trials, "_trial_log", lambda *_: log)
    (told,) = trials.check_fonts("「日本」カード。", CaptionStyle(), tmp_path).warnings
    assert "for punctuation (。 「 」), Katakana (カ ド ー), Chinese characters (日 本); a" in told


def test_letters_of_bundled_fonts_need_no_trial(tmp_path: Path) -> None:
    found = prepare_captions(reel(said("Tür שלום مرحبا Привет 😀 👨‍👩‍👧 ❤️")), SIZE, FPS, tmp_path)
    assert found is not None
    assert found.warnings == ()


@pytest.mark.slow
def test_a_missing_family_is_reported_and_replaced(tmp_path: Path) -> None:
    found = prepare_captions(reel(said("one"), font="No Such Font"), SIZE, FPS, tmp_path)
    assert found is not None
    assert found.warnings == (
        "captions.font: this machine has no font 'No Such Font'; Rubik is used",
    )
    assert "Caption,Rubik," in found.script.header


@pytest.mark.slow
def test_a_font_file_of_the_script_is_used(tmp_path: Path) -> None:
    flattened(reel(said("one"), frames=24, font=str(EMOJI)), tmp_path / "emoji.mp4")
    flattened(reel(said("one"), frames=24), tmp_path / "rubik.mp4")
    one, other = (planes(tmp_path / f"{n}.mp4")[20][0] for n in ("emoji", "rubik"))
    assert (one != other).any()
    face = face_of(RUBIK)
    assert (face.family, face.weight) == ("Rubik", 700)


def test_other_programs_read_the_ass_file() -> None:
    words = said(r"He {\an8} \N lit a flame, and the great lens made it a star.", 0.3)
    for kind in ("plain", "karaoke", "word"):
        text = to_ass(reel(words, burn=False, style=kind), (1080, 1920), FPS)
        read = pysubs2.SSAFile.from_string(text, format_="ass")
        assert read.info["PlayResY"] == "1920"
        assert read.styles["Caption"].fontname == "Rubik"
        shown = [event.plaintext.replace("\n", " ") for event in read if event.text]
        assert "the great lens made it a star." in " ".join(shown)
        times = [(event.start, event.end) for event in read]
        # The lines of a caption are events with the same times.
        assert all(a == b or a[1] <= b[0] for a, b in pairwise(times))


def test_nothing_in_a_word_is_a_tag() -> None:
    setter = Typesetter(CaptionStyle(), SIZE, FPS)
    word = SpokenWord(r"{\an8}\N\h", 0, 1)
    (event,) = setter.script(make_cues([word])).events
    assert event.text.endswith("}" + escape(word.text))
    assert escape("{a}") == r"\{a\}"


def test_turkish_and_german_capitals() -> None:
    def capitals(text: str, language: str) -> str:
        setter = Typesetter(CaptionStyle(capitals=True), SIZE, FPS, language)
        return setter.script(make_cues([SpokenWord(text, 0, 1)])).events[0].text

    assert capitals("istanbul", "tr").endswith("İSTANBUL")
    assert capitals("Straße", "de").endswith("STRASSE")


def test_colours_and_positions_in_css_notation() -> None:
    assert parse_colour("#fd0") == (255, 221, 0, 255)
    assert parse_colour("#000000a0") == (0, 0, 0, 160)
    assert parse_colour("hotpink") == (255, 105, 180, 255)
    assert parse_position("65%") == 65.0
    assert as_bt601((255, 255, 255, 255)) == (255, 255, 255, 255)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "#12"),
        ("style", "shiny"),
        ("position", "left"),
        ("size", "big"),
        ("font", "/none.ttf"),
        ("emoji_font", "/none.ttf"),
        ("emoji_font", str(RUBIK)),
        ("safe_area", 5),
    ],
)
def test_an_invalid_style_is_rejected_by_name(name: str, value: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"captions\.{name}: "):
        prepare_captions(reel(said("one"), **{name: value}), SIZE, FPS, tmp_path)


def test_the_schema_states_the_defaults() -> None:
    rules = schemas.load("script")["properties"]["captions"]["properties"]
    style = CaptionStyle()
    for name, rule in rules.items():
        if "default" in rule and name != "burn":
            stated = rule["default"]
            assert getattr(style, name) == (
                parse_colour(stated) if name.endswith("colour") else stated
            ), name


def test_a_changed_caption_leaves_the_segment_before_it(tmp_path: Path) -> None:
    """Also if both captions follow each other without a pause, halfway between two frames."""
    kept, path = tmp_path / "kept", tmp_path / "reel.mp4"
    first = flattened(reel(said("One two three. Four five six.")), path, segments=kept)
    encoded = first.segments.encoded_segments
    again = flattened(reel(said("One two three. Four five seven.")), path, segments=kept)
    assert (again.segments.encoded_segments, again.segments.reused_segments) == (1, encoded - 1)


@pytest.mark.parametrize("look", [{}, {"shadow": 0}, {"outline": 0}, {"size": 9}])
def test_ink_with_outline_and_shadow_stays_in_the_safe_area(
    look: dict[str, int], tmp_path: Path
) -> None:
    """Also letters below the line, and one that reaches beyond its own width."""
    text = "junipers grow by jetties; jackdaws (quickly) judge jovial jellyfish by night"
    timeline = reel(said(f"{text} {text}", step=0.2), outline_colour="lime", **look)
    size = (540, 960)
    flattened(timeline, tmp_path / "reel.mp4", size=size)
    area = area_of(CaptionStyle(), size)
    seen = np.stack([frame[0] for frame in planes(tmp_path / "reel.mp4")])
    ink = np.abs(seen.astype(int) - int(seen[0, 0, 0])) > 24
    rows, columns = np.flatnonzero(ink.any(axis=(0, 2))), np.flatnonzero(ink.any(axis=(0, 1)))
    assert columns.min() >= int(area.left / 2)
    assert columns.max() < math.ceil((area.width - area.right) / 2)
    assert rows.max() < math.ceil((area.height - area.bottom) / 2)


def test_a_long_word_shrinks_its_own_line_alone() -> None:
    texts = ("Donaudampfschifffahrtselektrizitätenhauptbetriebswerk", "ahoi")
    words = [SpokenWord(text, n, n + 1, "a") for n, text in enumerate(texts)]
    setter = Typesetter(CaptionStyle(), (1080, 1920), FPS)
    long, short = setter.script([Cue(0, 2, ((words[0],), (words[1],)))]).events
    assert long.em < 40
    assert short.em == 72
