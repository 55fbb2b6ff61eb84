"""Read a script file: check it as a whole, fill in defaults, return a `Script`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import InputError, Place, Problem
from ..files.exists import is_folder
from ..files.path_text import refuse_unnamable
from . import model
from .checks import check_script
from .checks.captions import is_font_file
from .checks.files import ScriptFiles
from .checks.sound import is_folder_name
from .pictures import ScriptClip, ScriptKeyframe, read_pictures
from .platforms import platforms
from .scene_place import ScenePlace, ScriptCover
from .schema_check import check_schema
from .yaml_source import MOST_PROBLEMS, KeyPath, YamlSource, format_path, read_yaml

END_OF_BAR_FADE = Fraction(1, 50)
"""Default fade-out of music that ends on a bar, in seconds."""
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d"})
"""Latin letters that Unicode does not decompose."""
TRANSITION = Fraction(1, 2)
"""Default length of a transition, in seconds."""
_INHERITED = ("renderer", "quality", "fit", "prompt", "negative_prompt", "seed")


def load_script(
    path: Path,
    *,
    allow_outside: bool = False,
    renderers: Collection[str] | None = None,
    transitions: Collection[str] | None = None,
) -> model.Script:
    """Read and check a script.

    Args:
        path: the YAML file.
        allow_outside: whether files outside the script's folder are allowed.
        renderers: names of all renderers; None to accept any.
        transitions: names of all transitions; None for those of the schema.

    Raises:
        InputError: lists every problem of the script, in file order.
    """
    refuse_unnamable([path])
    name = _relative(path)
    source = read_yaml(path, name)
    if isinstance(source.data, dict) and "OTIO_SCHEMA" in source.data:
        what, hint = "is a timeline, not a script", "render, flatten or export it"
        raise InputError(Problem.in_file(name, what, hint))
    files = ScriptFiles(source, path.parent, allow_outside)
    problems = check_schema(
        source, "script", None if transitions is None else {"transition": transitions}
    )
    problems += islice(check_script(source, files, renderers), MOST_PROBLEMS)
    problems += files.problems()
    if problems:
        raise InputError(sorted(set(problems)))
    assert isinstance(source.data, dict)
    return _Resolver(source, path).script(source.data)


def _relative(path: Path) -> str:
    """Return a path relative to the working directory, if it lies there."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


