"""Real voices of SPPAS's samples: phrases by people, words in them by SPPAS's own aligner.

French that is read and French of radio talk, and English that is read
(https://github.com/brigitte-bigi/SPPAS, `resources/samples`; Bigi, 2015).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from xml.etree import ElementTree

from otio_gvideo.compiler.media.samples import speech_samples

from .clips import Clip, MissingVoiceError, SaidWord, Spoken, joined

SPPAS = "OTIO_GVIDEO_SPPAS"
"""Environment variable: SPPAS's folder `resources/samples`."""
PHRASE_PAUSE_S = 0.15
"""Least seconds of silence that end a scene."""
PAUSES = (0.5, 0.25, 0.4, 0.7)
"""Seconds between recordings, in turn."""
_SILENCE = frozenset("#+*@")
READ = ("F_F_B003-P8", "F_F_B003-P9", "F_F_C006-P6")
TALK = (
    *("AC track_0379", "BX_track_0451", "EB_track_0641", "IM_track_0767", "MB_track_0674"),
    *("MG_track_0702", "ML_track_0597", "NH_track_636", "SR_track_631", "YM_track_0182"),
)


def _folder() -> Path:
    folder = Path(os.environ.get(SPPAS, ""))
    if SPPAS not in os.environ or not (folder / "samples-fra").is_dir():
        raise MissingVoiceError(f"{SPPAS}, the folder resources/samples of SPPAS")
    return folder


def _words(path: Path) -> list[tuple[str, float, float]]:
    """Return the tokens of an alignment, an elided one joined with the next; silence as ``#``."""
    words: list[tuple[str, float, float]] = []
    for tier in ElementTree.parse(path).getroot().iter("Tier"):
        if tier.get("tiername") != "TokensAlign":
            continue
        for annotation in tier.iter("Annotation"):
            start, end = (
                float(edge.get("midpoint", "0"))
                for name in ("Begin", "End")
                for edge in annotation.iter(name)
            )
            tags = [tag.text or "" for tag in annotation.iter("Tag")]
            text = tags[0].strip("{}").replace("_", " ") if tags else "#"
            if words and words[-1][0].endswith("'") and text not in _SILENCE:
                before, first, _ = words.pop()
                words.append((before + text, first, end))
            else:
                words.append((text, start, end))
    return words


def french_read() -> Clip:
    """Return a scene for each phrase between pauses of three recordings."""
    recordings, scenes = [], []
    scene = 0
    for name in READ:
        words = _words(_folder() / "annotation-results" / "samples-fra" / f"{name}-palign.xra")
        said = []
        for text, start, end in words:
            if text in _SILENCE:
                scene += bool(said) and end - start >= PHRASE_PAUSE_S
                continue
            said.append((text, start, end))
            scenes.append(scene)
        scene = scenes[-1] + 1
        recordings.append((speech_samples(_sound(name)), said))
    return _in_scenes(joined("F_F", "fr", recordings, PAUSES), scenes)


def _sound(name: str) -> Path:
    """Return a recording's file, whose name has hyphens or underscores."""
    sound = _folder() / "samples-fra" / f"{name}.wav"
    return sound if sound.exists() else sound.with_stem(name.replace("-", "_"))


def french_talk() -> Clip:
    """Return ten voices of radio talk, a scene each."""
    recordings: list[Spoken] = []
    for name in TALK:
        words = _words(_folder() / "annotation-results" / "samples-fra" / f"{name}-palign.xra")
        said = [word for word in words if word[0] not in _SILENCE]
        recordings.append((speech_samples(_folder() / "samples-fra" / f"{name}.wav"), said))
    return joined("radio talk", "fr", recordings, PAUSES)


def english_read() -> Clip:
    """Return a scene for each phrase; the words in them have no times of their own."""
    folder = _folder() / "samples-eng"
    labels = (folder / "ENG_M15_ENG_T02.TextGrid").read_text()
    intervals = re.findall(r'xmin = (\S+) \s*xmax = (\S+) \s*text = "([^"]*)"', labels)
    said: list[SaidWord] = []
    spoken = [(float(a), float(b), text.split()) for a, b, text in intervals if text.strip("# \n")]
    for scene, (start, end, words) in enumerate(spoken):
        each = (end - start) / len(words)
        said += [
            SaidWord(word, start + n * each, start + (n + 1) * each, scene, is_timed=False)
            for n, word in enumerate(words)
        ]
    return Clip("M15", "en", speech_samples(folder / "ENG_M15_ENG_T02.wav"), tuple(said))


def _in_scenes(clip: Clip, scenes: list[int]) -> Clip:
    words = tuple(
        SaidWord(word.text, word.start, word.end, scene)
        for word, scene in zip(clip.words, scenes, strict=True)
    )
    return Clip(clip.name, clip.language, clip.samples, words)
