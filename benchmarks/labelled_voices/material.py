"""All labelled clips, each made when it is asked for, and the reason if this machine cannot."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path

from otio_gvideo.compiler.media.samples import speech_samples
from otio_gvideo.compiler.speech.transcripts import read_transcript

from . import agreement, sppas, synthesized, texts
from .clips import (
    FILLERS,
    Clip,
    ClipMaker,
    MissingVoiceError,
    SaidWord,
    Samples,
    Spoken,
    joined,
    with_fillers_unscripted,
)

VOICES = "OTIO_GVIDEO_VOICES"
"""Environment variable: a folder with cold_corpus, bobby, mary and their TextGrids."""
MOONSHINE = "OTIO_GVIDEO_MOONSHINE"
"""Environment variable: the folder with the recordings of the package moonshine-voice."""
POCKETSPHINX = Path("/usr/share/pocketsphinx/test/data")
"""Where Debian's pocketsphinx-testdata is."""
RECORDED = Path(__file__).parents[2] / "tests" / "compiler" / "speech" / "align" / "data"
PAUSES = (0.35, 0.15, 0.6, 0.25, 0.45, 0.2, 0.8)
"""Seconds between scenes, in turn."""
LONG_PAUSE_S = 0.3
"""Least seconds of silence that end a scene in spontaneous speech."""


@dataclass(frozen=True, slots=True)
class Material:
    """A clip that can be made.

    Attributes:
        origin: what its labels are worth.
        make: the clip; raises `MissingVoiceError`.
    """

    name: str
    language: str
    origin: str
    make: ClipMaker


def materials() -> list[Material]:
    """Return all clips, English ones first."""
    exact, hand, agreed = "exact", "labelled by people", "two aligners agree"
    found = [
        _material(
            f"{name}, festival", "en", exact, partial(_english, synthesized.festival, name, i)
        )
        for i, name in enumerate(("slt", "kal"))
    ]
    found += [
        _material(f"{name}, flite", "en", exact, partial(_english, synthesized.flite, name, i))
        for i, name in enumerate(synthesized.FLITE)
    ]
    found += [
        _material("joe, piper", "en", exact, partial(_recorded, "joe", "en")),
        _material("kal, fillers", "en", exact, partial(_faltering, synthesized.festival, "kal")),
        _material("awb, fillers", "en", exact, partial(_faltering, synthesized.flite, "awb")),
        _material("cold_corpus", "en", hand, partial(_cold_corpus, without_fillers=False)),
        _material("cold_corpus, fillers", "en", hand, partial(_cold_corpus, without_fillers=True)),
        _material("bobby and mary", "en", hand, _bobby_and_mary),
        _material("M15, SPPAS", "en", hand, sppas.english_read),
        _material("LibriVox", "en", agreed, partial(_sphinx, "librivox")),
        _material("cards", "en", agreed, partial(_sphinx, "cards")),
        _material("two_cities", "en", agreed, _two_cities),
    ]
    for name, (language, _, _) in synthesized.FESTIVAL.items():
        if language != "en":
            make = partial(_foreign, synthesized.festival, name, language)
            found.append(_material(f"{language}: {name}, festival", language, exact, make))
    for name, language in (("ona", "ca"), ("nsh", "ru")):
        make = partial(_recorded, name, language)
        found.append(_material(f"{language}: {name}, festival", language, exact, make))
    found += [
        _material("fr: read, SPPAS", "fr", hand, sppas.french_read),
        _material("fr: radio, SPPAS", "fr", "SPPAS's aligner", sppas.french_talk),
    ]
    for voice in ("it+f2", "fr+f3", "fr+m7", "hi+f2", "ja+m3", "ja+f3", "de+m5", "es+f4"):
        language = voice[:2]
        make = partial(_foreign, synthesized.espeak, voice, language)
        found.append(_material(f"{language}: {voice}, espeak", language, exact, make))
    return found


def _material(name: str, language: str, origin: str, make: Callable[[], Clip]) -> Material:
    return Material(name, language, origin, lambda: replace(make(), name=name, language=language))


def _english(speak: Callable[[str, str], Spoken], voice: str, number: int) -> Clip:
    sentences = texts.MORE_ENGLISH if number % 2 else texts.ENGLISH
    pauses = PAUSES[number:] + PAUSES[:number]
    return joined(voice, "en", [speak(sentence, voice) for sentence in sentences], pauses)


def _foreign(speak: Callable[[str, str], Spoken], voice: str, language: str) -> Clip:
    spoken = [speak(sentence, voice) for sentence in texts.OTHERS[language]]
    return joined(voice, language, spoken, PAUSES)


def _faltering(speak: Callable[[str, str], Spoken], voice: str) -> Clip:
    """Return sentences with fillers and restarts that the script leaves out."""
    spoken = [speak(sentence, voice) for sentence in texts.FALTERING]
    clip = joined(voice, "en", spoken, PAUSES)
    words: list[SaidWord] = []
    for scene, (_, said) in enumerate(spoken):
        mine = [clip.words[place] for place in clip.scene(scene)]
        unscripted = texts.UNSCRIPTED[scene]
        assert len(mine) == len(said)
        words += [replace(w, scene=None) if i in unscripted else w for i, w in enumerate(mine)]
    return replace(clip, words=tuple(renumbered(words)))


