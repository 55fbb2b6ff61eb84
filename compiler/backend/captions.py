"""Words into captions: cues of at most two lines that read well, and their sidecar files.

SubRip has no standard of its own; WebVTT is https://www.w3.org/TR/webvtt1/.
"""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import opentimelineio as otio

from .reading import ours, seconds

LINE_WIDTH = 32
"""Columns of a line: what fits a vertical picture in a size that is read on a phone."""
LONGEST_S = 5.0
SHORTEST_S = 1.0
"""Seconds a cue stays where the next one leaves it the time."""
PAUSE_S = 0.7
"""A silence that long ends a cue."""
_TICK_S = 0.001
"""Seconds that the formats count in."""
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
_CLAUSE_END = re.compile(r"[,;:–—、，；：][\"'”’»)\]]*$")
_JOINED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word in reel seconds, and the scene that it belongs to."""

    text: str
    start: float
    end: float
    scene: str = ""


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption: reel seconds, and its one or two lines of words."""

    start: float
    end: float
    lines: tuple[tuple[SpokenWord, ...], ...]

    @property
    def text(self) -> tuple[str, ...]:
        """The lines as they are shown."""
        return tuple(join_words(line) for line in self.lines)


def words_of(timeline: otio.schema.Timeline) -> list[SpokenWord]:
    """The words that a timeline carries, in order of their times."""
    words = (
        SpokenWord(
            " ".join(str(word["text"]).split()),
            float(word["start"]),
            float(word["end"]),
            str(word.get("scene", "")),
        )
        for word in ours(timeline).get("words") or ()
    )
    return sorted((word for word in words if word.text), key=lambda word: word.start)


def captions_of(timeline: otio.schema.Timeline, width: int = LINE_WIDTH) -> list[Cue]:
    """The captions of a timeline; none outlasts it."""
    length = seconds(timeline.duration()) if len(timeline.tracks) else Fraction(0)
    return make_cues(words_of(timeline), width, float(length) or None)


def make_cues(
    words: Sequence[SpokenWord], width: int = LINE_WIDTH, length_s: float | None = None
) -> list[Cue]:
    """Words into cues that never overlap and hold every word once.

    A cue ends with a sentence, a scene or a pause; one that would be too long for two lines is
    split where it hurts least: after a comma, else near its middle. One that would flash by is
    shown together with the next.

    Args:
        words: in order of their times.
        width: columns of a line; a longer word gets a line of its own.
        length_s: seconds after which nothing is shown, however long it would stay.
    """
    groups = [part for sentence in _sentences(words) for part in _split_to_fit(sentence, width)]
    groups = _without_flashes(groups, width)
    starts: list[float] = []
    for group in groups:
        # Two cues never begin together, not even where words do.
        earliest = starts[-1] + _TICK_S if starts else 0.0
        starts.append(max(group[0].start, earliest))
    cues = []
    for group, start, following in zip(
        groups, starts, [*starts[1:], math.inf][: len(starts)], strict=True
    ):
        end = max(group[-1].end, start + SHORTEST_S)
        if length_s is not None and following == math.inf:
            end = min(end, max(length_s, group[-1].end))
        # Over a short silence the caption stays: one that flickers off and on disturbs.
        end = following if following - end < PAUSE_S / 2 else end
        cues.append(Cue(start, max(end, start + _TICK_S), _lines(group, width)))
    return cues


def to_srt(cues: Iterable[Cue]) -> str:
    """SubRip: ``00:00:01,000`` times, one number a cue."""
    return "\n".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n"
        + "\n".join(cue.text)
        + "\n"
        for number, cue in enumerate(cues, 1)
    )


