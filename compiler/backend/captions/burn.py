"""Burned-in captions: their ASS file, fonts and emoji in colour."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ...media.find_ffmpeg import ffmpeg_path
from ...notices import Notice
from ...timeline.metadata import own_metadata
from .ass import Typesetter
from .ass_script import AssScript, Event, as_shown
from .colour_emoji import ColourFont
from .cues import Cue, captions_of, default_limits, hard_to_read
from .emoji_overlay import EmojiLook, EmojiOverlay, ShownEmoji
from .emoji_places import PlacedEmoji, place_emoji
from .fonts import EMOJI, RUBIK
from .style import SCALE, CaptionStyle, is_font_file, read_style
from .trials import check_fonts, draws_in_bt601, family_of, for_bt601
from .words import SpokenWord, heads_of, language_of, words_of

_NEAR_S = 1
"""Gap between captions, in seconds, below which it is encoded along with them."""


@dataclass(frozen=True, slots=True)
class RangeCaptions:
    """Captions of a range of the reel.

    Attributes:
        text: an ASS file, whose time 0 is the start of the range; empty for none.
        emoji: to draw over it; None for none.
    """

    text: str
    emoji: EmojiOverlay | None = None


@dataclass(frozen=True, slots=True)
class BurnedCaptions:
    """Captions to burn in.

    Attributes:
        script: the ASS file; its times are those of the reel.
        fonts: the folder for ``fontsdir`` of ffmpeg's filter ``ass``.
        warnings: about missing fonts and emoji.
        look: of emoji in colour; None if there are none.
        places: of emoji in colour, by event.
        unit: pixels in a unit of the ASS file.
    """

    script: AssScript
    fonts: Path
    warnings: tuple[Notice, ...] = ()
    look: EmojiLook | None = None
    places: Mapping[Event, tuple[PlacedEmoji, ...]] = field(default_factory=dict)
    unit: float = 1.0

    def between(self, first: int, end: int, fps: Fraction) -> RangeCaptions:
        """Return the captions of frames ``[first, end)`` of the reel."""
        start = first / fps
        # Captions change halfway between two frames: one that the next frame shows is not here yet.
        until = (end - Fraction(1, 2)) / fps
        text = self.script.between(start, until)
        shown = tuple(
            ShownEmoji(
                as_shown(event.start - start),
                as_shown(event.end - start),
                event.em * self.unit,
                (event.middle[0] * self.unit, event.middle[1] * self.unit),
                self.places[event],
            )
            for event in self.script.shown(start, until)
            if event in self.places
        )
        return RangeCaptions(text, EmojiOverlay(self.look, shown) if self.look and shown else None)

    def starts(self, fps: Fraction) -> list[int]:
        """Return the frames of the reel at which captions appear, in order."""
        return sorted({math.ceil(event.start * fps) for event in self.script.events})

    def ranges(self, frames: int, fps: Fraction) -> Iterator[tuple[int, int, bool]]:
        """Yield frames ``[start, end)`` of the reel, and whether they have captions.

        Captions that are less than a second apart share a range.
        """
        near = math.ceil(_NEAR_S * fps)
        shown: list[tuple[int, int]] = []
        for event in self.script.events:
            start = max(0, math.ceil(event.start * fps))
            end = min(frames, math.ceil(event.end * fps))
            if shown and start - shown[-1][1] < near:
                shown[-1] = (shown[-1][0], max(end, shown[-1][1]))
            elif start < end:
                shown.append((start, end))
        place = 0
        for start, end in shown:
            if place < start:
                yield place, start, False
            yield start, end, True
            place = end
        if place < frames:
            yield place, frames, False


def prepare_captions(
    timeline: otio.schema.Timeline, size: tuple[int, int], fps: Fraction, folder: Path
) -> BurnedCaptions | None:
    """Return the captions to burn in; None if the timeline does not ask for it.

    Args:
        timeline: words and ``captions`` are in its metadata.
        size: of the reel, in pixels.
        fps: of the reel.
        folder: for a folder of fonts.

    Raises:
        InputError: the style is invalid.
    """
    stated = dict(own_metadata(timeline).get("captions") or {})
    words = words_of(timeline)
    if not stated.get("burn") or not words:
        return None
    style = read_style(stated)
    fonts = _copy_fonts(style, folder)
    # ASCII has no emoji, and needs no search for a font.
    colour = None if all(word.text.isascii() for word in words) else style.colour_font()
    checked = check_fonts(_letters(words, colour), style, fonts)
    drawn = for_bt601(style) if draws_in_bt601(ffmpeg_path(), folder) else style
    typesetter = Typesetter(
        *(drawn, size, fps, language_of(timeline), checked.family, checked.absent),
        heads=heads_of(timeline),
        colour=colour,
    )
    script = typesetter.script(captions_of(timeline, typesetter.limits()))
    unit = min(size) / SCALE
    look = None if colour is None else _look(style, colour, unit)
    places = place_emoji(script, size, fonts, folder)
    warnings = (*checked.warnings, *_of_places(script, places))
    return BurnedCaptions(script, fonts, warnings, look, places, unit)


def _of_places(
    script: AssScript, places: Mapping[Event, tuple[PlacedEmoji, ...]]
) -> Iterator[Notice]:
    """Yield a warning if emoji have no place in the frame."""
    lost = sum(len(event.emoji) - len(places.get(event, ())) for event in script.events)
    if lost:
        what = f"captions: {lost} emoji have no room in the frame and are left out"
        yield Notice("captions", what)


def _letters(words: Iterable[SpokenWord], colour: ColourFont | None) -> set[str]:
    """Return the letters that libass draws."""
    texts = (word.text for word in words)
    if colour is None:
        return {letter for text in texts for letter in text}
    parts = (part for text in texts for part in colour.split(text))
    return {letter for part, is_emoji in parts if not is_emoji for letter in part}


def _look(style: CaptionStyle, colour: ColourFont, unit: float) -> EmojiLook:
    return EmojiLook(
        font=colour,
        outline=style.outline / style.size_px,
        outline_colour=style.outline_colour,
        shadow=0 if style.box_colour is not None else round(style.shadow * unit),
        opacity=style.colour[3],
        pops=style.style == "word",
    )


def typeset(
    timeline: otio.schema.Timeline, size: tuple[int, int], fps: Fraction
) -> tuple[Typesetter, list[Cue]]:
    """Return the captions of a timeline, and what sets them; errors as of `read_style`."""
    style = read_style(dict(own_metadata(timeline).get("captions") or {}))
    language, heads = language_of(timeline), heads_of(timeline)
    typesetter = Typesetter(style, size, fps, language, family_of(style), heads=heads)
    return typesetter, captions_of(timeline, typesetter.limits())


def caption_departures(
    timeline: otio.schema.Timeline, size: tuple[int, int], fps: Fraction
) -> list[str]:
    """Return a line for each caption that is hard to read: burned in, or else in a sidecar file."""
    if (own_metadata(timeline).get("captions") or {}).get("burn"):
        typesetter, cues = typeset(timeline, size, fps)
        return list(hard_to_read(cues, typesetter.limits()))
    return list(hard_to_read(captions_of(timeline), default_limits(timeline)))


def to_ass(timeline: otio.schema.Timeline, size: tuple[int, int], fps: Fraction) -> str:
    """Return the captions of a timeline as an ASS file; errors as of `typeset`."""
    typesetter, cues = typeset(timeline, size, fps)
    return typesetter.script(cues).text()


def _copy_fonts(style: CaptionStyle, folder: Path) -> Path:
    """Return a folder with the bundled fonts and the script's own."""
    fonts = folder / "fonts"
    fonts.mkdir(exist_ok=True)
    files = [RUBIK, EMOJI, *([Path(style.font)] if is_font_file(style.font) else [])]
    for number, path in enumerate(files):
        shutil.copyfile(path, fonts / f"{number}{path.suffix}")
    return fonts