def renumbered(words: Sequence[SaidWord]) -> Iterator[SaidWord]:
    """Yield words with their scenes numbered from 0, without holes."""
    numbers = sorted({word.scene for word in words if word.scene is not None})
    for word in words:
        yield word if word.scene is None else replace(word, scene=numbers.index(word.scene))


def _recorded(name: str, language: str) -> Clip:
    """Return a recording of the project's own tests."""
    lines = json.loads((RECORDED / f"{name}.json").read_text())
    words = [SaidWord(*word, scene) for scene, line in enumerate(lines) for word in line]
    return Clip(name, language, speech_samples(RECORDED / f"{name}.flac"), tuple(words))


def _labelled(name: str, labels: str) -> tuple[Samples, list[tuple[str, float, float]]]:
    folder = Path(os.environ.get(VOICES, ""))
    if VOICES not in os.environ or not (folder / labels).exists():
        raise MissingVoiceError(f"{VOICES}, a folder with {labels} and its recording")
    transcript = read_transcript(folder / labels, Fraction(60), None)
    words = [(w.text.lower(), float(w.start), float(w.end)) for w in transcript.words]
    return speech_samples(folder / f"{name}.wav"), words


def _cold_corpus(*, without_fillers: bool) -> Clip:
    """Return spontaneous speech in scenes that end at pauses, none of fillers alone.

    Its labels are an aligner's: one filler lasts 10 ms, another lies in silence. They time nothing.
    """
    samples, words = _labelled("cold_corpus", "cold_corpus.TextGrid")
    scene, said = 0, []
    for (text, start, end), following in zip(words, [*words[1:], words[-1]], strict=True):
        said.append(SaidWord(text, start, end, scene, text not in FILLERS))
        has_words = any(word.scene == scene and word.is_timed for word in said)
        scene += has_words and following[1] - end >= LONG_PAUSE_S
    clip = Clip("cold_corpus", "en", samples, tuple(said))
    return with_fillers_unscripted(clip) if without_fillers else clip


def _bobby_and_mary() -> Clip:
    spoken = [_labelled("bobby", "bobby_words.TextGrid"), _labelled("mary", "mary.TextGrid")]
    return joined("bobby and mary", "en", [*spoken, *spoken], PAUSES)


def _sphinx(kind: str) -> Clip:
    """Return the clips of pocketsphinx-testdata, a scene each, words by two aligners."""
    folder = POCKETSPHINX / kind
    if not folder.exists():
        raise MissingVoiceError("Debian's pocketsphinx-testdata")
    transcription = next(folder.glob("*transcription")).read_text()
    spoken = []
    for line in transcription.splitlines():
        text, name = re.findall(r"<s> (.*?) *</s> \((.*)\)", line)[0]
        samples = speech_samples(folder / f"{name}.wav")
        words = agreement.agreed_words(samples, text)
        spoken.append((samples, agreement.without_silence(words, agreement.silences(samples))))
    return _agreed(kind, spoken)


def _agreed(name: str, spoken: Sequence[tuple[Samples, list[agreement.AgreedWord]]]) -> Clip:
    """Join sentences whose words are timed where two aligners agree."""
    plain = [(samples, [(w.text, w.start, w.end) for w in words]) for samples, words in spoken]
    clip = joined(name, "en", plain, PAUSES)
    agreed = [word.is_agreed for _, words in spoken for word in words]
    words = tuple(
        replace(word, is_timed=sure) for word, sure in zip(clip.words, agreed, strict=True)
    )
    return replace(clip, words=words)


def _two_cities() -> Clip:
    """Return the recording of moonshine-voice; pauses are silences between agreed words."""
    path = Path(os.environ.get(MOONSHINE, "")) / "two_cities.wav"
    if MOONSHINE not in os.environ or not path.exists():
        raise MissingVoiceError(f"{MOONSHINE}, the folder of moonshine-voice's two_cities.wav")
    samples, sentences = speech_samples(path), agreement.DICKENS
    words = agreement.agreed_words(samples, " ".join(sentences))
    scenes = [scene for scene, sentence in enumerate(sentences) for _ in sentence.split()]
    said = [
        SaidWord(w.text, w.start, w.end, scene, w.is_agreed)
        for w, scene in zip(words, scenes, strict=True)
    ]
    quiet = agreement.silences(samples)
    for place, (before, after) in enumerate(pairwise(said)):
        if before.scene != after.scene:
            pause = agreement.longest_within(quiet, before.start + 0.05, after.end - 0.05)
            said[place] = replace(before, end=pause[0])
            said[place + 1] = replace(after, start=pause[1])
    return Clip("two_cities", "en", samples, tuple(said))