def to_vtt(cues: Iterable[Cue]) -> str:
    """WebVTT, placed above the lower fifth, where players and apps put their buttons."""
    blocks = [
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')} line:78%,end align:center\n"
        + "\n".join(html.escape(line, quote=False) for line in cue.text)
        + "\n"
        for cue in cues
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def join_words(words: Iterable[SpokenWord]) -> str:
    """Words as text; no blanks between those of scripts that are written without."""
    text = ""
    for word in words:
        joined = text and _JOINED.match(text[-1]) and _JOINED.match(word.text[:1])
        text += word.text if not text or joined else f" {word.text}"
    return text


def columns(words: Sequence[SpokenWord]) -> int:
    """Width of words on a line; letters of East Asian scripts count twice."""
    text = join_words(words)
    if text.isascii():
        return len(text)
    return len(text) + sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)


def _sentences(words: Sequence[SpokenWord]) -> list[list[SpokenWord]]:
    groups: list[list[SpokenWord]] = []
    for word in words:
        if groups:
            last = groups[-1][-1]
            ended = _SENTENCE_END.search(last.text) and not _is_short(last.text)
            if not (ended or word.scene != last.scene or word.start - last.end >= PAUSE_S):
                groups[-1].append(word)
                continue
        groups.append([word])
    return groups


def _without_flashes(groups: list[list[SpokenWord]], width: int) -> list[list[SpokenWord]]:
    """Cues that the next one would cut short of `SHORTEST_S`, shown together with it."""
    joined: list[list[SpokenWord]] = []
    for group in groups:
        last = joined[-1] if joined else None
        if (
            last is not None
            and group[0].start - last[0].start < SHORTEST_S
            and group[0].scene == last[-1].scene
            and group[-1].end - last[0].start <= LONGEST_S
            and _best_break([*last, *group], width) is not None
        ):
            joined[-1] = [*last, *group]
        else:
            joined.append(group)
    return joined


def _is_short(text: str) -> bool:
    """Whether a full stop belongs to an abbreviation such as ``Mr.`` or ``J.``."""
    return bool(re.fullmatch(r"([A-Z]|Mrs?|Ms|Dr|St|vs|No)\.", text))


def _split_to_fit(words: list[SpokenWord], width: int) -> list[list[SpokenWord]]:
    """A sentence as one cue or several, none over two lines or `LONGEST_S`."""
    fits = _best_break(words, width) is not None
    if len(words) == 1 or (fits and words[-1].end - words[0].start <= LONGEST_S):
        return [words]
    total = columns(words)

    def cost(place: int) -> float:
        off_centre = abs(columns(words[:place]) / total - 0.5)
        pause = max(0.0, words[place].start - words[place - 1].end)
        clause = 0.3 if _CLAUSE_END.search(words[place - 1].text) else 0.0
        return off_centre - clause - min(pause, 0.5)

    place = min(range(1, len(words)), key=cost)
    return [
        *_split_to_fit(words[:place], width),
        *_split_to_fit(words[place:], width),
    ]


def _lines(words: list[SpokenWord], width: int) -> tuple[tuple[SpokenWord, ...], ...]:
    place = _best_break(words, width)
    if not place:
        return (tuple(words),)
    return tuple(words[:place]), tuple(words[place:])


def _best_break(words: list[SpokenWord], width: int) -> int | None:
    """Where to break words into two lines: 0 for one line, None where two don't hold them.

    The two lines are about as long, the upper one rather the shorter, and break after a comma.
    """
    if columns(words) <= width or len(words) == 1:
        return 0

    def cost(place: int) -> float:
        upper, lower = columns(words[:place]), columns(words[place:])
        clause = width / 4 if _CLAUSE_END.search(words[place - 1].text) else 0
        return abs(upper - lower) + (2 if upper > lower else 0) - clause

    places = [
        place
        for place in range(1, len(words))
        if (columns(words[:place]) <= width or place == 1)
        and (columns(words[place:]) <= width or place == len(words) - 1)
    ]
    return min(places, key=cost, default=None)


def _clock(time: float, point: str) -> str:
    milliseconds = round(time * 1000)
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{milliseconds:03}"
