"""Properties of aligning a text to a transcript, whatever the recogniser did to the words."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st
from otio_gvideo.compiler.script.tokens import Token, tokenize
from otio_gvideo.compiler.speech.align.transcript_anchors import TranscriptAnchors
from otio_gvideo.compiler.speech.transcripts import Transcript
from otio_gvideo.compiler.sync.edit import SceneInput, VoiceSource
from otio_gvideo.compiler.sync.schedule import make_schedule
from otio_gvideo.compiler.sync.types import Word

from .strategies import rates, seconds

LETTERS = "bcdfghjklmnp"
NOISE = ("uh", "um", "you", "see", "aeiou", "ooo")


def name(number: int) -> str:
    """Return a word for a number, unlike all others and unlike the inserted ones."""
    digits = [LETTERS[number // 12**place % 12] for place in range(4)]
    return "".join(letter * 2 for letter in digits)


@st.composite
def narrations(draw: st.DrawFn) -> list[list[Word]]:
    """Scenes of different words, with pauses between words and between scenes."""
    numbers = iter(draw(st.permutations(range(60))))
    clock = draw(seconds(100, 2000))
    scenes = []
    for _ in range(draw(st.integers(2, 6))):
        words = []
        for _ in range(draw(st.integers(3, 9))):
            length = draw(seconds(80, 700))
            words.append(Word(name(next(numbers)), clock, clock + length))
            clock += length + draw(seconds(0, 200))
        clock += draw(seconds(150, 1500))
        scenes.append(words)
    return scenes


def frames(scenes: list[list[Word]], heard: list[Word], fps: Fraction) -> list[int]:
    """Return the cuts that result from a transcript of some scenes."""
    tokens: list[Token] = []
    for words in scenes:
        tokens += tokenize(" ".join(word.text for word in words))
    end = scenes[-1][-1].end + 1
    times = TranscriptAnchors.of(tokens, Transcript(tuple(heard)), "en").interpolated(end)
    placed = []
    at = 0
    for number, words in enumerate(scenes):
        placed.append(
            SceneInput(
                f"s{number}",
                words=tuple(
                    Word(token.text, time.start, time.end)
                    for token, time in zip(
                        tokens[at : at + len(words)], times[at : at + len(words)], strict=True
                    )
                ),
            )
        )
        at += len(words)
    schedule = make_schedule(placed, [VoiceSource(0, end)], fps)
    return [scene.start for scene in schedule.scenes[1:]]


@given(narrations(), rates, st.data())
def test_inserted_words_in_a_transcript_move_no_cut_by_more_than_a_frame(
    scenes: list[list[Word]], fps: Fraction, data: st.DataObject
) -> None:
    true = [word for words in scenes for word in words]
    noisy: list[Word] = []
    for word, following in pairwise([*true, None]):
        assert word is not None
        noisy.append(word)
        room = following.start - word.end if following else Fraction(1, 2)
        count = data.draw(st.integers(0, 3)) if room else 0
        for number in range(count):
            start = word.end + room * number / count
            text = data.draw(st.sampled_from(NOISE))
            noisy.append(Word(text, start, start + room / count))
    for clean, moved in zip(frames(scenes, true, fps), frames(scenes, noisy, fps), strict=True):
        assert abs(clean - moved) <= 1


@given(narrations(), rates, st.data())
def test_deleted_words_inside_scenes_move_no_cut(
    scenes: list[list[Word]], fps: Fraction, data: st.DataObject
) -> None:
    kept: list[Word] = []
    for words in scenes:
        inner = words[1:-1]
        lost = data.draw(st.sets(st.integers(0, len(inner) - 1)))
        kept += [words[0], *(w for n, w in enumerate(inner) if n not in lost), words[-1]]
    true = [word for words in scenes for word in words]
    assert frames(scenes, kept, fps) == frames(scenes, true, fps)


@given(narrations(), rates, st.data())
def test_words_split_in_two_move_no_cut(
    scenes: list[list[Word]], fps: Fraction, data: st.DataObject
) -> None:
    heard: list[Word] = []
    for words in scenes:
        split = data.draw(st.sets(st.integers(1, len(words) - 2)))
        for number, word in enumerate(words):
            if number in split:
                middle = (word.start + word.end) / 2
                heard += [
                    Word(word.text[:4], word.start, middle),
                    Word(word.text[4:], middle, word.end),
                ]
            else:
                heard.append(word)
    true = [word for words in scenes for word in words]
    assert frames(scenes, heard, fps) == frames(scenes, true, fps)


@given(narrations(), rates)
def test_a_verbatim_transcript_is_used_unchanged(scenes: list[list[Word]], fps: Fraction) -> None:
    true = [word for words in scenes for word in words]
    assume(all(a.end <= b.start for a, b in pairwise(true)))
    tokens = [token for word in true for token in tokenize(word.text)]
    duration = true[-1].end + 1
    times = TranscriptAnchors.of(tokens, Transcript(tuple(true)), "en").interpolated(duration)
    assert [(time.start, time.end) for time in times] == [(w.start, w.end) for w in true]
