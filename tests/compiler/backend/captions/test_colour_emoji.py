"""Emoji in burned captions, in the colours of a font of coloured squares."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import opentimelineio as otio
import pytest
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables.sbixGlyph import Glyph
from fontTools.ttLib.tables.sbixStrike import Strike
from numpy.typing import NDArray
from otio_gvideo.compiler.backend.captions.burn import prepare_captions, to_ass
from otio_gvideo.compiler.backend.captions.colour_emoji import colour_font
from otio_gvideo.compiler.backend.captions.cues import make_cues
from otio_gvideo.compiler.backend.captions.words import SpokenWord
from otio_gvideo.compiler.backend.captions.words import columns as columns_of
from otio_gvideo.compiler.backend.encode.encoder_settings import Encoding
from otio_gvideo.compiler.backend.flatten import flatten
from otio_gvideo.compiler.backend.output_spec import OutputSpec
from otio_gvideo.compiler.timeline.rate import time_range
from PIL import Image

FPS = Fraction(24)
SIZE = (270, 480)
SQUARES = {
    "face": (0x1F600, (1.0, 0.0, 0.0)),
    "wave": (0x1F44B, (0.0, 0.0, 1.0)),
    "tone": (0x1F3FD, (0.0, 0.0, 1.0)),
    "heart": (0x2764, (0.0, 0.0, 1.0)),
    "D": (0x1F1E9, (0.0, 0.0, 1.0)),
    "E": (0x1F1EA, (0.0, 0.0, 1.0)),
    "one": (0x31, (0.0, 0.0, 1.0)),
    "keycap": (0x20E3, (0.0, 0.0, 1.0)),
    "vs16": (0xFE0F, (0.0, 0.0, 1.0)),
    "zwj": (0x200D, (0.0, 0.0, 1.0)),
    "whole": (0xF0000, (0.0, 1.0, 0.0)),
}
"""Glyphs, their letters and colours: parts of sequences are blue, sequences are green."""
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
SEQUENCES = ["👋🏽", "👋‍👋", "👋🏽‍👋", "🇩🇪", "1️⃣", "❤️"]


KINDS = ["COLR 0", "COLR 0 over blank glyphs", "COLR 1", "sbix"]


@pytest.fixture(scope="module")
def font(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A font whose emoji are squares, and whose sequences are ligatures of them."""
    return squares(tmp_path_factory.mktemp("font") / "squares.ttf", KINDS[0])


def squares(path: Path, kind: str) -> Path:
    """Write that font with a table for colours."""
    pen = TTGlyphPen(None)
    for place, to in enumerate([(50, -150), (50, 750), (950, 750), (950, -150)]):
        (pen.lineTo if place else pen.moveTo)(to)
    pen.closePath()
    square, names = pen.glyph(), [".notdef", "space", *SQUARES, "layer"]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({32: "space"} | {code: name for name, (code, _) in SQUARES.items()})
    blank = TTGlyphPen(None).glyph()
    shown = [*(SQUARES if kind in KINDS[::2] else ()), "layer"]
    builder.setupGlyf({n: square if n in shown else blank for n in names})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 50)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    colours = [colour for _, colour in SQUARES.values()]
    if kind == "sbix":
        builder.font["sbix"] = table = newTable("sbix")
        table.strikes[100] = strike = Strike(ppem=100, resolution=72)
        for name, colour in zip(SQUARES, colours, strict=True):
            data = io.BytesIO()
            Image.new("RGB", (90, 90), tuple(round(255 * c) for c in colour)).save(data, "PNG")
            strike.glyphs[name] = Glyph(
                glyphName=name, graphicType="png ", imageData=data.getvalue(), originOffsetY=-15
            )
    else:
        layers: dict[str, Any] = {name: [("layer", n)] for n, name in enumerate(SQUARES)}
        if kind == "COLR 1":
            layers = {name: gradient(place) for place, name in enumerate(SQUARES)}
        builder.setupCOLR(layers, version=int(kind[5]))
        builder.setupCPAL([[(*colour, 1.0) for colour in colours]])
    addOpenTypeFeaturesFromString(
        builder.font,
        "feature ccmp { sub wave tone zwj wave by whole; sub wave tone by whole;"
        " sub wave zwj wave by whole; sub D E by whole; sub one vs16 keycap by whole;"
        " sub heart vs16 by whole; } ccmp;",
    )
    builder.save(path)
    return path


