"""What a machine does, apart from what a script says: ``video_config.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from ..errors import InputError, Place, Problem
from ..files.exists import is_file
from ..files.file_urls import begins_with
from ..files.user_folders import config_folder
from .model import Quality
from .schema_check import check_schema
from .yaml_source import Path_, YamlSource, read_yaml, where

FILE_NAME = "video_config.yaml"
USUAL_PRESET, DRAFT_PRESET = "veryfast", "superfast"
"""Of x264: what a reel is encoded at, and what is enough to look at its timing."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """How video is encoded: see ``config.schema.json``."""

    codec: str = "h264"
    preset: str = USUAL_PRESET
    crf: int = 18

    def of(self, quality: Quality) -> Encoder:
        """How slots of a quality are encoded: drafts faster, unless a speed was chosen for all.

        x264 writes the same headers at both speeds, so a draft too is copied into the reel.
        """
        is_faster = quality == "draft" and self.preset == USUAL_PRESET
        return replace(self, preset=DRAFT_PRESET) if is_faster else self


@dataclass(frozen=True, slots=True)
class OutputPreset:
    """A kind of finished video: see ``config.schema.json``. None is what is usual for its codec."""

    codec: str
    speed: str = ""
    crf: int | None = None
    hardware: str = "none"
    max_mb: float | None = None
    sizes: tuple[tuple[int, int], ...] = ()
    reframe: Literal["centre", "salient"] | None = None
    height: int | None = None
    fps: int | None = None


BUILT_IN = {name: OutputPreset(name) for name in ("h264", "hevc", "av1", "prores", "gif", "webp")}
"""The presets that need no configuration."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Whether finished videos are signed: see ``config.schema.json``. Paths are absolute."""

    sign: bool = False
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """The machine's configuration, defaults filled in.

    Attributes:
        encoder: of rendered media, and of the reel where no preset is named.
        preset: the name of the one that is used unless another is asked for; empty for none.
        presets: by name, the built-in ones among them.
        linear_light: whether transitions mix linear light.
        expressions: transitions of one's own, by name.
        workers: slots rendered at a time.
        renderers: their own settings, by name.
        provenance: whether finished videos are signed, and with what.
        source: where all of it stands, for messages; None where there is no file.
    """

    encoder: Encoder = Encoder()
    preset: str = ""
    presets: Mapping[str, OutputPreset] = field(default_factory=lambda: dict(BUILT_IN))
    linear_light: bool = False
    expressions: Mapping[str, str] = field(default_factory=dict)
    workers: int | Literal["auto"] = "auto"
    renderers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    provenance: Provenance = Provenance()
    source: YamlSource | None = field(default=None, compare=False, repr=False)

    def problem(self, path: Path_, what: str, hint: str = "", *, at_key: bool = False) -> Problem:
        """Something that is wrong with a value or a key, at its place where there is a file."""
        if self.source is None:
            return Problem.at(Place(where=where(path)), what, hint)
        return self.source.problem(path, what, hint, at_key=at_key)


def load_config(explicit: Path | None, beside: Path | None) -> Config:
    """The configuration that is named, else the one beside a file, else the user's, else none.

    Raises:
        InputError: the named file is missing, or the one that is found is wrong.
    """
    path = explicit or _find(beside)
    if path is None:
        return Config()
    if not is_file(path):
        raise InputError(Problem.in_file(path, "no such file", where="--config"))
    source = read_yaml(path, str(path), may_be_empty=True)
    problems = check_schema(source, "config")
    if problems:
        raise InputError(problems)
    data: Any = source.data
    presets = {**BUILT_IN, **{k: _preset(v) for k, v in (data.get("presets") or {}).items()}}
    mixing = data.get("transitions") or {}
    return Config(
        encoder=Encoder(**data.get("encoder", {})),
        preset=data.get("preset", ""),
        presets=presets,
        linear_light=mixing.get("light") == "linear",
        expressions=mixing.get("expressions") or {},
        workers=data.get("workers", "auto"),
        renderers=_settings(data.get("renderers") or {}, path.absolute().parent),
        provenance=_provenance(data.get("provenance") or {}, path.absolute().parent),
        source=source,
    )


def _settings(value: Any, folder: Path) -> Any:
    """Settings as renderers and recipes hold them: plain numbers, and absolute paths for those that
    begin with ``./``, ``../`` or ``~``. Other names without a root are the hub's."""
    if isinstance(value, Mapping):
        return {key: _settings(entry, folder) for key, entry in value.items()}
    if isinstance(value, list):
        return [_settings(entry, folder) for entry in value]
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, str) and begins_with(value, ("~",)):
        return str(Path(value).expanduser())
    if isinstance(value, str) and begins_with(value, (".", "..")):
        return str((folder / value).resolve())
    return value


def _provenance(data: Mapping[str, Any], folder: Path) -> Provenance:
    files = {
        name: folder / Path(data[name]).expanduser()
        for name in ("certificate", "key")
        if name in data
    }
    return Provenance(bool(data.get("sign")), **files)


def _preset(data: Mapping[str, Any]) -> OutputPreset:
    values = dict(data)
    if "speed" in values:
        values["speed"] = str(values["speed"])
    if "max_mb" in values:
        values["max_mb"] = float(values["max_mb"])
    if "sizes" in values:
        values["sizes"] = tuple(size_of(size) for size in values["sizes"])
    return OutputPreset(**values)


def size_of(text: str) -> tuple[int, int]:
    """Width and height of a size as it is written.

    >>> size_of("1080x1920")
    (1080, 1920)
    """
    width, height = text.split("x")
    return int(width), int(height)


def _find(beside: Path | None) -> Path | None:
    places = [beside.parent / FILE_NAME] if beside else []
    places.append(config_folder() / FILE_NAME)
    return next((place for place in places if is_file(place)), None)