class _Resolver:
    """Converts checked data to the model."""

    def __init__(self, source: YamlSource, path: Path):
        self._source, self._path, self._folder = source, path, path.parent.absolute()

    def script(self, data: Mapping[str, Any]) -> model.Script:
        silences = data.get("silences", {})
        default = model.ScriptSilences()
        return model.Script(
            path=self._path.absolute(),
            sha256=self._source.sha256,
            title=data.get("title") or model.reel_name(self._path),
            output=self._output(data.get("output", {})),
            scenes=self._scenes(data["scenes"], data.get("defaults", {})),
            narration=self._narration(data.get("narration"), ("narration",)),
            music=self._music(data.get("music")),
            captions=self._captions(data.get("captions", {}), data.get("output", {})),
            silences=model.ScriptSilences(
                policy=silences.get("policy", default.policy),
                longer_than=Fraction(silences.get("longer_than", default.longer_than)),
                keep=Fraction(silences.get("keep", default.keep)),
            ),
        )

    def _output(self, data: Mapping[str, Any]) -> model.ScriptOutput:
        values = dict(data)
        if "fps" in values:
            values["fps"] = Fraction(values["fps"])
        if "loudness" in values:
            values["loudness"] = float(values["loudness"])
        if "cover" in values:
            place = self._place(("output", "cover", "at"))
            values["cover"] = ScriptCover(values["cover"]["at"], place)
        return model.ScriptOutput(**values)

    def _scenes(
        self, scenes: list[dict[str, Any]], defaults: Mapping[str, Any]
    ) -> tuple[model.ScriptScene, ...]:
        taken = {scene["id"] for scene in scenes if "id" in scene}
        named = []
        for index, scene in enumerate(scenes):
            name = scene.get("id") or _name_for(scene, index, taken)
            taken.add(name)
            named.append(self._scene(scene, defaults, name, ("scenes", index)))
        return tuple(named)

    def _scene(
        self, scene: Mapping[str, Any], defaults: Mapping[str, Any], name: str, path: KeyPath
    ) -> model.ScriptScene:
        time = scene.get("time")
        pictures = list(read_pictures(scene, path, self._folder, self._place))
        inherited = {key: scene.get(key, defaults.get(key)) for key in _INHERITED}
        return model.ScriptScene(
            id=name,
            keyframes=tuple(one for one in pictures if isinstance(one, ScriptKeyframe)),
            clips=tuple(one for one in pictures if isinstance(one, ScriptClip)),
            text=scene.get("text"),
            time=(Fraction(time["start"]), Fraction(time["end"])) if time else None,
            duration=Fraction(scene["duration"]) if "duration" in scene else None,
            narration=self._narration(scene.get("narration"), (*path, "narration")),
            depth=self._file(scene.get("depth")),
            motion=self._motion({**defaults.get("motion", {}), **scene.get("motion", {})}),
            transition=_transition(
                {**defaults.get("transition", {}), **scene.get("transition", {})}
            ),
            sounds=self._sounds(scene),
            places=self._places(path),
            **{key: value for key, value in inherited.items() if value is not None},
        )

    def _narration(self, data: Mapping[str, Any] | None, path: KeyPath) -> model.Narration | None:
        if data is None:
            return None
        values: dict[str, Any] = {**data, "audio": self._folder / data["audio"]}
        transcript = values.pop("transcript", None)
        if transcript is not None:
            values["place"] = self._place((*path, "transcript"))
        if isinstance(transcript, dict):
            values["asr"] = self._asr(model.Asr(**transcript))
        elif transcript is not None:
            values["transcript"] = self._folder / transcript
        if "align_model" in values:
            name, place = values["align_model"], self._place((*path, "align_model"))
            where = str((self._folder / name).absolute()) if is_folder_name(name) else name
            values["align_model"] = model.AlignmentModel(where, place=place)
        return model.Narration(**values)

    def _asr(self, asr: model.Asr) -> model.Asr:
        """Prefer a model folder beside the script to a model name of the engine."""
        folder = self._folder / asr.model
        return replace(asr, model=str(folder)) if is_folder(folder) else asr

    def _music(self, data: Mapping[str, Any] | None) -> model.Music | None:
        if data is None:
            return None
        values = _exact(data, "attack", "release", "fade_in", "fade_out", "bpm", "first_beat")
        values["audio"] = self._folder / data["audio"]
        if data.get("end_on") == "bar":
            values.setdefault("fade_out", END_OF_BAR_FADE)
        return model.Music(**values)

    def _sounds(self, scene: Mapping[str, Any]) -> tuple[model.SoundEffect, ...]:
        effects = []
        for sound in scene.get("sounds", ()):
            values = _exact(sound, "fade_in", "fade_out")
            values["audio"] = self._folder / sound["audio"]
            values["at"] = ScenePlace.parse(sound.get("at", "start"))
            effects.append(model.SoundEffect(**values))
        return tuple(effects)

    def _captions(self, data: Mapping[str, Any], output: Mapping[str, Any]) -> model.Captions:
        values: dict[str, Any] = {
            key: float(value) if isinstance(value, Fraction) else value
            for key, value in data.items()
        }
        if is_font_file(values.get("font")):
            values["font"] = str(self._folder / values["font"])
        if "emoji_font" in values:
            values["emoji_font"] = str(self._folder / values["emoji_font"])
        stated = {side: float(share) for side, share in data.get("safe_area", {}).items()}
        overlays = platforms()[output["platform"]].safe_area if "platform" in output else {}
        if stated or overlays:
            values["safe_area"] = {**overlays, **stated}
        return model.Captions(**values)

    def _motion(self, data: Mapping[str, Any]) -> model.ScriptMotion:
        loras = tuple(
            model.ScriptLora(self._folder / lora["path"], float(lora.get("weight", 1.0)))
            for lora in data.get("loras", ())
        )
        values: dict[str, Any] = {
            key: float(value) if key in ("amount", "strength", "depth_of_field") else value
            for key, value in data.items()
        }
        values["loras"] = loras
        if isinstance(data.get("focus"), list):
            x, y = data["focus"]
            values["focus"] = (float(x), float(y))
        return model.ScriptMotion(**values)

    def _file(self, name: str | None) -> Path | None:
        return self._folder / name if name else None

    def _places(self, path: KeyPath) -> dict[str, Place]:
        """Return the places of a scene, its keys, and the ``at`` of its keyframes and sounds."""
        return {format_path(inner[len(path) :]): self._place(inner) for inner in self._inner(path)}

    def _place(self, path: KeyPath) -> Place:
        line, column = self._source.values[path]
        return Place(self._source.file, line, column, format_path(path))

    def _inner(self, path: KeyPath) -> list[KeyPath]:
        data: Any = self._source.data
        for key in path:
            data = data[key]
        ats = [
            (*path, key, index, "at")
            for key in ("keyframes", "sounds")
            for index, item in enumerate(data.get(key, ()))
            if "at" in item
        ]
        return [path, *((*path, key) for key in data), *ats]


def _exact(data: Mapping[str, Any], *seconds: str) -> dict[str, Any]:
    """Return values with times as fractions and levels as floats."""
    values = dict(data)
    for key in data:
        if key in seconds:
            values[key] = Fraction(data[key])
        elif key.endswith("_db"):
            values[key] = float(data[key])
    return values


def _transition(data: Mapping[str, Any]) -> model.ScriptTransition:
    kind = data.get("type", "cut")
    duration = Fraction(data.get("duration", TRANSITION))
    return model.ScriptTransition(kind, Fraction(0) if kind == "cut" else duration)


def _name_for(scene: Mapping[str, Any], index: int, taken: set[str]) -> str:
    name = name_by_text(str(scene.get("text", "beat")), index)
    while name in taken:
        name += "-"
    return name


def name_by_text(text: str, index: int) -> str:
    """Name a scene by its number and first words, as far as they have English letters.

    >>> name_by_text("Every evening the keeper climbed 117 steps.", 1)
    '02-every-evening-the'
    """
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    words = re.findall(r"[A-Za-z0-9]+", "".join(c for c in plain if not unicodedata.combining(c)))
    return "-".join([f"{index + 1:02}", *words[:3]]).lower()[:60]