def gradient(colour: int) -> dict[str, Any]:
    """Return a square of a gradient from a colour to itself."""
    stops = [{"StopOffset": at, "PaletteIndex": colour, "Alpha": 1.0} for at in (0.0, 1.0)]
    line = {"x0": 0, "y0": 0, "x1": 1000, "y1": 0, "x2": 0, "y2": 1000}
    paint = {"Format": 4, "ColorLine": {"Extend": "pad", "ColorStop": stops}, **line}
    return {"Format": 10, "Glyph": "layer", "Paint": paint}


def reel(text: str, font: Path, language: str = "en", **captions: Any) -> otio.schema.Timeline:
    """Return a second of grey under captions of two words a second from frame 6 on."""
    timeline = otio.schema.Timeline("reel")
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    grey = otio.schema.GeneratorReference(
        generator_kind="SolidColor", parameters={"color": [0.5, 0.5, 0.5, 1.0]}
    )
    track.append(otio.schema.Clip("grey", grey, time_range(0, 24, FPS)))
    timeline.tracks.append(track)
    words = text.split()
    each = 0.5 / len(words)
    timeline.metadata["otio_gvideo"] = {
        "words": [
            {"text": w, "start": 0.25 + n * each, "end": 0.25 + (n + 1) * each, "scene": "a"}
            for n, w in enumerate(words)
        ],
        "language": language,
        "captions": {"burn": True, "emoji_font": str(font), **captions},
    }
    return timeline


def frames(timeline: otio.schema.Timeline, path: Path) -> list[NDArray[np.uint8]]:
    """Flatten a timeline, and return its frames as RGB."""
    flatten(timeline, path, OutputSpec(Encoding(preset="ultrafast", crf=1)), size=SIZE)
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def columns(frame: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.intp]:
    """Return the columns that have pixels of a colour."""
    near = (np.abs(frame.astype(int) - colour) < 40).all(axis=2)
    return np.flatnonzero(near.any(axis=0))


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_a_sequence_is_one_emoji(font: Path, sequence: str) -> None:
    found = colour_font(font)
    assert found is not None
    parts = list(found.split(f"a{sequence}b"))
    assert parts == [("a", False), (sequence, True), ("b", False)]
    image, _ = found.picture(sequence, 20)
    assert image.getpixel((10, 10)) == (0, 255, 0, 255)
    assert image.size == (20, 20)


@pytest.mark.parametrize("kind", KINDS)
def test_each_table_for_colours_is_drawn(kind: str, tmp_path: Path) -> None:
    found = colour_font(squares(tmp_path / "font.ttf", kind))
    assert found is not None
    for sequence, colour in (("😀", RED), *((sequence, GREEN) for sequence in SEQUENCES)):
        assert list(found.split(f"a{sequence}")) == [("a", False), (sequence, True)]
        image, middle = found.picture(sequence, 20)
        assert image.getpixel((10, 10)) == (*colour, 255)
        assert image.size == (20, 20)
        assert middle == pytest.approx(-7)
    assert list(found.split("🚀")) == [("🚀", False)]


def test_an_emoji_of_which_a_part_has_no_colour_stays_text(tmp_path: Path) -> None:
    path = squares(tmp_path / "font.ttf", KINDS[0])
    partial = TTFont(path)
    del partial["COLR"].ColorLayers["tone"], partial["GSUB"]
    partial.save(path)
    found = colour_font(path)
    assert found is not None
    assert list(found.split("👋")) == [("👋", True)]
    assert list(found.split("👋🏽")) == [("👋🏽", False)]


def test_emoji_of_absurd_widths_stay_text(tmp_path: Path) -> None:
    path = squares(tmp_path / "font.ttf", KINDS[0])
    wide = TTFont(path)
    del wide["GSUB"]
    for name in ("layer", "wave"):
        wide["glyf"][name].coordinates.scale((0.016, 0.016))
        wide["glyf"][name].coordinates.toInt()
    wide["head"].unitsPerEm = 16
    wide["hmtx"]["layer"] = wide["hmtx"]["wave"] = (32000, 1)
    wide.save(path)
    found = colour_font(path)
    assert found is not None
    assert list(found.split("👋‍👋‍👋")) == [("👋‍👋‍👋", False)]


