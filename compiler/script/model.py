"""A validated script as typed, frozen data: what the rest of the compiler reads instead of YAML.

Times stay `Fraction` seconds, paths are absolute, defaults are filled in and inherited values
(``defaults`` into scenes) are resolved, so that no later stage asks where a value came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

from ...renderers.files.file_names import unreserved
from ..errors import Place
from ..sync.types import Word

Fit = Literal["cover", "contain", "blur"]
SilencePolicy = Literal["hold", "gap", "tighten"]
CaptionStyle = Literal["plain", "karaoke", "word"]
Quality = Literal["draft", "standard", "high"]


@dataclass(frozen=True, slots=True)
class ScriptOutput:
    """Size, rate and loudness of the reel."""

    width: int = 1080
    height: int = 1920
    fps: Fraction = Fraction(24)
    start_timecode: str | None = None
    """``HH:MM:SS:FF``, or ``HH:MM:SS;FF`` for drop frame; None is zero."""
    loudness: float = -14.0
    """Of the finished sound, in LUFS."""


@dataclass(frozen=True, slots=True)
class Asr:
    """A speech recogniser that makes the transcript: an engine, and a model that it knows."""

    engine: str = "faster-whisper"
    model: str = "small"


@dataclass(frozen=True, slots=True)
class Narration:
    """A voice track, and the words in it where a transcript is given."""

    audio: Path
    transcript: Path | None = None
    asr: Asr | None = None
    """In place of a transcript file: recognise the words."""
    language: str = "en"
    align: Literal["audio", "transcript"] = "audio"
    """Where word times come from; ``transcript`` trusts a transcript that was itself aligned."""
    place: Place | None = field(default=None, compare=False)
    """Where the transcript is named; None where there is none."""


@dataclass(frozen=True, slots=True)
class Music:
    """The bed under the narration. Gains in dB, fades in seconds."""

    audio: Path
    gain_db: float = -18.0
    duck_db: float = 10.0
    attack: Fraction = Fraction(1, 4)
    """Seconds over which it gives way before a word."""
    release: Fraction = Fraction(1, 2)
    """Seconds over which it comes back after one."""
    fade_in: Fraction = Fraction(1)
    fade_out: Fraction = Fraction(2)
    loop: bool = True
    bpm: Fraction | None = None
    """Beats a minute; where it is stated, loops go from bar to bar."""
    beats_per_bar: int = 4
    first_beat: Fraction = Fraction(0)
    """Seconds into the file at which its first bar starts."""
    end_on: Literal["fade", "bar"] = "fade"
    """Whether it ends with the reel, fading out, or at the last bar line before the reel's end."""


@dataclass(frozen=True, slots=True)
class SoundEffect:
    """A sound in a scene, and where it starts; at ``end`` it ends with the scene."""

    audio: Path
    at: ScenePlace
    gain_db: float = 0.0
    fade_in: Fraction = Fraction(0)
    fade_out: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Captions:
    """How words are shown; the sidecar files are written in any case.

    What is None is left to the backend, whose defaults suit the style and the picture's shape.
    Lengths are pixels of a picture whose shorter side is 1080.
    """

    burn: bool = False
    style: CaptionStyle = "plain"
    font: str | None = None
    """A font file by its absolute path, or the name of a family."""
    size: float | None = None
    colour: str | None = None
    highlight_colour: str | None = None
    outline: float | None = None
    outline_colour: str | None = None
    shadow: float | None = None
    box_colour: str | None = None
    position: str | float | None = None
    safe_area: Mapping[str, float] | None = None
    capitals: bool | None = None
    lines: int | None = None
    words: int | None = None


@dataclass(frozen=True, slots=True)
class ScriptSilences:
    """What becomes of pauses: rule 7 of the sync rules (``docs/sync.md``). Times in seconds."""

    policy: SilencePolicy = "hold"
    longer_than: Fraction = Fraction(3, 5)
    keep: Fraction = Fraction(1, 4)


@dataclass(frozen=True, slots=True)
class ScriptTransition:
    """How a scene comes in. ``cut`` has no duration."""

    type: str = "cut"
    duration: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class ScriptLora:
    """A motion LoRA: a file, and how strongly it acts."""

    path: Path
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class ScriptMotion:
    """How the picture moves: the camera's move and how lively a model may be, both 0..1.

    ``focus`` is the point of the still that the move keeps to, ``(x, y)`` in 0..1 of its width and
    height, ``middle``, or ``auto`` for what draws the eye; None is ``auto`` with an ``auto`` move
    and ``middle`` with a stated one.
    """

    camera: str = "auto"
    amount: float = 0.3
    easing: str = "ease_in_out"
    strength: float = 0.5
    loras: tuple[ScriptLora, ...] = ()
    focus: tuple[float, float] | Literal["auto", "middle"] | None = None


@dataclass(frozen=True, slots=True)
class ScenePlace:
    """The place of a keyframe or a sound in its scene.

    ``kind`` says how ``value`` counts: ``start`` and ``end`` ignore it, ``fraction`` is 0..1 of the
    scene, ``seconds`` from the scene's start, ``word`` the nth (0-based) occurrence of ``word``.
    """

    kind: Literal["start", "end", "fraction", "seconds", "word"]
    value: Fraction = Fraction(0)
    word: str = ""


@dataclass(frozen=True, slots=True)
class ScriptKeyframe:
    """A still image and where in the scene it is reached."""

    image: Path
    at: ScenePlace = ScenePlace("start")


@dataclass(frozen=True, slots=True)
class ScriptScene:
    """One entry of the script. Exactly one of ``text``, ``time`` and ``duration`` is set."""

    id: str
    keyframes: tuple[ScriptKeyframe, ...]
    text: str | None = None
    time: tuple[Fraction, Fraction] | None = None
    duration: Fraction | None = None
    narration: Narration | None = None
    """The scene's own voice file, where there is no top-level narration."""
    prompt: str = ""
    negative_prompt: str = ""
    depth: Path | None = None
    fit: Fit = "cover"
    renderer: str = "parallax"
    quality: Quality = "standard"
    seed: int | None = None
    motion: ScriptMotion = ScriptMotion()
    transition: ScriptTransition = ScriptTransition()
    sounds: tuple[SoundEffect, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict)
    """Of ``""`` (the scene itself), ``text``, ``time``, ``keyframes[1].at``, …"""

    def place_of(self, key: str = "") -> Place:
        """Return the place of a key, else that of the scene."""
        return self.places.get(key) or self.places.get("") or Place(where=self.id)


@dataclass(frozen=True, slots=True)
class Script:
    """A whole script, checked and resolved."""

    path: Path
    sha256: str
    """Of the script file's bytes, in hexadecimal."""
    title: str
    output: ScriptOutput
    scenes: tuple[ScriptScene, ...]
    narration: Narration | None = None
    music: Music | None = None
    captions: Captions = Captions()
    silences: ScriptSilences = ScriptSilences()


def reel_name(script: Path) -> str:
    """What a script's outputs are named after: its file without the suffix.

    Other points stay, so that ``teaser.v1.yaml`` and ``teaser.v2.yaml`` are two reels.

    >>> reel_name(Path("teaser.v1.yaml")), reel_name(Path("teaser.gvideo.yaml"))
    ('teaser.v1', 'teaser')
    """
    return unreserved(script.stem.removesuffix(".gvideo"))


@dataclass(frozen=True, slots=True)
class SpokenScene:
    """What alignment found for one scene: its words on the narration's axis."""

    scene: str
    words: tuple[Word, ...]
