"""Typeset cues as Advanced SubStation Alpha (ASS): styles, positions, karaoke.

Format: http://www.tcax.org/docs/ass-specs.htm, with libass's extensions (``BorderStyle`` 4 is a box
behind all lines, ``Encoding`` -1 detects the direction of the text).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from .ass_script import AssScript, Event
from .ass_values import ass_bgr, ass_colour, ass_number, escape
from .colour_emoji import ColourFont
from .cue_limits import SHORTEST_S, CueLimits
from .cues import Cue
from .fonts import FontFace, emoji
from .style import Area, CaptionStyle, area_of
from .words import SpokenWord, is_joined, join_words

_LINGER_S = 0.3
"""A word stays highlighted over a shorter pause after it."""
POP_MS = 90
"""Milliseconds in which words of the style ``word`` grow to full size."""
POP_FROM = 0.82
"""The size that they grow from."""
_LINE_HEIGHT = 1.25
"""Line height, in ems."""
_BOX_PADDING = 0.3
"""Padding of a box, in ems."""
_OVERHANG = 0.04
"""Width by which a letter such as j reaches beyond its own, in ems."""
_EMOJI_MARGIN = 0.04
"""Blank at both sides of an emoji in colour, in ems, if it has no outline."""
_STYLE_FIELDS = (
    "Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, "
    "Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, "
    "Alignment, MarginL, MarginR, MarginV, Encoding"
)


@dataclass(frozen=True, slots=True)
class Typesetter:
    """Sets cues in a style, for a frame size and rate.

    Attributes:
        style: of the captions.
        size: of the frame, in pixels.
        fps: of the reel: captions change between two frames, so that rounding never shifts one.
        language: of the words.
        family: font family to draw with instead of the style's.
        absent: letters to drop, since no font has them.
        heads: rows that heads reach in a scene, 0..1 of the picture's height, by scene.
        colour: the font of emoji to draw in colour later; None for outlines.
    """

    style: CaptionStyle
    size: tuple[int, int]
    fps: Fraction
    language: str = "en"
    family: str = ""
    absent: frozenset[str] = frozenset()
    heads: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    colour: ColourFont | None = None

    @property
    def area(self) -> Area:
        """The area for captions."""
        return area_of(self.style, self.size)

    @property
    def face(self) -> FontFace:
        """The font for measuring text."""
        return self.style.face()

    def limits(self) -> CueLimits:
        """Return the limits of a cue."""
        big = self.style.style == "word"
        return CueLimits(
            width=self._room,
            measure=self.measure,
            language=self.language,
            lines=1 if big else self.style.lines,
            max_words=self.style.words if big else None,
            min_s=0.25 if big else SHORTEST_S,
            speed=None if big else self.style.reading_speed,
        )

    def measure(self, words: Sequence[SpokenWord]) -> float:
        """Return the width of words on a line, with blanks between them."""
        face, size = self.style.face(), self._size
        widths = sum(
            self._emoji_width(part, size) if is_emoji else face.width(part, size)
            for word in words
            for part, is_emoji in self._parts(word)
        )
        blanks = sum(not is_joined(a, b) for a, b in pairwise(words))
        return widths + blanks * face.width(" ", size)

    def script(self, cues: Sequence[Cue]) -> AssScript:
        """Return cues as an ASS file."""
        places: dict[str, str | float] = {}
        for cue in sorted(cues, key=self._height):  # The tallest of a scene decides.
            scene = cue.words[0].scene
            places[scene] = self._position(scene, self._height(cue))
        events = (e for cue in cues for e in self._events(cue, places[cue.words[0].scene]))
        return AssScript(self._header(), tuple(events))

    def _position(self, scene: str, height: float) -> str | float:
        heads, stated = self.heads.get(scene), self.style.position
        return self.area.off_heads(stated, height, heads) if heads else stated

    def _height(self, cue: Cue) -> float:
        return self._pitch(cue) * len(cue.lines) + 2 * self._spill(cue)

    def _spill(self, cue: Cue) -> float:
        """Return how far a cue's first and last line reach beyond their height."""
        if self.style.box_colour is not None:
            return self._margin
        reach = max(
            self.face.reach(self.shown(join_words(line)), self._size * self._shrink([line]))
            for line in cue.lines
        )
        return max(0.0, reach + self._margin - self._pitch(cue) / 2)

    @property
    def _margin(self) -> float:
        """Width of what is drawn around letters: their box, or else outline and shadow."""
        boxed = self.style.box_colour is not None
        return (self._size * _BOX_PADDING if boxed else self.style.shadow) + self.style.outline

    @property
    def _room(self) -> float:
        overhang = 0.0 if self.style.box_colour is not None else self._size * _OVERHANG
        return self.area.room - 2 * (self._margin + overhang)

    def _shrink(self, lines: Iterable[Sequence[SpokenWord]]) -> float:
        """Return the share of their size at which lines fit, less than 1 for a very long word."""
        widest = max(self.measure(line) for line in lines)
        return min(1.0, self._room / max(widest, 1.0))

    def _is_one_event(self, cue: Cue) -> bool:
        return self.style.box_colour is not None or len(cue.lines) == 1

    def _pitch(self, cue: Cue) -> float:
        """Return the distance of the lines of a cue."""
        if self._is_one_event(cue):
            return self._size / self.face.em * self._shrink(cue.lines)
        return self._size * _LINE_HEIGHT * max(self._shrink([line]) for line in cue.lines)

    @property
    def _size(self) -> float:
        return self.style.size_px

    def _header(self) -> str:
        style, area, face = self.style, self.area, self.face
        line_px = self._size / face.em
        boxed = style.box_colour is not None
        shade = style.outline_colour
        back = style.box_colour or (*shade[:3], shade[3] // 2)
        family = self.family or face.family
        values = [
            *("Caption", family, ass_number(line_px)),
            *(ass_colour(style.colour), ass_colour(style.highlight_colour)),
            *(ass_colour(shade), ass_colour(back)),
            *(str(face.weight if not self.family else 700), "0", "0", "0", "100", "100", "0", "0"),
            *("4" if boxed else "1", ass_number(style.outline)),
            # For boxed lines, the shadow is the padding of the box.
            ass_number(self._size * _BOX_PADDING if boxed else style.shadow),
            *("5", *(str(round(x)) for x in (area.left, area.right, area.bottom)), "-1"),
        ]
        return "\n".join(
            [
                "[Script Info]",
                "ScriptType: v4.00+",
                f"PlayResX: {area.width}",
                f"PlayResY: {area.height}",
                "WrapStyle: 2",
                "ScaledBorderAndShadow: yes",
                "YCbCr Matrix: TV.709",
                f"; Font: {face.digest}",
                "",
                "[V4+ Styles]",
                f"Format: {_STYLE_FIELDS}",
                f"Style: {','.join(values)}",
                "",
                "[Events]",
                "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text",
            ]
        )

    def _events(self, cue: Cue, position: str | float) -> Iterator[Event]:
        """Yield an event for lines in one box, else one for each line, `_LINE_HEIGHT` apart."""
        area, style = self.area, self.style
        pitch = self._pitch(cue)
        together = self._is_one_event(cue)
        middle = area.middle(position, self._height(cue))
        start, end = self._frame_edge(cue.start), self._frame_edge(cue.end)
        blocks = [cue.lines] if together else [(line,) for line in cue.lines]
        for number, block in enumerate(blocks):
            down = middle + (number - (len(blocks) - 1) / 2) * pitch
            place = area.width / 2, down
            shrink = self._shrink(block)
            line_px = self._size / self.face.em * shrink
            tags = [rf"\pos({ass_number(place[0])},{ass_number(place[1])})"]
            if shrink < 1:
                tags.append(rf"\fs{ass_number(line_px)}\bord{ass_number(style.outline * shrink)}")
            if style.style == "word":
                small = round(POP_FROM * 100)
                tags.append(rf"\fscx{small}\fscy{small}\t(0,{POP_MS},\fscx100\fscy100)")
            size = self._size * shrink
            text = r"\N".join(self._line(line, cue, start, size) for line in block)
            parts = (part for line in block for word in line for part in self._parts(word))
            emoji = tuple(part for part, is_emoji in parts if is_emoji)
            yield Event(start, end, f"{{{''.join(tags)}}}{text}", emoji, size, place)

    def _line(self, words: Sequence[SpokenWord], cue: Cue, start: Fraction, em: float) -> str:
        text = ""
        for index, word in enumerate(words):
            shown = "".join(
                self._place_holder(part, em) if is_emoji else self._escaped(part)
                for part, is_emoji in self._parts(word)
            )
            if self.style.style == "karaoke":
                shown = self._highlight(word, cue, start) + shown
            if index and not is_joined(words[index - 1], word):
                shown = f" {shown}"
            text += shown
        return text

    def _emoji_width(self, emoji: str, em: float) -> float:
        """Return the width of an emoji in colour, with room for its outline."""
        assert self.colour is not None
        margin = max(self.style.outline / self._size, _EMOJI_MARGIN)
        return (self.colour.width(emoji) + 2 * margin) * em

    def _place_holder(self, emoji: str, em: float) -> str:
        """Return a drawing of no area that holds a place in a line, lower than any letter."""
        width, height = ass_number(self._emoji_width(emoji, em)), ass_number(em / 4)
        outline = ass_number(self.style.outline * em / self._size)
        return rf"{{\bord0\p1}}m 0 0 l {width} {height} 0 0{{\p0\bord{outline}}}"

    def _parts(self, word: SpokenWord) -> Iterator[tuple[str, bool]]:
        """Yield the displayed parts of a word, and whether they are emoji in colour."""
        shown = self.shown(word.text)
        return iter([(shown, False)]) if self.colour is None else self.colour.split(shown)

    def _highlight(self, word: SpokenWord, cue: Cue, start: Fraction) -> str:
        """Return the tags that highlight a word while it is spoken."""
        until = word.end
        for one, following in pairwise(cue.words):
            if one is word and following.start - until < _LINGER_S:
                until = max(until, following.start)
        first, last = (round((self._frame_edge(at) - start) * 1000) for at in (word.start, until))
        plain, bright = ass_bgr(self.style.colour), ass_bgr(self.style.highlight_colour)
        # A change takes a millisecond: libass reads (0,0) as the whole duration of the line.
        begin = rf"\1c{bright}" if first <= 0 else rf"\1c{plain}\t({first},{first + 1},\1c{bright})"
        last = max(last, first + 1)
        return rf"{{{begin}\t({last},{last + 1},\1c{plain})}}"

    def shown(self, text: str) -> str:
        """Drop absent letters, and apply capitals."""
        if self.absent:
            text = "".join(letter for letter in text if letter not in self.absent)
        if not self.style.capitals:
            return text
        if self.language.partition("-")[0].lower() in ("tr", "az"):
            text = text.replace("i", "İ")
        return text.upper()

    def _escaped(self, text: str) -> str:
        """Escape text for ASS, and set emoji in their own font."""
        face, pictures = self.face, emoji()
        runs: list[tuple[bool, str]] = []
        for letter in text:
            picture = not face.has(letter) and pictures.has(letter)
            # Joiners and selectors belong to the emoji before them.
            if runs and (picture == runs[-1][0] or _JOINER.match(letter)):
                runs[-1] = (runs[-1][0], runs[-1][1] + letter)
            else:
                runs.append((picture, letter))
        family = self.family or face.family
        return "".join(
            rf"{{\fn{pictures.family}}}{escape(part)}{{\fn{family}}}" if picture else escape(part)
            for picture, part in runs
        )

    def _frame_edge(self, time: float) -> Fraction:
        """Return the instant halfway between the nearest frame and the one before it."""
        frame = round(Fraction(time) * self.fps)
        return max(Fraction(0), (frame - Fraction(1, 2)) / self.fps)


PLACE_HOLDER = re.compile(r"\{\\bord0\\p1\}m 0 0 l (\S+) (\S+) 0 0\{\\p0\\bord([\d.]+)\}")
"""A drawing that holds an emoji's place: its width and height, and the outline of the letters."""
_JOINER = re.compile("[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