@pytest.mark.parametrize("text", ["1 2 #", "❤", "😀\ufe0e", "🚀", "ok"])
def test_text_and_what_the_font_lacks_stay_text(font: Path, text: str) -> None:
    found = colour_font(font)
    assert found is not None
    assert list(found.split(text)) == [(text, False)]


def test_emoji_show_with_their_caption(each_ffmpeg: str, font: Path, tmp_path: Path) -> None:
    seen = frames(reel("a 😀 👋🏽", font), tmp_path / "reel.mp4")
    lit = [n for n, frame in enumerate(seen) if columns(frame, RED).size]
    assert lit[0] == 6
    assert lit == [n for n, frame in enumerate(seen) if columns(frame, GREEN).size]
    assert not any(columns(frame, BLUE).size for frame in seen)
    red, green = (columns(seen[12], colour) for colour in (RED, GREEN))
    # One em is 18 pixels here; the outline lies around the square.
    assert 16 <= red.size <= 19
    assert red.max() < green.min()
    row = seen[12][:, int(red.mean())]
    rows = np.flatnonzero((np.abs(row.astype(int) - RED) < 40).all(axis=1))
    assert 16 <= rows.size <= 19
    around = row[[rows.min() - 2, rows.max() + 2]]
    assert (around.astype(int).sum(axis=1) < 120).all(), "no outline"


def test_emoji_stand_where_their_line_leaves_room(font: Path, tmp_path: Path) -> None:
    """In a right-to-left line the first emoji is at the right; between words both are clear."""
    frame = frames(reel("سلام 😀 سلام 👋🏽", font, "ar"), tmp_path / "reel.mp4")[12]
    red, green = (columns(frame, colour) for colour in (RED, GREEN))
    white = columns(frame, (255, 255, 255))
    assert green.max() < red.min()
    assert white.min() > green.max()
    assert not set(white) & set(range(red.min() - 1, red.max() + 2))


def test_a_long_line_of_emoji_shrinks_to_the_frame_with_its_outline(
    font: Path, tmp_path: Path
) -> None:
    timeline = reel("😀" * 60, font)
    found = prepare_captions(timeline, SIZE, FPS, tmp_path)
    assert found is not None
    (event,), (places,) = found.script.events, found.places.values()
    assert len(places) == len(event.emoji) == 60
    assert found.warnings == ()
    frame = frames(timeline, tmp_path / "reel.mp4")[12]
    dark = np.flatnonzero((frame.max(axis=2) < 100).any(axis=0))
    assert SIZE[0] * 0.08 < dark.min() < dark.max() < SIZE[0] * 0.92


def test_emoji_without_room_are_warned_about(font: Path, tmp_path: Path) -> None:
    found = prepare_captions(reel("😀" * 400, font), (32, 56), FPS, tmp_path)
    assert found is not None
    (warning,) = found.warnings
    assert warning.code == "captions"
    lost = 400 - sum(map(len, found.places.values()))
    assert warning == f"captions: {lost} emoji have no room in the frame and are left out"


@pytest.mark.slow
def test_emoji_grow_with_their_word(font: Path, tmp_path: Path) -> None:
    seen = frames(reel("a 😀", font, style="word", size=160), tmp_path / "reel.mp4")
    sizes = [columns(frame, RED).size for frame in seen[6:10]]
    assert sizes[0] < sizes[1] < sizes[2] == sizes[3] == pytest.approx(40, abs=2)


@pytest.mark.slow
def test_a_caption_keeps_its_emoji_across_segments(font: Path, tmp_path: Path) -> None:
    whole = reel("a 😀", font)
    cut = whole.deepcopy()
    clip = cut.tracks[0][0]
    first, second = clip.deepcopy(), clip.deepcopy()
    first.source_range, second.source_range = time_range(0, 12, FPS), time_range(12, 12, FPS)
    cut.tracks[0][:] = [first, second]
    one, other = (frames(t, tmp_path / f"{n}.mp4") for n, t in enumerate((whole, cut)))
    assert [columns(f, RED).tolist() for f in one] == [columns(f, RED).tolist() for f in other]


