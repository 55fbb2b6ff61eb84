"""The script as typed, frozen data, which the rest of the compiler reads instead of YAML.

Times are `Fraction` seconds, paths are absolute, and ``defaults`` are merged into the scenes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from operator import attrgetter
from pathlib import Path
from typing import Literal

from ...renderers.files.file_names import unreserved
from ..errors import Place
from ..sync.types import Interval, Word
from .pictures import ScriptClip, ScriptKeyframe
from .scene_place import ScenePlace, ScriptCover

Fit = Literal["auto", "cover", "contain", "blur"]
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
    """Integrated loudness of the reel, in LUFS."""
    platform: str = ""
    """One of `platforms`; empty for none."""
    cover: ScriptCover | None = None


@dataclass(frozen=True, slots=True)
class Asr:
    """A speech recogniser for the transcript: an engine, and one of its models."""

    engine: str = "faster-whisper"
    model: str = "small"


@dataclass(frozen=True, slots=True)
class AlignmentModel:
    """A CTC model that aligns words.

    ``mms``, a repository of the hub, or an absolute folder; ``none`` for the means of the base
    install.
    """

    model: str
    device: str = "auto"
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Narration:
    """A voice track, and its transcript if there is one."""

    audio: Path
    transcript: Path | None = None
    asr: Asr | None = None
    """Speech recognition in place of a transcript file."""
    language: str = "en"
    align: Literal["audio", "transcript"] = "audio"
    """Source of the word times; ``transcript`` trusts a transcript that was itself aligned."""
    align_model: AlignmentModel | None = None
    """None is that of the configuration."""
    unheard: Literal["error", "warn"] = "error"
    """Whether a scene that is not in the narration is an error, or placed by its neighbours."""
    place: Place | None = field(default=None, compare=False)
    """Place of ``transcript`` in the script; None without one."""


@dataclass(frozen=True, slots=True)
class Music:
    """The bed under the narration. Gains in dB, fades in seconds."""

    audio: Path
    gain_db: float = -18.0
    duck_db: float = 10.0
    attack: Fraction = Fraction(1, 4)
    """Seconds of the ramp down before a word (ducking)."""
    release: Fraction = Fraction(1, 2)
    """Seconds of the ramp up after one."""
    fade_in: Fraction = Fraction(1)
    fade_out: Fraction = Fraction(2)
    loop: bool = True
    bpm: Fraction | None = None
    """Beats a minute; if stated, loops go from bar to bar."""
    beats_per_bar: int = 4
    first_beat: Fraction = Fraction(0)
    """Start of the first bar, in seconds of the file."""
    end_on: Literal["fade", "bar"] = "fade"
    """``fade`` ends with the reel; ``bar`` at the last bar line before that."""


@dataclass(frozen=True, slots=True)
class SoundEffect:
    """A sound effect in a scene, and its start; at ``end`` it ends with the scene."""

    audio: Path
    at: ScenePlace
    gain_db: float = 0.0
    fade_in: Fraction = Fraction(0)
    fade_out: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Captions:
    """Style of the captions; sidecar files are written in any case.

    None is the backend's default for the style and the aspect ratio. Lengths are pixels of a frame
    whose shorter side is 1080.
    """

    burn: bool = False
    style: CaptionStyle = "plain"
    font: str | None = None
    """A font file by its absolute path, or the name of a family."""
    emoji_font: str | None = None
    """A colour font by its absolute path."""
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
    reading_speed: float | None = None


@dataclass(frozen=True, slots=True)
class ScriptSilences:
    """Policy for pauses: rule 7 of the sync rules (``docs/sync.md``). Times in seconds."""

    policy: SilencePolicy = "hold"
    longer_than: Fraction = Fraction(3, 5)
    keep: Fraction = Fraction(1, 4)


@dataclass(frozen=True, slots=True)
class ScriptTransition:
    """The transition into a scene. ``cut`` has no duration."""

    type: str = "cut"
    duration: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class ScriptLora:
    """A motion LoRA: a file, and its weight."""

    path: Path
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class ScriptMotion:
    """The camera move (``amount``) and a model's own motion (``strength``), both 0..1.

    ``focus`` is the fixed point of the move in the still, ``(x, y)`` in 0..1 of its width and
    height, ``middle``, or ``auto`` (saliency); None is ``auto`` for an ``auto`` move, else
    ``middle``. ``depth_of_field``, 0..1, blurs what is nearer or farther. ``cut_in`` lets an
    ``auto`` move change the framing of a long still.
    """

    camera: str = "auto"
    amount: float = 0.3
    easing: str = "ease_in_out"
    strength: float = 0.5
    loras: tuple[ScriptLora, ...] = ()
    focus: tuple[float, float] | Literal["auto", "middle"] | None = None
    depth_of_field: float = 0.0
    cut_in: bool = True


@dataclass(frozen=True, slots=True)
class ScriptScene:
    """One entry of the script. Exactly one of ``text``, ``time`` and ``duration`` is set.

    It has keyframes or clips, or both.
    """

    id: str
    keyframes: tuple[ScriptKeyframe, ...]
    clips: tuple[ScriptClip, ...] = ()
    text: str | None = None
    time: tuple[Fraction, Fraction] | None = None
    duration: Fraction | None = None
    narration: Narration | None = None
    """The scene's own voice file, if the script has no narration."""
    prompt: str = ""
    negative_prompt: str = ""
    depth: Path | None = None
    fit: Fit = "auto"
    """``auto`` is ``cover``, and ``blur`` where that would cut off faces."""
    renderer: str = "parallax"
    quality: Quality = "standard"
    seed: int | None = None
    motion: ScriptMotion = ScriptMotion()
    transition: ScriptTransition = ScriptTransition()
    sounds: tuple[SoundEffect, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict)
    """Of ``""`` (the scene itself), ``text``, ``time``, ``keyframes[1].at``, …"""

    @property
    def pictures(self) -> tuple[ScriptKeyframe | ScriptClip, ...]:
        """Its keyframes and clips in the order of the script."""
        found: list[ScriptKeyframe | ScriptClip] = [*self.keyframes, *self.clips]
        return tuple(sorted(found, key=attrgetter("order")))

    def place_of(self, key: str = "") -> Place:
        """Return the place of a key, else that of the scene."""
        return self.places.get(key) or self.places.get("") or Place(where=self.id)


@dataclass(frozen=True, slots=True)
class Script:
    """A checked script with defaults filled in."""

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
    """Return the name of a script's outputs: its file name without the suffix.

    Other dots stay, so that ``teaser.v1.yaml`` and ``teaser.v2.yaml`` are two reels.

    >>> reel_name(Path("teaser.v1.yaml")), reel_name(Path("teaser.gvideo.yaml"))
    ('teaser.v1', 'teaser')
    """
    return unreserved(script.stem.removesuffix(".gvideo"))


@dataclass(frozen=True, slots=True)
class SpokenScene:
    """The aligned words of a scene, on the narration's axis.

    ``confidence`` is the probability that the cut into the scene lies in the pause before its first
    word, 0..1; None if unknown. ``unscripted`` is speech outside the script since the words
    of the scene before.
    """

    scene: str
    words: tuple[Word, ...]
    confidence: Fraction | None = None
    unscripted: tuple[Interval, ...] = ()
