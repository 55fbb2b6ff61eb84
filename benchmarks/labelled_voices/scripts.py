"""What a script says beside what the voice says: words swapped, missing, extra, scenes wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from . import texts
from .clips import Clip

OTHER_WORDS = {
    "en": (
        *("window", "quickly", "seven", "bright", "table", "never", "under", "carried", "garden"),
        *("simple", "walked", "orange", "doctor", "between", "winter", "pencil", "loudly"),
    )
}
"""Words that take the place of others."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene of a script.

    Attributes:
        id: its name.
        words: its words, and the place of each among the words that are said; None if it is not.
        number: the scene of the clip that it is; None if it is never said.
        is_altered: whether its text is not what is said.
    """

    id: str
    words: tuple[tuple[str, int | None], ...]
    number: int | None
    is_altered: bool = False

    @property
    def text(self) -> str:
        """Return its text."""
        return " ".join(text for text, _ in self.words)


@dataclass(frozen=True, slots=True)
class Edit:
    """A named way in which a script is wrong."""

    name: str
    change: Callable[[list[Scene], Clip, np.random.Generator], list[Scene]]

    def of(self, clip: Clip) -> list[Scene]:
        """Return the script of a clip, wrong in this way."""
        return self.change(right_script(clip), clip, np.random.default_rng(17))


def right_script(clip: Clip) -> list[Scene]:
    """Return the spoken words, without fillers."""
    scenes = []
    for number in range(clip.scenes):
        words = tuple((clip.words[place].text, place) for place in clip.scene(number))
        scenes.append(Scene(f"s{number}", words, number))
    return scenes


def _others(clip: Clip) -> list[str]:
    said = {word.text.lower() for word in clip.words}
    known = OTHER_WORDS.get(clip.language) or tuple(texts.NEVER_SAID[clip.language].split())
    return [word for word in known if word.lower() not in said]


def _swapped(share: float) -> Callable[..., list[Scene]]:
    def change(scenes: list[Scene], clip: Clip, random: np.random.Generator) -> list[Scene]:
        others = _others(clip)

        def other(word: tuple[str, int | None]) -> tuple[str, int | None]:
            return (str(random.choice(others)), None) if random.random() < share else word

        return [_with(scene, tuple(other(word) for word in scene.words)) for scene in scenes]

    return change


def _missing(share: float) -> Callable[..., list[Scene]]:
    def change(scenes: list[Scene], _: Clip, random: np.random.Generator) -> list[Scene]:
        changed = []
        for scene in scenes:
            kept = tuple(word for word in scene.words if random.random() >= share)
            changed.append(_with(scene, kept or scene.words))
        return changed

    return change


def _extra(share: float) -> Callable[..., list[Scene]]:
    def change(scenes: list[Scene], clip: Clip, random: np.random.Generator) -> list[Scene]:
        others = _others(clip)
        changed = []
        for scene in scenes:
            words: list[tuple[str, int | None]] = []
            for word in scene.words:
                if random.random() < share:
                    words.append((str(random.choice(others)), None))
                words.append(word)
            changed.append(_with(scene, tuple(words)))
        return changed

    return change


def _with(scene: Scene, words: tuple[tuple[str, int | None], ...]) -> Scene:
    return replace(scene, words=words, is_altered=words != scene.words)


def _never_said(scenes: list[Scene], clip: Clip, _: np.random.Generator) -> list[Scene]:
    """Put a scene that is never said in the middle."""
    words = tuple((word, None) for word in texts.NEVER_SAID[clip.language].split())
    middle = len(scenes) // 2
    return [*scenes[:middle], Scene("never", words, None, is_altered=True), *scenes[middle:]]


def _left_out(scenes: list[Scene], _: Clip, __: np.random.Generator) -> list[Scene]:
    """Leave a scene out that is said; the one before it is named for what follows it."""
    longest = max(range(1, len(scenes) - 1), key=lambda n: len(scenes[n].words))
    before = replace(scenes[longest - 1], is_altered=True)
    return [*scenes[: longest - 1], before, *scenes[longest + 1 :]]


RIGHT = Edit("as said", lambda scenes, *_: scenes)
EDITS = (
    *(Edit(f"{share:.0%} swapped", _swapped(share)) for share in (0.05, 0.1, 0.2)),
    *(Edit(f"{share:.0%} missing", _missing(share)) for share in (0.05, 0.1, 0.2)),
    *(Edit(f"{share:.0%} extra", _extra(share)) for share in (0.05, 0.1, 0.2)),
    Edit("scene never said", _never_said),
    Edit("scene left out", _left_out),
)