def test_the_file_for_editors_keeps_the_characters(font: Path, tmp_path: Path) -> None:
    timeline = reel("a 👋🏽", font)
    assert "👋🏽" in to_ass(timeline, SIZE, FPS)
    found = prepare_captions(timeline, SIZE, FPS, tmp_path)
    assert found is not None
    assert "👋" not in found.script.text()
    assert found.warnings == ()


def test_without_a_colour_font_emoji_are_outlines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folders in ("XDG_DATA_HOME", "XDG_DATA_DIRS"):
        monkeypatch.setenv(folders, str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    timeline = reel("a 😀", tmp_path, emoji_font="")
    found = prepare_captions(timeline, SIZE, FPS, tmp_path)
    assert found is not None
    assert r"{\fnNoto Emoji}😀{\fnRubik}" in found.script.text()
    assert not found.places


def test_the_systems_colour_font_is_found(
    font: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fonts").mkdir()
    installed = tmp_path / "fonts" / "NotoColorEmoji.ttf"
    installed.write_bytes(font.read_bytes())
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    found = colour_font()
    assert found is not None
    assert found.path == installed


def test_a_font_in_the_working_directory_is_not_the_systems(
    font: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "NotoColorEmoji.ttf").write_bytes(font.read_bytes())
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "JoyPixels.ttf").write_bytes(font.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", ".")
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "none"))
    monkeypatch.setattr("sys.platform", "linux")
    assert colour_font() is None


def test_a_replaced_font_draws_its_own_emoji(font: Path, tmp_path: Path) -> None:
    path = tmp_path / "font.ttf"
    path.write_bytes(font.read_bytes())
    before = colour_font(path)
    assert before is not None
    assert before.picture("😀", 20)[0].getpixel((10, 10)) == (255, 0, 0, 255)
    other = TTFont(font)
    palette = other["CPAL"].palettes[0]
    palette[0], palette[1] = palette[1], palette[0]
    other.save(path)
    after = colour_font(path)
    assert after is not None
    assert after.picture("😀", 20)[0].getpixel((10, 10)) == (0, 0, 255, 255)


def test_a_damaged_colour_font_leaves_outlines(font: Path, tmp_path: Path) -> None:
    data = bytearray(font.read_bytes())
    start = data.index(b"glyf", data.index(b"glyf") - 4)
    offset, length = struct.unpack_from(">LL", data, start + 8)
    data[offset : offset + length] = b"\x7f" * length
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(data)
    found = prepare_captions(reel("a 😀", broken), SIZE, FPS, tmp_path)
    assert found is not None
    assert r"{\fnNoto Emoji}😀{\fnRubik}" in found.script.text()


def test_an_emoji_counts_as_one_full_width_character() -> None:
    family = [SpokenWord("👨‍👩‍👧", 0, 1)]
    assert columns_of(family) == columns_of([SpokenWord("家", 0, 1)]) == 2
    (cue,) = make_cues(family)
    (other,) = make_cues([SpokenWord("家", 0, 1)])
    assert cue.speed == other.speed


@pytest.mark.skipif(colour_font() is None, reason="no colour font (fonts-noto-color-emoji)")
@pytest.mark.parametrize("sequence", [*SEQUENCES[:1], *SEQUENCES[3:], "👨‍👩‍👧", "🏳️‍🌈", "😀"])
def test_a_real_font_draws_a_sequence_as_one_emoji_in_colour(sequence: str) -> None:
    found = colour_font()
    assert found is not None
    assert list(found.split(f"a {sequence}")) == [("a ", False), (sequence, True)]
    image, _ = found.picture(sequence, 100)
    assert image.width < 1.35 * 100
    seen = np.asarray(image)[np.asarray(image.getchannel("A")) > 200][:, :3].astype(int)
    grey = "👨‍👩‍👧"  # a silhouette in newer fonts
    assert sequence == grey or np.ptp(seen, axis=1).max() > 40
